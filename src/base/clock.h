/* clock — instants and days as numbers, and their text; it never reads a clock.
 *
 * An instant is milliseconds since 1970-01-01T00:00:00Z, a day is days since 1970-01-01 in the
 * proleptic Gregorian calendar. Text is RFC 3339 UTC ("2026-11-20T08:00:00.250Z") and ISO 8601
 * ("2026-11-20"); years 1970 to 9999, no leap second. Page: docs/base.md */
#ifndef CARNET_BASE_CLOCK_H
#define CARNET_BASE_CLOCK_H

#include "base/bytes.h"

enum { CLOCK_TEXT_SIZE = 25, CLOCK_DAY_TEXT_SIZE = 11 }; /* with the final zero */
enum { CLOCK_DAY_MAX = 2932896 };                         /* 9999-12-31 */
#define CLOCK_TIME_MAX_MS UINT64_C(253402300799999)       /* its last millisecond */

struct date {
    int year;
    int month; /* 1..12 */
    int day;   /* 1..31 */
};

/* Formatting writes three digits of fraction, always; what is beyond the year 9999 (a number from a
 * peer may be anything) is written as the last instant or day. Parsing takes none to three digits
 * of fraction and only 'Z'. ERR_ENCODING: another shape; ERR_RANGE: no such day or time, or a year
 * out of range. */
void clock_format(uint64_t time_ms, char out[CLOCK_TEXT_SIZE]);
MUST_USE enum err clock_parse(const char *text, uint64_t *time_ms);
void clock_format_day(uint32_t day, char out[CLOCK_DAY_TEXT_SIZE]);
MUST_USE enum err clock_parse_day(const char *text, uint32_t *day);
struct date clock_date(uint32_t day);
MUST_USE enum err clock_day(struct date d, uint32_t *day);
/* The day of an instant at a fixed offset from UTC in minutes (FORMATS 8); never before day 0. */
uint32_t clock_day_at(uint64_t time_ms, int offset_minutes);

#endif
