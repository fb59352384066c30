import { defineConfig } from 'tsup';

// Types are emitted by tsc afterwards, so that they lead an editor into the sources.
export default defineConfig({
  entry: { index: 'src/index.ts', cli: 'src/cli/main.ts' },
  // The program and the library share what both need.
  splitting: true,
  format: ['esm'],
  dts: false,
  clean: true,
  sourcemap: true,
  // The sources are in the package: the map need not repeat them.
  esbuildOptions(options) {
    options.sourcesContent = false;
  },
  target: 'node22',
});
