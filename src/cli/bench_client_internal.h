/* bench_client — clients of a measured cluster: processes of their own that send at their own pace,
 * whatever the answers, and others that fetch and verify a proof of each receipt. They meet in
 * shared memory. */
#ifndef CARNET_CLI_BENCH_CLIENT_INTERNAL_H
#define CARNET_CLI_BENCH_CLIENT_INTERNAL_H

#include <stdatomic.h>
#include <sys/types.h>

#include "cli/bench_internal.h"

enum { BENCH_LANES_MAX = 16, BENCH_SENT_MAX = 1 << 16, BENCH_PATIENCE_MS = 15000 };

struct bench_sent {
    struct hash id;
    uint64_t due_ns;             /* when it was to be sent, however late it was */
    _Atomic uint64_t proven_ns;  /* when its receipt was verified; 0: not yet */
};
/* One sender and one verifier, of one participant. */
struct bench_lane {
    _Atomic uint32_t sent; /* records that are whole */
    _Atomic uint32_t refused, busy, lost;
    _Atomic bool sender_done;
    _Atomic uint64_t sender_cpu_ns, verifier_cpu_ns;
    struct bench_sent record[BENCH_SENT_MAX];
};

struct bench_offer {
    const char *dir, *pass_path;
    const char *as, *to; /* who pays whom */
    double per_s;
    uint64_t seconds;
};
/* A child that sends, or one that verifies: both end by themselves. -1: it cannot start. */
pid_t bench_sender(const struct cli *c, const struct bench_offer *o, struct bench_lane *lane);
pid_t bench_verifier(const struct cli *c, const struct bench_offer *o, struct bench_lane *lane);

#endif
