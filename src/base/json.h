/* json — reading and writing JSON, the one wrapper of jansson.
 *
 * Reading refuses duplicate members, nesting deeper than JSON_DEPTH_MAX, NaN, bytes after the value
 * and inputs over the given size. Writing is canonical (RFC 8785) or pretty. Numbers are integers:
 * a real is refused. A `struct json` is a handle that owns its value; borrowed
 * handles from the getters live as long as their owner. This module allocates (jansson does): it is
 * for the shell, the command line and offline tools, never for deciding code. Page: docs/base.md */
#ifndef CARNET_BASE_JSON_H
#define CARNET_BASE_JSON_H

#include "base/bytes.h"

enum { JSON_DEPTH_MAX = 64, JSON_ERROR_SIZE = 200 };

typedef struct json_t json_t; /* jansson's own name: one library, one type */

/* Parse. On error *why (if not NULL) says line, column and reason; ERR_UNREADABLE or ERR_SIZE. */
MUST_USE enum err json_read(struct bytes text, size_t size_max, json_t **out,
                            char why[JSON_ERROR_SIZE]);
void json_free(json_t *j);

/* All three writers refuse reals and nesting deeper than JSON_DEPTH_MAX (ERR_RANGE). */
/* RFC 8785: members sorted by UTF-16 code units, shortest numbers, no spaces. Refuses
 * integers beyond 2^53 - 1 (ERR_RANGE). The result is malloc'ed: json_text_free. */
MUST_USE enum err json_write_canonical(const json_t *j, char **out, size_t *len);
/* Indented by two spaces, members in insertion order, one final newline. */
MUST_USE enum err json_write_pretty(const json_t *j, char **out, size_t *len);
/* One line for a log: no spaces, insertion order, one final newline. */
MUST_USE enum err json_write_line(const json_t *j, char **out, size_t *len);
void json_text_free(char *text);

/* Builders; they abort on memory exhaustion (the shell's own policy). Setters steal `value`. */
json_t *json_new_object(void);
json_t *json_new_array(void);
json_t *json_new_str(const char *text);
json_t *json_new_text(struct bytes text); /* must be UTF-8 */
json_t *json_new_int(int64_t x);
json_t *json_new_bool(bool x);
json_t *json_new_u64(uint64_t x);   /* a decimal string (DESIGN 7) */
json_t *json_new_hex(struct bytes x);
json_t *json_new_hash(const struct hash *h);
json_t *json_new_base64url(struct bytes x);
json_t *json_new_time(uint64_t time_ms); /* RFC 3339 */
void json_put(json_t *object, const char *key, json_t *value);
void json_push(json_t *array, json_t *value);

/* A deep copy, to put an answer's member into another. */
json_t *json_copy_of(const json_t *j);

/* Getters: NULL or ERR_NOT_FOUND when absent, ERR_UNREADABLE when of another type. json_get_u64
 * reads what json_new_u64 writes, a decimal string, and nothing else. */
const json_t *json_member(const json_t *object, const char *key);
size_t json_size(const json_t *array_or_object);
const json_t *json_at(const json_t *array, size_t index);
/* The text of a string, an element of an array for one; NULL when it is not a string. */
const char *json_text_of(const json_t *value);
bool json_is_list(const json_t *value);
MUST_USE enum err json_get_str(const json_t *object, const char *key, const char **out);
MUST_USE enum err json_get_int(const json_t *object, const char *key, int64_t *out);
MUST_USE enum err json_get_u64(const json_t *object, const char *key, uint64_t *out);
MUST_USE enum err json_get_bool(const json_t *object, const char *key, bool *out);
MUST_USE enum err json_get_hash(const json_t *object, const char *key, struct hash *out);
/* ERR_UNKNOWN_WORD and the first stranger's name when a member is not in the NULL-ended list. */
MUST_USE enum err json_only(const json_t *object, const char *const *known, const char **stranger);

#endif
