/* sim — a whole space in one process: one seed, one history (DESIGN 1, 8).
 *
 * Every node runs the real ledger, the real consensus and the real effects interpreter over a
 * simulated clock, network, disk and folded store. Phase one does harm and checks safety after
 * every event; phase two heals everything and asks for liveness. The same seed gives the same
 * history on any build. It prints nothing and reads nothing from outside. Page: docs/simulator.md
 */
#ifndef CARNET_SIM_SIM_H
#define CARNET_SIM_SIM_H

#include "base/bytes.h"
#include "crypto/suite.h"
#include "sim/sim_words.h"

enum {
    SIM_SUITE = 127, /* FORMATS 23 */
    SIM_NODES_MAX = 31,
    SIM_STEPS_MAX = 10000000,
    SIM_STEPS_DEFAULT = 30000,
    SIM_ORDERS_DEFAULT = 3,
    SIM_VIOLATIONS_MAX = 8,
    SIM_LINE_SIZE = 160,
    SIM_LINES_MAX = 64 /* last events shown with a violation */
};

/* Canaries: defects put in on purpose, which the checks must find. */
enum sim_mutant {
    SIM_MUTANT_NONE,
    SIM_MUTANT_FORGET_VOTES, /* a restart finds no vote log, and all nodes crash together */
    SIM_MUTANT_SYNC_LIES,    /* the disk says "synced" and is not, and all nodes crash together */
    SIM_MUTANT_EAGER_BROKER, /* a broker hands a key over before its RELEASE has committed */
    SIM_MUTANT_FORGER,       /* a liar has everybody's keys */
    SIM_MUTANT_TRUE_FORGER,  /* what the rig forges is signed by whom it names */
    SIM_MUTANT_SHARED_CACHE, /* node 1 opens the law in node 0's memory */
    SIM_MUTANT_LOSE_TX /* clients are told "committed" when a node merely has the transaction */
};

struct sim_options {
    uint64_t seed;
    uint32_t nodes; /* seats, 1..SIM_NODES_MAX; odd seeds have an observer beside them */
    uint32_t steps; /* events of the first phase */
    uint32_t faults;
    uint32_t liars; /* with SIM_BYZANTINE: seats that lie, at most f of 3f+1 */
    uint32_t orders; /* of clients, at most so many at a time; 0: SIM_ORDERS_DEFAULT */
    enum sim_mutant mutant;
    struct bytes
        pack_set; /* compiled law for genesis: tokens and rights are traded too; empty: none */
    uint64_t kill_primary_ms; /* the first leader dies at this instant for the whole first phase; 0:
                                 no */
    uint64_t lose_votes_ms;   /* node 1 crashes then and loses its vote log, synced or not; 0: no */
    uint64_t wipe_ms;         /* node 1 loses its whole disk then, but for its keys; 0: no */
    bool prune;               /* all others start again then, and prune */
    bool lying_servers;       /* all but one lie to node 1 about snapshots */
    /* Called with each line of the transcript; NULL: only the last lines are kept. */
    void (*line)(void *ctx, const char *line);
    void *line_ctx;
};

struct sim_result {
    bool ok;
    uint64_t seed, height, steps, virtual_ms, txs, applied; /* applied: receipts that say ok */
    uint64_t released;                                      /* uses of brokered rights */
    uint64_t uses, stops, stopped; /* of rights: made; freezes, revokes; refused for one of these */
    uint64_t settled, refunded;                             /* locks in two currencies */
    uint32_t nodes, faults, liars, orders;
    uint32_t snapshots, lies_found; /* nodes that began from one; lies about them */
    bool guarded;                   /* each node's memory was closed while others stepped */
    bool law;                       /* tokens and rights were traded under one */
    uint32_t logs;                  /* block logs that were compared with what was committed */
    uint32_t suite, view_changes, violation_count, line_count;
    struct hash trace_hash; /* over all delivered events and committed hashes */
    uint32_t broken;        /* bits by enum sim_invariant */
    uint64_t delivered[SIM_FAULT_END], lies[SIM_LIE_END];
    uint64_t forged[SIM_FORGERIES]; /* refused for their signature, by kind */
    char violation[SIM_VIOLATIONS_MAX][SIM_LINE_SIZE];
    char line[SIM_LINES_MAX][SIM_LINE_SIZE]; /* oldest first */
};

/* Nodes, steps, faults and liars of a seed, for who wants all sorts. A law that is given stays in
 * one seed of three; nothing else is touched. */
void sim_draw(uint64_t seed, struct sim_options *options);
/* ERR_NONE with result->ok; ERR_INTEGRITY: a violation was found; ERR_UNAVAILABLE: a requested
 * fault was never delivered; ERR_USAGE: options out of range; ERR_NO_SPACE: memory. *result is
 * always filled. */
MUST_USE enum err sim_run(const struct sim_options *options, struct sim_result *result);

/* The simulator's suite over a registry of its own, and the registry's end. */
MUST_USE enum err sim_suite_new(struct suite **out);
void sim_suite_free(struct suite *s);

#endif
