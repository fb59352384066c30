/**
 * Reads JSON for what a parser does not tell: keys that are there twice, numbers that lose digits, where things are. It
 * makes no values; that is left to JSON.parse, which is faster and takes the same texts.
 *
 *     value    object | array | string | number | true | false | null
 *     object   "{" [ string ":" value { "," string ":" value } ] "}"
 *     array    "[" [ value { "," value } ] "]"
 *
 * https://www.rfc-editor.org/rfc/rfc8259
 */
import type { JsonFinding, ScanOptions } from './finding.ts';
import { foldKey } from './fold.ts';
import { maxDepth, maxFindings, maxValues } from './limits.ts';
import { numberProblem } from './number.ts';

/** Ends the scan. */
export class Stop extends Error {}

interface Keys {
  readonly exact: Set<string>;
  /** By what Go takes them for. */
  readonly folded: Map<string, string>;
}

export class Scanner {
  readonly findings: JsonFinding[] = [];
  readonly #text: string;
  readonly #options: ScanOptions;
  readonly #depth: number;
  readonly #path: (string | number)[] = [];
  #at = 0;
  #values = 0;

  constructor(text: string, options: ScanOptions) {
    this.#text = text;
    this.#options = options;
    this.#depth = options.depth ?? maxDepth;
  }

  document(): void {
    if (this.#text.startsWith('\ufeff')) this.#fail('it begins with a byte order mark');
    this.#space();
    if (this.#at === this.#text.length) this.#fail('it is empty');
    this.#value();
    this.#space();
    if (this.#at < this.#text.length) this.#fail(`${this.#here()} follows the end of the document`);
  }

  #value(): void {
    if (++this.#values > maxValues) this.#stop('length', `it has more than ${maxValues} values`);
    this.#options.onValue?.(this.#path, this.#at);
    const character = this.#text[this.#at];
    if (character === '{') this.#object();
    else if (character === '[') this.#array();
    else if (character === '"') this.#string();
    else if (character === 't') this.#word('true');
    else if (character === 'f') this.#word('false');
    else if (character === 'n') this.#word('null');
    else this.#number();
  }

  #object(): void {
    this.#enter();
    const keys: Keys = { exact: new Set(), folded: new Map() };
    let first = true;
    while (!this.#closes('}')) {
      if (!first) this.#expect(',', 'a comma or the end of the object');
      first = false;
      this.#space();
      const at = this.#at;
      if (this.#text[at] !== '"') this.#fail(`expected a key in quotes, found ${this.#here()}`);
      const key = this.#string();
      this.#path.push(key);
      this.#remember(keys, key, at);
      this.#space();
      this.#expect(':', 'a colon after the key');
      this.#space();
      this.#value();
      this.#path.pop();
    }
  }

  #array(): void {
    this.#enter();
    for (let index = 0; !this.#closes(']'); index++) {
      if (index > 0) this.#expect(',', 'a comma or the end of the list');
      this.#space();
      this.#path.push(index);
      this.#value();
      this.#path.pop();
    }
  }

  #enter(): void {
    // Half of the containers around this value are objects; each step of the path is one of them.
    if (this.#path.length >= this.#depth) this.#stop('depth', `it nests more than ${this.#depth} deep`);
    this.#at++;
  }

  #closes(end: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== end) return false;
    this.#at++;
    return true;
  }

  /** By Go's rules, which most who read documents follow, keys that differ in capitals alone are the same field. */
  #remember({ exact, folded }: Keys, key: string, at: number): void {
    const same = foldKey(key);
    const other = folded.get(same);
    if (exact.has(key)) this.#find('duplicate', `the key ${JSON.stringify(key)} is there twice`, at);
    else if (other !== undefined) {
      const both = `${JSON.stringify(other)} and ${JSON.stringify(key)}`;
      this.#find('similar', `the keys ${both} differ in capitals alone`, at);
    }
    exact.add(key);
    folded.set(same, key);
  }

  // Character by character: over a long text a regular expression could run out of its stack.
  #string(): string {
    const start = this.#at++;
    let escaped = false;
    for (; ; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === quote) break;
      if (code === backslash) {
        escaped = true;
        this.#escape();
      } else if (Number.isNaN(code)) this.#fail('it ends within a text in quotes');
      else if (code < 0x20) this.#fail(`${this.#here()} has to be escaped`);
    }
    const raw = this.#text.slice(start, ++this.#at);
    if (!escaped) return raw.slice(1, -1);
    const value: string = JSON.parse(raw);
    if (!value.isWellFormed()) this.#find('half-character', 'half of a character stands without the other half', start);
    return value;
  }

  /** Goes to its last character. */
  #escape(): void {
    escapePattern.lastIndex = this.#at;
    if (!escapePattern.test(this.#text)) this.#fail('there is no such escape');
    this.#at = escapePattern.lastIndex - 1;
  }

  #number(): void {
    numberPattern.lastIndex = this.#at;
    const [written] = numberPattern.exec(this.#text) ?? [];
    if (written === undefined) this.#fail(`expected a value, found ${this.#here()}`);
    const start = this.#at;
    this.#at += written.length;
    this.#options.onNumber?.(this.#path, written, start);
    const problem = this.findings.length < maxFindings ? numberProblem(written) : undefined;
    if (problem !== undefined) this.#find('number', problem, start);
  }

  #word(word: string): void {
    if (!this.#text.startsWith(word, this.#at)) this.#fail(`expected a value, found ${this.#here()}`);
    this.#at += word.length;
  }

  #space(): void {
    for (; ; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    }
  }

  #expect(character: string, what: string): void {
    if (this.#text[this.#at] !== character) this.#fail(`expected ${what}, found ${this.#here()}`);
    this.#at++;
  }

  #here(): string {
    const code = this.#text.codePointAt(this.#at);
    return code === undefined ? 'the end' : JSON.stringify(String.fromCodePoint(code));
  }

  #fail(message: string): never {
    return this.#stop('syntax', `it is not JSON: ${message}`);
  }

  #stop(kind: JsonFinding['kind'], message: string): never {
    this.findings.push({ kind, message, path: kind === 'syntax' ? [...this.#path] : [], offset: this.#at });
    throw new Stop();
  }

  #find(kind: JsonFinding['kind'], message: string, offset: number): void {
    if (this.findings.length < maxFindings) this.findings.push({ kind, message, path: [...this.#path], offset });
  }
}

const quote = 0x22;
const backslash = 0x5c;
const escapePattern = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const numberPattern = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
