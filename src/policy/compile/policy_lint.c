#include <stdlib.h>
#include <string.h>

#include "policy/compile/book_internal.h"

struct lint {
    const struct policy_book *book;
    struct text text;
    size_t findings;
};

static void find(struct lint *l, const struct set_rule *rule, const char *what)
{
    text_put(&l->text, "%s: %s\n", book_rule(l->book, rule->number), what);
    l->findings++;
}

static bool tests_ask(struct set_tests tests, uint32_t op, uint64_t value)
{
    for (size_t i = 0; i < tests.count; i++) {
        bool lists = op == OP_IN && tests.at[i].op == OP_OUTSIDE;
        if ((tests.at[i].op == op || lists) && tests.at[i].value == value) {
            return true;
        }
    }
    return false;
}

static bool pack_asks(const struct set_pack *p, uint32_t op, uint64_t value)
{
    for (size_t i = 0; i < p->rule_count; i++) {
        if (tests_ask(p->rules[i].tests, op, value) ||
            (op == OP_IN && p->rules[i].cite_list == value)) {
            return true;
        }
        for (size_t k = 0; op == OP_IN && k < p->rules[i].term_count; k++) {
            const struct set_term *x = &p->rules[i].terms[k];
            if (x->kind >= TERM_PURPOSES && x->value == value) {
                return true;
            }
        }
    }
    for (size_t i = 0; i < p->counter_count; i++) {
        if (tests_ask(p->counters[i].tests, op, value) ||
            tests_ask(p->counters[i].at_least_tests, op, value)) {
            return true;
        }
    }
    return false;
}

static bool tests_equal(struct set_tests a, struct set_tests b)
{
    bool equal = a.count == b.count;
    for (size_t i = 0; equal && i < a.count; i++) {
        equal = a.at[i].variable == b.at[i].variable && a.at[i].op == b.at[i].op &&
                a.at[i].flags == b.at[i].flags && a.at[i].value == b.at[i].value;
    }
    return equal;
}

static bool periods_meet(const struct set_rule *a, const struct set_rule *b)
{
    return (a->to_day == 0 || b->from_day <= a->to_day) &&
           (b->to_day == 0 || a->from_day <= b->to_day);
}

/* The same condition and effect twice in the same regime; two citations of one rule are two rules
 * only when each adds words or articles. */
static bool says_again(const struct set_rule *a, const struct set_rule *b)
{
    bool cites = a->cites.count == b->cites.count &&
                 memcmp(a->cites.at, b->cites.at, a->cites.count * sizeof *a->cites.at) == 0;
    return a->effect == b->effect && a->side == b->side && a->regime == b->regime && cites &&
           a->duty_count == b->duty_count && periods_meet(a, b) && tests_equal(a->tests, b->tests);
}

/* A clause of one test; of a choice nothing follows. */
static const struct set_test *alone(struct set_tests tests, size_t at)
{
    bool first = at == 0 || (tests.at[at - 1].flags & TEST_LAST) != 0;
    return first && (tests.at[at].flags & TEST_LAST) != 0 ? &tests.at[at] : NULL;
}

static bool one_valued(uint32_t variable)
{
    return variable == VAR_FROM || variable == VAR_TO || variable == VAR_ROLE ||
           variable == VAR_SECTOR || variable == VAR_PURPOSE || variable > VAR_FACT_BASE;
}

/* Both cannot hold: a thing and its opposite, two values at once, less than a and more than it. */
static bool excludes(const struct set_test *a, const struct set_test *b)
{
    bool same = a->variable == b->variable && a->op == b->op;
    bool a_not = (a->flags & TEST_NOT) != 0, b_not = (b->flags & TEST_NOT) != 0;
    if (same && a->value == b->value) {
        return a_not != b_not;
    }
    if (same && a->op == OP_IS && !a_not && !b_not) {
        return one_valued(a->variable);
    }
    bool plain = ((a->flags | b->flags) & (TEST_NOT | TEST_VARIABLE)) == 0;
    bool upper = a->op == OP_LT || a->op == OP_LE, lower = b->op == OP_GT || b->op == OP_GE;
    if (!plain || a->variable != b->variable || !upper || !lower) {
        return false;
    }
    uint64_t most = a->value - (a->op == OP_LT && a->value > 0 ? 1 : 0);
    return most < b->value + (b->op == OP_GT ? 1 : 0);
}

