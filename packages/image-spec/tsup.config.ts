import { globSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { defineConfig, type Options } from 'tsup';

type Plugin = NonNullable<Options['esbuildPlugins']>[number];

/** What `src/core.ts` is made of is in `dist/core.js`, and nowhere else. */
const oneCore: Plugin = {
  name: 'one-core',
  setup(build) {
    const core = resolve('src/core.ts');
    const parts = [...readFileSync(core, 'utf8').matchAll(/from '(.+)';/g)].map(([, path = '']) =>
      resolve('src', path),
    );
    build.onResolve({ filter: /^\.\.?\// }, ({ path, importer }) => {
      const inside = importer === core || parts.includes(importer);
      return !inside && parts.includes(resolve(dirname(importer), path))
        ? { path: './core.js', external: true }
        : undefined;
    });
  },
};

/**
 * What is imported from Node is taken from it when it is used, not when the package is imported: it would need another 10 ms
 * to load it all, of which whoever only parses a name has nothing. To esbuild each of these modules is a CommonJS module,
 * whose members it looks up at every use; here they are getters.
 */
const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path, kind, importer }) =>
      kind === 'dynamic-import' ? { path, external: true } : { path, namespace: 'lazy-builtin', pluginData: importer },
    );
    build.onLoad({ filter: /^/, namespace: 'lazy-builtin' }, ({ path, pluginData: importer }) => {
      const code = `for (const key of ${JSON.stringify(namesTakenFrom(path))})
        Object.defineProperty(exports, key, { enumerable: true, get: () => process.getBuiltinModule(${JSON.stringify(path)})[key] });`;
      const source = relative(resolve(build.initialOptions.outdir ?? 'dist'), importer);
      return { contents: `${code}\n${sourceMapTo(source)}`, loader: 'js' };
    });
  },
};

/** All names that any of the sources imports from a module. By another way than by name none would be found. */
function namesTakenFrom(module: string): string[] {
  const sources = globSync('src/**/*.ts').map((file) => readFileSync(file, 'utf8'));
  const imports = sources.flatMap((text) => [...text.matchAll(/^import (?!type )([^;]*) from '([^']+)';/gm)]);
  const lists = imports.flatMap(([, list = '', from]) => (from === module ? [list.trim()] : []));
  const odd = lists.find((list) => !/^\{[^}]*\}$/.test(list));
  if (odd !== undefined) throw new Error(`cannot load ${module} late: "import ${odd}" is not by name`);
  const names = lists.flatMap((list) => list.slice(1, -1).split(',')).map((item) => item.trim().split(' as ')[0] ?? '');
  return [...new Set(names)].filter((name) => name !== '' && !name.startsWith('type '));
}

/** To a debugger the getters are the first line of the file that imports the module. */
function sourceMapTo(path: string): string {
  const map = JSON.stringify({ version: 3, sources: [path], names: [], mappings: 'AAAA' });
  return `//# sourceMappingURL=data:application/json;base64,${Buffer.from(map).toString('base64')}`;
}

// Types are emitted by tsc afterwards, so that they lead an editor into the sources.
export default defineConfig({
  // The small doors all lead to the core, each with types of its own: a further file would take longer to find than the core.
  entry: { index: 'src/index.ts', core: 'src/core.ts' },
  format: ['esm'],
  splitting: false,
  esbuildPlugins: [oneCore, lazyBuiltins],
  // What Node has to read before it can begin. Names and lines stay, for those who read stack traces. The sources are in the
  // package: the map need not repeat them.
  esbuildOptions(options) {
    Object.assign(options, { minifyWhitespace: true, minifySyntax: true, lineLimit: 120, sourcesContent: false });
  },
  // The plugin decides about them; tsup would take the prefix away before it sees them.
  removeNodeProtocol: false,
  dts: false,
  clean: true,
  sourcemap: true,
  target: 'node22',
});
