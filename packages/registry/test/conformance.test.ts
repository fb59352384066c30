import { randomBytes } from 'node:crypto';
import { type Descriptor, digestOf, mediaTypes } from '@estiba/image-spec';
import { describe, expect, test } from 'vitest';
import { Registry } from '../src/registry.ts';
import { type Asked, ask, location, pushContent, pushDocument, pushImage } from './ask.ts';
import { scratchLayout } from './client.ts';

/**
 * What the specification's own programme asks of a registry, request by request. It is written in Go.
 * https://github.com/opencontainers/distribution-spec/tree/main/conformance
 */
type Check = (registry: Registry) => Promise<void>;

const octets = { 'content-type': 'application/octet-stream' };
const artifactType = 'application/vnd.example.thing';

const blobs: Record<string, Check> = {
  'a blob is pushed by one POST': async (registry) => {
    const content = randomBytes(512);
    const path = `demo/blobs/uploads/?digest=${digestOf(content)}`;
    await isThere(registry, await ask(registry, 'POST', path, { headers: octets, body: content }), content);
  },
  'a blob is pushed by POST and PUT': async (registry) => {
    const content = randomBytes(512);
    const digest = digestOf(content);
    const begun = await ask(registry, 'POST', 'demo/blobs/uploads/');
    const ended = await ask(registry, 'PUT', location(begun, { digest }), { headers: octets, body: content });
    await isThere(registry, ended, content);
  },
  'a blob is pushed by a PATCH without a range': async (registry) => {
    const content = randomBytes(512);
    const begun = await ask(registry, 'POST', 'demo/blobs/uploads/');
    const sent = await ask(registry, 'PATCH', location(begun), { headers: octets, body: content });
    expect(sent.status).toBe(202);
    await isThere(registry, await ask(registry, 'PUT', location(sent, { digest: digestOf(content) })), content);
  },
  'a blob is pushed in chunks, the last by PATCH': async (registry) => chunked(registry, 'PATCH', false),
  'a blob is pushed in chunks, the last by PUT': async (registry) => chunked(registry, 'PUT', false),
  'chunks out of order are refused, the last by PATCH': async (registry) => chunked(registry, 'PATCH', true),
  'chunks out of order are refused, the last by PUT': async (registry) => chunked(registry, 'PUT', true),
  'an upload is cancelled': async (registry) => {
    const begun = await ask(registry, 'POST', 'demo/blobs/uploads/');
    expect((await ask(registry, 'DELETE', location(begun))).status).toBe(204);
    expect((await ask(registry, 'GET', location(begun))).status).toBe(404);
  },
  'a blob is mounted from another repository': async (registry) => {
    const content = randomBytes(512);
    const { digest } = await pushContent(registry, 'other', content);
    expect((await ask(registry, 'HEAD', `demo/blobs/${digest}`)).status).toBe(404);
    await isThere(registry, await ask(registry, 'POST', `demo/blobs/uploads/?mount=${digest}&from=other`), content);
  },
  'a blob is mounted from wherever it is': async (registry) => {
    const content = randomBytes(512);
    const { digest } = await pushContent(registry, 'other', content);
    await isThere(registry, await ask(registry, 'POST', `demo/blobs/uploads/?mount=${digest}`), content);
  },
  'a blob that is not there is not mounted': async (registry) => {
    const content = randomBytes(512);
    const digest = digestOf(content);
    for (const from of ['&from=other', '']) {
      const begun = await ask(registry, 'POST', `demo/blobs/uploads/?mount=${digest}${from}`);
      expect(begun.status).toBe(202);
      const ended = await ask(registry, 'PUT', location(begun, { digest }), { body: content });
      expect(ended.status).toBe(201);
      await ask(registry, 'DELETE', `demo/blobs/${digest}`);
    }
  },
  'a blob of another digest algorithm is pushed': async (registry) => {
    const content = randomBytes(512);
    const digest = digestOf(content, 'sha512');
    const begun = await ask(registry, 'POST', 'demo/blobs/uploads/?digest-algorithm=sha512');
    const sent = await ask(registry, 'PATCH', location(begun), { body: content });
    await isThere(registry, await ask(registry, 'PUT', location(sent, { digest })), content);
    expect((await ask(registry, 'POST', 'demo/blobs/uploads/?digest-algorithm=md5')).status).toBe(400);
  },
  'content of another digest is refused, however it is sent': async (registry) => {
    const digest = digestOf('something else');
    const body = randomBytes(512);
    const statuses = [(await ask(registry, 'POST', `demo/blobs/uploads/?digest=${digest}`, { body })).status];
    const begun = await ask(registry, 'POST', 'demo/blobs/uploads/');
    statuses.push((await ask(registry, 'PUT', location(begun, { digest }), { body })).status);
    const again = await ask(registry, 'POST', 'demo/blobs/uploads/');
    const sent = await ask(registry, 'PATCH', location(again), { body });
    statuses.push((await ask(registry, 'PUT', location(sent, { digest }))).status);
    expect(statuses).toEqual([400, 400, 400]);
    expect((await ask(registry, 'HEAD', `demo/blobs/${digest}`)).status).toBe(404);
  },
  'the empty blob and the empty document are blobs': async (registry) => {
    for (const content of ['', '{}']) {
      const { digest } = await pushContent(registry, 'demo', content);
      expect((await ask(registry, 'GET', `demo/blobs/${digest}`)).body.toString()).toBe(content);
    }
  },
  'a blob is deleted': async (registry) => {
    const { digest } = await pushContent(registry, 'demo', randomBytes(512));
    expect((await ask(registry, 'DELETE', `demo/blobs/${digest}`)).status).toBe(202);
    for (const method of ['HEAD', 'GET', 'DELETE']) {
      expect((await ask(registry, method, `demo/blobs/${digest}`)).status).toBe(404);
    }
  },
  'a blob that is deleted stays where else it is': async (registry) => {
    const { digest } = await pushContent(registry, 'demo', randomBytes(512));
    await ask(registry, 'POST', `other/blobs/uploads/?mount=${digest}`);
    await ask(registry, 'DELETE', `demo/blobs/${digest}`);
    expect((await ask(registry, 'HEAD', `other/blobs/${digest}`)).status).toBe(200);
  },
};

