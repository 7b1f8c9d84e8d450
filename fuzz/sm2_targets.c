/* Suite gm: our SM2 verification and SM3 say what OpenSSL's say, in both directions. */
#include "crypto/openssl.h"
#include "crypto/sm2_field_internal.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "crypto/peer_gm.h"
#include "crypto/sm3.h"
#include "crypto/suite.h"
#include "fuzz/fuzz.h"
#include "fuzz/signed_input.h"

enum { RAW = SIGNED_INPUT_RAW, PACKED = SM2_PUBLIC_SIZE + SM2_SIGNATURE_SIZE, INPUT_MAX = 256 };
enum { AT_R = SM2_PUBLIC_SIZE, AT_S = AT_R + SM2_NUMBER_SIZE };

static void number_write(const struct sm2_number *x, uint8_t out[SM2_NUMBER_SIZE])
{
    for (unsigned i = 0; i < SM2_NUMBER_SIZE; i++) {
        out[SM2_NUMBER_SIZE - 1 - i] = (uint8_t)(x->limb[i / 8] >> (8 * (i % 8)));
    }
}

/* At `to`: n or p less what stands at `from`. */
static void put_less(uint8_t *to, const struct sm2_number *whole, const uint8_t *from)
{
    struct sm2_number x;
    sm2_number_read(&x, from);
    (void)sm2_number_sub(&x, whole, &x);
    number_write(&x, to);
}

/* From PACKED on: what a byte at a time would not find. */
static void edit(uint8_t packed[PACKED], uint8_t at, uint8_t value)
{
    static const uint8_t ZERO[SM2_NUMBER_SIZE];
    if (at < PACKED) {
        packed[at] ^= value;
    } else if (at % 4 == 0) {
        put_less(packed + AT_S, &SM2_N, packed + AT_R); /* r + s = n */
    } else if (at % 4 == 1) {
        put_less(packed + (value % 2 == 0 ? AT_R : AT_S), &SM2_N, ZERO);
    } else if (at % 4 == 2) {
        put_less(packed + AT_R - SM2_NUMBER_SIZE, &SM2_P, packed + AT_R - SM2_NUMBER_SIZE); /* -P */
    } else {
        memset(packed + (value % 2 == 0 ? AT_R : AT_S), 0, SM2_NUMBER_SIZE);
    }
}

static bool ours(const uint8_t packed[PACKED], struct bytes msg)
{
    return sm2_verify(packed, msg, packed + SM2_PUBLIC_SIZE);
}

static bool theirs(const uint8_t packed[PACKED], struct bytes msg)
{
    struct peer_gm *p;
    if (peer_gm_open(NULL, packed, &p) != ERR_NONE) {
        return false;
    }
    bool good = peer_gm_verify(p, msg, packed + SM2_PUBLIC_SIZE) == ERR_NONE;
    peer_gm_close(p);
    return good;
}

static void signed_by(uint8_t which, struct bytes msg, uint8_t packed[PACKED])
{
    uint8_t seed[SM2_SEED_SIZE] = { which };
    sm2_public_of(seed, packed);
    sm2_sign(seed, msg, packed + SM2_PUBLIC_SIZE);
}

/* Both say the same, but for one known difference: OpenSSL also takes a key in X9.62's hybrid form,
 * 06 or 07 before the point. */
static void sm2(struct bytes in)
{
    static const struct signed_input_suite suite = { PACKED, signed_by, ours, edit };
    uint8_t packed[PACKED];
    struct bytes msg;
    if (!signed_input_read(&suite, in, packed, &msg)) {
        return;
    }
    bool good = ours(packed, msg);
    if (packed[0] == 6 || packed[0] == 7) {
        ASSERT(!good);
    } else {
        ASSERT(good == theirs(packed, msg));
    }
}

/* The point [s]G + [t]P: ours has the x, modulo n, of OpenSSL's, or both are at infinity. */
static void walk(const struct sm2_number *s, const struct sm2_number *t,
                 const uint8_t key[SM2_PUBLIC_SIZE], const uint8_t scalar[2 * SM2_NUMBER_SIZE])
{
    struct sm2_affine p;
    struct sm2_point sum;
    struct sm2_number c;
    uint8_t x_bytes[SM2_NUMBER_SIZE];
    bool read = sm2_point_read(&p, key);
    ASSERT(read);
    sm2_point_sum(&sum, s, t, &p);
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_sm2);
    EC_POINT *point = EC_POINT_new(group);
    BIGNUM *base = BN_bin2bn(scalar, SM2_NUMBER_SIZE, NULL), *x = BN_new();
    BIGNUM *times = BN_bin2bn(scalar + SM2_NUMBER_SIZE, SM2_NUMBER_SIZE, NULL);
    BN_CTX *ctx = BN_CTX_new();
    bool made = EC_POINT_oct2point(group, point, key, SM2_PUBLIC_SIZE, ctx) == 1 &&
                EC_POINT_mul(group, point, base, point, times, ctx) == 1;
    ASSERT(made);
    if (EC_POINT_is_at_infinity(group, point) == 1) {
        ASSERT(sm2_number_is_zero(&sum.z));
    } else {
        made = EC_POINT_get_affine_coordinates(group, point, x, NULL, ctx) == 1 &&
               BN_nnmod(x, x, EC_GROUP_get0_order(group), ctx) == 1 &&
               BN_bn2binpad(x, x_bytes, SM2_NUMBER_SIZE) == SM2_NUMBER_SIZE;
        ASSERT(made);
        sm2_number_read(&c, x_bytes);
        ASSERT(sm2_point_has_x(&sum, &c));
        c.limb[0] ^= 1;
        ASSERT(!sm2_number_below(&c, &SM2_N) || !sm2_point_has_x(&sum, &c));
    }
    BN_CTX_free(ctx);
    BN_free(times);
    BN_free(base);
    BN_free(x);
    EC_POINT_free(point);
    EC_GROUP_free(group);
}

