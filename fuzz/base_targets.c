/* Text and documents: hex, base64url, amounts, instants, UTF-8, CSV, JSON. */
#include <stdlib.h>

#include "base/amount.h"
#include "base/clock.h"
#include "base/csv.h"
#include "base/json.h"
#include "fuzz/fuzz.h"

enum { TEXT_MAX = 4096, CSV_FUZZ_ARENA = 2 << 20 };

static void hex(struct bytes in)
{
    uint8_t raw[TEXT_MAX];
    char again[HEX_SIZE(TEXT_MAX) + 1];
    size_t len = 0;
    if (hex_decode((const char *)in.ptr, in.len, raw, sizeof raw, &len) == ERR_NONE) {
        hex_encode(bytes_of(raw, len), again);
        ASSERT(bytes_equal(bytes_of_str(again), in));
    }
}

static void base64url(struct bytes in)
{
    uint8_t raw[TEXT_MAX];
    char again[BASE64URL_SIZE(TEXT_MAX) + 1];
    size_t len = 0;
    if (base64url_decode((const char *)in.ptr, in.len, raw, sizeof raw, &len) == ERR_NONE) {
        base64url_encode(bytes_of(raw, len), again);
        ASSERT(bytes_equal(bytes_of_str(again), in));
    }
}

/* What is read is written with all its digits, and that reads as the same amount. */
static void amount(struct bytes in)
{
    if (in.len == 0) {
        return;
    }
    unsigned exponent = in.ptr[0] % (AMOUNT_EXPONENT_MAX + 1);
    char *text = fuzz_text(bytes_of(in.ptr + 1, in.len - 1)), again[AMOUNT_TEXT_SIZE_MAX];
    struct amount a, b;
    if (amount_parse(text, 7, exponent, &a) == ERR_NONE) {
        amount_format(&a, exponent, again);
        enum err e = amount_parse(again, 7, exponent, &b);
        ASSERT(e == ERR_NONE);
        ASSERT(memcmp(a.value, b.value, sizeof a.value) == 0);
        ASSERT(strncmp(text, again, strlen(text)) == 0);
    }
    free(text);
}

static void instant(struct bytes in)
{
    char *text = fuzz_text(in), again[CLOCK_TEXT_SIZE], day_again[CLOCK_DAY_TEXT_SIZE];
    uint64_t ms, ms_again;
    uint32_t day;
    if (clock_parse(text, &ms) == ERR_NONE) {
        ASSERT(ms <= CLOCK_TIME_MAX_MS);
        clock_format(ms, again);
        enum err e = clock_parse(again, &ms_again);
        ASSERT(e == ERR_NONE);
        ASSERT(ms == ms_again);
    }
    if (clock_parse_day(text, &day) == ERR_NONE) {
        ASSERT(day <= CLOCK_DAY_MAX);
        clock_format_day(day, day_again);
        ASSERT(strcmp(text, day_again) == 0);
    }
    free(text);
}

static void utf8(struct bytes in)
{
    size_t good = utf8_prefix(in);
    ASSERT(good <= in.len);
    ASSERT(utf8_valid(in) == (good == in.len));
    ASSERT(utf8_valid(bytes_of(in.ptr, good)));
}

