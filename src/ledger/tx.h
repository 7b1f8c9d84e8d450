/* tx — what a party signs, and its canonical bytes (FORMATS 5, 7).
 *
 * A decoded transaction borrows from the bytes it was decoded from and from the arena. Pure.
 * Page: docs/ledger.md */
#ifndef CARNET_LEDGER_TX_H
#define CARNET_LEDGER_TX_H

#include "base/arena.h"
#include "crypto/suite.h"

enum {
    TX_SIZE_MAX = 64 * 1024,
    TX_SIGNERS_MAX = 8,
    TX_ATTACHMENTS_MAX = 16,
    TX_READERS_MAX = 16,
    TX_NONCE_SIZE = 16,
    TX_ATTACHMENT_SIZE_MAX = 16 * 1024 * 1024
};

enum attachment_kind { ATTACHMENT_METADATA = 1, ATTACHMENT_WRAP = 2, ATTACHMENT_DOCUMENT = 3 };

struct tx_signer {
    struct hash did;
    uint32_t key;
};

struct tx_attachment {
    struct hash commitment;
    uint32_t size;
    uint32_t reader_count;
    struct hash reader[TX_READERS_MAX];
    uint64_t keep_until_ms;
    uint32_t kind;
};

struct tx_body {
    struct hash space;
    uint8_t nonce[TX_NONCE_SIZE];
    uint64_t valid_until_ms;
    uint32_t signer_count;
    struct tx_signer signer[TX_SIGNERS_MAX];
    uint32_t method; /* contract * 256 + method */
    struct bytes args;
    uint32_t attachment_count;
    struct tx_attachment *attachment;
};

struct tx {
    struct bytes wire;   /* the canonical Tx */
    struct bytes signed_bytes; /* the TxBody that the signatures cover */
    struct hash id;      /* H('carnet/tx/v1', signed bytes) */
    struct tx_body body;
    struct bytes signature[TX_SIGNERS_MAX];
};

/* Errors: ERR_SIZE, ERR_ENCODING, ERR_NO_SPACE. Says nothing of validity. */
MUST_USE enum err tx_decode(const struct suite *s, struct bytes wire, struct arena *arena,
                            struct tx *out);
/* Of the tx tree: of id ‖ H('carnet/tx-signatures/v1', signatures). */
void tx_leaf(const struct suite *s, const struct tx *tx, struct hash *out);

/* The body's canonical bytes: what signers sign with suite_sign_tagged(…, "carnet/tx/v1", …). */
MUST_USE enum err tx_encode_body(const struct tx_body *body, struct arena *arena,
                                 struct bytes *out);
/* Body bytes and one signature a signer, in order. */
MUST_USE enum err tx_encode(struct bytes body, const struct bytes *signature, size_t count,
                            struct arena *arena, struct bytes *out);
void tx_id(const struct suite *s, struct bytes body, struct hash *out);

#endif
