import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from './project-files.ts';

it('every example is a screen at most, and begins with a sentence', () => {
  for (const name of readdirSync(join(root, 'examples')).filter((file) => file.endsWith('.ts'))) {
    const lines = readFileSync(join(root, 'examples', name), 'utf8').split('\n');
    expect(lines.length, name).toBeLessThanOrEqual(45);
    expect(lines[0], name).toMatch(/^\/\/ .*[.:]$|^\/\/ .*,$/);
  }
});
