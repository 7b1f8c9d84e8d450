#include "policy/judge_internal.h"

#include "base/clock.h"

/* One pack on one leg. About 6 KiB of stack; the limits of a pack bound it. Nothing of it is
 * cleared beforehand: each part is written before it is read. */
struct run {
    struct judge *j;
    const struct judge_leg *leg;
    struct set_values fact; /* a default may depend on where the leg goes */
    uint64_t count[PACK_COUNTER_MAX];
    uint64_t add[PACK_COUNTER_MAX];
    struct judge_mask count_reads[PACK_COUNTER_MAX];
    bool fired[PACK_RULE_MAX];
    struct judge_mask reads[PACK_RULE_MAX]; /* the assumed facts that made each rule what it is */
};

static void mask_join(struct judge_mask *to, struct judge_mask from)
{
    to->bits[0] |= from.bits[0];
    to->bits[1] |= from.bits[1];
}

static void mask_add(struct judge_mask *to, uint32_t fact)
{
    to->bits[fact / 64] |= 1ULL << (fact % 64);
}

static bool mask_empty(struct judge_mask m)
{
    return (m.bits[0] | m.bits[1]) == 0;
}

static bool in_force(const struct set_rule *r, uint32_t day)
{
    return r->from_day <= day && (r->to_day == 0 || day <= r->to_day);
}

/* The set of values of a variable: one for a place or a word, several for the lists of a check. */
static struct set_numbers values_of(const struct run *r, uint32_t variable, uint32_t one[1])
{
    const struct policy_facts *f = r->j->facts;
    switch (variable) {
    case VAR_CLASS:
        return (struct set_numbers){ (uint32_t *)(uintptr_t)f->classes, f->class_count };
    case VAR_MECHANISM:
        return (struct set_numbers){ (uint32_t *)(uintptr_t)f->mechanisms, f->mechanism_count };
    case VAR_ONWARD:
        return (struct set_numbers){ (uint32_t *)(uintptr_t)f->onward, f->onward_count };
    case VAR_VIA:
        return (struct set_numbers){ (uint32_t *)(uintptr_t)f->via, f->via_count };
    case VAR_FROM:
        one[0] = r->leg->from;
        break;
    case VAR_TO:
        one[0] = r->leg->to;
        break;
    case VAR_ROLE:
        one[0] = f->role;
        break;
    case VAR_SECTOR:
        one[0] = f->sector;
        break;
    case VAR_PURPOSE:
        one[0] = f->purpose;
        break;
    default: /* a fact; that it is known has been asked before */
        one[0] = (uint32_t)r->fact.of[variable - VAR_FACT_BASE].value;
        break;
    }
    return (struct set_numbers){ one, 1 };
}

static uint64_t number_of(const struct run *r, uint64_t variable)
{
    if (variable < VAR_FACT_BASE) {
        ASSERT(variable - VAR_COUNT_BASE < COUNT(r->count));
        return r->count[variable - VAR_COUNT_BASE];
    }
    return r->fact.of[variable - VAR_FACT_BASE].value;
}

static bool has(const struct run *r, const struct set_test *t)
{
    uint32_t one[1];
    struct set_numbers values = values_of(r, t->variable, one);
    for (size_t i = 0; i < values.count; i++) {
        bool hit = false;
        if (t->op == OP_IS) {
            hit = values.at[i] == t->value;
        } else {
            const struct set_list *list = &r->j->set->lists[t->value - 1];
            bool inside = set_list_find(list, values.at[i], r->j->day) != NULL;
            hit = inside == (t->op == OP_IN);
        }
        if (hit) {
            return true;
        }
    }
    return false;
}

