import { defineConfig } from 'tsup';

// Types are emitted by tsc afterwards, so that they lead an editor into the sources.
export default defineConfig({
  // The second is the program of a thread, which is started by its path.
  entry: { index: 'src/index.ts', 'codec-thread-main': 'src/layer/codec-thread-main.ts' },
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
