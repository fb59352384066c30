import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { makeImage } from '../examples/demo/make-image.ts';
import { appendLayers, ImageLayout, save, setConfig } from '../packages/image-spec/src/index.ts';
import { Registry } from '../packages/registry/src/index.ts';
import { requires, type Scratch, scratch } from '../packages/testkit/src/index.ts';
import { applyLayer } from '../packages/unionfs/src/index.ts';
import { root } from './project-files.ts';

/**
 * Run an example as its reader would; what it prints, and an error if it fails. One of them takes all the memory that it
 * can get: should its cgroup fail to limit that, 2 GiB are the end.
 */
async function example(name: string, args: readonly string[] = [], env: Record<string, string> = {}): Promise<string> {
  const { stdout } = await promisify(execFile)(
    'prlimit',
    ['--data=2147483648', '--', process.execPath, '--conditions=estiba-source', join(root, 'examples', name), ...args],
    {
      cwd: root,
      env: { ...process.env, ...env },
      timeout: 30_000,
    },
  );
  return stdout;
}

interface Made extends AsyncDisposable {
  readonly folder: Scratch;
  readonly image: Awaited<ReturnType<typeof makeImage>>;
  readonly reference: string;
}

let made: Promise<Made> | undefined;

/** An image of this machine's programs, in a registry; for whichever test is the first to ask. */
function imageInRegistry(): Promise<Made> {
  made ??= makeAndServe();
  return made;
}

async function makeAndServe(): Promise<Made> {
  const folder = scratch('examples');
  const registry = await Registry.start();
  const image = await makeImage(folder.join('made'), AbortSignal.timeout(30_000));
  const reference = await registry.add('examples/machine:latest', image.layout, image.descriptor);
  const dispose = async () => {
    await registry[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  };
  return { folder, image, reference, [Symbol.asyncDispose]: dispose };
}

afterAll(async () => {
  await (await made)?.[Symbol.asyncDispose]();
});

requires({ on: ['host', 'uml'] })('an example', () => {
  it('12 tells what changed between two images', async () => {
    await using folder = scratch('example-compare');
    const { layout, descriptor } = await makeImage(folder.join('made'), AbortSignal.timeout(30_000));
    mkdirSync(folder.join('changes/etc'), { recursive: true });
    writeFileSync(folder.join('changes/etc/motd'), 'hello');
    const pack = ['-C', folder.join('changes'), '--owner=0', '--group=0', '--mode=0644', '-cf', '-', 'etc/motd'];
    const { stdout: bytes } = await promisify(execFile)('tar', pack, { encoding: 'buffer' });
    const image = setConfig(await layout.image(descriptor), { config: { Cmd: ['true'] } });
    const changed = await save(appendLayers(image, [{ bytes }]), layout);
    await using registry = await Registry.start();
    const before = await registry.add('examples/machine:1', layout, descriptor);
    const after = await registry.add('examples/machine:2', layout, changed);
    const lines = (await example('12-compare-images.ts', [before, after, folder.join('pulled')])).trimEnd().split('\n');
    expect(lines.slice(0, 1)).toEqual(['config.Cmd[0]: "sh" -> "true"']);
    expect(lines.filter((line) => line.startsWith('layer')).map((line) => line.split(' ')[2])).toEqual([
      'same',
      'same',
      'added',
    ]);
    expect(lines).toContain('A etc/motd file 0644 0:0 5');
  });

  it('14 serves a directory, and takes what is pushed, until it is told to stop', async () => {
    await using folder = scratch('example-registry');
    const images = folder.join('images');
    const script = join(root, 'examples/14-registry.ts');
    const args = ['--conditions=estiba-source', script, '--directory', images, '--port', '0', '--user', 'ann:secret'];
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], timeout: 30_000 });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const host = /at (127\.0\.0\.1:\d+)$/.exec((await lines.next()).value ?? '')?.[1];
    expect((await fetch(`http://${host}/v2/_catalog`)).status).toBe(401);
    child.kill('SIGTERM');
    expect((await lines.next()).value).toBe('stopped after 1 requests');
    if (child.exitCode === null) await once(child, 'exit');
    expect(child.exitCode).toBe(0);
  });

  it('04 pulls into a layout that is complete', async () => {
    const { folder, image, reference } = await imageInRegistry();
    const output = await example('04-pull-image.ts', [reference, folder.join('pulled')]);
    expect(output).toContain(image.descriptor.digest);
    const layout = await ImageLayout.open(folder.join('pulled'));
    expect((await layout.image(reference)).config.config?.Cmd).toEqual(['sh']);
  });
});

