/* peer — what libsodium and OpenSSL do by themselves, to be measured beside what this module does.
 *
 * For `carnet bench` alone: nothing that is signed, stored or sent goes through here. Page:
 * docs/performance.md */
#ifndef CARNET_CRYPTO_PEER_H
#define CARNET_CRYPTO_PEER_H

#include "crypto/aead.h"

enum peer_library { PEER_SODIUM, PEER_OPENSSL, PEER_END };
enum { PEER_SIGNATURE_SIZE = 64 };
const char *peer_name(enum peer_library l);

/* Keys and contexts made ready once, as a program that does nothing else would keep them. */
struct peer; /* opaque */
/* ERR_UNSUPPORTED: no AES in hardware, so libsodium has no AES-256-GCM; ERR_FAILED. */
MUST_USE enum err peer_open(enum peer_library l, const uint8_t seed[32],
                            const uint8_t key[AEAD_KEY_SIZE], struct peer **out);
void peer_close(struct peer *p);

MUST_USE enum err peer_sign(struct peer *p, struct bytes msg, uint8_t out[PEER_SIGNATURE_SIZE]);
/* ERR_SIGNATURE */
MUST_USE enum err peer_verify(struct peer *p, struct bytes msg,
                              const uint8_t signature[PEER_SIGNATURE_SIZE]);
MUST_USE enum err peer_sha256(struct peer *p, struct bytes x, struct hash *out);
/* out holds plain.len + AEAD_TAG_SIZE. */
MUST_USE enum err peer_aead_seal(struct peer *p, const uint8_t nonce[AEAD_NONCE_SIZE],
                                 struct bytes plain, uint8_t *out);

#endif
