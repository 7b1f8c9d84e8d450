/* What proofs and limits need of the state beyond its public face. */
#ifndef CARNET_LEDGER_STATE_INTERNAL_H
#define CARNET_LEDGER_STATE_INTERNAL_H

#include "ledger/state.h"

/* Bytes of an arena that state_init takes. */
size_t state_memory(const struct state_limits *limits);

/* A proof against the committed root, whatever is open above it: the tree is taken back, asked, and
 * brought forward again by the change log, so the cost is that of the open changes. */
void state_prove_committed(struct state *st, const struct hash *tree_key, struct state_proof *out);

/* A committed value as it is stored, with its own key. */
MUST_USE enum err state_stored_committed(struct state *st, uint16_t contract,
                                         const struct hash *tree_key, struct bytes *stored);

/* How often commits have changed a value of this contract whose tree key is somewhat alike: as long
 * as that is the same, so is the committed value. */
uint64_t state_age(const struct state *st, uint16_t contract, const struct hash *tree_key);
/* Whether an open block has written or deleted it. */
bool state_is_open(const struct state *st, const struct hash *tree_key);

/* 1-byte key length ‖ key ‖ value: ERR_ENCODING when the bytes are not that. */
MUST_USE enum err state_stored_split(struct bytes stored, struct bytes *key, struct bytes *value);

#endif
