/** What is executed, and how: from the image's config and what the caller says on top. */

import type { ImageConfig } from '@estiba/image-spec';
import { defaultPath } from '@estiba/syscalls';
import { RuntimeError } from './runtime-error.ts';

export interface ProcessOptions {
  /** Defaults for everything below, as `docker run` takes them from the image. */
  readonly image?: ImageConfig;
  /** Instead of the image's; `[]` for none. */
  readonly entrypoint?: readonly string[];
  /** `user`, `uid`, `user:group` or `uid:gid`; names are looked up in the container. */
  readonly user?: string;
  /** Made if it is not there. */
  readonly cwd?: string;
  /** Added to the image's. */
  readonly env?: Readonly<Record<string, string>>;
  readonly hostname?: string;
}

export interface ContainerProcess {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly user: string;
}

/**
 * Docker's rules: a command replaces the image's Cmd, the Entrypoint stays in front of it; with an entrypoint of the
 * caller's the image's Cmd does not apply. https://github.com/opencontainers/image-spec/blob/main/conversion.md
 */
export function processOf(command: readonly string[], options: ProcessOptions): ContainerProcess {
  const config = options.image?.config ?? {};
  const entrypoint = options.entrypoint ?? config.Entrypoint ?? [];
  const rest = command.length > 0 || options.entrypoint !== undefined ? command : (config.Cmd ?? []);
  const args = [...entrypoint, ...rest];
  if (args.length === 0) {
    throw new RuntimeError(
      'COMMAND_MISSING',
      'nothing to run: no command was given, and the image names neither Entrypoint nor Cmd',
    );
  }
  const cwd = options.cwd ?? (config.WorkingDir || '/');
  if (!cwd.startsWith('/'))
    throw new RuntimeError('OPTIONS_INVALID', `the working directory must be absolute: ${JSON.stringify(cwd)}`);
  return { args, env: environment(config.Env ?? [], options), cwd, user: options.user ?? config.User ?? '' };
}

function environment(image: readonly string[], options: ProcessOptions): Record<string, string> {
  // An entry without a value sets nothing.
  const pairs = image
    .filter((entry) => entry.indexOf('=') > 0)
    .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]);
  const { hostname, env } = options;
  return {
    PATH: defaultPath,
    ...(hostname !== undefined && { HOSTNAME: hostname }),
    ...Object.fromEntries(pairs),
    ...env,
  };
}
