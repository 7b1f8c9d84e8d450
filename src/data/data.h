/* data — what happens to a file before it may travel: profiling, de-identification, digests.
 *
 * Works on memory the caller mapped; allocates through the caller's arenas and malloc for documents
 * (JSON). Templates say which columns must not leave. Page: docs/data.md */
#ifndef CARNET_DATA_DATA_H
#define CARNET_DATA_DATA_H

#include "base/csv.h"
#include "base/json.h"
#include "crypto/merkle.h"

enum { DATA_COLUMN_NAME_SIZE = 128, DATA_SAMPLE_MAX = 20000 };
enum { DATA_REASONS_MAX = 4, DATA_REASON_SIZE = 112 };
/* Quasi-identifiers of a table; values of one of them, and classes of rows that look the same. */
enum { DATA_QUASI_MAX = 8, DATA_CLASSES_MAX = 1024 * 1024 };

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
    const char *reason;               /* what decided: "name says customer id", a static text */
    bool by_values;                   /* the values decided, not the name */
    uint32_t reason_count;
    char reasons[DATA_REASONS_MAX][DATA_REASON_SIZE]; /* all that was seen, with shares */
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
 * ERR_UNREADABLE; ERR_NO_SPACE when scratch holds less than 2.5 MiB and 257 KiB a column. */
MUST_USE enum err data_profile(struct bytes csv, struct arena scratch, struct profile *out,
                               char *why);

/* A token template (templates/NAME.json): ERR_UNREADABLE with the reason. */
struct template_;
MUST_USE enum err template_read(struct bytes json, struct template_ **out, char *why);
void template_free(struct template_ *t);
const char *template_name(const struct template_ *t);
void template_hash(const struct suite *s, const struct template_ *t, struct hash *out);
/* Default facts and codes of a token made by this template (vocabulary words): borrowed JSON. */
const json_t *template_facts(const struct template_ *t);
/* Whether this column must not leave, by name or by class. */
bool template_drops(const struct template_ *t, const struct column *c);

enum data_action { DATA_KEEP, DATA_DROP, DATA_MASK, DATA_GENERALISE, DATA_PSEUDONYM };
const char *data_action_name(enum data_action a);
/* What a template does with a column. */
struct treatment {
    enum data_action action;
    enum column_class class;     /* declared by the template, else the profile's */
    const char *role;            /* NULL: no rule names this column */
    const char *why_en, *why_zh; /* NULL: it stays because nothing says otherwise */
    bool quasi;
};
void template_treatment(const struct template_ *t, const struct column *c, struct treatment *out);
bool template_asks_k(const struct template_ *t); /* it names quasi-identifiers */

/* What was done to a table: counts, never values. */
struct deidentified {
    uint64_t rows_in, rows_out;
    uint64_t k_min, k_before, k_after; /* 0 without quasi-identifiers */
    uint32_t quasi_count;
    uint32_t quasi[DATA_QUASI_MAX];          /* columns, in the order in which they climb */
    uint32_t level[DATA_QUASI_MAX];          /* step of each one's ladder, from 0 */
    uint64_t distinct_after[CSV_FIELDS_MAX]; /* up to DATA_SAMPLE_MAX, then a floor */
};
/* k of the table as it is: rows_out, k_after and levels stay 0. Errors as data_deidentify. */
MUST_USE enum err data_measure(struct bytes csv, const struct profile *p, const struct template_ *t,
                               struct arena scratch, struct deidentified *out, char *why);
/* Write the CSV again as the template says, pseudonyms under `key` (of any length), without rows of
 * which fewer than k look the same; comma separated, LF, no byte-order mark, decimal points, quoted
 * as RFC 4180 asks. *out is malloc'ed. ERR_UNREADABLE: the profile is another file's, or a
 * quasi-identifier is not there, or nothing is left. ERR_REFUSED: k asks for too many rows.
 * ERR_SIZE: more than DATA_CLASSES_MAX. */
MUST_USE enum err data_deidentify(struct bytes csv, const struct profile *p,
                                  const struct template_ *t, struct bytes key, struct arena scratch,
                                  uint8_t **out, size_t *len, struct deidentified *report,
                                  char *why);

struct digests {
    uint64_t bytes;
    struct hash sha256, plain_root; /* root over chunks of chunk_size, tag 'carnet/plain/v1' */
    char cid[80];                   /* CIDv1 raw sha2-256 base32: the whole file as one block */
};
void data_digest(const struct suite *s, struct bytes file, uint32_t chunk_size,
                 struct digests *out);

/* Files of the shape of a shop's order lines, of heart patients and of card holders, for those who
 * have none at hand: the same bytes for a seed everywhere. *out is malloc'ed. ERR_RANGE: no row, or
 * more than a million. */
MUST_USE enum err data_sample_retail(uint64_t seed, uint32_t rows, uint8_t **out, size_t *len);
MUST_USE enum err data_sample_medical(uint64_t seed, uint32_t rows, uint8_t **out, size_t *len);
MUST_USE enum err data_sample_finance(uint64_t seed, uint32_t rows, uint8_t **out, size_t *len);

#endif
