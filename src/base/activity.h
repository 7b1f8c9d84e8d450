/* activity — what a thread is busy with, said to whoever keeps its processor time.
 *
 * Deciding code says it and learns nothing by it: no clock, no result. Page: docs/performance.md */
#ifndef CARNET_BASE_ACTIVITY_H
#define CARNET_BASE_ACTIVITY_H

/* The first is what a thread does when it says nothing else. */
#define ACTIVITIES(X)                                                                         \
    X(NETWORK, "network")     /* the loop, sockets, TLS */                                    \
    X(CONSENSUS, "consensus") /* votes and views, gossip, sync; their signatures */           \
    X(EXECUTE, "execute")     /* transactions: read, admitted, built into blocks, executed */ \
    X(HASH, "hash")           /* the roots of a block */                                      \
    X(DISK, "disk")           /* logs, folded state, index */                                 \
    X(REQUESTS, "requests")   /* what clients ask for: proofs, queries */

enum activity {
#define ACTIVITY(word, name) ACTIVITY_##word,
    ACTIVITIES(ACTIVITY)
#undef ACTIVITY
        ACTIVITY_END
};
const char *activity_name(enum activity a);

/* `turn` gives back what it was until now. NULL: nobody keeps the time. */
struct activity_port {
    void *ctx;
    enum activity (*turn)(void *ctx, enum activity to);
};
/* Around a piece of work: was = activity_turn(p, EXECUTE); then the work; activity_turn(p, was). */
enum activity activity_turn(const struct activity_port *p, enum activity to);

#endif
