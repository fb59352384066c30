import { vitestArguments } from './vitest.mjs';

// What each command runs once the tools are there: argument lists for Node, one after the other.
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
    steps: (args) => [vitestArguments('host', ['anywhere', 'kernel'], args)],
  },
  'test:user': {
    needs: ['compiler', 'root'],
    builds: true,
    steps: (args) => [['scripts/ordinary-user.mjs', ...args]],
  },
  'test:interop': {
    needs: ['compiler', 'root', 'overlay'],
    builds: true,
    steps: (args) => [vitestArguments('interop', ['interop'], args)],
  },
  'test:packages': {
    needs: ['compiler'],
    builds: true,
    steps: (args) => [vitestArguments('packages', ['packages'], args)],
  },
  'test:uml': {
    needs: ['compiler', 'uml'],
    builds: true,
    steps: (args) => [['scripts/uml/main.mjs', ...args]],
  },
  'test:qemu': {
    needs: ['compiler', 'root', 'qemu'],
    builds: true,
    steps: (args) => [['scripts/qemu/main.mjs', ...args]],
  },
  'test:breaks': {
    needs: ['compiler', 'uml'],
    builds: true,
    steps: (args) => [['scripts/breaks/main.mjs', ...args]],
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
