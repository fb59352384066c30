/*
 * Reads every file of a tree to its end, in the order in which directories list them: the same work on whatever file system,
 * without the start of a program for each. Argument: the directory. It is for trees that nobody changes.
 *
 * A tree without content was not mounted, so that is an error.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char buffer[1 << 17];
static long long total;

static void failed(const char *path) {
  perror(path);
  exit(1);
}

static int visit(const char *path, const struct stat *about, int kind, struct FTW *place) {
  (void)place;
  if (kind == FTW_DNR || kind == FTW_NS) failed(path);
  if (kind != FTW_F || !S_ISREG(about->st_mode)) return 0;
  int file = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = 0;
  if (file < 0) failed(path);
  while ((length = read(file, buffer, sizeof buffer)) > 0) total += length;
  if (length < 0) failed(path);
  close(file);
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 2 || nftw(argv[1], visit, 64, FTW_PHYS) != 0) failed("reader");
  if (total == 0) {
    fprintf(stderr, "reader: nothing to read in %s\n", argv[1]);
    return 1;
  }
  return 0;
}
