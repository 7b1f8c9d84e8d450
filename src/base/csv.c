#include "base/csv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* In the order in which a tie is decided. */
static const char SEPARATORS[] = { ',', ';', '\t', '|' };

__attribute__((format(printf, 2, 3))) static enum err refuse(struct csv *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(c->why, sizeof c->why, format, args);
    va_end(args);
    return ERR_UNREADABLE;
}

/* The separator that stands most often, outside quotes, in the first line that is not empty; 0 when
 * there is none. */
static char find_separator(struct bytes text, size_t at)
{
    size_t seen[COUNT(SEPARATORS)] = { 0 }, best = 0;
    bool in_quotes = false, any = false;
    size_t end = text.len - at > CSV_RECORD_SIZE_MAX ? at + CSV_RECORD_SIZE_MAX : text.len;
    for (; at < end; at++) {
        char x = (char)text.ptr[at];
        bool line_end = x == '\n' || x == '\r';
        if (line_end && any && !in_quotes) {
            break;
        }
        any = any || !line_end;
        in_quotes ^= x == '"';
        for (size_t i = 0; i < COUNT(SEPARATORS); i++) {
            seen[i] += !in_quotes && x == SEPARATORS[i];
        }
    }
    for (size_t i = 1; i < COUNT(SEPARATORS); i++) {
        best = seen[i] > seen[best] ? i : best;
    }
    return seen[best] > 0 ? SEPARATORS[best] : '\0';
}

static enum err check_text(struct csv *c, struct bytes text)
{
    const uint8_t *zero = text.len == 0 ? NULL : memchr(text.ptr, 0, text.len);
    if (zero != NULL) {
        return refuse(c, "binary, not text: a zero byte at offset %zu", (size_t)(zero - text.ptr));
    }
    size_t valid = utf8_prefix(text);
    if (valid < text.len) {
        return refuse(c, "not UTF-8: byte 0x%02x at offset %zu", (unsigned)text.ptr[valid], valid);
    }
    return ERR_NONE;
}

enum err csv_open(struct csv *c, struct bytes text, struct arena arena)
{
    static const uint8_t BOM[] = { 0xEF, 0xBB, 0xBF };
    *c = (struct csv){ .text = text, .line = 1, .arena = arena };
    TRY(check_text(c, text));
    c->had_bom = text.len >= sizeof BOM && memcmp(text.ptr, BOM, sizeof BOM) == 0;
    c->at = c->had_bom ? sizeof BOM : 0;
    if (c->at == text.len) {
        return refuse(c, "the file is empty");
    }
    c->separator = find_separator(text, c->at);
    if (c->separator == '\0') {
        return refuse(c, "one column only: no comma, semicolon, tab or bar in the first line");
    }
    return ERR_NONE;
}

/* One record being read. Nothing of the reader moves until the record is whole. */
struct csv_record {
    struct csv *c;
    size_t at;
    size_t end; /* of the text, or of the longest record, whichever comes first */
    uint64_t line;
    uint64_t first_line;
    struct bytes *fields;
    size_t count;
};

/* A line end at `at`: "\n", "\r\n", or a "\r" that ends the text. Its size, or 0. */
static size_t line_end(struct bytes text, size_t at)
{
    if (text.ptr[at] == '\n') {
        return 1;
    }
    if (text.ptr[at] != '\r') {
        return 0;
    }
    if (at + 1 == text.len) {
        return 1;
    }
    return text.ptr[at + 1] == '\n' ? 2 : 0;
}

static enum err refuse_length(struct csv_record *r)
{
    return refuse(r->c, "line %llu: longer than %d bytes", (unsigned long long)r->first_line,
                  CSV_RECORD_SIZE_MAX);
}

/* The inside of quotes with each doubled quote made one. */
static enum err undouble(struct csv *c, struct bytes x, struct bytes *out)
{
    uint8_t *copy = arena_alloc(&c->arena, x.len);
    if (copy == NULL) {
        snprintf(c->why, sizeof c->why, "line %llu: no memory for its quoted fields",
                 (unsigned long long)c->line);
        return ERR_NO_SPACE;
    }
    size_t len = 0;
    for (size_t i = 0; i < x.len; i++) {
        copy[len++] = x.ptr[i];
        i += x.ptr[i] == '"'; /* its twin */
    }
    *out = bytes_of(copy, len);
    return ERR_NONE;
}

