/* What a genesis must hold beyond its encoding, and the numbers of its parameters. Shared by the
 * codec and the rules, which are apart so that the rules can be read in one piece. */
#ifndef CARNET_LEDGER_GENESIS_INTERNAL_H
#define CARNET_LEDGER_GENESIS_INTERNAL_H

#include "ledger/genesis.h"

/* Bounds of a parameter; false when the number is not one. */
bool genesis_param_known(uint32_t number, uint64_t *initial, uint64_t *min, uint64_t *max);

/* ERR_VERSION or ERR_RANGE, as genesis_decode says. Ids are derived already. */
MUST_USE enum err genesis_check(const struct suite *s, const struct genesis *g);

/* One document's own rules: keys and roles present, ids distinct, sizes of the suite. */
MUST_USE enum err did_check(const struct suite *s, const struct did_document *d);

#endif
