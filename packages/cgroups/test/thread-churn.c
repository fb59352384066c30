/* Two threads make others as fast as they can, each of which ends at once. */
#include <pthread.h>
#include <stddef.h>

static void *end(void *nothing) { return nothing; }

static void *churn(void *nothing) {
  for (;;) {
    pthread_t born;
    if (pthread_create(&born, NULL, end, NULL) == 0) pthread_join(born, NULL);
  }
  return nothing;
}

int main(void) {
  pthread_t other;
  pthread_create(&other, NULL, churn, NULL);
  churn(NULL);
}
