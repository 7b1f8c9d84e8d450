#include "crypto/sm2_field_internal.h"

const struct sm2_number SM2_N = { { 0x53bbf40939d54123, 0x7203df6b21c6052b, 0xffffffffffffffff,
                                    0xfffffffeffffffff } };

void sm2_number_read(struct sm2_number *out, const uint8_t in[SM2_NUMBER_SIZE])
{
    for (unsigned i = 0; i < SM2_LIMBS; i++) {
        uint64_t x = 0;
        for (unsigned j = 0; j < 8; j++) {
            x = x << 8 | in[8 * (SM2_LIMBS - 1 - i) + j];
        }
        out->limb[i] = x;
    }
}

bool sm2_number_is_zero(const struct sm2_number *a)
{
    return (a->limb[0] | a->limb[1] | a->limb[2] | a->limb[3]) == 0;
}

bool sm2_number_below(const struct sm2_number *a, const struct sm2_number *b)
{
    struct sm2_number rest;
    return sm2_number_sub(&rest, a, b) == 1;
}

void sm2_scalar_add(struct sm2_number *out, const struct sm2_number *a, const struct sm2_number *b)
{
    sm2_add_modulo(out, a, b, &SM2_N);
}

void sm2_scalar_sub(struct sm2_number *out, const struct sm2_number *a, const struct sm2_number *b)
{
    sm2_sub_modulo(out, a, b, &SM2_N);
}

void sm2_field_enter(struct sm2_number *out, const struct sm2_number *a)
{
    /* 2^512 modulo p */
    static const struct sm2_number R2 = { { 0x0000000200000003, 0x00000002ffffffff,
                                            0x0000000100000001, 0x0000000400000002 } };
    sm2_field_mul(out, a, &R2);
}

bool sm2_field_equal(const struct sm2_number *a, const struct sm2_number *b)
{
    uint64_t differ = 0;
    for (unsigned i = 0; i < SM2_LIMBS; i++) {
        differ |= a->limb[i] ^ b->limb[i];
    }
    return differ == 0;
}
