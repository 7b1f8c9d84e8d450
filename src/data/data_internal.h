/* data_internal — what the files of this module share: the shapes and detectors of single values.
 */
#ifndef CARNET_DATA_DATA_INTERNAL_H
#define CARNET_DATA_DATA_INTERNAL_H

#include "data/data.h"

enum { VALUE_NUMBER_SIZE_MAX = 40, TEMPLATE_SIZE_MAX = 256 * 1024, TEMPLATE_RULES_MAX = 64 };

enum shape {
    SHAPE_EMPTY, /* nothing, or a word for it: NA, null */
    SHAPE_INTEGER,
    SHAPE_POINT, /* a decimal with a point, its exponent or comma groups */
    SHAPE_COMMA, /* a decimal with a comma, or point groups */
    SHAPE_DATE,
    SHAPE_CODE,
    SHAPE_TEXT,
    SHAPE_END
};
enum shape shape_of(struct bytes value);
/* A decimal with a point and no groups; returns its length. Only for SHAPE_POINT and _COMMA. */
size_t decimal_plain(struct bytes value, enum shape shape, char out[VALUE_NUMBER_SIZE_MAX]);

enum detector {
    DETECT_EMAIL,
    DETECT_PHONE,
    DETECT_PERSON_NAME,
    DETECT_ADDRESS,
    DETECT_IP,
    DETECT_CN_ID,
    DETECT_CARD,
    DETECT_IBAN,
    DETECT_END
};
bool detect(enum detector d, struct bytes value);

/* RFC 4648 base32 in lowercase, without padding, and a final zero; returns the length. */
#define BASE32_SIZE(n) (((n)*8 + 4) / 5)
size_t base32_put(struct bytes x, char *out);

/* " customer id ": the words of a header in lowercase, each between spaces. */
enum { WORDS_SIZE = 2 * DATA_COLUMN_NAME_SIZE + 4 };
void words_of(const char *name, char out[WORDS_SIZE]);

/* SplitMix64 (Steele, Lea, Flood 2014): a number below `below`, the same everywhere. */
enum { SAMPLE_ROWS_MAX = 1000000 };
uint64_t sample_draw(uint64_t *state, uint64_t below);

/* What was counted of a column, for classify(). */
struct column_scan {
    uint64_t shapes[SHAPE_END];
    uint64_t hits[DETECT_END];
    uint64_t *set; /* hashes of distinct values, open addressing; 0 is a free place */
    uint64_t set_mask, set_max;
    int64_t least, most; /* of the whole numbers of at most 18 digits */
    uint64_t numbers;    /* how many of them */
};
/* Sets for that many columns, with places for as many values as the text may have up to
 * DATA_SAMPLE_MAX. ERR_NO_SPACE. */
MUST_USE enum err new_sets(struct bytes csv, struct arena *scratch, struct column_scan *scan,
                           uint32_t columns);
void count_distinct(struct column_scan *s, uint64_t *distinct, struct bytes value);
/* Type, class, score, reason and grade from the name and the counts. */
void classify(struct column *c, const struct column_scan *s);
/* What a column is by the company it keeps: for all columns once each is classified. */
void classify_record(struct profile *p);

/* A reason of at most CSV_WHY_SIZE; gives ERR_UNREADABLE. */
__attribute__((format(printf, 2, 3))) MUST_USE enum err data_refuse(char *why, const char *format,
                                                                    ...);
/* The same for ERR_NO_SPACE. */
MUST_USE enum err data_no_space(char *why);
/* A reader over `csv` with its fields and copies in the arena. */
struct csv_input {
    struct csv csv;
    struct bytes *field;
    size_t count;
};
MUST_USE enum err input_open(struct bytes csv, struct arena *scratch, struct csv_input *out,
                             char *why);
/* count is 0 at the end. */
MUST_USE enum err input_next(struct csv_input *in, char *why);

#endif