static bool never_holds(struct set_tests tests)
{
    for (size_t i = 0; i < tests.count; i++) {
        for (size_t k = 0; k < tests.count; k++) {
            const struct set_test *a = alone(tests, i), *b = alone(tests, k);
            if (i != k && a != NULL && b != NULL && excludes(a, b)) {
                return true;
            }
        }
    }
    return false;
}

/* It needs a rule that is in force on none of its own days. */
static bool out_of_time(const struct set_pack *p, const struct set_rule *r)
{
    for (size_t i = 0; i < r->tests.count; i++) {
        const struct set_test *t = alone(r->tests, i);
        bool needs = t != NULL && t->op == OP_FIRED && (t->flags & TEST_NOT) == 0;
        if (needs && !periods_meet(r, &p->rules[t->value])) {
            return true;
        }
    }
    return false;
}

/* Permit and deny on the very same condition, in one regime and on the same days. */
static bool contradicts(const struct set_rule *a, const struct set_rule *b)
{
    bool opposite = (a->effect == EFFECT_PERMIT && b->effect == EFFECT_DENY) ||
                    (a->effect == EFFECT_DENY && b->effect == EFFECT_PERMIT);
    return opposite && a->side == b->side && a->regime == b->regime && periods_meet(a, b) &&
           tests_equal(a->tests, b->tests);
}

static bool lifts_something(const struct set_pack *p, const struct set_rule *permit)
{
    for (size_t i = 0; i < p->rule_count; i++) {
        const struct set_rule *r = &p->rules[i];
        if (r->effect == EFFECT_REQUIRE && r->regime == permit->regime && r->rank > 0 &&
            r->rank <= permit->rank) {
            return true;
        }
    }
    return permit->rank == 0;
}

static void rule_lint(struct lint *l, const struct set_pack *p, size_t at)
{
    const struct set_rule *r = &p->rules[at];
    if (r->effect == EFFECT_DEFINE && !pack_asks(p, OP_FIRED, at)) {
        find(l, r, "a definition that no rule asks for");
    }
    if (r->effect == EFFECT_PERMIT && !lifts_something(p, r)) {
        find(l, r, "a permit that lifts no requirement of its regime");
    }
    if (r->effect == EFFECT_DENY && r->tests.count == 0) {
        find(l, r, "denies everything");
    }
    if ((r->flags & RULE_UNCERTAIN) != 0 && r->effect > EFFECT_NOTE) {
        find(l, r, "uncertain, and it decides");
    }
    if (never_holds(r->tests)) {
        find(l, r, "can never hold: two of its tests exclude each other");
    }
    if (out_of_time(p, r)) {
        find(l, r, "can never hold: it needs a rule that is not in force on any of its days");
    }
    for (size_t i = 0; i < at; i++) {
        if (contradicts(&p->rules[i], r)) {
            find(l, r, "contradicts an earlier rule: the same condition is permitted and denied");
        }
        if (says_again(&p->rules[i], r)) {
            find(l, r, "says again what an earlier rule says");
        }
    }
}

static bool defaults_ask(const struct policy_set *set, uint64_t list)
{
    for (size_t i = 0; i < set->fact_count; i++) {
        for (size_t k = 0; k < set->facts[i].default_count; k++) {
            if (tests_ask(set->facts[i].defaults[k].tests, OP_IN, list)) {
                return true;
            }
        }
    }
    return false;
}

enum err policy_lint(const struct policy_book *b, size_t *findings, char **out)
{
    struct lint l = { .book = b };
    text_put(&l.text, "%s", "");
    for (size_t i = 0; i < b->set->pack_count; i++) {
        for (size_t k = 0; k < b->set->packs[i].rule_count; k++) {
            rule_lint(&l, &b->set->packs[i], k);
        }
    }
    for (size_t n = 1; n <= b->set->list_count; n++) {
        bool asked = defaults_ask(b->set, n);
        for (size_t i = 0; i < b->set->pack_count && !asked; i++) {
            asked = pack_asks(&b->set->packs[i], OP_IN, n);
        }
        if (!asked) {
            text_put(&l.text, "list %zu: nobody asks for it\n", n);
            l.findings++;
        }
    }
    if (l.text.failed) {
        free(l.text.at);
        return ERR_NO_SPACE;
    }
    *findings = l.findings;
    *out = l.text.at;
    return ERR_NONE;
}
