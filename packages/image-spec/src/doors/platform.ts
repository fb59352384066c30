export { ImageSpecError, type ImageSpecErrorCode } from '../error.ts';
export { hostPlatform } from '../host-platform.ts';
export { formatPlatform, normalizePlatform, type Platform } from '../platform.ts';
export { type PlatformMatcher, platformMatcher, selectPlatform } from '../platform-match.ts';
export { parsePlatform } from '../platform-text.ts';
