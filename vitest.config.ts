import { defineConfig } from 'vitest/config';

// Tests run from the sources: `estiba-source` is the export condition that leads there instead of to dist.
const fromSources = {
  ssr: { resolve: { conditions: ['estiba-source'], externalConditions: ['estiba-source'] } },
  resolve: { conditions: ['estiba-source'] },
};
// Alone, after the others, and each file in a process of its own: what is left behind then has one culprit.
const alone = { pool: 'forks' as const, fileParallelism: false, setupFiles: ['./tests/kernel-setup.ts'] };

export default defineConfig({
  test: {
    coverage: { provider: 'v8', include: ['packages/*/src/**/*.ts'] },
    projects: [
      {
        ...fromSources,
        test: {
          name: 'anywhere',
          include: ['packages/*/test/**/*.test.ts', 'tests/*.test.ts'],
          exclude: ['**/node_modules/**', '**/*.kernel.test.ts'],
          sequence: { groupOrder: 0 },
          maxWorkers: '100%',
          testTimeout: 20_000,
        },
      },
      {
        ...fromSources,
        test: {
          name: 'kernel',
          include: ['packages/*/test/**/*.kernel.test.ts', 'tests/{,machines/}*.kernel.test.ts'],
          ...alone,
          sequence: { groupOrder: 1 },
          testTimeout: 30_000,
          hookTimeout: 60_000,
          // In a guest a program may take a second to start, and several when the host is busy.
          expect: { poll: { timeout: 10_000 } },
        },
      },
      {
        ...fromSources,
        test: {
          // Side by side with programs that are not ours.
          name: 'interop',
          include: ['tests/interop/**/*.test.ts'],
          ...alone,
          sequence: { groupOrder: 2 },
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          // The packages as their users get them: packed, installed, imported on every Node we promise.
          name: 'packages',
          include: ['tests/packages/**/*.test.ts'],
          globalSetup: ['./tests/packages/setup.ts'],
          fileParallelism: false,
          sequence: { groupOrder: 3 },
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
