import { z } from 'zod';
import { ImageSpecError } from './error.ts';

/** What an image runs on, in Go's words: `linux`, `amd64`, `v7`. https://github.com/opencontainers/image-spec/blob/main/image-index.md */
export const Platform = z.looseObject({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().optional(),
  'os.version': z.string().optional(),
  'os.features': z.array(z.string()).optional(),
});
export type Platform = z.infer<typeof Platform>;

/** Reads `linux/arm64/v8`, `linux/amd64` or an architecture alone. Throws PLATFORM_INVALID. */
export function parsePlatform(text: string): Platform {
  const parts = text.split('/');
  if (parts.length > 3 || parts.some((part) => !/^[A-Za-z0-9_.-]+$/.test(part))) {
    throw new ImageSpecError(
      'PLATFORM_INVALID',
      `cannot read platform ${JSON.stringify(text)}: it looks like os/architecture or os/architecture/variant`,
    );
  }
  const [os, architecture, variant] = parts.length === 1 ? ['linux', parts[0]] : parts;
  return normalizePlatform({ os: os ?? '', architecture: architecture ?? '', ...(variant ? { variant } : {}) });
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant ? [variant] : [])].join('/');
}

/** One spelling for each platform: `x86_64` is `amd64`, `aarch64` is `arm64`, and the variant that goes without saying is left out. */
export function normalizePlatform(platform: Platform): Platform {
  const { os, architecture, variant, ...rest } = platform;
  const [name, implied] = aliases[architecture.toLowerCase()] ?? [architecture.toLowerCase(), undefined];
  const level = variantOf(name, (variant || implied)?.toLowerCase());
  return { ...rest, os: os.toLowerCase(), architecture: name, ...(level === undefined ? {} : { variant: level }) };
}

/** Linux on this machine's processor: containers are Linux, whatever this program itself runs on. */
export function hostPlatform(): Platform {
  const architecture = nodeArchitectures[process.arch] ?? process.arch;
  const variables = process.config.variables as { arm_version?: string | number };
  const variant = architecture === 'arm' && variables.arm_version ? { variant: `v${variables.arm_version}` } : {};
  return normalizePlatform({ os: 'linux', architecture, ...variant });
}

const aliases: Record<string, readonly [string, string?]> = {
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  x64: ['amd64'],
  i386: ['386'],
  i486: ['386'],
  i586: ['386'],
  i686: ['386'],
  aarch64: ['arm64'],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
  armv7l: ['arm', 'v7'],
  armv6l: ['arm', 'v6'],
};

const nodeArchitectures: Partial<Record<NodeJS.Architecture, string>> = {
  x64: 'amd64',
  ia32: '386',
  ppc64: 'ppc64le',
  mipsel: 'mipsle',
  loong64: 'loong64',
};

const unsaid: Record<string, string> = { arm64: 'v8', amd64: 'v1' };

function variantOf(architecture: string, variant: string | undefined): string | undefined {
  if (architecture === 'arm' && !variant) return 'v7';
  const named = variant && /^\d/.test(variant) ? `v${variant}` : variant;
  return named === unsaid[architecture] ? undefined : named || undefined;
}
