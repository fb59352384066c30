import { readdirSync } from 'node:fs';
import { requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { continueInChild, launch, out, perform, syscall, words } from '../../src/index.ts';
import { shell } from './finished.ts';
import { ownChildren } from './own-children.ts';

const RLIMIT_NOFILE = 7;
const descriptors = () => readdirSync('/proc/self/fd').map(Number);

/** The lowest numbers that are free have to be below the limit for a descriptor to be opened. prlimit(2) */
function leaveRoomFor(count: number): Disposable {
  const before = out(16);
  const used = new Set(descriptors());
  const free = Array.from({ length: 4096 }, (_, number) => number).filter((number) => !used.has(number));
  const [soft, hard] = [0, 8].map((at) =>
    perform([syscall('prlimit64', 0, RLIMIT_NOFILE, undefined, before)])
      .bytes(before)
      .readBigUInt64LE(at),
  );
  perform([syscall('prlimit64', 0, RLIMIT_NOFILE, words(free[count] as number, hard as bigint), undefined)]);
  return {
    [Symbol.dispose]: () =>
      void perform([syscall('prlimit64', 0, RLIMIT_NOFILE, words(soft as bigint, hard as bigint), undefined)]),
  };
}

requires({ on: ['host', 'uml'] })('where descriptors have run out', () => {
  it.each([0, 2])('a launch fails at whatever point, and leaves nothing (%i hops)', async (hops) => {
    const before = descriptors().length;
    const outcomes: string[] = [];
    for (let room = 0; room < 16; room++) {
      const limit = leaveRoomFor(room);
      try {
        await using child = await launch([Array.from({ length: hops }, () => continueInChild()), shell('exit 3')]);
        outcomes.push(String((await child.wait()).exitCode));
      } catch (error) {
        outcomes.push((error as NodeJS.ErrnoException).code ?? String(error));
      } finally {
        limit[Symbol.dispose]();
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(ownChildren(), `room for ${room}`).toEqual([]);
      expect(descriptors().length, `room for ${room}`).toBe(before);
    }
    expect(outcomes[0]).toBe('EMFILE');
    expect(outcomes.at(-1)).toBe('3');
    expect(new Set(outcomes)).toEqual(new Set(['EMFILE', '3']));
  });
});
