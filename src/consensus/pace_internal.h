/* pace — how many transactions a proposer puts into a block: as many as its space commits in an
 * eighth of the view's patience.
 *
 * Four blocks may be open and the view timer runs from one commit to the next, so a block that
 * takes longer than its share costs the view, and the next primary would propose the same again.
 * What bounds it is not known beforehand: processors, disks, what else runs beside. So it is
 * learnt: a block that was full and fast makes the next ones twice as large, one that was slow
 * makes them as much smaller as it was too slow, to the half at most; a view that was lost with
 * own blocks open halves them as well. Time is the events' own: pure. Page: docs/consensus.md */
#ifndef CARNET_CONSENSUS_PACE_INTERNAL_H
#define CARNET_CONSENSUS_PACE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

enum {
    PACE_SHARE = 8,        /* of the view timeout, for a block */
    PACE_TXS_MIN = 128,    /* even a space that is slow for its distances gets these through */
    PACE_TXS_FIRST = 1024, /* before anything is known */
};

struct pace {
    uint32_t most, max; /* transactions of the next block; what genesis allows */
    uint64_t share_ms;
};

struct pace pace_begin(uint32_t max, uint64_t view_timeout_ms);
/* Own blocks were committed together, so long after the first was begun or, when that is later,
 * after the commit before. */
void pace_committed(struct pace *p, uint32_t blocks, uint32_t txs, uint64_t took_ms);
void pace_lost(struct pace *p);

#endif
