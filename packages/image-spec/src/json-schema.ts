import { z } from 'zod';
import { type DocumentKind, schemas } from './document/kinds.ts';

/**
 * The JSON Schema (draft 2020-12) of a document, for editors and for other programs. What one field demands of another is beyond
 * it: `checkDocument` finds more.
 */
export function jsonSchema(kind: DocumentKind): z.core.JSONSchema.JSONSchema {
  return z.toJSONSchema(schemas[kind], { io: 'input' });
}
