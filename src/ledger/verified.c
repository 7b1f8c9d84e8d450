#include "ledger/verified_internal.h"

#include <string.h>

static uint32_t pairs_for(uint32_t txs_max)
{
    uint32_t n = 16;
    while (n < txs_max) {
        n *= 2;
    }
    return n;
}

size_t verified_memory(uint32_t txs_max)
{
    return (size_t)pairs_for(txs_max) * VERIFIED_WAYS * sizeof(struct hash) + 16;
}

enum err verified_init(struct verified *v, const struct suite *s, uint32_t txs_max,
                       struct arena *arena)
{
    uint32_t pairs = pairs_for(txs_max);
    struct hash *slot = ARENA_ARRAY(arena, struct hash, (size_t)pairs * VERIFIED_WAYS);
    if (slot == NULL) {
        return ERR_NO_SPACE;
    }
    *v = (struct verified){ .suite = s, .slot = slot, .mask = pairs - 1 };
    return ERR_NONE;
}

/* Sizes stand before what they measure, so no two questions have the same bytes. */
static void question(const struct verified *v, const struct ledger_signature *x, struct hash *out)
{
    uint8_t bytes[2 + HASH_SIZE + SUITE_KEY_SIZE_MAX + SUITE_SIGNATURE_SIZE_MAX];
    size_t at = 2;
    bytes[0] = (uint8_t)x->public_size;
    bytes[1] = (uint8_t)x->signature_size;
    memcpy(bytes + at, x->message.b, HASH_SIZE);
    at += HASH_SIZE;
    memcpy(bytes + at, x->public_key, x->public_size);
    at += x->public_size;
    memcpy(bytes + at, x->signature, x->signature_size);
    at += x->signature_size;
    hash_tagged(v->suite, "carnet/verified/v1", bytes_of(bytes, at), out);
}

static struct hash *pair_of(const struct verified *v, const struct hash *h)
{
    uint32_t x;
    memcpy(&x, h->b, sizeof x);
    return &v->slot[(size_t)(x & v->mask) * VERIFIED_WAYS];
}

bool verified_has(struct verified *v, const struct ledger_signature *x)
{
    struct hash h;
    question(v, x, &h);
    const struct hash *pair = pair_of(v, &h);
    bool known = hash_equal(&pair[0], &h) || hash_equal(&pair[1], &h);
    v->counts.remembered += known ? 1 : 0;
    return known;
}

void verified_add(struct verified *v, const struct ledger_signature *x)
{
    struct hash h;
    question(v, x, &h);
    struct hash *pair = pair_of(v, &h);
    if (!hash_equal(&pair[0], &h)) {
        pair[1] = pair[0];
        pair[0] = h;
    }
}

static struct suite_item item_of(const struct ledger_signature *x)
{
    return (struct suite_item){ bytes_of(x->public_key, x->public_size), bytes_of_hash(&x->message),
                                bytes_of(x->signature, x->signature_size) };
}

void ledger_signatures_verify(const struct suite *s, const struct ledger_signature *x,
                              uint32_t count, bool *good)
{
    struct suite_item item[VERIFIED_BATCH];
    for (uint32_t from = 0; from < count; from += VERIFIED_BATCH) {
        uint32_t n = count - from < VERIFIED_BATCH ? count - from : VERIFIED_BATCH;
        for (uint32_t i = 0; i < n; i++) {
            item[i] = item_of(&x[from + i]);
        }
        (void)suite_verify_batch(s, item, n, good + from);
    }
}

enum err signature_batch_flush(struct verified *v, struct signature_batch *b)
{
    bool good[VERIFIED_BATCH], all = true;
    ledger_signatures_verify(v->suite, b->item, b->count, good);
    for (uint32_t i = 0; i < b->count; i++) {
        all = all && good[i];
        if (good[i]) {
            verified_add(v, &b->item[i]);
        }
    }
    v->counts.verified += b->count;
    b->count = 0;
    return all ? ERR_NONE : ERR_SIGNATURE;
}
