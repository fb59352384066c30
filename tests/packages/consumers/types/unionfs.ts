import { Readable } from 'node:stream';
import { type AppliedLayer, applyLayer, type Mounted, mountOverlay, overlay, SnapshotStore } from '@estiba/unionfs';

export const applied: Promise<AppliedLayer> = applyLayer(Readable.from([]), '/tmp/tree', { whiteouts: 'overlay' });
export const skipped: Promise<readonly string[]> = applied.then((layer) => layer.skipped);
export const mounted: Promise<Mounted> = mountOverlay({ lower: ['/etc'], upper: '/u', work: '/w', target: '/t' });
export const steps = overlay({ lower: ['/etc'], target: '/t' });
export const names: Promise<string[]> = SnapshotStore.open('/tmp/store').then((store) => store.snapshots());

// @ts-expect-error a layer is a stream, not its path
applyLayer('/tmp/layer.tar', '/tmp/tree');
// @ts-expect-error no such form
applyLayer(Readable.from([]), '/tmp/tree', { whiteouts: 'ignore' });
// @ts-expect-error the lower directories are a list
overlay({ lower: '/etc', target: '/t' });
