import { chmodSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { digestOf } from '../../src/digest.ts';
import { ingestDirectory, leaseDirectory } from '../../src/layout/places.ts';
import { makeImage, openLayout, scratch } from '../scratch.ts';
import { asNobody, otherProcess } from './other-process.ts';

const work = `
  const image = await layout.image('one');
  for await (const layer of image.layers()) say((await (await layout.blob(layer.descriptor)).toArray()).join(''));
  say((await layout.fsck()).length + ' problems, ' + (await layout.usage()).images.length + ' image');
  const bytes = Buffer.from('new');
  const attempts = {
    write: () => layout.write(bytes),
    ingest: () => layout.ingest(spec.describe(bytes, 'x/y')),
    lease: () => layout.lease(),
    tag: () => layout.tag('two', image.descriptor),
    untag: () => layout.untag('one'),
    prune: () => layout.prune(),
    remove: () => layout.fsck({ remove: true }),
  };
  for (const [name, attempt] of Object.entries(attempts)) {
    say(await attempt().then(() => name + ' worked', (error) => error.code === 'LAYOUT_READ_ONLY' ? error.message : error.stack));
  }`;

const inside = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"';

requires({ on: ['host'], root: true })('a layout that may not be changed', () => {
  it.each<[string, string, 'ours' | 'of others', typeof asNobody]>([
    ['on a read-only mount', 'EROFS', 'ours', onReadOnlyMount],
    ['on a read-only mount', 'EROFS', 'of others', onReadOnlyMount],
    ['of another user', 'EACCES', 'ours', asNobody],
    ['of another user', 'EACCES', 'of others', asNobody],
  ])('%s can be read, and writing to it fails with %s; it was made by a program %s', async (_, code, by, run) => {
    await using folder = await scratch();
    chmodSync(folder.path, 0o755);
    const layout = await openLayout(folder.path);
    await layout.tag('one', await makeImage(layout, ['first', 'second']));
    const own = [ingestDirectory(folder.path), leaseDirectory(folder.path)];
    if (by === 'of others') for (const path of own) rmSync(path, { recursive: true });
    const { lines, exitCode } = await run(folder.path, work);
    const refused = `cannot write to the image layout ${folder.path}: ${code}; is it mounted read-only, or does it belong to another user?`;
    expect(lines).toEqual(['first', 'second', '0 problems, 1 image', ...Array(7).fill(refused)]);
    expect(exitCode).toBe(0);
    expect(readdirSync(folder.path).includes('.ingest')).toBe(by === 'ours');
  });

  it('loses no blob that could not be read to a fsck that removes', async () => {
    await using folder = await scratch();
    chmodSync(folder.path, 0o777);
    const layout = await openLayout(folder.path);
    await layout.tag('one', await makeImage(layout, ['hidden']));
    for (const name of ['', 'blobs', 'blobs/sha256', '.ingest', '.leases']) chmodSync(join(folder.path, name), 0o777);
    chmodSync(layout.path(digestOf('hidden')), 0);
    const script = 'for (const { kind, removed } of await layout.fsck({ remove: true })) say(kind + removed);';
    expect(await asNobody(folder.path, script)).toEqual({ lines: ['blob-unreadfalse'], exitCode: 0 });
    expect(await layout.has(digestOf('hidden'))).toBe(true);
  });

  it('cannot be made where there is none', async () => {
    await using folder = await scratch();
    const empty = join(folder.path, 'empty');
    mkdirSync(empty);
    const script = `for (const path of ${JSON.stringify([empty, join(empty, 'new')])})
      await spec.ImageLayout.open(path).catch(({ code, message }) => say(code + ' ' + message.split(';')[0]));`;
    const wrapper = ['unshare', '--mount', 'sh', '-c', inside, empty];
    const other = otherProcess(join(folder.path, 'layout'), script, { wrapper });
    expect(await other.said()).toBe(`LAYOUT_READ_ONLY cannot write to the image layout ${empty}: EROFS`);
    expect(await other.said()).toBe(`LAYOUT_READ_ONLY cannot write to the image layout ${empty}/new: EROFS`);
    expect(await other.closed).toBe(0);
    expect(readdirSync(empty)).toEqual([]);
  });
});

async function onReadOnlyMount(path: string, script: string): ReturnType<typeof asNobody> {
  const other = otherProcess(path, script, { wrapper: ['unshare', '--mount', 'sh', '-c', inside, path] });
  const lines: string[] = [];
  for (let line = await other.said(); line !== undefined; line = await other.said()) lines.push(line);
  return { lines, exitCode: await other.closed };
}
