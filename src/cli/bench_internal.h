/* bench — what this machine does in a second: what the topics of `carnet bench` share.
 *
 * Every operation is timed by itself; rows that are compared run one after the other in the same
 * process. Figures say what happened here, nothing more. Page: docs/performance.md */
#ifndef CARNET_CLI_BENCH_INTERNAL_H
#define CARNET_CLI_BENCH_INTERNAL_H

#include "cli/cli.h"

enum { BENCH_SAMPLES_MAX = 1 << 16, BENCH_ROWS_MAX = 32, BENCH_GM_ROWS = 8 };

struct bench_row {
    char name[64];
    uint64_t count; /* operations, or bytes of `bytes` each */
    uint64_t bytes; /* of one operation; 0: it is not counted in bytes */
    double per_s, cpu_us;
    uint64_t p50_ns, p99_ns;
    char beside[64]; /* name of the row it is compared with; empty: none */
    double ratio;    /* of rates, by processor time: others may be at work on this machine */
};

struct bench {
    struct cli *cli;
    double seconds; /* for the whole topic */
    uint32_t rows_planned;
    uint32_t row_count;
    struct bench_row row[BENCH_ROWS_MAX];
    uint64_t *sample_ns; /* BENCH_SAMPLES_MAX */
    bool sample_cpu;     /* percentiles of this thread's processor time, not of the wall's */
};

/* Time that was taken piece by piece: for steps that alternate. */
struct bench_meter {
    uint64_t count, samples;
    uint64_t wall_ns, cpu_ns;
    uint64_t begun_ns, begun_cpu_ns;
    uint64_t *sample_ns; /* BENCH_SAMPLES_MAX; NULL: no percentiles */
};
uint64_t bench_now_ns(void);
void bench_begin(struct bench_meter *m);
/* One sample that holds `count` operations. */
void bench_end(struct bench_meter *m, uint64_t count);
/* A row of what a meter saw; a sample's time is that of all its operations. */
struct bench_row *bench_row_of(struct bench *b, const char *name, struct bench_meter *m,
                               uint64_t bytes);

/* Acts again and again for this row's share of the time. `beside` names an earlier row or is
 * NULL. */
MUST_USE enum err bench_act(struct bench *b, const char *name, const char *beside, uint64_t bytes,
                            enum err (*act)(void *ctx), void *ctx);
void bench_compare(struct bench *b, struct bench_row *r, const char *beside);
/* A decimal string with three places: our JSON has no reals. */
void bench_put(json_t *object, const char *key, double x);

/* The topics. */
MUST_USE enum err bench_crypto(struct bench *b);
MUST_USE enum err bench_transfer(struct bench *b);
MUST_USE enum err bench_comply(struct bench *b);
MUST_USE enum err bench_ledger(struct bench *b);
MUST_USE enum err bench_token(struct bench *b);
MUST_USE enum err bench_cluster(struct bench *b);
/* Their options, before anything is said. */
MUST_USE enum err bench_ledger_check(struct cli *c);
MUST_USE enum err bench_cluster_check(struct cli *c);
/* The rows of suite gm, in `bench crypto`; and its verification alone. */
MUST_USE enum err bench_gm(struct bench *b);
MUST_USE enum err bench_gm_verify(struct bench *b);
/* The rows of Ed25519 verification alone; of SM2's with --suite gm. */
MUST_USE enum err bench_verify(struct bench *b);

#endif
