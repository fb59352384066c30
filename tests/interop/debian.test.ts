import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { requires, type Scratch, scratch } from '../../packages/testkit/src/index.ts';
import { differences, unexplained } from './compare.ts';
import { debianTar, makeDebian } from './debian-root.ts';
import { DockerRegistry } from './docker-registry.ts';
import { exceptionsFor } from './exceptions.ts';
import { Peers } from './peers.ts';
import { byBsdtar, byTar } from './replay.ts';
import type { Tree } from './tree.ts';
import { applied, mounted, replayed, unpackedByUmoci } from './unpack.ts';

const command = ['debootstrap', 'docker-registry', 'skopeo', 'umoci', 'tar', 'bsdtar'];

requires({ on: ['host'], root: true, overlay: true, command })('a real Debian, pulled and mounted', () => {
  let folder: Scratch;
  let peers: Peers;
  let registry: DockerRegistry;
  let debian: Awaited<ReturnType<typeof mounted>>;
  let umoci: Tree;

  beforeAll(async () => {
    await makeDebian();
    folder = scratch('interop');
    peers = new Peers(folder);
    registry = await DockerRegistry.start(folder);
    mkdirSync(folder.join('ours'));
    const made = { layout: folder.join('layout'), tag: 'latest' };
    peers.copy(`tarball:${debianTar}`, `oci:${made.layout}:${made.tag}`);
    peers.copy(`oci:${made.layout}:${made.tag}`, `docker://${registry.host}/debian:1`);
    umoci = unpackedByUmoci(peers, made, folder.join('umoci'));
    debian = await mounted(`${registry.host}/debian:1`, folder.join('ours'));
  });

  afterAll(async () => {
    await registry?.[Symbol.asyncDispose]();
    folder?.[Symbol.dispose]();
  });

  it('is as large as a Debian', () => {
    expect(debian.trees.erofs.size).toBeGreaterThan(6000);
    expect(debian.trees.erofs.get('usr/bin/su')).toMatchObject({ type: 'file', mode: '4755', owner: '0:0' });
    expect(debian.trees.erofs.get('usr/bin/perl')).toMatchObject({ names: expect.stringContaining('usr/bin/perl5') });
  });

  it('is the tree that umoci unpacks', () => {
    expect(differences(debian.trees.erofs, umoci)).toEqual([]);
  });

  it('is the same tree in both forms', () => {
    expect(differences(debian.trees.erofs, debian.trees.directory)).toEqual([]);
  });

  it.each([
    ['tar', byTar],
    ['bsdtar', byBsdtar],
  ] as const)('is the tree that %s unpacks', (name, unpack) => {
    const { tree } = replayed(peers, unpack, [debianTar], folder.join(name));
    expect(unexplained(differences(debian.trees.erofs, tree), exceptionsFor('Debian', name, 'mounted'))).toEqual([]);
  });

  it('is the tree that we unpack into one directory', async () => {
    expect(differences(debian.trees.erofs, await applied(debian.image, folder.join('applied')))).toEqual([]);
  });
});
