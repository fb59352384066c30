/** The two ways to run a container. Most of what is true of one is true of the other, and is tested with both. */
import type { NamespaceKind } from '@estiba/namespaces';
import type { Child, ExitStatus } from '@estiba/syscalls';
import type { Needs } from '@estiba/testkit';
import { type RunOptions, run } from '../src/index.ts';
import { output } from './output.ts';

export interface Way {
  /** Ends a title: `a container of root`. */
  readonly of: string;
  readonly needs: Needs;
  readonly rootless: boolean;
  readonly namespaces: readonly NamespaceKind[];
  run(command: readonly string[], options: RunOptions): Promise<Child>;
  /** A shell's whole life. */
  sh(script: string, options: RunOptions): Promise<ExitStatus & { stdout: string; stderr: string }>;
}

const six: readonly NamespaceKind[] = ['pid', 'mount', 'uts', 'ipc', 'network', 'cgroup'];

export const asRoot: Way = way('of root', { root: true }, six);

/** Whoever runs the tests: for root it is a container that could do less, for others the only one. */
export const inUserNamespace: Way = way('of anybody', { userNamespaces: true, command: 'busybox' }, ['user', ...six]);

export const ways: readonly Way[] = [asRoot, inUserNamespace];

function way(of: string, needs: Needs, namespaces: readonly NamespaceKind[]): Way {
  const start = (command: readonly string[], options: RunOptions) => run(command, { namespaces, ...options });
  return {
    of,
    needs,
    rootless: namespaces.includes('user'),
    namespaces,
    run: start,
    sh: (script, options) => output(start(['sh', '-c', script], options)),
  };
}
