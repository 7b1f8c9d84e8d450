/* block — headers, votes, certificates and the framing of a block (FORMATS 2, 10, 11).
 *
 * A block on the wire is: header, last commit certificate (empty at height 1), transactions,
 * each with a 4-byte big-endian length before it; at most 2 MiB and 8,192 transactions, none
 * empty. A block's hash is its header's: H('carnet/header/v1', header). Pure. Page:
 * docs/ledger.md */
#ifndef CARNET_LEDGER_BLOCK_H
#define CARNET_LEDGER_BLOCK_H

#include "ledger/genesis.h"

enum {
    BLOCK_SIZE_MAX = 2 * 1024 * 1024,
    BLOCK_TXS_MAX = 8192,
    HEADER_SIZE_MAX = 512,
    SEAT_BITMAP_SIZE = 4,
    CERTIFICATE_SIZE_MAX = 128 + GENESIS_SEATS_MAX * (SUITE_SIGNATURE_SIZE_MAX + 4),
    VOTE_SIZE_MAX = 160
};
enum vote_kind { VOTE_PREPARE = 1, VOTE_COMMIT = 2 };

struct last_commit {
    uint64_t height; /* 0: none (height 1) */
    uint32_t seats;  /* bitmap, seat i is bit i */
    struct hash certificate_hash;
};

struct header {
    uint32_t version_set, tx_count;
    uint64_t height, time_ms, cost;
    struct hash previous, tx_root, receipt_root, state_root, history_root;
    struct last_commit last_commit;
    struct hash committee_hash, next_committee_hash;
    struct hash proposer;
};

struct vote {
    struct hash space;
    uint64_t epoch;
    uint32_t kind;
    uint64_t view, height;
    struct hash block;
};

struct certificate {
    uint64_t epoch;
    uint32_t kind;
    uint64_t view, height;
    struct hash block;
    uint32_t seats;
    uint32_t count; /* of set bits and signatures */
    struct bytes signature[GENESIS_SEATS_MAX];
};

struct block {
    struct bytes wire;
    struct bytes header_bytes;
    struct bytes certificate_bytes; /* empty at height 1 */
    struct hash hash;
    struct header header;
    uint32_t tx_count;
    struct bytes *tx; /* wire transactions, not yet decoded */
};

/* Where a seat's public key of an epoch comes from: certificates are checked through it. Empty
 * bytes: not known. */
struct key_source {
    void *ctx;
    struct bytes (*public_key)(void *ctx, uint32_t seat, uint64_t epoch);
};

MUST_USE enum err header_encode(const struct header *h, struct arena *a, struct bytes *out);
MUST_USE enum err header_decode(struct bytes wire, struct arena *a, struct header *out);
void header_hash(const struct suite *s, struct bytes header, struct hash *out);

MUST_USE enum err vote_encode(const struct vote *v, struct arena *a, struct bytes *out);
MUST_USE enum err vote_decode(struct bytes wire, struct arena *a, struct vote *out);

MUST_USE enum err certificate_encode(const struct certificate *c, struct arena *a,
                                     struct bytes *out);
MUST_USE enum err certificate_decode(struct bytes wire, struct arena *a, struct certificate *out);
void certificate_hash(const struct suite *s, struct bytes certificate, struct hash *out);
/* Quorum of `seats` seats, every signature good: ERR_PROOF otherwise, ERR_NOT_FOUND when a signer's
 * epoch key is not known. The caller checks kind, height, hash and epoch against what it
 * expects. */
MUST_USE enum err certificate_verify(const struct suite *s, const struct hash *space,
                                     const struct certificate *c, uint32_t seats,
                                     const struct key_source *keys, struct arena *a);

/* Framing. tx bytes are wire transactions. */
MUST_USE enum err block_encode(struct bytes header, struct bytes certificate,
                               const struct bytes *tx, uint32_t count, struct arena *a,
                               struct bytes *out);
/* Decodes header and frame, not the transactions; checks tx_count, nothing else. */
MUST_USE enum err block_decode(const struct suite *s, struct bytes wire, struct arena *a,
                               struct block *out);

#endif
