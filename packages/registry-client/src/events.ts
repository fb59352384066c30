import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { ImageSpecError } from '@estiba/image-spec';
import type { RegistryError } from './error.ts';
import { printable } from './printable.ts';

/** What happens on the way that is no error of the whole. Nothing secret is in it. */
export type RegistryEvent =
  /** What a registry has to say to people: `Warning: 299 - "…"`. */
  | { readonly type: 'warning'; readonly host: string; readonly text: string }
  /** How much may still be asked for; `seconds` is the time that it is counted in. */
  | {
      readonly type: 'rate-limit';
      readonly host: string;
      readonly remaining: number;
      readonly limit?: number;
      readonly seconds?: number;
    }
  /** Something failed and is tried again after `wait` milliseconds. */
  | { readonly type: 'retry'; readonly error: RegistryError; readonly attempt: number; readonly wait: number }
  /** The next is asked instead; an ImageSpecError says what is wrong with what it has sent. */
  | {
      readonly type: 'mirror-failed';
      readonly mirror: string;
      readonly registry: string;
      readonly error: RegistryError | ImageSpecError;
    };

export type RegistryEvents = (event: RegistryEvent) => void;

/** For what answers say in their heads. A warning is told once. */
export function answerEvents(onEvent: RegistryEvents): (response: IncomingMessage, url: URL) => void {
  const told = new Set<string>();
  return ({ headers }, { host }) => {
    for (const text of parseWarnings(headers.warning)) {
      const key = `${host} ${text}`;
      if (told.has(key) || told.size >= most) continue;
      told.add(key);
      onEvent({ type: 'warning', host, text });
    }
    const rate = parseRateLimit(headers);
    if (rate !== undefined) onEvent({ type: 'rate-limit', host, ...rate });
  };
}

const most = 1000;

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#warnings */
export function parseWarnings(header: string | undefined): string[] {
  const warnings = (header ?? '').matchAll(/(?:^|,)\s*299 - "((?:[^"\\]|\\.)*)"/g);
  return [...warnings].map(([, text = '']) => printable(text.replace(/\\(.)/g, '$1')));
}

/** `ratelimit-remaining: 76;w=21600` as Docker Hub counts, `x-ratelimit-remaining: 76` as others do. */
export function parseRateLimit(
  headers: IncomingHttpHeaders,
): { remaining: number; limit?: number; seconds?: number } | undefined {
  const of = (name: string) =>
    /^(\d{1,15})(?:\s*;.*?w=(\d{1,15}))?/.exec(String(headers[name] ?? headers[`x-${name}`] ?? ''));
  const [, remaining, seconds] = of('ratelimit-remaining') ?? [];
  const [, limit] = of('ratelimit-limit') ?? [];
  if (remaining === undefined) return undefined;
  return {
    remaining: Number(remaining),
    ...(limit !== undefined && { limit: Number(limit) }),
    ...(seconds !== undefined && { seconds: Number(seconds) }),
  };
}
