/* committee — who certifies blocks, and how that changes at the end of an epoch (FORMATS 13).
 *
 * A change that was decided waits in state until an epoch is closed. A block *closes* its epoch
 * when its time is the last millisecond of it: times rise, so no block of that epoch can follow,
 * and the committee that certified it has agreed on where it ends. Only on such a block may the
 * next committee begin; without a change epochs end by the clock alone. So two committees never
 * certify one height, and an epoch has one committee. Pure. Page: docs/ledger.md */
#ifndef CARNET_LEDGER_COMMITTEE_H
#define CARNET_LEDGER_COMMITTEE_H

#include "ledger/block.h"

enum { COMMITTEE_SIZE_MAX = 64 + GENESIS_SEATS_MAX * (2 * HASH_SIZE + 24) };

struct committee {
    uint64_t number;       /* 0: that of genesis; each change adds one */
    uint64_t since_epoch;  /* it certifies blocks of this epoch and later ones */
    uint64_t since_height; /* its first block */
    uint32_t count;
    struct seat seat[GENESIS_SEATS_MAX];
    struct hash hash;
};

/* Decided, and waiting for an epoch that is closed at `height` or above. count 0: none. */
struct committee_change {
    uint64_t height;
    uint32_t count;
    struct seat seat[GENESIS_SEATS_MAX];
};

void committee_of_genesis(const struct genesis *g, struct committee *out);
/* The last instant of an epoch. */
uint64_t committee_epoch_end_ms(const struct genesis *g, uint64_t epoch);
/* Whether another committee follows this header, and whether it follows at once. */
bool committee_changes(const struct header *h);
bool committee_closes(const struct genesis *g, const struct header *h);
/* The one that begins on a closing header, with these seats. */
void committee_follow(const struct suite *s, const struct genesis *g,
                      const struct committee *before, const struct header *closing,
                      const struct seat *seat, uint32_t count, struct committee *out);
/* The seat of a participant; GENESIS_SEATS_MAX: none. */
uint32_t committee_seat_of(const struct committee *c, const struct hash *participant);
/* No participant twice, no root twice, every participant of genesis, weights above zero: ERR_RANGE.
 */
MUST_USE enum err committee_seats_check(const struct genesis *g, const struct seat *seat,
                                        uint32_t count);

MUST_USE enum err committee_encode(const struct committee *c, struct arena *a, struct bytes *out);
/* The hash is computed. */
MUST_USE enum err committee_decode(const struct suite *s, struct bytes wire, struct arena *a,
                                   struct committee *out);
MUST_USE enum err committee_change_encode(const struct committee_change *c, struct arena *a,
                                          struct bytes *out);
MUST_USE enum err committee_change_decode(struct bytes wire, struct arena *a,
                                          struct committee_change *out);

struct ledger; /* ledger.h */
/* Who certifies the block after the committed one; and who certifies blocks of an epoch: that one,
 * or one that sat before it, from the committed state. */
void ledger_committee_next(const struct ledger *l, struct committee *out);
MUST_USE enum err ledger_committee(struct ledger *l, uint64_t epoch, struct committee *out);

#endif
