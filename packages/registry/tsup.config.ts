import { defineConfig } from 'tsup';

// Types are emitted by tsc afterwards, so that they lead an editor into the sources.
export default defineConfig({
  entry: ['src/index.ts'],
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
