/* wrap_internal — the two primitives under wrap, apart so that published vectors can reach them. */
#ifndef CARNET_CRYPTO_WRAP_INTERNAL_H
#define CARNET_CRYPTO_WRAP_INTERNAL_H

#include "crypto/wrap.h"

/* RFC 7748 6.1. ERR_RANGE when the shared secret is all zero: a public key of small order. */
MUST_USE enum err wrap_x25519_shared(const uint8_t private_key[32], const uint8_t public_key[32],
                                     uint8_t shared[32]);
/* RFC 8017 7.1.2 with SHA-256 and MGF1 with SHA-256; plain holds 256 bytes. ERR_RANGE: not a PKCS#8
 * RSA-2048 key; ERR_INTEGRITY: it does not open, without a word on why. */
MUST_USE enum err wrap_rsa_decrypt(struct bytes private_key, struct bytes label,
                                   struct bytes wrapped, uint8_t plain[256], size_t *plain_len);

#endif
