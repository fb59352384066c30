import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type IdMaps, rootlessIdMaps } from '@estiba/namespaces';
import { requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { output } from './output.ts';
import { roots } from './rootfs.ts';
import { type Way, ways } from './ways.ts';

for (const way of ways) {
  requires({ on: ['host', 'uml'], overlay: true, ...way.needs })(`a container ${way.of}`, () => container(way));
  requires({ on: ['host', 'uml'], overlay: true, ...way.needs, command: 'busybox' })(
    `an image without files, run ${way.of}`,
    () => bare(way),
  );
  requires({ on: ['host', 'uml'], overlay: true, subordinateIds: true, ...way.needs })(
    `the user of a container ${way.of}`,
    () => user(way),
  );
}

function container(way: Way): void {
  const { run, sh, rootless, namespaces } = way;
  const machineRoot = roots(way);

  it('has the command as process 1 of new namespaces, none of them shared but that of users', async () => {
    await using rootfs = machineRoot();
    const kinds = ['pid', 'mnt', 'uts', 'ipc', 'net', 'cgroup', 'user'];
    const script = `for ns in ${kinds.join(' ')}; do readlink /proc/self/ns/$ns; done`;
    const inside = await sh(`echo $$; ${script}`, { rootfs });
    const outside = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).trim().split('\n');
    const [pid, ...links] = inside.stdout.trim().split('\n');
    expect(pid).toBe('1');
    const shared = kinds.filter((_, index) => links[index] === outside[index]);
    expect(shared).toEqual(rootless ? [] : ['user']);
  });

  it('shows nothing of the host among its mounts', async () => {
    await using rootfs = machineRoot();
    const { stdout } = await sh('cat /proc/self/mountinfo', { rootfs });
    const mounts = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' '));
    const types = mounts.map((fields) => `${fields[4]} ${fields[fields.indexOf('-') + 1]}`);
    // In a user namespace no device can be made: it is given the host's.
    const deviceType = (name: string) =>
      rootless
        ? execFileSync('findmnt', ['-no', 'FSTYPE', '-T', `/dev/${name}`], { encoding: 'utf8' }).trim()
        : 'tmpfs';
    expect(types.filter((mount) => !/^\/(proc|sys)\//.test(mount)).sort()).toEqual(
      [
        '/ overlay',
        '/dev tmpfs',
        ...['full', 'null', 'random', 'tty', 'urandom', 'zero'].map((name) => `/dev/${name} ${deviceType(name)}`),
        '/dev/mqueue mqueue',
        '/dev/pts devpts',
        '/dev/shm tmpfs',
        '/etc/hostname tmpfs',
        '/etc/hosts tmpfs',
        '/etc/resolv.conf tmpfs',
        '/proc proc',
        '/sys sysfs',
      ].sort(),
    );
    // What is masked shows the null device, or an empty directory.
    const masks = ['tmpfs', 'proc', deviceType('null')];
    const below = types.filter((mount) => /^\/(proc|sys)\//.test(mount));
    expect(below.filter((mount) => !masks.includes(mount.split(' ')[1] ?? ''))).toEqual([]);
  });

  it('gives the capabilities of Docker, its seccomp filter, and allows new privileges as Docker does', async () => {
    await using rootfs = machineRoot();
    const { stdout } = await sh('grep -E "^(Cap|NoNewPrivs|Seccomp:)" /proc/self/status', { rootfs });
    const status = Object.fromEntries(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split(':\t')),
    );
    expect(status).toEqual({
      CapInh: '0000000000000000',
      CapPrm: '00000000a80425fb',
      CapEff: '00000000a80425fb',
      CapBnd: '00000000a80425fb',
      CapAmb: '0000000000000000',
      NoNewPrivs: '0',
      Seccomp: '2',
    });
  });

  it('hides and locks the paths that Docker hides and locks', async () => {
    await using rootfs = machineRoot();
    const { stdout } = await sh(
      'wc -c < /proc/keys; wc -c < /proc/timer_list; ls /proc/acpi /sys/firmware 2>/dev/null | grep -v : | tr -d "\\n"; echo',
      { rootfs },
    );
    expect(stdout.split('\n').slice(0, 3)).toEqual(['0', '0', '']);
    const hostname = await sh('echo x > /proc/sys/kernel/hostname', { rootfs });
    expect(hostname.stderr).toMatch(/Read-only file system/);
    expect((await sh('mkdir /sys/x', { rootfs })).stderr).toMatch(/Read-only file system|not permitted/);
  });

  it('has the devices of the OCI specification, and they work', async () => {
    await using rootfs = machineRoot();
    const { stdout } = await sh(
      'for d in null zero full random urandom tty; do stat -c "%n %F %t:%T %a" /dev/$d; done; echo x > /dev/null && head -c 3 /dev/zero | wc -c; ls -l /dev/fd /dev/stdin /dev/stdout /dev/stderr /dev/ptmx | sed "s/.*\\/dev/\\/dev/"; echo full > /dev/full || echo refused',
      { rootfs },
    );
    expect(stdout.split('\n')).toEqual([
      '/dev/null character special file 1:3 666',
      '/dev/zero character special file 1:5 666',
      '/dev/full character special file 1:7 666',
      '/dev/random character special file 1:8 666',
      '/dev/urandom character special file 1:9 666',
      '/dev/tty character special file 5:0 666',
      '3',
      expect.stringMatching(/fd -> \/proc\/self\/fd$/),
      expect.stringMatching(/ptmx -> pts\/ptmx$/),
      expect.stringMatching(/stderr -> \/proc\/self\/fd\/2$/),
      expect.stringMatching(/stdin -> \/proc\/self\/fd\/0$/),
      expect.stringMatching(/stdout -> \/proc\/self\/fd\/1$/),
      'refused',
      '',
    ]);
  });

  it('has a host name, hosts and a resolver file of its own, and leaves those of the image alone', async () => {
    await using rootfs = machineRoot();
    const { stdout } = await sh('hostname; cat /etc/hostname; grep -c box /etc/hosts; cat /etc/resolv.conf | wc -c', {
      rootfs,
      hostname: 'box',
    });
    expect(stdout.split('\n')).toEqual(['box', 'box', '1', '0', '']);
  });

  it('has a loopback interface that is up, and no other', async () => {
    await using rootfs = machineRoot();
    const { stdout } = await sh('cat /sys/class/net/lo/flags; ls /sys/class/net', { rootfs });
    expect(stdout).toBe('0x9\nlo\n');
  });

  it('shares the network of the host when it gets no network namespace', async () => {
    await using rootfs = machineRoot();
    const { stdout } = await sh('readlink /proc/self/ns/net', {
      rootfs,
      namespaces: namespaces.filter((kind) => kind !== 'network'),
    });
    expect(stdout.trim()).toBe(readlinkSync('/proc/self/ns/net'));
  });

  it('inherits no descriptor but its three', async () => {
    await using rootfs = machineRoot();
    const stray = openSync('/etc/passwd', 'r');
    const { stdout } = await sh('ls /proc/self/fd', { rootfs });
    closeSync(stray);
    // The fourth is the directory that ls reads.
    expect(stdout.trim().split('\n')).toEqual(['0', '1', '2', '3']);
  });

  it('reports exit code and signal', async () => {
    await using rootfs = machineRoot();
    expect(await sh('exit 7', { rootfs })).toMatchObject({ exitCode: 7, signal: null });
    const child = await run(['sleep', '60'], { rootfs, stdio: 'ignore' });
    child.kill('SIGKILL');
    expect(await child.wait()).toMatchObject({ exitCode: null, signal: 'SIGKILL' });
  });

  it('is killed when its signal aborts', async () => {
    await using rootfs = machineRoot();
    const controller = new AbortController();
    const child = await run(['sleep', '60'], { rootfs, stdio: 'ignore', signal: controller.signal });
    controller.abort();
    expect(await child.wait()).toMatchObject({ exitCode: null, signal: 'SIGKILL' });
  });

  it('makes the working directory when it is missing', async () => {
    await using rootfs = machineRoot();
    expect((await sh('pwd', { rootfs, cwd: '/not/there/yet' })).stdout).toBe('/not/there/yet\n');
  });

  it('runs entrypoint and cmd of the image, in its directory and environment', async () => {
    await using rootfs = machineRoot();
    const image = {
      architecture: 'amd64',
      os: 'linux',
      config: {
        Entrypoint: ['sh', '-c'],
        Cmd: ['echo $GREETING from $PWD'],
        Env: ['GREETING=hello'],
        WorkingDir: '/usr',
      },
      rootfs: { type: 'layers' as const, diff_ids: [] },
    };
    expect((await output(run([], { rootfs, image }))).stdout).toBe('hello from /usr\n');
  });

  it('can be read-only', async () => {
    await using rootfs = machineRoot();
    const { stderr, exitCode } = await sh('touch /x; touch /dev/shm/x', { rootfs, readonly: true });
    expect({ stderr: /Read-only file system/.test(stderr), exitCode }).toEqual({ stderr: true, exitCode: 0 });
  });

  it('writes to the upper layer only', async () => {
    await using rootfs = machineRoot();
    await sh('echo changed > /etc/estiba-test', { rootfs });
    expect(readFileSync(join(rootfs.upper, 'etc/estiba-test'), 'utf8')).toBe('changed\n');
    expect(existsSync('/etc/estiba-test')).toBe(false);
  });

  it('runs in a plain directory too', async () => {
    // The machine's own root, recursively, is the plainest there is; nothing is written.
    expect((await sh('echo $$', { rootfs: '/', readonly: true })).stdout).toBe('1\n');
  });
}

