#include "crypto/sm2_field_internal.h"

#include "crypto/sm3.h"

/* GB/T 32918.2 5.5: ENTL ‖ ID ‖ a ‖ b ‖ xG ‖ yG, before the key's coordinates. ENTL counts bits. */
static const uint8_t IDENTITY[] = {
    0x00, 0x80, '1',  '2',  '3',  '4',  '5',  '6',  '7',  '8',  '1',  '2',  '3',  '4',  '5',
    '6',  '7',  '8',  0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xfc, 0x28, 0xe9, 0xfa, 0x9e, 0x9d, 0x9f, 0x5e, 0x34, 0x4d, 0x5a,
    0x9e, 0x4b, 0xcf, 0x65, 0x09, 0xa7, 0xf3, 0x97, 0x89, 0xf5, 0x15, 0xab, 0x8f, 0x92, 0xdd,
    0xbc, 0xbd, 0x41, 0x4d, 0x94, 0x0e, 0x93, 0x32, 0xc4, 0xae, 0x2c, 0x1f, 0x19, 0x81, 0x19,
    0x5f, 0x99, 0x04, 0x46, 0x6a, 0x39, 0xc9, 0x94, 0x8f, 0xe3, 0x0b, 0xbf, 0xf2, 0x66, 0x0b,
    0xe1, 0x71, 0x5a, 0x45, 0x89, 0x33, 0x4c, 0x74, 0xc7, 0xbc, 0x37, 0x36, 0xa2, 0xf4, 0xf6,
    0x77, 0x9c, 0x59, 0xbd, 0xce, 0xe3, 0x6b, 0x69, 0x21, 0x53, 0xd0, 0xa9, 0x87, 0x7c, 0xc6,
    0x2a, 0x47, 0x40, 0x02, 0xdf, 0x32, 0xe5, 0x21, 0x39, 0xf0, 0xa0
};

void sm2_digest(const uint8_t public_key[SM2_PUBLIC_SIZE], struct bytes msg, struct hash *e)
{
    struct sm3 s;
    struct hash z;
    sm3_init(&s);
    sm3_update(&s, bytes_of(IDENTITY, sizeof IDENTITY));
    sm3_update(&s, bytes_of(public_key + 1, SM2_PUBLIC_SIZE - 1));
    sm3_final(&s, &z);
    sm3_init(&s);
    sm3_update(&s, bytes_of_hash(&z));
    sm3_update(&s, msg);
    sm3_final(&s, e);
}

/* From 1 to n - 1. */
static bool scalar_read(struct sm2_number *out, const uint8_t in[SM2_NUMBER_SIZE])
{
    sm2_number_read(out, in);
    return !sm2_number_is_zero(out) && sm2_number_below(out, &SM2_N);
}

/* GB/T 32918.2 7.1: t = r + s, (x, y) = [s]G + [t]P, and r = e + x, all modulo n. */
bool sm2_verify(const uint8_t public_key[SM2_PUBLIC_SIZE], struct bytes msg,
                const uint8_t signature[SM2_SIGNATURE_SIZE])
{
    struct sm2_affine key;
    struct sm2_number r, s, t, e;
    struct sm2_point sum;
    struct hash digest;
    if (!scalar_read(&r, signature) || !scalar_read(&s, signature + SM2_NUMBER_SIZE) ||
        !sm2_point_read(&key, public_key)) {
        return false;
    }
    sm2_scalar_add(&t, &r, &s);
    if (sm2_number_is_zero(&t)) {
        return false;
    }
    sm2_digest(public_key, msg, &digest);
    sm2_number_read(&e, digest.b);
    if (!sm2_number_below(&e, &SM2_N)) {
        (void)sm2_number_sub(&e, &e, &SM2_N); /* 2^256 < 2n */
    }
    sm2_scalar_sub(&e, &r, &e);
    sm2_point_sum(&sum, &s, &t, &key);
    return sm2_point_has_x(&sum, &e);
}
