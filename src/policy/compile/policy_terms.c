/* What the laws together leave, and where no one obeys both: as JSON and as sentences. */
#include <string.h>

#include "base/clock.h"
#include "policy/compile/book_internal.h"
#include "policy/judge_internal.h"
#include "policy/merge_internal.h"

/* What stands before and after the value; `none` of an empty list, or of 0. */
struct term_words {
    const char *before, *after, *none;
};
static const struct term_words ENGLISH[TERM_END] = {
    [TERM_COPY_IN] = { "a copy is kept in ", "", "" },
    [TERM_STAYS_IN] = { "there is no copy outside ", "", "" },
    [TERM_KEEP_MOST_DAYS] = { "the data is kept for at most ", " days", "" },
    [TERM_KEEP_LEAST_DAYS] = { "the data is kept for at least ", " days", "" },
    [TERM_RECORDS_MONTHS] = { "the records of the transfer are kept for ", " months", "" },
    [TERM_BREACH_HOURS] = { "a breach is notified within ", " hours",
                            "a breach is notified at once" },
    [TERM_VALID_MONTHS] = { "what is in place is valid for ", " months", "" },
    [TERM_CONSENT] = { "where consent is the ground, its form is ", "", "" },
    [TERM_PURPOSES] = { "it may be used only for ", "", "it may be used for nothing" },
    [TERM_RECIPIENTS] = { "it may be received only by ", "", "nobody may receive it" },
    [TERM_ONWARD] = { "it may be sent on only to ", "", "it may be sent on to nobody" },
};
static const struct term_words CHINESE[TERM_END] = {
    [TERM_COPY_IN] = { "须在下列地点保存副本:", "", "" },
    [TERM_STAYS_IN] = { "不得在下列地点以外保存副本:", "", "" },
    [TERM_KEEP_MOST_DAYS] = { "数据最长保存", "日", "" },
    [TERM_KEEP_LEAST_DAYS] = { "数据至少保存", "日", "" },
    [TERM_RECORDS_MONTHS] = { "传输记录至少保存", "个月", "" },
    [TERM_BREACH_HOURS] = { "发生泄露的,须在", "小时内通知", "发生泄露的,应当立即通知" },
    [TERM_VALID_MONTHS] = { "所具备的机制有效期为", "个月", "" },
    [TERM_CONSENT] = { "以同意为依据的,其形式为", "", "" },
    [TERM_PURPOSES] = { "仅可用于:", "", "不得用于任何目的" },
    [TERM_RECIPIENTS] = { "仅可由下列方接收:", "", "任何人不得接收" },
    [TERM_ONWARD] = { "仅可再提供至:", "", "不得再提供" },
};
static const char *const FORMS_ZH[] = { [CONSENT_OPT_OUT] = "可拒绝",
                                        [CONSENT_PLAIN] = "同意",
                                        [CONSENT_EXPLICIT] = "明示同意",
                                        [CONSENT_SEPARATE] = "单独同意" };

static bool is_list(uint32_t kind)
{
    return kind <= TERM_STAYS_IN || kind >= TERM_PURPOSES;
}

static bool is_places(uint32_t kind)
{
    return kind <= TERM_STAYS_IN || kind == TERM_ONWARD;
}

/* The last day on which what is in place is valid; false when its day was not declared. */
static bool valid_until(const struct policy_book *b, const struct policy_check *check,
                        uint64_t months, char day[CLOCK_DAY_TEXT_SIZE])
{
    for (size_t i = 0; i < check->facts.fact_count; i++) {
        const struct policy_fact *f = &check->facts.fact[i];
        if (f->type == POLICY_DAY && strcmp(book_fact(b, f->number), "mechanism_date") == 0) {
            uint32_t end = judge_months_later((uint32_t)f->value, months);
            if (end != UINT32_MAX && end > 0) {
                clock_format_day(end - 1, day);
                return true;
            }
        }
    }
    return false;
}

static json_t *rules_json(const struct policy_book *b, const struct merged_term *t)
{
    json_t *list = json_new_array();
    for (size_t i = 0; i < t->rule_count; i++) {
        json_push(list, json_new_str(book_rule(b, t->rule[i]->number)));
    }
    return list;
}

static json_t *term_json(const struct policy_book *b, const struct policy_check *check,
                         uint32_t kind, const struct merged_term *t)
{
    json_t *o = json_new_object(), *list = json_new_array();
    char day[CLOCK_DAY_TEXT_SIZE];
    json_put(o, "term", json_new_str(term_name(kind)));
    for (size_t i = 0; i < t->count; i++) {
        json_push(list,
                  json_new_str(is_places(kind) ? book_place(b, t->at[i]) : book_word(b, t->at[i])));
    }
    if (is_list(kind)) {
        json_put(o, is_places(kind) ? "places" : "words", list);
    } else {
        json_free(list);
        json_put(o, "value",
                 kind == TERM_CONSENT ? json_new_str(term_consent(t->value))
                                      : json_new_int((int64_t)t->value));
    }
    if (kind == TERM_VALID_MONTHS && valid_until(b, check, t->value, day)) {
        json_put(o, "until", json_new_str(day));
    }
    json_put(o, "rules", rules_json(b, t));
    return o;
}

