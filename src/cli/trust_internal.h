/* trust — what an offline verifier is told beside the genesis file: the time, and anchors. */
#ifndef CARNET_CLI_TRUST_INTERNAL_H
#define CARNET_CLI_TRUST_INTERNAL_H

#include "cli/cli.h"
#include "ledger/proof.h"

struct trust_files {
    struct proof_caller caller;
    struct bytes anchor[TRUST_ANCHORS_MAX];
    uint8_t *file[TRUST_ANCHORS_MAX];
};
/* --anchor FILE, repeated, and --now T (RFC 3339, else the clock). trust_close frees what was read.
 */
MUST_USE enum err trust_open(struct cli *c, struct trust_files *out);
/* The anchors alone, for who lives on: now_ms is not set. */
MUST_USE enum err trust_open_anchors(struct cli *c, struct trust_files *out);
void trust_close(struct trust_files *t);
#define TRUST_ANCHOR_OPTION                                                                   \
    {                                                                                         \
        "--anchor", "FILE...", "a certified header that is trusted too (carnet audit anchor)" \
    }
#define TRUST_OPTIONS                                                                    \
    TRUST_ANCHOR_OPTION,                                                                 \
    {                                                                                    \
        "--now", "T", "when this is verified (RFC 3339; the clock): hand-overs grow old" \
    }

#endif
