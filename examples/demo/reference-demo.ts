import { pull } from './pull.ts';
import { runAttached } from './run-image.ts';
import { unpack } from './unpack.ts';
import type { Workspace } from './workspace.ts';

/** Any image of any registry; no command means the image's own. Returns the status of the command. */
export async function demoOfReference(
  workspace: Workspace,
  reference: string,
  command: readonly string[],
): Promise<number> {
  const image = await pull(workspace, reference);
  const rootfs = await unpack(workspace, image);
  return runAttached(workspace, { image, rootfs, command });
}
