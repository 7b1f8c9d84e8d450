/* What a set knows of itself before any check, so that no check asks it again. */
#include "policy/set_internal.h"

/* A default that asks nothing is the same on every leg of every check. */
static void index_fact(struct policy_set *set, size_t row)
{
    const struct set_fact *f = &set->facts[row];
    bool plain = f->default_count == 0 ||
                 (f->defaults[0].tests.count == 0 && f->defaults[0].kind == DEFAULT_VALUE);
    struct set_value absent = { .assumed = true };
    if (plain && f->default_count > 0) {
        absent.value = f->defaults[0].value;
        absent.known = true;
    }
    if (!plain) {
        set->asking[set->asking_count++] = (uint8_t)row;
    }
    set->absent.of[f->number] = absent;
}

static void index_given(struct policy_set *set, struct set_tests tests)
{
    for (size_t i = 0; i < tests.count; i++) {
        uint32_t number = tests.at[i].variable - VAR_FACT_BASE;
        if (tests.at[i].op == OP_GIVEN && number <= FACT_NUMBER_MAX) {
            set->given[number / 64] |= 1ULL << (number % 64);
        }
    }
}

static void index_pack(struct policy_set *set, struct set_pack *p)
{
    p->sides = 0;
    for (size_t k = 0; k < p->rule_count; k++) {
        uint32_t side = p->rules[k].side;
        p->rules[k].number = (uint32_t)++set->rule_count;
        p->sides |= side == SIDE_BOTH ? 1U << SIDE_EXPORT | 1U << SIDE_IMPORT
                    : side < SIDE_END ? 1U << side
                                      : 0;
        index_given(set, p->rules[k].tests);
    }
    for (size_t k = 0; k < p->counter_count; k++) {
        index_given(set, p->counters[k].tests);
        index_given(set, p->counters[k].at_least_tests);
    }
}

/* Numbers the rules and makes the facts findable; needs no check to have passed. */
void set_index(struct policy_set *set)
{
    set->asking_count = 0;
    set->rule_count = 0;
    set->given[0] = 0;
    set->given[1] = 0;
    for (size_t i = 0; i < set->fact_count && i < FACT_NUMBER_MAX; i++) {
        if (set->facts[i].number <= FACT_NUMBER_MAX) {
            set->fact_row[set->facts[i].number] = (uint8_t)(i + 1);
            index_fact(set, i);
            for (size_t k = 0; k < set->facts[i].default_count; k++) {
                index_given(set, set->facts[i].defaults[k].tests);
            }
        }
    }
    for (size_t i = 0; i < set->pack_count; i++) {
        index_pack(set, &set->packs[i]);
    }
}
