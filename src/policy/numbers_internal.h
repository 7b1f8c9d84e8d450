/* numbers_internal — the limits of a pack set, and the numbers that its bytes are made of.
 *
 * They are in sets on ledgers: append, never renumber. */
#ifndef CARNET_POLICY_NUMBERS_INTERNAL_H
#define CARNET_POLICY_NUMBERS_INTERNAL_H

enum {
    SET_WORD_MAX = 2048,
    SET_PLACE_MAX = 400,
    SET_LIST_MAX = 128,
    SET_MEMBER_MAX = 320,
    SET_PACK_MAX = 64,
    SET_CITE_MAX = 4096,
    PACK_RULE_MAX = 200, /* bounds the engine's stack: one row of state a rule */
    PACK_COUNTER_MAX = 8,
    RULE_TEST_MAX = 48,
    RULE_DUTY_MAX = 8,
    RULE_CITE_MAX = 8,
    RULE_TERM_MAX = 8,
    TERM_VALUE_MAX = 36500, /* a hundred years, in days */
    FACT_DEFAULT_MAX = 4,
    FACT_NUMBER_MAX = 127, /* so that two 64-bit words remember which facts were read */
    RANK_MAX = 255,
    WORD_REVIEW = 1, /* the duty that a pack which is not full always leaves */
};

/* What a word may stand for; bits of PackSet.word_uses. */
enum word_use {
    WORD_CLASS = 1,
    WORD_ROLE = 2,
    WORD_SECTOR = 4,
    WORD_PURPOSE = 8,
    WORD_MECHANISM = 16,
    WORD_DUTY = 32,
    WORD_VALUE = 64,
    WORD_REGIME = 128,
    WORD_COUNT = 256,
    WORD_USE_END = 512
};

/* Facts with a place of their own in a check; all others are numbered from FACT_FIRST_OPEN. */
enum {
    FACT_SUBJECTS = 1,
    FACT_PRIOR_SUBJECTS,
    FACT_SENSITIVE_SUBJECTS,
    FACT_PRIOR_SENSITIVE_SUBJECTS,
    FACT_IMPORTANT_DATA,
    FACT_CORE_END,
    FACT_FIRST_OPEN = 16
};

/* What a test looks at. */
enum {
    VAR_FROM = 1,
    VAR_TO,
    VAR_ROLE,
    VAR_SECTOR,
    VAR_PURPOSE,
    VAR_CLASS,
    VAR_MECHANISM,
    VAR_ONWARD,
    VAR_VIA,
    VAR_RULE,
    VAR_END,
    VAR_COUNT_BASE = 32, /* + index of the pack's counter */
    VAR_FACT_BASE = 64   /* + fact number */
};

enum test_op {
    OP_TRUE = 1, /* a bool fact */
    OP_IS,       /* equal; for a set: has */
    OP_IN,       /* in a list; for a set: has one of it */
    OP_OUTSIDE,  /* a set has one that is not in the list */
    OP_LT,
    OP_LE,
    OP_GT,
    OP_GE,
    OP_GIVEN,  /* the fact was declared */
    OP_MONTHS, /* at least so many months have passed since a day */
    OP_FIRED,  /* an earlier rule of the pack holds */
    OP_END
};
enum { TEST_NOT = 1, TEST_LAST = 2, TEST_VARIABLE = 4 };

enum rule_side { SIDE_EXPORT = 1, SIDE_IMPORT, SIDE_BOTH, SIDE_REACH, SIDE_END };
/* From the laxest. */
enum rule_effect {
    EFFECT_DEFINE = 1,
    EFFECT_NOTE,
    EFFECT_OBLIGE,
    EFFECT_PERMIT,
    EFFECT_REQUIRE,
    EFFECT_DENY,
    EFFECT_END
};
enum { RULE_UNCERTAIN = 1, RULE_NEVER_HELD = 2 };
enum { LIST_WORDS = 1, LIST_PLACES = 2 };
enum { DEFAULT_VALUE = 1, DEFAULT_EXPORTER = 2 };
/* What a rule says of the data wherever it goes, and how those of several laws become one (facts
 * 7.5). */
enum term_kind {
    TERM_COPY_IN = 1,    /* a place that keeps a copy: all of them do */
    TERM_STAYS_IN,       /* a place outside which no copy may be */
    TERM_KEEP_MOST_DAYS, /* the shortest */
    TERM_KEEP_LEAST_DAYS, /* the longest */
    TERM_RECORDS_MONTHS, /* records of the transfer: the longest */
    TERM_BREACH_HOURS,   /* until a breach is told; 0 at once: the shortest */
    TERM_VALID_MONTHS,   /* of what is in place, from its day: the shortest */
    TERM_CONSENT,        /* the strongest form */
    TERM_PURPOSES,       /* a list of words: what all of them hold */
    TERM_RECIPIENTS,     /* likewise */
    TERM_ONWARD,         /* a list of places: likewise */
    TERM_END
};
enum consent_form { CONSENT_OPT_OUT = 1, CONSENT_PLAIN, CONSENT_EXPLICIT, CONSENT_SEPARATE };
enum { LAYER_JURISDICTION = 1, LAYER_SECTOR, LAYER_AGREEMENT, LAYER_END };

#endif
