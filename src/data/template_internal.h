/* template_internal — a template as read: roles of columns, what is done with each, and how. */
#ifndef CARNET_DATA_TEMPLATE_INTERNAL_H
#define CARNET_DATA_TEMPLATE_INTERNAL_H

#include "data/data_internal.h"

enum {
    TEMPLATE_STEPS_MAX = 6,  /* of one ladder */
    TEMPLATE_NAMES_MAX = 64, /* patterns of one role, entries of one map, values of one entry */
    TEMPLATE_BAND_MAX = 1000000000,
    TEMPLATE_K_MAX = 10000,
    MASK_KEEP_MAX = 64,
    PSEUDONYM_LENGTH_MIN = 8, /* 40 bits: fewer would collide in a table of a million rows */
    PSEUDONYM_LENGTH_MAX = 52 /* all of a SHA-256 in base32 */
};

enum step_kind { STEP_KEEP, STEP_HIDE, STEP_BANDS, STEP_DATE, STEP_MAP, STEP_RARE };
enum date_part { DATE_YEAR, DATE_QUARTER, DATE_MONTH };
enum date_order {
    DATE_YEAR_FIRST, /* any other date is not read: day or month first is never guessed */
    DATE_DAY_FIRST,
    DATE_MONTH_FIRST
};
/* One way of saying less: a value becomes a wider one. */
struct step {
    enum step_kind kind;
    int64_t width, from, to; /* STEP_BANDS: to - from is a multiple of width */
    enum date_part part;
    enum date_order order;
    const json_t *map; /* STEP_MAP: [{"to", "from": [values]}] */
    int64_t least;     /* STEP_RARE: a value in fewer rows becomes `other` */
    const char *other;
};
struct rule {
    const char *role;
    const json_t *names; /* patterns of a header */
    enum column_class class;
    enum data_action action;
    int64_t first, last; /* DATA_MASK without a pattern: characters that stay */
    const char *pattern; /* DATA_MASK: '#' shows the character, any other stands for it */
    int64_t length;      /* DATA_PSEUDONYM */
    uint32_t steps;      /* DATA_GENERALISE */
    struct step step[TEMPLATE_STEPS_MAX];
    const char *why_en, *why_zh;
    bool quasi;
};
/* One rule of what must not leave: by class, or by a pattern of the name. */
struct drop {
    bool by_class;
    enum column_class class;
    const char *pattern;
    const char *why_en, *why_zh;
};
struct template_ {
    json_t *json; /* owns all strings here */
    const char *name;
    const json_t *facts;
    char *canonical;
    size_t canonical_len;
    uint32_t drop_count, rule_count, quasi_count;
    struct drop drop[TEMPLATE_RULES_MAX];
    struct rule rule[TEMPLATE_RULES_MAX];
    uint32_t quasi[DATA_QUASI_MAX]; /* rules, in the order in which they climb their ladders */
    int64_t k, suppress_percent;    /* 0 without quasi-identifiers */
};

/* What the readers of a template share: each refuses with a reason that begins with `where`. */
MUST_USE enum err template_only(const json_t *object, const char *const *known, const char *where,
                                char *why);
MUST_USE enum err template_text(const json_t *object, const char *key, const char *where,
                                const char **out, char *why);
MUST_USE enum err template_both(const json_t *object, const char *key, const char *where,
                                const char **en, const char **zh, char *why);
MUST_USE enum err template_class(const char *name, enum column_class *out);
/* "columns", "quasi_identifiers", "k" and "suppress_max_percent". */
MUST_USE enum err template_rules(struct template_ *t, char *why);

/* '*' is any run of characters; ASCII letters in either case. */
bool template_matches(const char *pattern, const char *name);
/* The rule whose role this column has by its name, or NULL: the first that matches. */
const struct rule *template_rule(const struct template_ *t, const char *column);

#endif
