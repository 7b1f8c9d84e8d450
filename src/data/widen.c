#include <stdio.h>
#include <string.h>

#include "data/deidentify_internal.h"

enum { MICRO = 1000000, MICRO_DIGITS = 6, EXPONENT_MAX = 400 };
/* A number that big is all that is known of it: any band ends far below. */
static const int64_t MICRO_MAX = INT64_MAX / 4;

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* The digits of a number without its mark, and how many of them stand behind it. */
struct digits {
    uint8_t digit[VALUE_NUMBER_SIZE_MAX];
    int count, behind;
    bool negative;
};

static bool take_exponent(struct bytes x, size_t at, int *out)
{
    bool negative = at < x.len && x.ptr[at] == '-';
    at += at < x.len && (x.ptr[at] == '-' || x.ptr[at] == '+');
    int e = 0;
    if (at == x.len) {
        return false;
    }
    for (; at < x.len; at++) {
        if (!is_digit(x.ptr[at])) {
            return false;
        }
        e = e < EXPONENT_MAX ? 10 * e + (x.ptr[at] - '0') : e;
    }
    *out = negative ? -e : e;
    return true;
}

static bool take_digits(struct bytes x, struct digits *d)
{
    size_t at = x.len > 0 && (x.ptr[0] == '-' || x.ptr[0] == '+');
    bool mark = false;
    int exponent = 0;
    *d = (struct digits){ .negative = x.len > 0 && x.ptr[0] == '-' };
    if (x.len >= VALUE_NUMBER_SIZE_MAX) {
        return false;
    }
    for (; at < x.len; at++) {
        uint8_t c = x.ptr[at];
        if (is_digit(c)) {
            d->digit[d->count++] = (uint8_t)(c - '0');
            d->behind += mark;
        } else if (c == '.' && !mark && d->count > 0) {
            mark = true;
        } else {
            break;
        }
    }
    bool power = at < x.len && (x.ptr[at] == 'e' || x.ptr[at] == 'E');
    if (d->count == 0 || (power ? !take_exponent(x, at + 1, &exponent) : at < x.len)) {
        return false;
    }
    d->behind -= exponent;
    return true;
}

/* Rounded towards minus infinity: the ends of bands are whole numbers, so that no value changes
 * its side. */
bool value_micro(struct bytes value, int64_t *out)
{
    struct digits d;
    if (!take_digits(value, &d)) {
        return false;
    }
    int64_t v = 0;
    bool rest = false;
    int whole = d.count - d.behind + MICRO_DIGITS; /* digits that count */
    for (int i = 0; i < d.count || i < whole; i++) {
        uint8_t digit = i < d.count ? d.digit[i] : 0;
        if (i >= whole) {
            rest = rest || digit != 0;
        } else {
            v = v >= MICRO_MAX / 10 ? MICRO_MAX : 10 * v + digit;
        }
        if (i >= d.count && (v == 0 || v == MICRO_MAX)) {
            break;
        }
    }
    *out = d.negative ? -v - (rest && v < MICRO_MAX) : v;
    return true;
}

void value_plain(struct bytes value, enum column_type type, struct buf *out)
{
    char plain[VALUE_NUMBER_SIZE_MAX];
    enum shape shape = type == COLUMN_DECIMAL ? shape_of(value) : SHAPE_TEXT;
    if (shape == SHAPE_POINT || shape == SHAPE_COMMA) {
        value = bytes_of(plain, decimal_plain(value, shape, plain));
    }
    buf_put(out, value);
}

static void put_text(struct buf *out, const char *text)
{
    buf_put(out, bytes_of_str(text));
}

/* "30..<40" holds 30 and not 40; the ends are open: "<30", ">=80". */
static void put_band(const struct step *s, struct bytes value, enum column_type type,
                     struct buf *out)
{
    char text[64];
    uint8_t plain[VALUE_NUMBER_SIZE_MAX];
    struct buf b = buf_over(plain, sizeof plain);
    int64_t v;
    if (value.len < sizeof plain) {
        value_plain(value, type, &b);
    }
    if (b.len == 0 || !value_micro(buf_bytes(&b), &v)) {
        put_text(out, "*");
    } else if (v < s->from * MICRO) {
        snprintf(text, sizeof text, "<%lld", (long long)s->from);
        put_text(out, text);
    } else if (v >= s->to * MICRO) {
        snprintf(text, sizeof text, ">=%lld", (long long)s->to);
        put_text(out, text);
    } else {
        int64_t low = s->from + (v - s->from * MICRO) / (s->width * MICRO) * s->width;
        int64_t high = low + s->width;
        snprintf(text, sizeof text, "%lld..<%lld", (long long)low, (long long)high);
        put_text(out, text);
    }
}

