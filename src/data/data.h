/* data — what happens to a file before it may travel: reading, profiling, classifying, dropping,
 * digests.
 *
 * Works on memory the caller mapped; allocates through the caller's arenas and malloc for documents
 * (JSON). Templates say which columns must not leave. Page: docs/data.md */
#ifndef CARNET_DATA_DATA_H
#define CARNET_DATA_DATA_H

#include "base/csv.h"
#include "base/json.h"
#include "crypto/merkle.h"

enum { DATA_COLUMN_NAME_SIZE = 128, DATA_SAMPLE_MAX = 20000 };

enum column_class {
    COLUMN_OTHER,
    COLUMN_PERSONAL,
    COLUMN_SENSITIVE,
    COLUMN_FINANCIAL,
    COLUMN_HEALTH
};
enum column_type {
    COLUMN_EMPTY,
    COLUMN_INTEGER,
    COLUMN_DECIMAL,
    COLUMN_DATE,
    COLUMN_CODE,
    COLUMN_TEXT
};
struct column {
    char name[DATA_COLUMN_NAME_SIZE];
    enum column_type type;
    enum column_class class;
    uint32_t grade;                   /* 1 general, 2 important, 3 core */
    uint32_t score;                   /* of 100: how sure the class is */
    uint64_t values, empty, distinct; /* distinct: exact up to DATA_SAMPLE_MAX, then a floor */
    const char *reason;               /* "name says customer id": a static text */
};
struct profile {
    uint64_t rows;
    uint32_t columns;
    struct column column[CSV_FIELDS_MAX];
    char separator;
    bool had_bom, decimal_comma;
};
const char *column_class_name(enum column_class c);
const char *column_type_name(enum column_type t);

/* Types and classifies all columns. why holds CSV_WHY_SIZE and says on one line what is wrong:
 * ERR_UNREADABLE; ERR_NO_SPACE when scratch holds less than 1.5 MiB and 257 KiB a column. */
MUST_USE enum err data_profile(struct bytes csv, struct arena scratch, struct profile *out,
                               char *why);

/* A token template (templates/NAME.json): ERR_UNREADABLE with the reason, for a member that is not
 * known too. */
struct template_;
MUST_USE enum err template_read(struct bytes json, struct template_ **out, char *why);
void template_free(struct template_ *t);
const char *template_name(const struct template_ *t);
void template_hash(const struct suite *s, const struct template_ *t, struct hash *out);
/* Default facts and codes of a token made by this template (vocabulary words): borrowed JSON. */
const json_t *template_facts(const struct template_ *t);
/* Whether this column must not leave, by name or by class. */
bool template_drops(const struct template_ *t, const struct column *c);
/* Why, in English or Chinese; NULL when it may leave. Borrowed from t. */
const char *template_why(const struct template_ *t, const struct column *c, bool chinese);

/* Write the CSV again without the dropped columns: comma separated, LF, no byte-order mark, decimal
 * points, fields quoted as RFC 4180 asks. *out is malloc'ed. */
MUST_USE enum err data_deidentify(struct bytes csv, const struct profile *p,
                                  const struct template_ *t, struct arena scratch, uint8_t **out,
                                  size_t *len, char *why);

struct digests {
    uint64_t bytes;
    struct hash sha256, plain_root; /* root over chunks of chunk_size, tag 'carnet/plain/v1' */
    char cid[80];                   /* CIDv1 raw sha2-256 base32: the whole file as one block */
};
void data_digest(const struct suite *s, struct bytes file, uint32_t chunk_size,
                 struct digests *out);

/* A file of the shape of an online shop's order lines, for those who have none at hand: byte-order
 * mark, semicolons, decimal commas, CRLF, quotes here and there; about 80 bytes a row, the same
 * bytes for a seed everywhere. *out is malloc'ed. ERR_RANGE: no row, or more than a million. */
MUST_USE enum err data_sample_retail(uint64_t seed, uint32_t rows, uint8_t **out, size_t *len);

#endif
