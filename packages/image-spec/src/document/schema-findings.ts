import type { z } from 'zod';
import { type DocumentKind, schemas } from './kinds.ts';
import { type Finding, mostProblems } from './problem.ts';
import { sectionOf } from './sections.ts';

/** The document, or all that its schema finds wrong. */
export function findBySchema(
  kind: DocumentKind,
  document: unknown,
): { value: unknown; findings?: undefined } | { value?: undefined; findings: Finding[] } {
  const result = schemas[kind].safeParse(document);
  if (result.success) return { value: result.data };
  const issues = result.error.issues.slice(0, mostProblems).flatMap((issue) => innermost(issue));
  return { findings: issues.map((issue) => toFinding(kind, issue)) };
}

/** What a person would say to it. */
export function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined'))
    return `is missing: expected ${issue.expected}`;
  return issue.message.replace(/^Invalid input: /, '');
}

// A wrong key of a record has its problems within.
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_key') return [issue];
  return issue.issues.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function toFinding(kind: DocumentKind, issue: z.core.$ZodIssue): Finding {
  const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)));
  return { code: 'DOCUMENT_INVALID', path, message: messageOf(issue), section: sectionOf(kind, path) };
}
