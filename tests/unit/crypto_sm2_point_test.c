/* The arithmetic of SM2, against OpenSSL's of numbers and points of any curve. */
#include "crypto/openssl.h"
#include "crypto/sm2_field_internal.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "crypto/suite.h"
#include "tests/test.h"

static void from_hex(const char *hex, uint8_t *out, size_t len)
{
    size_t got = 0;
    if (hex_decode(hex, strlen(hex), out, len, &got) != ERR_NONE || got != len) {
        test_fail(__FILE__, __LINE__, hex);
    }
}

static void write_number(const struct sm2_number *x, uint8_t out[SM2_NUMBER_SIZE])
{
    for (unsigned i = 0; i < SM2_NUMBER_SIZE; i++) {
        out[SM2_NUMBER_SIZE - 1 - i] = (uint8_t)(x->limb[i / 8] >> (8 * (i % 8)));
    }
}

/* A private key below n for sure: the highest byte is small. */
static void private_of(unsigned i, uint8_t out[SM2_NUMBER_SIZE])
{
    struct hash h;
    hash_plain(suite_gm(), bytes_of(&i, sizeof i), &h);
    memcpy(out, h.b, SM2_NUMBER_SIZE);
    out[0] &= 0x7f;
}

/* OpenSSL's words for the same arithmetic. */
struct twin {
    EC_GROUP *group;
    BN_CTX *ctx;
    const BIGNUM *p;
};

static struct twin twin_new(void)
{
    struct twin t = { EC_GROUP_new_by_curve_name(NID_sm2), BN_CTX_new(), NULL };
    ASSERT(t.group != NULL && t.ctx != NULL);
    t.p = EC_GROUP_get0_field(t.group);
    return t;
}

static void twin_free(struct twin *t)
{
    EC_GROUP_free(t->group);
    BN_CTX_free(t->ctx);
}

static BIGNUM *big(const struct sm2_number *x)
{
    uint8_t bytes[SM2_NUMBER_SIZE];
    write_number(x, bytes);
    return BN_bin2bn(bytes, sizeof bytes, NULL);
}

/* The number that a field element stands for: multiplied by 1 it leaves Montgomery's form. */
static BIGNUM *big_of_field(const struct sm2_number *x)
{
    static const struct sm2_number one = { { 1 } };
    struct sm2_number plain;
    sm2_field_mul(&plain, x, &one);
    return big(&plain);
}

TEST(each_multiple_of_the_base_point_in_the_table_is_openssls)
{
    struct twin t = twin_new();
    EC_POINT *q = EC_POINT_new(t.group);
    BIGNUM *k = BN_new(), *x = BN_new(), *y = BN_new();
    for (unsigned i = 0; i < SM2_BASE_MULTIPLES; i++) {
        BIGNUM *own_x = big_of_field(&SM2_BASE[i].x), *own_y = big_of_field(&SM2_BASE[i].y);
        CHECK(BN_set_word(k, 2 * i + 1) == 1 &&
              EC_POINT_mul(t.group, q, k, NULL, NULL, t.ctx) == 1 &&
              EC_POINT_get_affine_coordinates(t.group, q, x, y, t.ctx) == 1);
        CHECK(BN_cmp(x, own_x) == 0 && BN_cmp(y, own_y) == 0);
        BN_free(own_x);
        BN_free(own_y);
    }
    BN_free(k);
    BN_free(x);
    BN_free(y);
    EC_POINT_free(q);
    twin_free(&t);
}

/* Numbers where carries and borrows run through, and some without a pattern. */
static struct sm2_number edge(unsigned i)
{
    struct sm2_number x = { { 0 } }, one = { { i / 4 } };
    struct hash h;
    switch (i % 4) {
    case 0:
        return one;
    case 1:
        sm2_number_sub(&x, &SM2_P, &one);
        break;
    case 2:
        sm2_number_sub(&x, &SM2_N, &one);
        break;
    default:
        hash_plain(suite_gm(), bytes_of(&i, sizeof i), &h);
        h.b[0] &= 0x7f;
        sm2_number_read(&x, h.b);
        x.limb[i / 4 % 4] = 0 - (uint64_t)(i / 16 % 2);
        break;
    }
    return x;
}

enum { EDGES = 64 };

TEST(sums_differences_and_products_in_the_field_are_openssls)
{
    struct twin t = twin_new();
    BIGNUM *want = BN_new();
    for (unsigned i = 0; i < EDGES * EDGES; i++) {
        struct sm2_number a = edge(i / EDGES), b = edge(i % EDGES), am, bm, out;
        if (!sm2_number_below(&a, &SM2_P) || !sm2_number_below(&b, &SM2_P)) {
            continue; /* p itself */
        }
        BIGNUM *x = big(&a), *y = big(&b), *got[3];
        sm2_field_add(&out, &a, &b);
        got[0] = big(&out);
        sm2_field_sub(&out, &a, &b);
        got[1] = big(&out);
        sm2_field_enter(&am, &a);
        sm2_field_enter(&bm, &b);
        sm2_field_mul(&out, &am, &bm);
        got[2] = big_of_field(&out);
        bool good = BN_mod_add(want, x, y, t.p, t.ctx) == 1 && BN_cmp(want, got[0]) == 0;
        good = good && BN_mod_sub(want, x, y, t.p, t.ctx) == 1 && BN_cmp(want, got[1]) == 0;
        good = good && BN_mod_mul(want, x, y, t.p, t.ctx) == 1 && BN_cmp(want, got[2]) == 0;
        BN_free(x);
        BN_free(y);
        for (unsigned k = 0; k < COUNT(got); k++) {
            BN_free(got[k]);
        }
        CHECK(good);
    }
    BN_free(want);
    twin_free(&t);
}

