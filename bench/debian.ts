/** A real image: a minimal Debian, made once per machine by debootstrap, served by Debian's own docker-registry. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { ImageLayout } from '@estiba/image-spec';
import { type Child, command, launch } from '@estiba/syscalls';

const KEPT = '/var/tmp/estiba-debian';
export const debianTar = join(KEPT, 'rootfs.tar.gz');

/** About 20 s and 93 MB, the first time. Needs debootstrap. */
export async function makeDebian(): Promise<void> {
  if (existsSync(debianTar)) return;
  const tree = join(KEPT, `tree-${process.pid}`);
  mkdirSync(tree, { recursive: true });
  try {
    await complete(['debootstrap', '--variant=minbase', 'bookworm', tree]);
    await complete([
      'sh',
      '-c',
      `tar -C "$1" --numeric-owner --exclude=./var/cache/apt/archives/*.deb -cf - . | gzip -6 > "$2"`,
      'sh',
      tree,
      `${debianTar}.part`,
    ]);
    renameSync(`${debianTar}.part`, debianTar);
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

export interface ServedImage extends AsyncDisposable {
  /** `127.0.0.1:5000/debian:latest` */
  readonly reference: string;
}

/** docker-registry on loopback, storing in `directory`, with the image pushed to it by skopeo. */
export async function serveDebian(directory: string): Promise<ServedImage> {
  const layout = join(directory, 'layout');
  await writeImage(layout);
  const port = await freePort();
  const config = join(directory, 'registry.yml');
  writeFileSync(
    config,
    `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${join(directory, 'storage')}}}\nhttp: {addr: "127.0.0.1:${port}"}\n`,
  );
  const registry = await launch(
    command(['docker-registry', 'serve', config], { PATH: '/usr/bin', OTEL_TRACES_EXPORTER: 'none' }),
    { stdio: 'ignore' },
  );
  await answering(port);
  const reference = `127.0.0.1:${port}/debian:latest`;
  await complete([
    'skopeo',
    '--insecure-policy',
    'copy',
    '--quiet',
    '--dest-tls-verify=false',
    `oci:${layout}:debian`,
    `docker://${reference}`,
  ]);
  return { reference, [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose]() };
}

async function writeImage(directory: string): Promise<void> {
  const layout = await ImageLayout.open(directory, { fsync: false });
  const json = (value: object, mediaType: string) => layout.write(Buffer.from(JSON.stringify(value)), { mediaType });
  const layer = await layout.write(createReadStream(debianTar, { highWaterMark: 1 << 20 }), {
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
  });
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(debianTar).pipe(createGunzip({ chunkSize: 1 << 20 }))) hash.update(chunk);
  const config = await json(
    {
      architecture: 'amd64',
      os: 'linux',
      config: { Cmd: ['bash'] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${hash.digest('hex')}`] },
    },
    'application/vnd.oci.image.config.v1+json',
  );
  const type = 'application/vnd.oci.image.manifest.v1+json';
  await layout.tag('debian', await json({ schemaVersion: 2, mediaType: type, config, layers: [layer] }, type));
}

export async function complete(argv: readonly string[], options: { env?: Record<string, string> } = {}): Promise<void> {
  const env = { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', ...options.env };
  const child: Child = await launch(command(argv, env), { stdio: ['ignore', 'ignore', 'inherit'] });
  const { exitCode } = await child.wait();
  if (exitCode !== 0) throw new Error(`${argv.join(' ')} ended with ${exitCode}`);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

async function answering(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const answer = await fetch(`http://127.0.0.1:${port}/v2/`).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(50);
  }
  throw new Error(`docker-registry does not answer on port ${port}`);
}
