import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { digestOf, ImageLayout, mediaTypes } from '../packages/image-spec/src/index.ts';
import { Registry } from '../packages/registry/src/index.ts';
import { RegistryClient } from '../packages/registry-client/src/index.ts';
import { requires, type Scratch, scratch, Terminal } from '../packages/testkit/src/index.ts';
import { root } from './project-files.ts';

const run = promisify(execFile);

requires({ on: ['host'], command: ['tmux'] })('the example that pushes', () => {
  let folder: Scratch;
  let layout: ImageLayout;
  let layers: string[];

  beforeAll(async () => {
    folder = scratch('progress');
    layout = await ImageLayout.open(folder.join('images'), { fsync: false });
    const contents = [randomBytes(3_000_000), randomBytes(300_000)];
    const stored = [];
    for (const content of contents) stored.push(await layout.write(content, { mediaType: mediaTypes.layer }));
    layers = stored.map(({ digest }) => digest.slice(7, 19));
    const rootfs = { type: 'layers', diff_ids: contents.map((content) => digestOf(content)) };
    const config = await write({ os: 'linux', architecture: 'amd64', rootfs }, mediaTypes.config);
    const image = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: stored };
    await layout.tag('app', await write(image, mediaTypes.manifest));
  });

  afterAll(() => folder?.[Symbol.dispose]());

  it('prints a line for each blob where there is no terminal', async () => {
    await using registry = await Registry.start();
    const { stdout } = await run(process.execPath, command(registry));
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(5);
    expect(stdout).not.toContain('\x1b');
    expect(lines.slice(0, 3).sort()).toEqual(
      expect.arrayContaining([
        `${layers[0]} [====================] 3.0 MB of 3.0 MB, done`,
        `${layers[1]} [====================] 300 kB of 300 kB, done`,
      ]),
    );
    expect(lines[3]).toMatch(/^total {8}\[={20}\] 3\.3 MB of 3\.3 MB, 0 kB there before, /);
    expect(lines[4]).toMatch(/^127.*app:1 is sha256:/);
  });

  it('draws bars on a terminal that grow, and says what is there and what was resumed', async () => {
    await using registry = await Registry.start();
    // One of the layers is there; the other goes on after the connection has broken.
    using client = new RegistryClient();
    const { manifest } = await layout.image('app');
    const only = { ...manifest, layers: manifest.layers.slice(1) };
    await client.push(await write(only, mediaTypes.manifest), `${registry.host}/app:base`, { from: layout });
    registry.fail({ method: 'PUT', path: '/uploads/', cutUploadAfter: 1_200_000 });
    registry.fail({ method: 'PATCH', path: '/uploads/', delay: 1000, times: 9 });
    await using terminal = await Terminal.open(folder.join('tmux'), [process.execPath, ...command(registry)]);
    const middle = await terminal.shows(new RegExp(`^${layers[0]} \\[=+ +\\] .* of 3.0 MB`, 'm'));
    expect(middle).toMatch(new RegExp(`^${layers[1]} \\[={20}\\] 300 kB of 300 kB, is there$`, 'm'));
    const end = await terminal.shows(/ is sha256:/);
    expect(end).toMatch(new RegExp(`^${layers[0]} \\[={20}\\] 3.0 MB of 3.0 MB, resumed at 1.\\d MB, done$`, 'm'));
    expect(end).toMatch(/^total {8}\[={20}\] 3.3 MB of 3.3 MB, 301 kB there before, /m);
    // Drawn over and over in the same place.
    expect(end.slice(0, end.indexOf('total')).split('\n')).toHaveLength(4);
    expect(end.match(/total/g)).toHaveLength(1);
  });

  function command({ host }: Registry): string[] {
    const example = join(root, 'examples/13-push-image.ts');
    return ['--conditions=estiba-source', example, 'app', `${host}/app:1`, layout.directory];
  }

  function write(document: object, mediaType: string) {
    return layout.write(Buffer.from(JSON.stringify(document)), { mediaType });
  }
});