/* [base]G + [key]P by both, compared in affine form, or both at infinity. */
static bool sum_agrees(const struct twin *t, const struct sm2_number *base,
                       const struct sm2_number *key, const uint8_t point[SM2_PUBLIC_SIZE])
{
    struct sm2_affine p;
    struct sm2_point sum;
    if (!sm2_point_read(&p, point)) {
        return false;
    }
    sm2_point_sum(&sum, base, key, &p);
    EC_POINT *q = EC_POINT_new(t->group), *r = EC_POINT_new(t->group);
    BIGNUM *b = big(base), *k = big(key), *x = BN_new(), *y = BN_new();
    bool agree = EC_POINT_oct2point(t->group, q, point, SM2_PUBLIC_SIZE, t->ctx) == 1 &&
                 EC_POINT_mul(t->group, r, b, q, k, t->ctx) == 1;
    if (agree && EC_POINT_is_at_infinity(t->group, r) == 1) {
        agree = sm2_number_is_zero(&sum.z);
    } else if (agree) {
        BIGNUM *zz = big_of_field(&sum.z), *own_x = big_of_field(&sum.x),
               *own_y = big_of_field(&sum.y), *z = BN_dup(zz);
        agree = EC_POINT_get_affine_coordinates(t->group, r, x, y, t->ctx) == 1 && !BN_is_zero(z) &&
                BN_mod_sqr(zz, z, t->p, t->ctx) == 1 && BN_mod_mul(x, x, zz, t->p, t->ctx) == 1 &&
                BN_mod_mul(zz, zz, z, t->p, t->ctx) == 1 &&
                BN_mod_mul(y, y, zz, t->p, t->ctx) == 1 && BN_cmp(x, own_x) == 0 &&
                BN_cmp(y, own_y) == 0;
        BN_free(zz);
        BN_free(z);
        BN_free(own_x);
        BN_free(own_y);
    }
    EC_POINT_free(q);
    EC_POINT_free(r);
    BN_free(b);
    BN_free(k);
    BN_free(x);
    BN_free(y);
    return agree;
}

/* Keys that are small multiples of G meet, in the walk, the multiples of the table: the same point
 * twice, a point and its opposite, infinity in between and at the end. */
TEST(sums_of_multiples_are_openssls_where_points_meet_too)
{
    struct twin t = twin_new();
    for (unsigned at = 1; at <= 6; at++) {
        uint8_t private_key[SM2_NUMBER_SIZE] = { 0 }, point[SM2_PUBLIC_SIZE];
        private_key[SM2_NUMBER_SIZE - 1] = (uint8_t)at;
        if (at == 5) { /* -G */
            struct sm2_number one = { { 1 } }, k;
            sm2_number_sub(&k, &SM2_N, &one);
            write_number(&k, private_key);
        } else if (at == 6) {
            private_of(at, private_key);
        }
        sm2_public_from(private_key, point);
        for (unsigned i = 0; i < EDGES * 4; i++) {
            struct sm2_number base = edge(i % 40), key = edge((i * 7 + at) % 52);
            if (sm2_number_below(&base, &SM2_N) && sm2_number_below(&key, &SM2_N)) {
                CHECK(sum_agrees(&t, &base, &key, point));
            }
        }
    }
    twin_free(&t);
}

/* The smallest x of a point that is n or more: what n takes from it is 4. */
TEST(an_x_of_n_or_more_is_compared_modulo_n)
{
    uint8_t in[SM2_PUBLIC_SIZE];
    struct sm2_affine q;
    struct sm2_number four = { { 4 } }, five = { { 5 } }, zero = { { 0 } };
    from_hex("04fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54127"
             "13382f1ec459a2ff2b0b5bdf5ad8f25209357b4c4333219a04c5c0021b13daa5",
             in, sizeof in);
    CHECK(sm2_point_read(&q, in));
    struct sm2_number one = { { 1 } }, z;
    sm2_field_enter(&z, &one);
    struct sm2_point p = { q.x, q.y, z };
    CHECK(sm2_point_has_x(&p, &four));
    CHECK(!sm2_point_has_x(&p, &five));
    CHECK(!sm2_point_has_x(&p, &zero));
    p.z = zero;
    CHECK(!sm2_point_has_x(&p, &four));
}
