/* proof — what somebody who trusts only the genesis file can check (DESIGN 4, FORMATS 11, 15, 16).
 *
 * The light client: certified headers, headers below them through the history root, transactions
 * with their receipts, state values and absences. Verification is pure and bounded; an error
 * never says more than which step failed. Page: docs/ledger.md */
#ifndef CARNET_LEDGER_PROOF_H
#define CARNET_LEDGER_PROOF_H

#include "ledger/trust.h"

enum {
    PROOF_SIZE_MAX = 1024 * 1024,
    PROOF_BLOCK_TXS_MAX = 1024,               /* of one block, proved together */
    PROOF_BLOCK_SIZE_MAX = 4 * PROOF_SIZE_MAX /* half of it may be what is proved */
};

struct proved_tx {
    struct header header; /* of the block that holds it */
    struct hash header_hash;
    struct tx tx;
    struct receipt receipt;
};

/* Everything below decodes into the arena, verifies against the genesis and leaves *out
 * untouched on error (ERR_PROOF, ERR_ENCODING, ERR_SIZE); *step says where. */
MUST_USE enum err proof_verify_header(const struct suite *s, const struct genesis *g,
                                      struct bytes certified_header, struct arena *a,
                                      struct header *out, struct hash *hash, enum proof_step *step);
/* The seats whose signatures a certified header carries, as a bitmap: of one that is verified. */
MUST_USE enum err proof_header_epoch(struct bytes certified_header, struct arena *a,
                                     uint64_t *epoch);
MUST_USE enum err proof_header_seats(struct bytes certified_header, struct arena *a,
                                     uint32_t *seats);
MUST_USE enum err proof_verify_tx(const struct suite *s, const struct genesis *g,
                                  struct bytes proof, struct arena *a, struct proved_tx *out,
                                  enum proof_step *step);
MUST_USE enum err proof_verify_tx_by(const struct suite *s, const struct genesis *g,
                                     const struct proof_caller *caller, struct bytes proof,
                                     struct arena *a, struct proved_tx *out, enum proof_step *step);
/* The committees that such a proof follows from genesis, once it has verified; they lie in `a`. */
MUST_USE enum err proof_tx_trust(const struct suite *s, const struct genesis *g,
                                 const struct proof_caller *caller, struct bytes proof,
                                 struct arena *a, struct trust *out, enum proof_step *step);
/* Several of one block, by ascending index, each as proof_verify_tx would prove it. */
struct proved_block {
    struct header header;
    struct hash header_hash;
    uint32_t count;
    struct tx *tx;
    struct receipt *receipt;
};
MUST_USE enum err proof_verify_block(const struct suite *s, const struct genesis *g,
                                     struct bytes proof, struct arena *a, struct proved_block *out,
                                     enum proof_step *step);
/* It tells no hand-overs: who asks for many knows them from the proof of one transaction. As
 * proof_verify_header_by. */
MUST_USE enum err proof_verify_block_by(const struct suite *s, const struct genesis *g,
                                        const struct trust *t, const struct proof_caller *caller,
                                        struct bytes proof, struct arena *a,
                                        struct proved_block *out, enum proof_step *step);
/* value->ptr NULL: proved absent. `root` is a state root of a verified header. */
MUST_USE enum err proof_verify_state(const struct suite *s, const struct hash *root,
                                     struct bytes proof, struct arena *a, uint16_t *contract,
                                     struct bytes *key, struct bytes *value);

/* Whether the body of a decoded block, transactions and last commit, is the one that its header
 * names: what a receipt says of them is not asked. ERR_PROOF, ERR_ENCODING, ERR_NO_SPACE. */
MUST_USE enum err proof_verify_body(const struct suite *s, const struct block *b, struct arena *a);

/* Making them: parts come from the shell's block log. Paths are over header hashes 0..n-1 for the
 * history, leaf hashes of one block for tx and receipt. */
struct proof_parts {
    struct bytes certified_header; /* canonical CertifiedHeader */
    struct bytes header;           /* empty: the certified header itself */
    struct merkle_path header_path;
    uint64_t header_index, header_count;
    struct bytes tx, receipt;
    struct merkle_path tx_path, receipt_path;
    uint64_t index, count;
    uint32_t hand_over_count;
    const struct bytes *hand_over;
};
MUST_USE enum err proof_encode_certified(struct bytes header, struct bytes certificate,
                                         const struct bytes *epoch_key, uint32_t count,
                                         struct arena *a, struct bytes *out);
MUST_USE enum err proof_encode_tx(const struct proof_parts *p, struct arena *a, struct bytes *out);
/* Of `p` the header's members and `count`; the leaves of the whole block. Entries by ascending
 * index. ERR_SIZE: too many, or too large together. */
struct proof_entry {
    uint64_t index;
    struct bytes tx, receipt;
};
MUST_USE enum err proof_encode_block(const struct suite *s, const struct proof_parts *p,
                                     const struct proof_entry *entry, uint32_t entries,
                                     const struct hash *tx_leaf, const struct hash *receipt_leaf,
                                     struct arena *a, struct bytes *out);
/* Against the committed state. */
MUST_USE enum err proof_encode_state(struct ledger *l, uint16_t contract, struct bytes key,
                                     struct arena *a, struct bytes *out);
/* Leaf hashes. */
void proof_header_leaf(const struct suite *s, const struct hash *header, struct hash *out);
void proof_receipt_leaf(const struct suite *s, struct bytes receipt, struct hash *out);
MUST_USE enum err receipt_decode(struct bytes wire, struct arena *a, struct receipt *out);
/* One seat's public key of an epoch with its path: canonical EpochKey. */
struct epoch_key_proof {
    uint32_t seat;
    uint64_t epoch;
    struct bytes public_key;
    struct merkle_path path;
};
MUST_USE enum err epoch_key_encode(const struct epoch_key_proof *k, struct arena *a,
                                   struct bytes *out);
MUST_USE enum err epoch_key_decode(struct bytes wire, struct arena *a, struct epoch_key_proof *out);

#endif
