import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

// What tools make, and Git.
const made = new Set(['node_modules', 'dist', '.git', 'coverage', 'linux-x64', 'linux-arm64']);

export interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly engines?: Record<string, string>;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly license?: string;
}

/** Folder names below packages/. */
export const packages = readdirSync(join(root, 'packages')).filter((name) => filesBelow(`packages/${name}`).length > 0);

export function manifestOf(name: string): Manifest {
  return JSON.parse(read(`packages/${name}/package.json`)) as Manifest;
}

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** Every file of the project that people wrote, as a path from its root. */
export function filesBelow(directory = ''): string[] {
  return readdirSync(join(root, directory), { withFileTypes: true }).flatMap((entry) => {
    if (made.has(entry.name)) return [];
    const path = join(directory, entry.name);
    return entry.isDirectory() ? filesBelow(path) : entry.isFile() ? [path] : [];
  });
}

/** What a source file imports or exports again from elsewhere, static or not. */
export function importsOf(path: string): string[] {
  const text = withoutComments(read(path));
  const statements = /(?:^|[;\s])(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]|import\s*\(?\s*['"]([^'"]+)['"]/g;
  return [...text.matchAll(statements)].map(([, from, direct]) => from ?? direct ?? '');
}

export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
}
