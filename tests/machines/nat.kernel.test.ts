import { expect, it } from 'vitest';
import type { IsolateOptions } from '../../packages/namespaces/src/index.ts';
import { mount } from '../../packages/syscalls/src/index.ts';
import { requires } from '../../packages/testkit/src/index.ts';
import { isolated } from './finished.ts';

requires({ on: ['qemu'], root: true, command: ['nft', 'ip', 'ss', 'busybox'] })('nftables', () => {
  // The server tells its clients with whom it is connected; it has no route to where they are.
  const router = `set -eu
    for side in clients/10.7.1 servers/10.7.2; do
      name=\${side%/*} net=\${side#*/}
      ip netns add $name
      ip link add $name type veth peer name eth0 netns $name
      ip address add $net.1/24 dev $name
      ip link set $name up
      ip -n $name address add $net.2/24 dev eth0
      ip -n $name link set eth0 up
      ip -n $name link set lo up
    done
    ip -n clients route add default via 10.7.1.1
    echo 1 >/proc/sys/net/ipv4/ip_forward
    ip netns exec servers busybox nc -ll -p 8080 -e /usr/bin/ss -Htn &
    until ip netns exec servers ss -Hltn | grep -q :8080; do sleep 0.1; done
    nft add table ip nat
    nft 'add chain ip nat out { type nat hook postrouting priority srcnat; }'
    nft 'add chain ip nat in { type nat hook prerouting priority dstnat; }'
    ask() { ip netns exec clients timeout -v "$1" busybox nc "$2" "$3" </dev/null 2>&1 || true; }`;
  const options: IsolateOptions = {
    namespaces: ['mount', 'network', 'pid'],
    // For the names that ip(8) gives to namespaces.
    prepare: [mount({ source: 'tmpfs', target: '/run', type: 'tmpfs' })],
  };

  it('lets a server see the router in the place of its clients', async () => {
    const { stdout, stderr } = await isolated(
      `${router}
      ask 2 10.7.2.2 8080
      nft add rule ip nat out oifname servers masquerade
      ask 20 10.7.2.2 8080`,
      options,
    );
    expect(stderr).toBe('');
    const [before, after] = stdout.trimEnd().split('\n');
    expect(before).toMatch(/timeout: sending signal/);
    expect(after).toMatch(/10\.7\.2\.2\]:8080\s+\S*10\.7\.2\.1\]:\d+/);
  });

  it('leads those who ask for a port of the router to a server', async () => {
    const { stdout, stderr } = await isolated(
      `${router}
      nft add rule ip nat out oifname servers masquerade
      ask 2 10.7.1.1 80
      nft add rule ip nat in iifname clients tcp dport 80 dnat to 10.7.2.2:8080
      ask 20 10.7.1.1 80`,
      options,
    );
    expect(stderr).toBe('');
    const [before, after] = stdout.trimEnd().split('\n');
    expect(before).toMatch(/refused/);
    expect(after).toMatch(/10\.7\.2\.2\]:8080\s+\S*10\.7\.2\.1\]:\d+/);
  });
});
