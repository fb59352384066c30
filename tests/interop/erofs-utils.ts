/** Programs of Debian's erofs-utils, which read images that they did not make. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../project-files.ts';

const { cacheDirectory, keepFolder } = await import(join(root, 'scripts/kept-folder.mjs'));
const { unpackFromDebian } = await import(join(root, 'scripts/other-debian.mjs'));

/** Debian 12 has version 1.5, which knows blocks of 4096 bytes only; this release has 1.8. */
const release = 'trixie';
const folder = join(cacheDirectory(), `erofs-utils-of-${release}`);

export interface ErofsUtils {
  readonly fsck: string;
  readonly dump: string;
}

/**
 * Fetches them, with the libraries and the loader of their release, from where the machine has its Debian packages from.
 * Nothing is installed. Some seconds the first time, nothing later. Needs root.
 */
export async function fetchErofsUtils(): Promise<ErofsUtils> {
  const [fsck, dump] = ['fsck.erofs', 'dump.erofs'] as const;
  await keepFolder(folder, async (temporary: string) => {
    await unpackFromDebian(temporary, { release, find: () => ['erofs-utils'], withDependencies: true });
    for (const name of [fsck, dump]) writeLauncher(temporary, name);
  });
  return { fsck: join(folder, fsck), dump: join(folder, dump) };
}

/** Run by the loader of its own release, with libraries of its own release. ld.so(8) */
function writeLauncher(directory: string, name: string): void {
  const script = `#!/bin/sh
exec "${folder}/usr/lib64/ld-linux-x86-64.so.2" --library-path "${folder}/usr/lib/x86_64-linux-gnu" "${folder}/usr/bin/${name}" "$@"
`;
  writeFileSync(join(directory, name), script);
  chmodSync(join(directory, name), 0o755);
}
