// What needs no schemas. It is built into one file, to which all small doors lead, and which the large one shares: an error is
// of the same class whichever door it came through, and of many small files each would take as long to load as all of it.
export * from './chain-id.ts';
export * from './digest.ts';
export * from './error.ts';
export * from './go-platforms.ts';
export * from './hash.ts';
export * from './host-platform.ts';
export * from './media-types.ts';
export * from './platform.ts';
export * from './platform-match.ts';
export * from './platform-text.ts';
export * from './platform-variant.ts';
export * from './reference.ts';
export * from './reference-grammar.ts';
export * from './verifier.ts';
export * from './windows-version.ts';
