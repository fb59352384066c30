import { setTimeout as sleep } from 'node:timers/promises';
import { Cgroup } from '../cgroup.ts';
import { checkPath } from '../cgroup-path.ts';
import { currentHost } from '../host.ts';
import { branchAt } from '../tree.ts';
import { openScreen } from './screen.ts';
import { parseTop, type TopOptions, topUsage } from './top-options.ts';
import { type Sample, takeSample } from './top-sample.ts';
import { formatTable, rowsOf, type SortKey } from './top-table.ts';

/** Resolves to the status to exit with. */
export async function top(args: readonly string[]): Promise<number> {
  const terminal = process.stdout.isTTY;
  const options = parseTop(args, { terminal });
  if (options.help) {
    process.stdout.write(topUsage);
    return 0;
  }
  checkPath(options.path);
  // An error that names the path, where there is none.
  await Cgroup.open(options.path);
  if (terminal && !options.json) await show(options);
  else for await (const look of looks(options)) process.stdout.write(`${print(look, options)}\n`);
  return 0;
}

/** Two samples: CPU time is used between them. */
interface Look {
  readonly before: Sample | undefined;
  readonly after: Sample;
}

async function* looks({ path, depth, interval, count }: TopOptions, signal?: AbortSignal): AsyncGenerator<Look> {
  const root = branchAt(currentHost(), path);
  let before: Sample | undefined = takeSample(root, { depth });
  // One look at once, without CPU time, would be half an answer; in a terminal the next one comes soon.
  if (signal !== undefined) yield { before: undefined, after: before };
  for (let number = 0; number < count; number++) {
    await sleep(interval, undefined, { ...(signal && { signal }) });
    const after = takeSample(root, { depth });
    yield { before, after };
    before = after;
  }
}

function print({ before, after }: Look, { json, sort }: TopOptions): string {
  const rows = rowsOf(before, after, sort);
  if (json) return JSON.stringify(rows, (_, value) => (Number.isNaN(value) ? null : value));
  return formatTable(rows, { sort, columns: Number.POSITIVE_INFINITY, rows: Number.POSITIVE_INFINITY }).join('\n');
}

async function show(options: TopOptions): Promise<void> {
  using screen = openScreen();
  let sort = options.sort;
  let last: Look | undefined;
  const draw = () => {
    const { columns, rows } = screen;
    if (last !== undefined) screen.draw(formatTable(rowsOf(last.before, last.after, sort), { sort, columns, rows }));
  };
  screen.onKey((key) => {
    if (key === 'q' || key === '\u0003') return screen.end();
    sort = sortOfKey[key] ?? sort;
    draw();
  });
  screen.onResize(draw);
  try {
    for await (const look of looks(options, screen.ended)) {
      last = look;
      draw();
    }
  } catch (error) {
    if (!screen.ended.aborted) throw error;
  }
}

const sortOfKey: Readonly<Record<string, SortKey>> = { c: 'cpu', m: 'memory', p: 'pids', s: 'stall', n: 'name' };
