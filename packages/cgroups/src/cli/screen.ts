/** A terminal that is drawn upon, and as it was before when that ends, however it ends. */
export interface Screen extends Disposable {
  readonly columns: number;
  readonly rows: number;
  /** Aborted when the user, or a signal, ends it. */
  readonly ended: AbortSignal;
  end(): void;
  /** In place of what was there. */
  draw(lines: readonly string[]): void;
  onKey(handler: (key: string) => void): void;
  onResize(handler: () => void): void;
}

// https://invisible-island.net/xterm/ctlseqs/ctlseqs.html: the alternate screen, so that what was there comes back.
const enter = '\u001b[?1049h\u001b[?25l';
const leave = '\u001b[?25h\u001b[?1049l';
const home = '\u001b[H';
const toEndOfLine = '\u001b[K';
const toEndOfScreen = '\u001b[J';

export function openScreen(input = process.stdin, output = process.stdout): Screen {
  const ended = new AbortController();
  const end = () => ended.abort();
  const signals = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;
  for (const signal of signals) process.on(signal, end);
  // Keys come at once, and control-C as a key. Without a terminal to read from there are no keys.
  if (input.isTTY) input.setRawMode(true).setEncoding('utf8').resume();
  output.write(enter);
  return {
    get columns() {
      return output.columns;
    },
    get rows() {
      return output.rows;
    },
    ended: ended.signal,
    end,
    draw: (lines) => {
      output.write(`${home}${lines.map((line) => line + toEndOfLine).join('\r\n')}${toEndOfScreen}`);
    },
    onKey: (handler) => {
      if (input.isTTY) input.on('data', (keys: string) => void [...keys].forEach(handler));
    },
    onResize: (handler) => void output.on('resize', handler),
    [Symbol.dispose]() {
      for (const signal of signals) process.off(signal, end);
      output.removeAllListeners('resize');
      output.write(leave);
      if (!input.isTTY) return;
      input.removeAllListeners('data');
      input.setRawMode(false).pause();
    },
  };
}
