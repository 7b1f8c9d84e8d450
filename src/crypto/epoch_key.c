#include "crypto/epoch_key.h"

#include <string.h>

#include "crypto/secret.h"

static const char SEED_TAG[] = "carnet/epoch-seed/v1";
static const char SIGN_TAG[] = "carnet/epoch-sign/v1";
static const char KEY_TAG[] = "carnet/epoch-key/v1";

/* out = H(tag, in); in and out may be the same. */
static void derive(const struct suite *s, const char *tag, const uint8_t in[SUITE_SECRET_SIZE],
                   uint8_t out[SUITE_SECRET_SIZE])
{
    struct hash h;
    hash_tagged(s, tag, bytes_of(in, SUITE_SECRET_SIZE), &h);
    memcpy(out, h.b, SUITE_SECRET_SIZE);
    secret_wipe(&h, sizeof h);
}

void epoch_key_generate(const struct suite *s, const uint8_t first_seed[SUITE_SECRET_SIZE],
                        unsigned log2, struct hash *leaf, struct hash *root)
{
    ASSERT(log2 <= EPOCH_KEY_LOG2_MAX);
    uint8_t seed[SUITE_SECRET_SIZE], sign[SUITE_SECRET_SIZE], public_key[SUITE_KEY_SIZE_MAX];
    uint64_t count = (uint64_t)1 << log2;
    memcpy(seed, first_seed, sizeof seed);
    for (uint64_t e = 0; e < count; e++) {
        derive(s, SIGN_TAG, seed, sign);
        s->public_of(s->ctx, sign, public_key);
        merkle_leaf(s, KEY_TAG, bytes_of(public_key, s->public_size), &leaf[e]);
        derive(s, SEED_TAG, seed, seed);
    }
    merkle_root(s, leaf, count, root);
    secret_wipe(seed, sizeof seed);
    secret_wipe(sign, sizeof sign);
}

void epoch_seed_advance(const struct suite *s, struct epoch_seed *seed, uint64_t to)
{
    ASSERT(to >= seed->epoch);
    for (; seed->epoch < to; seed->epoch++) {
        derive(s, SEED_TAG, seed->seed, seed->seed);
    }
}

void epoch_key_secret(const struct suite *s, const struct epoch_seed *seed, uint64_t epoch,
                      uint8_t out[SUITE_SECRET_SIZE])
{
    struct epoch_seed walk = *seed;
    epoch_seed_advance(s, &walk, epoch);
    derive(s, SIGN_TAG, walk.seed, out);
    secret_wipe(&walk, sizeof walk);
}

void epoch_key_public(const struct suite *s, const struct epoch_seed *seed, uint64_t epoch,
                      uint8_t *public_key)
{
    uint8_t sign[SUITE_SECRET_SIZE];
    epoch_key_secret(s, seed, epoch, sign);
    s->public_of(s->ctx, sign, public_key);
    secret_wipe(sign, sizeof sign);
}

void epoch_key_root(const struct suite *s, uint64_t epoch, struct bytes public_key,
                    const struct merkle_path *path, struct hash *out)
{
    struct hash at;
    merkle_leaf(s, KEY_TAG, public_key, &at);
    for (uint32_t i = 0; i < path->count; i++) {
        bool right = i < 64 && (epoch >> i & 1) != 0;
        struct hash below = at;
        merkle_node(s, right ? &path->sibling[i] : &below, right ? &below : &path->sibling[i], &at);
    }
    *out = at;
}

enum err epoch_key_verify(const struct suite *s, const struct hash *root, unsigned log2,
                          uint64_t epoch, struct bytes public_key, const struct merkle_path *path)
{
    ASSERT(log2 <= EPOCH_KEY_LOG2_MAX);
    if (public_key.len != s->public_size) {
        return ERR_PROOF;
    }
    struct hash leaf;
    merkle_leaf(s, KEY_TAG, public_key, &leaf);
    return merkle_verify(s, &leaf, epoch, (uint64_t)1 << log2, path, root);
}
