import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { overlayNamespace } from '../src/overlay-namespace.ts';

requires({ on: ['host', 'uml'], root: true, overlay: true })('attributes of overlays are', () => {
  it('trusted ones for root of the machine', () => {
    expect(overlayNamespace()).toBe('trusted');
  });
});

const rootOfNamespace = { root: true, userNamespaces: true, command: 'unshare' } as const;

requires({ on: ['host', 'uml'], ...rootOfNamespace })('attributes of overlays are', () => {
  it.each([
    ['with all ids of the machine', '0 0 4294967295'],
    ['with an id of its own', '0 0 1'],
  ])('user ones for root of a user namespace %s', async (_, map) => {
    expect(await namespaceWithin(map)).toBe('user');
  });
});

/** What root of a new user namespace with that id map is told. */
async function namespaceWithin(map: string): Promise<string> {
  const source = JSON.stringify(join(import.meta.dirname, '../src/overlay-namespace.ts'));
  const script = `process.stdout.write((await import(${source})).overlayNamespace())`;
  const waiting = ['sh', '-c', 'read -r _ && exec "$@"', 'sh'];
  const node = [process.execPath, '--input-type=module', '-e', script];
  const child = spawn('unshare', ['--user', ...waiting, ...node], {
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: 20_000,
  });
  const ended = once(child, 'close');
  while (readlinkSync(`/proc/${child.pid}/ns/user`) === readlinkSync('/proc/self/ns/user')) await setTimeout(5);
  for (const file of ['uid_map', 'gid_map']) writeFileSync(`/proc/${child.pid}/${file}`, map);
  child.stdin.end('\n');
  const output = (await child.stdout.toArray()).join('');
  expect(await ended).toEqual([0, null]);
  return output;
}