// It runs ps, which fails under User-Mode Linux, as it finds no boot time there.
requires({ on: ['host'], root: true })('an example for root, with processes,', () => {
  it('01 is process 1 on a host of its own', async () => {
    const output = await example('01-new-namespaces.ts');
    expect(output).toMatch(/^I am process 1 on box$/m);
    expect(output.split('\n').length).toBeLessThan(8);
  });
});

requires({ on: ['host', 'uml'], root: true, overlay: true })('an example for root', () => {
  it('10 makes a layer of what is written on top of one', async () => {
    await using folder = scratch('example-layer');
    mkdirSync(folder.join('base/etc'), { recursive: true });
    writeFileSync(folder.join('base/etc/name'), 'base');
    const [base, result] = [folder.join('base.tar.gz'), folder.join('changes.tar.gz')];
    await promisify(execFile)('tar', ['-C', folder.join('base'), '-czf', base, '.']);
    expect(await example('10-mount-layer.ts', [base, result])).toMatch(
      /^stored as (erofs|directory): .*\n\{[^}]*tar\+gzip/,
    );
    expect((await promisify(execFile)('tar', ['-tzf', result])).stdout).toBe('./\nhello\n');
  });

  it('11 fills a volume once, and keeps what is written to it', async () => {
    await using folder = scratch('example-volume');
    mkdirSync(folder.join('etc/app'), { recursive: true });
    writeFileSync(folder.join('etc/app/settings'), 'x');
    const output = await example('11-volume.ts', [folder.path, '/etc/app']);
    expect(output).toMatch(/^first: copied: true; 2 names, .*\nsecond: copied: false; 2 names, /);
  });

  it('03 leaves the base untouched', async () => {
    const before = readdirSync('/etc').length;
    expect(await example('03-overlay-mount.ts')).toMatch(/changed: motd$/m);
    expect(readdirSync('/etc').length).toBe(before);
  });

  it('09 prints the whole program, and runs none of it', async () => {
    const output = await example('09-explain-container.ts');
    expect(output).toMatch(/^clone3\(CLONE_PARENT\) in new namespaces: pid, mount, uts, ipc, network, cgroup/m);
    expect(output).toMatch(/execve\("\/bin\/sh"/);
  });
});

requires({ on: ['host', 'uml'], root: true, overlay: true, cgroup: true })('an example for root, with limits,', () => {
  it('02 ends by the limit', async () => {
    expect(await example('02-limit-memory.ts')).toMatch(/^ended by SIGKILL, peak 6\d{7} bytes, 1 OOM kill\(s\)$/m);
  });
  it('15 is told of each limit, and of the end', async () => {
    const lines = (await example('15-watch-limits.ts')).trimEnd().split('\n');
    expect(lines.map((line) => line.split(' ')[0])).toEqual(expect.arrayContaining(['pids-max', 'oom-kill', 'empty']));
    expect(lines.slice(-2)).toEqual(['empty 1', expect.stringMatching(/^\d+$|^SIG/)]);
  });

  it('05 runs a command of an image', async () => {
    const { folder, reference } = await imageInRegistry();
    const env = { ESTIBA_HOME: folder.join('home') };
    expect(await example('05-run-image.ts', [reference, 'sh', '-c', 'echo $$; ls /'], env)).toMatch(/^1\n(.*\n)*etc\n/);
    expect(readdirSync(folder.join('home'))).toEqual(['images', 'snapshots']);
  });

  it('06 is a runtime of its own', async () => {
    const { folder, image } = await imageInRegistry();
    const base = folder.join('base');
    mkdirSync(base);
    const { manifest } = await image.layout.image(image.descriptor);
    for (const layer of manifest.layers)
      await applyLayer(createReadStream(join(folder.join('made'), 'blobs', ...layer.digest.split(':'))), base);
    const output = await example('06-custom-runtime.ts', [base, folder.join('mine')]);
    expect(output.trim().split('\n')).toEqual(['mine', '0', expect.stringMatching(/^\/proc\/1( \/proc\/\d+)?$/)]);
  });
});
