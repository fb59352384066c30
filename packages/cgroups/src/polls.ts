/** For what v1 knows and tells nobody: one timer for all who look, and none when nobody does. */
export function poll(look: () => void): Disposable {
  const own = () => look();
  looks.add(own);
  timer ??= schedule(INTERVAL);
  return {
    [Symbol.dispose]() {
      looks.delete(own);
      if (looks.size > 0) return;
      clearTimeout(timer);
      timer = undefined;
    },
  };
}

const looks = new Set<() => void>();
let timer: NodeJS.Timeout | undefined;

function schedule(delay: number): NodeJS.Timeout {
  return setTimeout(lookAll, delay).unref();
}

function lookAll(): void {
  const { user, system } = process.cpuUsage();
  for (const look of [...looks]) look();
  const used = process.cpuUsage({ user, system });
  clearTimeout(timer);
  if (looks.size > 0) timer = schedule(Math.max(INTERVAL, ((used.user + used.system) / 1_000) * SHARE));
}

/** Milliseconds, and longer where so many are watched that looking would take more than a fiftieth of a processor. */
const INTERVAL = 100;
const SHARE = 50;
