#include "policy/judge_internal.h"
#include "policy/merge_internal.h"

/* Places in the order of the route: exporter, hops, final recipient. */
struct route {
    uint32_t place[POLICY_VIA_MAX + 2];
    size_t count;
};

/* Who speaks, in the order of citations (facts 7.7). */
enum { LAYER_EXPORTER, LAYER_IMPORTER, LAYER_REACH };

static const struct set_pack *pack_of(const struct policy_set *set, uint32_t place)
{
    const struct set_place *p = set_place_find(set, place);
    return p == NULL || p->pack == 0 ? NULL : &set->packs[p->pack - 1];
}

static enum err leg_run(struct judge *j, uint32_t place, uint32_t side, uint32_t from, uint32_t to,
                        uint32_t layer, bool origin)
{
    const struct set_pack *pack = pack_of(j->set, place);
    if (pack == NULL || from == to) {
        return ERR_NONE;
    }
    /* A pack that has nothing to say on this side is asked nothing. */
    if ((pack->sides >> side & 1) == 0 && (!origin || pack->counter_count == 0)) {
        return ERR_NONE;
    }
    struct judge_leg leg = { pack, side, from, to, layer, origin };
    return judge_leg(j, &leg);
}

static bool stays_at_home(const struct route *way)
{
    bool home = true;
    for (size_t i = 1; i < way->count; i++) {
        home = home && way->place[i] == way->place[0];
    }
    return home;
}

/* Who receives it at home and will send it abroad: the border is crossed later, and the law of the
 * origin and of those places judges it now. Elsewhere each pack looks at the onward places itself.
 */
static enum err onward_run(struct judge *j)
{
    const struct policy_facts *f = j->facts;
    for (size_t i = 0; i < f->onward_count; i++) {
        uint32_t there = f->onward[i];
        TRY(leg_run(j, f->from, SIDE_EXPORT, f->from, there, LAYER_EXPORTER, true));
        TRY(leg_run(j, there, SIDE_IMPORT, f->from, there, LAYER_IMPORTER, false));
    }
    return ERR_NONE;
}

static enum err reach_leg(struct judge *j, const struct set_pack *pack, uint32_t from, uint32_t to)
{
    struct judge_leg leg = { pack, SIDE_REACH, from, to, LAYER_REACH, false };
    return from == to ? ERR_NONE : judge_leg(j, &leg);
}

/* What reaches across borders looks at the same as the laws of the exporters. */
static enum err reach_run(struct judge *j, const struct set_pack *pack, const struct route *way)
{
    const struct policy_facts *f = j->facts;
    for (size_t i = 1; i < way->count; i++) {
        TRY(reach_leg(j, pack, f->from, way->place[i]));
        if (way->place[i - 1] != f->from) {
            TRY(reach_leg(j, pack, way->place[i - 1], way->place[i]));
        }
    }
    for (size_t i = 0; stays_at_home(way) && i < f->onward_count; i++) {
        TRY(reach_leg(j, pack, f->from, f->onward[i]));
    }
    return ERR_NONE;
}

/* The origin's rules stay attached along the whole route; every party on it is an importer, and
 * every one that sends on an exporter, under its own law. */
static enum err route_run(struct judge *j, const struct route *way)
{
    uint32_t origin = way->place[0];
    for (size_t i = 1; i < way->count; i++) {
        uint32_t before = way->place[i - 1], here = way->place[i];
        TRY(leg_run(j, origin, SIDE_EXPORT, origin, here, LAYER_EXPORTER, true));
        if (before != origin) {
            TRY(leg_run(j, before, SIDE_EXPORT, before, here, LAYER_EXPORTER, false));
        }
        TRY(leg_run(j, here, SIDE_IMPORT, before, here, LAYER_IMPORTER, false));
    }
    TRY(stays_at_home(way) ? onward_run(j) : ERR_NONE);
    for (size_t i = 0; i < j->set->pack_count; i++) {
        if ((j->set->packs[i].sides >> SIDE_REACH & 1) != 0) {
            TRY(reach_run(j, &j->set->packs[i], way));
        }
    }
    return ERR_NONE;
}

