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

/* python3: round(Fraction(from * num, den)), NULL from 2^127 on; the last twenty are random. */
TEST(formats_20_conversion_agrees_with_exact_fractions)
{
    static const struct {
        const char *from;
        uint64_t num, den;
        const char *want;
    } ROWS[] = {
        { "320", UINT64_C(125), UINT64_C(16), "2500" },
        { "1000", UINT64_C(125), UINT64_C(16), "7812" },
        { "1", UINT64_C(1), UINT64_C(2), "0" },
        { "3", UINT64_C(1), UINT64_C(2), "2" },
        { "170141183460469231731687303715884105727", UINT64_C(18446744073709551615),
          UINT64_C(18446744073709551615), "170141183460469231731687303715884105727" },
        { "170141183460469231731687303715884105727", UINT64_C(9223372036854775808),
          UINT64_C(18446744073709551615), "85070591730234615870455337876369440768" },
        { "18446744073709551616", UINT64_C(18446744073709551615), UINT64_C(4294967297),
          "79228162495817593519834398720" },
        { "1329227995784915872903807060280344576", UINT64_C(127), UINT64_C(1),
          "168811955464684315858783496655603761152" },
        { "1329227995784915872903807060280344576", UINT64_C(128), UINT64_C(1), NULL },
        { "170141183460469231731687303715884105727", UINT64_C(1), UINT64_C(2),
          "85070591730234615865843651857942052864" },
        { "170141183460469231731687303715884105725", UINT64_C(1), UINT64_C(2),
          "85070591730234615865843651857942052862" },
        { "12345678901234567890123456789", UINT64_C(987654321987654321),
          UINT64_C(123456789123456789), "98765432109876543210987654321" },
        { "12433286108006321452", UINT64_C(16693301714302687968), UINT64_C(224),
          "926574090630346969308489422765449507" },
        { "13419514927510555149820771651", UINT64_C(1092668629293), UINT64_C(27), NULL },
        { "8751236715851749997", UINT64_C(7599723334012235165), UINT64_C(52),
          "1278980343671598941578996812976000856" },
        { "450120279135206644351835339598", UINT64_C(100619795705), UINT64_C(14860421584632531647),
          "3047760810238279809403" },
        { "97526618924462889971085050595819237469", UINT64_C(9), UINT64_C(25),
          "35109582812806640389590618214494925489" },
        { "199584", UINT64_C(840496917193), UINT64_C(757224481636), "221532" },
        { "1118519183255642028013790512357", UINT64_C(69), UINT64_C(15847830922631366540),
          "4869929772814" },
        { "4382381423515739656", UINT64_C(4), UINT64_C(5547785924338764871), "3" },
        { "447391415903458534551659876397", UINT64_C(8252862031244733655), UINT64_C(237), NULL },
        { "192754277274287775909826111376", UINT64_C(104), UINT64_C(2232695566636728055),
          "8978584064967" },
        { "14384257443254895172", UINT64_C(6360021349380222556), UINT64_C(30),
          "3049472814469416949130447607660329988" },
        { "544723", UINT64_C(112), UINT64_C(255), "239251" },
        { "1494071971714454555", UINT64_C(201), UINT64_C(889066819356), "337779411" },
        { "1220279746259486806743770054889", UINT64_C(831206517746), UINT64_C(15418216462911438998),
          "65786109632345131340840" },
        { "17304503092415790092", UINT64_C(367465698766), UINT64_C(19),
          "334674280034367167429934706656" },
        { "97793", UINT64_C(705479780994), UINT64_C(245), "281595853970393" },
        { "62402400030046959824602960881", UINT64_C(57), UINT64_C(12927093617372376108),
          "275153635225" },
        { "164169", UINT64_C(237), UINT64_C(9726939496467352488), "0" },
        { "5757106250518389342", UINT64_C(108), UINT64_C(425670869826), "1460676591" },
        { "228592", UINT64_C(51), UINT64_C(25), "466328" },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct amount a = units(ROWS[i].from), out;
        char text[AMOUNT_TEXT_SIZE_MAX] = "";
        enum err e = amount_convert(&a, 1, ROWS[i].num, ROWS[i].den, &out);
        CHECK_ERR(e, ROWS[i].want == NULL ? ERR_RANGE : ERR_NONE);
        if (e == ERR_NONE) {
            amount_format(&out, 0, text);
            CHECK_STR(text, ROWS[i].want);
        }
    }
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
