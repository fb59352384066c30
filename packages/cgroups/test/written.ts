import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Controller } from '../src/controller.ts';
import type { Setting } from '../src/setting.ts';

/** What is written into which file, in order, when a new cgroup gets these limits. */
export function written<Checked>(controller: Controller<Checked>, limits: Checked): string[][] {
  return pairs(controller(limits, { path: '/estiba/x', directory: '/nowhere', fresh: true }));
}

/** The same for a cgroup that has been there, whose files hold this. */
export function rewritten<Checked>(
  controller: Controller<Checked>,
  limits: Checked,
  inForce: Readonly<Record<string, string>>,
): string[][] {
  const directory = mkdtempSync(join(tmpdir(), `estiba-${process.pid}-cgroup-`));
  try {
    for (const [file, text] of Object.entries(inForce)) writeFileSync(join(directory, file), `${text}\n`);
    return pairs(controller(limits, { path: '/estiba/x', directory, fresh: false }));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function pairs(settings: readonly Setting[]): string[][] {
  return settings.map((setting) => ('apply' in setting ? [setting.attempt] : [setting.file, setting.value]));
}
