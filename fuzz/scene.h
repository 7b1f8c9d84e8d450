/* scene — a small space with three blocks, one transaction proved: what ledger targets bend. */
#ifndef CARNET_FUZZ_SCENE_H
#define CARNET_FUZZ_SCENE_H

#include "tests/fixtures/ledger_fixture.h"

struct scene {
    struct fixture *f;
    struct bytes header, block, certificate, certified, epoch_key;
    struct bytes tx, receipt, tx_proof, tx_proof_old,
        block_proof; /* under its own header, and a later one */
    struct bytes state_present, state_absent;
    struct hash tx_id, header_hash, state_root;
};
/* Made at the first call, the same bytes everywhere, never freed. */
const struct scene *scene(void);

#endif
