#include <string.h>

#include "policy/compile/book_internal.h"

enum { BOUND_MAX = 16 };

struct would {
    const struct policy_book *book;
    const struct policy_check *check;
    const struct policy_verdict *verdict;
    json_t *list;
    unsigned evaluations;
};
/* As many more persons as bring a count to a number that some rule compares it with. */
struct bound {
    const struct set_counter *counter;
    uint64_t more;
};

/* The verdict with other facts; 0 when there is none, or when the work is done. */
static uint32_t code_with(struct would *w, const struct policy_facts *facts)
{
    struct policy_verdict v;
    if (w->evaluations == WOULD_MAX) {
        return 0;
    }
    w->evaluations++;
    enum err err = policy_evaluate(w->book->set, facts, w->check->day, NULL, 0, &v);
    return err == ERR_NONE ? (uint32_t)v.code : 0;
}

static void put(struct would *w, const char *key, json_t *value, const char *fact, uint32_t code)
{
    json_t *o = json_new_object();
    if (fact != NULL) {
        json_put(o, "fact", json_new_str(fact));
    }
    json_put(o, key, value);
    json_put(o, "verdict", json_new_str(policy_code_word(code)));
    json_push(w->list, o);
}

static bool mechanism_add(struct policy_facts *f, uint32_t word)
{
    size_t k = f->mechanism_count;
    if (k == POLICY_MECHANISM_MAX) {
        return false;
    }
    for (; k > 0 && f->mechanisms[k - 1] >= word; k--) {
        if (f->mechanisms[k - 1] == word) {
            return false;
        }
        f->mechanisms[k] = f->mechanisms[k - 1];
    }
    f->mechanisms[k] = word;
    f->mechanism_count++;
    return true;
}

/* Which one of the missing mechanisms would, alone, make the verdict laxer. */
static void mechanisms(struct would *w)
{
    const struct policy_verdict *v = w->verdict;
    for (size_t i = 0; i < v->required_count && v->code == POLICY_NEEDS_MECHANISM; i++) {
        for (size_t k = 0; k < v->required[i].count; k++) {
            uint32_t word = v->required[i].any_of[k];
            struct policy_facts with = w->check->facts;
            /* already there, or no room: `with` is thrown away */
            if (!set_word_is(w->book->set, word, WORD_MECHANISM) || !mechanism_add(&with, word)) {
                continue;
            }
            uint32_t code = code_with(w, &with);
            if (code != 0 && code < (uint32_t)v->code) {
                put(w, "mechanism", json_new_str(book_word(w->book, word)), NULL, code);
            }
        }
    }
}

static bool fact_add(struct policy_facts *f, struct policy_fact fact)
{
    size_t k = f->fact_count;
    if (k == POLICY_FACT_MAX) {
        return false;
    }
    for (; k > 0 && f->fact[k - 1].number > fact.number; k--) {
        f->fact[k] = f->fact[k - 1];
    }
    f->fact[k] = fact;
    f->fact_count++;
    return true;
}

/* To say of a fact what was assumed anyway gives the same verdict, unless its default depends on
 * the leg or some test asks whether it was said. Counted as the evaluation that it saves. */
static bool says_nothing(struct would *w, uint32_t number, uint64_t yes)
{
    const struct policy_set *set = w->book->set;
    const struct set_value *absent = &set->absent.of[number];
    bool asked = (set->given[number / 64] >> (number % 64) & 1) != 0;
    if (!absent->known || absent->value != yes || asked) {
        return false;
    }
    w->evaluations += w->evaluations < WOULD_MAX ? 1 : 0;
    return true;
}

/* The facts of yes and no that were assumed, said both ways. */
static void facts(struct would *w)
{
    const struct policy_set *set = w->book->set;
    for (size_t i = 0; i < w->verdict->assumed_count; i++) {
        uint32_t number = w->verdict->assumed[i];
        bool open = number >= FACT_FIRST_OPEN && number <= FACT_NUMBER_MAX &&
                    set->fact_row[number] != 0 &&
                    set->facts[set->fact_row[number] - 1].type == POLICY_BOOL;
        for (uint64_t yes = 0; open && yes < 2; yes++) {
            struct policy_facts with = w->check->facts;
            uint32_t code = 0;
            if (!says_nothing(w, number, yes) &&
                fact_add(&with, (struct policy_fact){ number, POLICY_BOOL, yes })) {
                code = code_with(w, &with);
            }
            if (code != 0 && code != (uint32_t)w->verdict->code) {
                put(w, "value", json_new_bool(yes == 1), book_fact(w->book, number), code);
            }
        }
    }
}

