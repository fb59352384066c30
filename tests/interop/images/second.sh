# What a second layer can do to the first, in its unpacked root $1.
set -euo pipefail
umask 022
cd "$1/change"

# Gone, and put in each other's place
rm gone-file && rm -r gone && rm emptied/*
rm -r recreated && mkdir recreated && printf new >recreated/new
rm -r to-file && printf 'a file now' >to-file
rm to-directory && mkdir to-directory && printf inside >to-directory/file
rm to-symlink && ln -s content to-symlink
rm -r to-link && ln -s kept to-link
rm link-to-directory && mkdir link-to-directory && printf inside >link-to-directory/file
rm link-to-link && ln -s emptied link-to-link
rm link-to-file && printf 'a file now' >link-to-file
rm device-to-file && printf 'a file now' >device-to-file
rm to-fifo && mkfifo to-fifo

# Changed in one thing
printf 'other content' >content && printf ' and more' >>append
rm kept/inside/b && printf added >kept/inside/c
chmod 600 mode && chmod 1777 mode-only && chown 77:88 owner && chown 99:111 owner-only
setfattr -n user.new -v new attribute && setfattr -x user.old lose-attribute
setcap -r ../attributes/ping && setfattr -n trusted.note -v changed ../attributes/directory

# Hard links: one of three replaced, one added to a file of the first layer
rm pair/two && printf 'alone now' >pair/two
ln source/lower source/upper

# Names whose whiteouts are longer than a name may be, or no UTF-8
rm "../names/$(printf 'n%.0s' {1..255})"
rm $'../names/\xff\xfe' && printf x >$'../names/\xff\xfd' && rm $'../names/caf\xe9/\x80'
rm -r "../names/$(printf 'p%.0s' {1..60})/$(printf 'q%.0s' {1..60})/$(printf 'r%.0s' {1..60})"

touch -d @1700000000.000000007 time && touch -h -d @1700000001.5 ../links/dangling ../times/null
touch -d @1700000002.25 mode-only emptied kept/inside kept recreated pair source ../names . ..
