#include "ledger/signers_internal.h"

#include <string.h>

static uint32_t slots_for(uint32_t keys_max)
{
    uint32_t n = SIGNERS_MIN;
    while (n < keys_max) {
        n *= 2;
    }
    return n;
}

size_t signers_memory(uint32_t keys_max)
{
    return slots_for(keys_max) * sizeof(struct signer_slot) + 16;
}

enum err signers_init(struct signers *s, uint32_t keys_max, struct arena *arena)
{
    ASSERT(keys_max < UINT32_MAX / 4);
    uint32_t slots = slots_for(keys_max);
    struct signer_slot *slot = ARENA_ARRAY(arena, struct signer_slot, slots);
    if (slot == NULL) {
        return ERR_NO_SPACE;
    }
    *s = (struct signers){ .slot = slot, .mask = slots / SIGNERS_WAYS - 1 };
    return ERR_NONE;
}

/* Keys of one participant lie in sets that follow one another. */
static struct signer_slot *set_of(const struct signers *s, const struct hash *did, uint32_t key)
{
    uint32_t x;
    memcpy(&x, did->b, sizeof x);
    return &s->slot[(size_t)((x + key) & s->mask) * SIGNERS_WAYS];
}

static bool is_of(const struct signer_slot *x, const struct hash *did, uint32_t key)
{
    return x->size > 0 && x->key == key && hash_equal(&x->did, did);
}

const struct signer_slot *signers_find(const struct signers *s, const struct state *st, bool newest,
                                       const struct hash *did, uint32_t key)
{
    const struct signer_slot *set = set_of(s, did, key);
    for (uint32_t i = 0; i < SIGNERS_WAYS; i++) {
        const struct signer_slot *x = &set[i];
        if (is_of(x, did, key)) {
            bool stands = x->age == state_age(st, x->contract, &x->place) &&
                          !(newest && state_is_open(st, &x->place));
            return stands ? x : NULL;
        }
    }
    return NULL;
}

static struct signer_slot *place_for(struct signers *s, const struct hash *did, uint32_t key)
{
    struct signer_slot *set = set_of(s, did, key), *vacant = NULL;
    for (uint32_t i = 0; i < SIGNERS_WAYS; i++) {
        if (is_of(&set[i], did, key)) {
            return &set[i];
        }
        vacant = set[i].size == 0 ? &set[i] : vacant;
    }
    return vacant != NULL ? vacant : &set[s->turn++ % SIGNERS_WAYS];
}

void signers_add(struct signers *s, const struct state *st, bool newest, const struct hash *did,
                 uint32_t key, const struct signer_source *source, struct bytes public_key)
{
    if (source->reads != 1 || !source->found || public_key.len == 0 ||
        public_key.len > SUITE_KEY_SIZE_MAX || (newest && state_is_open(st, &source->place))) {
        return;
    }
    struct signer_slot *x = place_for(s, did, key);
    *x = (struct signer_slot){ .did = *did,
                               .place = source->place,
                               .age = state_age(st, source->contract, &source->place),
                               .key = key,
                               .contract = source->contract,
                               .size = (uint8_t)public_key.len };
    memcpy(x->public_key, public_key.ptr, public_key.len);
}
