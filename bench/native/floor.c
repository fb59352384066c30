/*
 * The floor: the system calls of `run`, made by a C program that knows nothing else. What is left of the time of `run`
 * above this is Node's, the interpreter's and what they say to each other.
 *
 * steps.h is written by contenders/floor-source.ts from the program that `run` itself would launch:
 *   DIRECTORIES    of the cgroup, in the order of making; none: without limits
 *   SETTINGS       files to write, and what
 *   OOM            the file that tells of killed processes
 *   open_root()    makes the root file system, attached nowhere
 *   container(fd)  everything from the cgroup to execve
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void failed(const char *what) {
  fprintf(stderr, "floor: cannot %s: %s\n", what, strerror(errno));
  _exit(125);
}

/* -errno, as the kernel returns it. */
static long call(long nr, long a, long b, long c, long d, long e, long f) {
  long result = syscall(nr, a, b, c, d, e, f);
  return result == -1 ? -errno : result;
}

struct setting { const char *file, *value; };

#include "steps.h"

static void make_cgroup(void) {
  for (const char *const *directory = DIRECTORIES; *directory; directory++)
    if (mkdir(*directory, 0755)) failed(*directory);
  for (const struct setting *setting = SETTINGS; setting->file; setting++) {
    int fd = open(setting->file, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, setting->value, strlen(setting->value)) < 0) failed(setting->file);
    close(fd);
  }
}

/* A process that has ended may need a moment to leave its cgroup. */
static void remove_cgroup(void) {
  char text[512];
  int last = 0, fd = open(OOM, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || read(fd, text, sizeof text) < 0) failed(OOM);
  close(fd);
  while (DIRECTORIES[last]) last++;
  while (last-- > 0)
    for (int i = 0; rmdir(DIRECTORIES[last]); i++) {
      if (errno != EBUSY || i > 10000) failed(DIRECTORIES[last]);
      usleep(50);
    }
}

int main(void) {
  int limited = DIRECTORIES[0] != NULL, status = 0, each, root;
  if (limited) make_cgroup();
  root = open_root();
  /* The first child joins the cgroup, and makes the container as a second child of this process (CLONE_PARENT). */
  if (!limited) container(root);
  else if (fork() == 0) {
    container(root);
    _exit(0);
  }
  while (wait(&each) > 0)
    if (each) status = each;
  if (limited) remove_cgroup();
  return WIFEXITED(status) ? WEXITSTATUS(status) : 124;
}
