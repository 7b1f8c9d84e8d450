#include "base/json.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

static enum err refuse(char why[JSON_ERROR_SIZE], int line, int column, const char *reason)
{
    if (why != NULL) {
        snprintf(why, JSON_ERROR_SIZE, "line %d, column %d: %s", line, column, reason);
        for (char *c = why; *c != '\0'; c++) { /* jansson quotes the input: keep terminals safe */
            *c = (unsigned char)*c < ' ' || *c == 0x7F ? '?' : *c;
        }
    }
    return ERR_UNREADABLE;
}

/* Where the scan is, in the text and for a person. */
struct json_scan {
    struct bytes text;
    size_t at;
    int line;
    int column;
    int depth;
    bool in_string;
};

/* The reason to refuse the character at s->at, or NULL. */
static const char *scan_character(struct json_scan *s)
{
    char c = (char)s->text.ptr[s->at];
    if (s->in_string) {
        if (c == '\\') {
            s->at++; /* whatever is escaped ends no string */
            s->column++;
        }
        s->in_string = c != '"';
        return NULL;
    }
    switch (c) {
    case '"':
        s->in_string = true;
        return NULL;
    case '{':
    case '[':
        return ++s->depth > JSON_DEPTH_MAX ? "nested too deep" : NULL;
    case '}':
    case ']':
        s->depth--;
        return NULL;
    case '.':
        return "a number with a fraction: only integers are read here";
    case 'e':
    case 'E': {
        char before = s->at > 0 ? (char)s->text.ptr[s->at - 1] : ' ';
        return before >= '0' && before <= '9' ? "a number with an exponent" : NULL;
    }
    default:
        return NULL;
    }
}

/* jansson recurses on nesting and reads reals: both are refused before it sees a byte. What is not
 * JSON at all may pass here; jansson tells. */
static enum err scan_text(struct bytes text, char why[JSON_ERROR_SIZE])
{
    struct json_scan s = { .text = text, .line = 1, .column = 1 };
    for (; s.at < text.len; s.at++) {
        const char *reason = scan_character(&s);
        if (reason != NULL) {
            return refuse(why, s.line, s.column, reason);
        }
        if (s.at < text.len && text.ptr[s.at] == '\n') {
            s.line++;
            s.column = 0;
        }
        s.column++;
    }
    return ERR_NONE;
}

enum err json_read(struct bytes text, size_t size_max, json_t **out, char why[JSON_ERROR_SIZE])
{
    if (text.len > size_max) {
        if (why != NULL) {
            snprintf(why, JSON_ERROR_SIZE, "%zu bytes, where at most %zu are read", text.len,
                     size_max);
        }
        return ERR_SIZE;
    }
    TRY(scan_text(text, why));
    json_error_t error;
    const char *start = text.len == 0 ? "" : (const char *)text.ptr;
    json_t *j = json_loadb(start, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (j == NULL) {
        return refuse(why, error.line, error.column, error.text);
    }
    *out = j;
    return ERR_NONE;
}

void json_free(json_t *j)
{
    json_decref(j);
}

static json_t *made(json_t *j)
{
    ASSERT(j != NULL);
    return j;
}

json_t *json_new_object(void)
{
    return made(json_object());
}

json_t *json_new_array(void)
{
    return made(json_array());
}

json_t *json_new_str(const char *text)
{
    return made(json_string(text));
}

json_t *json_new_text(struct bytes text)
{
    return made(json_stringn(text.len == 0 ? "" : (const char *)text.ptr, text.len));
}

json_t *json_new_int(int64_t x)
{
    return made(json_integer(x));
}

json_t *json_new_bool(bool x)
{
    return made(json_boolean(x));
}

json_t *json_new_u64(uint64_t x)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)x);
    return json_new_str(text);
}

static char *text_of_size(size_t size)
{
    char *text = malloc(size + 1);
    ASSERT(text != NULL);
    return text;
}

json_t *json_new_hex(struct bytes x)
{
    char *text = text_of_size(HEX_SIZE(x.len));
    hex_encode(x, text);
    json_t *j = json_new_str(text);
    free(text);
    return j;
}

