#include "policy/merge_internal.h"

/* How the terms of one kind become one: facts 7.5. */
enum fold { FOLD_NONE, FOLD_UNION, FOLD_LEAST, FOLD_MOST, FOLD_COMMON };
static const enum fold FOLDS[TERM_END] = {
    [TERM_COPY_IN] = FOLD_UNION,        [TERM_STAYS_IN] = FOLD_UNION,
    [TERM_KEEP_MOST_DAYS] = FOLD_LEAST, [TERM_KEEP_LEAST_DAYS] = FOLD_MOST,
    [TERM_RECORDS_MONTHS] = FOLD_MOST,  [TERM_BREACH_HOURS] = FOLD_LEAST,
    [TERM_VALID_MONTHS] = FOLD_LEAST,   [TERM_CONSENT] = FOLD_MOST,
    [TERM_PURPOSES] = FOLD_COMMON,      [TERM_RECIPIENTS] = FOLD_COMMON,
    [TERM_ONWARD] = FOLD_COMMON,
};

static bool term_fits(const struct policy_set *set, const struct set_term *t)
{
    bool list = t->value >= 1 && t->value <= set->list_count;
    switch ((enum term_kind)t->kind) {
    case TERM_COPY_IN:
    case TERM_STAYS_IN:
        return t->value <= UINT32_MAX && set_place_find(set, (uint32_t)t->value) != NULL;
    case TERM_KEEP_MOST_DAYS:
    case TERM_KEEP_LEAST_DAYS:
    case TERM_RECORDS_MONTHS:
    case TERM_BREACH_HOURS:
    case TERM_VALID_MONTHS:
        return t->value <= TERM_VALUE_MAX;
    case TERM_CONSENT:
        return t->value >= CONSENT_OPT_OUT && t->value <= CONSENT_SEPARATE;
    case TERM_PURPOSES:
    case TERM_RECIPIENTS:
        return list && set->lists[t->value - 1].kind == LIST_WORDS;
    case TERM_ONWARD:
        return list && set->lists[t->value - 1].kind == LIST_PLACES;
    case TERM_END:
        break;
    }
    return false;
}

/* Terms of two laws may turn out to be a conflict, which denies: a rule that has some says why, and
 * nothing lifts it but its own tests. */
enum err merge_terms_check(const struct policy_set *set, const struct set_rule *r)
{
    bool may = r->effect == EFFECT_NOTE || r->effect == EFFECT_OBLIGE || r->effect == EFFECT_PERMIT;
    if (r->term_count > RULE_TERM_MAX) {
        return ERR_SIZE;
    }
    if (r->term_count > 0 && (!may || r->cites.count == 0)) {
        return ERR_RANGE;
    }
    for (size_t i = 0; i < r->term_count; i++) {
        const struct set_term *t = &r->terms[i];
        bool ascending =
            i == 0 || t->kind > t[-1].kind ||
            (t->kind == t[-1].kind && t->kind == TERM_COPY_IN && t->value > t[-1].value);
        if (!ascending || !term_fits(set, t)) {
            return ERR_RANGE;
        }
    }
    return ERR_NONE;
}

void merge_add(struct merge *m, const struct set_rule *rule)
{
    size_t at = m->count;
    if (rule->term_count == 0) {
        return;
    }
    for (; at > 0 && m->rule[at - 1]->number >= rule->number; at--) {
        if (m->rule[at - 1] == rule) {
            return;
        }
    }
    ASSERT(m->count < COUNT(m->rule));
    for (size_t i = m->count; i > at; i--) {
        m->rule[i] = m->rule[i - 1];
    }
    m->rule[at] = rule;
    m->count++;
}

void merge_of_verdict(const struct policy_set *set, const struct policy_verdict *v,
                      struct merge *out)
{
    size_t next = 0;
    out->set = set;
    out->day = v->day;
    out->count = 0;
    for (size_t i = 0; i < set->pack_count; i++) {
        const struct set_pack *p = &set->packs[i];
        for (size_t k = 0; k < p->rule_count && next < v->rule_count; k++) {
            if (p->rules[k].number == v->rules[next]) {
                merge_add(out, &p->rules[k]);
                next++;
            }
        }
    }
}

/* The first term of a kind in a rule, or the next after it. */
static const struct set_term *term_of(const struct set_rule *r, enum term_kind kind,
                                      const struct set_term *after)
{
    const struct set_term *end = r->terms + r->term_count;
    for (const struct set_term *t = after == NULL ? r->terms : after + 1; t < end; t++) {
        if (t->kind == kind) {
            return t;
        }
    }
    return NULL;
}

static bool list_has(const struct merge *m, const struct set_term *list, uint32_t value)
{
    return set_list_find(&m->set->lists[list->value - 1], value, m->day) != NULL;
}

/* Values that every rule's list of the kind holds on the day; NULL counts them only. */
static size_t common(const struct merge *m, enum term_kind kind, uint32_t *out)
{
    const struct set_list *first = NULL;
    size_t count = 0;
    for (size_t i = 0; i < m->count && first == NULL; i++) {
        const struct set_term *t = term_of(m->rule[i], kind, NULL);
        first = t == NULL ? NULL : &m->set->lists[t->value - 1];
    }
    for (size_t k = 0; first != NULL && k < first->count; k++) {
        uint32_t value = first->members[k].value;
        bool all = k == 0 || value != first->members[k - 1].value;
        for (size_t i = 0; i < m->count && all; i++) {
            const struct set_term *t = term_of(m->rule[i], kind, NULL);
            all = t == NULL || list_has(m, t, value);
        }
        if (all && out != NULL) {
            out[count] = value;
        }
        count += all ? 1 : 0;
    }
    return count;
}

