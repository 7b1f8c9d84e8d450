/* judge_internal — one pack against one leg of the route, and what comes of it. */
#ifndef CARNET_POLICY_JUDGE_INTERNAL_H
#define CARNET_POLICY_JUDGE_INTERNAL_H

#include "policy/set_internal.h"

enum item_outcome { ITEM_NOTE, ITEM_OBLIGE, ITEM_PERMIT, ITEM_HELD, ITEM_MISSING, ITEM_DENY };
struct judge_item {
    const struct set_rule *rule;
    uint32_t outcome;
    uint32_t layer;
    uint32_t cite; /* of the list member that made it fire, 0 none */
};
struct judge_mask {
    uint64_t bits[2]; /* fact numbers */
};
struct judge {
    const struct policy_set *set;
    const struct policy_facts *facts;
    uint32_t day;
    const struct policy_counter *counters;
    size_t counter_count;
    struct judge_item items[POLICY_FIRED_MAX];
    size_t item_count;
    uint32_t replaced[POLICY_FIRED_MAX]; /* fired, but lifted or replaced by a stronger route */
    size_t replaced_count;
    struct judge_mask assumed;
    struct policy_add counted[POLICY_COUNTED_MAX];
    size_t counted_count;
};
struct judge_leg {
    const struct set_pack *pack;
    uint32_t side; /* SIDE_EXPORT, SIDE_IMPORT or SIDE_REACH */
    uint32_t from, to;
    uint32_t layer;
    bool origin; /* the check's own exporter: only its counters are the ledger's */
};
/* ERR_SIZE, ERR_UNKNOWN_WORD, ERR_RANGE: not a question of this set. */
MUST_USE enum err judge_facts_fit(const struct policy_set *set, const struct policy_facts *f);
MUST_USE enum err judge_leg(struct judge *j, const struct judge_leg *leg);
/* The day so many months later, in the calendar: 31 January and one month is the last of February.
 * UINT32_MAX: beyond the calendar. */
uint32_t judge_months_later(uint32_t since, uint64_t months);

#endif
