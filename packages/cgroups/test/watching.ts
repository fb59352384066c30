import { watch } from 'node:fs';
import { afterAll } from 'vitest';
import { processesEnded } from '../src/lookout.ts';

// libuv keeps the one inotify descriptor of its loop, once it has been needed: what a test leaves is told by comparison.
if (process.platform === 'linux') watch('/', { persistent: false }).close();

// Of a watch that was aborted, or ended by itself, the process goes a moment later.
afterAll(processesEnded);
