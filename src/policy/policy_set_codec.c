#include "policy/set_internal.h"

#include <string.h>

#include "base/canon.h"
#include "carnet/v1/policy.pb-c.h"

/* Allocates `count` of a struct and leaves the pointer in `field`; NULL only when the arena is
 * full. */
#define ROWS_NEW(arena, field, count) \
    ((field) = arena_alloc_array((arena), (count), sizeof *(field)), (field) != NULL)

static enum err numbers_decode(struct arena *a, const uint32_t *at, size_t count,
                               struct set_numbers *out)
{
    uint32_t *rows;
    if (!ROWS_NEW(a, rows, count)) {
        return ERR_NO_SPACE;
    }
    if (count > 0) {
        memcpy(rows, at, count * sizeof *rows);
    }
    *out = (struct set_numbers){ rows, count };
    return ERR_NONE;
}

static enum err tests_decode(struct arena *a, Carnet__V1__PackTest *const *at, size_t count,
                             struct set_tests *out)
{
    struct set_test *rows;
    if (!ROWS_NEW(a, rows, count)) {
        return ERR_NO_SPACE;
    }
    for (size_t i = 0; i < count; i++) {
        rows[i] = (struct set_test){ at[i]->variable, at[i]->op, at[i]->flags, at[i]->value };
    }
    *out = (struct set_tests){ rows, count };
    return ERR_NONE;
}

static enum err fact_decode(struct arena *a, const Carnet__V1__PackFact *m, struct set_fact *out)
{
    out->number = m->number;
    out->type = m->type;
    out->default_count = m->n_defaults;
    if (!ROWS_NEW(a, out->defaults, m->n_defaults)) {
        return ERR_NO_SPACE;
    }
    for (size_t i = 0; i < m->n_defaults; i++) {
        const Carnet__V1__PackDefault *d = m->defaults[i];
        out->defaults[i].kind = d->kind;
        out->defaults[i].value = d->value;
        TRY(tests_decode(a, d->tests, d->n_tests, &out->defaults[i].tests));
    }
    return ERR_NONE;
}

static enum err list_decode(struct arena *a, const Carnet__V1__PackList *m, struct set_list *out)
{
    out->kind = m->kind;
    out->count = m->n_members;
    if (!ROWS_NEW(a, out->members, m->n_members)) {
        return ERR_NO_SPACE;
    }
    for (size_t i = 0; i < m->n_members; i++) {
        const Carnet__V1__PackMember *x = m->members[i];
        out->members[i] = (struct set_member){ x->value, x->from_day, x->to_day, x->cite };
    }
    return ERR_NONE;
}

static enum err rule_decode(struct arena *a, const Carnet__V1__PackRule *m, struct set_rule *out)
{
    out->regime = m->regime;
    out->side = m->side;
    out->effect = m->effect;
    out->rank = m->rank;
    out->flags = m->flags;
    out->from_day = m->from_day;
    out->to_day = m->to_day;
    out->cite_list = m->cite_list;
    out->duty_count = m->n_duties;
    out->term_count = m->n_terms;
    TRY(tests_decode(a, m->tests, m->n_tests, &out->tests));
    TRY(numbers_decode(a, m->any_of, m->n_any_of, &out->any_of));
    TRY(numbers_decode(a, m->also, m->n_also, &out->also));
    TRY(numbers_decode(a, m->cites, m->n_cites, &out->cites));
    if (!ROWS_NEW(a, out->duties, m->n_duties)) {
        return ERR_NO_SPACE;
    }
    for (size_t i = 0; i < m->n_duties; i++) {
        const Carnet__V1__PackDuty *d = m->duties[i];
        out->duties[i] = (struct set_duty){ d->duty, d->days, d->working, d->every_months };
    }
    if (!ROWS_NEW(a, out->terms, m->n_terms)) {
        return ERR_NO_SPACE;
    }
    for (size_t i = 0; i < m->n_terms; i++) {
        out->terms[i] = (struct set_term){ m->terms[i]->kind, m->terms[i]->value };
    }
    return ERR_NONE;
}

static enum err counter_decode(struct arena *a, const Carnet__V1__PackCounter *m,
                               struct set_counter *out)
{
    *out = (struct set_counter){ .regime = m->regime,
                                 .kind = m->kind,
                                 .period = m->period,
                                 .plus = m->plus,
                                 .minus = m->minus,
                                 .prior_plus = m->prior_plus,
                                 .prior_minus = m->prior_minus,
                                 .prior_also = m->prior_also,
                                 .at_least = m->at_least };
    TRY(tests_decode(a, m->at_least_tests, m->n_at_least_tests, &out->at_least_tests));
    return tests_decode(a, m->tests, m->n_tests, &out->tests);
}

