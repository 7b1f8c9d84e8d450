#include "base/clock.h"
#include "tests/test.h"

TEST(every_day_of_8030_years_comes_back_and_follows_the_day_before)
{
    struct date before = { 1969, 12, 31 };
    for (uint32_t day = 0; day <= CLOCK_DAY_MAX; day++) {
        struct date d = clock_date(day);
        uint32_t again;
        CHECK_OK(clock_day(d, &again));
        CHECK_EQ(again, day);
        bool next = d.day == before.day + 1 && d.month == before.month && d.year == before.year;
        bool turned = d.day == 1 && before.day >= 28;
        CHECK(next || turned);
        before = d;
    }
    CHECK(before.year == 9999 && before.month == 12 && before.day == 31);
}

TEST(an_instant_has_the_text_of_rfc_3339)
{
    static const struct {
        const char *text;
        uint64_t ms;
        enum err want;
    } ROWS[] = {
        { "1970-01-01T00:00:00.000Z", 0, ERR_NONE },
        { "2026-11-20T08:00:00.250Z", UINT64_C(1795161600250), ERR_NONE },
        { "9999-12-31T23:59:59.999Z", CLOCK_TIME_MAX_MS, ERR_NONE },
        { "1970-01-01T00:00:01Z", 1000, ERR_NONE },
        { "1970-01-01T00:00:00.5Z", 500, ERR_NONE },
        { "1970-01-01T00:00:00.0001Z", 0, ERR_ENCODING },
        { "1970-01-01T00:00:00.Z", 0, ERR_ENCODING },
        { "1970-01-01t00:00:00Z", 0, ERR_ENCODING },
        { "1970-01-01T00:00:00+00:00", 0, ERR_ENCODING },
        { "1970-01-01T00:00:00Zx", 0, ERR_ENCODING },
        { "1970-01-01", 0, ERR_ENCODING },
        { "", 0, ERR_ENCODING },
        { "1970-01-01T24:00:00Z", 0, ERR_RANGE },
        { "1970-01-01T00:60:00Z", 0, ERR_RANGE },
        { "2016-12-31T23:59:60Z", 0, ERR_RANGE },
        { "1969-12-31T23:59:59Z", 0, ERR_RANGE },
        { "2023-02-29T00:00:00Z", 0, ERR_RANGE },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        uint64_t ms = 77;
        CHECK_ERR(clock_parse(ROWS[i].text, &ms), ROWS[i].want);
        CHECK_EQ(ms, ROWS[i].want == ERR_NONE ? ROWS[i].ms : 77);
        if (ROWS[i].want == ERR_NONE && strlen(ROWS[i].text) == CLOCK_TEXT_SIZE - 1) {
            char text[CLOCK_TEXT_SIZE];
            clock_format(ms, text);
            CHECK_STR(text, ROWS[i].text);
        }
    }
    char text[CLOCK_TEXT_SIZE];
    clock_format(UINT64_MAX, text);
    CHECK_STR(text, "9999-12-31T23:59:59.999Z");
}

TEST(a_day_has_the_text_of_iso_8601_and_exists)
{
    uint32_t day;
    char text[CLOCK_DAY_TEXT_SIZE];
    CHECK_OK(clock_parse_day("2000-02-29", &day));
    CHECK_EQ(day, 11016);
    clock_format_day(day, text);
    CHECK_STR(text, "2000-02-29");
    CHECK_ERR(clock_parse_day("2100-02-29", &day), ERR_RANGE);
    CHECK_ERR(clock_parse_day("2026-13-01", &day), ERR_RANGE);
    CHECK_ERR(clock_parse_day("2026-00-10", &day), ERR_RANGE);
    CHECK_ERR(clock_parse_day("2026-1-01", &day), ERR_ENCODING);
    CHECK_ERR(clock_parse_day("2026-11-20 ", &day), ERR_ENCODING);
    CHECK_EQ(day, 11016);
}

TEST(formats_8_a_day_begins_at_midnight_of_the_fixed_offset)
{
    const uint64_t hour = 3600 * 1000;
    CHECK_EQ(clock_day_at(16 * hour - 1, 480), 0);
    CHECK_EQ(clock_day_at(16 * hour, 480), 1);
    CHECK_EQ(clock_day_at(24 * hour + 5 * hour - 1, -300), 0);
    CHECK_EQ(clock_day_at(24 * hour + 5 * hour, -300), 1);
    CHECK_EQ(clock_day_at(0, -300), 0);
}
