import type { z } from 'zod';

/**
 * A schema that is made when it is used for the first time. Most programs that import this package need few of its schemas,
 * and zod takes milliseconds to make them all. To whoever uses it, it is the schema itself; only `z.toJSONSchema` knows an
 * optional one again by its identity, so do not make these lazy.
 */
export function lazySchema<Schema extends z.ZodType>(make: () => Schema): Schema {
  let made: Schema | undefined;
  const schema = () => {
    made ??= make();
    return made;
  };
  return new Proxy({} as Schema, {
    get: (_, key) => Reflect.get(schema(), key),
    has: (_, key) => Reflect.has(schema(), key),
    getPrototypeOf: () => Reflect.getPrototypeOf(schema()),
  });
}
