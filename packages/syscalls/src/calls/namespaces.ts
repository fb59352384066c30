import { bits, type CloneFlag, cloneFlags } from '../flags.ts';
import { type Arg, type Call, type Step, syscall } from '../program.ts';
import { close, open } from './files.ts';

/** Leave namespaces for new ones; a new pid namespace is entered by the next child only. unshare(2) */
export function unshare(...kinds: readonly CloneFlag[]): Call {
  return { ...syscall('unshare', bits(cloneFlags, kinds)), label: `new namespaces: ${kinds.join(', ')}` };
}

/** Join a namespace: an open descriptor of it, or a path such as `/proc/1/ns/net`. setns(2) */
export function setns(namespace: Exclude<Arg, string> | string, kind: CloneFlag): Step[] {
  const flag = cloneFlags[kind];
  if (typeof namespace !== 'string') return [{ ...syscall('setns', namespace, flag), label: `join ${kind} namespace` }];
  const file: Call = { ...open(namespace), label: `open ${namespace}` };
  return [file, { ...syscall('setns', file, flag), label: `join ${namespace}` }, close(file)];
}

/** sethostname(2); at most 64 bytes. Needs CAP_SYS_ADMIN over the uts namespace. */
export function sethostname(name: string): Call {
  return { ...syscall('sethostname', name, Buffer.byteLength(name)), label: `set the host name to ${name}` };
}
