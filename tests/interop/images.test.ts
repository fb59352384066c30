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
import type { Tree } from './tree.ts';
import { applied, mounted, unpackedByTar, unpackedByUmoci } from './unpack.ts';

const command = ['docker-registry', 'skopeo', 'umoci', 'buildah', 'setfacl', 'setfattr', 'setcap', 'tar'];

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
    let pulled: { image: Image; archives: string[]; tree: Tree };
    let umoci: Tree;

    beforeAll(async () => {
      directory = folder.join(name.replaceAll(/[^a-zA-Z]+/g, '-'));
      mkdirSync(directory);
      made = make(peers, directory);
      const reference = `${registry.host}/image:${Object.keys(makers).indexOf(name)}`;
      peers.copy(`oci:${made.layout}:${made.tag}`, `docker://${reference}`);
      umoci = unpackedByUmoci(peers, made, join(directory, 'umoci'));
      pulled = await mounted(reference, directory);
    });

    it('is, mounted as an overlay, the tree that umoci unpacks', () => {
      const exceptions = exceptionsFor(name, 'umoci', 'mounted');
      expect(unexplained(differences(pulled.tree, umoci), exceptions)).toEqual([]);
    });

    it('is, applied layer by layer, the tree that umoci unpacks', async () => {
      const tree = await applied(pulled.image, join(directory, 'applied'));
      const exceptions = exceptionsFor(name, 'umoci', 'applied');
      expect(unexplained(differences(tree, umoci), exceptions)).toEqual([]);
    });

    it('is, as far up as nothing is hidden, the tree that GNU tar unpacks', async () => {
      const tar = unpackedByTar(peers, pulled.archives, join(directory, 'tar'));
      expect(tar.layers).toBeGreaterThan(0);
      const { layers } = tar;
      const tree = await applied(pulled.image, join(directory, 'lowest'), { layers });
      expect(unexplained(differences(tree, tar.tree), exceptionsFor(name, 'tar', 'applied'))).toEqual([]);
    });
  });
});
