/**
 * The devices controller of v1, as it behaves: everything but the exceptions, or nothing but them; and no child may
 * have more.
 * https://docs.kernel.org/admin-guide/cgroup-v1/devices.html
 */
import type { Access } from '../random-rules.ts';

interface Line {
  readonly id: string;
  readonly type: string;
  readonly major: string;
  readonly minor: string;
  access: Set<string>;
}

export class DeviceController {
  readonly parent: DeviceController | undefined;
  readonly children: DeviceController[] = [];
  allowsAll: boolean;
  #lines: Line[];

  constructor(parent?: DeviceController) {
    this.parent = parent;
    this.allowsAll = parent?.allowsAll ?? true;
    this.#lines = parent === undefined ? [] : parent.#lines.map(copy);
    parent?.children.push(this);
  }

  /** Throws the errno that the write would fail with. */
  write(file: string, value: string): void {
    if (value === 'a') this.#writeAll(file);
    else if (file === 'devices.allow') this.#allow(parse(value));
    else this.#deny(parse(value));
  }

  get list(): string {
    if (this.allowsAll) return 'a *:* rwm';
    return this.#lines
      .map(({ id, access }) => `${id} ${['r', 'w', 'm'].filter((each) => access.has(each)).join('')}`)
      .join('\n');
  }

  /** What an open or mknod is told. Reading and writing at once needs one line that has both. */
  permits({ type, major, minor, access }: Access): boolean {
    const asked = parse(`${type === 'char' ? 'c' : 'b'} ${major}:${minor} ${access}`);
    return this.#lets(asked);
  }

  #writeAll(file: string): void {
    if (this.children.length > 0) throw new Error('EINVAL');
    if (file === 'devices.allow' && this.parent?.allowsAll === false) throw new Error('EPERM');
    this.allowsAll = file === 'devices.allow';
    this.#lines = this.allowsAll && this.parent !== undefined ? this.parent.#lines.map(copy) : [];
  }

  #allow(line: Line): void {
    const { parent } = this;
    if (this.allowsAll) {
      const isDeniedAbove = parent === undefined ? false : parent.#touches(line);
      if (isDeniedAbove) throw new Error('EPERM');
      this.#remove(line);
      return;
    }
    if (parent !== undefined && !parent.#lets(line)) throw new Error('EPERM');
    this.#add(line);
  }

  #deny(line: Line): void {
    if (this.allowsAll) this.#add(line);
    else this.#remove(line);
    for (const child of this.children) child.#restrict(line, this.allowsAll);
  }

  #restrict(line: Line, above: boolean): void {
    if (above && this.allowsAll) this.#add(line);
    else this.#remove(line);
    const { parent } = this;
    if (!this.allowsAll) {
      this.#lines = this.#lines.filter((each) => parent === undefined || parent.#lets(each));
    }
    for (const child of this.children) child.#restrict(line, above);
  }

  #add(line: Line): void {
    const same = this.#lines.find(({ id }) => id === line.id);
    if (same === undefined) this.#lines.push(copy(line));
    else for (const letter of line.access) same.access.add(letter);
  }

  #remove(line: Line): void {
    const same = this.#lines.find(({ id }) => id === line.id);
    for (const letter of line.access) same?.access.delete(letter);
    this.#lines = this.#lines.filter(({ access }) => access.size > 0);
  }

  /** Whether a child may allow that. */
  #lets(line: Line): boolean {
    return this.allowsAll ? !this.#touches(line) : this.#contains(line);
  }

  /** One line has all of it. */
  #contains(line: Line): boolean {
    return this.#lines.some(
      (each) =>
        each.type === line.type &&
        (each.major === '*' || each.major === line.major) &&
        (each.minor === '*' || each.minor === line.minor) &&
        [...line.access].every((letter) => each.access.has(letter)),
    );
  }

  /** Some line has some of it. */
  #touches(line: Line): boolean {
    const meet = (one: string, other: string) => one === '*' || other === '*' || one === other;
    return this.#lines.some(
      (each) =>
        each.type === line.type &&
        meet(each.major, line.major) &&
        meet(each.minor, line.minor) &&
        [...line.access].some((letter) => each.access.has(letter)),
    );
  }
}

function parse(value: string): Line {
  const [, type = '', major = '', minor = '', access = ''] =
    /^([bc]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(value) ?? [];
  if (access === '') throw new Error(`EINVAL: ${value}`);
  return { id: `${type} ${major}:${minor}`, type, major, minor, access: new Set(access) };
}

function copy(line: Line): Line {
  return { ...line, access: new Set(line.access) };
}
