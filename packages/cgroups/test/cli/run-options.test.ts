import { expect, test } from 'vitest';
import { parseRun } from '../../src/cli/run-options.ts';

test('options become limits, and what follows is the command', () => {
  const words = '--memory 256M --swap 0 --cpu 0.5 --cpu-weight=50 --cpus 0-1 --pids 32 --name web sh -c date --json';
  expect(parseRun(words.split(' '))).toEqual({
    limits: {
      memory: { max: 256 * 2 ** 20, swap: 0 },
      cpu: { max: 0.5, weight: 50 },
      cpuset: { cpus: '0-1' },
      pids: { max: 32 },
    },
    argv: ['sh', '-c', 'date', '--json'],
    name: 'web',
    folder: undefined,
    report: 'text',
    help: false,
  });
});

test('what follows two dashes is the command, dashes or not', () => {
  expect(parseRun(['--json', '--', '--odd', '--', 'x']).argv).toEqual(['--odd', '--', 'x']);
  expect(parseRun(['sh', '--', 'x']).argv).toEqual(['sh', '--', 'x']);
});

test('control files are taken as they are, more than once', () => {
  const { limits } = parseRun(['--unified', 'memory.oom.group=1', '--unified', 'io.max=8:0 rbps=1', 'true']);
  expect(limits).toEqual({ unified: { 'memory.oom.group': '1', 'io.max': '8:0 rbps=1' } });
});

test.each([
  [[], 'which command? write it after the options'],
  [['--memory', '5X', 'true'], '--memory 5X: write a size such as 256M, 1.5G or max'],
  [['--cpu', 'none', 'true'], '--cpu none: write a number from 0.01 to 8192'],
  [['--cpu', '', 'true'], '--cpu : write a number from 0.01 to 8192'],
  [['--unified', 'memory.high', 'true'], '--unified memory.high: write FILE=TEXT, such as memory.oom.group=1'],
  [['--nonsense', 'true'], "Unknown option '--nonsense'"],
  [['--memory'], "Option '--memory <value>' argument missing"],
])('%j is wrong use', (args, message) => {
  expect(() => parseRun(args)).toThrow(expect.objectContaining({ name: 'UsageError', message }));
});
