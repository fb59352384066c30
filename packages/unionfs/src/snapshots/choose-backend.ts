import { erofsSupport } from '../erofs/erofs-support.ts';
import { overlayNamespace } from '../overlay-namespace.ts';
import { UnionfsError } from '../unionfs-error.ts';
import type { Backend, BackendName } from './backend.ts';
import { directoryBackend } from './directory-backend.ts';
import { erofsBackend } from './erofs-backend.ts';
import type { Workplace } from './workplace.ts';

export interface ChosenBackend {
  readonly name: BackendName;
  /** Why this one, in a sentence. */
  readonly reason: string;
}

/** What a layer was stored by decides how it is mounted, whatever a store takes for new ones. */
export const backends: Readonly<Record<BackendName, Backend>> = { directory: directoryBackend, erofs: erofsBackend };

/** Throws NAME_INVALID for what a program without types may ask for. */
export function checkBackend(wish: string): asserts wish is 'auto' | BackendName {
  if (wish === 'auto' || Object.hasOwn(backends, wish)) return;
  const which = `there are 'auto', 'erofs' and 'directory'`;
  throw new UnionfsError('NAME_INVALID', `cannot store layers by the backend ${JSON.stringify(wish)}: ${which}`);
}

/** In which form new layers are stored; found out by trying. */
export async function chooseBackend(wish: 'auto' | BackendName, workplace: Workplace): Promise<ChosenBackend> {
  if (wish === 'directory') return { name: 'directory', reason: 'the directory form was asked for' };
  await using trial = await workplace.begin();
  const support = await erofsSupported(trial.path);
  if (support.supported && support.through === 'file') {
    return { name: 'erofs', reason: 'this kernel mounts files as EROFS: a layer is one file, and is not unpacked' };
  }
  if (support.supported) {
    if (wish === 'erofs')
      return { name: 'erofs', reason: 'the erofs form was asked for; each layer takes a loop device' };
    return { name: 'directory', reason: 'EROFS would take a loop device for each layer here, as on tmpfs' };
  }
  if (wish === 'auto') return { name: 'directory', reason: `EROFS cannot be used: ${support.reason}` };
  throw new UnionfsError(
    'OVERLAY_UNSUPPORTED',
    `cannot store layers in the erofs form: ${support.reason}; use the backend 'directory'`,
  );
}

async function erofsSupported(trial: string): ReturnType<typeof erofsSupport> {
  // Its marks are those that only root of the machine can read.
  if (overlayNamespace() === 'trusted') return await erofsSupport(trial);
  return { supported: false, reason: 'it takes root with CAP_SYS_ADMIN over the machine' };
}