static void place_put(struct merged_term *out, uint32_t place)
{
    size_t at = out->count;
    for (; at > 0 && out->at[at - 1] >= place; at--) {
        if (out->at[at - 1] == place) {
            return;
        }
    }
    ASSERT(out->count < COUNT(out->at));
    for (size_t i = out->count; i > at; i--) {
        out->at[i] = out->at[i - 1];
    }
    out->at[at] = place;
    out->count++;
}

/* A number is said by the rules that have it; a set by all that have a part in it. */
static void rule_takes_part(enum fold fold, const struct set_rule *r, const struct set_term *t,
                            struct merged_term *out)
{
    bool number = fold == FOLD_LEAST || fold == FOLD_MOST;
    bool better = fold == FOLD_LEAST ? t->value < out->value : t->value > out->value;
    if (number && out->rule_count > 0 && better) {
        out->rule_count = 0;
    }
    if (number && out->rule_count == 0) {
        out->value = t->value;
    }
    bool again = out->rule_count > 0 && out->rule[out->rule_count - 1] == r;
    if (!again && (!number || t->value == out->value)) {
        out->rule[out->rule_count++] = r;
    }
}

enum err merge_term(const struct merge *m, enum term_kind kind, struct merged_term *out)
{
    ASSERT(kind > 0 && kind < TERM_END && m->count <= COUNT(out->rule));
    enum fold fold = FOLDS[kind];
    out->value = 0;
    out->count = 0;
    out->rule_count = 0;
    for (size_t i = 0; i < m->count; i++) {
        for (const struct set_term *t = term_of(m->rule[i], kind, NULL); t != NULL;
             t = term_of(m->rule[i], kind, t)) {
            rule_takes_part(fold, m->rule[i], t, out);
            if (fold == FOLD_UNION) {
                place_put(out, (uint32_t)t->value);
            }
        }
    }
    if (fold == FOLD_COMMON) {
        out->count = common(m, kind, out->at);
    }
    return out->rule_count > 0 ? ERR_NONE : ERR_NOT_FOUND;
}

/* Both cannot be obeyed: a copy here while none may be outside there, kept longer than it may be.
 */
static bool terms_clash(const struct merge *m, const struct set_term *a, const struct set_term *b)
{
    bool stays = a->kind == TERM_STAYS_IN || b->kind == TERM_STAYS_IN;
    bool copies = a->kind <= TERM_STAYS_IN && b->kind <= TERM_STAYS_IN;
    if (stays && copies) {
        return a->value != b->value;
    }
    if (a->kind == TERM_KEEP_MOST_DAYS && b->kind == TERM_KEEP_LEAST_DAYS) {
        return a->value < b->value;
    }
    if (a->kind == TERM_KEEP_LEAST_DAYS && b->kind == TERM_KEEP_MOST_DAYS) {
        return b->value < a->value;
    }
    bool lists = a->kind == b->kind && (a->kind == TERM_PURPOSES || a->kind == TERM_RECIPIENTS);
    if (!lists || common(m, (enum term_kind)a->kind, NULL) > 0) {
        return false;
    }
    const struct set_list *one = &m->set->lists[a->value - 1];
    for (size_t k = 0; k < one->count; k++) {
        if (list_has(m, a, one->members[k].value) && list_has(m, b, one->members[k].value)) {
            return false;
        }
    }
    return true;
}

static bool rules_clash(const struct merge *m, const struct set_rule *a, const struct set_rule *b)
{
    for (size_t i = 0; i < a->term_count; i++) {
        for (size_t k = 0; k < b->term_count; k++) {
            if (terms_clash(m, &a->terms[i], &b->terms[k])) {
                return true;
            }
        }
    }
    return false;
}

/* Lists that have nothing in common though each two of them do: the first and the last are named.
 */
static bool all_clash(const struct merge *m, enum term_kind kind, struct merge_conflict *out)
{
    struct merge_conflict c = { NULL, NULL };
    for (size_t i = 0; i < m->count; i++) {
        if (term_of(m->rule[i], kind, NULL) != NULL) {
            c.one = c.one == NULL ? m->rule[i] : c.one;
            c.other = m->rule[i];
        }
    }
    if (c.one == c.other || common(m, kind, NULL) > 0) {
        return false;
    }
    *out = c;
    return true;
}

size_t merge_conflicts(const struct merge *m, struct merge_conflict *out, size_t cap)
{
    static const enum term_kind LISTS[] = { TERM_PURPOSES, TERM_RECIPIENTS };
    size_t count = 0;
    for (size_t i = 0; i < m->count; i++) {
        for (size_t k = i + 1; k < m->count && count < cap; k++) {
            if (rules_clash(m, m->rule[i], m->rule[k])) {
                out[count++] = (struct merge_conflict){ m->rule[i], m->rule[k] };
            }
        }
    }
    for (size_t i = 0; i < COUNT(LISTS) && count == 0 && cap > 0; i++) {
        count += all_clash(m, LISTS[i], &out[0]) ? 1 : 0;
    }
    return count;
}
