/** Tells what happens, stage by stage, and how long each took. */
export class Stages {
  #name = 'start';

  /** Runs one stage; `tell` turns its result into the line that is printed. */
  async run<T>(name: string, action: () => Promise<T>, tell: (result: T) => string): Promise<T> {
    this.#name = name;
    const start = performance.now();
    const result = await action();
    const time = `${(performance.now() - start).toFixed(0)} ms`;
    console.log(`${name.padEnd(8)} ${time.padStart(7)}  ${tell(result)}`);
    return result;
  }

  /** Something that the stage just run has shown, line by line. */
  show(text: string): void {
    for (const line of text.trimEnd().split('\n')) console.log(`${' '.repeat(16)}  | ${line}`);
  }

  failed(error: unknown): void {
    const { message, code } = error as NodeJS.ErrnoException;
    console.error(`demo: failed at stage '${this.#name}': ${message}${code ? ` (${code})` : ''}`);
    if (process.env.DEBUG) console.error(error);
  }
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
