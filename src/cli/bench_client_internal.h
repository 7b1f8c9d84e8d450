/* bench_client — clients of a measured cluster: processes of their own that send at their own pace,
 * whatever the answers, and others that fetch and verify the receipts. They meet in shared memory.
 *
 * Transactions are of a crowd: participants of the bench's genesis that run no node, whose keys
 * follow from a seed that this run has drawn. */
#ifndef CARNET_CLI_BENCH_CLIENT_INTERNAL_H
#define CARNET_CLI_BENCH_CLIENT_INTERNAL_H

#include <stdatomic.h>
#include <sys/types.h>

#include "cli/bench_internal.h"
#include "cli/session_internal.h"

enum {
    BENCH_LANES_MAX = 8,
    BENCH_SENT_MAX = 1 << 18, /* of one lane, all phases together */
    BENCH_BATCH = 1024,       /* transactions of one request, ids of another */
    BENCH_TICK_MS = 10,       /* what has come due since goes out together */
    BENCH_AGAIN_MS = 3000,    /* without a receipt for so long, it is sent once more */
    BENCH_PATIENCE_MS = 15000,
    BENCH_CROWD_KEYS = 100, /* of one participant */
    BENCH_CROWD_MAX = 1000,
    BENCH_STATE_MAX = 1900000, /* a node's state holds 2,097,152 records */
    BENCH_ANCHOR_MS = 180000   /* how long records of state stay valid, so that ids are forgotten */
};

struct bench_crowd {
    uint32_t count, first; /* their places in genesis.participants */
    uint8_t seed[32];
    struct hash law; /* of the space's genesis: the pack set that its mints name */
};
/* The key `key` (from 1) of participant `who` of the crowd. */
void bench_crowd_secret(const struct suite *s, const struct bench_crowd *c, uint32_t who,
                        uint32_t key, uint8_t out[SUITE_SECRET_SIZE]);
/* A genesis document with all keys. */
MUST_USE enum err bench_crowd_document(const struct suite *s, const struct bench_crowd *c,
                                       uint32_t who, struct arena *a, struct did_document *out);

enum bench_kind { BENCH_PAY, BENCH_ANCHOR, BENCH_ISSUE, BENCH_MINT };
/* Signed transaction number `n` of that kind: of participant n modulo the crowd, a key after the
 * other; an issue is the session's own. */
MUST_USE enum err bench_make(struct session *s, const struct bench_crowd *c, enum bench_kind kind,
                             uint32_t n, struct arena *a, struct hash *id, struct bytes *wire);

struct bench_sent {
    struct hash id;
    _Atomic uint64_t due_ns;    /* when it was to be sent, however late it was; 0: it is refused */
    _Atomic uint64_t proven_ns; /* when its receipt was verified; 0: not yet */
    _Atomic bool failed;        /* that receipt says anything but ok */
    bool token;                 /* else money, or whatever its phase sends */
    uint16_t size;              /* on the wire */
};
/* One sender and one verifier, at one node first. */
struct bench_lane {
    _Atomic uint32_t sent; /* the first so many records have been sent */
    _Atomic uint32_t refused, busy, again, lost;
    _Atomic bool sender_done;
    _Atomic uint64_t sender_cpu_ns, verifier_cpu_ns;
    struct bench_sent record[BENCH_SENT_MAX];
};
/* Where they meet. */
struct bench_floor {
    _Atomic uint32_t ready;    /* children that have opened keys and signed what they will send */
    _Atomic uint64_t begin_ns; /* 0: not yet */
    _Atomic uint64_t lone_p50_ns, ping_p50_ns;
    struct bench_lane lane[BENCH_LANES_MAX];
};

struct bench_offer {
    const char *dir, *pass_path, *as;
    const struct bench_crowd *crowd;
    enum bench_kind kind;
    uint32_t tokens;        /* of a hundred payments so many are mints instead */
    uint32_t number, lanes; /* of the lane */
    uint32_t count;         /* transactions in all */
    double per_s;
};
/* What transaction number `n` of an offer is: tokens are spread evenly over all keys. */
enum bench_kind bench_kind_of(const struct bench_offer *o, uint32_t n);

/* Whose receipts count: the committee of genesis, and those that the proof of a transaction follows
 * from it where a space that was kept has others. */
struct bench_belief {
    struct trust trust;
    struct arena arena;
};
MUST_USE enum err bench_belief_open(struct session *s, struct bench_belief *b);
/* Verifies a BlockProof. ERR_PROOF: nothing of it counts; where its committee is not known yet, a
 * transaction that it may be about is asked for, so that the next one can be believed. */
MUST_USE enum err bench_believe(struct session *s, struct bench_belief *b, struct bytes proof,
                                const struct hash *asked, struct proved_block *out);

/* A child that sends, or one that verifies: both end by themselves. -1: it cannot start. */
pid_t bench_sender(const struct cli *c, const struct bench_offer *o, struct bench_floor *f);
pid_t bench_verifier(const struct cli *c, const struct bench_offer *o, struct bench_floor *f);

/* A payment at a time, on an idle network: its p50 and that of a request to the floor. */
MUST_USE enum err bench_lone(const struct cli *c, const struct bench_offer *o,
                             struct bench_floor *f);

/* Processor time of validators by thread: the loop, the workers that verify, the syncs. */
struct bench_threads {
    double loop_us, verify_us, sync_us;
    double activity_us[ACTIVITY_END]; /* of the loop, as the validators themselves say */
};
void bench_process_us(long pid, struct bench_threads *t); /* adds */

/* bench_client.c */
/* The command as this participant would give it, in a process of its own. */
MUST_USE enum err bench_open_as(const struct cli *c, const struct bench_offer *o, struct cli *own,
                                struct session *s);
void bench_sleep_until(uint64_t ns);
/* As fork, but the child is killed when this process ends, however it ends. */
pid_t bench_fork(void);
uint64_t bench_own_cpu_ns(void);

#endif
