import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImageLayout } from '@estiba/image-spec';
import { SnapshotStore } from '@estiba/unionfs';
import type { Stages } from './stages.ts';

/** Where the demo keeps everything: one temporary folder, removed at the end whatever happens. */
export class Workspace implements AsyncDisposable {
  readonly directory: string;
  /** Images as pulled: blobs by digest. */
  readonly images: ImageLayout;
  /** Layers as unpacked. */
  readonly snapshots: SnapshotStore;
  readonly stages: Stages;
  readonly signal: AbortSignal;

  private constructor(directory: string, stores: Pick<Workspace, 'images' | 'snapshots'>, options: WorkspaceOptions) {
    this.directory = directory;
    this.images = stores.images;
    this.snapshots = stores.snapshots;
    this.stages = options.stages;
    this.signal = options.signal;
  }

  static async create(options: WorkspaceOptions): Promise<Workspace> {
    const directory = await mkdtemp(join(tmpdir(), `estiba-${process.pid}-demo-`));
    // A demo may forget after a power cut.
    const images = await ImageLayout.open(join(directory, 'images'), { fsync: false });
    const snapshots = await SnapshotStore.open(join(directory, 'layers'));
    return new Workspace(directory, { images, snapshots }, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Their layers may be mounted as long as they are there.
    for (const name of await this.snapshots.snapshots()) await (await this.snapshots.snapshot(name)).remove();
    await rm(this.directory, { recursive: true, force: true });
  }
}

interface WorkspaceOptions {
  readonly stages: Stages;
  /** Stops whatever is being done. */
  readonly signal: AbortSignal;
}