const manifests: Record<string, Check> = {
  'a manifest is pushed by digest and by tag, and pulled by both': async (registry) => {
    const { digest, mediaType, answer } = await pushImage(registry, 'demo:1');
    expect([answer.status, location(answer)]).toEqual([201, `/v2/demo/manifests/${digest}`]);
    for (const reference of [digest, '1']) {
      const got = await ask(registry, 'GET', `demo/manifests/${reference}`);
      const looked = await ask(registry, 'HEAD', `demo/manifests/${reference}`);
      expect([got.status, digestOf(got.body), looked.status, looked.body.length]).toEqual([200, digest, 200, 0]);
      for (const { headers } of [got, looked]) {
        expect(headers.get('content-type')).toBe(mediaType);
        expect(headers.get('docker-content-digest')).toBe(digest);
        expect(headers.get('content-length')).toBe(String(got.body.length));
      }
    }
  },
  'a manifest of four megabytes is taken': async (registry) => {
    const annotations = Object.fromEntries(Array.from({ length: 390 }, (_, at) => [`large-${at}`, 'A'.repeat(10_000)]));
    expect((await pushImage(registry, 'demo:large', { annotations })).answer.status).toBe(201);
  },
  'an index, an index of indexes and an empty index are taken': async (registry) => {
    const platform = { os: 'linux', architecture: 'amd64' };
    const { answer: _, ...image } = await pushImage(registry, 'demo');
    const { answer: first, ...inner } = await pushIndex(registry, 'demo', [{ ...image, platform }]);
    const { answer: second } = await pushIndex(registry, 'demo:outer', [inner]);
    const { answer: third } = await pushIndex(registry, 'demo:empty', []);
    expect([first.status, second.status, third.status]).toEqual([201, 201, 201]);
  },
  'an artifact, also one without layers, is taken': async (registry) => {
    const config = { mediaType: mediaTypes.empty, digest: digestOf('{}'), size: 2 };
    const thing = { config, artifactType };
    expect((await pushImage(registry, 'demo:artifact', thing)).answer.status).toBe(201);
    expect((await pushImage(registry, 'demo:bare', { ...thing, layers: [] })).answer.status).toBe(201);
  },
  'fields that nobody knows are kept': async (registry) => {
    const { digest } = await pushImage(registry, 'demo:custom', { 'org.example': { deep: [1, 2] } });
    expect(digestOf((await ask(registry, 'GET', 'demo/manifests/custom')).body)).toBe(digest);
  },
  'a descriptor may carry its content': async (registry) => {
    const config = { mediaType: mediaTypes.empty, digest: digestOf('{}'), size: 2, data: 'e30=' };
    await pushContent(registry, 'demo', '{}');
    expect((await pushImage(registry, 'demo:data', { config, artifactType })).answer.status).toBe(201);
  },
  'layers that are not for distribution need not be there': async (registry) => {
    const layer = { mediaType: mediaTypes.foreignLayerGzip, digest: digestOf('far away'), size: 123_456 };
    const layers = [{ ...layer, urls: ['https://store.example.com/layer'] }];
    expect((await pushImage(registry, 'demo:foreign', { layers })).answer.status).toBe(201);
  },
  'a manifest has the digest algorithm it is pushed by': async (registry) => {
    const { answer, ...image } = await pushImage(registry, 'demo:1');
    const bytes = (await ask(registry, 'GET', `demo/manifests/${image.digest}`)).body;
    const digest = digestOf(bytes, 'sha512');
    const headers = { 'content-type': image.mediaType };
    const pushed = await ask(registry, 'PUT', `demo/manifests/${digest}?tag=512`, { headers, body: bytes });
    expect([answer.status, pushed.status, pushed.headers.get('oci-tag')]).toEqual([201, 201, '512']);
    expect((await ask(registry, 'HEAD', 'demo/manifests/512')).headers.get('docker-content-digest')).toBe(digest);
  },
  'a manifest gets several tags at once': async (registry) => {
    const image = await pushImage(registry, 'demo');
    const { body } = await ask(registry, 'GET', `demo/manifests/${image.digest}`);
    const headers = { 'content-type': image.mediaType };
    const path = `demo/manifests/${image.digest}?tag=a&tag=b`;
    const pushed = await ask(registry, 'PUT', path, { headers, body });
    expect([pushed.status, pushed.headers.get('oci-tag')]).toEqual([201, 'a, b']);
    expect((await ask(registry, 'GET', 'demo/tags/list')).json().tags).toEqual(['a', 'b']);
  },
  'a manifest of another digest is refused': async (registry) => {
    const { mediaType } = await pushImage(registry, 'demo:1');
    const { body } = await ask(registry, 'GET', 'demo/manifests/1');
    const headers = { 'content-type': mediaType };
    for (const reference of [digestOf('other'), 'sha256:baddigeststring']) {
      const answer = await ask(registry, 'PUT', `demo/manifests/${reference}`, { headers, body });
      expect([answer.status, codeIn(answer)]).toEqual([400, 'DIGEST_INVALID']);
      expect([400, 404]).toContain((await ask(registry, 'GET', `demo/manifests/${reference}`)).status);
    }
  },
  'a manifest that is not there is unknown': async (registry) => {
    for (const reference of ['missing', digestOf('missing')]) {
      const answer = await ask(registry, 'GET', `demo/manifests/${reference}`);
      expect([answer.status, codeIn(answer)]).toEqual([404, 'MANIFEST_UNKNOWN']);
    }
  },
  'a tag is deleted, and the manifest stays': async (registry) => {
    const { digest } = await pushImage(registry, 'demo:1');
    expect((await ask(registry, 'DELETE', 'demo/manifests/1')).status).toBe(202);
    expect((await ask(registry, 'HEAD', 'demo/manifests/1')).status).toBe(404);
    expect((await ask(registry, 'HEAD', `demo/manifests/${digest}`)).status).toBe(200);
  },
  'a manifest is deleted with its tags': async (registry) => {
    const { digest } = await pushImage(registry, 'demo:1');
    expect((await ask(registry, 'DELETE', `demo/manifests/${digest}`)).status).toBe(202);
    for (const reference of ['1', digest]) {
      expect((await ask(registry, 'HEAD', `demo/manifests/${reference}`)).status).toBe(404);
      expect((await ask(registry, 'DELETE', `demo/manifests/${reference}`)).status).toBe(404);
    }
    expect((await ask(registry, 'GET', 'demo/tags/list')).json().tags).toEqual([]);
  },
};

