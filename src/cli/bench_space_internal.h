/* bench_space — a space in memory for measuring: four seats with the law of this release, one
 * ledger that leads and one that follows. */
#ifndef CARNET_CLI_BENCH_SPACE_INTERNAL_H
#define CARNET_CLI_BENCH_SPACE_INTERNAL_H

#include "cli/bench_internal.h"
#include "contract/contract.h"
#include "ledger/ledger.h"
#include "policy/compile/policy_compile.h"

enum { SPACE_SEATS = 4, SPACE_KEY_LOG2 = 4, SPACE_BLOCK_TXS = 256, SPACE_STORE_SLOTS = 1 << 20 };
enum { SPACE_OWNER, SPACE_HOLDER, SPACE_BANK, SPACE_REGULATOR }; /* each has a seat */

struct space_entry {
    uint16_t contract;
    struct hash key;
    struct bytes stored; /* malloc'ed; NULL: the slot is free */
};
struct space_node {
    struct contract_env env;
    struct contract_table table;
    struct space_entry *entry; /* open addressing; nothing is ever deleted in these benches */
    struct ledger *ledger;
    void *memory;
};
struct bench_meters;
struct bench_space {
    struct suite *own_suite; /* the simulator's: signatures cost nothing */
    const struct suite *suite;
    void *memory, *work_memory;
    struct arena arena, work; /* work: of one block */
    struct policy_compiled law;
    struct hash pack_set, did[SPACE_SEATS];
    struct genesis genesis;
    struct epoch_seed *seat_seed;
    uint8_t (*public_key)[1 << SPACE_KEY_LOG2][SUITE_KEY_SIZE_MAX];
    struct space_node leader, follower;
    uint32_t keys; /* of each document; its author signs with one after the other */
    uint64_t now_ms, nonce;
    uint32_t tx_count;
    struct bytes tx[SPACE_BLOCK_TXS];
    struct bench_meters *m;
};
/* One sample is a transaction of sign and admit, a block of the others. */
struct bench_meters {
    struct bench_meter sign, admit, build, execute, commit;
};
struct bench_meters *bench_meters_new(void);
void bench_meters_free(struct bench_meters *m);
/* Their five rows, named after `what`. *cpu_us, *wall_us: of one transaction at a validator that
 * follows: admitted, executed, committed. */
void bench_meters_rows(struct bench *b, struct bench_meters *m, const char *what, double *cpu_us,
                       double *wall_us);

MUST_USE enum err bench_law(struct policy_compiled *out, char why[POLICY_WHY_SIZE]);
/* `real`: a suite of the product; NULL: the simulator's, whose signatures cost next to nothing.
 * With more than one of `keys` the ledgers remember so few that each look reads the document. */
MUST_USE enum err bench_space_open(const struct suite *real, uint32_t keys, struct bench_meters *m,
                                   struct bench_space **out, char why[POLICY_WHY_SIZE]);
void bench_space_close(struct bench_space *s);
/* A body by one of the four, with a fresh nonce. */
struct tx_body bench_space_body(struct bench_space *s, uint32_t author, uint32_t method,
                                struct bytes args);
/* Signs it into the block that comes next. */
MUST_USE enum err bench_space_add(struct bench_space *s, uint32_t author,
                                  const struct tx_body *body);
/* Admits what was added, builds the block at the leader, executes it at the follower, commits at
 * both; all are timed. ERR_REFUSED: a receipt says anything but ok. */
MUST_USE enum err bench_space_block(struct bench_space *s);

#endif
