/** Mounts as whoever runs the tests may make them, seen by nobody else: by root, or by root of a user namespace. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execve, Fd, launch, mount, type Program, pause, writeFile } from '@estiba/syscalls';
import type { TreeOptions } from './tree.ts';

const isRoot = process.geteuid?.() === 0;

/** What a group of tests requires for it. */
export const mounting = { overlay: true, ...(isRoot ? { root: true } : { userNamespaces: true }) } as const;

/** What an overlay needs to be told there. */
export const overlayOptions: readonly string[] = isRoot ? [] : ['userxattr'];

/** Where an overlay finds its marks then. */
export const attributes = isRoot ? 'trusted' : 'user';

/** What a shell prints that runs after the program. */
export function shell(program: Program, script: string): Promise<string> {
  return output([program, execve('/bin/sh', ['sh', '-ec', script], { PATH: '/usr/bin:/bin' })]);
}

/** The trees of files at these paths, after the program. */
export async function trees(
  program: Program,
  paths: readonly string[],
  options: TreeOptions = {},
): Promise<string[][]> {
  const fixture = join(import.meta.dirname, 'fixtures/trees.ts');
  const args = ['node', '--conditions=estiba-source', fixture, JSON.stringify({ paths, options })];
  return JSON.parse(await output([program, execve(process.execPath, args)]));
}

/** A user namespace in which id 0 and those that follow are, outside, `first` and those that follow; for root. */
export async function userNamespace(first: number): Promise<Fd> {
  const map = ({ pid }: { readonly pid: number }) => {
    for (const name of ['gid_map', 'uid_map']) writeFileSync(`/proc/${pid}/${name}`, `0 ${first} 65536\n`);
  };
  const command = execve('/bin/sleep', ['sleep', '20']);
  await using child = await launch([pause('map ids'), command], { clone: ['user'], at: { 'map ids': map } });
  // It lives as long as somebody has it open.
  return Fd.open(`/proc/${child.pid}/ns/user`);
}

async function output(program: Program): Promise<string> {
  const alone = mount({ target: '/', flags: ['private', 'rec'] });
  await using child = await launch([isRoot ? [] : becomeRoot(), alone, program], {
    clone: isRoot ? ['mount'] : ['user', 'mount'],
    stdio: 'pipe',
    signal: AbortSignal.timeout(20_000),
  });
  let text = '';
  for await (const part of child.stdout as NodeJS.ReadableStream) text += part;
  for await (const part of child.stderr as NodeJS.ReadableStream) text += part;
  const { exitCode } = await child.wait();
  if (exitCode !== 0) throw new Error(`ended with ${exitCode}: ${text}`);
  return text;
}

/** Of the user namespace that it has just been put into. user_namespaces(7) */
function becomeRoot(): Program {
  return [
    writeFile('/proc/self/setgroups', 'deny'),
    writeFile('/proc/self/gid_map', `0 ${process.getegid?.()} 1\n`),
    writeFile('/proc/self/uid_map', `0 ${process.geteuid?.()} 1\n`),
  ];
}
