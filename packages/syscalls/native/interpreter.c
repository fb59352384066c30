/*
 * The interpreter of system call programs. No libc, no allocation, no threads.
 *
 * One file, two builds:
 *   -DSHARED  a shared object with one function, `estiba_perform`, called in the Node process;
 *   else      a static executable, the launcher, which reads a program from a socket and becomes what it says.
 *
 * A program is:   header | operations (64 bytes each) | data | relocations (u32 each)
 * Every operation stores its result in the slot of its own number, so an argument names an operation, not a register.
 * A relocation is the offset of a 64-bit word in data that holds an offset in data, and becomes a pointer.
 * src/encoding.ts writes the same layout; both sides refuse what does not fit (docs/program-format.md).
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef int i32;
typedef long i64;

enum { MAGIC = 0x42545345 /* "ESTB" */, VERSION = 1, MAX_DATA = 64 << 20, NONE = 0xffff, ANY = 0xffff };
enum { SYS, JMP, LOAD, STORE, ALU, FMT, FAIL, CODES };
enum { ALWAYS, EQ, NE, LT, GE, ANYBIT };
enum { MOV, ADD, SUB, AND, OR, SHL, SHR };
enum { IMMEDIATE, DATA, SLOT, SLOT_ADDRESS };
enum { EINTR = 4, EFAULT = 14, EINVAL = 22, ENOSYS = 38 };
enum { RECORD_FAIL = 1 };

struct header { u32 magic; u16 version, abi; u32 nops, ndata, nrelocs; i32 report_fd; u32 reserved[2]; };
struct op { u8 code, variant; u16 types, nr, dst, target, ignore[3]; u64 args[6]; };
struct record { u32 magic, type; i32 op, err; i32 pid; u32 ntext; };
struct failure { u32 failed, op; i32 err; u32 ntext; u64 text; }; /* text: where in data */
/* What is handed over for estiba_perform: the program follows, then, at a multiple of eight, its slots. */
struct job { u64 size; struct failure failure; };

_Static_assert(sizeof(struct header) == 32 && sizeof(struct op) == 64 && sizeof(struct record) == 24 && sizeof(struct job) == 32, "layout");

/* Numbers in data stand at any place, and were written as something else. */
typedef u16 __attribute__((aligned(1), may_alias)) u16_in_data;
typedef i32 __attribute__((aligned(1), may_alias)) i32_in_data;
typedef u64 __attribute__((aligned(1), may_alias)) u64_in_data;

