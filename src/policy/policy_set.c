#include "policy/merge_internal.h"

#include "base/clock.h"
#include "crypto/hash.h"

/* Where a run of tests stands: what it may refer to. */
struct check_scope {
    const struct policy_set *set;
    const struct set_pack *pack; /* NULL in a default */
    size_t rules_before;         /* rules of the pack that are already decided here */
    bool counts;                 /* the pack's counts are known here */
    uint32_t facts_below;        /* fact numbers that have a value here */
};

bool set_word_is(const struct policy_set *set, uint32_t word, uint32_t use)
{
    return word >= 1 && word <= set->word_uses.count && (set->word_uses.at[word - 1] & use) != 0;
}

static const struct set_fact *fact_of(const struct policy_set *set, uint32_t number)
{
    if (number == 0 || number > FACT_NUMBER_MAX || set->fact_row[number] == 0) {
        return NULL;
    }
    return &set->facts[set->fact_row[number] - 1];
}

const struct set_place *set_place_find(const struct policy_set *set, uint32_t number)
{
    size_t low = 0, high = set->place_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (set->places[middle].number == number) {
            return &set->places[middle];
        }
        if (set->places[middle].number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

const struct set_member *set_list_find(const struct set_list *list, uint32_t value, uint32_t day)
{
    /* They ascend: list_check. */
    for (size_t i = 0; i < list->count && list->members[i].value <= value; i++) {
        const struct set_member *m = &list->members[i];
        if (m->value == value && m->from_day <= day && (m->to_day == 0 || day <= m->to_day)) {
            return m;
        }
    }
    return NULL;
}

/* The kinds of variable that tests tell apart. */
enum var_kind {
    KIND_BAD,
    KIND_PLACE,
    KIND_PLACES,
    KIND_WORD,
    KIND_WORDS,
    KIND_COUNT,
    KIND_DAY,
    KIND_BOOL,
    KIND_RULE
};

static enum var_kind fact_kind(const struct set_fact *f)
{
    static const enum var_kind KINDS[] = { [POLICY_BOOL] = KIND_BOOL,
                                           [POLICY_U64] = KIND_COUNT,
                                           [POLICY_DAY] = KIND_DAY,
                                           [POLICY_PLACE] = KIND_PLACE,
                                           [POLICY_WORD] = KIND_WORD };
    return f->type < COUNT(KINDS) ? KINDS[f->type] : KIND_BAD;
}

static enum var_kind variable_kind(const struct check_scope *s, uint32_t variable)
{
    static const enum var_kind KINDS[VAR_END] = {
        [VAR_FROM] = KIND_PLACE,      [VAR_TO] = KIND_PLACE,      [VAR_ROLE] = KIND_WORD,
        [VAR_SECTOR] = KIND_WORD,     [VAR_PURPOSE] = KIND_WORD,  [VAR_CLASS] = KIND_WORDS,
        [VAR_MECHANISM] = KIND_WORDS, [VAR_ONWARD] = KIND_PLACES, [VAR_VIA] = KIND_PLACES,
        [VAR_RULE] = KIND_RULE,
    };
    if (variable < VAR_END) {
        return KINDS[variable];
    }
    if (variable >= VAR_COUNT_BASE && variable < VAR_COUNT_BASE + PACK_COUNTER_MAX) {
        bool known = s->counts && variable - VAR_COUNT_BASE < s->pack->counter_count;
        return known ? KIND_COUNT : KIND_BAD;
    }
    if (variable <= VAR_FACT_BASE || variable - VAR_FACT_BASE >= s->facts_below) {
        return KIND_BAD;
    }
    const struct set_fact *f = fact_of(s->set, variable - VAR_FACT_BASE);
    return f == NULL ? KIND_BAD : fact_kind(f);
}

static bool list_fits(const struct check_scope *s, enum var_kind kind, uint64_t list)
{
    if (list == 0 || list > s->set->list_count) {
        return false;
    }
    bool places = kind == KIND_PLACE || kind == KIND_PLACES;
    bool words = kind == KIND_WORD || kind == KIND_WORDS;
    uint32_t want = places ? LIST_PLACES : LIST_WORDS;
    return (places || words) && s->set->lists[list - 1].kind == want;
}

static bool value_fits(const struct check_scope *s, enum var_kind kind, uint64_t value)
{
    switch (kind) {
    case KIND_PLACE:
    case KIND_PLACES:
        return value <= UINT32_MAX && set_place_find(s->set, (uint32_t)value) != NULL;
    case KIND_WORD:
    case KIND_WORDS:
        return value <= UINT32_MAX && set_word_is(s->set, (uint32_t)value, WORD_USE_END - 1);
    case KIND_COUNT:
    case KIND_DAY:
    case KIND_BOOL:
    case KIND_RULE:
    case KIND_BAD:
        break;
    }
    return false;
}

static bool compare_fits(const struct check_scope *s, enum var_kind kind, const struct set_test *t)
{
    if (kind != KIND_COUNT && kind != KIND_DAY) {
        return false;
    }
    if ((t->flags & TEST_VARIABLE) == 0) {
        return t->value <= UINT32_MAX;
    }
    return t->value <= UINT32_MAX && variable_kind(s, (uint32_t)t->value) == kind;
}

static bool test_fits(const struct check_scope *s, const struct set_test *t)
{
    if (t->op == 0 || t->op >= OP_END || t->flags > (TEST_NOT | TEST_LAST | TEST_VARIABLE)) {
        return false;
    }
    bool compares = t->op == OP_LT || t->op == OP_LE || t->op == OP_GT || t->op == OP_GE;
    if ((t->flags & TEST_VARIABLE) != 0 && !compares) {
        return false;
    }
    enum var_kind kind = variable_kind(s, t->variable);
    switch ((enum test_op)t->op) {
    case OP_TRUE:
        return kind == KIND_BOOL && t->value == 0;
    case OP_IS:
        return value_fits(s, kind, t->value);
    case OP_IN:
        return list_fits(s, kind, t->value);
    case OP_OUTSIDE:
        return kind == KIND_PLACES && list_fits(s, kind, t->value);
    case OP_LT:
    case OP_LE:
    case OP_GT:
    case OP_GE:
        return compare_fits(s, kind, t);
    case OP_GIVEN:
        return t->variable > VAR_FACT_BASE && kind != KIND_BAD && t->value == 0;
    case OP_MONTHS:
        return kind == KIND_DAY && t->value <= 1200;
    case OP_FIRED:
        return kind == KIND_RULE && s->pack != NULL && t->value < s->rules_before;
    case OP_END:
        break;
    }
    return false;
}

static enum err tests_check(const struct check_scope *s, struct set_tests tests)
{
    if (tests.count > RULE_TEST_MAX) {
        return ERR_SIZE;
    }
    for (size_t i = 0; i < tests.count; i++) {
        if (!test_fits(s, &tests.at[i])) {
            return ERR_RANGE;
        }
    }
    bool closed = tests.count == 0 || (tests.at[tests.count - 1].flags & TEST_LAST) != 0;
    return closed ? ERR_NONE : ERR_RANGE;
}

static enum err words_check(const struct policy_set *set, struct set_numbers words, uint32_t use)
{
    if (words.count > POLICY_ALTERNATIVE_MAX) {
        return ERR_SIZE;
    }
    for (size_t i = 0; i < words.count; i++) {
        if (!set_word_is(set, words.at[i], use)) {
            return ERR_RANGE;
        }
    }
    return ERR_NONE;
}

static bool days_in_order(uint32_t from, uint32_t to)
{
    return to == 0 || from <= to;
}

static enum err cites_check(const struct policy_set *set, const struct set_rule *r)
{
    if (r->cites.count > RULE_CITE_MAX || r->duty_count > RULE_DUTY_MAX) {
        return ERR_SIZE;
    }
    for (size_t i = 0; i < r->cites.count; i++) {
        if (r->cites.at[i] == 0 || r->cites.at[i] > SET_CITE_MAX) {
            return ERR_RANGE;
        }
    }
    for (size_t i = 0; i < r->duty_count; i++) {
        if (!set_word_is(set, r->duties[i].duty, WORD_DUTY) || r->duties[i].working > 1) {
            return ERR_RANGE;
        }
    }
    bool list = r->cite_list == 0 || (r->cite_list <= set->list_count &&
                                      set->lists[r->cite_list - 1].kind == LIST_PLACES);
    return list ? ERR_NONE : ERR_RANGE;
}

/* A rule that decides something says why: only definitions and notes may lack a citation. */
static enum err rule_check(const struct check_scope *s, const struct set_rule *r)
{
    bool sane = r->side >= SIDE_EXPORT && r->side < SIDE_END && r->effect >= EFFECT_DEFINE &&
                r->effect < EFFECT_END && r->rank <= RANK_MAX &&
                r->flags <= (RULE_UNCERTAIN | RULE_NEVER_HELD) &&
                days_in_order(r->from_day, r->to_day) &&
                set_word_is(s->set, r->regime, WORD_REGIME);
    bool requires = r->effect == EFFECT_REQUIRE;
    if (!sane || requires != (r->any_of.count > 0) || (!requires && r->also.count > 0)) {
        return ERR_RANGE;
    }
    bool decides = r->effect != EFFECT_DEFINE && r->effect != EFFECT_NOTE;
    if ((decides && r->cites.count == 0) || (r->effect == EFFECT_OBLIGE && r->duty_count == 0)) {
        return ERR_RANGE;
    }
    TRY(words_check(s->set, r->any_of, WORD_MECHANISM | WORD_DUTY));
    TRY(words_check(s->set, r->also, WORD_MECHANISM));
    TRY(cites_check(s->set, r));
    TRY(merge_terms_check(s->set, r));
    return tests_check(s, r->tests);
}

static bool counts_persons(const struct policy_set *set, uint32_t fact, bool optional)
{
    const struct set_fact *f = fact_of(set, fact);
    return (optional && fact == 0) || (f != NULL && f->type == POLICY_U64);
}

static enum err counter_check(struct check_scope s, const struct set_counter *c)
{
    bool facts =
        counts_persons(s.set, c->plus, false) && counts_persons(s.set, c->minus, true) &&
        counts_persons(s.set, c->prior_plus, true) && counts_persons(s.set, c->prior_minus, true) &&
        counts_persons(s.set, c->prior_also, true) && counts_persons(s.set, c->at_least, true);
    bool words =
        set_word_is(s.set, c->regime, WORD_REGIME) && set_word_is(s.set, c->kind, WORD_COUNT);
    if (!facts || !words || c->period < POLICY_CALENDAR_YEAR || c->period > POLICY_TWELVE_MONTHS) {
        return ERR_RANGE;
    }
    TRY(tests_check(&s, c->at_least_tests)); /* before any rule has been judged */
    s.rules_before = s.pack->rule_count;
    s.counts = true;
    return tests_check(&s, c->tests);
}

static enum err pack_check(const struct policy_set *set, const struct set_pack *p, uint32_t *number)
{
    if (p->rule_count > PACK_RULE_MAX || p->counter_count > PACK_COUNTER_MAX) {
        return ERR_SIZE;
    }
    /* A union of states has no seat of its own. */
    bool sane = p->seat == 0 || set_place_find(set, p->seat) != NULL;
    if (!sane || p->coverage < POLICY_STUB || p->coverage > POLICY_FULL || p->layer == 0 ||
        p->layer >= LAYER_END) {
        return ERR_RANGE;
    }
    struct check_scope s = { .set = set, .pack = p, .facts_below = FACT_NUMBER_MAX + 1 };
    for (size_t i = 0; i < p->counter_count; i++) {
        TRY(counter_check(s, &p->counters[i]));
    }
    s.counts = true;
    for (size_t i = 0; i < p->rule_count; i++) {
        s.rules_before = i;
        TRY(rule_check(&s, &p->rules[i]));
        ASSERT(p->rules[i].number == ++*number);
    }
    return ERR_NONE;
}

static enum err fact_check(const struct policy_set *set, const struct set_fact *f)
{
    if (f->type < POLICY_BOOL || f->type > POLICY_WORD || f->default_count > FACT_DEFAULT_MAX) {
        return ERR_RANGE;
    }
    /* A default may look only at facts that already have a value: no circle can be written. */
    struct check_scope s = { .set = set, .facts_below = f->number };
    for (size_t i = 0; i < f->default_count; i++) {
        const struct set_default *d = &f->defaults[i];
        bool exporter = d->kind == DEFAULT_EXPORTER && f->type == POLICY_PLACE && d->value == 0;
        bool value = d->kind == DEFAULT_VALUE && (f->type != POLICY_BOOL || d->value <= 1) &&
                     (f->type != POLICY_WORD || value_fits(&s, KIND_WORD, d->value)) &&
                     f->type != POLICY_PLACE && d->value <= UINT32_MAX;
        if (!exporter && !value) {
            return ERR_RANGE;
        }
        TRY(tests_check(&s, d->tests));
    }
    return ERR_NONE;
}

static enum err list_check(const struct policy_set *set, const struct set_list *l)
{
    if (l->count > SET_MEMBER_MAX || (l->kind != LIST_WORDS && l->kind != LIST_PLACES)) {
        return ERR_RANGE;
    }
    struct check_scope s = { .set = set };
    enum var_kind kind = l->kind == LIST_WORDS ? KIND_WORD : KIND_PLACE;
    for (size_t i = 0; i < l->count; i++) {
        const struct set_member *m = &l->members[i];
        bool ascending =
            i == 0 || m->value > m[-1].value ||
            (m->value == m[-1].value && m[-1].to_day != 0 && m->from_day > m[-1].to_day);
        if (!ascending || !days_in_order(m->from_day, m->to_day) || m->cite > SET_CITE_MAX ||
            !value_fits(&s, kind, m->value)) {
            return ERR_RANGE;
        }
    }
    return ERR_NONE;
}

static enum err places_check(const struct policy_set *set)
{
    for (size_t i = 0; i < set->place_count; i++) {
        const struct set_place *p = &set->places[i];
        bool ascending = p->number > (i == 0 ? 0 : p[-1].number) && p->number <= 999;
        bool offset = p->offset_minutes >= -12 * 60 && p->offset_minutes <= 14 * 60;
        bool pack = p->pack == 0 || (p->pack <= set->pack_count &&
                                     set->packs[p->pack - 1].layer == LAYER_JURISDICTION);
        if (!ascending || !offset || !pack) {
            return ERR_RANGE;
        }
    }
    return ERR_NONE;
}

enum err set_check(const struct policy_set *set)
{
    if (set->evaluator != POLICY_EVALUATOR) {
        return ERR_VERSION;
    }
    if (set->word_uses.count > SET_WORD_MAX || set->place_count > SET_PLACE_MAX ||
        set->fact_count > FACT_NUMBER_MAX || set->list_count > SET_LIST_MAX ||
        set->pack_count > SET_PACK_MAX) {
        return ERR_SIZE;
    }
    for (size_t i = 0; i < set->fact_count; i++) {
        uint32_t number = set->facts[i].number;
        if (number <= (i == 0 ? 0 : set->facts[i - 1].number) || number > FACT_NUMBER_MAX) {
            return ERR_RANGE;
        }
    }
    if (!set_word_is(set, WORD_REVIEW, WORD_DUTY)) {
        return ERR_RANGE;
    }
    TRY(places_check(set));
    for (size_t i = 0; i < set->list_count; i++) {
        TRY(list_check(set, &set->lists[i]));
    }
    for (size_t i = 0; i < set->fact_count; i++) {
        TRY(fact_check(set, &set->facts[i]));
    }
    uint32_t number = 0;
    for (size_t i = 0; i < set->pack_count; i++) {
        TRY(pack_check(set, &set->packs[i], &number));
    }
    return ERR_NONE;
}

enum err policy_set_open(struct bytes wire, const struct suite *suite, struct arena *arena,
                         const struct policy_set **out)
{
    struct policy_set *set = ARENA_NEW(arena, struct policy_set);
    if (set == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(set_decode(wire, arena, set));
    set_index(set);
    TRY(set_check(set));
    hash_tagged(suite, "carnet/packset/v1", wire, &set->hash);
    *out = set;
    return ERR_NONE;
}

const struct hash *policy_set_hash(const struct policy_set *set)
{
    return &set->hash;
}

const struct hash *policy_set_prose_hash(const struct policy_set *set)
{
    return &set->prose_hash;
}

enum err policy_set_day(const struct policy_set *set, uint32_t place, uint64_t time_ms,
                        uint32_t *day)
{
    const struct set_place *p = set_place_find(set, place);
    if (p == NULL) {
        return ERR_UNKNOWN_WORD;
    }
    *day = clock_day_at(time_ms, p->offset_minutes);
    return ERR_NONE;
}

enum policy_coverage policy_set_coverage(const struct policy_set *set, uint32_t place)
{
    const struct set_place *p = set_place_find(set, place);
    if (p == NULL || p->pack == 0) {
        return POLICY_NONE;
    }
    return (enum policy_coverage)set->packs[p->pack - 1].coverage;
}

size_t policy_set_counters(const struct policy_set *set, uint32_t place,
                           struct policy_add out[POLICY_COUNTED_MAX])
{
    _Static_assert((int)PACK_COUNTER_MAX <= (int)POLICY_COUNTED_MAX, "the counters of a pack fit");
    const struct set_place *p = set_place_find(set, place);
    if (p == NULL || p->pack == 0) {
        return 0;
    }
    const struct set_pack *pack = &set->packs[p->pack - 1];
    for (size_t i = 0; i < pack->counter_count; i++) {
        const struct set_counter *c = &pack->counters[i];
        out[i] = (struct policy_add){ .regime = c->regime, .kind = c->kind, .period = c->period };
    }
    return pack->counter_count;
}