const lists: Record<string, Check> = {
  'a registry says that it is one': async (registry) => {
    const answer = await ask(registry, 'GET', '/v2/');
    expect([answer.status, answer.headers.get('docker-distribution-api-version')]).toEqual([200, 'registry/2.0']);
  },
  'the tags of nothing are an error or none': async (registry) => {
    expect([200, 404]).toContain((await ask(registry, 'GET', 'demo/tags/list')).status);
  },
  'tags are listed in order, from any on, and none when none are wanted': async (registry) => {
    for (const tag of ['c', 'a', 'd', 'b']) await pushImage(registry, `demo:${tag}`);
    const tags = async (query: string) => (await ask(registry, 'GET', `demo/tags/list${query}`)).json().tags;
    expect(await tags('')).toEqual(['a', 'b', 'c', 'd']);
    expect(await tags('?last=b')).toEqual(['c', 'd']);
    expect(await tags('?n=2')).toEqual(['a', 'b']);
    expect(await tags('?n=1&last=a')).toEqual(['b']);
    const none = await ask(registry, 'GET', 'demo/tags/list?n=0');
    expect([none.json().tags, none.headers.get('link')]).toEqual([[], null]);
  },
  'the referrers of nothing are none': async (registry) => {
    const answer = await ask(registry, 'GET', `demo/referrers/${digestOf('nothing')}`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, mediaTypes.index]);
    expect(answer.json()).toEqual({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] });
    expect((await ask(registry, 'GET', 'demo/referrers/sha256:bad')).status).toBe(400);
  },
  'what refers to a manifest is listed, all of it or one kind': async (registry) => {
    const { answer: _, ...subject } = await pushImage(registry, 'demo:subject');
    const annotations = { 'org.example': 'hello' };
    const first = await pushImage(registry, 'demo:first', { subject, artifactType, annotations });
    const { answer: __, ...second } = await pushImage(registry, 'demo:second', { subject });
    const { answer: ___, ...third } = await pushIndex(registry, 'demo:third', [], { subject, artifactType });
    expect(first.answer.headers.get('oci-subject')).toBe(subject.digest);
    const { answer, ...described } = first;
    const kinds = { all: '', things: `?artifactType=${artifactType}` };
    const all = await ask(registry, 'GET', `demo/referrers/${subject.digest}${kinds.all}`);
    const things = await ask(registry, 'GET', `demo/referrers/${subject.digest}${kinds.things}`);
    const expected = [
      { ...described, artifactType, annotations },
      { ...third, artifactType },
    ];
    expect(sorted(things.json().manifests)).toEqual(sorted(expected));
    expect(things.headers.get('oci-filters-applied')).toBe('artifactType');
    // What an artifact is says its config, where it does not say so itself.
    expect(sorted(all.json().manifests)).toEqual(sorted([...expected, { ...second, artifactType: mediaTypes.config }]));
    expect(all.headers.get('oci-filters-applied')).toBe(null);
    await ask(registry, 'DELETE', `demo/manifests/${third.digest}`);
    const left = await ask(registry, 'GET', `demo/referrers/${subject.digest}`);
    expect(sorted(left.json().manifests)).toHaveLength(2);
  },
  'what refers to a manifest that is not there is taken and listed': async (registry) => {
    const subject = { mediaType: mediaTypes.manifest, digest: digestOf('missing content'), size: 123 };
    const { answer, digest } = await pushImage(registry, 'demo:early', { subject, artifactType });
    expect([answer.status, answer.headers.get('oci-subject')]).toEqual([201, subject.digest]);
    const listed = (await ask(registry, 'GET', `demo/referrers/${subject.digest}`)).json().manifests;
    expect(listed).toMatchObject([{ digest }]);
  },
};

