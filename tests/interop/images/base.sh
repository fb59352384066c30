# Everything that a file can be, made by programs of this machine in the empty directory $1.
set -euo pipefail
umask 022
cd "$1"

# Types and content
mkdir -p plain/empty-directory
: >plain/empty
printf hello >plain/hello
head -c 512 /dev/zero >plain/one-block
head -c 513 /dev/zero >plain/one-block-and-a-byte
seq 1 400000 >plain/large
truncate -s 1M plain/sparse && printf end >>plain/sparse
mkfifo -m 640 plain/fifo
mknod -m 666 plain/null c 1 3
mknod -m 600 plain/zero c 1 5
mknod -m 660 plain/loop b 7 0

# Modes and owners
mkdir modes
for mode in 0000 0400 0777 1777 2755 4755 6711 7777; do
  printf '%s' "$mode" >"modes/file-$mode" && mkdir "modes/directory-$mode"
  chmod "$mode" "modes/file-$mode" "modes/directory-$mode"
done
printf x >modes/stranger && chown 1234:5678 modes/stranger && chmod 6755 modes/stranger
printf x >modes/far && chown 3000000:4000000 modes/far
mkdir modes/far-directory && chown 4294967294:2097152 modes/far-directory
ln -s nowhere modes/link && chown -h 1000:1001 modes/link
mkfifo modes/fifo && chown 1000:1001 modes/fifo

# Extended attributes
mkdir attributes
printf x >attributes/ping && setcap cap_net_raw+ep attributes/ping
# Its bytes hold a newline: capabilities 1 and 3 are 0x0a.
printf x >attributes/newline && chown 12:34 attributes/newline && chmod 4755 attributes/newline
setcap cap_dac_override,cap_fowner+ep attributes/newline
printf x >attributes/user
setfattr -n user.note -v 'a note' attributes/user
setfattr -n user.binary -v 0x00ff0a3d00 attributes/user
setfattr -n user.empty attributes/user
setfattr -n user.many -v "$(printf '%03000d' 7)" attributes/user
setfattr -n trusted.secret -v 0x0102 attributes/user
mkdir attributes/directory && setfattr -n user.note -v folder attributes/directory
setfattr -n trusted.note -v folder attributes/directory
ln -s user attributes/link && setfattr -h -n trusted.note -v link attributes/link
mkfifo attributes/fifo && setfattr -n trusted.note -v fifo attributes/fifo
printf x >attributes/list && setfacl -m u:1000:rw,g:1001:r attributes/list
mkdir attributes/inherited && setfacl -m u:1000:rwx -m d:u:1000:rwx,d:o::- attributes/inherited

# Names
mkdir names
name255=$(printf 'n%.0s' {1..255})
printf x >"names/$name255"
long=names/$(printf 'p%.0s' {1..60})/$(printf 'q%.0s' {1..60})/$(printf 'r%.0s' {1..60})/$(printf 's%.0s' {1..60})/$(printf 't%.0s' {1..60})
mkdir -p "$long"
printf deep >"$long/file"
printf x >"names/$(printf 'h%.0s' {1..94})"
printf x >"names/$(printf 'h%.0s' {1..95})"
deep=$long; for _ in 1 2 3; do deep=$deep/$name255; done
mkdir -p "$deep" && printf deeper >"$deep/file"
printf x >$'names/\xff\xfe' && mkdir $'names/caf\xe9' && printf x >$'names/caf\xe9/\x80'
printf x >'names/ñandú' && printf x >$'names/new\nline' && printf x >$'names/tab\tand space ' && printf x >'names/back\slash'
printf x >"names/quote'\"" && printf x >names/-dash && printf x >names/.whale && printf x >names/a.wh.b && printf x >'names/*'

# Links
mkdir links links/target && printf x >links/target/file
ln -s target links/relative
ln -s /links/target links/absolute
ln -s ../../../../../etc/passwd links/upward
ln -s nowhere links/dangling
ln -s itself links/itself
ln -s "/$(printf 'l%.0s' {1..200})/$(printf 'm%.0s' {1..200})" links/long
ln -s $'target/\xff' links/latin
mkdir hard && printf shared >hard/a && ln hard/a hard/b && ln hard/a hard/z
mkdir hard/below && ln hard/a hard/below/c
mkfifo hard/fifo && ln hard/fifo hard/fifo-again
mknod hard/null c 1 3 && ln hard/null hard/null-again
ln -s a hard/link && ln -P hard/link hard/link-again
ln "$long/file" hard/far
printf set >hard/set-uid && chown 5:6 hard/set-uid && chmod 4711 hard/set-uid && ln hard/set-uid hard/set-uid-again
: >hard/empty && ln hard/empty hard/empty-again

# What the next layers change
mkdir -p change/{gone,recreated/inside,to-file/inside,to-link,mode-only,emptied,owner-only} change/kept/inside
for file in gone/a recreated/old recreated/inside/old to-file/a to-file/inside/b to-link/a mode-only/a emptied/a emptied/b kept/a kept/inside/b owner-only/a; do
  printf '%s' "$file" >"change/$file"
done
for file in gone-file to-directory to-symlink content append mode owner time attribute lose-attribute to-fifo; do printf '%s' "$file" >"change/$file"; done
ln -s kept change/link-to-directory
ln -s kept change/link-to-link
ln -s content change/link-to-file
mknod change/device-to-file c 1 3
setfattr -n user.old -v old change/attribute change/lose-attribute
mkdir change/pair && printf pair >change/pair/one && ln change/pair/one change/pair/two && ln change/pair/one change/pair/three
mkdir change/source && printf source >change/source/lower && printf source2 >change/source/lower-pair && ln change/source/lower-pair change/source/lower-pair-too

# Times, last: everything above has moved them
mkdir times times/directory
for time in 0 1 0.000000001 1234567890.123456789 999999999.999999999 -1 -1.5 -86400.000000001 4102444800.25 8589934591.5 8589934592 9000000000.123456789; do
  printf x >"times/file@$time" && touch -d "@$time" "times/file@$time"
done
ln -s nowhere times/link && touch -h -d @1111111111.987654321 times/link
mkfifo times/fifo && touch -d @1222222222.123 times/fifo
mknod times/null c 1 3 && touch -d @1222222222.000000009 times/null
touch -d @1000000000.000000001 times/directory
find . -depth -newermt '2020-01-01' ! -newermt '2037-01-01' -exec touch -h -d @1600000000.123456789 {} +
