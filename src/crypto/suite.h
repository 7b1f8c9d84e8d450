/* suite — which hash and which signature a space uses, as one table passed by pointer.
 *
 * Suites `intl` (1: Ed25519 by ZIP 215, SHA-256) and `gm` (2: SM2, SM3). The simulator brings one
 * of its own (127, FORMATS 23): nothing under src/ names it. Verification is variable-time: nothing
 * secret enters it. Signing draws no random number: same secret and message, same signature.
 * Page: docs/crypto.md */
#ifndef CARNET_CRYPTO_SUITE_H
#define CARNET_CRYPTO_SUITE_H

#include "crypto/hash.h"

enum { SUITE_INTL = 1, SUITE_GM = 2 };
enum { SUITE_KEY_SIZE_MAX = 65, SUITE_SIGNATURE_SIZE_MAX = 72, SUITE_SECRET_SIZE = 32 };

struct suite_item {
    struct bytes public_key, msg, signature;
};

struct suite {
    uint32_t number;
    uint32_t public_size; /* of a signature public key */
    uint32_t signature_size;
    void *ctx; /* the simulator's registry; NULL otherwise */
    void (*hash_init)(void *state);
    void (*hash_update)(void *state, struct bytes x);
    void (*hash_final)(void *state, struct hash *out);
    /* The public key of a 32-byte secret seed. */
    void (*public_of)(void *ctx, const uint8_t seed[SUITE_SECRET_SIZE], uint8_t *public_key);
    void (*sign)(void *ctx, const uint8_t seed[SUITE_SECRET_SIZE], struct bytes msg,
                 uint8_t *signature);
    bool (*verify)(void *ctx, struct bytes public_key, struct bytes msg, struct bytes signature);
    /* As suite_verify_batch; NULL: one by one. */
    bool (*verify_batch)(void *ctx, const struct suite_item *item, size_t count, bool *good);
};

/* The tables of `intl` and `gm`; they live for ever. */
const struct suite *suite_intl(void);
const struct suite *suite_gm(void);
/* By number, among the product's suites only: NULL for any other, the simulator's included. */
const struct suite *suite_by_number(uint32_t number);

/* Signatures cover the tagged hash: sign(H(tag, msg)). */
void suite_sign_tagged(const struct suite *s, const uint8_t seed[SUITE_SECRET_SIZE],
                       const char *tag, struct bytes msg, uint8_t *signature);
bool suite_verify_tagged(const struct suite *s, struct bytes public_key, const char *tag,
                         struct bytes msg, struct bytes signature);
/* good[i] is what `verify` says of item i, for less where the suite knows how; true when all are
 * good. Any count. */
bool suite_verify_batch(const struct suite *s, const struct suite_item *item, size_t count,
                        bool *good);

#endif
