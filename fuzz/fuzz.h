/* fuzz — one target for every decoder of bytes that somebody else wrote.
 *
 * A target is a row: what it is called, how long its inputs may be, what it does with one, and the
 * real structures that its corpus begins with. It fails by ASSERT or under a sanitizer; beyond not
 * crashing it says what must hold: what decodes encodes to the same bytes, what is refused leaves
 * the output as it was, what verifies states what the honest proof states. One program holds all;
 * CARNET_FUZZ names the target of a run. Page: docs/testing.md */
#ifndef CARNET_FUZZ_FUZZ_H
#define CARNET_FUZZ_FUZZ_H

#include <string.h>

#include "base/arena.h"

enum { FUZZ_ARENA_SIZE = 64 << 20, FUZZ_FILE_SIZE_MAX = 1 << 20 };
enum { FUZZ_UNTOUCHED = 0xa5, FUZZ_OP_SIZE = 8 };

struct fuzz_target {
    const char *name;
    size_t size_max;
    void (*run)(struct bytes input);
    void (*seed)(void); /* calls fuzz_seed for each; NULL: any bytes will do */
};
struct fuzz_family {
    const struct fuzz_target *row;
    size_t count;
};
extern const struct fuzz_family FUZZ_BASE, FUZZ_CRYPTO, FUZZ_SM2, FUZZ_LEDGER, FUZZ_CONTRACT,
    FUZZ_POLICY, FUZZ_PEER, FUZZ_TRANSFER, FUZZ_SHELL, FUZZ_PBFT, FUZZ_SYNC;

/* The n-th target of all, NULL past the last; and by name. */
const struct fuzz_target *fuzz_at(size_t n);
const struct fuzz_target *fuzz_find(const char *name);
/* Whether its input is a list of operations of FUZZ_OP_SIZE bytes, to be bent one by one. */
bool fuzz_of_ops(const struct fuzz_target *target);

/* Memory for one input, empty at each call. */
struct arena *fuzz_arena(void);
/* One input of the corpus that is being written; `kind` goes before it where a target has several
 * types and the first byte chooses. */
void fuzz_seed(struct bytes x);
void fuzz_seed_kind(uint8_t kind, struct bytes x);
/* A file of the source tree as a seed. */
void fuzz_seed_file(const char *path);
/* A malloc'ed copy with a final zero, for functions that take text. */
char *fuzz_text(struct bytes x);

/* The common shape: canonical bytes to a struct and back. */
#define FUZZ_CODEC(name, type, decode, encode)                \
    static void name(struct bytes in)                         \
    {                                                         \
        struct arena *a = fuzz_arena();                       \
        struct type x, untouched;                             \
        struct bytes again = { NULL, 0 };                     \
        memset(&x, FUZZ_UNTOUCHED, sizeof x);                 \
        memset(&untouched, FUZZ_UNTOUCHED, sizeof untouched); \
        if (decode(in, a, &x) != ERR_NONE) {                  \
            ASSERT(memcmp(&x, &untouched, sizeof x) == 0);    \
            return;                                           \
        }                                                     \
        enum err e = encode(&x, a, &again);                   \
        ASSERT(e == ERR_NONE);                                \
        ASSERT(bytes_equal(in, again));                       \
    }

#endif
