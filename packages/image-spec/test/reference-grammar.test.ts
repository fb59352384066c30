import { expect, test } from 'vitest';
import { ImageSpecError } from '../src/error.ts';
import { parseName } from '../src/reference.ts';
import { cases } from './random.ts';

// The grammar as https://github.com/distribution/reference/blob/main/reference.go writes it down, put together to one pattern.
const label = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const host = `(?:${label}(?:\\.${label})*|\\[(?:[a-fA-F0-9:]+)\\])`;
const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const grammar = new RegExp(
  `^(?<registry>${host}(?::[0-9]+)?)/(?<repository>${component}(?:/${component})*)(?::(?<tag>\\w[\\w.-]{0,127}))?` +
    '(?:@(?<digest>sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?$',
);

/** What Docker makes of a name before it reads it. */
function complete(text: string): string {
  const slash = text.indexOf('/');
  const first = slash === -1 ? '' : text.slice(0, slash);
  const isHost = first === 'localhost' || /[.:]/.test(first) || /[A-Z]/.test(first);
  const [registry, rest] = isHost ? [first, text.slice(slash + 1)] : ['docker.io', text];
  if (registry !== 'docker.io' && registry !== 'index.docker.io') return `${registry}/${rest}`;
  return `docker.io/${rest.includes('/') ? '' : 'library/'}${rest}`;
}

const pieces = [
  ...[
    'a',
    'b1',
    'x-y',
    'A',
    '0',
    '.',
    '..',
    '-',
    '--',
    '_',
    '__',
    '___',
    '/',
    '//',
    ':',
    '@',
    '[',
    ']',
    '::1',
    ' ',
    '\n',
    'é',
    '%',
    '%2f',
  ],
  ...[
    'localhost',
    'docker.io',
    'index.docker.io',
    'host.io',
    ':5000',
    ':70000',
    ':latest',
    `@sha256:${'a'.repeat(64)}`,
    `@sha256:${'A'.repeat(64)}`,
  ],
  ...[`@sha512:${'f'.repeat(128)}`, '@sha256:12', 'x'.repeat(128), 'library/', 'alpine'],
];

test('a name made by chance is read as the grammar has it, or refused', () => {
  let [read, all] = [0, 0];
  for (const { name, random } of cases(5000)) {
    all++;
    const text = Array.from({ length: 1 + random.below(6) }, () => random.pick(pieces)).join('');
    const parts = grammar.exec(complete(text))?.groups;
    const { registry, repository = '', tag, digest } = parts ?? {};
    const expected = parts === undefined || repository.length > 255 ? undefined : { registry, repository, tag, digest };
    expect(partsOf(text), `${name}: ${JSON.stringify(text)}`).toEqual(expected);
    if (expected !== undefined) read++;
  }
  expect(read).toBeGreaterThan(all / 25);
});

function partsOf(text: string) {
  try {
    const { registry, repository, tag, digest } = parseName(text);
    return { registry, repository, tag, digest };
  } catch (error) {
    if (error instanceof ImageSpecError) return undefined;
    throw error;
  }
}
