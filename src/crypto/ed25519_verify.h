/* ed25519_verify — Ed25519 verification exactly as ZIP 215: S < L, any encoding of A and R that
 * decodes (non-canonical y too), the cofactored equation [8][S]B = [8]R + [8][k]A, with k hashed
 * over the bytes as received. Variable-time: nothing here is secret. So batch and single
 * verification can never disagree between nodes; OpenSSL and libsodium are cofactorless and do.
 * Source: RFC 8032 5.1 (arithmetic), ZIP 215 (rules). Page: docs/crypto.md */
#ifndef CARNET_CRYPTO_ED25519_VERIFY_H
#define CARNET_CRYPTO_ED25519_VERIFY_H

#include "base/bytes.h"

enum { ED25519_PUBLIC_SIZE = 32, ED25519_SIGNATURE_SIZE = 64 };

bool ed25519_verify(const uint8_t public_key[ED25519_PUBLIC_SIZE], struct bytes msg,
                    const uint8_t signature[ED25519_SIGNATURE_SIZE]);

#endif