static enum err pack_decode(struct arena *a, const Carnet__V1__Pack *m, struct set_pack *out)
{
    out->seat = m->seat;
    out->coverage = m->coverage;
    out->source_day = m->source_day;
    out->layer = m->layer;
    out->counter_count = m->n_counters;
    out->rule_count = m->n_rules;
    if (!ROWS_NEW(a, out->counters, m->n_counters) || !ROWS_NEW(a, out->rules, m->n_rules)) {
        return ERR_NO_SPACE;
    }
    for (size_t i = 0; i < m->n_counters; i++) {
        TRY(counter_decode(a, m->counters[i], &out->counters[i]));
    }
    for (size_t i = 0; i < m->n_rules; i++) {
        TRY(rule_decode(a, m->rules[i], &out->rules[i]));
    }
    return ERR_NONE;
}

static enum err tables_decode(struct arena *a, const Carnet__V1__PackSet *m, struct policy_set *s)
{
    if (!ROWS_NEW(a, s->places, m->n_places) || !ROWS_NEW(a, s->facts, m->n_facts) ||
        !ROWS_NEW(a, s->lists, m->n_lists) || !ROWS_NEW(a, s->packs, m->n_packs)) {
        return ERR_NO_SPACE;
    }
    for (size_t i = 0; i < m->n_places; i++) {
        const Carnet__V1__PackPlace *p = m->places[i];
        s->places[i] = (struct set_place){ p->number, p->offset_minutes, p->pack };
    }
    for (size_t i = 0; i < m->n_facts; i++) {
        TRY(fact_decode(a, m->facts[i], &s->facts[i]));
    }
    for (size_t i = 0; i < m->n_lists; i++) {
        TRY(list_decode(a, m->lists[i], &s->lists[i]));
    }
    for (size_t i = 0; i < m->n_packs; i++) {
        TRY(pack_decode(a, m->packs[i], &s->packs[i]));
    }
    return ERR_NONE;
}

enum err set_decode(struct bytes wire, struct arena *arena, struct policy_set *out)
{
    ProtobufCMessage *msg;
    TRY(canon_decode(&carnet__v1__pack_set__descriptor, wire, POLICY_SET_SIZE_MAX, arena, &msg));
    const Carnet__V1__PackSet *m = (const Carnet__V1__PackSet *)(const void *)msg;
    struct policy_set s = { .evaluator = m->evaluator,
                            .place_count = m->n_places,
                            .fact_count = m->n_facts,
                            .list_count = m->n_lists,
                            .pack_count = m->n_packs };
    TRY(hash_of_field(m->prose_hash, &s.prose_hash));
    TRY(numbers_decode(arena, m->word_uses, m->n_word_uses, &s.word_uses));
    TRY(tables_decode(arena, m, &s));
    *out = s;
    return ERR_NONE;
}

/* An array of `count` initialised messages and the array of pointers that protobuf-c wants. */
#define MESSAGES_NEW(arena, Type, type, count, list)                      \
    do {                                                                  \
        Type *rows_ = arena_alloc_array((arena), (count), sizeof *rows_); \
        (list) = arena_alloc_array((arena), (count), sizeof *(list));     \
        if (rows_ == NULL || (list) == NULL) {                            \
            return ERR_NO_SPACE;                                          \
        }                                                                 \
        for (size_t i_ = 0; i_ < (count); i_++) {                         \
            carnet__v1__##type##__init(&rows_[i_]);                       \
            (list)[i_] = &rows_[i_];                                      \
        }                                                                 \
    } while (0)

static enum err tests_encode(struct arena *a, struct set_tests in, Carnet__V1__PackTest ***at,
                             size_t *count)
{
    Carnet__V1__PackTest **list;
    MESSAGES_NEW(a, Carnet__V1__PackTest, pack_test, in.count, list);
    for (size_t i = 0; i < in.count; i++) {
        list[i]->variable = in.at[i].variable;
        list[i]->op = in.at[i].op;
        list[i]->flags = in.at[i].flags;
        list[i]->value = in.at[i].value;
    }
    *at = list;
    *count = in.count;
    return ERR_NONE;
}

static enum err facts_table_encode(struct arena *a, const struct policy_set *s,
                                   Carnet__V1__PackSet *m)
{
    MESSAGES_NEW(a, Carnet__V1__PackFact, pack_fact, s->fact_count, m->facts);
    m->n_facts = s->fact_count;
    for (size_t i = 0; i < s->fact_count; i++) {
        const struct set_fact *in = &s->facts[i];
        Carnet__V1__PackFact *out = m->facts[i];
        out->number = in->number;
        out->type = in->type;
        out->n_defaults = in->default_count;
        MESSAGES_NEW(a, Carnet__V1__PackDefault, pack_default, in->default_count, out->defaults);
        for (size_t k = 0; k < in->default_count; k++) {
            out->defaults[k]->kind = in->defaults[k].kind;
            out->defaults[k]->value = in->defaults[k].value;
            TRY(tests_encode(a, in->defaults[k].tests, &out->defaults[k]->tests,
                             &out->defaults[k]->n_tests));
        }
    }
    return ERR_NONE;
}

