import type { Step } from '@estiba/syscalls';
import { expect, test } from 'vitest';
import { joinSteps } from '../src/join.ts';

const places = [
  {
    directory: '/cg/unified/estiba/x',
    hierarchy: { version: 2, mountPoint: '/cg/unified', root: '/', controllers: [] },
  },
  {
    directory: '/cg/memory/estiba/x',
    hierarchy: { version: 1, mountPoint: '/cg/memory', root: '/', controllers: ['memory'] },
  },
] as const;

test('joining moves the one thread on v1, begins a process on v2, and says where', () => {
  expect(joinSteps(places, '/estiba/x').map(shape)).toEqual([
    ['join cgroup /estiba/x (memory)', 'openat /cg/memory/estiba/x/tasks', 'write 0', 'close'],
    ['join cgroup /estiba/x (v2)', 'openat /cg/unified/estiba/x', 'begin in the cgroup'],
  ]);
});

function shape(step: Step): string[] {
  if (!('part' in step)) throw new Error('not a labelled part');
  const calls = [...step.part].map((call) => {
    if ('beginInCgroup' in call) return 'begin in the cgroup';
    if (!('name' in call)) throw new Error('not a call');
    const text = call.args.find((arg) => typeof arg === 'string') ?? call.args.find((arg) => arg instanceof Uint8Array);
    return [call.name, text instanceof Uint8Array ? new TextDecoder().decode(text) : text].filter(Boolean).join(' ');
  });
  return [step.label, ...calls];
}
