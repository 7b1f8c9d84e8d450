/* aead — authenticated encryption and key derivation, from OpenSSL and libsodium.
 *
 * Suite intl: AES-256-GCM for chunks and attachments (nonce given by the caller: a key seals a
 * nonce once), HKDF-SHA-256 (RFC 5869), HMAC-SHA-256. Page: docs/crypto.md */
#ifndef CARNET_CRYPTO_AEAD_H
#define CARNET_CRYPTO_AEAD_H

#include "base/bytes.h"

enum { AEAD_KEY_SIZE = 32, AEAD_NONCE_SIZE = 12, AEAD_TAG_SIZE = 16 };
enum { HKDF_SIZE_MAX = 255 * HASH_SIZE }; /* RFC 5869 2.3 */

/* out holds plain.len + AEAD_TAG_SIZE. ERR_SIZE near 2 GiB; ERR_FAILED without memory. */
MUST_USE enum err aead_seal(const uint8_t key[AEAD_KEY_SIZE], const uint8_t nonce[AEAD_NONCE_SIZE],
                            struct bytes aad, struct bytes plain, uint8_t *out);
/* out holds sealed.len - AEAD_TAG_SIZE, zeroed on failure. ERR_INTEGRITY: it does not verify. */
MUST_USE enum err aead_open(const uint8_t key[AEAD_KEY_SIZE], const uint8_t nonce[AEAD_NONCE_SIZE],
                            struct bytes aad, struct bytes sealed, uint8_t *out);
/* ERR_SIZE above HKDF_SIZE_MAX. */
MUST_USE enum err hkdf_sha256(struct bytes ikm, struct bytes salt, struct bytes info, uint8_t *out,
                              size_t out_len);
void hmac_sha256(struct bytes key, struct bytes msg, struct hash *out);

#endif
