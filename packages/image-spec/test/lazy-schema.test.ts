import { expect, test } from 'vitest';
import { z } from 'zod';
import { Descriptor } from '../src/descriptor.ts';
import { lazySchema } from '../src/lazy-schema.ts';
import { layer } from './document/fixtures.ts';

test('a schema is made when it is used, and once', () => {
  let made = 0;
  const schema = lazySchema(() => {
    made++;
    return z.object({ a: z.string() });
  });
  const list = lazySchema(() => z.array(schema));
  expect(made).toBe(0);
  expect(schema.parse({ a: 'x' })).toEqual({ a: 'x' });
  expect(list.safeParse([{ a: 1 }]).success).toBe(false);
  expect(made).toBe(1);
});

test('to zod it is like any other', () => {
  const Signed = Descriptor.extend({ signature: z.string() });
  expect(Descriptor).toBeInstanceOf(z.ZodObject);
  expect(Object.keys(Descriptor.shape)).toContain('mediaType');
  expect(Signed.safeParse({ ...layer, signature: 'x' }).success).toBe(true);
  expect(z.object({ layers: z.array(Descriptor).min(1) }).safeParse({ layers: [] }).success).toBe(false);
  expect(Descriptor.optional().parse(undefined)).toBe(undefined);
  expect(z.toJSONSchema(z.union([Descriptor, z.null()]))).toMatchObject({
    anyOf: [{ type: 'object' }, { type: 'null' }],
  });
});
