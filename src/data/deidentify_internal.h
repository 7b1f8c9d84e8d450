/* deidentify_internal — saying less: single values, and classes of rows that look the same. */
#ifndef CARNET_DATA_DEIDENTIFY_INTERNAL_H
#define CARNET_DATA_DEIDENTIFY_INTERNAL_H

#include "data/template_internal.h"

/* Room for any label that is not the value itself: a band, a part of a date, a text of a template.
 */
enum { LABEL_SIZE_MAX = 300 };

/* A decimal with a point, times a million, rounded down; from 2 * 10^11 on only its sign and that
 * it is as big are sure. False when it is no number. */
bool value_micro(struct bytes value, int64_t *out);
/* A value one step wider: always something, "*" for what the step cannot read; an empty value stays
 * empty. `rows` is in how many rows it stands. */
void value_widen(const struct step *s, struct bytes value, enum column_type type, uint64_t rows,
                 struct buf *out);
void value_mask(const struct rule *r, struct bytes value, struct buf *out);
/* The key of one column under one template, and the pseudonym of a value: HMAC-SHA-256 in base32,
 * cut to `length`. */
void pseudonym_key(struct bytes key, const char *template_name, const char *column,
                   struct hash *out);
void pseudonym_put(const struct hash *key, struct bytes value, int64_t length, struct buf *out);
/* As it stands, a decimal with a point. */
void value_plain(struct bytes value, enum column_type type, struct buf *out);

/* A bounded count of distinct byte strings: entry i is the i-th that came. */
struct tally {
    struct tally_entry *entry;
    uint8_t *pool;
    uint32_t *index; /* entry + 1, open addressing */
    size_t pool_len, pool_cap;
    uint32_t count, cap, index_size;
};
struct tally_entry {
    uint64_t rows;
    size_t at;
    uint32_t len, hash;
};
/* ERR_SIZE at DATA_CLASSES_MAX strings or TALLY_POOL_SIZE_MAX bytes, ERR_NO_SPACE without memory.
 */
enum { TALLY_POOL_SIZE_MAX = 64 * 1024 * 1024 };
MUST_USE enum err tally_add(struct tally *t, struct bytes x, uint64_t rows, uint32_t *id);
/* ERR_NOT_FOUND. */
MUST_USE enum err tally_find(const struct tally *t, struct bytes x, uint32_t *id);
struct bytes tally_at(const struct tally *t, uint32_t id);
/* The smallest number of rows of an entry, 0 when there is none. */
uint64_t tally_least(const struct tally *t);
void tally_free(struct tally *t);

/* The rows of a table by the values of some of its columns. */
struct classes {
    uint32_t width;
    uint32_t column[DATA_QUASI_MAX];
    const struct rule *rule[DATA_QUASI_MAX]; /* of the template's order of climbing */
    uint32_t level[DATA_QUASI_MAX];
    struct tally value[DATA_QUASI_MAX]; /* of each column */
    struct tally class;                 /* of tuples of value ids */
    bool *keep;                         /* of each class: enough rows look the same */
    uint64_t rows, kept;
    uint64_t k_before, k_after;
};
/* Which columns of the profile are the template's quasi-identifiers. ERR_UNREADABLE: one is not
 * there, or more columns answer than DATA_QUASI_MAX. */
MUST_USE enum err classes_plan(const struct template_ *t, const struct profile *p,
                               struct classes *c, char *why);
MUST_USE enum err classes_add(struct classes *c, const struct bytes *field, char *why);
/* The lowest levels at which at most the template's share of rows must be suppressed: ERR_REFUSED
 * when even the highest need more. */
MUST_USE enum err classes_climb(struct classes *c, const struct template_ *t,
                                const struct profile *p, char *why);
/* Whether a row of the same table stays. */
bool classes_keeps(const struct classes *c, const struct bytes *field);
void classes_free(struct classes *c);

#endif
