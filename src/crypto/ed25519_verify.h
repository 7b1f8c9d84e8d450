/* ed25519_verify — Ed25519 verification exactly as ZIP 215: S < L, any encoding of A and R that
 * decodes (non-canonical y too), the cofactored equation [8][S]B = [8]R + [8][k]A, with k hashed
 * over the bytes as received. Variable-time: nothing here is secret. So batch and single
 * verification can never disagree between nodes; OpenSSL and libsodium are cofactorless and do.
 * Source: RFC 8032 5.1 (arithmetic), ZIP 215 (rules). Page: docs/crypto.md */
#ifndef CARNET_CRYPTO_ED25519_VERIFY_H
#define CARNET_CRYPTO_ED25519_VERIFY_H

#include "base/bytes.h"

/* A batch of BATCH_MAX takes 200 KiB of stack. */
enum { ED25519_PUBLIC_SIZE = 32, ED25519_SIGNATURE_SIZE = 64, ED25519_BATCH_MAX = 64 };

bool ed25519_verify(const uint8_t public_key[ED25519_PUBLIC_SIZE], struct bytes msg,
                    const uint8_t signature[ED25519_SIGNATURE_SIZE]);

struct ed25519_item {
    const uint8_t *public_key; /* ED25519_PUBLIC_SIZE */
    const uint8_t *signature;  /* ED25519_SIGNATURE_SIZE */
    struct bytes msg;
};
/* good[i] is what ed25519_verify says of item i; true when all are good. Good ones cost half as
 * much as one by one; a bad one among them makes each of its batch be verified by itself. Any
 * count. */
bool ed25519_verify_batch(const struct ed25519_item *item, size_t count, bool *good);

#endif
