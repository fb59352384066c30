import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeImage } from '../../examples/demo/make-image.ts';
import { requires, type Scratch, scratch } from '../../packages/testkit/src/index.ts';
import { root } from '../project-files.ts';
import { DockerRegistry } from './docker-registry.ts';
import { Peers } from './peers.ts';

const needs = { root: true, overlay: true, cgroup: ['memory', 'pids'], command: ['docker-registry', 'skopeo'] };

requires({ on: ['host'], ...needs })("an image in Debian's docker-registry, put there by skopeo", () => {
  let folder: Scratch;
  let registry: DockerRegistry;
  let reference: string;

  beforeAll(async () => {
    folder = scratch('interop');
    registry = await DockerRegistry.start(folder);
    reference = `${registry.host}/machine:1`;
    const { layout, descriptor } = await makeImage(folder.join('image'), new AbortController().signal);
    await layout.tag('1', descriptor);
    new Peers(folder).copy(`oci:${layout.directory}:1`, `docker://${reference}`);
  });

  afterAll(async () => {
    await registry?.[Symbol.asyncDispose]();
    folder?.[Symbol.dispose]();
  });

  it('is pulled, unpacked and run by the demo', () => {
    const { stdout, stderr, status } = demo(reference, 'head', '-n', '1', '/etc/os-release');
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^PRETTY_NAME=/m);
    expect(stdout).toMatch(/^unpack .* 2 layers/m);
    expect(stdout).toMatch(/demo: ok\n$/);
    expect(status).toBe(0);
  });

  it('ends the demo with the status of its command', () => {
    const { stdout, status } = demo(reference, 'sh', '-c', 'exit 7');
    expect(stdout).not.toContain('demo: ok');
    expect(status).toBe(7);
  });

  it('is told to be unknown when it is not there', () => {
    const { stderr, status } = demo(reference.replace(/:1$/, ':2'), 'true');
    expect(stderr).toMatch(/failed at stage 'pull': .*\((MANIFEST_UNKNOWN|NAME_UNKNOWN)\)/);
    expect(status).toBe(1);
  });
});

function demo(...args: string[]) {
  const command = ['--conditions=estiba-source', join(root, 'examples/demo/main.ts'), ...args];
  return spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8', timeout: 60_000 });
}
