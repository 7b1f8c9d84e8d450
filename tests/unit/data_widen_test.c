#include "data/deidentify_internal.h"
#include "tests/test.h"

/* What one step makes of one value. */
static const char *widened(const struct step *s, const char *value, enum column_type type,
                           uint64_t rows)
{
    static uint8_t room[1024];
    struct buf b = buf_over(room, sizeof room - 1);
    value_widen(s, bytes_of_str(value), type, rows, &b);
    room[b.len] = '\0';
    return (const char *)room;
}

TEST(a_number_is_read_in_millionths_and_rounded_down)
{
    static const struct {
        const char *text;
        bool number;
        int64_t micro;
    } ROWS[] = {
        { "0", true, 0 },
        { "1", true, 1000000 },
        { "-1", true, -1000000 },
        { "+7", true, 7000000 },
        { "007", true, 7000000 },
        { "2.3", true, 2300000 },
        { "0.0000019", true, 1 },
        { "-0.0000019", true, -2 },
        { "-0.0000010", true, -1 },
        { "5.00E+05", true, 500000000000 },
        { "5e-7", true, 0 },
        { "-5e-7", true, -1 },
        { "0e400", true, 0 },
        { "100000000000", true, 100000000000000000 },
        { "1e300", true, INT64_MAX / 4 },
        { "-1e300", true, -(INT64_MAX / 4) },
        { "1e-300", true, 0 },
        { "99999999999999999999999999999999999999", true, INT64_MAX / 4 },
        { "", false, 0 },
        { "-", false, 0 },
        { ".5", false, 0 },
        { "5.", true, 5000000 },
        { "1.2.3", false, 0 },
        { "1,5", false, 0 },
        { "5e", false, 0 },
        { "5e+", false, 0 },
        { "5e1.", false, 0 },
        { "12 years", false, 0 },
        { "1234567890123456789012345678901234567890", false, 0 }, /* one digit over the limit */
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        int64_t micro = 77;
        bool number = value_micro(bytes_of_str(ROWS[i].text), &micro);
        if (number != ROWS[i].number || micro != (number ? ROWS[i].micro : 77)) {
            printf("# %s: %lld\n", ROWS[i].text, (long long)micro);
            CHECK(false);
        }
    }
}

TEST(a_band_holds_its_lower_end_and_not_its_upper_one_and_the_last_are_open)
{
    static const struct step BANDS = { .kind = STEP_BANDS, .width = 10, .from = -20, .to = 80 };
    static const struct {
        const char *value, *band;
    } ROWS[] = {
        { "-21", "<-20" },
        { "-20.000001", "<-20" },
        { "-20.0000001", "<-20" },
        { "-20", "-20..<-10" },
        { "-11", "-20..<-10" },
        { "-10", "-10..<0" },
        { "-0.5", "-10..<0" },
        { "0", "0..<10" },
        { "9", "0..<10" },
        { "9.9999999", "0..<10" },
        { "10", "10..<20" },
        { "79", "70..<80" },
        { "80", ">=80" },
        { "1e99", ">=80" },
        { "-1e99", "<-20" },
        { "", "" },
        { "NA", "*" },
        { "seven", "*" },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        CHECK_STR(widened(&BANDS, ROWS[i].value, COLUMN_INTEGER, 1), ROWS[i].band);
    }
    /* A decimal comma is the column's to say: alone, 1,5 could be read in two ways. */
    CHECK_STR(widened(&BANDS, "11,5", COLUMN_DECIMAL, 1), "10..<20");
    CHECK_STR(widened(&BANDS, "1.234,5", COLUMN_DECIMAL, 1), ">=80");
    CHECK_STR(widened(&BANDS, "11,5", COLUMN_TEXT, 1), "*");
}

TEST(a_date_becomes_its_month_quarter_or_year_and_day_or_month_first_is_never_guessed)
{
    static const struct {
        enum date_part part;
        enum date_order order;
        const char *value, *date;
    } ROWS[] = {
        { DATE_YEAR, DATE_YEAR_FIRST, "2010-12-01", "2010" },
        { DATE_YEAR, DATE_YEAR_FIRST, "1/12/2010 08:26", "2010" },
        { DATE_QUARTER, DATE_YEAR_FIRST, "2010-03-31", "2010-Q1" },
        { DATE_QUARTER, DATE_YEAR_FIRST, "2010-04-01", "2010-Q2" },
        { DATE_QUARTER, DATE_YEAR_FIRST, "2010/12/31", "2010-Q4" },
        { DATE_MONTH, DATE_YEAR_FIRST, "2010-4-1", "2010-04" },
        { DATE_MONTH, DATE_YEAR_FIRST, "1/12/2010", "*" },
        { DATE_MONTH, DATE_DAY_FIRST, "1/12/2010", "2010-12" },
        { DATE_MONTH, DATE_MONTH_FIRST, "1/12/2010", "2010-01" },
        { DATE_MONTH, DATE_MONTH_FIRST, "13/12/2010", "*" }, /* there is no such month */
        { DATE_MONTH, DATE_DAY_FIRST, "2010-04-01T10:00:00Z", "2010-04" },
        { DATE_YEAR, DATE_YEAR_FIRST, "in 2010", "*" },
        { DATE_YEAR, DATE_YEAR_FIRST, "", "" },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct step s = { .kind = STEP_DATE, .part = ROWS[i].part, .order = ROWS[i].order };
        CHECK_STR(widened(&s, ROWS[i].value, COLUMN_DATE, 1), ROWS[i].date);
    }
}

