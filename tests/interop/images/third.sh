# And what a third can do to both.
set -euo pipefail
umask 022
cd "$1/change"

printf 'back again' >gone-file && mkdir gone && printf 'back again' >gone/b
rm recreated/new && mkdir recreated/old && printf deeper >recreated/old/file
rm to-file && mkdir to-file && printf again >to-file/c
rm -r to-directory
rm to-link && mkdir to-link && printf x >to-link/b
rm -r ../hard && mkdir ../hard && printf other >../hard/a
rm source/lower-pair && rm pair/one
rm -r ../plain/empty-directory && rm ../plain/null && mknod ../plain/null c 1 5
chmod 700 ..
touch -d @1700000003.75 gone recreated recreated/old to-file ../hard .. .
