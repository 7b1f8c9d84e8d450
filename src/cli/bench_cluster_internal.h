/* bench_cluster — a measured cluster: what the files that measure it share. */
#ifndef CARNET_CLI_BENCH_CLUSTER_INTERNAL_H
#define CARNET_CLI_BENCH_CLUSTER_INTERNAL_H

#include "cli/bench_client_internal.h"
#include "cli/net_internal.h"

enum {
    CLUSTER_VALIDATORS = 4,
    CLUSTER_OBSERVER = 4,   /* its index: it is the one that is wiped */
    CLUSTER_ROUND = 100000, /* records of state that are signed at once */
    CLUSTER_STATE_RATE = 3000,
    CLUSTER_SLOWER_MS = 2,
    CLUSTER_SYNC_WAIT_S = 900,
    CLUSTER_TOKENS = 25,          /* of a hundred transactions: one in four */
    CLUSTER_TOKEN_RECORDS = 2,    /* of state: the token and its attachment */
    CLUSTER_RECORDS_MAX = 2000000 /* and the rest is for what no client makes */
};

struct cluster_options {
    uint64_t rate, lanes, people, state, seconds;
    uint64_t tokens;  /* percent */
    const char *keep; /* NULL: a new folder, removed at the end */
};

struct cluster {
    struct bench *b;
    struct cli cli; /* of the space that is measured */
    struct cluster_options o;
    char base[CLI_DIR_SIZE_MAX + 32], dir[CLI_DIR_SIZE_MAX + 48], pass[CLI_DIR_SIZE_MAX + 48];
    uint32_t lanes;
    struct bench_floor *floor;
    struct bench_lane *lane; /* of the floor */
    struct bench_crowd crowd;
    uint64_t state;  /* records of the bench's making: what a kept space holds already */
    uint64_t minted; /* tokens, proved: what a kept space holds already, and of this run */
    bool kept;       /* it was there before */
    pid_t watcher;   /* it tidies up when this process is ended from outside; -1: none */
    struct session *session;
};

/* Receipts of one sort, of transactions that succeeded. */
struct phase_sort {
    double proven, bytes; /* of the transactions, on the wire */
};
/* What one phase came to. */
struct phase {
    double seconds;              /* from the first that was due to the last receipt */
    double offered, proven, tps; /* proven: of money and tokens, without those that failed */
    struct phase_sort money, token;
    struct bench_threads validator;        /* a receipt, of one of them */
    double client_us, wire_bytes;          /* a receipt */
    uint64_t verified[CLUSTER_VALIDATORS]; /* signatures, since start */
    uint64_t refused, busy, again, lost, failed;
    uint64_t began_ns, killed_ns, back_ns; /* the kill, and the first receipt of what came later */
    uint32_t killed;                       /* which validator; the lanes are at the first ones */
};

/* bench_cluster.c */
/* This program with these words, silently. */
MUST_USE enum err cluster_run_self(struct cluster *k, const char *const *words);
/* A number of a node's status; -1: it does not answer. */
int64_t cluster_status(struct cluster *k, uint32_t node, const char *member);
MUST_USE enum err cluster_phase(struct cluster *k, enum bench_kind kind, double count, double per_s,
                                bool kills, struct phase *p);
/* What the lanes have since `from`, a number a lane, added to what `p` says. */
void cluster_tally(const struct cluster *k, const uint32_t *from, struct phase *p);
void cluster_say(struct cluster *k, const char *key, const char *words, double x, const char *unit);

/* bench_split.c */
/* Processor time of all validators since they began. */
struct bench_threads cluster_split(struct cluster *k);
/* What they took since, of one validator and one receipt. */
struct bench_threads cluster_split_since(struct cluster *k, const struct bench_threads *before,
                                         double receipts);
void cluster_split_say(struct cluster *k, const struct bench_threads *a_receipt);

/* bench_keep.c */
/* Where the space lies: kept from an earlier run, or made now. It runs afterwards. */
MUST_USE enum err cluster_open(struct cluster *k);
/* It is stopped, and removed unless it is kept. */
void cluster_close(struct cluster *k);
/* What the next run must know of a space that is kept; of another nothing is written. */
MUST_USE enum err cluster_note(const struct cluster *k);
/* Records until there are so many, in rounds. */
MUST_USE enum err cluster_fill(struct cluster *k, uint64_t state);
/* The same flood with a disk that takes longer for each sync. */
MUST_USE enum err cluster_slower(struct cluster *k, double rate, struct phase *p);
/* The observer loses all it has, and comes up to the others. */
MUST_USE enum err cluster_sync(struct cluster *k);

/* bench_mix.c */
/* --tokens, and whether its records have room. */
MUST_USE enum err cluster_mix_read(struct cli *c, struct cluster_options *o);
/* None in suite gm: zero, and ERR_USAGE where some are asked for. */
MUST_USE enum err cluster_mix_suite(struct cli *c, const struct suite *s,
                                    struct cluster_options *o);
/* The same of the space that is there: a kept one has its own suite and its own records. */
MUST_USE enum err cluster_mix_open(struct cluster *k);
/* Adds a receipt to its sort. */
void cluster_mix_count(struct phase *p, const struct bench_sent *x);
/* Receipts by sort, and of transactions that failed; keys begin with `prefix`. */
void cluster_mix_say(struct cluster *k, const struct phase *p, const char *prefix);
/* What a transaction of each sort has on the wire. */
void cluster_mix_sizes(struct cluster *k, const struct phase *p);

#endif
