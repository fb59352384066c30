/*
 * Starts the contenders that are programs, each in the same way, and tells how long it took: posix_spawn(3), which costs
 * the same for everybody and nothing of the size of Node, then waitpid(2). So a program's time has neither our launcher in
 * it, nor libuv's fork, nor a turn of Node's event loop.
 *
 *     in:   the words of a command, the first an absolute path, with 0x1f between them, and a line feed
 *     out:  <wait status> <nanoseconds> and a line feed; once at the start: ready
 *
 * Every argument is a directory in whose place the programs find an empty one. Mounts are in a namespace of their own, and
 * go when it goes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void check(int failed, const char *what) {
  if (!failed) return;
  fprintf(stderr, "starter: cannot %s: %s\n", what, strerror(errno));
  exit(1);
}

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000ll + time.tv_nsec;
}

/* What a program leaves running (podman's monitor) is not to disturb the next: it gets two seconds to end. */
static void settle(void) {
  for (int i = 0; i < 2000; i++) {
    pid_t ended = waitpid(-1, NULL, WNOHANG);
    if (ended < 0) return;
    if (ended == 0) usleep(1000);
  }
}

int main(int argc, char **argv) {
  static posix_spawn_file_actions_t streams;
  char *line = NULL;
  size_t room = 0;
  ssize_t length;

  check(unshare(CLONE_NEWNS), "unshare the mount namespace");
  check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make mounts private");
  for (int i = 1; i < argc; i++) check(mount("starter", argv[i], "tmpfs", 0, "mode=755"), argv[i]);
  check(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "become a subreaper");
  posix_spawn_file_actions_init(&streams);
  posix_spawn_file_actions_addopen(&streams, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&streams, 1, "/dev/null", O_WRONLY, 0);
  puts("ready");
  fflush(stdout);

  while ((length = getline(&line, &room, stdin)) > 0) {
    char *words[256];
    int count = 0, status = 127 << 8, error;
    long long start, time = 0;
    pid_t pid;
    if (line[length - 1] == '\n') line[length - 1] = 0;
    for (char *at = line; at && count < 255;) words[count++] = strsep(&at, "\x1f");
    words[count] = NULL;
    start = now();
    error = posix_spawn(&pid, words[0], &streams, NULL, words, environ);
    if (error) {
      fprintf(stderr, "starter: cannot start %s: %s\n", words[0], strerror(error));
    } else {
      while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
      time = now() - start;
      settle();
    }
    printf("%d %lld\n", status, time);
    fflush(stdout);
  }
  return 0;
}
