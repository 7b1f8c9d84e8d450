/* epoch_key — a seat's consensus keys, one pair an epoch, from a one-way chain (FORMATS 13).
 *
 * seed[e+1] = H('carnet/epoch-seed/v1', seed[e]); the signing seed of epoch e is
 * H('carnet/epoch-sign/v1', seed[e]). The seat's key is the Merkle root (crypto/merkle.h, tag
 * 'carnet/epoch-key/v1') of the 2^log2 public keys in order. Erasing seed e makes signatures of
 * epochs up to e impossible for ever. The caller wipes secrets with secret_wipe.
 * Page: docs/crypto.md */
#ifndef CARNET_CRYPTO_EPOCH_KEY_H
#define CARNET_CRYPTO_EPOCH_KEY_H

#include "crypto/merkle.h"

enum { EPOCH_KEY_LOG2 = 12, EPOCH_KEY_LOG2_MAX = 16 };

struct epoch_seed {
    uint64_t epoch;
    uint8_t seed[SUITE_SECRET_SIZE];
};

/* All leaves (of 2^log2 public keys) and the root. `leaf` holds 2^log2 hashes. */
void epoch_key_generate(const struct suite *s, const uint8_t first_seed[SUITE_SECRET_SIZE],
                        unsigned log2, struct hash *leaf, struct hash *root);
/* Move the seed forward, wiping what it was. to >= seed->epoch. */
void epoch_seed_advance(const struct suite *s, struct epoch_seed *seed, uint64_t to);
/* Signing seed and public key of an epoch >= seed->epoch (walks forward from seed). */
void epoch_key_secret(const struct suite *s, const struct epoch_seed *seed, uint64_t epoch,
                      uint8_t out[SUITE_SECRET_SIZE]);
void epoch_key_public(const struct suite *s, const struct epoch_seed *seed, uint64_t epoch,
                      uint8_t *public_key);
/* The root that this key and path lead to, for who does not know whose they are. */
void epoch_key_root(const struct suite *s, uint64_t epoch, struct bytes public_key,
                    const struct merkle_path *path, struct hash *out);
/* ERR_PROOF unless this public key is the seat's in this epoch. */
MUST_USE enum err epoch_key_verify(const struct suite *s, const struct hash *root, unsigned log2,
                                   uint64_t epoch, struct bytes public_key,
                                   const struct merkle_path *path);

#endif
