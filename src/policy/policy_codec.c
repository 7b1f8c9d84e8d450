#include "policy/set_internal.h"

#include <string.h>

#include "base/canon.h"
#include "carnet/v1/policy.pb-c.h"

/* protobuf-c packs from arrays of pointers to messages: `rows` messages and the list of them. */
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

/* A copy, because protobuf-c's fields are not const. */
static enum err numbers_copy(struct arena *a, const uint32_t *from, size_t count, uint32_t **to,
                             size_t *to_count)
{
    uint32_t *rows = ARENA_ARRAY(a, uint32_t, count);
    if (rows == NULL) {
        return ERR_NO_SPACE;
    }
    if (count > 0) {
        memcpy(rows, from, count * sizeof *rows);
    }
    *to = rows;
    *to_count = count;
    return ERR_NONE;
}

static enum err numbers_take(const uint32_t *from, size_t count, size_t max, uint32_t *to,
                             size_t *to_count)
{
    if (count > max) {
        return ERR_SIZE;
    }
    if (count > 0) {
        memcpy(to, from, count * sizeof *to);
    }
    *to_count = count;
    return ERR_NONE;
}

static void fact_encode(const struct policy_fact *in, Carnet__V1__CheckFact *out)
{
    out->number = in->number;
    switch (in->type) {
    case POLICY_BOOL:
        out->value_case = CARNET__V1__CHECK_FACT__VALUE_YES;
        out->yes = in->value != 0;
        break;
    case POLICY_U64:
        out->value_case = CARNET__V1__CHECK_FACT__VALUE_COUNT;
        out->count = in->value;
        break;
    case POLICY_DAY:
        out->value_case = CARNET__V1__CHECK_FACT__VALUE_DAY;
        out->day = (uint32_t)in->value;
        break;
    case POLICY_PLACE:
        out->value_case = CARNET__V1__CHECK_FACT__VALUE_PLACE;
        out->place = (uint32_t)in->value;
        break;
    case POLICY_WORD:
        out->value_case = CARNET__V1__CHECK_FACT__VALUE_WORD;
        out->word = (uint32_t)in->value;
        break;
    }
}

/* A fact without a value is refused: it would be neither given nor absent. */
static enum err fact_decode(const Carnet__V1__CheckFact *in, struct policy_fact *out)
{
    out->number = in->number;
    switch (in->value_case) {
    case CARNET__V1__CHECK_FACT__VALUE_YES:
        *out = (struct policy_fact){ in->number, POLICY_BOOL, in->yes ? 1 : 0 };
        return ERR_NONE;
    case CARNET__V1__CHECK_FACT__VALUE_COUNT:
        *out = (struct policy_fact){ in->number, POLICY_U64, in->count };
        return ERR_NONE;
    case CARNET__V1__CHECK_FACT__VALUE_DAY:
        *out = (struct policy_fact){ in->number, POLICY_DAY, in->day };
        return ERR_NONE;
    case CARNET__V1__CHECK_FACT__VALUE_PLACE:
        *out = (struct policy_fact){ in->number, POLICY_PLACE, in->place };
        return ERR_NONE;
    case CARNET__V1__CHECK_FACT__VALUE_WORD:
        *out = (struct policy_fact){ in->number, POLICY_WORD, in->word };
        return ERR_NONE;
    case CARNET__V1__CHECK_FACT__VALUE__NOT_SET:
    case _CARNET__V1__CHECK_FACT__VALUE__CASE_IS_INT_SIZE:
        break;
    }
    return ERR_ENCODING;
}

enum err policy_facts_encode(const struct policy_facts *f, struct arena *arena, struct bytes *out)
{
    Carnet__V1__CheckFacts m = CARNET__V1__CHECK_FACTS__INIT;
    m.from = f->from;
    m.to = f->to;
    TRY(numbers_copy(arena, f->via, f->via_count, &m.via, &m.n_via));
    TRY(numbers_copy(arena, f->onward, f->onward_count, &m.onward, &m.n_onward));
    TRY(numbers_copy(arena, f->classes, f->class_count, &m.classes, &m.n_classes));
    TRY(numbers_copy(arena, f->mechanisms, f->mechanism_count, &m.mechanisms, &m.n_mechanisms));
    m.role = f->role;
    m.sector = f->sector;
    m.purpose = f->purpose;
    if (f->subjects_given) {
        m.subjects_given_case = CARNET__V1__CHECK_FACTS__SUBJECTS_GIVEN_SUBJECTS;
        m.subjects = f->subjects;
    }
    m.prior_subjects = f->prior_subjects;
    m.sensitive_subjects = f->sensitive_subjects;
    m.prior_sensitive_subjects = f->prior_sensitive_subjects;
    m.important_data = f->important_data;
    MESSAGES_NEW(arena, Carnet__V1__CheckFact, check_fact, f->fact_count, m.facts);
    m.n_facts = f->fact_count;
    for (size_t i = 0; i < f->fact_count; i++) {
        fact_encode(&f->fact[i], m.facts[i]);
    }
    return canon_encode(&m.base, POLICY_FACTS_SIZE_MAX, arena, out);
}

