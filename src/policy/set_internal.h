/* set_internal — the opened pack set, as the codec, the engine and the compiler see it.
 *
 * Everything is an index into a table of the set; a set that was opened has been checked, so the
 * engine follows references without asking again. */
#ifndef CARNET_POLICY_SET_INTERNAL_H
#define CARNET_POLICY_SET_INTERNAL_H

#include "policy/numbers_internal.h"
#include "policy/policy.h"

struct set_test {
    uint32_t variable;
    uint32_t op;
    uint32_t flags;
    uint64_t value;
};
struct set_tests {
    struct set_test *at;
    size_t count;
};
struct set_numbers {
    uint32_t *at;
    size_t count;
};
struct set_place {
    uint32_t number;
    int32_t offset_minutes;
    uint32_t pack;
};
struct set_default {
    struct set_tests tests;
    uint32_t kind;
    uint64_t value;
};
struct set_fact {
    uint32_t number;
    uint32_t type;
    struct set_default *defaults;
    size_t default_count;
};
struct set_member {
    uint32_t value, from_day, to_day, cite;
};
struct set_list {
    uint32_t kind;
    struct set_member *members;
    size_t count;
};
struct set_duty {
    uint32_t duty, days, working, every_months;
};
/* A number, a place, a form of consent or a list, as the kind has it. */
struct set_term {
    uint32_t kind;
    uint64_t value;
};
struct set_counter {
    uint32_t regime, kind, period, plus, minus, prior_plus, prior_minus, prior_also, at_least;
    struct set_tests at_least_tests, tests;
};
struct set_rule {
    uint32_t number; /* in the whole set, from 1 */
    uint32_t regime, side, effect, rank, flags, from_day, to_day, cite_list;
    struct set_tests tests;
    struct set_numbers any_of, also, cites;
    struct set_duty *duties;
    struct set_term *terms; /* kinds ascending, but for several places */
    size_t duty_count, term_count;
};
struct set_pack {
    uint32_t seat, coverage, source_day, layer;
    uint32_t sides; /* bit 1 << side of each side that some rule speaks on; set_index */
    struct set_counter *counters;
    size_t counter_count;
    struct set_rule *rules;
    size_t rule_count;
};
/* What a fact is in one check. */
struct set_value {
    uint64_t value;
    bool known; /* declared, or absent with a default; an unknown fact makes every test false */
    bool assumed;
};
struct set_values {
    struct set_value of[FACT_NUMBER_MAX + 1]; /* by number */
};
struct policy_set {
    struct hash hash, prose_hash;
    uint32_t evaluator;
    struct set_numbers word_uses; /* at[word - 1] */
    struct set_place *places;
    struct set_fact *facts;
    struct set_list *lists;
    struct set_pack *packs;
    size_t place_count, fact_count, list_count, pack_count, rule_count;
    uint8_t fact_row[FACT_NUMBER_MAX + 1]; /* 1 + index of the fact with this number, 0 none */
    /* What set_index knows before any check: absent facts whose default asks nothing, the indices
     * of the others, and of which facts some test asks whether they were given (bits by number). */
    struct set_values absent;
    uint8_t asking[FACT_NUMBER_MAX];
    size_t asking_count;
    uint64_t given[2];
};

/* policy_set_codec.c: structure only; references are checked by set_check. */
MUST_USE enum err set_decode(struct bytes wire, struct arena *arena, struct policy_set *out);
MUST_USE enum err set_encode(const struct policy_set *set, struct arena *arena, struct bytes *out);
/* policy_set.c: the checks of policy_set_open, which the compiler runs on what it made as well. */
MUST_USE enum err set_check(const struct policy_set *set);
/* policy_index.c */
void set_index(struct policy_set *set);
const struct set_place *set_place_find(const struct policy_set *set, uint32_t number);
const struct set_member *set_list_find(const struct set_list *list, uint32_t value, uint32_t day);
bool set_word_is(const struct policy_set *set, uint32_t word, uint32_t use);

#endif
