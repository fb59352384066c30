#!/bin/busybox sh
# Process 1 on the initramfs: mount the files of the host, put a writable layer in memory on top, and go there.
export PATH=/bin
/bin/busybox --install -s /bin
. /settings

stop() {
  echo "init: cannot $1"
  poweroff -f
}

mount -t proc proc /proc
mount -t devtmpfs dev /dev
for module in /modules/*.ko*; do insmod "$module" || stop "load ${module##*/}"; done
mount -t virtiofs -o ro host /host || stop "mount the host's files"
mount -t tmpfs -o mode=755 writable /writable
mkdir -m 755 /writable/upper /writable/work
mount -t overlay -o lowerdir=/host,upperdir=/writable/upper,workdir=/writable/work overlay /root || stop 'mount the root'

mount -t proc -o nosuid,nodev,noexec proc /root/proc
mount -t sysfs -o nosuid,nodev,noexec sys /root/sys
mount -t cgroup2 -o nsdelegate,memory_recursiveprot cgroup2 /root/sys/fs/cgroup
mount -t tmpfs -o nosuid,nodev,mode=755 run /root/run
mkdir /root/run/guest && cp /settings /root/run/guest/settings
mount --move /dev /root/dev
umount /proc

# Not chroot: the kernel looks for modprobe in the root of process 1, and would not find it here.
exec switch_root /root /bin/bash "$scripts/guest.sh"
