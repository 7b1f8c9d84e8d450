/* signers — public keys of signers as the committed state has them, so that a document is read and
 * decoded once and not at every look.
 *
 * What is remembered is what the contracts answered after reading exactly one value of state, which
 * was there and committed: not what a newcomer says of itself. It stands as long as no commit has
 * changed the value, and only for readers who would read that very value: not in a block on top of
 * an open one that changes it. So nothing is answered here that the contracts would not answer now.
 * A table of fixed size, four places for each key; forgetting costs a look and changes nothing.
 * Page: docs/ledger.md */
#ifndef CARNET_LEDGER_SIGNERS_INTERNAL_H
#define CARNET_LEDGER_SIGNERS_INTERNAL_H

#include "ledger/state_internal.h"

enum { SIGNERS_WAYS = 4, SIGNERS_MIN = 16 };

/* What was read of state while a key was looked up. */
struct signer_source {
    uint32_t reads;
    bool found; /* the value that was read last */
    uint16_t contract;
    struct hash place; /* tree key of what was read last */
};

struct signer_slot {
    struct hash did, place;
    uint64_t age; /* of the place when it was read */
    uint32_t key;
    uint16_t contract;
    uint8_t size; /* of the public key; 0: free */
    uint8_t public_key[SUITE_KEY_SIZE_MAX];
};

struct signers {
    struct signer_slot *slot;
    uint32_t mask; /* of sets of SIGNERS_WAYS */
    uint32_t turn; /* who goes when a set is full */
};

/* Places for so many keys, rounded up to a power of two. */
size_t signers_memory(uint32_t keys_max);
MUST_USE enum err signers_init(struct signers *s, uint32_t keys_max, struct arena *arena);
/* NULL when it is not known. `newest`: the reader sees open blocks. The key lives until the next
 * signers_add. */
const struct signer_slot *signers_find(const struct signers *s, const struct state *st, bool newest,
                                       const struct hash *did, uint32_t key);
/* The contracts answered with this key after reading `source` alone. */
void signers_add(struct signers *s, const struct state *st, bool newest, const struct hash *did,
                 uint32_t key, const struct signer_source *source, struct bytes public_key);

#endif
