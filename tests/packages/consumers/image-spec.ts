// A folder that keeps an image, found again by its name.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImageLayout, ImageSpecError, parseReference } from '@estiba/image-spec';
import { smallImage } from './small-image.ts';

const folder = await mkdtemp(join(tmpdir(), `estiba-${process.pid}-consumer-`));
try {
  const layout = await ImageLayout.open(folder);
  await layout.tag('small:1', await smallImage(layout));
  const image = await (await ImageLayout.open(folder)).image('small:1', {
    platform: { os: 'linux', architecture: 'amd64' },
  });
  console.log(JSON.stringify(image.config.config?.Cmd), String(parseReference('alpine')));
  await layout.image('large:1').catch((error) => console.log(error instanceof ImageSpecError, error.code));
} finally {
  await rm(folder, { recursive: true });
}