function bare({ sh }: Way): void {
  const bareRoot = roots({ rootless: true });

  it('gets what is mounted on its files, also where it is read-only', async () => {
    await using rootfs = bareRoot();
    const script = 'cat /etc/hostname; touch /x; touch /etc/hosts';
    const { stdout, stderr } = await sh(script, { rootfs, readonly: true, hostname: 'box' });
    expect(stdout).toBe('box\n');
    expect(stderr.match(/Read-only file system/g)).toHaveLength(2);
    expect(readdirSync(join(rootfs.upper, 'etc')).sort()).toEqual(['hostname', 'hosts', 'resolv.conf']);
  });
}

function user(way: Way): void {
  const machineRoot = roots(way);

  it('becomes the user of the image, with groups and home', async () => {
    const maps = await mapsOf(way);
    await using rootfs = machineRoot((layer) => {
      mkdirSync(join(layer, 'etc'));
      writeFileSync(join(layer, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nalice:x:1234:1235::/home/alice:/bin/sh\n');
      writeFileSync(join(layer, 'etc/group'), 'root:x:0:\nstaff:x:1235:\nextra:x:1300:alice,bob\n');
    });
    const { stdout } = await way.sh('id -u; id -g; id -G; echo $HOME; grep CapEff /proc/self/status', {
      rootfs,
      ...maps,
      user: 'alice',
    });
    expect(stdout.split('\n')).toEqual(['1234', '1235', '1235 1300', '/home/alice', 'CapEff:\t0000000000000000', '']);
    expect((await way.sh('id -u; id -g', { rootfs, ...maps, user: '77:88' })).stdout).toBe('77\n88\n');
  });
}

/** Root's user namespace has as many ids as that of a user to whom some were granted. */
async function mapsOf({ rootless }: Way): Promise<{ idMaps?: IdMaps }> {
  if (!rootless || process.geteuid?.() !== 0) return {};
  const { uid, gid } = await rootlessIdMaps();
  const others = { inside: 1, outside: 1_000_000, count: 65_536 };
  return { idMaps: { uid: [...uid.slice(0, 1), others], gid: [...gid.slice(0, 1), others] } };
}
