/* The messages of a proof, decoded and not yet believed: between the codec and the verifier. */
#ifndef CARNET_LEDGER_PROOF_INTERNAL_H
#define CARNET_LEDGER_PROOF_INTERNAL_H

#include "ledger/proof.h"

struct certified_header {
    struct bytes header_bytes;
    struct header header;
    struct certificate certificate;
    uint32_t key_count;
    struct epoch_key_proof *key;
};

struct hand_over {
    struct certified_header closing;
    uint32_t count;
    struct seat seat[GENESIS_SEATS_MAX];
};

struct indexed_path {
    uint64_t index, count;
    struct merkle_path path;
};

struct tx_proof {
    struct certified_header certified;
    struct bytes header; /* empty: the certified header itself */
    struct indexed_path header_path;
    struct bytes tx, receipt;
    struct indexed_path tx_path, receipt_path;
    uint32_t hand_over_count;
    const struct bytes *hand_over; /* canonical HandOver each */
};

struct block_proof {
    struct tx_proof head; /* certified, header, header_path */
    uint32_t count;
    struct proof_entry *entry;
    size_t tx_siblings, receipt_siblings;
    struct hash *tx_sibling, *receipt_sibling;
};

struct value_proof {
    uint16_t contract;
    struct bytes key;
    struct bytes stored; /* ptr NULL: absent */
    struct state_proof proof;
};

MUST_USE enum err certified_header_decode(struct bytes wire, struct arena *a,
                                          struct certified_header *out);
MUST_USE enum err hand_over_decode(struct bytes wire, struct arena *a, struct hand_over *out);
/* trust.c */
MUST_USE enum err trust_certified(const struct suite *s, const struct genesis *g,
                                  const struct trust *t, struct certified_header *c,
                                  struct arena *a, struct hash *hash, enum proof_step *step);
MUST_USE enum err trust_allows(const struct suite *s, const struct genesis *g,
                               const struct trust *t, const struct proof_caller *caller,
                               const struct header *certified, const struct hash *hash,
                               struct arena *a, enum proof_step *step);
MUST_USE enum err tx_proof_decode(struct bytes wire, struct arena *a, struct tx_proof *out);
MUST_USE enum err block_proof_decode(struct bytes wire, struct arena *a, struct block_proof *out);
MUST_USE enum err value_proof_decode(struct bytes wire, struct arena *a, struct value_proof *out);
MUST_USE enum err value_proof_encode(const struct value_proof *p, struct arena *a,
                                     struct bytes *out);

#endif
