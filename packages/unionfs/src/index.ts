export { type CompressedLayer, type CompressOptions, compressLayer } from './compress/compress-layer.ts';
export { type ChangesOptions, type DiffOptions, diffLayer, type UpperOptions } from './diff/diff-layer.ts';
export type { PackedOwner } from './diff/owners.ts';
export { packTree } from './diff/pack-tree.ts';
export type { PackOptions } from './diff/packer.ts';
export { type ErofsSupport, erofsSupport } from './erofs/erofs-support.ts';
export { erofsOrigin, exportTar } from './erofs/export-tar.ts';
export { type ErofsOptions, writeErofs } from './erofs/write-erofs.ts';
export { type AppliedLayer, type ApplyOptions, applyLayer } from './layer/apply-layer.ts';
export type { IdMaps, IdRange, Owner } from './layer/owners.ts';
export { mountBind } from './mount-bind.ts';
export { type Mounted, mountOverlay } from './mount-overlay.ts';
export { mountTmpfs } from './mount-tmpfs.ts';
export type { MountPoint } from './mounts/mountinfo.ts';
export { mountsBelow, unmountBelow } from './mounts/mounts-below.ts';
export type { BackendName } from './snapshots/backend.ts';
export type { ChosenBackend } from './snapshots/choose-backend.ts';
export type { Snapshot, SnapshotDiffOptions } from './snapshots/snapshot.ts';
export {
  type CommitOptions,
  type LeftMount,
  type Pruned,
  type PruneOptions,
  SnapshotStore,
  type StoredLayer,
  type StoreOptions,
} from './snapshots/snapshot-store.ts';
export type { PrepareOptions } from './snapshots/snapshots.ts';
export type { BindAttribute, Propagation } from './steps/attributes.ts';
export { type BindOptions, bind } from './steps/bind.ts';
export { devices } from './steps/devices.ts';
export { type ErofsMountOptions, erofs, erofsTree } from './steps/erofs.ts';
export { type DetachedMount, type OverlayOptions, overlay, overlayTree } from './steps/overlay.ts';
export { pivotRoot } from './steps/pivot-root.ts';
export { symlink } from './steps/symlink.ts';
export { type TmpfsOptions, tmpfs, tmpfsTree } from './steps/tmpfs.ts';
export type { UserNamespace } from './steps/user-namespace.ts';
export { type NewEntry, TarWriter } from './tar/tar-writer.ts';
export { UnionfsError, type UnionfsErrorCode } from './unionfs-error.ts';
export type { Labels } from './volumes/labels.ts';
export type { Usage } from './volumes/usage.ts';
export type { PopulateOptions, Volume } from './volumes/volume.ts';
export {
  type PrunedVolumes,
  type VolumeOptions,
  VolumeStore,
  type VolumeStoreOptions,
} from './volumes/volume-store.ts';
