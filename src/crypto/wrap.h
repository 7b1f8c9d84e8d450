/* wrap — a 32-byte key encrypted to one reader (FORMATS 7, 18).
 *
 * Kinds: X25519 (ephemeral Diffie-Hellman, HKDF-SHA-256 over both public keys, AES-256-GCM with the
 * AAD), RSA-2048-OAEP with SHA-256 (the AAD's hash is the label). X25519+ML-KEM-768 and SM2 come
 * later: ERR_UNSUPPORTED. Page: docs/crypto.md */
#ifndef CARNET_CRYPTO_WRAP_H
#define CARNET_CRYPTO_WRAP_H

#include "base/bytes.h"

enum wrap_kind { WRAP_X25519 = 1, WRAP_RSA_OAEP = 2, WRAP_X25519_MLKEM768 = 3, WRAP_SM2 = 4 };
enum { WRAP_KEY_SIZE = 32, WRAP_SIZE_MAX = 512, WRAP_X25519_PUBLIC_SIZE = 32, WRAP_SEED_SIZE = 32 };

/* Sealing key pair of X25519 from a seed: private key = HKDF(seed, info "carnet/sealing/v1"). */
void wrap_x25519_keys(const uint8_t seed[WRAP_SEED_SIZE], uint8_t private_key[32],
                      uint8_t public_key[32]);

/* `random` is the ephemeral private key of X25519 (32 bytes), never used twice; OAEP draws its own
 * from OpenSSL. RSA keys are DER (SPKI, PKCS#8) of exactly 2048 bits. Errors: ERR_UNSUPPORTED kind,
 * ERR_RANGE bad key of the reader (all-zero shared secret and non-canonical X25519 keys included),
 * ERR_SIZE `cap` is too small, ERR_INTEGRITY does not open. */
MUST_USE enum err wrap_seal(enum wrap_kind kind, struct bytes public_key, struct bytes aad,
                            const uint8_t key[WRAP_KEY_SIZE], const uint8_t random[32],
                            uint8_t *out, size_t cap, size_t *out_len);
MUST_USE enum err wrap_open(enum wrap_kind kind, struct bytes private_key, struct bytes aad,
                            struct bytes wrapped, uint8_t key[WRAP_KEY_SIZE]);

#endif