const ranges: [range: string, status: number, contentRange: string | null, body: [number, number] | undefined][] = [
  ['bytes=500-1499', 206, 'bytes 500-1499/2048', [500, 1500]],
  ['bytes=500-', 206, 'bytes 500-2047/2048', [500, 2048]],
  ['bytes=-500', 206, 'bytes 1548-2047/2048', [1548, 2048]],
  ['bytes=-5000', 206, 'bytes 0-2047/2048', [0, 2048]],
  ['bytes=2000-5000', 206, 'bytes 2000-2047/2048', [2000, 2048]],
  ['bytes=500-0', 416, 'bytes */2048', undefined],
  ['bytes=5000-10000', 416, 'bytes */2048', undefined],
  ['bytes=2048-', 416, 'bytes */2048', undefined],
  ['bytes=-0', 416, 'bytes */2048', undefined],
  ['bytes=0-1,5-6', 200, null, [0, 2048]],
  ['bytes=-', 200, null, [0, 2048]],
  ['lines=1-2', 200, null, [0, 2048]],
];

describe.each(['memory', 'a layout'])('in %s', (where) => {
  async function run(check: Check): Promise<void> {
    await using layout = await scratchLayout();
    await using registry = await Registry.start({ deletes: true, ...(where === 'memory' ? {} : { storage: layout }) });
    await check(registry);
  }

  test.each(Object.entries({ ...blobs, ...manifests, ...lists }))('%s', (_, check) => run(check));

  test.each(ranges)('%s of a blob is answered with %i', (range, status, contentRange, part) =>
    run(async (registry) => {
      const content = randomBytes(2048);
      const { digest } = await pushContent(registry, 'demo', content);
      const answer = await ask(registry, 'GET', `demo/blobs/${digest}`, { headers: { range } });
      expect([answer.status, answer.headers.get('content-range')]).toEqual([status, contentRange]);
      if (part !== undefined) expect(answer.body.equals(content.subarray(...part))).toBe(true);
    }),
  );
});

