import { expect, test } from 'vitest';
import { annotate, appendLayers, MemoryStore, mediaTypes, openImage, setConfig } from '../../src/index.ts';
import { made } from '../made.ts';

const config = {
  author: 'somebody',
  config: { Cmd: ['sh'], Env: ['A=1'], 'X-Unknown': [1] },
  'x-extra': { kept: true },
};

test('fields are set and taken away, and everything else stays, also what nobody knows', async () => {
  const { image } = await made(['base'], { config });
  const changed = setConfig(image, {
    author: undefined,
    variant: 'v2',
    config: { Cmd: ['top'], User: 'me', Env: undefined },
  });
  const { rootfs } = await image.config;
  expect(await changed.config).toEqual({
    architecture: 'amd64',
    os: 'linux',
    variant: 'v2',
    rootfs,
    config: { Cmd: ['top'], User: 'me', 'X-Unknown': [1] },
    'x-extra': { kept: true },
  });
  expect((await image.config).config?.Cmd).toEqual(['sh']);
});

test('a function makes the config, and cannot change the old one', async () => {
  const { image } = await made(['base'], { config });
  const changed = setConfig(image, (old) => {
    (old.config as { Cmd: string[] }).Cmd.push('-c');
    return old;
  });
  expect((await changed.config).config?.Cmd).toEqual(['sh', '-c']);
  expect((await image.config).config?.Cmd).toEqual(['sh']);
});

test('a change is noted as an entry without a layer', async () => {
  const { image } = await made(['base'], { config: { history: [{ created_by: 'base' }] } });
  const changed = setConfig(image, { config: { User: 'me' } }, { history: { created_by: 'USER me' } });
  const { history } = await changed.config;
  expect(history).toEqual([{ created_by: 'base' }, { created_by: 'USER me', empty_layer: true }]);
  const grown = appendLayers(changed, [{ bytes: Buffer.from('x'), history: { created_by: 'COPY x' } }]);
  expect((await grown.config).history).toEqual([...(history ?? []), { created_by: 'COPY x' }]);
});

test('a config that is not right is refused, with its JSON path', async () => {
  const { image } = await made(['base']);
  const wrong = setConfig(image, { config: { Env: ['no equals sign'] } });
  await expect(async () => wrong.descriptor).rejects.toMatchObject({ code: 'DOCUMENT_INVALID', path: 'config.Env[0]' });
});

test('the layers are not changed by the config', async () => {
  const { image } = await made(['base']);
  const wrong = setConfig(image, (old) => ({ ...old, rootfs: { ...old.rootfs, diff_ids: [] } }));
  await expect(async () => wrong.descriptor).rejects.toMatchObject({
    code: 'DOCUMENT_INVALID',
    path: 'rootfs.diff_ids',
  });
});

test('a number that lost digits when it was read is not written as another one', async () => {
  const store = new MemoryStore();
  const rootfs = `{"type":"layers","diff_ids":[]}`;
  const text = `{"os":"linux","architecture":"amd64","config":{"Memory":9223372036854775807},"rootfs":${rootfs}}`;
  const config = store.add(text, mediaTypes.config);
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [] };
  const image = await openImage(store, store.addJson(manifest, mediaTypes.manifest));
  const changed = setConfig(image, { config: { Cmd: ['x'] } });
  await expect(async () => changed.descriptor).rejects.toMatchObject({
    code: 'DOCUMENT_INVALID',
    message: expect.stringContaining('"Memory" is about 9223372036854776000'),
  });
  const without = setConfig(image, { config: { Memory: undefined } });
  expect((await without.config).config).toEqual({});
  // Where the config stays as it is stored, nothing is lost.
  expect((await annotate(image, { a: '1' }).manifest).config).toEqual(config);
});
