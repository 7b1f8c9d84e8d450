/* peer_gm — what OpenSSL does by itself with SM2 and SM3, through EVP.
 *
 * For `carnet bench`, which measures it beside ours, and for tests and fuzzers, which hold ours to
 * it: nothing that is signed, stored or sent goes through here. Signatures are ours in form, r ‖ s,
 * and are made DER and back for OpenSSL. Page: docs/performance.md */
#ifndef CARNET_CRYPTO_PEER_GM_H
#define CARNET_CRYPTO_PEER_GM_H

#include "crypto/sm2.h"

/* A key and contexts made ready once, as a program that does nothing else would keep them. */
struct peer_gm; /* opaque */
/* With a private key (32 bytes, from 1 to n - 2) the public one is made from it and may be NULL;
 * without, it verifies only. ERR_RANGE: OpenSSL takes no such public key. */
MUST_USE enum err peer_gm_open(const uint8_t *private_key, const uint8_t *public_key,
                               struct peer_gm **out);
void peer_gm_close(struct peer_gm *p);

/* With a random nonce. */
MUST_USE enum err peer_gm_sign(struct peer_gm *p, struct bytes msg,
                               uint8_t out[SM2_SIGNATURE_SIZE]);
/* ERR_SIGNATURE */
MUST_USE enum err peer_gm_verify(struct peer_gm *p, struct bytes msg,
                                 const uint8_t signature[SM2_SIGNATURE_SIZE]);
MUST_USE enum err peer_gm_sm3(struct peer_gm *p, struct bytes x, struct hash *out);

#endif
