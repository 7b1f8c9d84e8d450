/* key_internal — how keys of state begin, for those who make them and those who walk state. */
#ifndef CARNET_CONTRACT_KEY_INTERNAL_H
#define CARNET_CONTRACT_KEY_INTERNAL_H

#include "contract/contract.h"

/* The first byte of a key says which kind of record of its contract it is. */
enum contract_key_kind {
    KEY_MAIN = 1,
    KEY_COUNTER = 2, /* of right */
    KEY_PIECE = 2,   /* of pack */
    KEY_SEAT = 2,    /* of governance */
    KEY_LOCK = 2,    /* of money, and the rest; KEY_MAIN is a balance there */
    KEY_ISSUED = 3,
    KEY_VERSIONS = 3, /* of governance */
    KEY_QUOTE = 4,
    KEY_QUOTE_RING = 5,
    KEY_QUOTE_SLOT = 6
};

#endif
