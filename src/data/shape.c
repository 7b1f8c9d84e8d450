#include <string.h>

#include "data/data_internal.h"

enum { CODE_SIZE_MAX = 32 };

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static size_t digits_at(struct bytes x, size_t at)
{
    size_t n = 0;
    while (at + n < x.len && is_digit(x.ptr[at + n])) {
        n++;
    }
    return n;
}

static bool is_nothing(struct bytes x)
{
    static const char *const WORDS[] = { "NA", "N/A", "n/a", "NaN", "null", "NULL" };
    for (size_t i = 0; i < COUNT(WORDS); i++) {
        if (bytes_equal(x, bytes_of_str(WORDS[i]))) {
            return true;
        }
    }
    return x.len == 0;
}

/* "1.234.567": one to three digits, then groups of three; returns where they end, 0 if not so. */
static size_t groups_end(struct bytes x, size_t at, char mark)
{
    size_t first = digits_at(x, at), end = at + first, groups = 0;
    while (first > 0 && first <= 3 && end < x.len && x.ptr[end] == (uint8_t)mark &&
           digits_at(x, end + 1) == 3) {
        end += 4;
        groups++;
    }
    return groups > 0 ? end : 0;
}

static bool is_exponent(struct bytes x, size_t at)
{
    if (at == x.len || (x.ptr[at] != 'e' && x.ptr[at] != 'E')) {
        return false;
    }
    at++;
    at += at < x.len && (x.ptr[at] == '+' || x.ptr[at] == '-');
    size_t n = digits_at(x, at);
    return n > 0 && n <= 3 && at + n == x.len;
}

/* Digits, a mark, digits; the rest is nothing or an exponent. */
static bool is_fraction(struct bytes x, size_t at, char mark)
{
    if (at == x.len || x.ptr[at] != (uint8_t)mark) {
        return false;
    }
    size_t n = digits_at(x, at + 1);
    return n > 0 && (at + 1 + n == x.len || is_exponent(x, at + 1 + n));
}

/* SHAPE_TEXT when it is no number. "1,234" alone is a decimal comma: the column decides whether
 * that can be (see type_of in classify.c). A leading zero makes a code: 007 is not 7. */
static enum shape number_shape(struct bytes x)
{
    size_t at = x.len > 0 && (x.ptr[0] == '-' || x.ptr[0] == '+');
    size_t n = digits_at(x, at), end = at + n;
    if (x.len >= VALUE_NUMBER_SIZE_MAX || n == 0) {
        return SHAPE_TEXT;
    }
    if (end == x.len) {
        return n <= 19 && (n == 1 || x.ptr[at] != '0') ? SHAPE_INTEGER : SHAPE_TEXT;
    }
    size_t points = groups_end(x, at, '.'), commas = groups_end(x, at, ',');
    if (is_fraction(x, end, '.') || is_exponent(x, end) ||
        (commas > 0 && is_fraction(x, commas, '.'))) {
        return SHAPE_POINT;
    }
    return is_fraction(x, end, ',') || (points > 0 && is_fraction(x, points, ',')) ? SHAPE_COMMA
                                                                                   : SHAPE_TEXT;
}

size_t decimal_plain(struct bytes value, enum shape shape, char out[VALUE_NUMBER_SIZE_MAX])
{
    ASSERT(value.len < VALUE_NUMBER_SIZE_MAX);
    ASSERT(shape == SHAPE_POINT || shape == SHAPE_COMMA);
    char group = shape == SHAPE_COMMA ? '.' : ',';
    size_t len = 0;
    for (size_t i = 0; i < value.len; i++) {
        char c = (char)value.ptr[i];
        if (c != group) {
            out[len++] = c == ',' ? '.' : c;
        }
    }
    return len;
}

/* A run of digits as a number below 10^9, or -1. */
static int take_number(struct bytes x, size_t *at, size_t least, size_t most)
{
    size_t n = digits_at(x, *at);
    int value = 0;
    if (n < least || n > most) {
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        value = value * 10 + (x.ptr[*at + i] - '0');
    }
    *at += n;
    return value;
}

/* " 08:26", "T08:26:00", "T08:26:00.5Z", or nothing. */
static bool is_time_of_day(struct bytes x, size_t at)
{
    if (at == x.len) {
        return true;
    }
    if (x.ptr[at] != ' ' && x.ptr[at] != 'T') {
        return false;
    }
    at++;
    int hour = take_number(x, &at, 1, 2);
    if (hour < 0 || hour > 23 || at == x.len || x.ptr[at] != ':') {
        return false;
    }
    at++;
    int minute = take_number(x, &at, 2, 2);
    for (; at < x.len; at++) {
        if (!is_digit(x.ptr[at]) && strchr(":.+-Z", x.ptr[at]) == NULL) {
            return false;
        }
    }
    return minute >= 0 && minute <= 59;
}

static bool is_day(int year, int month, int day)
{
    return year >= 1500 && year <= 2999 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* Year first with -, / or . (ISO 8601), or day and month before the year; m/d/y too, where the
 * second number can be no month. The text is never changed, so the order need not be known. */
static bool is_date(struct bytes x)
{
    size_t at = 0;
    int a = take_number(x, &at, 1, 4);
    size_t first = at;
    if (a < 0 || at == x.len || strchr("-/.", x.ptr[at]) == NULL) {
        return false;
    }
    uint8_t mark = x.ptr[at++];
    int b = take_number(x, &at, 1, 2);
    if (b < 0 || at == x.len || x.ptr[at] != mark) {
        return false;
    }
    at++;
    int c = first == 4 ? take_number(x, &at, 1, 2) : take_number(x, &at, 4, 4);
    bool day = first == 4 ? is_day(a, b, c) : is_day(c, b, a) || is_day(c, a, b);
    return c >= 0 && first != 3 && day && is_time_of_day(x, at);
}

/* Letters, digits and joints, with a digit or without a small letter: 85123A, POST, c-17. */
static bool is_code(struct bytes x)
{
    bool digit = false, small = false;
    if (x.len > CODE_SIZE_MAX) {
        return false;
    }
    for (size_t i = 0; i < x.len; i++) {
        uint8_t c = x.ptr[i];
        bool lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z';
        if (!is_digit(c) && !lower && !upper && (c == '\0' || strchr("-_./", c) == NULL)) {
            return false;
        }
        digit = digit || is_digit(c);
        small = small || lower;
    }
    return digit || !small;
}

enum shape shape_of(struct bytes value)
{
    if (is_nothing(value)) {
        return SHAPE_EMPTY;
    }
    enum shape number = number_shape(value);
    if (number != SHAPE_TEXT) {
        return number;
    }
    if (is_date(value)) {
        return SHAPE_DATE;
    }
    return is_code(value) ? SHAPE_CODE : SHAPE_TEXT;
}
