#include <sodium.h>
#include <string.h>

#include "crypto/ed25519_point_internal.h"
#include "crypto/ed25519_verify.h"
#include "crypto/suite.h"
#include "tests/test.h"

enum { ITEMS = 2 * ED25519_BATCH_MAX + 3 };

/* A seeded stream, so that a failure comes back. */
struct stream {
    uint64_t count;
};

static void draw(struct stream *s, void *out, size_t len)
{
    uint8_t seed[randombytes_SEEDBYTES] = { 0 };
    memcpy(seed, &s->count, sizeof s->count);
    s->count++;
    randombytes_buf_deterministic(out, len, seed);
}

/* Signatures by as many keys over as many messages. */
struct scene {
    uint8_t key[ITEMS][32], signature[ITEMS][64], msg[ITEMS][32];
    struct ed25519_item item[ITEMS];
    bool good[ITEMS];
};

static void scene_init(struct scene *s, uint64_t from)
{
    struct stream random = { from };
    for (size_t i = 0; i < ITEMS; i++) {
        uint8_t seed[32];
        draw(&random, seed, sizeof seed);
        draw(&random, s->msg[i], 32);
        suite_intl()->public_of(NULL, seed, s->key[i]);
        suite_intl()->sign(NULL, seed, bytes_of(s->msg[i], 32), s->signature[i]);
        s->item[i] = (struct ed25519_item){ s->key[i], s->signature[i], bytes_of(s->msg[i], 32) };
    }
}

/* Every item of the batch has the verdict that it has alone. */
static bool as_alone(struct scene *s, size_t count)
{
    bool all = true;
    bool said = ed25519_verify_batch(s->item, count, s->good);
    for (size_t i = 0; i < count; i++) {
        bool alone = ed25519_verify(s->item[i].public_key, s->item[i].msg, s->item[i].signature);
        if (alone != s->good[i]) {
            return false;
        }
        all = all && alone;
    }
    return all == said;
}

TEST(batches_of_every_size_say_what_single_verification_says)
{
    static struct scene s;
    scene_init(&s, 1000);
    for (size_t count = 0; count <= ITEMS; count += count < 10 ? 1 : 11) {
        CHECK(ed25519_verify_batch(s.item, count, s.good));
        for (size_t i = 0; i < count; i++) {
            CHECK(s.good[i]);
        }
    }
}

TEST(a_bad_signature_is_named_wherever_it_stands_in_a_batch)
{
    static struct scene s;
    scene_init(&s, 2000);
    for (size_t bad = 0; bad < ITEMS; bad += 7) {
        s.signature[bad][bad % 64] ^= (uint8_t)(1U << bad % 8);
        CHECK(!ed25519_verify_batch(s.item, ITEMS, s.good));
        for (size_t i = 0; i < ITEMS; i++) {
            CHECK_EQ(s.good[i], i != bad);
        }
        s.signature[bad][bad % 64] ^= (uint8_t)(1U << bad % 8);
    }
}

/* Two errors that would cancel in a plain sum: S moved by +1 here and by -1 there. */
TEST(errors_that_cancel_in_a_plain_sum_do_not_in_a_batch)
{
    static struct scene s;
    static const uint8_t one[32] = { 1 };
    scene_init(&s, 3000);
    for (size_t i = 0; i + 1 < 16; i += 2) {
        crypto_core_ed25519_scalar_add(s.signature[i] + 32, s.signature[i] + 32, one);
        crypto_core_ed25519_scalar_sub(s.signature[i + 1] + 32, s.signature[i + 1] + 32, one);
        CHECK(!ed25519_verify_batch(s.item, 16, s.good));
        CHECK(!s.good[i] && !s.good[i + 1]);
        CHECK(as_alone(&s, 16));
    }
}