/* Strictest first, then exporter, importer, reach, then the order of the set (facts 7.7). */
static bool item_before(const struct judge_item *a, const struct judge_item *b)
{
    if (a->outcome != b->outcome) {
        return a->outcome > b->outcome;
    }
    if (a->layer != b->layer) {
        return a->layer < b->layer;
    }
    if (a->rule->number != b->rule->number) {
        return a->rule->number < b->rule->number;
    }
    return a->cite < b->cite;
}

static void items_sort(struct judge *j)
{
    for (size_t i = 1; i < j->item_count; i++) {
        struct judge_item x = j->items[i];
        size_t k = i;
        for (; k > 0 && item_before(&x, &j->items[k - 1]); k--) {
            j->items[k] = j->items[k - 1];
        }
        j->items[k] = x;
    }
}

/* Who cannot be obeyed together denies, both sides: a person decides (facts 7.8). */
static enum err conflict_put(struct judge *j, const struct set_rule *rule)
{
    uint32_t layer = LAYER_REACH;
    for (size_t i = 0; i < j->item_count; i++) {
        bool own = j->items[i].rule == rule;
        if (own && j->items[i].outcome == ITEM_DENY) {
            return ERR_NONE;
        }
        layer = own && j->items[i].layer < layer ? j->items[i].layer : layer;
    }
    if (j->item_count == POLICY_FIRED_MAX) {
        return ERR_SIZE;
    }
    j->items[j->item_count++] = (struct judge_item){ rule, ITEM_DENY, layer, 0 };
    return ERR_NONE;
}

static enum err terms_judge(struct judge *j)
{
    struct merge m = { .set = j->set, .day = j->day };
    struct merge_conflict conflict[MERGE_CONFLICT_MAX];
    for (size_t i = 0; i < j->item_count; i++) {
        merge_add(&m, j->items[i].rule);
    }
    size_t count = merge_conflicts(&m, conflict, COUNT(conflict));
    for (size_t i = 0; i < count; i++) {
        TRY(conflict_put(j, conflict[i].one));
        TRY(conflict_put(j, conflict[i].other));
    }
    return ERR_NONE;
}

static bool conjunct_equal(const struct policy_conjunct *a, const struct policy_conjunct *b)
{
    bool equal = a->count == b->count;
    for (size_t i = 0; equal && i < a->count; i++) {
        equal = a->any_of[i] == b->any_of[i];
    }
    return equal;
}

static enum err required_put(struct policy_verdict *v, const struct policy_conjunct *c)
{
    for (size_t i = 0; i < v->required_count; i++) {
        if (conjunct_equal(&v->required[i], c)) {
            return ERR_NONE;
        }
    }
    if (v->required_count == POLICY_CONJUNCT_MAX) {
        return ERR_SIZE;
    }
    v->required[v->required_count++] = *c;
    return ERR_NONE;
}

static enum err required_word(struct policy_verdict *v, uint32_t word)
{
    struct policy_conjunct c = { .any_of = { word }, .count = 1 };
    return required_put(v, &c);
}

static enum err duty_put(struct policy_verdict *v, const struct set_rule *rule,
                         const struct set_duty *d)
{
    struct policy_duty duty = { d->duty, d->days, d->working, d->every_months, rule->number };
    for (size_t i = 0; i < v->obligation_count; i++) {
        const struct policy_duty *o = &v->obligations[i];
        if (o->duty == duty.duty && o->days == duty.days && o->working == duty.working &&
            o->every_months == duty.every_months) {
            return ERR_NONE;
        }
    }
    if (v->obligation_count == POLICY_DUTY_MAX) {
        return ERR_SIZE;
    }
    v->obligations[v->obligation_count++] = duty;
    return ERR_NONE;
}

