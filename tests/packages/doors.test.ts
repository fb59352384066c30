import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { execute } from './execute.ts';
import { table } from './table.ts';

const { alone, nodes } = inject('places');
const project = alone['image-spec'] ?? '';
const node = Object.entries(nodes).find(([version]) => version.startsWith('24.'))?.[1] ?? '';
const doors = ['digest', 'reference', 'platform'].map((door) => `@estiba/image-spec/${door}`);
/** In milliseconds. */
const most: Readonly<Record<string, number>> = {
  '@estiba/image-spec': 8,
  ...Object.fromEntries(doors.map((door) => [door, 3])),
};

// What a program pays that only wants to read a name, in milliseconds.
describe('the doors of image-spec', () => {
  const times: Record<string, number> = {};

  beforeAll(() => {
    const whole = { '@estiba/image-spec': 'zod' };
    Object.assign(times, importTimes({ ...whole, ...Object.fromEntries(doors.map((door) => [door, undefined])) }));
    console.log(`\n${table([['', 'ms'], ...Object.entries(times).map(([name, time]) => [name, time.toFixed(1)])])}\n`);
  });

  it('importing all of it costs at most 8 ms more than importing zod', () => {
    expect(times['@estiba/image-spec']).toBeLessThanOrEqual(most['@estiba/image-spec'] ?? 0);
  });

  it.each(doors)('importing %s costs at most 3 ms', (door) => {
    expect(times[door]).toBeLessThanOrEqual(most[door] ?? 0);
  });
});

describe.each(Object.entries(nodes))('on Node %s', (_, node) => {
  it.each(doors)('%s loads no zod', async (door) => {
    const { stdout, stderr } = await evaluate(node, `await import('${door}'); console.log(loaded().length)`);
    expect(stderr).toBe('');
    expect(Number(stdout)).toBe(0);
  });

  it('all of it does, which this check would find', async () => {
    const { stdout } = await evaluate(node, "await import('@estiba/image-spec'); console.log(loaded().length)");
    expect(Number(stdout)).toBeGreaterThan(0);
  });

  it('an error is of one class, whichever door it came through', async () => {
    const script = `
      const { ImageSpecError, isDigest } = await import('@estiba/image-spec');
      const { parseReference } = await import('@estiba/image-spec/reference');
      const { parsePlatform } = await import('@estiba/image-spec/platform');
      const { parseDigest } = await import('@estiba/image-spec/digest');
      for (const parse of [parseReference, parsePlatform, parseDigest])
        try { parse(''); } catch (error) { console.log(error instanceof ImageSpecError, error.code); }`;
    const { stdout } = await evaluate(node, script);
    expect(stdout).toBe('true REFERENCE_INVALID\ntrue PLATFORM_INVALID\ntrue DIGEST_INVALID\n');
  });
});

/** Evaluates a script that may ask which files of zod have been loaded: a hook is told of each. */
function evaluate(node: string, script: string) {
  const hook = `
    import { registerHooks } from 'node:module';
    const urls = [];
    const loaded = () => urls.filter((url) => url.includes('/zod/'));
    registerHooks({ load(url, context, next) { urls.push(url); return next(url, context); } });
    ${script}`;
  return execute(node, ['--input-type=module', '--eval', hook], { cwd: project });
}

/**
 * By name, the quickest of starts in which all take their turn: what else the machine does can only make them longer. So a
 * machine that is busy gets more turns, and what is too slow by itself stays so.
 */
function importTimes(names: Readonly<Record<string, string | undefined>>): Record<string, number> {
  const quickest: Record<string, number> = {};
  const isLate = ([name, time]: [string, number]) => time > (most[name] ?? 0);
  for (let round = 0; round < 15 || (round < 120 && Object.entries(quickest).some(isLate)); round++)
    for (const [name, after] of Object.entries(names))
      quickest[name] = Math.min(quickest[name] ?? Number.POSITIVE_INFINITY, importOnce(name, after));
  return quickest;
}

/** How long an import takes when another has been made before; of nothing unless told, for Node's loader to get ready. */
function importOnce(name: string, after = 'data:text/javascript,'): number {
  const script = `await import('${after}');
    const started = performance.now();
    await import('${name}');
    console.log(performance.now() - started);`;
  const args = ['--input-type=module', '--eval', script];
  const { status, stdout } = spawnSync(node, args, { cwd: project, env: {}, encoding: 'utf8', timeout: 20_000 });
  expect(status).toBe(0);
  return Number(stdout);
}