static enum err lists_encode(struct arena *a, const struct policy_set *s, Carnet__V1__PackSet *m)
{
    MESSAGES_NEW(a, Carnet__V1__PackList, pack_list, s->list_count, m->lists);
    m->n_lists = s->list_count;
    for (size_t i = 0; i < s->list_count; i++) {
        const struct set_list *in = &s->lists[i];
        Carnet__V1__PackList *out = m->lists[i];
        out->kind = in->kind;
        out->n_members = in->count;
        MESSAGES_NEW(a, Carnet__V1__PackMember, pack_member, in->count, out->members);
        for (size_t k = 0; k < in->count; k++) {
            out->members[k]->value = in->members[k].value;
            out->members[k]->from_day = in->members[k].from_day;
            out->members[k]->to_day = in->members[k].to_day;
            out->members[k]->cite = in->members[k].cite;
        }
    }
    return ERR_NONE;
}

static enum err rule_encode(struct arena *a, const struct set_rule *in, Carnet__V1__PackRule *out)
{
    out->regime = in->regime;
    out->side = in->side;
    out->effect = in->effect;
    out->rank = in->rank;
    out->flags = in->flags;
    out->from_day = in->from_day;
    out->to_day = in->to_day;
    out->cite_list = in->cite_list;
    out->any_of = in->any_of.at;
    out->n_any_of = in->any_of.count;
    out->also = in->also.at;
    out->n_also = in->also.count;
    out->cites = in->cites.at;
    out->n_cites = in->cites.count;
    out->n_duties = in->duty_count;
    MESSAGES_NEW(a, Carnet__V1__PackDuty, pack_duty, in->duty_count, out->duties);
    for (size_t i = 0; i < in->duty_count; i++) {
        out->duties[i]->duty = in->duties[i].duty;
        out->duties[i]->days = in->duties[i].days;
        out->duties[i]->working = in->duties[i].working;
        out->duties[i]->every_months = in->duties[i].every_months;
    }
    out->n_terms = in->term_count;
    MESSAGES_NEW(a, Carnet__V1__PackTerm, pack_term, in->term_count, out->terms);
    for (size_t i = 0; i < in->term_count; i++) {
        out->terms[i]->kind = in->terms[i].kind;
        out->terms[i]->value = in->terms[i].value;
    }
    return tests_encode(a, in->tests, &out->tests, &out->n_tests);
}

static enum err counters_encode(struct arena *a, const struct set_pack *in, Carnet__V1__Pack *out)
{
    MESSAGES_NEW(a, Carnet__V1__PackCounter, pack_counter, in->counter_count, out->counters);
    out->n_counters = in->counter_count;
    for (size_t i = 0; i < in->counter_count; i++) {
        const struct set_counter *c = &in->counters[i];
        Carnet__V1__PackCounter *m = out->counters[i];
        m->regime = c->regime;
        m->kind = c->kind;
        m->period = c->period;
        m->plus = c->plus;
        m->minus = c->minus;
        m->prior_plus = c->prior_plus;
        m->prior_minus = c->prior_minus;
        m->prior_also = c->prior_also;
        m->at_least = c->at_least;
        TRY(tests_encode(a, c->at_least_tests, &m->at_least_tests, &m->n_at_least_tests));
        TRY(tests_encode(a, c->tests, &m->tests, &m->n_tests));
    }
    return ERR_NONE;
}

static enum err packs_encode(struct arena *a, const struct policy_set *s, Carnet__V1__PackSet *m)
{
    MESSAGES_NEW(a, Carnet__V1__Pack, pack, s->pack_count, m->packs);
    m->n_packs = s->pack_count;
    for (size_t i = 0; i < s->pack_count; i++) {
        const struct set_pack *in = &s->packs[i];
        Carnet__V1__Pack *out = m->packs[i];
        out->seat = in->seat;
        out->coverage = in->coverage;
        out->source_day = in->source_day;
        out->layer = in->layer;
        TRY(counters_encode(a, in, out));
        MESSAGES_NEW(a, Carnet__V1__PackRule, pack_rule, in->rule_count, out->rules);
        out->n_rules = in->rule_count;
        for (size_t k = 0; k < in->rule_count; k++) {
            TRY(rule_encode(a, &in->rules[k], out->rules[k]));
        }
    }
    return ERR_NONE;
}

enum err set_encode(const struct policy_set *set, struct arena *arena, struct bytes *out)
{
    Carnet__V1__PackSet m = CARNET__V1__PACK_SET__INIT;
    m.evaluator = set->evaluator;
    m.prose_hash = field_of_hash(&set->prose_hash);
    m.word_uses = set->word_uses.at;
    m.n_word_uses = set->word_uses.count;
    MESSAGES_NEW(arena, Carnet__V1__PackPlace, pack_place, set->place_count, m.places);
    m.n_places = set->place_count;
    for (size_t i = 0; i < set->place_count; i++) {
        m.places[i]->number = set->places[i].number;
        m.places[i]->offset_minutes = set->places[i].offset_minutes;
        m.places[i]->pack = set->places[i].pack;
    }
    TRY(facts_table_encode(arena, set, &m));
    TRY(lists_encode(arena, set, &m));
    TRY(packs_encode(arena, set, &m));
    return canon_encode(&m.base, POLICY_SET_SIZE_MAX, arena, out);
}