/* A citation more than the twelfth is left out: the items come most decisive first. */
static void cite_put(struct policy_verdict *v, uint32_t cite)
{
    for (size_t i = 0; i < v->cite_count; i++) {
        if (v->cites[i] == cite) {
            return;
        }
    }
    if (cite != 0 && v->cite_count < POLICY_CITE_MAX) {
        v->cites[v->cite_count++] = cite;
    }
}

static bool decides(enum policy_code code, uint32_t outcome)
{
    switch (code) {
    case POLICY_DENY:
        return outcome == ITEM_DENY;
    case POLICY_NEEDS_MECHANISM:
        return outcome == ITEM_MISSING;
    case POLICY_ALLOW_WITH_OBLIGATIONS:
        return outcome == ITEM_HELD || outcome == ITEM_PERMIT || outcome == ITEM_OBLIGE;
    case POLICY_ALLOW:
        return outcome == ITEM_PERMIT || outcome == ITEM_HELD;
    }
    return false;
}

static enum policy_code code_of(const struct judge *j)
{
    enum policy_code code = POLICY_ALLOW;
    for (size_t i = 0; i < j->item_count; i++) {
        const struct judge_item *x = &j->items[i];
        enum policy_code one = POLICY_ALLOW;
        if (x->outcome == ITEM_DENY) {
            one = POLICY_DENY;
        } else if (x->outcome == ITEM_MISSING) {
            one = POLICY_NEEDS_MECHANISM;
        } else if (x->rule->duty_count > 0 && x->outcome != ITEM_NOTE) {
            one = POLICY_ALLOW_WITH_OBLIGATIONS;
        }
        code = one > code ? one : code;
    }
    return code;
}

/* Missing requirements; or, when nothing is missing, the duties that attach to this transfer. */
static enum err items_speak(const struct judge *j, struct policy_verdict *v)
{
    for (size_t i = 0; i < j->item_count; i++) {
        const struct judge_item *x = &j->items[i];
        if (v->code == POLICY_NEEDS_MECHANISM && x->outcome == ITEM_MISSING) {
            struct policy_conjunct c = { .count = x->rule->any_of.count };
            for (size_t k = 0; k < c.count; k++) {
                c.any_of[k] = x->rule->any_of.at[k];
            }
            TRY(required_put(v, &c));
        }
        bool duties =
            v->code != POLICY_DENY && x->outcome != ITEM_MISSING && x->outcome != ITEM_NOTE;
        for (size_t k = 0; duties && k < x->rule->duty_count; k++) {
            TRY(duty_put(v, x->rule, &x->rule->duties[k]));
            if (v->code == POLICY_ALLOW_WITH_OBLIGATIONS) {
                TRY(required_word(v, x->rule->duties[k].duty));
            }
        }
        if (decides(v->code, x->outcome)) {
            for (size_t k = 0; k < x->rule->cites.count; k++) {
                cite_put(v, x->rule->cites.at[k]);
            }
            cite_put(v, x->cite);
        }
    }
    return ERR_NONE;
}

static enum err fired_put(struct policy_verdict *v, uint32_t number)
{
    size_t at = v->rule_count;
    for (; at > 0 && v->rules[at - 1] >= number; at--) {
        if (v->rules[at - 1] == number) {
            return ERR_NONE;
        }
    }
    if (v->rule_count == POLICY_FIRED_MAX) {
        return ERR_SIZE;
    }
    for (size_t i = v->rule_count; i > at; i--) {
        v->rules[i] = v->rules[i - 1];
    }
    v->rules[at] = number;
    v->rule_count++;
    return ERR_NONE;
}

