import { expect, test } from 'vitest';
import { annotate, appendLayers, digestOf, type ImageView, mediaTypes, rebase, setConfig } from '../../src/index.ts';
import { made } from '../made.ts';
import { collect } from '../scratch.ts';

const entry = (created_by: string) => ({ created_by });

async function bases(options: { docker?: boolean } = {}): Promise<{ from: ImageView; onto: ImageView }> {
  const { image: from } = await made(['old 1', 'old 2'], { config: { history: [entry('old 1'), entry('old 2')] } });
  const { image: onto } = await made(['new'], {
    ...options,
    config: { config: { Env: ['BASE=new'] }, history: [entry('new'), { ...entry('ENV'), empty_layer: true }] },
  });
  return { from, onto };
}

function build(from: ImageView): ImageView {
  const image = appendLayers(from, [{ bytes: Buffer.from('mine'), history: entry('mine') }]);
  return setConfig(image, { config: { Cmd: ['mine'] } }, { history: entry('CMD') });
}

async function diffIds(image: ImageView): Promise<string[]> {
  return (await collect(image.layers())).map(({ diffId }) => diffId);
}

test('the layers of the old base are replaced, those above and what starts a container stay', async () => {
  const { from, onto } = await bases();
  const image = rebase(build(from), { from, onto });
  expect(await diffIds(image)).toEqual([digestOf('new'), digestOf('mine')]);
  const { config, history } = await image.config;
  expect(config).toEqual({ Cmd: ['mine'] });
  expect(history).toEqual([
    entry('new'),
    { ...entry('ENV'), empty_layer: true },
    entry('mine'),
    { ...entry('CMD'), empty_layer: true },
  ]);
});

test('the history is cut by its layers where the image does not repeat that of its base', async () => {
  const { from, onto } = await bases();
  const changed = setConfig(build(from), (config) => ({
    ...config,
    history: [entry('other'), { ...entry('LABEL'), empty_layer: true }, entry('words'), entry('mine')],
  }));
  const { history } = await rebase(changed, { from, onto }).config;
  expect(history?.slice(2)).toEqual([entry('mine')]);
});

test('an image that does not stand on the old base is refused', async () => {
  const { from, onto } = await bases();
  const image = rebase(build(onto), { from, onto });
  await expect(async () => image.descriptor).rejects.toMatchObject({
    code: 'BASE_MISMATCH',
    path: 'rootfs.diff_ids[0]',
  });
  const shorter = rebase(onto, { from: build(onto), onto: from });
  await expect(async () => shorter.descriptor).rejects.toThrow('that of the image missing');
});

test('a base for another platform is refused', async () => {
  const { from } = await bases();
  const { image: onto } = await made(['new'], { config: { architecture: 'arm64' } });
  const image = rebase(build(from), { from, onto });
  await expect(async () => image.descriptor).rejects.toThrow(
    'the image is for linux/amd64, the new base for linux/arm64',
  );
});

test('an image on a base of Docker is in the words of the OCI throughout', async () => {
  const { from, onto } = await bases({ docker: true });
  const manifest = await rebase(build(from), { from, onto }).manifest;
  expect(manifest.mediaType).toBe(mediaTypes.manifest);
  expect(manifest.layers.map(({ mediaType }) => mediaType)).toEqual([mediaTypes.layer, mediaTypes.layer]);
});

test('an annotation that tells the base tells the new one', async () => {
  const { from, onto } = await bases();
  const key = 'org.opencontainers.image.base.digest';
  const image = annotate(build(from), { [key]: (await from.descriptor).digest });
  const rebased = rebase(image, { from, onto });
  expect((await rebased.manifest).annotations).toEqual({ [key]: (await onto.descriptor).digest });
});
