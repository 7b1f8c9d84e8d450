#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "policy/compile/book_internal.h"

static json_t *conjunct_json(const struct policy_book *b, const struct policy_conjunct *c)
{
    if (c->count == 1) {
        return json_new_str(book_word(b, c->any_of[0]));
    }
    json_t *o = json_new_object(), *any = json_new_array();
    for (size_t i = 0; i < c->count; i++) {
        json_push(any, json_new_str(book_word(b, c->any_of[i])));
    }
    json_put(o, "any_of", any);
    return o;
}

static json_t *duties_json(const struct policy_book *b, const struct policy_verdict *v)
{
    json_t *list = json_new_array();
    for (size_t i = 0; i < v->obligation_count; i++) {
        const struct policy_duty *d = &v->obligations[i];
        json_t *o = json_new_object();
        json_put(o, "duty", json_new_str(book_word(b, d->duty)));
        if (d->days != 0) {
            json_put(o, d->working != 0 ? "working_days" : "days", json_new_int(d->days));
        }
        if (d->every_months != 0) {
            json_put(o, "every_months", json_new_int(d->every_months));
        }
        if (d->rule != 0) {
            json_put(o, "rule", json_new_str(book_rule(b, d->rule)));
        }
        json_push(list, o);
    }
    return list;
}

static json_t *counted_json(const struct policy_book *b, const struct policy_verdict *v)
{
    json_t *list = json_new_array();
    for (size_t i = 0; i < v->counted_count; i++) {
        const struct policy_add *c = &v->counted[i];
        bool year = c->period == POLICY_CALENDAR_YEAR;
        json_t *o = json_new_object();
        json_put(o, "regime", json_new_str(book_word(b, c->regime)));
        json_put(o, "kind", json_new_str(book_word(b, c->kind)));
        json_put(o, "period", json_new_str(year ? "calendar_year" : "twelve_months"));
        json_put(o, "adds", json_new_u64(c->adds));
        json_put(o, "total", json_new_u64(c->total));
        json_push(list, o);
    }
    return list;
}

typedef const char *text_of_number(const struct policy_book *b, uint32_t number);

static json_t *numbers_json(const struct policy_book *b, const uint32_t *at, size_t count,
                            text_of_number *text)
{
    json_t *list = json_new_array();
    for (size_t i = 0; i < count; i++) {
        json_push(list, json_new_str(text(b, at[i])));
    }
    return list;
}

static json_t *coverage_json(const struct policy_book *b, const struct policy_verdict *v)
{
    json_t *o = json_new_object();
    for (size_t i = 0; i < v->coverage_count; i++) {
        json_put(o, book_place(b, v->coverage[i].place),
                 json_new_str(policy_coverage_word(v->coverage[i].coverage)));
    }
    return o;
}

/* Obey one and break the other: both sides are named, and a person decides. */
static json_t *conflicts_json(const struct policy_book *b, const struct policy_check *check,
                              const struct policy_verdict *v)
{
    json_t *list = json_new_array();
    for (size_t i = 0; v->code == POLICY_DENY && i < v->rule_count; i++) {
        bool known = v->rules[i] >= 1 && v->rules[i] <= b->rule_count;
        const json_t *with = known ? b->rules[v->rules[i] - 1].conflict : NULL;
        const char *en = "";
        if (with == NULL || json_get_str(with, "en", &en) != ERR_NONE) {
            continue;
        }
        json_t *o = json_new_object();
        json_put(o, "rule", json_new_str(book_rule(b, v->rules[i])));
        json_put(o, "law", json_copy_of(b->rules[v->rules[i] - 1].cites));
        json_put(o, "against", json_new_str(en));
        json_put(o, "place", json_new_str(book_place(b, check->facts.to)));
        json_push(list, o);
    }
    terms_conflicts(b, v, list);
    return list;
}

