/*
 * Interprets programs from standard input without a kernel: each is a size (u32) and so many bytes.
 *
 * Every program is put into memory of exactly its size, so that a sanitizer sees any access beyond it. System calls write
 * where a kernel could: into the program's data, which is how a checked program changes under the interpreter.
 */
#define SHARED
#define STUB
#include "../../native/interpreter.c"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static u8 *data_begin, *data_end;
static u64 calls, outcomes[3];

static i64 stub_kernel(i64 nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
  u64 args[] = {a, b, c, d, e, f};
  calls++;
  for (int i = 0; i < 6; i++) {
    u8 *at = (u8 *)args[i];
    if (at < data_begin || at >= data_end) continue;
    u64 room = data_end - at, n = room < 64 ? room : 64;
    memset(at, nr % 3 ? 'x' : (int)nr, n);
  }
  return nr % 3 ? nr : -(nr % 40) - 1;
}

static void run(const u8 *bytes, u32 size) {
  struct header h = {0};
  memcpy(&h, bytes, size < sizeof h ? size : sizeof h);
  u64 slots = size >= sizeof h && valid_header(&h) ? h.nops * 8ul : 0;
  u64 whole = sizeof(struct job) + (size + 7ul) / 8 * 8 + slots;
  struct job *job = calloc(1, whole);
  job->size = whole;
  memcpy(job + 1, bytes, size);
  data_begin = (u8 *)(job + 1) + sizeof h + h.nops * sizeof(struct op);
  data_end = data_begin + h.ndata;
  i32 outcome = estiba_perform(job);
  if (outcome < 0 || outcome > 2) abort();
  outcomes[outcome]++;
  /* what the launcher copies into its report */
  if (outcome == 1 && job->failure.ntext) {
    u8 *text = malloc(job->failure.ntext);
    memcpy(text, data_begin + job->failure.text, job->failure.ntext);
    free(text);
  }
  free(job);
}

int main(void) {
  u32 size;
  while (fread(&size, sizeof size, 1, stdin) == 1) {
    u8 *bytes = malloc(size + 1ul);
    if (fread(bytes, 1, size, stdin) != size) return 2;
    run(bytes, size);
    free(bytes);
  }
  printf("%lu %lu %lu %lu\n", outcomes[0], outcomes[1], outcomes[2], calls);
  return 0;
}
