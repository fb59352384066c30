import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { repositoryRoot, requires, scratch, unprivileged } from '../src/index.ts';

requires({ on: ['host', 'uml'], root: true })('a command as an ordinary user', () => {
  it('has neither the user nor the capabilities of root', async () => {
    const { stdout } = await unprivileged(['sh', '-c', 'id -u; id -g; grep -E "CapEff|CapInh" /proc/self/status']);
    expect(stdout.split(/\s+/)).toEqual([
      '65534',
      '65534',
      'CapInh:',
      '0000000000000000',
      'CapEff:',
      '0000000000000000',
      '',
    ]);
  });

  it('runs this Node on sources of the project, wherever that lies', async () => {
    const script =
      "import('./packages/testkit/src/repository.ts').then(() => console.log(process.version, process.getuid()))";
    const { stdout, stderr, exitCode } = await unprivileged(['node', '-e', script]);
    expect(stderr).toBe('');
    expect(stdout).toBe(`${process.version} 65534\n`);
    expect(exitCode).toBe(0);
  });

  it('cannot change the project', async () => {
    const { exitCode } = await unprivileged(['touch', 'made-by-nobody']);
    expect(exitCode).not.toBe(0);
    expect(existsSync(`${repositoryRoot}/made-by-nobody`)).toBe(false);
  });

  it('reaches a folder below one that it may not enter, to read and not to write', async () => {
    await using secret = scratch('secret');
    mkdirSync(secret.join('project'));
    writeFileSync(secret.join('project/file'), 'content');
    chmodSync(secret.join('project'), 0o777);
    chmodSync(secret.path, 0o700);
    const command = ['sh', '-c', 'cat file; touch made || echo refused'];
    const { stdout } = await unprivileged(command, { folder: secret.join('project') });
    expect(stdout).toBe('contentrefused\n');
    expect(existsSync(secret.join('project/made'))).toBe(false);
  });

  it('sees other files in the place of those of the machine, wherever the project lies', async () => {
    await using secret = scratch('secret');
    await using other = scratch('other');
    mkdirSync(secret.join('project'));
    chmodSync(secret.path, 0o700);
    writeFileSync(other.join('subuid'), 'nobody:300000:1000\n');
    const instead = { '/etc/subuid': other.join('subuid'), '/etc/subgid': other.join('subuid') };
    for (const folder of [secret.join('project'), repositoryRoot, '/']) {
      const { stdout, stderr } = await unprivileged(['sh', '-c', 'id -u; cat /etc/subuid /etc/subgid'], {
        folder,
        instead,
      });
      expect(stderr).toBe('');
      expect(stdout).toBe(`65534\n${'nobody:300000:1000\n'.repeat(2)}`);
    }
    expect(readFileSync('/etc/subuid', 'utf8')).not.toContain('nobody:300000');
  });

  it('is killed when its time is over', async () => {
    const { signal } = await unprivileged(['sleep', '60'], { timeout: 100 });
    expect(signal).toBe('SIGKILL');
  });
});

requires({ on: ['host', 'uml'] })('a command', () => {
  it('runs as this user, if this user is an ordinary one', async () => {
    const { stdout } = await unprivileged(['id', '-u']);
    const own = process.getuid?.();
    expect(stdout).toBe(`${own === 0 ? 65534 : own}\n`);
  });
});