/* Every record, written again in the same dialect and read once more, has the same fields. */
static void csv(struct bytes in)
{
    struct arena *a = fuzz_arena(), inner;
    struct bytes *field = ARENA_ARRAY(a, struct bytes, CSV_FIELDS_MAX);
    struct bytes *twice = ARENA_ARRAY(a, struct bytes, CSV_FIELDS_MAX);
    uint8_t *line = arena_alloc(a, 4 * CSV_RECORD_SIZE_MAX);
    struct csv c, d;
    size_t count = 0, again = 0;
    enum err e = arena_split(a, CSV_FUZZ_ARENA, &inner);
    ASSERT(e == ERR_NONE);
    if (csv_open(&c, in, inner) != ERR_NONE) {
        return;
    }
    while (csv_next(&c, field, &count) == ERR_NONE && count > 0) {
        struct buf out = buf_over(line, 4 * CSV_RECORD_SIZE_MAX);
        for (size_t i = 0; i < count; i++) {
            ASSERT(utf8_valid(field[i]));
            if (i > 0) {
                buf_put_u8(&out, (uint8_t)c.separator);
            }
            csv_put_field(&out, field[i], c.separator);
        }
        buf_put_u8(&out, '\n');
        size_t mark = arena_mark(a);
        e = arena_split(a, CSV_FUZZ_ARENA, &inner);
        ASSERT(e == ERR_NONE);
        if (csv_open(&d, buf_bytes(&out), inner) == ERR_NONE && d.separator == c.separator &&
            !d.had_bom && csv_next(&d, twice, &again) == ERR_NONE && again > 0) {
            ASSERT(again == count);
            for (size_t i = 0; i < count; i++) {
                ASSERT(bytes_equal(field[i], twice[i]));
            }
        }
        arena_release(a, mark);
    }
}

static void json(struct bytes in)
{
    json_t *j, *k;
    char *text, *again;
    size_t len, len_again;
    char why[JSON_ERROR_SIZE];
    if (json_read(in, TEXT_MAX, &j, why) != ERR_NONE) {
        return;
    }
    if (json_write_canonical(j, &text, &len) == ERR_NONE) {
        enum err e = json_read(bytes_of(text, len), 8 * TEXT_MAX, &k, why);
        ASSERT(e == ERR_NONE);
        e = json_write_canonical(k, &again, &len_again);
        ASSERT(e == ERR_NONE);
        ASSERT(bytes_equal(bytes_of(text, len), bytes_of(again, len_again)));
        json_text_free(again);
        json_free(k);
        json_text_free(text);
    }
    if (json_write_pretty(j, &text, &len) == ERR_NONE) {
        json_text_free(text);
    }
    json_free(j);
}

static void seed_texts(const char *const *text)
{
    for (; *text != NULL; text++) {
        fuzz_seed(bytes_of_str(*text));
    }
}

static void seed_hex(void)
{
    seed_texts((const char *const[]){ "", "00ff", "0123456789abcdef", NULL });
}

static void seed_base64url(void)
{
    seed_texts((const char *const[]){ "", "AA", "AAE", "_-8A", NULL });
}

static void seed_amount(void)
{
    seed_texts((const char *const[]){ "\x02"
                                      "12.34",
                                      "\x02-0.01",
                                      "\x12"
                                      "1.5",
                                      "\x01"
                                      "17014118346046923173168730371588410572.7",
                                      NULL });
}

static void seed_instant(void)
{
    seed_texts((const char *const[]){ "2026-11-20T08:00:00.250Z", "1970-01-01T00:00:00Z",
                                      "9999-12-31", "2024-02-29", NULL });
}

static void seed_utf8(void)
{
    seed_texts(
        (const char *const[]){ "a\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80", "\xed\x9f\xbf", NULL });
}

static void seed_csv(void)
{
    seed_texts((const char *const[]){ "a,b\n1,2\n",
                                      "\xef\xbb\xbf"
                                      "a;b\r\n\"1;2\";\"x\"\"y\"\r\n",
                                      "a\tb\n\"l\nm\"\t2\n", "a|b|c\n||\n", NULL });
}

static void seed_json(void)
{
    seed_texts((const char *const[]){ "{\"a\":[1,-2,\"x\\u00e9\"],\"b\":{\"c\":null}}", "[]",
                                      "{\"\\ud83d\\ude00\":true}", "9007199254740991", NULL });
}

static const struct fuzz_target ROWS[] = {
    { "hex", TEXT_MAX, hex, seed_hex },     { "base64url", TEXT_MAX, base64url, seed_base64url },
    { "amount", 128, amount, seed_amount }, { "instant", 64, instant, seed_instant },
    { "utf8", 256, utf8, seed_utf8 },       { "csv", TEXT_MAX, csv, seed_csv },
    { "json", TEXT_MAX, json, seed_json },
};
const struct fuzz_family FUZZ_BASE = { ROWS, COUNT(ROWS) };
