export { ImageSpecError, type ImageSpecErrorCode } from '../error.ts';
export {
  familiarName,
  parseAnyReference,
  parseName,
  parseReference,
  type Reference,
  tagNameOnly,
  trimReference,
  withDigest,
  withTag,
} from '../reference.ts';
