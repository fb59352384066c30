/** One way to prove who one is, as a server offers it. */
export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const parameter = new RegExp(`^(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s,"]+))`);
const scheme = new RegExp(`^(${token})(?=\\s|,|$)`);

/**
 * Reads WWW-Authenticate: several challenges, each with several parameters, both separated by commas, which may also stand
 * inside of quotes. https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
 */
export function parseChallenges(header: string): Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  let rest = header.trim();
  while (rest !== '') {
    const [pair, name, quoted, plain] = parameter.exec(rest) ?? [];
    const current = challenges.at(-1);
    if (pair !== undefined && current !== undefined) {
      current.parameters[name?.toLowerCase() ?? ''] = quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '';
      rest = skip(rest, pair.length);
      continue;
    }
    const [word] = scheme.exec(rest) ?? [];
    // What cannot be read ends the list; what was read before it still counts.
    if (word === undefined) break;
    challenges.push({ scheme: word.toLowerCase(), parameters: Object.create(null) });
    rest = skip(rest, word.length);
  }
  return challenges;
}

function skip(text: string, length: number): string {
  return text.slice(length).replace(/^[\s,]+/, '');
}