/* A field that begins with a quote; ends at the quote that no other follows. */
static enum err read_quoted(struct csv_record *r, struct bytes *field)
{
    struct bytes text = r->c->text;
    uint64_t opened = r->line;
    size_t start = ++r->at;
    bool doubled = false;
    for (;; r->at++) {
        if (r->at >= text.len) {
            return refuse(r->c, "line %llu: a quote is opened and never closed",
                          (unsigned long long)opened);
        }
        if (r->at >= r->end) {
            return refuse_length(r);
        }
        uint8_t x = text.ptr[r->at];
        r->line += x == '\n';
        if (x != '"') {
            continue;
        }
        if (r->at + 1 == text.len || text.ptr[r->at + 1] != '"') {
            break;
        }
        doubled = true;
        r->at++;
    }
    *field = bytes_of(text.ptr + start, r->at - start);
    r->at++;
    return doubled ? undouble(r->c, *field, field) : ERR_NONE;
}

static struct bytes read_plain(struct csv_record *r)
{
    struct bytes text = r->c->text;
    size_t start = r->at;
    for (; r->at < r->end; r->at++) {
        uint8_t x = text.ptr[r->at];
        if (x == (uint8_t)r->c->separator || x == '\n' || x == '\r') {
            break;
        }
    }
    return bytes_of(text.ptr + start, r->at - start);
}

/* After a field that does not end its record. A lone carriage return is refused rather than taken
 * as data, or a file of the days when it ended lines would read as one long header. */
static enum err read_separator(struct csv_record *r)
{
    if (r->at >= r->end) {
        return refuse_length(r);
    }
    uint8_t x = r->c->text.ptr[r->at];
    if (x == '\r') {
        return refuse(r->c, "line %llu: a carriage return without a line feed",
                      (unsigned long long)r->line);
    }
    if (x != (uint8_t)r->c->separator) {
        return refuse(r->c, "line %llu: text after a closing quote", (unsigned long long)r->line);
    }
    r->at++;
    return ERR_NONE;
}

/* One field and what ends it; *last when that is the end of the record. */
static enum err read_field(struct csv_record *r, bool *last)
{
    struct bytes text = r->c->text;
    if (r->count == CSV_FIELDS_MAX) {
        return refuse(r->c, "line %llu: more than %d fields", (unsigned long long)r->first_line,
                      CSV_FIELDS_MAX);
    }
    bool quoted = r->at < r->end && text.ptr[r->at] == '"';
    struct bytes *field = &r->fields[r->count];
    if (quoted) {
        TRY(read_quoted(r, field));
    } else {
        *field = read_plain(r);
    }
    r->count++;
    size_t end = r->at < text.len ? line_end(text, r->at) : 0;
    *last = end > 0 || r->at == text.len;
    if (*last) {
        r->at += end;
        r->line += end > 0;
        return ERR_NONE;
    }
    return read_separator(r);
}

static void skip_empty_lines(struct csv *c)
{
    while (c->at < c->text.len) {
        size_t size = line_end(c->text, c->at);
        if (size == 0) {
            return;
        }
        c->at += size;
        c->line++;
    }
}

enum err csv_next(struct csv *c, struct bytes *fields, size_t *count)
{
    arena_reset(&c->arena);
    skip_empty_lines(c);
    if (c->at == c->text.len) {
        *count = 0;
        return ERR_NONE;
    }
    struct csv_record r = {
        .c = c, .at = c->at, .line = c->line, .first_line = c->line, .fields = fields
    };
    r.end = c->text.len - c->at > CSV_RECORD_SIZE_MAX ? c->at + CSV_RECORD_SIZE_MAX : c->text.len;
    for (bool last = false; !last;) {
        TRY(read_field(&r, &last));
    }
    if (c->columns != 0 && r.count != c->columns) {
        return refuse(c, "line %llu: %zu fields where the header has %zu",
                      (unsigned long long)r.first_line, r.count, c->columns);
    }
    c->columns = r.count;
    c->at = r.at;
    c->line = r.line;
    *count = r.count;
    return ERR_NONE;
}

void csv_put_field(struct buf *out, struct bytes field, char separator)
{
    bool quote = false;
    for (size_t i = 0; i < field.len && !quote; i++) {
        char x = (char)field.ptr[i];
        quote = x == separator || x == '"' || x == '\r' || x == '\n';
    }
    if (!quote) {
        buf_put(out, field);
        return;
    }
    buf_put_u8(out, '"');
    for (size_t i = 0; i < field.len; i++) {
        buf_put_u8(out, field.ptr[i]);
        if (field.ptr[i] == '"') {
            buf_put_u8(out, '"');
        }
    }
    buf_put_u8(out, '"');
}
