import { defineConfig } from 'tsup';

// Types are emitted by tsc afterwards, so that they lead an editor into the sources.
export default defineConfig({
  // Processes that tests start make archives too, and have no vitest.
  entry: ['src/index.ts', 'src/archive.ts'],
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
