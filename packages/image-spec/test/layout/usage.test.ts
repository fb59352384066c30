import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { digestOf } from '../../src/index.ts';
import { makeImage, openLayout, scratch } from '../scratch.ts';
import { otherProcess } from './other-process.ts';

const text = (length: number, fill: string) => fill.repeat(length);

test('an image has what it alone needs, and shares the rest', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const documents = async (texts: string[]) => {
    const { manifest, descriptor } = await layout.image(await makeImage(layout, texts));
    return { descriptor, bytes: descriptor.size + manifest.config.size };
  };
  const one = await documents([text(1000, 'a'), text(10, 'b')]);
  const two = await documents([text(1000, 'a'), text(200, 'c')]);
  await layout.tag('one', one.descriptor);
  await layout.tag('two', two.descriptor);
  await layout.write(Buffer.from('unneeded'));
  expect(await layout.usage()).toMatchObject({
    images: [
      { name: 'one', own: one.bytes + 10, shared: 1000 },
      { name: 'two', own: two.bytes + 200, shared: 1000 },
    ],
    total: one.bytes + two.bytes + 1218,
    unreferenced: 8,
  });
  await layout.tag('again', one.descriptor);
  expect((await layout.usage()).images[0]).toMatchObject({ own: 0, shared: one.bytes + 1010 });
  await rm(layout.path(digestOf(text(200, 'c'))));
  expect((await layout.usage()).images[1]).toMatchObject({ name: 'two', own: two.bytes });
});

test('more images than a process may have open files are added up, too', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const descriptor = await makeImage(layout, ['x']);
  const manifests = Array.from({ length: 300 }, (_, number) => ({
    ...descriptor,
    annotations: { number: `${number}` },
  }));
  await writeFile(join(folder.path, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  const other = otherProcess(
    folder.path,
    'say(String(new Set((await layout.usage()).images.map(({ shared }) => shared)).size));',
    {
      wrapper: ['sh', '-c', 'ulimit -n 100; exec "$@"', 'sh'],
    },
  );
  expect(await other.said()).toBe('1');
  expect(await other.closed).toBe(0);
});