static enum err lists_fill(const struct judge *j, struct policy_verdict *v)
{
    for (size_t i = 0; i < j->item_count; i++) {
        TRY(fired_put(v, j->items[i].rule->number));
    }
    for (size_t i = 0; i < j->replaced_count; i++) {
        TRY(fired_put(v, j->replaced[i]));
    }
    for (uint32_t n = 1; n <= FACT_NUMBER_MAX; n++) {
        if ((j->assumed.bits[n / 64] >> (n % 64) & 1) != 0) {
            if (v->assumed_count == POLICY_ASSUMED_MAX) {
                return ERR_SIZE;
            }
            v->assumed[v->assumed_count++] = n;
        }
    }
    bool counts = v->code != POLICY_DENY;
    for (size_t i = 0; counts && i < j->counted_count; i++) {
        v->counted[v->counted_count++] = j->counted[i];
    }
    return ERR_NONE;
}

/* True when every exporter on the route has a pack that is full; who sends nothing abroad is none.
 */
static bool coverage_fill(const struct policy_set *set, const struct route *way,
                          struct policy_verdict *v)
{
    bool full = true;
    for (size_t i = 0; i < way->count; i++) {
        enum policy_coverage coverage = policy_set_coverage(set, way->place[i]);
        bool sends = i == 0 || (i + 1 < way->count && way->place[i + 1] != way->place[i]);
        full = full && (!sends || coverage == POLICY_FULL);
        bool known = false;
        for (size_t k = 0; k < v->coverage_count; k++) {
            known = known || v->coverage[k].place == way->place[i];
        }
        if (!known) {
            v->coverage[v->coverage_count++] =
                (struct policy_covered){ way->place[i], (uint32_t)coverage };
        }
    }
    return full;
}

static bool crosses_no_border(const struct policy_facts *f)
{
    bool same = f->from == f->to;
    for (size_t i = 0; i < f->via_count; i++) {
        same = same && f->via[i] == f->from;
    }
    for (size_t i = 0; i < f->onward_count; i++) {
        same = same && f->onward[i] == f->from;
    }
    return same;
}

enum err policy_refused_everywhere(const struct policy_set *set, const struct policy_facts *facts,
                                   uint32_t day, bool *out)
{
    struct policy_facts f = *facts;
    struct policy_verdict v;
    for (size_t i = 0; i < set->place_count; i++) {
        f.to = set->places[i].number;
        if (f.to == f.from) {
            continue;
        }
        TRY(policy_evaluate(set, &f, day, NULL, 0, &v));
        if (v.code != POLICY_DENY) {
            *out = false;
            return ERR_NONE;
        }
    }
    *out = true;
    return ERR_NONE;
}

enum err policy_evaluate(const struct policy_set *set, const struct policy_facts *facts,
                         uint32_t day, const struct policy_counter *counters, size_t counter_count,
                         struct policy_verdict *out)
{
    TRY(judge_facts_fit(set, facts));
    struct route way = { .place = { facts->from }, .count = 1 };
    for (size_t i = 0; i < facts->via_count; i++) {
        way.place[way.count++] = facts->via[i];
    }
    way.place[way.count++] = facts->to;
    struct policy_verdict v = { .code = POLICY_ALLOW, .set = set->hash, .day = day };
    bool full = coverage_fill(set, &way, &v);
    v.no_border = crosses_no_border(facts);
    if (v.no_border) {
        *out = v;
        return ERR_NONE;
    }
    struct judge j = {
        .set = set, .facts = facts, .day = day, .counters = counters, .counter_count = counter_count
    };
    TRY(route_run(&j, &way));
    TRY(terms_judge(&j));
    items_sort(&j);
    v.code = code_of(&j);
    bool review = v.code == POLICY_ALLOW && !full;
    v.code = review ? POLICY_ALLOW_WITH_OBLIGATIONS : v.code;
    TRY(items_speak(&j, &v));
    if (review) {
        /* What a pack that is not full says of its exporters is never the whole law. */
        TRY(required_word(&v, WORD_REVIEW));
        v.obligations[v.obligation_count++] = (struct policy_duty){ .duty = WORD_REVIEW };
    }
    TRY(lists_fill(&j, &v));
    *out = v;
    return ERR_NONE;
}
