#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "node/log_internal.h"

uint64_t log_now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void put_text(struct buf *b, const char *text)
{
    buf_put(b, bytes_of_str(text));
}

/* A string value. What is not printable ASCII becomes an escape, so that no peer can forge a line
 * or a terminal sequence. */
static void put_string(struct buf *b, const char *text)
{
    static const char HEX[] = "0123456789abcdef";
    buf_put_u8(b, '"');
    /* Room is kept for the rest of the line, so that a long text does not cost its closing. */
    for (const char *p = text; *p != '\0' && b->len + 300 < b->cap; p++) {
        uint8_t c = (uint8_t)*p;
        if (c == '"' || c == '\\') {
            buf_put_u8(b, '\\');
            buf_put_u8(b, c);
        } else if (c < 0x20 || c >= 0x7f) {
            put_text(b, "\\u00");
            buf_put_u8(b, (uint8_t)HEX[c >> 4]);
            buf_put_u8(b, (uint8_t)HEX[c & 15]);
        } else {
            buf_put_u8(b, c);
        }
    }
    buf_put_u8(b, '"');
}

static void put_number(struct buf *b, uint64_t x)
{
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%llu", (unsigned long long)x);
    put_text(b, digits);
}

static void put_field(struct buf *b, const struct log_field *f)
{
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    buf_put_u8(b, ',');
    put_string(b, f->key);
    buf_put_u8(b, ':');
    switch (f->kind) {
    case LOG_KIND_STR:
        put_string(b, f->str);
        break;
    case LOG_KIND_NUM:
        put_number(b, f->num);
        break;
    case LOG_KIND_HASH:
        hex_encode(bytes_of_hash(f->hash), hex);
        put_string(b, hex);
        break;
    case LOG_KIND_END:
        break;
    }
}

size_t log_format(char out[LOG_LINE_SIZE_MAX], uint64_t now_ms, const char *event,
                  const struct log_field *field)
{
    struct buf b = buf_over(out, LOG_LINE_SIZE_MAX);
    put_text(&b, "{\"t\":");
    put_number(&b, now_ms);
    put_text(&b, ",\"event\":");
    put_string(&b, event);
    for (; field->kind != LOG_KIND_END && b.len + 400 < b.cap; field++) {
        put_field(&b, field);
    }
    put_text(&b, "}\n");
    ASSERT(!b.full);
    return b.len;
}

void log_write(const char *event, const struct log_field *field)
{
    char line[LOG_LINE_SIZE_MAX];
    size_t len = log_format(line, log_now_ms(), event, field);
    /* A log that cannot be written must not stop a node. */
    if (write(STDERR_FILENO, line, len) < 0) {
        return;
    }
}
