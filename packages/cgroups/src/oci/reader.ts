import { CgroupError } from '../cgroup-error.ts';
import { isPlain, textOfValue } from '../check.ts';

/** What was not followed, and why. */
export interface OciIgnored {
  /** `memory.kernel` */
  key: string;
  reason: string;
}

/**
 * An object of the configuration, read key by key. What nobody asks for is ignored, as OCI wants of keys that it does not know,
 * but said.
 */
export class Reader {
  readonly #name: string;
  readonly #left: Map<string, unknown>;
  readonly #ignored: OciIgnored[];

  constructor(name: string, object: unknown, ignored: OciIgnored[]) {
    if (!isPlain(object)) throw wrong(name, object, 'an object');
    this.#name = name;
    this.#left = new Map(Object.entries(object).filter(([, value]) => value !== undefined && value !== null));
    this.#ignored = ignored;
  }

  /** A whole number; beyond what a double holds, Infinity: such limits are none. */
  number(key: string, least = 0): number | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least) {
      throw wrong(this.#path(key), value, `a whole number from ${least}`);
    }
    return value > Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : value;
  }

  required(key: string, least = 0): number {
    return this.number(key, least) ?? this.#missing(key, 'a whole number');
  }

  boolean(key: string): boolean | undefined {
    const value = this.#take(key);
    if (value === undefined || typeof value === 'boolean') return value;
    throw wrong(this.#path(key), value, 'true or false');
  }

  /** An empty one is as if it were left out. */
  text(key: string): string | undefined {
    const value = this.#take(key);
    if (value !== undefined && typeof value !== 'string') throw wrong(this.#path(key), value, 'a text');
    return value === '' ? undefined : value;
  }

  requiredText(key: string): string {
    return this.text(key) ?? this.#missing(key, 'a text');
  }

  /** An empty one where there is none. */
  object(key: string): Reader {
    return new Reader(this.#path(key), this.#take(key) ?? {}, this.#ignored);
  }

  /** An object whose keys are names. */
  entries(key: string): [name: string, value: unknown][] {
    const value = this.#take(key);
    if (value === undefined) return [];
    if (!isPlain(value)) throw wrong(this.#path(key), value, 'an object');
    return Object.entries(value);
  }

  list(key: string): Reader[] {
    const value = this.#take(key);
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw wrong(this.#path(key), value, 'a list');
    return value.map((each, index) => new Reader(`${this.#path(key)}[${index}]`, each, this.#ignored));
  }

  at(key: string, value: unknown): Reader {
    return new Reader(this.#path(key), value, this.#ignored);
  }

  ignore(key: string, reason: string): void {
    if (this.#take(key) !== undefined) this.#ignored.push({ key: this.#path(key), reason });
  }

  /** For what was read, and then not followed. */
  note(key: string, reason: string): void {
    this.#ignored.push({ key: this.#path(key), reason });
  }

  refuse(key: string, value: unknown, rule: string): never {
    throw wrong(this.#path(key), value, rule);
  }

  /** After the last key: the rest is not known here. */
  end(): void {
    for (const key of this.#left.keys()) this.#ignored.push({ key: this.#path(key), reason: 'it is not known here' });
  }

  #take(key: string): unknown {
    const value = this.#left.get(key);
    this.#left.delete(key);
    return value;
  }

  #path(key: string): string {
    return this.#name === '' ? key : `${this.#name}.${key}`;
  }

  #missing(key: string, kind: string): never {
    throw wrong(this.#path(key), undefined, kind);
  }
}

function wrong(key: string, value: unknown, kind: string): CgroupError {
  const file = `linux.resources${key === '' ? '' : `.${key}`}`;
  const text = textOfValue(value);
  const message = `cannot use ${text} as ${file}: it must be ${kind}`;
  return new CgroupError('LIMIT_INVALID', message, { path: '/', file, value: text });
}
