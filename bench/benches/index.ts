import type { Bench } from '../bench.ts';
import { blob } from './blob.ts';
import { cgroup } from './cgroup.ts';
import { layerMemory } from './layer-memory.ts';
import { memory } from './memory.ts';
import { podman } from './podman.ts';
import { primitives } from './primitives.ts';
import { pull } from './pull.ts';
import { reading } from './reading.ts';
import { sandbox } from './sandbox.ts';
import { smallFiles } from './small-files.ts';
import { start } from './start.ts';
import { unpack } from './unpack.ts';

export interface BenchEntry {
  /** Programs it needs: others' and those that make its material. */
  readonly commands: readonly string[];
  readonly run: (bench: Bench) => Promise<void>;
}

/** By the name that `pnpm bench` is given. */
export const benches: Readonly<Record<string, BenchEntry>> = {
  start: { commands: ['crun', 'runc'], run: start },
  sandbox: { commands: ['crun', 'bwrap'], run: sandbox },
  podman: { commands: ['podman', 'crun'], run: podman },
  primitives: { commands: ['unshare'], run: primitives },
  cgroup: { commands: [], run: cgroup },
  memory: { commands: [], run: memory },
  pull: { commands: ['docker-registry', 'podman', 'skopeo', 'umoci'], run: pull },
  blob: { commands: ['docker-registry', 'skopeo', 'curl', 'sha256sum'], run: blob },
  unpack: { commands: ['tar', 'zstd', 'umoci'], run: unpack },
  'small-files': { commands: ['tar'], run: smallFiles },
  reading: { commands: ['mkfs.ext4', 'find'], run: reading },
  'layer-memory': { commands: [], run: layerMemory },
};
