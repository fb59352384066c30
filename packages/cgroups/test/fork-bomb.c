/* Every process forks as fast as it can; a third of the newborn end at once, so that others can be born at the limit. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  for (;;) {
    if (fork() == 0) {
      srand(getpid());
      if (rand() % 3 == 0) _exit(0);
    }
    waitpid(-1, NULL, WNOHANG);
  }
}