/** The answer to the last request of an upload leads to the content. */
async function isThere(registry: Registry, ended: Asked, content: Buffer): Promise<void> {
  expect(ended.status).toBe(201);
  const got = await ask(registry, 'GET', location(ended));
  const looked = await ask(registry, 'HEAD', location(ended));
  expect([got.status, looked.status, looked.body.length]).toEqual([200, 200, 0]);
  expect(got.body.equals(content)).toBe(true);
  expect(looked.headers.get('content-length')).toBe(String(content.length));
  expect(ended.headers.get('docker-content-digest')).toBe(looked.headers.get('docker-content-digest'));
}

async function chunked(registry: Registry, last: 'PATCH' | 'PUT', disordered: boolean): Promise<void> {
  const content = randomBytes(1000);
  const digest = digestOf(content);
  const send = (method: string, to: string, start: number) => {
    const body = content.subarray(start, start + 400);
    return ask(registry, method, to, {
      headers: { ...octets, 'content-range': `${start}-${start + body.length - 1}` },
      body,
    });
  };
  let answer = await ask(registry, 'POST', 'demo/blobs/uploads/', { headers: { 'content-length': '0' } });
  for (const start of [0, 400, 800]) {
    const method = start === 800 ? last : 'PATCH';
    const query: Record<string, string> = method === 'PUT' ? { digest } : {};
    if (disordered) {
      const wrong = await send(method, location(answer, query), (start + 800) % 1200);
      expect(wrong.status).toBe(416);
      const status = await ask(registry, 'GET', location(answer));
      expect([status.status, status.headers.get('range')]).toEqual([204, `0-${Math.max(0, start - 1)}`]);
      answer = status;
    }
    answer = await send(method, location(answer, query), start);
    if (method === 'PATCH')
      expect([answer.status, answer.headers.get('range')]).toEqual([202, `0-${Math.min(start + 399, 999)}`]);
  }
  if (last === 'PATCH') answer = await ask(registry, 'PUT', location(answer, { digest }));
  await isThere(registry, answer, content);
}

function pushIndex(
  registry: Registry,
  reference: string,
  children: readonly Descriptor[],
  more: Record<string, unknown> = {},
): Promise<Descriptor & { answer: Asked }> {
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: children, ...more };
  return pushDocument(registry, reference, index);
}

function codeIn(answer: Asked): string | undefined {
  return (answer.json() as { errors: { code: string }[] }).errors[0]?.code;
}

function sorted(descriptors: unknown): Descriptor[] {
  return [...(descriptors as Descriptor[])].sort((a, b) => (a.digest < b.digest ? -1 : 1));
}
