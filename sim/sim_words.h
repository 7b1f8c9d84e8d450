/* sim_words — faults, lies and invariants by name: what is asked for, counted and broken. */
#ifndef CARNET_SIM_SIM_WORDS_H
#define CARNET_SIM_SIM_WORDS_H

#include "base/err.h"

/* Asked for by name; delivered ones are counted by the same numbers. */
#define SIM_FAULTS(X)           \
    X(DROP, "drop")             \
    X(DELAY, "delay")           \
    X(PARTITION, "partition")   \
    X(CRASH, "crash")           \
    X(DISK, "disk")             \
    X(DUPLICATE, "duplicate")   \
    X(REORDER, "reorder")       \
    X(ONEWAY, "oneway")         \
    X(DEAF, "deaf")             \
    X(SKEW, "skew")             \
    X(TORN, "torn")             \
    X(SLOW, "slow")             \
    X(LOST, "lost")             \
    X(MISDIRECT, "misdirect")   \
    X(RESTORE, "restore")       \
    X(WIPE, "wipe")             \
    X(PRUNE, "prune")           \
    X(FALSE_SYNC, "false_sync") \
    X(LONELY, "lonely")         \
    X(BYZANTINE, "byzantine")   \
    X(MEMBERS, "members")       \
    X(FLOOD, "flood")
enum sim_fault {
#define X(name, text) SIM_##name,
    SIM_FAULTS(X)
#undef X
        SIM_FAULT_END
};
/* A disk that lost what it had synced counts among the f faulty (FORMATS 14). */
enum { SIM_AMONG_F = 1 << SIM_LOST | 1 << SIM_MISDIRECT | 1 << SIM_RESTORE | 1 << SIM_WIPE };
const char *sim_fault_name(enum sim_fault f);
/* "drop,byzantine:1" to a set of bits and the number of liars. ERR_UNKNOWN_WORD. */
MUST_USE enum err sim_faults_parse(const char *text, uint32_t *faults, uint32_t *liars);

/* What a Byzantine seat does, counted when an honest node has processed it (sim_lies.c). */
#define SIM_LIES(X)                      \
    X(EQUIVOCATE, "equivocate")          \
    X(DOUBLE_VOTE, "double_vote")        \
    X(FORGET, "forget") /* two copies */ \
    X(JUMP_VIEW, "jump_view")            \
    X(WITHHOLD, "withhold")              \
    X(REPLAY, "replay")                  \
    X(MALFORM, "malform")                \
    X(FALSE_PROOF, "false_proof")
enum sim_lie {
#define X(name, text) SIM_LIE_##name,
    SIM_LIES(X)
#undef X
        SIM_LIE_END
};
const char *sim_lie_name(enum sim_lie l);

/* What is forged under a wrong key and handed to every node (sim_forge.c). */
enum sim_forgery { SIM_FORGED_VOTE, SIM_FORGED_CHANGE, SIM_FORGERIES };

/* DESIGN 8, by name: a violation begins with one of these words. */
#define SIM_INVARIANTS(X)           \
    X(AGREEMENT, "agreement")       \
    X(VALIDITY, "validity")         \
    X(ORDER, "order")               \
    X(DURABILITY, "durability")     \
    X(VOTES, "votes")               \
    X(RECEIPTS, "receipts")         \
    X(DETERMINISM, "determinism")   \
    X(CONSERVATION, "conservation") \
    X(RELEASE, "release")           \
    X(USE, "use")                   \
    X(FORGERY, "forgery")           \
    X(SERVICE, "service")           \
    X(SNAPSHOT, "snapshot")         \
    X(ISOLATION, "isolation")       \
    X(LIAR, "liar")                 \
    X(LIVENESS, "liveness")
enum sim_invariant {
#define X(name, text) SIM_##name,
    SIM_INVARIANTS(X)
#undef X
        SIM_INVARIANT_END
};
const char *sim_invariant_name(enum sim_invariant i);

#endif
