import type { CheckedLimits } from './checked-limits.ts';
import { writeControl } from './control-file.ts';
import type { Wanted } from './delegation.ts';
import { makeCgroup, removeDirectory } from './directories.ts';
import { enabledFor } from './home.ts';
import type { Host } from './host.ts';
import type { Hierarchy } from './mountinfo.ts';
import { neededHierarchies, type Place } from './place.ts';
import { type Request, refusal } from './refusal.ts';
import type { Setting } from './setting.ts';
import { settingsFor } from './settings.ts';

/** Makes a cgroup with its limits, or nothing at all. */
export function createPlaces(host: Host, path: string, limits: CheckedLimits): Place[] {
  const made: string[] = [];
  try {
    const places = neededHierarchies(host, limits, path).map((hierarchy) => makePlace(hierarchy, path, limits, made));
    for (const place of places) applySettings(place, settingsFor(host, place, limits, { path, fresh: true }), path);
    return places;
  } catch (error) {
    for (const directory of made.reverse()) removeDirectory(directory);
    throw error;
  }
}

export function makePlace(hierarchy: Hierarchy, path: string, limits: CheckedLimits, made: string[]): Place {
  return makeCgroup(hierarchy, path, wantedOf(hierarchy, limits), made);
}

export function applySettings({ directory }: Place, settings: readonly Setting[], path: string): void {
  for (const setting of settings) {
    const request = requestFor(setting, directory, path);
    try {
      if ('apply' in setting) setting.apply(directory);
      else writeControl(directory, setting.file, setting.value);
    } catch (cause) {
      throw refusal(cause, request);
    }
  }
}

function requestFor(setting: Setting, directory: string, path: string): Request {
  if ('apply' in setting) return { attempt: setting.attempt, path, file: directory };
  const file = `${directory}/${setting.file}`;
  return { attempt: `limit ${path}: write ${setting.value} to ${file}`, path, file, value: setting.value };
}

export function wantedOf({ version, controllers }: Hierarchy, limits: CheckedLimits): Wanted {
  if (version === 1) return { required: [], counting: [] };
  return {
    required: enabledFor(limits).filter((controller) => controllers.includes(controller)),
    counting: ['pids', 'memory'].filter((controller) => controllers.includes(controller)),
  };
}
