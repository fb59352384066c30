#!/bin/sh
# share.sh FOLDER COMMAND…: show everything in FOLDER, read-only, to COMMAND alone. Run by unshare --mount.
# The guest's root may be anybody; what it must not do to the files of the host is refused by the host's kernel.
set -euf

main() {
  # As the kernel names it.
  folder=$(realpath "$1")
  shift
  mount --rbind / "$folder"
  for mount in $(cut -d ' ' -f 5 /proc/self/mountinfo); do
    path=$(unescaped "$mount")
    case $path in "$folder" | "$folder"/*) mount -o remount,bind,ro "$path" ;; esac
  done
  is_read_only || { echo "share.sh: $folder is not read-only, so it is not shared" >&2; exit 1; }
  exec "$@"
}

# Spaces and the like are written as \040, which %b reads as \0040. printf(1p)
unescaped() { printf %b "$(printf %s "$1" | sed 's/\\/\\0/g')"; }

# The last mount on the folder is the one that is seen.
is_read_only() {
  options=
  while read -r _ _ _ _ place flags _; do
    [ "$(unescaped "$place")" != "$folder" ] || options=$flags
  done </proc/self/mountinfo
  case $options in ro | ro,*) ;; *) return 1 ;; esac
}

main "$@"
