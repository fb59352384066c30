# Layers as GNU tar writes them, each entry where we want it, into the directory $1: 1.tar, 2.tar, 3.tar; gnu.tar; root.tar.
set -euo pipefail
umask 022
scripts=$PWD
cd "$1"
write() { tar --format=posix --xattrs --xattrs-include='*' --no-recursion --verbatim-files-from "$@"; }
dated() { find "$1" -depth -newermt 2020-01-01 -exec touch -h -d @1650000000.123456789 {} +; }

mkdir base && bash "$scripts/base.sh" "$PWD/base"
tar --format=posix --xattrs --xattrs-include='*' --sort=name -C base -cf 1.tar .
# The older dialect: long names and large numbers in its own ways, no attributes, whole seconds.
tar --format=gnu --sort=name -C base -cf gnu.tar .

# Nothing hidden by name, but much replaced: all that GNU tar can, too, which is everything but a directory by what is none.
mkdir -p replace/{change/{link-to-directory,mode-only,pair,source,kept/inside},links/relative,missing/parent,usr/lib}
cd replace
printf inside >change/link-to-directory/file
printf 'other content' >change/content
chmod 1777 change/mode-only
printf 'a file now' >change/device-to-file
printf 'alone now' >change/pair/two
printf source >change/source/lower && ln change/source/lower change/source/upper
printf source2 >change/source/lower-pair && ln change/source/lower-pair change/source/third
printf 'through a link' >links/relative/new
printf 'without a directory entry' >missing/parent/file
printf library >usr/lib/library && ln -s usr/lib lib
printf 'beside what is there' >change/kept/inside/new
cd ..
dated replace
write -C replace -cf 2.tar ./change/link-to-directory ./change/link-to-directory/file \
  ./change/content ./change/mode-only ./change/device-to-file ./change/pair/two ./change/source/lower ./change/source/upper \
  ./change/source/lower-pair ./change/source/third \
  ./links/relative/new missing/parent/file ./usr ./usr/lib ./usr/lib/library ./lib ./change/kept/inside/new
# Hard links to files of the layer below: the entries of the files themselves go.
tar --delete -f 2.tar ./change/source/lower ./change/source/lower-pair

# Directories replaced. Whiteouts: of everything, before and after what takes the place, of nothing; opaque directories, nested, new, after their content.
mkdir -p hide/{change/{emptied,recreated/inside,pair,source,kept/inside,new},hard/below,links/absolute,attributes}
cd hide
printf 'a file now' >change/to-file && ln -s kept change/to-link
: >.wh.times
: >change/.wh.gone-file && : >change/.wh.gone && : >change/.wh.link-to-link && : >change/.wh.to-fifo && : >change/.wh.never-there
: >change/emptied/.wh.a && : >change/emptied/.wh.b
: >change/.wh.append && printf 'taken back first' >change/append
: >change/.wh.content && printf 'taken back afterwards' >change/content
: >change/recreated/.wh..wh..opq && printf before >change/recreated/before && printf after >change/recreated/old
: >change/recreated/inside/.wh..wh..opq && printf inside >change/recreated/inside/new
: >change/new/.wh..wh..opq && printf new >change/new/file
: >change/pair/.wh.one
: >change/source/.wh.lower-pair
: >change/kept/inside/.wh.b
: >hard/below/.wh.c
printf 'through an absolute link' >links/absolute/new
: >attributes/.wh..wh..opq
: >".wh..wh.plnk"
cd ..
dated hide
write -C hide -cf 3.tar ./.wh.times ./change/.wh.gone-file ./change/.wh.gone ./change/.wh.link-to-link ./change/.wh.to-fifo \
  ./change/.wh.never-there ./change/emptied ./change/emptied/.wh.a ./change/emptied/.wh.b \
  ./change/to-file ./change/to-link ./change/.wh.append ./change/append ./change/content ./change/.wh.content \
  ./change/recreated ./change/recreated/before ./change/recreated/.wh..wh..opq ./change/recreated/old \
  ./change/recreated/inside ./change/recreated/inside/new ./change/recreated/inside/.wh..wh..opq \
  ./change/new ./change/new/.wh..wh..opq ./change/new/file \
  ./change/pair/.wh.one ./change/source/.wh.lower-pair ./change/kept/inside/.wh.b ./hard/below/.wh.c \
  ./links/absolute/new ./attributes/.wh..wh..opq ./.wh..wh.plnk

# Everything of below hidden at once.
mkdir root && printf only >root/only && : >root/.wh..wh..opq
chmod 711 root && chown 7:8 root && setfattr -n user.note -v root root
dated root
write -C root -cf root.tar . ./.wh..wh..opq ./only
