/** What an image runs on, in Go's words: `linux`, `amd64`, `v7`. https://github.com/opencontainers/image-spec/blob/main/image-index.md */
export interface Platform {
  os: string;
  architecture: string;
  variant?: string | undefined;
  'os.version'?: string | undefined;
  'os.features'?: string[] | undefined;
  [other: string]: unknown;
}

/**
 * One spelling for each platform, that of containerd: `x86_64` is `amd64`, `aarch64` is `arm64`, `macos` is `darwin`,
 * and the variant that goes without saying is left out, except of arm, where it is v7.
 * https://github.com/containerd/platforms/blob/main/database.go
 */
export function normalizePlatform(platform: Platform): Platform {
  const { os, architecture, variant: _, 'os.features': features = [], ...rest } = platform;
  const { name, variant } = normalizeArchitecture(architecture, platform.variant ?? '');
  return {
    ...rest,
    os: normalizeSystem(os),
    architecture: name,
    ...(variant === '' ? {} : { variant }),
    ...(features.length === 0 ? {} : { 'os.features': [...new Set(features)].sort() }),
  };
}

/** `linux/arm64/v8`; with `osOptions` also the version and the features of the system: `windows(10.0.17763+win32k)/amd64`. */
export function formatPlatform(platform: Platform, { osOptions = false }: { osOptions?: boolean } = {}): string {
  const { os, architecture, variant } = platform;
  if (os === '') return 'unknown';
  const options = osOptions ? formatOptions(platform) : '';
  return [os + options, architecture, variant ?? ''].filter((part) => part !== '').join('/');
}

export function normalizeSystem(os: string): string {
  const name = os.toLowerCase();
  if (name === 'macos') return 'darwin';
  // Containers are Linux, whatever this program itself runs on.
  return name === '' ? 'linux' : name;
}

export function normalizeArchitecture(architecture: string, variant: string): { name: string; variant: string } {
  const given = variant.toLowerCase();
  switch (architecture.toLowerCase()) {
    case 'i386':
      return { name: '386', variant: '' };
    case 'x86_64':
    case 'x86-64':
    case 'amd64':
      return { name: 'amd64', variant: given === 'v1' ? '' : given };
    case 'aarch64':
    case 'arm64':
      return { name: 'arm64', variant: arm64Variants.get(given) ?? given };
    case 'armhf':
      return { name: 'arm', variant: 'v7' };
    case 'armel':
      return { name: 'arm', variant: 'v6' };
    case 'arm':
      return { name: 'arm', variant: armVariants.get(given) ?? given };
    default:
      return { name: architecture.toLowerCase(), variant: given };
  }
}

// Maps, for the variant of a stranger may be `constructor`, which every object has.
const arm64Variants = new Map([
  ['8', ''],
  ['v8', ''],
  ['v8.0', ''],
  ['9', 'v9'],
  ['9.0', 'v9'],
  ['v9.0', 'v9'],
]);
const armVariants = new Map([
  ['', 'v7'],
  ['5', 'v5'],
  ['6', 'v6'],
  ['7', 'v7'],
  ['8', 'v8'],
]);

function formatOptions({ 'os.version': version = '', 'os.features': features = [] }: Platform): string {
  const named = [...new Set(features)].filter((feature) => feature !== '').sort();
  const text = [version, ...named].map(escapeOption).join('+');
  return text === '' ? '' : `(${text})`;
}

function escapeOption(text: string): string {
  return text.replace(/[%+()/]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
