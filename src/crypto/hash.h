/* hash — tagged hashing, H(tag, x), and commitments (FORMATS 1).
 *
 * H(tag, x) = hash(1-byte tag length ‖ tag ‖ 8-byte big-endian length of x ‖ x). The hash function
 * is the suite's. No allocation, no global. Page: docs/crypto.md */
#ifndef CARNET_CRYPTO_HASH_H
#define CARNET_CRYPTO_HASH_H

#include "base/bytes.h"

struct suite;

enum { HASH_TAG_SIZE_MAX = 64, HASH_STATE_SIZE = 256, COMMIT_SALT_SIZE = 32 };

/* Incremental hashing of one suite; the state is plain memory and may be copied. */
struct hasher {
    const struct suite *suite;
    _Alignas(16) uint8_t state[HASH_STATE_SIZE];
};
void hasher_init(struct hasher *h, const struct suite *suite);
void hasher_update(struct hasher *h, struct bytes x);
void hasher_final(struct hasher *h, struct hash *out);

/* The suite's plain hash of x, without a tag: digests of files, RFC 9162 nodes. */
void hash_plain(const struct suite *suite, struct bytes x, struct hash *out);

/* H(tag, x); tag is 1..HASH_TAG_SIZE_MAX characters. */
void hash_tagged(const struct suite *suite, const char *tag, struct bytes x, struct hash *out);

/* H(tag, a ‖ b): saves the callers a copy. */
void hash_tagged2(const struct suite *suite, const char *tag, struct bytes a, struct bytes b,
                  struct hash *out);

/* H('carnet/commit/v1', salt ‖ x). */
void hash_commit(const struct suite *suite, const uint8_t salt[COMMIT_SALT_SIZE], struct bytes x,
                 struct hash *out);

#endif
