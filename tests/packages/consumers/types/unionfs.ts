import { Readable } from 'node:stream';
import { Fd } from '@estiba/syscalls';
import {
  type AppliedLayer,
  applyLayer,
  bind,
  type Mounted,
  type MountPoint,
  mountBind,
  mountOverlay,
  mountsBelow,
  mountTmpfs,
  overlay,
  SnapshotStore,
  tmpfs,
  type Usage,
  unmountBelow,
  type Volume,
  VolumeStore,
} from '@estiba/unionfs';

export const applied: Promise<AppliedLayer> = applyLayer(Readable.from([]), '/tmp/tree', { whiteouts: 'overlay' });
export const skipped: Promise<readonly string[]> = applied.then((layer) => layer.skipped);
export const mounted: Promise<Mounted> = mountOverlay({
  lower: ['/etc'],
  upper: '/u',
  work: '/w',
  target: '/t',
  volatile: true,
  xino: 'auto',
  redirectDir: 'off',
  lowerIdmap: new Fd(3),
});
export const bound: Promise<Mounted> = mountBind('/etc', '/t', {
  readonly: true,
  recursive: true,
  attributes: ['nosuid', 'noatime'],
  idmap: '/proc/1/ns/user',
});
export const memory: Promise<Mounted> = mountTmpfs('/t', { size: 65536, inodes: 10, uid: 0, huge: 'never' });
export const below: Promise<MountPoint[]> = mountsBelow('/t');
export const gone: Promise<string[]> = unmountBelow('/t', { detach: true });
export const steps = [overlay({ lower: ['/etc'], target: '/t' }), bind('/a', '/b'), tmpfs('/t', { size: '1m' })];
export const names: Promise<string[]> = SnapshotStore.open('/tmp/store').then((store) => store.snapshots());

export async function volume(): Promise<Usage> {
  const store = await VolumeStore.open('/tmp/volumes', { durable: false });
  const made: Volume = await store.create('db', { labels: { app: 'shop' } });
  const anonymous: boolean = (await store.create()).anonymous;
  const copied: boolean = await made.populate('/var/lib/db', { root: new Fd(3), signal: AbortSignal.timeout(1000) });
  const { removed, bytes }: { removed: string[]; bytes: number } = await store.prune({ keep: [made.name] });
  made.bind('/t', { readonly: copied || anonymous || removed.length > bytes });
  // @ts-expect-error a volume is found by its name
  await store.volume(made);
  return await made.usage();
}

// @ts-expect-error a layer is a stream, not its path
applyLayer('/tmp/layer.tar', '/tmp/tree');
// @ts-expect-error no such form
applyLayer(Readable.from([]), '/tmp/tree', { whiteouts: 'ignore' });
// @ts-expect-error the lower directories are a list
overlay({ lower: '/etc', target: '/t' });
// @ts-expect-error no such attribute of a bind
bind('/a', '/b', { attributes: ['idmap'] });
// @ts-expect-error a descriptor is an Fd: a launched process has other numbers
bind('/a', '/b', { idmap: 3 });
