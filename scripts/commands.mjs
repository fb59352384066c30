// What each command runs once the tools are there: argument lists for Node, one after the other.
const vitest = 'node_modules/vitest/vitest.mjs';
const biome = 'node_modules/@biomejs/biome/bin/biome';
const tsc = 'node_modules/typescript/bin/tsc';

export const commands = {
  demo: {
    needs: ['compiler', 'root', 'overlay', 'cgroups'],
    builds: true,
    steps: (args) => [['examples/demo/main.ts', ...args]],
  },
  test: {
    needs: ['compiler'],
    builds: true,
    steps: (args) => [[vitest, 'run', '--project=anywhere', '--project=kernel', ...args]],
  },
  'test:interop': {
    needs: ['compiler', 'root', 'overlay'],
    builds: true,
    steps: (args) => [[vitest, 'run', '--project=interop', ...args]],
  },
  'test:packages': {
    needs: ['compiler'],
    builds: true,
    steps: (args) => [[vitest, 'run', '--project=packages', ...args]],
  },
  check: {
    needs: ['compiler'],
    builds: true,
    steps: () => [[biome, 'check', '.'], [tsc, '-p', 'tsconfig.json'], ['scripts/check-packages.mjs']],
  },
  bench: {
    needs: ['compiler', 'root', 'overlay', 'cgroups'],
    builds: true,
    steps: (args) => [['bench/main.ts', ...args]],
  },
};