json_t *policy_verdict_json(const struct policy_book *b, const struct policy_check *check,
                            const struct policy_verdict *v)
{
    /* Under --strict an answer that rests on an assumption is a question (vocabulary). */
    bool asks = check->strict && v->assumed_count > 0;
    char day[CLOCK_DAY_TEXT_SIZE];
    clock_format_day(v->day, day);
    json_t *o = json_new_object(), *required = json_new_array();
    for (size_t i = 0; i < v->required_count; i++) {
        json_push(required, conjunct_json(b, &v->required[i]));
    }
    json_put(o, "id", json_new_str(check->id));
    json_put(o, "date", json_new_str(day));
    json_put(o, "verdict", json_new_str(asks ? "needs_facts" : policy_code_word(v->code)));
    json_put(o, "required", required);
    json_put(o, "obligations", duties_json(b, v));
    json_put(o, "cites", numbers_json(b, v->cites, v->cite_count, book_cite));
    json_put(o, "rules", numbers_json(b, v->rules, v->rule_count, book_rule));
    json_put(o, "assumed", numbers_json(b, v->assumed, v->assumed_count, book_fact));
    json_put(o, "counted", counted_json(b, v));
    json_put(o, "would_change", json_new_array());
    json_put(o, "conflicts", conflicts_json(b, check, v));
    terms_put(b, check, v, o);
    json_put(o, "coverage", coverage_json(b, v));
    json_put(o, "packs_hash", json_new_hash(&v->set));
    if (v->no_border) {
        json_put(o, "note", json_new_str("nothing crosses a border"));
    }
    return o;
}

enum err policy_answer(const struct policy_book *b, const struct policy_check *check,
                       struct policy_verdict *verdict, json_t **out, char why[POLICY_WHY_SIZE])
{
    struct policy_verdict v;
    enum err err = policy_evaluate(b->set, &check->facts, check->day, NULL, 0, &v);
    if (err != ERR_NONE) {
        snprintf(why, POLICY_WHY_SIZE, "the check cannot be judged: %s", err_text(err));
        return err;
    }
    json_t *o = policy_verdict_json(b, check, &v);
    json_put(o, "would_change", would_change(b, check, &v));
    *verdict = v;
    *out = o;
    return ERR_NONE;
}

static json_t *rules_json(const struct policy_book *b)
{
    json_t *rules = json_new_array();
    for (uint32_t n = 1; n <= b->rule_count; n++) {
        const struct book_rule *from = &b->rules[n - 1];
        json_t *r = json_new_object(), *cites = json_new_array();
        for (size_t i = 0; from->cites != NULL && i < json_size(from->cites); i++) {
            json_push(cites, json_new_str(json_text_of(json_at(from->cites, i))));
        }
        json_put(r, "id", json_new_str(from->id));
        json_put(r, "effect", json_new_str(from->effect));
        json_put(r, "cites", cites);
        json_put(r, "en", json_new_str(from->en));
        json_put(r, "zh", json_new_str(from->zh));
        json_push(rules, r);
    }
    return rules;
}

static json_t *packs_json(const struct policy_book *b)
{
    static const char *const KEYS[] = { "pack", "coverage", "source" };
    const json_t *packs = json_member(b->prose, "packs");
    json_t *list = json_new_array();
    for (size_t i = 0; packs != NULL && i < json_size(packs); i++) {
        json_t *p = json_new_object();
        for (size_t k = 0; k < COUNT(KEYS); k++) {
            const char *text = "";
            if (json_get_str(json_at(packs, i), KEYS[k], &text) == ERR_NONE) {
                json_put(p, KEYS[k], json_new_str(text));
            }
        }
        json_push(list, p);
    }
    return list;
}

json_t *policy_book_json(const struct policy_book *b)
{
    json_t *o = json_new_object(), *words = json_new_array(), *cites = json_new_array();
    for (uint32_t n = 1; n <= b->set->word_uses.count; n++) {
        json_push(words, json_new_str(book_word(b, n)));
    }
    for (uint32_t n = 1; n <= b->cite_count; n++) {
        json_push(cites, json_new_str(book_cite(b, n)));
    }
    json_put(o, "packs_hash", json_new_hash(policy_set_hash(b->set)));
    json_put(o, "prose_hash", json_new_hash(policy_set_prose_hash(b->set)));
    json_put(o, "packs", packs_json(b));
    json_put(o, "rules", rules_json(b));
    json_put(o, "words", words);
    json_put(o, "cites", cites);
    return o;
}