TEST(the_same_signature_many_times_is_as_good_as_once)
{
    static struct scene s;
    scene_init(&s, 4000);
    for (size_t i = 1; i < 20; i++) {
        s.item[i] = s.item[0];
    }
    CHECK(ed25519_verify_batch(s.item, 20, s.good));
    s.signature[0][0] ^= 1;
    CHECK(!ed25519_verify_batch(s.item, 20, s.good));
    CHECK(!s.good[0] && !s.good[19]);
}

/* The encodings of crypto_ed25519_test: ZIP 215 accepts all 196 pairs of them with S = 0. */
TEST(small_order_points_get_the_verdict_of_zip_215_in_batches_too)
{
    static const char *const SMALL[] = {
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    enum { PAIRS = COUNT(SMALL) * COUNT(SMALL) };
    static uint8_t key[PAIRS][32], signature[PAIRS][64];
    static struct ed25519_item item[PAIRS];
    static bool good[PAIRS];
    for (size_t i = 0; i < PAIRS; i++) {
        size_t len = 0;
        CHECK_ERR(hex_decode(SMALL[i / COUNT(SMALL)], 64, key[i], 32, &len), ERR_NONE);
        CHECK_ERR(hex_decode(SMALL[i % COUNT(SMALL)], 64, signature[i], 32, &len), ERR_NONE);
        item[i] = (struct ed25519_item){ key[i], signature[i], bytes_of_str("Zcash") };
    }
    CHECK(ed25519_verify_batch(item, PAIRS, good));
    signature[77][32] = 1; /* S = 1: false */
    CHECK(!ed25519_verify_batch(item, PAIRS, good));
    for (size_t i = 0; i < PAIRS; i++) {
        CHECK_EQ(good[i], i != 77);
    }
}

TEST(batches_of_mutated_signatures_say_what_single_verification_says)
{
    static struct scene s;
    scene_init(&s, 5000);
    struct stream random = { 6000 };
    for (unsigned round = 0; round < 40; round++) {
        uint8_t r[4];
        draw(&random, r, sizeof r);
        size_t count = 4 + r[0] % 20, at = r[1] % count;
        uint8_t *where = r[2] < 100 ? s.signature[at] : r[2] < 200 ? s.key[at] : s.msg[at];
        where[r[3] % 32] ^= (uint8_t)(1U << r[2] % 8);
        CHECK(as_alone(&s, count));
        where[r[3] % 32] ^= (uint8_t)(1U << r[2] % 8);
    }
}

TEST(keys_and_signatures_of_another_size_are_bad_by_themselves)
{
    static struct scene s;
    static struct suite_item item[ITEMS];
    scene_init(&s, 9000);
    for (size_t i = 0; i < ITEMS; i++) {
        item[i] = (struct suite_item){ bytes_of(s.key[i], i == 9 ? 31 : 32), s.item[i].msg,
                                       bytes_of(s.signature[i], i == 70 ? 63 : 64) };
    }
    CHECK(!suite_verify_batch(suite_intl(), item, ITEMS, s.good));
    for (size_t i = 0; i < ITEMS; i++) {
        CHECK_EQ(s.good[i], i != 9 && i != 70);
    }
    struct suite plain = *suite_intl();
    plain.verify_batch = NULL;
    CHECK(!suite_verify_batch(&plain, item, 10, s.good));
    CHECK(s.good[0] && !s.good[9]);
    CHECK(suite_verify_batch(&plain, item, 9, s.good));
}

/* x + y and y - x of an affine point of the table, against the encoding that libsodium gives. */
static bool is_multiple(const struct base_summand *b, const uint8_t scalar[32])
{
    static const uint8_t half_bytes[32] = { 0xf7, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f };
    uint8_t want[32], got[32];
    struct fe x, y, half, t, d;
    struct point p;
    fe_from_bytes(&half, half_bytes); /* (p + 1) / 2 */
    fe_add(&y, &b->y_plus_x, &b->y_minus_x);
    fe_mul(&y, &y, &half);
    fe_sub(&x, &b->y_plus_x, &b->y_minus_x);
    fe_mul(&x, &x, &half);
    if (crypto_scalarmult_ed25519_base_noclamp(want, scalar) != 0 || !point_decode(&p, want)) {
        return false;
    }
    fe_to_bytes(got, &y);
    got[31] |= (uint8_t)(fe_is_odd(&x) ? 0x80 : 0);
    /* t2d = 2 d x y, where d = -121665/121666: 121666 t2d = -2 * 121665 x y. */
    fe_mul(&t, &x, &y);
    struct fe num = { { 2 * 121665 } }, den = { { 121666 } };
    fe_mul(&t, &t, &num);
    fe_mul(&d, &b->t2d, &den);
    fe_add(&t, &t, &d);
    return memcmp(got, want, 32) == 0 && fe_is_zero(&t) && fe_equal(&p.x, &x);
}

TEST(the_table_of_the_base_point_holds_its_odd_multiples)
{
    for (size_t i = 0; i < BASE_MULTIPLES; i++) {
        uint8_t low[32] = { (uint8_t)(2 * i + 1) }, high[32] = { 0 };
        high[16] = low[0];
        CHECK(is_multiple(&ED25519_BASE[0][i], low));
        CHECK(is_multiple(&ED25519_BASE[1][i], high));
        low[0]++;
        CHECK(!is_multiple(&ED25519_BASE[0][i], low));
    }
}

TEST(products_of_scalars_are_libsodiums)
{
    struct stream random = { 7000 };
    for (unsigned n = 0; n < 500; n++) {
        uint8_t wide[64], x[3][32], ours[32], theirs[32];
        for (unsigned i = 0; i < 3; i++) {
            draw(&random, wide, sizeof wide);
            crypto_core_ed25519_scalar_reduce(x[i], wide);
        }
        if (n == 0) {
            memset(x[2], 0, 32);
            crypto_core_ed25519_scalar_negate(x[0], (const uint8_t[32]){ 1 });
        }
        crypto_core_ed25519_scalar_mul(theirs, x[0], x[1]);
        crypto_core_ed25519_scalar_add(theirs, theirs, x[2]);
        scalar_mul_add(ours, x[0], x[1], x[2]);
        CHECK_BYTES(bytes_of(ours, 32), bytes_of(theirs, 32));
    }
}

static unsigned bits_of(const uint8_t x[32])
{
    for (unsigned i = 256; i-- > 0;) {
        if ((x[i / 8] >> i % 8 & 1) != 0) {
            return i + 1;
        }
    }
    return 0;
}

static void halves_hold(const uint8_t k[32])
{
    struct scalar_halves h;
    uint8_t product[32], rest[32];
    scalar_halve(&h, k);
    CHECK(bits_of(h.factor) > 0 && bits_of(h.factor) <= 126);
    CHECK(bits_of(h.rest) <= 127);
    crypto_core_ed25519_scalar_mul(product, k, h.factor);
    memcpy(rest, h.rest, 32);
    if (h.minus) {
        crypto_core_ed25519_scalar_negate(rest, rest);
    }
    CHECK_BYTES(bytes_of(product, 32), bytes_of(rest, 32));
}

TEST(a_scalar_is_a_quotient_of_two_of_half_its_length)
{
    struct stream random = { 8000 };
    uint8_t k[32] = { 0 }, wide[64];
    halves_hold(k);
    for (unsigned bit = 0; bit < 252; bit++) {
        memset(k, 0, sizeof k);
        k[bit / 8] = (uint8_t)(1U << bit % 8);
        halves_hold(k);
        crypto_core_ed25519_scalar_negate(k, k);
        halves_hold(k);
    }
    for (unsigned n = 0; n < 3000; n++) {
        draw(&random, wide, sizeof wide);
        crypto_core_ed25519_scalar_reduce(k, wide);
        halves_hold(k);
    }
}