#if defined(__x86_64__)
enum { ABI = 1, NR_read = 0, NR_write = 1, NR_mmap = 9, NR_getpid = 39, NR_exit_group = 231 };
static inline i64 kernel(i64 nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
  i64 result;
  register u64 r10 __asm__("r10") = d;
  register u64 r8 __asm__("r8") = e;
  register u64 r9 __asm__("r9") = f;
  __asm__ volatile("syscall" : "=a"(result) : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
enum { ABI = 2, NR_read = 63, NR_write = 64, NR_mmap = 222, NR_getpid = 172, NR_exit_group = 94 };
static inline i64 kernel(i64 nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
  register i64 x8 __asm__("x8") = nr;
  register u64 x0 __asm__("x0") = a;
  register u64 x1 __asm__("x1") = b;
  register u64 x2 __asm__("x2") = c;
  register u64 x3 __asm__("x3") = d;
  register u64 x4 __asm__("x4") = e;
  register u64 x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return (i64)x0;
}
#else
#error "no system call convention for this architecture yet"
#endif

/* The tests compile with -DSTUB: random programs are interpreted, no system call is made, and loops have an end. */
#ifdef STUB
#define kernel(...) stub_kernel(__VA_ARGS__)
static i64 stub_kernel(i64 nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);
enum { STEPS = 1 << 16 };
#else
#define STEPS ~0ul
#endif

static int is_error(i64 result) { return result < 0 && result > -4096; }

/* From the first operation to the end of the slots. */
static u64 size_of(const struct header *h) {
  u64 length = (u64)h->nops * sizeof(struct op) + h->ndata + h->nrelocs * 4ul;
  return (length + 7) / 8 * 8 + h->nops * 8ul;
}

static int valid_header(const struct header *h) {
  return h->magic == MAGIC && h->version == VERSION && h->abi == ABI && h->nops > 0 && h->nops < NONE &&
         h->ndata <= MAX_DATA && h->ndata % 8 == 0 && h->nrelocs <= h->ndata / 8;
}

/*
 * Every index is checked before the first operation runs, so that the loop below needs few checks of its own.
 * What stands in data is another matter: the program itself, and the kernel, write to it while it runs.
 */
static int valid_program(const struct header *h, const struct op *ops, const u8 *data, const u32 *relocs) {
  for (u32 i = 0; i < h->nops; i++) {
    const struct op *o = ops + i;
    if (o->code >= CODES || o->dst >= h->nops) return 0;
    if (o->target != NONE && o->target > h->nops) return 0;
    if (o->code == JMP && o->target == NONE) return 0;
    for (int k = 0; k < 6; k++) {
      u32 type = o->types >> (2 * k) & 3;
      if (type == DATA && o->args[k] > h->ndata) return 0;
      if ((type == SLOT || type == SLOT_ADDRESS) && o->args[k] >= h->nops) return 0;
    }
    u32 first = o->types & 3, second = o->types >> 2 & 3, third = o->types >> 4 & 3;
    if (o->code == LOAD || o->code == STORE) {
      u32 size = o->variant;
      if (first != DATA || (size != 1 && size != 2 && size != 4 && size != 8) || h->ndata - o->args[0] < size) return 0;
    }
    /* room for twenty digits and the end, at least */
    if (o->code == FMT && (first != DATA || third != DATA || h->ndata - o->args[0] < 21)) return 0;
    if (o->code == FAIL && (second != DATA || third != IMMEDIATE || o->args[2] > h->ndata - o->args[1])) return 0;
  }
  /* In rising order, so that no word becomes a pointer twice. */
  for (u32 i = 0; i < h->nrelocs; i++) {
    if (relocs[i] % 8 || relocs[i] + 8ul > h->ndata || (i && relocs[i] <= relocs[i - 1])) return 0;
    if (*(const u64_in_data *)(data + relocs[i]) > h->ndata) return 0;
  }
  return 1;
}

static i64 get(const u8 *at, u32 size) {
  switch (size) {
    case 1: return *at;
    case 2: return *(const u16_in_data *)at;
    case 4: return *(const i32_in_data *)at;
    default: return (i64)*(const u64_in_data *)at;
  }
}

static void put(u8 *at, u32 size, u64 value) {
  switch (size) {
    case 1: *at = value; break;
    case 2: *(u16_in_data *)at = value; break;
    case 4: *(i32_in_data *)at = (i32)value; break;
    default: *(u64_in_data *)at = value;
  }
}

static int holds(u32 condition, i64 x, i64 y) {
  switch (condition) {
    case ALWAYS: return 1;
    case EQ: return x == y;
    case NE: return x != y;
    case LT: return x < y;
    case GE: return x >= y;
    case ANYBIT: return (x & y) != 0;
    default: return 0;
  }
}

static i64 calculate(u32 function, i64 x, i64 y) {
  switch (function) {
    case ADD: return (i64)((u64)x + (u64)y);
    case SUB: return (i64)((u64)x - (u64)y);
    case AND: return x & y;
    case OR: return x | y;
    case SHL: return (i64)((u64)x << (y & 63));
    case SHR: return (i64)((u64)x >> (y & 63));
    default: return x;
  }
}

/* The number in decimal, then the suffix, then NUL; neither is followed beyond the end of data. */
static i64 format(u8 *to, u64 value, const u8 *suffix, const u8 *end) {
  u8 digits[20], *p = to;
  int n = 0;
  do digits[n++] = '0' + value % 10; while (value /= 10);
  while (n) *p++ = digits[--n];
  while (suffix < end && *suffix && p + 1 < end) *p++ = *suffix++;
  *p = 0;
  return p - to;
}

static int ignores(const struct op *o, i64 error) {
  for (int i = 0; i < 3; i++)
    if (o->ignore[i] && (o->ignore[i] == ANY || o->ignore[i] == error)) return 1;
  return 0;
}

/* Runs to the end (returns 0) or to the first failure (returns 1 and describes it). */
static int interpret(const struct header *h, const struct op *ops, u8 *data, i64 *slots, struct failure *failure) {
  u32 pc = 0;
  for (u64 step = 0; pc < h->nops && step < STEPS; step++) {
    u32 self = pc++;
    const struct op *o = ops + self;
    u64 a[6];
    for (int i = 0; i < 6; i++) {
      u64 v = o->args[i];
      switch (o->types >> (2 * i) & 3) {
        case DATA: v = (u64)(data + v); break;
        case SLOT: v = (u64)slots[v]; break;
        case SLOT_ADDRESS: v = (u64)(slots + v); break;
      }
      a[i] = v;
    }
    i64 *dst = slots + o->dst;
    switch (o->code) {
      case SYS:
        *dst = kernel(o->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
        if (!is_error(*dst)) break;
        if (!ignores(o, -*dst)) {
          *failure = (struct failure){1, self, (i32)-*dst, 0, 0};
          return 1;
        }
        if (o->target != NONE) pc = o->target;
        break;
      case JMP:
        if (holds(o->variant, a[0], a[1])) pc = o->target;
        break;
      case LOAD: *dst = get((u8 *)a[0], o->variant); break;
      case STORE: put((u8 *)a[0], o->variant, a[1]); break;
      case ALU: *dst = calculate(o->variant, a[0], a[1]); break;
      case FMT: *dst = format((u8 *)a[0], a[1], (u8 *)a[2], data + h->ndata); break;
      case FAIL:
        /* a[3] is the operation to blame: the failure of a call may be handled elsewhere, to fetch the kernel's log. */
        *failure = (struct failure){1, (u32)a[3], (i32)(is_error(a[0]) ? -a[0] : a[0]), (u32)a[2], o->args[1]};
        return 1;
    }
  }
  return 0;
}

static void relocate(const struct header *h, u8 *data, const u32 *relocs) {
  for (u32 i = 0; i < h->nrelocs; i++) *(u64_in_data *)(data + relocs[i]) += (u64)data;
}

#ifdef SHARED

/* 0: done; 1: a call failed, see `failure`; 2: not a program of this version and architecture, nothing was run. */
__attribute__((visibility("default"))) i32 estiba_perform(struct job *job) {
  struct header *h = (struct header *)(job + 1);
  if (job->size < sizeof *job + sizeof *h || !valid_header(h)) return 2;
  u64 size = size_of(h);
  if (job->size != sizeof *job + sizeof *h + size) return 2;
  struct op *ops = (struct op *)(h + 1);
  u8 *data = (u8 *)(ops + h->nops);
  u32 *relocs = (u32 *)(data + h->ndata);
  i64 *slots = (i64 *)((u8 *)ops + size) - h->nops;
  if (!valid_program(h, ops, data, relocs)) return 2;
  relocate(h, data, relocs);
  return interpret(h, ops, data, slots, &job->failure);
}

/* Where a buffer is: the address has to be known to put it into another one (argv, sigset_t). */
__attribute__((visibility("default"))) i64 estiba_address(u8 *buffer) { return (i64)buffer; }

#else

/* The launcher's exit status when there is nobody to tell what went wrong. */
enum { EXIT_PROTOCOL = 125 };

static __attribute__((noreturn)) void leave(int status) {
  for (;;) kernel(NR_exit_group, status, 0, 0, 0, 0, 0);
}

static int read_all(i32 fd, u8 *to, u64 n) {
  while (n) {
    i64 r = kernel(NR_read, fd, (u64)to, n, 0, 0, 0);
    if (r == -EINTR) continue;
    if (r <= 0) return 0;
    to += r;
    n -= r;
  }
  return 1;
}

static i32 number(const u8 *text) {
  i32 n = 0;
  if (!text || !*text) return -1;
  for (; *text; text++) {
    if (*text < '0' || *text > '9' || n > 100000000) return -1;
    n = n * 10 + (*text - '0');
  }
  return n;
}

static void report(i32 fd, const struct failure *f, const u8 *data) {
  static u8 message[sizeof(struct record) + 1024];
  u32 ntext = f->ntext > 1024 ? 1024 : f->ntext;
  struct record *r = (struct record *)message;
  *r = (struct record){MAGIC, RECORD_FAIL, (i32)f->op, f->err, (i32)kernel(NR_getpid, 0, 0, 0, 0, 0, 0), ntext};
  for (u32 i = 0; i < ntext; i++) message[sizeof *r + i] = data[f->text + i];
  kernel(NR_write, fd, (u64)message, sizeof *r + ntext, 0, 0, 0);
}

/* argv[1] is the number of the socket: any fixed number could be one that the program itself was given. */
__attribute__((noreturn, used)) void launcher(const u64 *stack) {
  struct header h;
  i32 fd = stack[0] > 1 ? number((const u8 *)stack[2]) : -1;
  if (fd < 0 || !read_all(fd, (u8 *)&h, sizeof h) || !valid_header(&h)) leave(EXIT_PROTOCOL);
  u64 nops = (u64)h.nops * sizeof(struct op), length = nops + h.ndata + h.nrelocs * 4ul, size = size_of(&h);
  u8 *memory = (u8 *)kernel(NR_mmap, 0, size, 3 /* READ|WRITE */, 0x22 /* PRIVATE|ANONYMOUS */, -1, 0);
  if (is_error((i64)memory) || !read_all(fd, memory, length)) leave(EXIT_PROTOCOL);
  struct op *ops = (struct op *)memory;
  u8 *data = memory + nops;
  u32 *relocs = (u32 *)(data + h.ndata);
  i64 *slots = (i64 *)(memory + size) - h.nops;
  struct failure failure = {0};
  if (!valid_program(&h, ops, data, relocs)) leave(EXIT_PROTOCOL);
  relocate(&h, data, relocs);
  if (!interpret(&h, ops, data, slots, &failure)) leave(0);
  report(h.report_fd, &failure, data);
  leave(EXIT_PROTOCOL);
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n xor %ebp,%ebp\n mov %rsp,%rdi\n and $-16,%rsp\n call launcher\n");
#else
__asm__(".globl _start\n_start:\n mov x29,#0\n mov x30,#0\n mov x0,sp\n and sp,x0,#-16\n b launcher\n");
#endif

#endif
