/* merge — the terms of several laws as one, and where no one obeys both (facts 7.5 and 7.8). */
#ifndef CARNET_POLICY_MERGE_INTERNAL_H
#define CARNET_POLICY_MERGE_INTERNAL_H

#include "policy/set_internal.h"

enum { MERGE_CONFLICT_MAX = 16 };

/* The rules that hold and have terms, each once. */
struct merge {
    const struct policy_set *set;
    uint32_t day;
    const struct set_rule *rule[POLICY_FIRED_MAX];
    size_t count;
};
struct merged_term {
    uint64_t value;               /* of a number or a form of consent */
    uint32_t at[SET_PLACE_MAX];   /* places or words, ascending */
    size_t count;                 /* of them; an empty intersection is none */
    const struct set_rule *rule[POLICY_FIRED_MAX]; /* who says so: of a number, who decided it */
    size_t rule_count;
};
/* One cannot be obeyed with the other; of different kinds when a minimum is above a maximum, or a
 * place keeps a copy that another does not let go. */
struct merge_conflict {
    const struct set_rule *one, *other;
};

/* ERR_SIZE, ERR_RANGE: what set_check asks of the terms of a rule. */
MUST_USE enum err merge_terms_check(const struct policy_set *set, const struct set_rule *r);
void merge_add(struct merge *m, const struct set_rule *rule);
/* The rules with terms among those that a verdict names. */
void merge_of_verdict(const struct policy_set *set, const struct policy_verdict *v,
                      struct merge *out);
/* ERR_NOT_FOUND: no rule says anything of the kind. */
MUST_USE enum err merge_term(const struct merge *m, enum term_kind kind, struct merged_term *out);
/* The conflicts in the order of the set, up to `cap`; how many of them were written. */
size_t merge_conflicts(const struct merge *m, struct merge_conflict *out, size_t cap);

#endif
