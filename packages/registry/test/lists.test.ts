import { digestOf } from '@estiba/image-spec';
import { expect, test } from 'vitest';
import { Registry } from '../src/registry.ts';
import { ask, pushContent, pushImage } from './ask.ts';

/** Every page, until no answer leads to another. */
async function pages(registry: Registry, path: string, key: string): Promise<unknown[]> {
  const found: unknown[] = [];
  for (let next: string | undefined = path; next !== undefined; ) {
    const answer = await ask(registry, 'GET', next);
    expect(answer.status).toBe(200);
    found.push(answer.json()[key]);
    next = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1];
  }
  return found;
}

test('repositories are listed, in pages where they are wanted', async () => {
  await using registry = await Registry.start();
  for (const name of ['c', 'a/b', 'a-b']) await pushImage(registry, `${name}:1`);
  expect(await pages(registry, '_catalog', 'repositories')).toEqual([['a-b', 'a/b', 'c']]);
  expect(await pages(registry, '_catalog?n=2', 'repositories')).toEqual([['a-b', 'a/b'], ['c']]);
  expect(await pages(registry, '_catalog?last=a/b', 'repositories')).toEqual([['c']]);
});

test('a repository without anything is none', async () => {
  await using registry = await Registry.start({ deletes: true });
  const { digest } = await pushContent(registry, 'demo', 'content');
  await ask(registry, 'DELETE', `demo/blobs/${digest}`);
  expect((await ask(registry, 'GET', '_catalog')).json()).toEqual({ repositories: [] });
});

test('a registry may list less at once than was asked for', async () => {
  await using registry = await Registry.start({ pageSize: 2 });
  const subject = await pushImage(registry, 'demo:0');
  const referrers = [];
  for (const tag of ['1', '2', '3']) referrers.push((await pushImage(registry, `demo:${tag}`, { subject })).digest);
  expect(await pages(registry, 'demo/tags/list?n=3', 'tags')).toEqual([
    ['0', '1'],
    ['2', '3'],
  ]);
  const listed = (await pages(registry, `demo/referrers/${subject.digest}`, 'manifests')) as { digest: string }[][];
  expect(listed.map((page) => page.length)).toEqual([2, 1]);
  expect(listed.flat().map(({ digest }) => digest)).toEqual(referrers.sort());
});

test('pages of one kind of referrers stay of that kind', async () => {
  await using registry = await Registry.start({ pageSize: 1 });
  const subject = await pushImage(registry, 'demo:0');
  const kinds = ['application/a+b', 'application/c', 'application/a+b'];
  for (const [index, artifactType] of kinds.entries()) {
    await pushImage(registry, `demo:${index + 1}`, { subject, artifactType });
  }
  const path = `demo/referrers/${subject.digest}?artifactType=${encodeURIComponent('application/a+b')}`;
  const listed = (await pages(registry, path, 'manifests')) as { artifactType: string }[][];
  expect(listed.flat().map(({ artifactType }) => artifactType)).toEqual(['application/a+b', 'application/a+b']);
});

test.each(['-1', 'x', '1e3', '', '99999999999'])('%j is no number of entries', async (n) => {
  await using registry = await Registry.start();
  await pushImage(registry, 'demo:1');
  expect((await ask(registry, 'GET', `demo/tags/list?n=${n}`)).status).toBe(400);
});

test('a registry can be without referrers, as older ones are', async () => {
  await using registry = await Registry.start({ lacks: ['referrers'] });
  const subject = await pushImage(registry, 'demo:0');
  const { answer } = await pushImage(registry, 'demo:1', { subject });
  expect([answer.status, answer.headers.get('oci-subject')]).toEqual([201, null]);
  expect((await ask(registry, 'GET', `demo/referrers/${digestOf('x')}`)).status).toBe(404);
});