static uint64_t count_fact(const struct policy_facts *f, uint32_t number)
{
    for (size_t i = 0; i < f->fact_count; i++) {
        if (f->fact[i].number == number) {
            return f->fact[i].value;
        }
    }
    const uint64_t values[] = { [FACT_SUBJECTS] = f->subjects,
                                [FACT_PRIOR_SUBJECTS] = f->prior_subjects,
                                [FACT_SENSITIVE_SUBJECTS] = f->sensitive_subjects,
                                [FACT_PRIOR_SENSITIVE_SUBJECTS] = f->prior_sensitive_subjects };
    return number >= FACT_SUBJECTS && number < COUNT(values) ? values[number] : 0;
}

static uint64_t less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

static uint64_t counted(const struct set_counter *c, const struct policy_facts *f)
{
    return less(count_fact(f, c->plus), count_fact(f, c->minus)) +
           less(count_fact(f, c->prior_plus), count_fact(f, c->prior_minus)) +
           count_fact(f, c->prior_also);
}

/* Ascending, each once. */
static void bound_add(struct bound bounds[BOUND_MAX], size_t *count, struct bound x)
{
    size_t k = *count;
    for (size_t i = 0; i < *count; i++) {
        if (bounds[i].counter == x.counter && bounds[i].more == x.more) {
            return;
        }
    }
    if (*count == BOUND_MAX) {
        return;
    }
    for (; k > 0 && bounds[k - 1].more > x.more; k--) {
        bounds[k] = bounds[k - 1];
    }
    bounds[k] = x;
    ++*count;
}

static size_t bounds_find(const struct set_pack *p, const struct policy_check *check,
                          struct bound bounds[BOUND_MAX])
{
    const struct policy_facts *f = &check->facts;
    size_t count = 0;
    for (size_t i = 0; i < p->rule_count; i++) {
        bool now = p->rules[i].from_day <= check->day &&
                   (p->rules[i].to_day == 0 || check->day <= p->rules[i].to_day);
        for (size_t k = 0; now && k < p->rules[i].tests.count; k++) {
            const struct set_test *t = &p->rules[i].tests.at[k];
            bool counts = t->variable >= VAR_COUNT_BASE && t->variable < VAR_FACT_BASE &&
                          t->op >= OP_LT && t->op <= OP_GE && (t->flags & TEST_VARIABLE) == 0;
            if (!counts) {
                continue;
            }
            const struct set_counter *c = &p->counters[t->variable - VAR_COUNT_BASE];
            uint64_t at = t->value + (t->op == OP_GT || t->op == OP_LE ? 1 : 0);
            if (at > counted(c, f)) {
                bound_add(bounds, &count, (struct bound){ c, at - counted(c, f) });
            }
        }
    }
    return count;
}

/* The least number of persons, in each count, from which on the verdict is another. */
static void thresholds(struct would *w)
{
    struct bound bounds[BOUND_MAX];
    const struct set_place *place = set_place_find(w->book->set, w->check->facts.from);
    if (place == NULL || place->pack == 0) {
        return;
    }
    const struct set_pack *p = &w->book->set->packs[place->pack - 1];
    size_t count = bounds_find(p, w->check, bounds);
    uint32_t last[PACK_COUNTER_MAX];
    for (size_t i = 0; i < p->counter_count; i++) {
        last[i] = (uint32_t)w->verdict->code;
    }
    for (size_t i = 0; i < count; i++) {
        struct policy_facts with = w->check->facts;
        bool sensitive = bounds[i].counter->plus == FACT_SENSITIVE_SUBJECTS;
        size_t at = (size_t)(bounds[i].counter - p->counters);
        with.subjects += bounds[i].more;
        with.sensitive_subjects += sensitive ? bounds[i].more : 0;
        with.subjects_given = true;
        uint32_t code = code_with(w, &with);
        if (code != 0 && code != last[at]) {
            put(w, sensitive ? "sensitive_subjects" : "subjects",
                json_new_u64(sensitive ? with.sensitive_subjects : with.subjects), NULL, code);
            last[at] = code;
        }
    }
}

json_t *would_change(const struct policy_book *b, const struct policy_check *check,
                     const struct policy_verdict *v)
{
    struct would w = { .book = b, .check = check, .verdict = v, .list = json_new_array() };
    if (!v->no_border) {
        mechanisms(&w);
        thresholds(&w);
        facts(&w);
    }
    return w.list;
}
