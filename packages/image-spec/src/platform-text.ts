import { ImageSpecError } from './error.ts';
import { architectures, systems } from './go-platforms.ts';
import { hostPlatform } from './host-platform.ts';
import { normalizeArchitecture, normalizeSystem, type Platform } from './platform.ts';

/**
 * Reads `linux/arm64/v8`, `linux/amd64`, `windows(10.0.17763+win32k)/amd64`, or a system or an architecture alone, as
 * containerd does; what is missing is that of the host, whose containers are Linux. Throws PLATFORM_INVALID.
 * https://github.com/containerd/platforms/blob/main/platforms.go
 */
export function parsePlatform(text: string): Platform {
  const [first = '', architecture, variant, ...more] = text.split('/', 5);
  const system = readSystem(text, first);
  const others = [architecture, variant].filter((part) => part !== undefined);
  if (more.length > 0 || others.some((part) => !/^[A-Za-z0-9_.-]+$/.test(part))) throw invalid(text);
  if (architecture === undefined) return parseAlone(text, first, system);
  return { ...system, ...readArchitecture(architecture, variant) };
}

function parseAlone(text: string, word: string, system: Pick<Platform, 'os'>): Platform {
  const host = hostPlatform();
  if (systems.has(system.os)) return { ...system, ...readArchitecture(host.architecture, armVariant(host)) };
  const found = readArchitecture(word);
  if (architectures.has(found.architecture)) return { os: host.os, ...found };
  throw invalid(text, 'there is no such operating system or architecture');
}

// Only of arm does the variant decide whether anything runs at all.
function armVariant({ architecture, variant }: Platform): string | undefined {
  return architecture === 'arm' ? variant : undefined;
}

/** The variant that goes without saying is not said, unless it was: `linux/arm` stays so, and so does `linux/arm64/v8`. */
function readArchitecture(architecture: string, given?: string): Pick<Platform, 'architecture' | 'variant'> {
  const { name, variant } = normalizeArchitecture(architecture, given ?? '');
  if (given === undefined && name === 'arm' && variant === 'v7') return { architecture: name };
  if (given !== undefined && name === 'arm64' && variant === '') return { architecture: name, variant: 'v8' };
  return { architecture: name, ...(variant === '' ? {} : { variant }) };
}

const systemPattern = /^([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.%-]*)((?:\+[A-Za-z0-9_.%-]+)*)\))?$/;

function readSystem(text: string, part: string): Pick<Platform, 'os' | 'os.version' | 'os.features'> {
  const [, os, version = '', features = ''] = (part.length <= 1024 && systemPattern.exec(part)) || [];
  if (os === undefined) throw invalid(text);
  const named = features === '' ? [] : features.slice(1).split('+');
  return {
    os: normalizeSystem(os),
    ...(version === '' ? {} : { 'os.version': unescapeOption(text, version) }),
    ...(named.length === 0 ? {} : { 'os.features': named.map((feature) => unescapeOption(text, feature)) }),
  };
}

function unescapeOption(text: string, option: string): string {
  try {
    return decodeURIComponent(option);
  } catch {
    throw invalid(text, `${JSON.stringify(option)} has a % that is followed by no character's number`);
  }
}

function invalid(text: string, why = 'it looks like os/architecture or os/architecture/variant'): ImageSpecError {
  const shown = JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
  return new ImageSpecError('PLATFORM_INVALID', `cannot read platform ${shown}: ${why}`);
}
