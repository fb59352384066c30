/** What is on its way needs no more memory, however large it is. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Registry } from '@estiba/registry';
import { expect, test } from 'vitest';
import { makeImage, scratchLayout } from './fixture.ts';

test.each(['push', 'copy'] as const)('a %s of 100 MB holds a tenth of it at most', async (what) => {
  await using layout = await scratchLayout();
  await using kept = await scratchLayout();
  await using registry = await Registry.start();
  await using target = await Registry.start({ storage: kept });
  const image = await makeImage(layout, [100_000_000]);
  const from = what === 'push' ? layout.directory : await registry.add('demo/app:1', layout, image);
  const script = fileURLToPath(new URL('moving-process.ts', import.meta.url));
  const argv = ['--conditions=estiba-source', script, what, from, `${target.host}/moved:1`, JSON.stringify(image)];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  const most = Number(await text(child.stdout));
  // It was looked at; it may be less than in the beginning.
  expect(most).toSatisfy(Number.isFinite);
  expect(most).toBeLessThan(10_000_000);
});