void terms_put(const struct policy_book *b, const struct policy_check *check,
               const struct policy_verdict *v, json_t *answer)
{
    struct merge m;
    struct merged_term t;
    merge_of_verdict(b->set, v, &m);
    if (m.count == 0) {
        return;
    }
    json_t *list = json_new_array();
    for (uint32_t kind = TERM_COPY_IN; kind < TERM_END; kind++) {
        if (merge_term(&m, (enum term_kind)kind, &t) == ERR_NONE) {
            json_push(list, term_json(b, check, kind, &t));
        }
    }
    json_put(answer, "terms", list);
}

static json_t *conflict_json(const struct policy_book *b, const struct merge_conflict *c)
{
    const struct book_rule *one = &b->rules[c->one->number - 1];
    const struct book_rule *other = &b->rules[c->other->number - 1];
    json_t *o = json_new_object();
    json_put(o, "rule", json_new_str(one->id));
    json_put(o, "law", json_copy_of(one->cites));
    json_put(o, "against", json_new_str(other->en));
    json_put(o, "against_rule", json_new_str(other->id));
    json_put(o, "against_law", json_copy_of(other->cites));
    return o;
}

void terms_conflicts(const struct policy_book *b, const struct policy_verdict *v, json_t *list)
{
    struct merge m;
    struct merge_conflict c[MERGE_CONFLICT_MAX];
    merge_of_verdict(b->set, v, &m);
    size_t count = merge_conflicts(&m, c, COUNT(c));
    for (size_t i = 0; v->code == POLICY_DENY && i < count; i++) {
        json_push(list, conflict_json(b, &c[i]));
    }
}

static void cites_say(struct text *t, const struct policy_book *b, const struct set_rule *r,
                      bool zh)
{
    for (size_t i = 0; i < r->cites.count; i++) {
        const char *between = zh ? "、" : ", ", *before = zh ? "〔" : " [";
        text_put(t, "%s%s", i == 0 ? before : between, book_cite(b, r->cites.at[i]));
    }
    text_put(t, "%s", zh ? "〕" : "]");
}

static void value_say(struct text *t, const struct policy_book *b, uint32_t kind,
                      const struct merged_term *x, enum policy_language language)
{
    bool zh = language == POLICY_CHINESE;
    for (size_t i = 0; i < x->count; i++) {
        const char *said = is_places(kind) ? book_place_name(b, x->at[i], language)
                                           : book_said(b, x->at[i], language);
        text_put(t, "%s%s", i == 0 ? "" : zh ? "、" : ", ", said);
    }
    if (kind == TERM_CONSENT) {
        text_put(t, "%s", zh ? FORMS_ZH[x->value] : term_consent(x->value));
    } else if (!is_list(kind)) {
        text_put(t, "%llu", (unsigned long long)x->value);
    }
}

static void until_say(struct text *t, const struct policy_book *b, const struct policy_check *check,
                      uint32_t kind, const struct merged_term *x, bool zh)
{
    char day[CLOCK_DAY_TEXT_SIZE];
    if (kind == TERM_VALID_MONTHS && valid_until(b, check, x->value, day)) {
        text_put(t, zh ? "(至%s)" : ", until %s", day);
    }
}

void terms_say(const struct policy_book *b, const struct policy_check *check,
               const struct policy_verdict *v, enum policy_language language, struct text *t)
{
    const struct term_words *words = language == POLICY_CHINESE ? CHINESE : ENGLISH;
    struct merge m;
    struct merged_term x;
    merge_of_verdict(b->set, v, &m);
    for (uint32_t kind = TERM_COPY_IN; m.count > 0 && kind < TERM_END; kind++) {
        if (merge_term(&m, (enum term_kind)kind, &x) != ERR_NONE) {
            continue;
        }
        bool none = (is_list(kind) && x.count == 0) || (kind == TERM_BREACH_HOURS && x.value == 0);
        text_put(t, "  - %s", none ? words[kind].none : words[kind].before);
        if (!none) {
            value_say(t, b, kind, &x, language);
            text_put(t, "%s", words[kind].after);
        }
        until_say(t, b, check, kind, &x, language == POLICY_CHINESE);
        cites_say(t, b, x.rule[0], language == POLICY_CHINESE);
        text_put(t, "\n");
    }
}

void terms_conflicts_say(const struct policy_book *b, const struct policy_verdict *v,
                         enum policy_language language, struct text *t)
{
    struct merge m;
    struct merge_conflict c[MERGE_CONFLICT_MAX];
    merge_of_verdict(b->set, v, &m);
    size_t count = merge_conflicts(&m, c, COUNT(c));
    for (size_t i = 0; i < count; i++) {
        text_put(t, "  - %s", book_rule_note(b, c[i].one->number, language));
        cites_say(t, b, c[i].one, language == POLICY_CHINESE);
        text_put(t, "%s", language == POLICY_CHINESE ? ",与此相抵触:" : ", against: ");
        text_put(t, "%s", book_rule_note(b, c[i].other->number, language));
        cites_say(t, b, c[i].other, language == POLICY_CHINESE);
        text_put(t, "\n");
    }
}