enum err policy_facts_decode(struct bytes wire, struct arena *scratch, struct policy_facts *out)
{
    ProtobufCMessage *msg;
    TRY(canon_decode(&carnet__v1__check_facts__descriptor, wire, POLICY_FACTS_SIZE_MAX, scratch,
                     &msg));
    const Carnet__V1__CheckFacts *m = (const Carnet__V1__CheckFacts *)(const void *)msg;
    struct policy_facts f = { .from = m->from,
                              .to = m->to,
                              .role = m->role,
                              .sector = m->sector,
                              .purpose = m->purpose,
                              .prior_subjects = m->prior_subjects,
                              .sensitive_subjects = m->sensitive_subjects,
                              .prior_sensitive_subjects = m->prior_sensitive_subjects,
                              .important_data = m->important_data != 0 };
    f.subjects_given = m->subjects_given_case == CARNET__V1__CHECK_FACTS__SUBJECTS_GIVEN_SUBJECTS;
    f.subjects = f.subjects_given ? m->subjects : 0;
    TRY(numbers_take(m->via, m->n_via, POLICY_VIA_MAX, f.via, &f.via_count));
    TRY(numbers_take(m->onward, m->n_onward, POLICY_ONWARD_MAX, f.onward, &f.onward_count));
    TRY(numbers_take(m->classes, m->n_classes, POLICY_CLASS_MAX, f.classes, &f.class_count));
    TRY(numbers_take(m->mechanisms, m->n_mechanisms, POLICY_MECHANISM_MAX, f.mechanisms,
                     &f.mechanism_count));
    if (m->n_facts > POLICY_FACT_MAX) {
        return ERR_SIZE;
    }
    f.fact_count = m->n_facts;
    for (size_t i = 0; i < m->n_facts; i++) {
        TRY(fact_decode(m->facts[i], &f.fact[i]));
        if (i > 0 && f.fact[i].number <= f.fact[i - 1].number) {
            return ERR_ENCODING;
        }
    }
    *out = f;
    return ERR_NONE;
}

static enum err required_encode(const struct policy_verdict *v, struct arena *a,
                                Carnet__V1__Verdict *m)
{
    MESSAGES_NEW(a, Carnet__V1__VerdictConjunct, verdict_conjunct, v->required_count, m->required);
    m->n_required = v->required_count;
    for (size_t i = 0; i < v->required_count; i++) {
        TRY(numbers_copy(a, v->required[i].any_of, v->required[i].count, &m->required[i]->any_of,
                         &m->required[i]->n_any_of));
    }
    MESSAGES_NEW(a, Carnet__V1__VerdictDuty, verdict_duty, v->obligation_count, m->obligations);
    m->n_obligations = v->obligation_count;
    for (size_t i = 0; i < v->obligation_count; i++) {
        m->obligations[i]->duty = v->obligations[i].duty;
        m->obligations[i]->days = v->obligations[i].days;
        m->obligations[i]->working = v->obligations[i].working;
        m->obligations[i]->every_months = v->obligations[i].every_months;
        m->obligations[i]->rule = v->obligations[i].rule;
    }
    return ERR_NONE;
}

static enum err counted_encode(const struct policy_verdict *v, struct arena *a,
                               Carnet__V1__Verdict *m)
{
    MESSAGES_NEW(a, Carnet__V1__VerdictAdd, verdict_add, v->counted_count, m->counted);
    m->n_counted = v->counted_count;
    for (size_t i = 0; i < v->counted_count; i++) {
        m->counted[i]->regime = v->counted[i].regime;
        m->counted[i]->kind = v->counted[i].kind;
        m->counted[i]->period = v->counted[i].period;
        m->counted[i]->adds = v->counted[i].adds;
        m->counted[i]->total = v->counted[i].total;
    }
    MESSAGES_NEW(a, Carnet__V1__VerdictCoverage, verdict_coverage, v->coverage_count, m->coverage);
    m->n_coverage = v->coverage_count;
    for (size_t i = 0; i < v->coverage_count; i++) {
        m->coverage[i]->place = v->coverage[i].place;
        m->coverage[i]->coverage = v->coverage[i].coverage;
    }
    return ERR_NONE;
}

