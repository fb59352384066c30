import { existsSync, statSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { scratch } from '../src/index.ts';

it('a scratch folder is gone, with what is in it, when its scope ends', async () => {
  let path: string;
  {
    await using folder = scratch('scope');
    path = folder.path;
    writeFileSync(folder.join('a'), '');
    expect(statSync(path).mode & 0o777).toBe(0o755);
    expect(path).toContain(`estiba-${process.pid}-scope-`);
  }
  expect(existsSync(path)).toBe(false);
});