json_t *json_new_hash(const struct hash *h)
{
    return json_new_hex(bytes_of_hash(h));
}

json_t *json_new_base64url(struct bytes x)
{
    char *text = text_of_size(BASE64URL_SIZE(x.len));
    base64url_encode(x, text);
    json_t *j = json_new_str(text);
    free(text);
    return j;
}

json_t *json_new_time(uint64_t time_ms)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format(time_ms, text);
    return json_new_str(text);
}

void json_put(json_t *object, const char *key, json_t *value)
{
    int failed = json_object_set_new(object, key, value);
    ASSERT(failed == 0);
}

void json_push(json_t *array, json_t *value)
{
    int failed = json_array_append_new(array, value);
    ASSERT(failed == 0);
}

const json_t *json_member(const json_t *object, const char *key)
{
    return json_object_get(object, key);
}

size_t json_size(const json_t *array_or_object)
{
    return json_is_object(array_or_object) ? json_object_size(array_or_object)
                                           : json_array_size(array_or_object);
}

json_t *json_copy_of(const json_t *j)
{
    json_t *copy = json_deep_copy(j);
    ASSERT(copy != NULL);
    return copy;
}

const json_t *json_at(const json_t *array, size_t index)
{
    return json_array_get(array, index);
}

static enum err member_of_type(const json_t *object, const char *key, json_type type,
                               const json_t **out)
{
    if (!json_is_object(object)) {
        return ERR_UNREADABLE;
    }
    const json_t *j = json_object_get(object, key);
    if (j == NULL) {
        return ERR_NOT_FOUND;
    }
    if (json_typeof(j) != type) {
        return ERR_UNREADABLE;
    }
    *out = j;
    return ERR_NONE;
}

bool json_is_list(const json_t *value)
{
    return json_is_array(value);
}

const char *json_text_of(const json_t *value)
{
    return json_string_value(value);
}

enum err json_get_str(const json_t *object, const char *key, const char **out)
{
    const json_t *j;
    TRY(member_of_type(object, key, JSON_STRING, &j));
    *out = json_string_value(j);
    return ERR_NONE;
}

enum err json_get_int(const json_t *object, const char *key, int64_t *out)
{
    const json_t *j;
    TRY(member_of_type(object, key, JSON_INTEGER, &j));
    *out = json_integer_value(j);
    return ERR_NONE;
}

/* Decimal digits, no sign, no leading zero: what json_new_u64 writes and nothing else. */
enum err json_get_u64(const json_t *object, const char *key, uint64_t *out)
{
    const char *text;
    TRY(json_get_str(object, key, &text));
    uint64_t x = 0;
    if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0')) {
        return ERR_UNREADABLE;
    }
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(x, 10u, &x) ||
            __builtin_add_overflow(x, (unsigned)(*text - '0'), &x)) {
            return ERR_UNREADABLE;
        }
    }
    *out = x;
    return ERR_NONE;
}

enum err json_get_bool(const json_t *object, const char *key, bool *out)
{
    const json_t *j;
    if (member_of_type(object, key, JSON_TRUE, &j) == ERR_NONE) {
        *out = true;
        return ERR_NONE;
    }
    TRY(member_of_type(object, key, JSON_FALSE, &j));
    *out = false;
    return ERR_NONE;
}

enum err json_get_hash(const json_t *object, const char *key, struct hash *out)
{
    const char *text;
    TRY(json_get_str(object, key, &text));
    return hash_from_hex(text, out) == ERR_NONE ? ERR_NONE : ERR_UNREADABLE;
}

enum err json_only(const json_t *object, const char *const *known, const char **stranger)
{
    if (!json_is_object(object)) {
        return ERR_UNREADABLE;
    }
    json_t *j =
        (json_t *)(uintptr_t)object; /* jansson iterates without writing, and takes no const */
    for (void *at = json_object_iter(j); at != NULL; at = json_object_iter_next(j, at)) {
        const char *key = json_object_iter_key(at);
        const char *const *word = known;
        while (*word != NULL && strcmp(*word, key) != 0) {
            word++;
        }
        if (*word == NULL) {
            *stranger = key;
            return ERR_UNKNOWN_WORD;
        }
    }
    return ERR_NONE;
}
