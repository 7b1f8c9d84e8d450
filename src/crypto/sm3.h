/* sm3 — the hash SM3 in plain memory: no allocation, and a copy of the state forks the hash, which
 * OpenSSL 3.0 gives for SM3 through EVP alone, and that allocates. No table, no branch on what is
 * hashed. Source: GB/T 32905-2016. Page: docs/crypto.md */
#ifndef CARNET_CRYPTO_SM3_H
#define CARNET_CRYPTO_SM3_H

#include "base/bytes.h"

enum { SM3_BLOCK_SIZE = 64, SM3_WORDS = 8 };

struct sm3 {
    uint64_t size; /* bytes so far; their count in bits is taken modulo 2^64 */
    uint32_t v[SM3_WORDS];
    uint8_t block[SM3_BLOCK_SIZE]; /* its first size % SM3_BLOCK_SIZE bytes wait */
};

void sm3_init(struct sm3 *s);
void sm3_update(struct sm3 *s, struct bytes x);
/* Wipes the state: secrets are hashed too. */
void sm3_final(struct sm3 *s, struct hash *out);

#endif
