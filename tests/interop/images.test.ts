import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Image } from '../../packages/image-spec/src/index.ts';
import { requires, type Scratch, scratch } from '../../packages/testkit/src/index.ts';
import { differences, unexplained } from './compare.ts';
import { DockerRegistry } from './docker-registry.ts';
import { exceptionsFor } from './exceptions.ts';
import { type MadeImage, makers } from './images/images.ts';
import { Peers } from './peers.ts';
import { byBsdtar, byTar } from './replay.ts';
import type { Tree } from './tree.ts';
import { applied, type Backend, mounted, replayed, unpackedByUmoci } from './unpack.ts';

const command = ['docker-registry', 'skopeo', 'umoci', 'buildah', 'setfacl', 'setfattr', 'setcap', 'tar', 'bsdtar'];

requires({ on: ['host'], root: true, overlay: true, command })('an image', () => {
  let folder: Scratch;
  let peers: Peers;
  let registry: DockerRegistry;

  beforeAll(async () => {
    folder = scratch('interop');
    peers = new Peers(folder);
    registry = await DockerRegistry.start(folder);
  });

  afterAll(async () => {
    await registry?.[Symbol.asyncDispose]();
    folder?.[Symbol.dispose]();
  });

  describe.each(Object.entries(makers))('made %s', (name, make) => {
    let directory: string;
    let made: MadeImage;
    let pulled: { image: Image; archives: string[]; trees: Record<Backend, Tree> };
    let ours: Tree;
    let umoci: Tree;

    beforeAll(async () => {
      directory = folder.join(name.replaceAll(/[^a-zA-Z]+/g, '-'));
      mkdirSync(directory);
      made = make(peers, directory);
      const reference = `${registry.host}/image:${Object.keys(makers).indexOf(name)}`;
      peers.copy(`oci:${made.layout}:${made.tag}`, `docker://${reference}`);
      umoci = unpackedByUmoci(peers, made, join(directory, 'umoci'));
      pulled = await mounted(reference, directory);
      ours = await applied(pulled.image, join(directory, 'applied'));
    });

    it.each(['erofs', 'directory'] as const)(
      'is, mounted as an overlay (%s), the tree that umoci unpacks',
      (backend) => {
        const exceptions = exceptionsFor(name, 'umoci', 'mounted');
        expect(unexplained(differences(pulled.trees[backend], umoci), exceptions)).toEqual([]);
      },
    );

    it('is, in both forms, the same tree', () => {
      expect(differences(pulled.trees.erofs, pulled.trees.directory)).toEqual([]);
    });

    it('is, applied layer by layer, the tree that umoci unpacks', () => {
      const exceptions = exceptionsFor(name, 'umoci', 'applied');
      expect(unexplained(differences(ours, umoci), exceptions)).toEqual([]);
    });

    it('is, applied layer by layer, the tree that GNU tar unpacks', async () => {
      const { tree, layers } = replayed(peers, byTar, pulled.archives, join(directory, 'tar'));
      expect(layers).toBeGreaterThanOrEqual(Math.min(pulled.archives.length, 2));
      const lowest = await applied(pulled.image, join(directory, 'beside-tar'), { layers });
      expect(unexplained(differences(lowest, tree), exceptionsFor(name, 'tar', 'applied'))).toEqual([]);
    });

    // It sets no times of directories that are there, and takes a link to a directory for one.
    it('has in its lowest layer the tree that bsdtar unpacks', async () => {
      const { tree, layers } = replayed(peers, byBsdtar, pulled.archives.slice(0, 1), join(directory, 'bsdtar'));
      const lowest = await applied(pulled.image, join(directory, 'beside-bsdtar'), { layers });
      expect(unexplained(differences(lowest, tree), exceptionsFor(name, 'bsdtar', 'applied'))).toEqual([]);
    });
  });
});
