import { stat } from 'node:fs/promises';
import { invalid } from './members.ts';

/** Whether a path can be read at any place, which a pipe cannot; to open one just to look takes its content from others. */
export async function isRegularFile(path: string): Promise<boolean> {
  const stats = await stat(path);
  if (stats.isDirectory()) throw invalid(path, 'it is a folder; an image layout is opened by ImageLayout.open');
  return stats.isFile();
}
