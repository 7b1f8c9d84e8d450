#include "crypto/hash.h"

#include <string.h>

#include "crypto/suite.h"

void hasher_init(struct hasher *h, const struct suite *suite)
{
    ASSERT(suite != NULL);
    h->suite = suite;
    suite->hash_init(h->state);
}

void hasher_update(struct hasher *h, struct bytes x)
{
    h->suite->hash_update(h->state, x);
}

void hasher_final(struct hasher *h, struct hash *out)
{
    h->suite->hash_final(h->state, out);
}

void hash_plain(const struct suite *suite, struct bytes x, struct hash *out)
{
    struct hasher h;
    hasher_init(&h, suite);
    hasher_update(&h, x);
    hasher_final(&h, out);
}

/* FORMATS 1: the length of the tag and of x stand before them, so no two pairs (tag, x) give the
 * same bytes. */
static void update_prefix(struct hasher *h, const char *tag, uint64_t len)
{
    size_t tag_len = strnlen(tag, HASH_TAG_SIZE_MAX + 1);
    ASSERT(tag_len > 0);
    ASSERT(tag_len <= HASH_TAG_SIZE_MAX);
    uint8_t prefix[1 + HASH_TAG_SIZE_MAX + 8];
    prefix[0] = (uint8_t)tag_len;
    memcpy(prefix + 1, tag, tag_len);
    for (unsigned i = 0; i < 8; i++) {
        prefix[1 + tag_len + i] = (uint8_t)(len >> (56 - 8 * i));
    }
    hasher_update(h, (struct bytes){ prefix, 1 + tag_len + 8 });
}

void hash_tagged(const struct suite *suite, const char *tag, struct bytes x, struct hash *out)
{
    hash_tagged2(suite, tag, x, (struct bytes){ NULL, 0 }, out);
}

void hash_tagged2(const struct suite *suite, const char *tag, struct bytes a, struct bytes b,
                  struct hash *out)
{
    ASSERT(a.len <= SIZE_MAX - b.len);
    struct hasher h;
    hasher_init(&h, suite);
    update_prefix(&h, tag, a.len + b.len);
    hasher_update(&h, a);
    hasher_update(&h, b);
    hasher_final(&h, out);
}

void hash_commit(const struct suite *suite, const uint8_t salt[COMMIT_SALT_SIZE], struct bytes x,
                 struct hash *out)
{
    hash_tagged2(suite, "carnet/commit/v1", (struct bytes){ salt, COMMIT_SALT_SIZE }, x, out);
}
