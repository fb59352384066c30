import { describe, expect, test } from 'vitest';
import { parseMountinfo } from '../src/mountinfo.ts';

// Debian 10 with systemd in its "hybrid" layout, abridged.
const HYBRID = `\
24 30 0:22 / /proc rw,nosuid,nodev,noexec,relatime shared:12 - proc proc rw
29 23 0:26 / /sys/fs/cgroup ro,nosuid,nodev,noexec shared:8 - tmpfs tmpfs ro,mode=755
30 29 0:27 / /sys/fs/cgroup/unified rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate
31 29 0:28 / /sys/fs/cgroup/systemd rw,nosuid,nodev,noexec,relatime shared:10 - cgroup cgroup rw,xattr,name=systemd
35 29 0:32 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid,nodev,noexec,relatime shared:15 - cgroup cgroup rw,cpu,cpuacct
36 29 0:33 / /sys/fs/cgroup/memory rw,nosuid,nodev,noexec,relatime shared:16 - cgroup cgroup rw,memory
`;
const V2 = '26 22 0:23 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n';
// In a container without a cgroup namespace.
const CONTAINER = `\
612 611 0:33 /docker/4f /sys/fs/cgroup/memory ro,nosuid master:16 - cgroup cgroup rw,memory
690 611 0:33 / /host\\040sys/memory rw - cgroup cgroup rw,memory
`;

describe('parseMountinfo', () => {
  test('a hybrid host has one v2 hierarchy beside those of v1', () => {
    expect(parseMountinfo(HYBRID)).toEqual([
      { version: 2, mountPoint: '/sys/fs/cgroup/unified', root: '/', controllers: [], nsdelegate: true },
      { version: 1, mountPoint: '/sys/fs/cgroup/systemd', root: '/', controllers: [], name: 'systemd' },
      { version: 1, mountPoint: '/sys/fs/cgroup/cpu,cpuacct', root: '/', controllers: ['cpu', 'cpuacct'] },
      { version: 1, mountPoint: '/sys/fs/cgroup/memory', root: '/', controllers: ['memory'] },
    ]);
  });

  test('a v2 host has one hierarchy', () => {
    const place = { mountPoint: '/sys/fs/cgroup', root: '/' };
    expect(parseMountinfo(V2)).toEqual([{ version: 2, ...place, controllers: [], nsdelegate: true }]);
    expect(parseMountinfo(V2.replace('nsdelegate,', ''))).toEqual([{ version: 2, ...place, controllers: [] }]);
  });

  test('of two mounts of one hierarchy the one that shows its root is taken', () => {
    expect(parseMountinfo(CONTAINER)).toEqual([
      { version: 1, mountPoint: '/host sys/memory', root: '/', controllers: ['memory'] },
    ]);
  });

  test('of two mounts of one hierarchy the one that can be seen is taken', () => {
    const isSeen = ({ mountPoint }: { mountPoint: string }) => mountPoint === '/sys/fs/cgroup/unified';
    expect(parseMountinfo(V2 + HYBRID, isSeen)).toMatchObject([{ version: 2, mountPoint: '/sys/fs/cgroup/unified' }]);
  });

  test('other file systems, and lines that are cut off, are no hierarchies', () => {
    expect(parseMountinfo('24 30 0:22 / /proc rw - proc proc rw\n31 29\n\n')).toEqual([]);
  });
});
