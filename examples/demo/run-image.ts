import { text } from 'node:stream/consumers';
import type { Limits } from '@estiba/cgroups';
import type { Image } from '@estiba/image-spec';
import { run } from '@estiba/runtime';
import type { ExitStatus } from '@estiba/syscalls';
import type { OverlayOptions } from '@estiba/unionfs';
import type { Workspace } from './workspace.ts';

export interface RunRequest {
  readonly image: Image;
  readonly rootfs: OverlayOptions;
  /** Empty for the image's own. */
  readonly command: readonly string[];
}

const limits: Limits = { memory: { max: '64MiB', swap: 0 }, pids: { max: 16 } };
const roomy: Limits = { memory: { max: '512MiB' }, pids: { max: 256 } };

/** Run a command under the small limits, show what it printed, and check how it ended. */
export async function runAndTell(
  { stages, signal }: Workspace,
  stage: string,
  { image, rootfs, command }: RunRequest,
  check: (status: ExitStatus) => void,
): Promise<void> {
  const { status, output } = await stages.run(
    stage,
    async () => {
      await using container = await run(command, {
        rootfs,
        image: image.config,
        limits,
        signal,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const [status, ...output] = await Promise.all([
        container.wait(),
        allOf(container.stdout),
        allOf(container.stderr),
      ]);
      return { status, output: output.join('') };
    },
    (result) => `64 MiB of memory, 16 processes: ${describeEnd(result.status)}`,
  );
  if (output !== '') stages.show(firstLines(output, 8));
  signal.throwIfAborted();
  check(status);
}

/** Run a command on this terminal; resolves to its exit status, as a shell would tell it. */
export async function runAttached({ stages, signal }: Workspace, request: RunRequest): Promise<number> {
  const { image, rootfs, command } = request;
  const status = await stages.run(
    'run',
    async () => {
      await using container = await run(command, {
        rootfs,
        image: image.config,
        limits: roomy,
        signal,
        stdio: 'inherit',
      });
      return await container.wait();
    },
    (ended) => `512 MiB of memory, 256 processes: ${describeEnd(ended)}`,
  );
  signal.throwIfAborted();
  return status.exitCode ?? 1;
}

/** A demo that shows something else than it should has failed. */
export function shouldBe(status: ExitStatus, expected: Partial<ExitStatus>): void {
  const wrong = Object.entries(expected).filter(([key, value]) => status[key as keyof ExitStatus] !== value);
  if (wrong.length > 0)
    throw new Error(`the container should have ended with ${JSON.stringify(expected)}, but ${describeEnd(status)}`);
}

function describeEnd({ exitCode, signal, outOfMemory }: ExitStatus): string {
  const end = signal === null ? `it ended with status ${exitCode}` : `it was ended by ${signal}`;
  return outOfMemory ? `${end}, out of memory` : end;
}

function firstLines(output: string, count: number): string {
  const lines = output.trimEnd().split('\n');
  return lines.length <= count ? output : [...lines.slice(0, count), `… ${lines.length - count} more lines`].join('\n');
}

async function allOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  return stream === null ? '' : await text(stream);
}
