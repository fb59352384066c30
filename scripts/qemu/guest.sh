#!/bin/bash
# Process 1 on the copy-on-write root: what a system sets up when it starts, then the command, then off.
. /run/guest/settings
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

main() {
  mount --make-rshared /
  set_up_devices
  set_up_folders
  set_up_modules
  set_up_cgroups
  hostname qemu
  busybox ip link set lo up
  mkfifo /run/guest/stdout /run/guest/stderr
  cat /run/guest/stdout >"$(port stdout)" &
  cat /run/guest/stderr >"$(port stderr)" &
  (run) </dev/null >/run/guest/stdout 2>/run/guest/stderr
  local status=$?
  kill_the_rest
  wait
  if [ -e /run/guest/results.json ]; then cat /run/guest/results.json >"$(port results)"; fi
  echo "$status" >"$(port status)"
  echo o >/proc/sysrq-trigger
  sleep 10
}

set_up_devices() {
  mkdir -p /dev/pts /dev/shm /dev/mqueue /dev/net
  mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
  mount -t tmpfs -o nosuid,nodev,mode=1777 shm /dev/shm
  mount -t mqueue mqueue /dev/mqueue
  ln -sfn /proc/self/fd /dev/fd
  ln -sfn /proc/self/fd/0 /dev/stdin
  ln -sfn /proc/self/fd/1 /dev/stdout
  ln -sfn /proc/self/fd/2 /dev/stderr
  # Opening it loads the module.
  [ -e /dev/net/tun ] || mknod -m 666 /dev/net/tun c 10 200
  chmod 666 /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty /dev/ptmx
}

# The host's folder for temporary files may hold the project, and changes under the guest's eyes.
set_up_folders() {
  mkdir -p /run/lock /run/scratch
  mount -t tmpfs -o nosuid,nodev,mode=1777 scratch /run/scratch
}

# The rest is loaded on demand: the kernel calls /sbin/modprobe.
set_up_modules() {
  mkdir -p /usr/lib/modules
  ln -sfn "$modules" "/usr/lib/modules/$(uname -r)"
  [ -x /usr/sbin/modprobe ] || ln -s "$(command -v busybox)" /usr/sbin/modprobe
}

# Every controller for the cgroups below the root, which must have no processes of its own for some of them.
set_up_cgroups() {
  local controller
  mkdir /sys/fs/cgroup/init /sys/fs/cgroup/command
  echo 1 >/sys/fs/cgroup/init/cgroup.procs
  for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
    echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control
  done
}

# The port of this name that QEMU offers; devtmpfs names it by number only.
port() {
  local name
  for name in /sys/class/virtio-ports/*/name; do
    [ "$(cat "$name")" = "$1" ] || continue
    name=${name%/name}
    echo "/dev/${name##*/}"
  done
}

run() {
  local command environment
  mapfile -d '' command <"$work/command"
  mapfile -d '' environment <"$work/environment"
  cd "$directory" || return
  echo "$BASHPID" >/sys/fs/cgroup/command/cgroup.procs
  # Nothing of the project but these tests runs on this kernel, which is what ESTIBA_ALONE promises.
  exec env -i "${environment[@]}" TMPDIR=/run/scratch ESTIBA_MACHINE=qemu ESTIBA_ALONE=1 "${command[@]}"
}

# What the command has left running would keep its pipes open.
kill_the_rest() {
  local kill
  for kill in /sys/fs/cgroup/*/cgroup.kill; do
    [ "$kill" = /sys/fs/cgroup/init/cgroup.kill ] || echo 1 >"$kill"
  done
}

main
