import { defineConfig } from 'vitest/config';

// Tests run from the sources: `estiba-source` is the export condition that leads there instead of to dist.
const fromSources = {
  ssr: { resolve: { conditions: ['estiba-source'], externalConditions: ['estiba-source'] } },
  resolve: { conditions: ['estiba-source'] },
};
const tests = ['packages/*/test/**', 'tests/**'];

export default defineConfig({
  test: {
    coverage: { provider: 'v8', include: ['packages/*/src/**/*.ts'] },
    projects: [
      {
        ...fromSources,
        test: {
          name: 'anywhere',
          include: tests.map((folder) => `${folder}/*.test.ts`),
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
          include: tests.map((folder) => `${folder}/*.kernel.test.ts`),
          // Alone, after the others, and each in a process of its own: what is left behind then has one culprit.
          pool: 'forks',
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          setupFiles: ['./tests/kernel-setup.ts'],
          testTimeout: 30_000,
        },
      },
    ],
  },
});
