#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "sim/sim.h"

/* Suite 127 (FORMATS 23): SHA-256, and signatures that are keyed hashes. Verification looks the
 * seed up in a registry, so a signature can be made only by who holds the seed, and costs two
 * hashes. */
enum { SEEDS_MAX = 1 << 14 };

struct registry {
    uint32_t count;
    bool used[SEEDS_MAX];
    struct hash public_key[SEEDS_MAX];
    uint8_t seed[SEEDS_MAX][SUITE_SECRET_SIZE];
};

static struct hash keyed(const char *what, const uint8_t seed[SUITE_SECRET_SIZE], struct bytes msg)
{
    struct hasher h;
    struct hash out;
    hasher_init(&h, suite_intl());
    hasher_update(&h, bytes_of_str(what));
    hasher_update(&h, bytes_of(seed, SUITE_SECRET_SIZE));
    hasher_update(&h, msg);
    hasher_final(&h, &out);
    return out;
}

static uint32_t place(const struct registry *r, const uint8_t *public_key)
{
    uint32_t i = (uint32_t)public_key[0] << 8 | public_key[1];
    while (r->used[i % SEEDS_MAX] &&
           memcmp(r->public_key[i % SEEDS_MAX].b, public_key, HASH_SIZE) != 0) {
        i++;
    }
    return i % SEEDS_MAX;
}

static void sim_public_of(void *ctx, const uint8_t seed[SUITE_SECRET_SIZE], uint8_t *public_key)
{
    struct registry *r = ctx;
    struct hash h = keyed("sim/public", seed, (struct bytes){ NULL, 0 });
    uint32_t i = place(r, h.b);
    if (!r->used[i]) {
        ASSERT(r->count < SEEDS_MAX / 2);
        r->count++;
        r->used[i] = true;
        r->public_key[i] = h;
        memcpy(r->seed[i], seed, SUITE_SECRET_SIZE);
    }
    memcpy(public_key, h.b, HASH_SIZE);
}

static void sim_sign(void *ctx, const uint8_t seed[SUITE_SECRET_SIZE], struct bytes msg,
                     uint8_t *signature)
{
    (void)ctx;
    struct hash h = keyed("sim/signature", seed, msg);
    memcpy(signature, h.b, HASH_SIZE);
}

static bool sim_verify(void *ctx, struct bytes public_key, struct bytes msg, struct bytes signature)
{
    const struct registry *r = ctx;
    if (public_key.len != HASH_SIZE || signature.len != HASH_SIZE) {
        return false;
    }
    uint32_t i = place(r, public_key.ptr);
    if (!r->used[i]) {
        return false;
    }
    struct hash h = keyed("sim/signature", r->seed[i], msg);
    return bytes_equal(bytes_of_hash(&h), signature);
}

enum err sim_suite_new(struct suite **out)
{
    struct suite *s = malloc(sizeof *s);
    struct registry *r = calloc(1, sizeof *r);
    if (s == NULL || r == NULL) {
        free(s);
        free(r);
        return ERR_NO_SPACE;
    }
    *s = *suite_intl();
    s->number = SIM_SUITE;
    s->public_size = HASH_SIZE;
    s->signature_size = HASH_SIZE;
    s->ctx = r;
    s->public_of = sim_public_of;
    s->sign = sim_sign;
    s->verify = sim_verify;
    s->verify_batch = NULL;
    *out = s;
    return ERR_NONE;
}

void sim_suite_free(struct suite *s)
{
    if (s != NULL) {
        free(s->ctx);
        free(s);
    }
}
