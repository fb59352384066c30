import { closeSync, openSync, readSync } from 'node:fs';
import { normalizePlatform, type Platform } from './platform.ts';

let host: Platform | undefined;

/**
 * Linux on this machine's processor: containers are Linux, whatever this program itself runs on. Where Linux tells it,
 * with the variant: v1 to v4 of amd64, v5 to v8 of arm. It is looked up once.
 */
export function hostPlatform(): Platform {
  host ??= Object.freeze(platformOf(process.arch, process.platform === 'linux' ? readCpuInfo() : ''));
  return { ...host };
}

/** The platform of a processor, by Node's name for it and the text of `/proc/cpuinfo`. */
export function platformOf(arch: string, cpuInfo: string): Platform {
  const architecture = architectures[arch] ?? arch;
  const variant = variants[architecture]?.(cpuInfo) ?? '';
  return normalizePlatform({ os: 'linux', architecture, variant });
}

const architectures: Partial<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  // Node runs on the little-endian ones alone.
  ppc64: 'ppc64le',
  mipsel: 'mipsle',
};

const variants: Partial<Record<string, (cpuInfo: string) => string>> = {
  amd64: (cpuInfo) => {
    const flags = new Set(fieldOf(cpuInfo, 'flags')?.split(/\s+/));
    const missing = amd64Levels.findIndex((needed) => !needed.split(' ').every((flag) => flags.has(flag)));
    return `v${missing === -1 ? amd64Levels.length + 1 : missing + 1}`;
  },
  arm: (cpuInfo) => {
    const told = fieldOf(cpuInfo, 'cpu architecture') ?? armVersion();
    // The kernel calls the ARMv6 of the first Raspberry Pi 7. https://github.com/containerd/platforms/blob/main/cpuinfo_linux.go
    const old = told === '7' && /^armv6-compatible/i.test(fieldOf(cpuInfo, 'model name') ?? '');
    const [digit] = old ? ['6'] : (/^[3-8]/.exec(told) ?? (/^aarch64/i.test(told) ? ['8'] : ['7']));
    return `v${digit}`;
  },
};

/** What levels 2, 3 and 4 add, in the kernel's words. https://gitlab.com/x86-psABIs/x86-64-ABI, section 3.1.1 */
const amd64Levels = [
  'cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3',
  'avx avx2 bmi1 bmi2 f16c fma abm movbe xsave',
  'avx512f avx512bw avx512cd avx512dq avx512vl',
];

/** The version that Node was built for. */
function armVersion(): string {
  const { arm_version: version = 7 } = process.config.variables as { arm_version?: string | number };
  return String(version);
}

/** Of the first processor; the others are alike. */
function fieldOf(cpuInfo: string, name: string): string | undefined {
  for (const line of cpuInfo.split('\n')) {
    const colon = line.indexOf(':');
    if (colon !== -1 && line.slice(0, colon).trim().toLowerCase() === name) return line.slice(colon + 1).trim();
  }
  return undefined;
}

/** The beginning, which holds the first processor: the file grows by 1.5 kB with each, and the kernel writes it on reading. */
function readCpuInfo(): string {
  let file: number | undefined;
  try {
    file = openSync('/proc/cpuinfo', 'r');
    const bytes = Buffer.alloc(8192);
    return bytes.toString('latin1', 0, readSync(file, bytes));
  } catch {
    // A sandbox may hide it: the lowest variant then.
    return '';
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
