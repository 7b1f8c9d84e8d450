/* Whether a question can be asked of this set at all. */
#include "policy/judge_internal.h"

static enum err ascending_words(const struct policy_set *set, const uint32_t *at, size_t count,
                                uint32_t use)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && at[i] <= at[i - 1]) {
            return ERR_RANGE;
        }
        if (!set_word_is(set, at[i], use)) {
            return ERR_UNKNOWN_WORD;
        }
    }
    return ERR_NONE;
}

static enum err fact_fits(const struct policy_set *set, const struct policy_fact *f)
{
    if (f->number < FACT_FIRST_OPEN || f->number > FACT_NUMBER_MAX ||
        set->fact_row[f->number] == 0) {
        return ERR_UNKNOWN_WORD;
    }
    if ((uint32_t)f->type != set->facts[set->fact_row[f->number] - 1].type) {
        return ERR_RANGE;
    }
    switch (f->type) {
    case POLICY_BOOL:
        return f->value <= 1 ? ERR_NONE : ERR_RANGE;
    case POLICY_U64:
        return f->value <= POLICY_COUNT_MAX ? ERR_NONE : ERR_RANGE;
    case POLICY_DAY:
        return f->value <= UINT32_MAX / 2 ? ERR_NONE : ERR_RANGE;
    case POLICY_PLACE:
        return f->value <= UINT32_MAX && set_place_find(set, (uint32_t)f->value) != NULL
                   ? ERR_NONE
                   : ERR_UNKNOWN_WORD;
    case POLICY_WORD:
        return f->value <= UINT32_MAX &&
                       set_word_is(set, (uint32_t)f->value, WORD_VALUE | WORD_MECHANISM)
                   ? ERR_NONE
                   : ERR_UNKNOWN_WORD;
    }
    return ERR_RANGE;
}

static enum err counts_fit(const struct policy_facts *f)
{
    bool small = f->subjects <= POLICY_COUNT_MAX && f->prior_subjects <= POLICY_COUNT_MAX &&
                 f->sensitive_subjects <= POLICY_COUNT_MAX &&
                 f->prior_sensitive_subjects <= POLICY_COUNT_MAX;
    bool part = f->sensitive_subjects <= f->subjects || !f->subjects_given;
    bool prior = f->prior_sensitive_subjects <= f->prior_subjects;
    return small && part && prior ? ERR_NONE : ERR_RANGE;
}

static enum err places_fit(const struct policy_set *set, const struct policy_facts *f)
{
    bool known = set_place_find(set, f->from) != NULL && set_place_find(set, f->to) != NULL;
    for (size_t i = 0; i < f->via_count; i++) {
        known = known && set_place_find(set, f->via[i]) != NULL;
    }
    for (size_t i = 0; i < f->onward_count; i++) {
        known = known && set_place_find(set, f->onward[i]) != NULL;
        if (i > 0 && f->onward[i] <= f->onward[i - 1]) {
            return ERR_RANGE;
        }
    }
    return known ? ERR_NONE : ERR_UNKNOWN_WORD;
}

enum err judge_facts_fit(const struct policy_set *set, const struct policy_facts *f)
{
    if (f->via_count > POLICY_VIA_MAX || f->onward_count > POLICY_ONWARD_MAX ||
        f->class_count > POLICY_CLASS_MAX || f->mechanism_count > POLICY_MECHANISM_MAX ||
        f->fact_count > POLICY_FACT_MAX) {
        return ERR_SIZE;
    }
    TRY(places_fit(set, f));
    TRY(ascending_words(set, f->classes, f->class_count, WORD_CLASS));
    TRY(ascending_words(set, f->mechanisms, f->mechanism_count, WORD_MECHANISM));
    bool words = (f->role == 0 || set_word_is(set, f->role, WORD_ROLE)) &&
                 (f->sector == 0 || set_word_is(set, f->sector, WORD_SECTOR)) &&
                 (f->purpose == 0 || set_word_is(set, f->purpose, WORD_PURPOSE));
    if (!words) {
        return ERR_UNKNOWN_WORD;
    }
    for (size_t i = 0; i < f->fact_count; i++) {
        TRY(fact_fits(set, &f->fact[i]));
        if (i > 0 && f->fact[i].number <= f->fact[i - 1].number) {
            return ERR_RANGE;
        }
    }
    return counts_fit(f);
}
