#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

/* Integers that every reader of JSON holds exactly (RFC 8785 section 3.2.2.3, RFC 7493). */
#define JSON_INTEGER_MAX INT64_C(9007199254740991)

/* Text that grows; the shell's policy is to abort when memory is exhausted. */
struct json_text {
    char *ptr;
    size_t len;
    size_t cap;
};

static void put(struct json_text *t, const char *x, size_t len)
{
    if (len >= t->cap - t->len) { /* one byte more, for the final zero */
        t->cap = (t->cap + len) * 2 + 64;
        t->ptr = realloc(t->ptr, t->cap);
    }
    ASSERT(t->ptr != NULL);
    memcpy(t->ptr + t->len, x, len);
    t->len += len;
    t->ptr[t->len] = '\0';
}

static void put_str(struct json_text *t, const char *x)
{
    put(t, x, strlen(x));
}

/* RFC 8785 section 3.2.2.2: two-letter escapes where JSON has them, \u00xx in lowercase for the
 * other control characters, and everything else as it is. */
static void put_string(struct json_text *t, const char *x, size_t len)
{
    static const char SHORT[] = "btn\0fr"; /* from U+0008; U+000B has no letter */
    put(t, "\"", 1);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)x[i];
        char escape[8];
        if (c == '"' || c == '\\') {
            put(t, (char[]){ '\\', (char)c }, 2);
        } else if (c >= 8 && c <= 13 && c != 11) {
            put(t, (char[]){ '\\', SHORT[c - 8] }, 2);
        } else if (c < 0x20) {
            put(t, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", (unsigned)c));
        } else {
            put(t, x + i, 1);
        }
    }
    put(t, "\"", 1);
}

enum json_style { JSON_STYLE_CANONICAL, JSON_STYLE_PRETTY, JSON_STYLE_LINE };

/* An array or object half written. `keys` is NULL for arrays. */
struct json_frame {
    const json_t *value;
    const char **keys;
    size_t count;
    size_t next;
};

struct json_writer {
    struct json_text text;
    struct json_frame frame[JSON_DEPTH_MAX];
    size_t depth;
    enum json_style style;
};

/* UTF-8 sorts by code point; UTF-16 code units sort the same but that U+10000 and above (two
 * surrogates, from D800) come before U+E000 to U+FFFF. In UTF-8 those are the lead bytes F0 to F4,
 * and EE and EF. */
static int compare_utf16(const void *a, const void *b)
{
    const unsigned char *x = *(const unsigned char *const *)a,
                        *y = *(const unsigned char *const *)b;
    while (*x == *y && *x != 0) {
        x++;
        y++;
    }
    if (*x >= 0xEE && *y >= 0xEE && (*x >= 0xF0) != (*y >= 0xF0)) {
        return *x >= 0xF0 ? -1 : 1;
    }
    return (*x > *y) - (*x < *y);
}

static const char **keys_of(const json_t *object, bool sorted)
{
    size_t count = json_object_size(object), i = 0;
    const char **keys = calloc(count + 1, sizeof *keys);
    ASSERT(keys != NULL);
    json_t *j =
        (json_t *)(uintptr_t)object; /* jansson iterates without writing, and takes no const */
    for (void *at = json_object_iter(j); at != NULL; at = json_object_iter_next(j, at)) {
        keys[i++] = json_object_iter_key(at);
    }
    ASSERT(i == count);
    if (sorted && count > 1) {
        qsort(keys, count, sizeof *keys, compare_utf16);
    }
    return keys;
}

static void put_line_break(struct json_writer *w)
{
    if (w->style == JSON_STYLE_PRETTY) {
        put(&w->text, "\n", 1);
        for (size_t i = 0; i < w->depth; i++) {
            put(&w->text, "  ", 2);
        }
    }
}

static enum err put_integer(struct json_writer *w, json_int_t x)
{
    if (w->style == JSON_STYLE_CANONICAL && (x > JSON_INTEGER_MAX || x < -JSON_INTEGER_MAX)) {
        return ERR_RANGE;
    }
    char text[24];
    put(&w->text, text, (size_t)snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, x));
    return ERR_NONE;
}

static enum err open_container(struct json_writer *w, const json_t *j)
{
    if (w->depth == JSON_DEPTH_MAX) {
        return ERR_RANGE;
    }
    struct json_frame f = { .value = j, .count = json_array_size(j) };
    if (json_is_object(j)) {
        f.keys = keys_of(j, w->style == JSON_STYLE_CANONICAL);
        f.count = json_object_size(j);
    }
    put_str(&w->text, f.keys != NULL ? "{" : "[");
    w->frame[w->depth++] = f;
    return ERR_NONE;
}

static enum err put_value(struct json_writer *w, const json_t *j)
{
    switch (json_typeof(j)) {
    case JSON_OBJECT:
    case JSON_ARRAY:
        return open_container(w, j);
    case JSON_STRING:
        put_string(&w->text, json_string_value(j), json_string_length(j));
        return ERR_NONE;
    case JSON_INTEGER:
        return put_integer(w, json_integer_value(j));
    case JSON_REAL:
        return ERR_RANGE;
    case JSON_TRUE:
        put_str(&w->text, "true");
        return ERR_NONE;
    case JSON_FALSE:
        put_str(&w->text, "false");
        return ERR_NONE;
    case JSON_NULL:
        put_str(&w->text, "null");
        return ERR_NONE;
    }
    ASSERT(false);
}

/* The next member or element of the innermost container, or its end. */
static enum err step(struct json_writer *w)
{
    struct json_frame *f = &w->frame[w->depth - 1];
    if (f->next == f->count) {
        w->depth--;
        if (f->count > 0) {
            put_line_break(w);
        }
        put_str(&w->text, f->keys != NULL ? "}" : "]");
        free(f->keys);
        return ERR_NONE;
    }
    if (f->next > 0) {
        put(&w->text, ",", 1);
    }
    put_line_break(w);
    size_t i = f->next++;
    if (f->keys == NULL) {
        return put_value(w, json_array_get(f->value, i));
    }
    ASSERT(f->keys[i] != NULL);
    put_string(&w->text, f->keys[i], strlen(f->keys[i]));
    put_str(&w->text, w->style == JSON_STYLE_PRETTY ? ": " : ":");
    return put_value(w, json_object_get(f->value, f->keys[i]));
}

static enum err write_json(const json_t *j, enum json_style style, char **out, size_t *len)
{
    ASSERT(j != NULL);
    struct json_writer w = { .style = style };
    enum err e = put_value(&w, j);
    while (e == ERR_NONE && w.depth > 0) {
        e = step(&w);
    }
    if (e != ERR_NONE) {
        while (w.depth > 0) {
            free(w.frame[--w.depth].keys);
        }
        free(w.text.ptr);
        return e;
    }
    if (style != JSON_STYLE_CANONICAL) {
        put(&w.text, "\n", 1);
    }
    *out = w.text.ptr;
    *len = w.text.len;
    return ERR_NONE;
}

enum err json_write_canonical(const json_t *j, char **out, size_t *len)
{
    return write_json(j, JSON_STYLE_CANONICAL, out, len);
}

enum err json_write_pretty(const json_t *j, char **out, size_t *len)
{
    return write_json(j, JSON_STYLE_PRETTY, out, len);
}

enum err json_write_line(const json_t *j, char **out, size_t *len)
{
    return write_json(j, JSON_STYLE_LINE, out, len);
}

void json_text_free(char *text)
{
    free(text);
}