enum err policy_verdict_encode(const struct policy_verdict *v, struct arena *arena,
                               struct bytes *out)
{
    Carnet__V1__Verdict m = CARNET__V1__VERDICT__INIT;
    m.code = (uint32_t)v->code;
    m.pack_set = field_of_hash(&v->set);
    m.day = v->day;
    m.no_border = v->no_border;
    TRY(numbers_copy(arena, v->rules, v->rule_count, &m.rules, &m.n_rules));
    TRY(numbers_copy(arena, v->cites, v->cite_count, &m.cites, &m.n_cites));
    TRY(numbers_copy(arena, v->assumed, v->assumed_count, &m.assumed, &m.n_assumed));
    TRY(required_encode(v, arena, &m));
    TRY(counted_encode(v, arena, &m));
    return canon_encode(&m.base, POLICY_VERDICT_SIZE_MAX, arena, out);
}

static enum err required_decode(const Carnet__V1__Verdict *m, struct policy_verdict *v)
{
    if (m->n_required > POLICY_CONJUNCT_MAX || m->n_obligations > POLICY_DUTY_MAX) {
        return ERR_SIZE;
    }
    v->required_count = m->n_required;
    for (size_t i = 0; i < m->n_required; i++) {
        TRY(numbers_take(m->required[i]->any_of, m->required[i]->n_any_of, POLICY_ALTERNATIVE_MAX,
                         v->required[i].any_of, &v->required[i].count));
    }
    v->obligation_count = m->n_obligations;
    for (size_t i = 0; i < m->n_obligations; i++) {
        const Carnet__V1__VerdictDuty *d = m->obligations[i];
        v->obligations[i] =
            (struct policy_duty){ d->duty, d->days, d->working, d->every_months, d->rule };
    }
    return ERR_NONE;
}

static enum err counted_decode(const Carnet__V1__Verdict *m, struct policy_verdict *v)
{
    if (m->n_counted > POLICY_COUNTED_MAX || m->n_coverage > POLICY_COVERAGE_MAX) {
        return ERR_SIZE;
    }
    v->counted_count = m->n_counted;
    for (size_t i = 0; i < m->n_counted; i++) {
        const Carnet__V1__VerdictAdd *c = m->counted[i];
        v->counted[i] = (struct policy_add){ c->regime, c->kind, c->period, c->adds, c->total };
    }
    v->coverage_count = m->n_coverage;
    for (size_t i = 0; i < m->n_coverage; i++) {
        if (m->coverage[i]->coverage > POLICY_FULL) {
            return ERR_ENCODING;
        }
        v->coverage[i].place = m->coverage[i]->place;
        v->coverage[i].coverage = m->coverage[i]->coverage;
    }
    return ERR_NONE;
}

enum err policy_verdict_decode(struct bytes wire, struct arena *scratch, struct policy_verdict *out)
{
    ProtobufCMessage *msg;
    TRY(canon_decode(&carnet__v1__verdict__descriptor, wire, POLICY_VERDICT_SIZE_MAX, scratch,
                     &msg));
    const Carnet__V1__Verdict *m = (const Carnet__V1__Verdict *)(const void *)msg;
    if (m->code < POLICY_ALLOW || m->code > POLICY_DENY) {
        return ERR_ENCODING;
    }
    struct policy_verdict v = { .code = (enum policy_code)m->code,
                                .day = m->day,
                                .no_border = m->no_border != 0 };
    TRY(hash_of_field(m->pack_set, &v.set));
    TRY(numbers_take(m->rules, m->n_rules, POLICY_FIRED_MAX, v.rules, &v.rule_count));
    TRY(numbers_take(m->cites, m->n_cites, POLICY_CITE_MAX, v.cites, &v.cite_count));
    TRY(numbers_take(m->assumed, m->n_assumed, POLICY_ASSUMED_MAX, v.assumed, &v.assumed_count));
    TRY(required_decode(m, &v));
    TRY(counted_decode(m, &v));
    *out = v;
    return ERR_NONE;
}