/* Two bytes: which multiple of G the key is, so that it meets G's own in the walk; then s and t,
 * which a signature could have but whose message nobody knows. */
static void sm2_sum(struct bytes in)
{
    enum { SIZE = 2 + 2 * SM2_NUMBER_SIZE };
    uint8_t secret[SM2_NUMBER_SIZE] = { 0 }, key[SM2_PUBLIC_SIZE];
    struct sm2_number s, t;
    if (in.len != SIZE || (in.ptr[0] == 0 && in.ptr[1] == 0)) {
        return;
    }
    memcpy(secret + SM2_NUMBER_SIZE - 2, in.ptr, 2);
    sm2_public_from(secret, key);
    sm2_number_read(&s, in.ptr + 2);
    sm2_number_read(&t, in.ptr + 2 + SM2_NUMBER_SIZE);
    if (sm2_number_below(&s, &SM2_N) && sm2_number_below(&t, &SM2_N)) {
        walk(&s, &t, key, in.ptr + 2);
    }
}

/* The first byte: into how long pieces the rest is cut. */
static void sm3(struct bytes in)
{
    static struct peer_gm *peer;
    static const uint8_t secret[SM2_NUMBER_SIZE] = { 1 };
    struct sm3 s;
    struct hash our_hash, their_hash;
    if (in.len == 0) {
        return;
    }
    if (peer == NULL) {
        enum err opened = peer_gm_open(secret, NULL, &peer);
        ASSERT(opened == ERR_NONE);
    }
    size_t piece = (size_t)in.ptr[0] + 1;
    struct bytes left = bytes_of(in.ptr + 1, in.len - 1), whole = left;
    sm3_init(&s);
    while (left.len > 0) {
        size_t take = piece < left.len ? piece : left.len;
        sm3_update(&s, bytes_of(left.ptr, take));
        left = bytes_of(left.ptr + take, left.len - take);
    }
    sm3_final(&s, &our_hash);
    enum err e = peer_gm_sm3(peer, whole, &their_hash);
    ASSERT(e == ERR_NONE);
    ASSERT(hash_equal(&our_hash, &their_hash));
}

static void seed_sm2(void)
{
    uint8_t in[1 + PACKED + 5] = { RAW, [1 + PACKED] = 'q', 'i', 'a', 'n' };
    signed_by(1, bytes_of(in + 1 + PACKED, 5), in + 1);
    fuzz_seed(bytes_of(in, sizeof in));
    in[1] = (uint8_t)(6 | (in[SM2_PUBLIC_SIZE] & 1));
    fuzz_seed(bytes_of(in, sizeof in));
    fuzz_seed(bytes_of((const uint8_t[]){ 1, 0, 'm' }, 3));
    fuzz_seed(bytes_of((const uint8_t[]){ 2, 2, 64, 0x80, 128, 0x80, 'm' }, 7));
    for (uint8_t at = 132; at < 136; at++) {
        fuzz_seed(bytes_of((const uint8_t[]){ 3, 1, at, 0, 'm' }, 5));
        fuzz_seed(bytes_of((const uint8_t[]){ 3, 1, at, 1, 'm' }, 5));
    }
}

static void seed_sum(void)
{
    static const uint8_t small[][3] = { { 1, 1, 1 }, { 2, 2, 1 }, { 3, 1, 5 }, { 7, 21, 3 } };
    for (size_t i = 0; i < COUNT(small); i++) {
        uint8_t in[2 + 2 * SM2_NUMBER_SIZE] = { 0, small[i][0] };
        in[1 + SM2_NUMBER_SIZE] = small[i][1];
        in[1 + 2 * SM2_NUMBER_SIZE] = small[i][2];
        fuzz_seed(bytes_of(in, sizeof in)); /* the sum is small, or twice a point */
        in[1 + SM2_NUMBER_SIZE] = (uint8_t)(small[i][0] * small[i][2]);
        put_less(in + 2, &SM2_N, in + 2);
        fuzz_seed(bytes_of(in, sizeof in)); /* infinity */
    }
}

static void seed_sm3(void)
{
    uint8_t in[200];
    memset(in, 'x', sizeof in);
    for (uint8_t size = 55; size < 130; size = (uint8_t)(size + 9)) {
        in[0] = size;
        fuzz_seed(bytes_of(in, 1 + (size_t)size));
    }
}

static const struct fuzz_target ROWS[] = {
    { "sm2", INPUT_MAX, sm2, seed_sm2 },
    { "sm2-sum", 2 + 2 * SM2_NUMBER_SIZE, sm2_sum, seed_sum },
    { "sm3", 4 * INPUT_MAX, sm3, seed_sm3 },
};
const struct fuzz_family FUZZ_SM2 = { ROWS, COUNT(ROWS) };
