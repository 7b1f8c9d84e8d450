/* verified — which signatures were found good: a table of fixed size, two places for each hash, the
 * older one goes. Forgetting costs a verification and changes nothing else, so whoever crowds the
 * table with good signatures of its own wins nothing but that. */
#ifndef CARNET_LEDGER_VERIFIED_INTERNAL_H
#define CARNET_LEDGER_VERIFIED_INTERNAL_H

#include "base/arena.h"
#include "ledger/admission.h"

enum { VERIFIED_WAYS = 2, VERIFIED_BATCH = 64 };

struct verified {
    const struct suite *suite;
    struct hash *slot; /* of what ledger_signature asks; zero: empty */
    uint32_t mask;     /* of pairs */
    struct ledger_signature_counts counts;
};

/* Places for twice as many signatures as transactions may wait. */
size_t verified_memory(uint32_t txs_max);
MUST_USE enum err verified_init(struct verified *v, const struct suite *s, uint32_t txs_max,
                                struct arena *arena);
bool verified_has(struct verified *v, const struct ledger_signature *x);
void verified_add(struct verified *v, const struct ledger_signature *x);

/* Questions that wait to be verified together: of one block. */
struct signature_batch {
    uint32_t count;
    struct ledger_signature item[VERIFIED_BATCH];
};
/* Verifies what waits, remembers it, and empties the batch: ERR_SIGNATURE when one is bad. */
MUST_USE enum err signature_batch_flush(struct verified *v, struct signature_batch *b);

#endif
