import { createInterface } from 'node:readline';
import { type Child, command, launch } from '@estiba/syscalls';
import type { Cgroup } from '../src/index.ts';

const script = `
  while read -r access device; do
    case $device in null) minor=3;; zero) minor=5;; full) minor=7;; *) exit 9;; esac
    case $access in
      r) (: < /dev/$device) 2>&- ;;
      w) (: > /dev/$device) 2>&- ;;
      rw) (: <> /dev/$device) 2>&- ;;
      m) mknod "$1/$device" c 1 $minor 2>&- && rm "$1/$device" ;;
    esac && echo yes || echo no
  done`;

/** A process in the cgroup that opens and makes null, zero and full when it is told to, and says how it went. */
export async function startProbe(group: Cgroup, folder: string): Promise<Probe> {
  const child = await launch([group.join(), command(['sh', '-c', script, 'sh', folder])], {
    stdio: ['pipe', 'pipe', 'inherit'],
    signal: AbortSignal.timeout(100_000),
  });
  return new Probe(child);
}

class Probe implements AsyncDisposable {
  readonly #child: Child;
  readonly #answers: AsyncIterator<string>;

  constructor(child: Child) {
    if (child.stdout === null) throw new Error('the probe has no output');
    this.#child = child;
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** `rw null` */
  async may(access: string): Promise<boolean> {
    this.#child.stdin?.write(`${access}\n`);
    const { value } = await this.#answers.next();
    if (value !== 'yes' && value !== 'no') throw new Error(`the probe has ended: ${value}`);
    return value === 'yes';
  }

  /** Those of these that it may, one after the other. */
  async allowed(...asked: string[]): Promise<string[]> {
    const allowed: string[] = [];
    for (const each of asked) if (await this.may(each)) allowed.push(each);
    return allowed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }
}
