/** Numbers as people write and read them. */

/** `256M`, `1.5G`, `64MiB`, `4096`, `max`; K, M, G and T are powers of 1024. Undefined: no size. */
export function parseSize(text: string): number | 'max' | undefined {
  if (text === 'max') return 'max';
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?$/i.exec(text) ?? [];
  if (digits === undefined) return undefined;
  return Math.floor(Number(digits) * 1024 ** ' KMGT'.indexOf(unit.toUpperCase() || ' '));
}

/** Bytes in at most seven characters: `256 MiB`, `1.5 GiB`. */
export function formatBytes(bytes: number): string {
  if (Number.isNaN(bytes)) return '-';
  if (bytes === Number.POSITIVE_INFINITY) return 'max';
  const power = bytes < 1024 ? 0 : Math.min(5, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  // 1023.96 KiB would become 1024.0: that is the next unit.
  if (power < 5 && Number(value.toFixed(1)) >= 1024) return `1.0 ${units[power + 1]}`;
  return `${power === 0 || Number.isInteger(value) || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Microseconds of CPU or of time: `850 ms`, `2.31 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatMicros(micros: number): string {
  if (Number.isNaN(micros)) return '-';
  if (micros < 1_000) return `${Math.round(micros)} µs`;
  if (micros < 999_500) return `${Math.round(micros / 1_000)} ms`;
  const seconds = micros / 1_000_000;
  if (seconds < 99.995) return `${seconds.toFixed(2)} s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds) % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
