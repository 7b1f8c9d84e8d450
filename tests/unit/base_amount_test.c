#include "base/amount.h"
#include "tests/test.h"

#define MAX_TEXT "170141183460469231731687303715884105727"
#define MIN_TEXT "-170141183460469231731687303715884105728"

static struct amount units(const char *text)
{
    struct amount a = amount_zero(0);
    if (amount_parse(text, 1, 0, &a) != ERR_NONE) {
        test_fail(__FILE__, __LINE__, text);
    }
    return a;
}

TEST(formats_20_a_value_is_16_bytes_of_big_endian_twos_complement)
{
    struct amount a = amount_from_i64(3, -2);
    CHECK_EQ(a.currency, 3);
    CHECK_EQ(a.value[0], 0xff);
    CHECK_EQ(a.value[15], 0xfe);
    a = units(MIN_TEXT);
    CHECK_EQ(a.value[0], 0x80);
    CHECK_EQ(amount_sign(&a), -1);
}

TEST(amounts_of_two_currencies_never_mix_and_none_overflows)
{
    struct amount max = units(MAX_TEXT), one = amount_from_i64(1, 1), other = amount_from_i64(2, 1);
    struct amount out = amount_from_i64(9, 9), min = units(MIN_TEXT);
    int order;
    CHECK_ERR(amount_add(&one, &other, &out), ERR_STATE);
    CHECK_ERR(amount_sub(&one, &other, &out), ERR_STATE);
    CHECK_ERR(amount_compare(&one, &other, &order), ERR_STATE);
    CHECK_ERR(amount_add(&max, &one, &out), ERR_RANGE);
    CHECK_ERR(amount_sub(&min, &one, &out), ERR_RANGE);
    CHECK_EQ(out.currency, 9);
    CHECK_OK(amount_add(&max, &min, &out));
    CHECK_EQ(amount_sign(&out), -1);
    CHECK_OK(amount_compare(&min, &max, &order));
    CHECK(order < 0);
}

TEST(formats_20_conversion_has_a_256_bit_intermediate_and_rounds_half_even_once)
{
    static const struct {
        const char *from;
        uint64_t num, den;
        const char *want; /* NULL: ERR_RANGE */
    } ROWS[] = {
        { "1", 1, 2, "0" },
        { "3", 1, 2, "2" },
        { "5", 1, 2, "2" },
        { "-1", 1, 2, "0" },
        { "-3", 1, 2, "-2" },
        { "7", 1, 4, "2" },
        { "2", 1, 3, "1" },
        { "1", 1, 3, "0" },
        { "100", 7, 10, "70" },
        { MAX_TEXT, UINT64_MAX, UINT64_MAX, MAX_TEXT },
        { MIN_TEXT, UINT64_MAX, UINT64_MAX, MIN_TEXT },
        { MAX_TEXT, 2, 1, NULL },
        { MAX_TEXT, UINT64_MAX, 1, NULL },
        { "1", 1, 0, NULL },
        { MIN_TEXT, 1, 1, MIN_TEXT },
        { "1", UINT64_MAX - 1, UINT64_MAX, "1" },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct amount a = units(ROWS[i].from), out;
        enum err e = amount_convert(&a, 5, ROWS[i].num, ROWS[i].den, &out);
        CHECK_ERR(e, ROWS[i].want == NULL ? ERR_RANGE : ERR_NONE);
        if (e == ERR_NONE) {
            char text[AMOUNT_TEXT_SIZE_MAX];
            amount_format(&out, 0, text);
            CHECK_STR(text, ROWS[i].want);
            CHECK_EQ(out.currency, 5);
        }
    }
}

TEST(text_has_the_fraction_of_its_currency_and_one_form)
{
    static const struct {
        const char *text;
        unsigned exponent;
        enum err want;
        const char *again;
    } ROWS[] = {
        { "12.34", 2, ERR_NONE, "12.34" },
        { "-0.05", 2, ERR_NONE, "-0.05" },
        { "12", 2, ERR_NONE, "12.00" },
        { "0", 0, ERR_NONE, "0" },
        { "0.000000000000000001", 18, ERR_NONE, "0.000000000000000001" },
        { MIN_TEXT, 0, ERR_NONE, MIN_TEXT },
        { "12.345", 2, ERR_ENCODING, NULL },
        { "12.", 2, ERR_ENCODING, NULL },
        { ".5", 2, ERR_ENCODING, NULL },
        { "+1", 2, ERR_ENCODING, NULL },
        { "--1", 2, ERR_ENCODING, NULL },
        { "01", 2, ERR_ENCODING, NULL },
        { "1e2", 2, ERR_ENCODING, NULL },
        { " 1", 2, ERR_ENCODING, NULL },
        { "1 ", 2, ERR_ENCODING, NULL },
        { "", 2, ERR_ENCODING, NULL },
        { "-0.00", 2, ERR_ENCODING, NULL },
        { "1.0", 0, ERR_ENCODING, NULL },
        { MAX_TEXT, 1, ERR_RANGE, NULL },
        { "170141183460469231731687303715884105728", 0, ERR_RANGE, NULL },
        { "999999999999999999999999999999999999999999", 0, ERR_RANGE, NULL },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct amount a;
        CHECK_ERR(amount_parse(ROWS[i].text, 1, ROWS[i].exponent, &a), ROWS[i].want);
        if (ROWS[i].again != NULL) {
            char text[AMOUNT_TEXT_SIZE_MAX];
            amount_format(&a, ROWS[i].exponent, text);
            CHECK_STR(text, ROWS[i].again);
        }
    }
}
