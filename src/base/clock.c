#include "base/clock.h"

#include <string.h>

enum {
    MS_A_SECOND = 1000,
    MS_A_MINUTE = 60 * MS_A_SECOND,
    MS_A_DAY = 24 * 60 * MS_A_MINUTE,
    DAYS_AN_ERA = 146097,   /* 400 years, after which the calendar repeats */
    DAYS_TO_EPOCH = 719468, /* from 0000-03-01 to 1970-01-01 */
    YEAR_MIN = 1970,
    YEAR_MAX = 9999
};

_Static_assert(CLOCK_TIME_MAX_MS == (CLOCK_DAY_MAX + UINT64_C(1)) * MS_A_DAY - 1,
               "the last instant is the end of the last day");

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in_month(int year, int month)
{
    static const int DAYS[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return DAYS[month - 1] + (month == 2 && is_leap(year));
}

/* Years counted from March put the leap day last, and make day-of-year linear in the month:
 * (153 m + 2) / 5 for m = 0 (March) to 11 (February). Hinnant, "chrono-compatible low-level date
 * algorithms". */
struct date clock_date(uint32_t day)
{
    uint64_t days = (uint64_t)day + DAYS_TO_EPOCH;
    uint64_t era = days / DAYS_AN_ERA;
    uint64_t of_era = days % DAYS_AN_ERA;
    uint64_t year_of_era =
        (of_era - of_era / 1460 + of_era / 36524 - of_era / (DAYS_AN_ERA - 1)) / 365;
    uint64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint64_t month = (5 * of_year + 2) / 153;
    uint64_t of_month = of_year - (153 * month + 2) / 5;
    uint64_t year = era * 400 + year_of_era + (month >= 10);
    return (struct date){ .year = (int)year,
                          .month = (int)(month >= 10 ? month - 9 : month + 3),
                          .day = (int)of_month + 1 };
}

enum err clock_day(struct date d, uint32_t *day)
{
    if (d.year < YEAR_MIN || d.year > YEAR_MAX || d.month < 1 || d.month > 12 || d.day < 1 ||
        d.day > days_in_month(d.year, d.month)) {
        return ERR_RANGE;
    }
    int year = d.year - (d.month <= 2);
    int era = year / 400;
    int year_of_era = year % 400;
    int month = d.month > 2 ? d.month - 3 : d.month + 9;
    int of_year = (153 * month + 2) / 5 + d.day - 1;
    int of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    *day = (uint32_t)(era * DAYS_AN_ERA + of_era - DAYS_TO_EPOCH);
    return ERR_NONE;
}

uint32_t clock_day_at(uint64_t time_ms, int offset_minutes)
{
    uint64_t bounded = time_ms > CLOCK_TIME_MAX_MS ? CLOCK_TIME_MAX_MS : time_ms;
    int64_t local = (int64_t)bounded + (int64_t)offset_minutes * MS_A_MINUTE;
    return local < 0 ? 0 : (uint32_t)(local / MS_A_DAY);
}

static void put_digits(char *out, uint64_t x, size_t count)
{
    for (size_t i = count; i > 0; i--) {
        out[i - 1] = (char)('0' + (char)(x % 10));
        x /= 10;
    }
}

void clock_format_day(uint32_t day, char out[CLOCK_DAY_TEXT_SIZE])
{
    struct date d = clock_date(day > CLOCK_DAY_MAX ? CLOCK_DAY_MAX : day);
    memcpy(out, "0000-00-00", CLOCK_DAY_TEXT_SIZE);
    put_digits(out, (uint64_t)d.year, 4);
    put_digits(out + 5, (uint64_t)d.month, 2);
    put_digits(out + 8, (uint64_t)d.day, 2);
}

void clock_format(uint64_t time_ms, char out[CLOCK_TEXT_SIZE])
{
    uint64_t bounded = time_ms > CLOCK_TIME_MAX_MS ? CLOCK_TIME_MAX_MS : time_ms;
    uint64_t of_day = bounded % MS_A_DAY;
    clock_format_day((uint32_t)(bounded / MS_A_DAY), out);
    memcpy(out + 10, "T00:00:00.000Z", CLOCK_TEXT_SIZE - 10);
    put_digits(out + 11, of_day / (60 * MS_A_MINUTE), 2);
    put_digits(out + 14, of_day / MS_A_MINUTE % 60, 2);
    put_digits(out + 17, of_day / MS_A_SECOND % 60, 2);
    put_digits(out + 20, of_day % MS_A_SECOND, 3);
}

/* Reads text against a pattern: 'd' is a digit, any other character is itself. Stops at the first
 * mismatch, so it never reads past the final zero. */
static bool matches(const char *text, const char *pattern)
{
    for (; *pattern != '\0'; text++, pattern++) {
        bool digit = *text >= '0' && *text <= '9';
        if (*pattern == 'd' ? !digit : *text != *pattern) {
            return false;
        }
    }
    return true;
}

static int digits(const char *text, size_t count)
{
    int out = 0;
    for (size_t i = 0; i < count; i++) {
        out = out * 10 + (text[i] - '0');
    }
    return out;
}

static enum err parse_date(const char *text, uint32_t *day)
{
    if (!matches(text, "dddd-dd-dd")) {
        return ERR_ENCODING;
    }
    struct date d = { digits(text, 4), digits(text + 5, 2), digits(text + 8, 2) };
    return clock_day(d, day);
}

enum err clock_parse_day(const char *text, uint32_t *day)
{
    if (strnlen(text, CLOCK_DAY_TEXT_SIZE) != CLOCK_DAY_TEXT_SIZE - 1) {
        return ERR_ENCODING;
    }
    return parse_date(text, day);
}

/* ".d" to ".ddd", or nothing; *rest is what follows. Finer than a millisecond is not ours. */
static bool parse_fraction(const char *text, int *ms, const char **rest)
{
    static const struct {
        const char *pattern;
        int scale;
    } FORMS[] = { { ".dddZ", 1 }, { ".ddZ", 10 }, { ".dZ", 100 }, { "Z", 0 } };
    for (size_t i = 0; i < COUNT(FORMS); i++) {
        if (matches(text, FORMS[i].pattern)) {
            size_t size = strlen(FORMS[i].pattern);
            *ms = size > 1 ? digits(text + 1, size - 2) * FORMS[i].scale : 0;
            *rest = text + size;
            return true;
        }
    }
    return false;
}

enum err clock_parse(const char *text, uint64_t *time_ms)
{
    int ms;
    const char *rest;
    if (!matches(text, "dddd-dd-ddTdd:dd:dd") || !parse_fraction(text + 19, &ms, &rest) ||
        *rest != '\0') {
        return ERR_ENCODING;
    }
    uint32_t day;
    TRY(parse_date(text, &day));
    int hour = digits(text + 11, 2), minute = digits(text + 14, 2), second = digits(text + 17, 2);
    if (hour > 23 || minute > 59 || second > 59) {
        return ERR_RANGE;
    }
    int of_day = (hour * 60 + minute) * MS_A_MINUTE + second * MS_A_SECOND + ms;
    *time_ms = (uint64_t)day * MS_A_DAY + (uint64_t)of_day;
    return ERR_NONE;
}