TEST(a_map_names_classes_and_a_rare_value_is_another)
{
    json_t *map;
    CHECK_OK(json_read(bytes_of_str("[{\"to\":\"male\",\"from\":[\"1\",\"男\"]},"
                                    "{\"to\":\"female\",\"from\":[\"2\"]}]"),
                       1000, &map, NULL));
    struct step s = { .kind = STEP_MAP, .map = map, .other = "?" };
    CHECK_STR(widened(&s, "1", COLUMN_INTEGER, 1), "male");
    CHECK_STR(widened(&s, "男", COLUMN_TEXT, 1), "male");
    CHECK_STR(widened(&s, "2", COLUMN_INTEGER, 1), "female");
    CHECK_STR(widened(&s, "12", COLUMN_INTEGER, 1), "?");
    CHECK_STR(widened(&s, "", COLUMN_INTEGER, 1), "");
    json_free(map);
    struct step rare = { .kind = STEP_RARE, .least = 5, .other = "few" };
    CHECK_STR(widened(&rare, "x", COLUMN_TEXT, 4), "few");
    CHECK_STR(widened(&rare, "x", COLUMN_TEXT, 5), "x");
    struct step hide = { .kind = STEP_HIDE }, keep = { .kind = STEP_KEEP };
    CHECK_STR(widened(&hide, "x", COLUMN_TEXT, 1), "*");
    CHECK_STR(widened(&hide, "", COLUMN_TEXT, 1), "*"); /* that it is missing says something too */
    CHECK_STR(widened(&keep, "1,50", COLUMN_DECIMAL, 1), "1.50");
}

TEST(a_mask_shows_the_ends_and_hides_a_value_that_has_nothing_between)
{
    static const struct {
        int64_t first, last;
        const char *pattern, *value, *masked;
    } ROWS[] = {
        { 2, 0, NULL, "94304", "94***" }, { 0, 4, NULL, "4111111111111111", "************1111" },
        { 1, 1, NULL, "abc", "a*c" },     { 1, 1, NULL, "ab", "**" },
        { 2, 2, NULL, "ab", "**" },       { 0, 0, NULL, "ab", "**" },
        { 1, 0, NULL, "王小明", "王**" }, { 0, 1, NULL, "北京市", "**市" },
        { 3, 0, NULL, "", "" },           { 0, 0, "##-##", "12345", "12-45" },
        { 0, 0, "##", "12345", "12***" }, { 0, 0, "#*#*", "王小明", "王*明" },
        { 0, 0, "###", "", "" },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        uint8_t room[64] = { 0 };
        struct buf b = buf_over(room, sizeof room - 1);
        struct rule r = { .first = ROWS[i].first,
                          .last = ROWS[i].last,
                          .pattern = ROWS[i].pattern };
        value_mask(&r, bytes_of_str(ROWS[i].value), &b);
        CHECK_STR((const char *)room, ROWS[i].masked);
    }
}

/* RFC 4648 section 10, in lowercase and without padding. */
TEST(base32_is_that_of_rfc_4648)
{
    static const char *const ROWS[][2] = { { "", "" },
                                           { "f", "my" },
                                           { "fo", "mzxq" },
                                           { "foo", "mzxw6" },
                                           { "foob", "mzxw6yq" },
                                           { "fooba", "mzxw6ytb" },
                                           { "foobar", "mzxw6ytboi" } };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        char out[32];
        CHECK_EQ(base32_put(bytes_of_str(ROWS[i][0]), out), strlen(ROWS[i][1]));
        CHECK_STR(out, ROWS[i][1]);
    }
}

static const char *pseudonym(const char *key, const char *template_name, const char *column,
                             const char *value, int64_t length)
{
    static uint8_t room[64];
    struct hash own;
    struct buf b = buf_over(room, sizeof room - 1);
    pseudonym_key(bytes_of_str(key), template_name, column, &own);
    pseudonym_put(&own, bytes_of_str(value), length, &b);
    room[b.len] = '\0';
    return (const char *)room;
}

/* The known answer was computed with Python's hmac. */
TEST(a_pseudonym_is_an_hmac_that_neither_key_nor_template_nor_column_shares)
{
    char first[64];
    snprintf(first, sizeof first, "%s", pseudonym("key", "finance", "ID", "17", 52));
    CHECK_STR(first, "dnwwlztp5xe743r4pl3kkcczu4chvsofoi4kitbgbse5m4lk3yka");
    CHECK_STR(pseudonym("key", "finance", "ID", "17", 16), "dnwwlztp5xe743r4");
    CHECK_STR(pseudonym("key", "finance", "ID", "17", 52), first);
    CHECK(strcmp(pseudonym("kez", "finance", "ID", "17", 52), first) != 0);
    CHECK(strcmp(pseudonym("key", "medical", "ID", "17", 52), first) != 0);
    CHECK(strcmp(pseudonym("key", "finance", "No", "17", 52), first) != 0);
    CHECK(strcmp(pseudonym("key", "finance", "ID", "18", 52), first) != 0);
}