static int take_number(struct bytes x, size_t *at)
{
    int value = 0;
    while (*at < x.len && is_digit(x.ptr[*at])) {
        value = 10 * value + (x.ptr[(*at)++] - '0');
    }
    (*at)++; /* the mark */
    return value;
}

/* A date as shape.c knows it. Which of day and month comes first is the template's to say; without
 * its word only years are read from 1/12/2010. */
static void put_date(const struct step *s, struct bytes value, struct buf *out)
{
    char text[64];
    size_t at = 0;
    if (shape_of(value) != SHAPE_DATE) {
        put_text(out, "*");
        return;
    }
    int a = take_number(value, &at);
    bool year_first = at == 5;
    int b = take_number(value, &at), c = take_number(value, &at);
    int year = year_first ? a : c;
    int month = year_first || s->order == DATE_DAY_FIRST ? b : a;
    bool known = year_first || s->order != DATE_YEAR_FIRST;
    if (s->part == DATE_YEAR) {
        snprintf(text, sizeof text, "%04d", year);
    } else if (!known || month < 1 || month > 12) {
        snprintf(text, sizeof text, "*");
    } else if (s->part == DATE_QUARTER) {
        snprintf(text, sizeof text, "%04d-Q%d", year, (month + 2) / 3);
    } else {
        snprintf(text, sizeof text, "%04d-%02d", year, month);
    }
    put_text(out, text);
}

static void put_mapped(const struct step *s, struct bytes value, struct buf *out)
{
    const char *to = s->other;
    for (size_t i = 0; i < json_size(s->map); i++) {
        const json_t *entry = json_at(s->map, i), *from = json_member(entry, "from");
        for (size_t k = 0; k < json_size(from); k++) {
            if (bytes_equal(value, bytes_of_str(json_text_of(json_at(from, k))))) {
                to = json_text_of(json_member(entry, "to"));
            }
        }
    }
    put_text(out, to);
}

void value_widen(const struct step *s, struct bytes value, enum column_type type, uint64_t rows,
                 struct buf *out)
{
    if (value.len == 0 && s->kind != STEP_HIDE) {
        return;
    }
    switch (s->kind) {
    case STEP_KEEP:
        value_plain(value, type, out);
        break;
    case STEP_HIDE:
        put_text(out, "*");
        break;
    case STEP_BANDS:
        put_band(s, value, type, out);
        break;
    case STEP_DATE:
        put_date(s, value, out);
        break;
    case STEP_MAP:
        put_mapped(s, value, out);
        break;
    case STEP_RARE:
        if (rows >= (uint64_t)s->least) {
            value_plain(value, type, out);
        } else {
            put_text(out, s->other);
        }
        break;
    }
}

/* Bytes of the character that begins at x.ptr[at]: the text is valid UTF-8. */
static size_t character(struct bytes x, size_t at)
{
    size_t n = 1;
    while (at + n < x.len && (x.ptr[at + n] & 0xc0) == 0x80) {
        n++;
    }
    return n;
}

static void put_pattern(const char *pattern, struct bytes value, struct buf *out)
{
    for (size_t at = 0; at < value.len;) {
        size_t n = character(value, at);
        if (*pattern == '#') {
            buf_put(out, bytes_of(value.ptr + at, n));
        } else {
            buf_put_u8(out, *pattern != '\0' ? (uint8_t)*pattern : '*');
        }
        pattern += *pattern != '\0';
        at += n;
    }
}

/* A value that is no longer than what would stay is hidden whole. */
void value_mask(const struct rule *r, struct bytes value, struct buf *out)
{
    int64_t count = 0, i = 0;
    if (r->pattern != NULL) {
        put_pattern(r->pattern, value, out);
        return;
    }
    for (size_t at = 0; at < value.len; at += character(value, at)) {
        count++;
    }
    bool whole = count <= r->first + r->last;
    for (size_t at = 0; at < value.len; i++) {
        size_t n = character(value, at);
        if (!whole && (i < r->first || i >= count - r->last)) {
            buf_put(out, bytes_of(value.ptr + at, n));
        } else {
            buf_put_u8(out, '*');
        }
        at += n;
    }
}
