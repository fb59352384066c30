#!/bin/sh
# share.sh FOLDER COMMAND…: show everything in FOLDER, read-only, to COMMAND alone. Run by unshare --mount.
# The guest's root may be anybody; what it must not do to the files of the host is refused by the host's kernel.
set -eu
folder=$1
shift
mount --rbind / "$folder"
mounts=$(cut -d ' ' -f 5 /proc/self/mountinfo)
for mount in $mounts; do
  # Spaces and the like are written in octal, which is what %b reads. proc_pid_mountinfo(5)
  case $mount in "$folder" | "$folder"/*) mount -o remount,bind,ro "$(printf %b "$mount")" ;; esac
done
exec "$@"
