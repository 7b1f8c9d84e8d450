/* policy — what the law packs say of one transfer across a border.
 *
 * A pure function: (pack set, declared facts, day, counters) -> verdict. It never reads a clock,
 * never allocates while it judges and knows no country by name: law is data, compiled from rules/
 * by policy/compile. It proves that rules were applied to declared facts, not that the facts are
 * true, and it is not legal advice. Page: docs/policy.md */
#ifndef CARNET_POLICY_POLICY_H
#define CARNET_POLICY_POLICY_H

#include "base/arena.h"

struct suite;
struct policy_set; /* opened; lives in the caller's arena */

enum {
    POLICY_EVALUATOR = 1,           /* version of the rules of judgement below */
    POLICY_SET_SIZE_MAX = 1 << 19,  /* canonical bytes of a set: 11 pieces of 48 KiB */
    POLICY_SET_ARENA = 12 << 20,    /* to open a set of that size: 15 bytes a byte were measured */
    POLICY_FACTS_SIZE_MAX = 4096, POLICY_VERDICT_SIZE_MAX = 8192, /* canonical bytes */
    POLICY_VIA_MAX = 4,             /* every hop is judged: bounds the work of one check */
    POLICY_ONWARD_MAX = 16, POLICY_CLASS_MAX = 16, POLICY_MECHANISM_MAX = 16,
    POLICY_FACT_MAX = 48, POLICY_FIRED_MAX = 160, /* facts declared, rules fired in one check */
    POLICY_CONJUNCT_MAX = 24, POLICY_ALTERNATIVE_MAX = 8, POLICY_DUTY_MAX = 32,
    POLICY_CITE_MAX = 12,           /* DESIGN 6 */
    POLICY_ASSUMED_MAX = 64, POLICY_COUNTED_MAX = 16,
    POLICY_COVERAGE_MAX = POLICY_VIA_MAX + 2,
    POLICY_COUNT_MAX = 100000000 /* persons per count; beyond it a declaration is refused */
};
/* From the laxest; the strictest of all regimes wins. On disk: append, never renumber. */
enum policy_code {
    POLICY_ALLOW = 1, POLICY_ALLOW_WITH_OBLIGATIONS = 2, POLICY_NEEDS_MECHANISM = 3, POLICY_DENY = 4
};
enum policy_type { POLICY_BOOL = 1, POLICY_U64, POLICY_DAY, POLICY_PLACE, POLICY_WORD };
enum policy_coverage { POLICY_NONE, POLICY_STUB, POLICY_PARTIAL, POLICY_FULL };
enum policy_period { POLICY_CALENDAR_YEAR = 1, POLICY_TWELVE_MONTHS = 2 };

struct policy_fact {
    uint32_t number;
    enum policy_type type;
    uint64_t value; /* bool 0|1, count, day, ISO 3166-1 numeric, word */
};

/* What a party declares. Places are ISO 3166-1 numeric, words are numbers of the set. All lists but
 * `via` are strictly ascending. An absent fact takes the set's default and is listed as assumed. */
struct policy_facts {
    uint32_t from, to;
    uint32_t via[POLICY_VIA_MAX], onward[POLICY_ONWARD_MAX];
    uint32_t classes[POLICY_CLASS_MAX], mechanisms[POLICY_MECHANISM_MAX];
    size_t via_count, onward_count, class_count, mechanism_count;
    uint32_t role, sector, purpose; /* 0: ordinary, general, business */
    bool subjects_given, important_data;
    uint64_t subjects, prior_subjects, sensitive_subjects, prior_sensitive_subjects;
    struct policy_fact fact[POLICY_FACT_MAX];
    size_t fact_count;
};
/* What the ledger itself has counted or reserved for the exporter; added to what is declared. */
struct policy_counter {
    uint32_t regime, kind; /* words */
    uint64_t value;
};

struct policy_conjunct { uint32_t any_of[POLICY_ALTERNATIVE_MAX]; size_t count; };
struct policy_duty { uint32_t duty, days, working, every_months, rule; };
struct policy_add { uint32_t regime, kind, period; uint64_t adds, total; };
struct policy_covered { uint32_t place, coverage; };

struct policy_verdict {
    enum policy_code code;
    struct hash set;
    uint32_t day;
    bool no_border; /* from = to and no other place: nothing to judge */
    uint32_t rules[POLICY_FIRED_MAX]; /* ascending */
    struct policy_conjunct required[POLICY_CONJUNCT_MAX]; /* every one must be met */
    struct policy_duty obligations[POLICY_DUTY_MAX];
    uint32_t cites[POLICY_CITE_MAX]; /* numbers of the prose file, most decisive first */
    uint32_t assumed[POLICY_ASSUMED_MAX];
    struct policy_add counted[POLICY_COUNTED_MAX]; /* what a grant adds to which counter */
    struct policy_covered coverage[POLICY_COVERAGE_MAX];
    size_t rule_count, required_count, obligation_count, cite_count, assumed_count, counted_count,
        coverage_count;
};

/* Decode, check every number and cross reference, and index. *out lives in the arena and borrows
 * nothing. ERR_SIZE, ERR_NO_SPACE, ERR_ENCODING, ERR_RANGE (a reference outside its table),
 * ERR_VERSION (an evaluator that this release does not have). */
MUST_USE enum err policy_set_open(struct bytes set, const struct suite *suite, struct arena *arena,
                                  const struct policy_set **out);
/* H('carnet/packset/v1', bytes), and the H('carnet/prose/v1', file) that it carries. */
const struct hash *policy_set_hash(const struct policy_set *set);
const struct hash *policy_set_prose_hash(const struct policy_set *set);
/* Day of an instant at the place's fixed offset (FORMATS 8); ERR_UNKNOWN_WORD: no such place. */
MUST_USE enum err policy_set_day(const struct policy_set *set, uint32_t place, uint64_t time_ms,
                                 uint32_t *day);
enum policy_coverage policy_set_coverage(const struct policy_set *set, uint32_t place);
/* The counters that an exporter of this place has, held or not: what the caller looks up before it
 * judges. adds and total are 0. The number of them; none without a pack. */
size_t policy_set_counters(const struct policy_set *set, uint32_t place,
                           struct policy_add out[POLICY_COUNTED_MAX]);

/* Judge. ERR_UNKNOWN_WORD: a place, word or fact that the set does not know; ERR_RANGE: a fact of
 * another type, a count above POLICY_COUNT_MAX, more sensitive persons than persons, a list out of
 * order; ERR_SIZE: more fires than a verdict holds. Never a verdict with an error. */
MUST_USE enum err policy_evaluate(const struct policy_set *set, const struct policy_facts *facts,
                                  uint32_t day, const struct policy_counter *counters,
                                  size_t counter_count, struct policy_verdict *out);
/* *out: no place at all may receive it, whatever `to` says: what MINT refuses (FORMATS 8). */
MUST_USE enum err policy_refused_everywhere(const struct policy_set *set,
                                            const struct policy_facts *facts, uint32_t day,
                                            bool *out);
/* Canonical bytes (FORMATS 2, 8) in the arena, and back. */
MUST_USE enum err policy_facts_encode(const struct policy_facts *f, struct arena *arena,
                                      struct bytes *out);
MUST_USE enum err policy_facts_decode(struct bytes wire, struct arena *scratch,
                                      struct policy_facts *out);
MUST_USE enum err policy_verdict_encode(const struct policy_verdict *v, struct arena *arena,
                                        struct bytes *out);
MUST_USE enum err policy_verdict_decode(struct bytes wire, struct arena *scratch,
                                        struct policy_verdict *out);

#endif