static int month_days(int year, int month)
{
    static const int DAYS[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : DAYS[month - 1];
}

uint32_t judge_months_later(uint32_t since, uint64_t months)
{
    struct date d = clock_date(since);
    int month = d.month - 1 + (int)months;
    d.year += month / 12;
    d.month = month % 12 + 1;
    int last = month_days(d.year, d.month);
    d.day = d.day < last ? d.day : last;
    uint32_t due;
    return clock_day(d, &due) == ERR_NONE ? due : UINT32_MAX;
}

static bool months_passed(uint64_t since, uint64_t months, uint32_t day)
{
    ASSERT(since <= UINT32_MAX);
    uint32_t due = judge_months_later((uint32_t)since, months);
    return due != UINT32_MAX && day >= due;
}

static bool test_plain(const struct run *r, const struct set_test *t)
{
    uint64_t right = (t->flags & TEST_VARIABLE) != 0 ? number_of(r, t->value) : t->value;
    switch ((enum test_op)t->op) {
    case OP_TRUE:
        return number_of(r, t->variable) == 1;
    case OP_IS:
    case OP_IN:
    case OP_OUTSIDE:
        return has(r, t);
    case OP_LT:
        return number_of(r, t->variable) < right;
    case OP_LE:
        return number_of(r, t->variable) <= right;
    case OP_GT:
        return number_of(r, t->variable) > right;
    case OP_GE:
        return number_of(r, t->variable) >= right;
    case OP_GIVEN:
        return !r->fact.of[t->variable - VAR_FACT_BASE].assumed;
    case OP_MONTHS:
        return months_passed(number_of(r, t->variable), t->value, r->j->day);
    case OP_FIRED:
        return r->fired[t->value];
    case OP_END:
        break;
    }
    return false;
}

static bool fact_reads(const struct run *r, uint64_t variable, struct judge_mask *reads)
{
    const struct set_value *f = &r->fact.of[variable - VAR_FACT_BASE];
    if (f->assumed) {
        mask_add(reads, (uint32_t)(variable - VAR_FACT_BASE));
    }
    return f->known;
}

/* One literal. What an unknown fact says is false, whatever is asked of it, and its negation true.
 */
static bool test_holds(const struct run *r, const struct set_test *t, struct judge_mask *reads)
{
    bool plain;
    if (t->variable > VAR_FACT_BASE) {
        bool known = fact_reads(r, t->variable, reads) || t->op == OP_GIVEN;
        if ((t->flags & TEST_VARIABLE) != 0 && t->value > VAR_FACT_BASE) {
            known = fact_reads(r, t->value, reads) && known;
        }
        plain = known && test_plain(r, t);
    } else {
        plain = test_plain(r, t);
        if (t->op == OP_FIRED) {
            mask_join(reads, r->reads[t->value]);
        } else if (t->variable >= VAR_COUNT_BASE) {
            mask_join(reads, r->count_reads[t->variable - VAR_COUNT_BASE]);
        }
    }
    return plain != ((t->flags & TEST_NOT) != 0);
}

/* A conjunction of disjunctions. *reads gets the assumed facts without which the answer might be
 * another: of a true one those of the first literal that makes each disjunction true, and none
 * where some literal is true on declared facts alone; of a false one those of the first false
 * disjunction, and none if some disjunction is false on declared facts alone. */
static bool tests_hold(const struct run *r, struct set_tests tests, struct judge_mask *reads)
{
    struct judge_mask yes = { 0 }, no = { 0 };
    bool holds = true;
    for (size_t i = 0; i < tests.count;) {
        struct judge_mask clause = { 0 };
        bool any = false, last = false;
        for (; !last; i++) {
            last = (tests.at[i].flags & TEST_LAST) != 0;
            if (any && mask_empty(clause)) {
                continue;
            }
            struct judge_mask one = { 0 };
            bool hit = test_holds(r, &tests.at[i], &one);
            if (hit && (!any || mask_empty(one))) {
                any = true;
                clause = one;
            } else if (!any) {
                mask_join(&clause, one);
            }
        }
        if (any) {
            mask_join(&yes, clause);
        } else if (mask_empty(clause)) { /* whatever else is asked */
            *reads = clause;
            return false;
        } else {
            no = holds ? clause : no;
            holds = false;
        }
    }
    *reads = holds ? yes : no;
    return holds;
}

static void fact_put(struct run *r, uint32_t number, uint64_t value, bool given)
{
    r->fact.of[number] = (struct set_value){ .value = value, .known = true, .assumed = !given };
}

static void facts_declared(struct run *r)
{
    const struct policy_facts *f = r->j->facts;
    /* nobody said how many: at least those of whom more was said */
    uint64_t subjects = f->subjects_given ? f->subjects : f->sensitive_subjects;
    fact_put(r, FACT_SUBJECTS, subjects, f->subjects_given);
    fact_put(r, FACT_PRIOR_SUBJECTS, f->prior_subjects, true);
    fact_put(r, FACT_SENSITIVE_SUBJECTS, f->sensitive_subjects, true);
    fact_put(r, FACT_PRIOR_SENSITIVE_SUBJECTS, f->prior_sensitive_subjects, true);
    fact_put(r, FACT_IMPORTANT_DATA, f->important_data, true);
    for (size_t i = 0; i < f->fact_count; i++) {
        fact_put(r, f->fact[i].number, f->fact[i].value, true);
    }
}

/* A check that does not say how many persons there are is told so whenever it is of persons, which
 * is where the default of that fact has a condition (vocabulary), whether a rule counts them or
 * not. */
static void subjects_assume(struct run *r, const struct set_fact *f)
{
    for (size_t k = 0; k < f->default_count; k++) {
        struct judge_mask reads;
        if (tests_hold(r, f->defaults[k].tests, &reads)) {
            if (f->defaults[k].tests.count > 0) {
                mask_add(&r->j->assumed, f->number);
            }
            return;
        }
    }
}

/* The defaults that ask something, in ascending order, so that each finds the facts below it
 * decided. */
static void facts_assume(struct run *r)
{
    const struct policy_set *set = r->j->set;
    for (size_t i = 0; i < set->asking_count; i++) {
        const struct set_fact *f = &set->facts[set->asking[i]];
        if (f->number == FACT_SUBJECTS && r->fact.of[f->number].assumed) {
            subjects_assume(r, f);
        }
        if (r->fact.of[f->number].known) {
            continue;
        }
        for (size_t k = 0; k < f->default_count; k++) {
            struct judge_mask reads;
            if (tests_hold(r, f->defaults[k].tests, &reads)) {
                uint64_t value = f->defaults[k].kind == DEFAULT_EXPORTER ? r->j->facts->from
                                                                         : f->defaults[k].value;
                fact_put(r, f->number, value, false);
                break;
            }
        }
    }
}

static uint64_t less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

static uint64_t fact_or_zero(const struct run *r, uint32_t number)
{
    return number == 0 || !r->fact.of[number].known ? 0 : r->fact.of[number].value;
}

/* What the rules compare: this transfer, what was declared as sent before, and what the ledger has
 * counted or reserved; never below the total of parts that belong together. */
static void counts_make(struct run *r)
{
    const struct set_pack *p = r->leg->pack;
    for (size_t i = 0; i < p->counter_count; i++) {
        const struct set_counter *c = &p->counters[i];
        uint64_t adds = less(fact_or_zero(r, c->plus), fact_or_zero(r, c->minus));
        uint64_t total = adds +
                         less(fact_or_zero(r, c->prior_plus), fact_or_zero(r, c->prior_minus)) +
                         fact_or_zero(r, c->prior_also);
        for (size_t k = 0; r->leg->origin && k < r->j->counter_count; k++) {
            const struct policy_counter *held = &r->j->counters[k];
            if (held->regime == c->regime && held->kind == c->kind) {
                total += held->value;
            }
        }
        r->count_reads[i] = (struct judge_mask){ 0 };
        if (c->at_least != 0 && tests_hold(r, c->at_least_tests, &r->count_reads[i])) {
            uint64_t floor = fact_or_zero(r, c->at_least);
            total = floor > total ? floor : total;
            (void)fact_reads(r, VAR_FACT_BASE + c->at_least, &r->count_reads[i]);
        }
        (void)fact_reads(r, VAR_FACT_BASE + c->plus, &r->count_reads[i]);
        if (c->prior_also != 0) {
            (void)fact_reads(r, VAR_FACT_BASE + c->prior_also, &r->count_reads[i]);
        }
        r->add[i] = adds;
        r->count[i] = total;
    }
}

static bool holds_one_of(const struct policy_facts *f, struct set_numbers words)
{
    for (size_t i = 0; i < words.count; i++) {
        for (size_t k = 0; k < f->mechanism_count; k++) {
            if (f->mechanisms[k] == words.at[i]) {
                return true;
            }
        }
    }
    return false;
}

/* The strongest permit of a regime, and the strongest of its requirements that no permit lifts. */
static void regime_ranks(const struct run *r, uint32_t regime, uint32_t *lift, uint32_t *strongest)
{
    const struct set_pack *p = r->leg->pack;
    *lift = 0;
    *strongest = 0;
    for (size_t i = 0; i < p->rule_count; i++) {
        const struct set_rule *rule = &p->rules[i];
        if (r->fired[i] && rule->regime == regime && rule->effect == EFFECT_PERMIT &&
            rule->rank > *lift) {
            *lift = rule->rank;
        }
    }
    for (size_t i = 0; i < p->rule_count; i++) {
        const struct set_rule *rule = &p->rules[i];
        if (r->fired[i] && rule->regime == regime && rule->effect == EFFECT_REQUIRE &&
            rule->rank > *lift && rule->rank > *strongest) {
            *strongest = rule->rank;
        }
    }
}

static enum err item_put(struct run *r, const struct set_rule *rule, uint32_t outcome)
{
    struct judge *j = r->j;
    uint32_t cite = 0;
    if (rule->cite_list != 0) {
        const struct set_list *list = &j->set->lists[rule->cite_list - 1];
        const struct set_member *m = set_list_find(list, r->leg->to, j->day);
        cite = m == NULL ? 0 : m->cite;
    }
    for (size_t i = 0; i < j->item_count; i++) {
        const struct judge_item *old = &j->items[i];
        if (old->rule == rule && old->outcome == outcome && old->cite == cite) {
            return ERR_NONE;
        }
    }
    if (j->item_count == POLICY_FIRED_MAX) {
        return ERR_SIZE;
    }
    j->items[j->item_count++] = (struct judge_item){ rule, outcome, r->leg->layer, cite };
    return ERR_NONE;
}

static enum err replaced_put(struct judge *j, uint32_t number)
{
    if (j->replaced_count == POLICY_FIRED_MAX) {
        return ERR_SIZE;
    }
    j->replaced[j->replaced_count++] = number;
    return ERR_NONE;
}

/* Rank 0 always stays. A ranked requirement goes when a permit of its own regime lifts it, or when
 * a stronger route of that regime stands beside it (DESIGN 6). */
static enum err require_put(struct run *r, const struct set_rule *rule)
{
    if (rule->rank > 0) {
        uint32_t lift, strongest;
        regime_ranks(r, rule->regime, &lift, &strongest);
        if (rule->rank <= lift || rule->rank < strongest) {
            return replaced_put(r->j, rule->number);
        }
    }
    const struct policy_facts *f = r->j->facts;
    bool held = (rule->flags & RULE_NEVER_HELD) == 0 &&
                (holds_one_of(f, rule->any_of) || holds_one_of(f, rule->also));
    return item_put(r, rule, held ? ITEM_HELD : ITEM_MISSING);
}

static enum err rule_put(struct run *r, const struct set_rule *rule)
{
    switch ((enum rule_effect)rule->effect) {
    case EFFECT_DEFINE:
        return ERR_NONE;
    case EFFECT_NOTE:
        return item_put(r, rule, ITEM_NOTE);
    case EFFECT_OBLIGE:
        return item_put(r, rule, ITEM_OBLIGE);
    case EFFECT_PERMIT:
        return item_put(r, rule, ITEM_PERMIT);
    case EFFECT_REQUIRE:
        return require_put(r, rule);
    case EFFECT_DENY:
        return item_put(r, rule, ITEM_DENY);
    case EFFECT_END:
        break;
    }
    return ERR_RANGE;
}

/* What a grant adds to the ledger's counters: once for each (regime, kind), and nothing for volumes
 * that the law leaves out of the count. */
static enum err counted_put(struct run *r)
{
    struct judge *j = r->j;
    for (size_t i = 0; i < r->leg->pack->counter_count; i++) {
        const struct set_counter *c = &r->leg->pack->counters[i];
        struct judge_mask reads;
        bool known = false;
        for (size_t k = 0; k < j->counted_count; k++) {
            known = known || (j->counted[k].regime == c->regime && j->counted[k].kind == c->kind);
        }
        if (known || r->add[i] == 0 || !tests_hold(r, c->tests, &reads)) {
            continue;
        }
        if (j->counted_count == POLICY_COUNTED_MAX) {
            return ERR_SIZE;
        }
        j->counted[j->counted_count++] =
            (struct policy_add){ c->regime, c->kind, c->period, r->add[i], r->count[i] };
    }
    return ERR_NONE;
}

enum err judge_leg(struct judge *j, const struct judge_leg *leg)
{
    struct run r;
    const struct set_pack *p = leg->pack;
    ASSERT(p->rule_count <= PACK_RULE_MAX && p->counter_count <= PACK_COUNTER_MAX);
    r.j = j;
    r.leg = leg;
    r.fact = j->set->absent;
    facts_declared(&r);
    facts_assume(&r);
    counts_make(&r);
    for (size_t i = 0; i < p->rule_count; i++) {
        const struct set_rule *rule = &p->rules[i];
        bool here = rule->side == leg->side || (rule->side == SIDE_BOTH && leg->side != SIDE_REACH);
        r.fired[i] = false;
        r.reads[i] = (struct judge_mask){ 0 };
        if (here && in_force(rule, j->day)) {
            r.fired[i] = tests_hold(&r, rule->tests, &r.reads[i]);
            if (rule->effect != EFFECT_DEFINE) {
                mask_join(&j->assumed, r.reads[i]);
            }
        }
    }
    for (size_t i = 0; i < p->rule_count; i++) {
        if (r.fired[i]) {
            TRY(rule_put(&r, &p->rules[i]));
        }
    }
    return leg->origin ? counted_put(&r) : ERR_NONE;
}
