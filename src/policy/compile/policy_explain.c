#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "policy/compile/book_internal.h"

/* The sentences around the words of the book, in each language. */
struct phrases {
    const char *verdict[5], *because, *missing, *or_word, *duties, *within, *working, *articles,
        *assumed, *coverage[4], *covered, *no_border, *asks, *conflict, *clash, *terms, *advice;
};

static const struct phrases ENGLISH = {
    .verdict = { "?", "Yes, and nothing specific to the transfer is required.",
                 "Yes, with duties that attach to the transfer.",
                 "Not yet: something must exist before anything is sent.",
                 "No, and nothing in the exporter's own hands cures it." },
    .because = "\nWhy\n",
    .missing = "\nWhat is missing\n",
    .or_word = "; or ",
    .duties = "\nWhat to do\n",
    .within = " (within %u days)",
    .working = " (within %u working days)",
    .articles = "\nArticles: ",
    .assumed = "\nAssumed, because not said: ",
    .coverage = { "no rule pack", "a sketch", "a partial rule pack", "a full rule pack" },
    .covered = "\nCoverage: ",
    .no_border = "Nothing crosses a border.\n",
    .conflict = "\nA true conflict, which a person decides: the articles above stand against ",
    .clash = "\nA true conflict, which a person decides: nobody obeys both\n",
    .terms = "\nWhat the laws together leave\n",
    .asks = "Not answered: these facts decide, and were not said: ",
    .advice = "\n\nThis applies rules to declared facts. It is not legal advice.\n",
};
static const struct phrases CHINESE = {
    .verdict = { "?", "可以,且无专门针对该次传输的要求。", "可以,但须履行下列义务。",
                 "暂不可以:提供之前须先具备下列条件。", "不可以,且出境方自身无法补正。" },
    .because = "\n理由\n",
    .missing = "\n尚缺\n",
    .or_word = ";或者",
    .duties = "\n应当履行\n",
    .within = "(%u日内)",
    .working = "(%u个工作日内)",
    .articles = "\n条文:",
    .assumed = "\n未说明而按缺省值处理:",
    .coverage = { "无规则包", "规则包仅为草案", "规则包不完整", "规则包完整" },
    .covered = "\n覆盖:",
    .no_border = "数据未跨境。\n",
    .conflict = "\n存在真实的法律冲突,须由人决定:上述条文与下列要求相抵触:",
    .clash = "\n存在真实的法律冲突,须由人决定:下列规定不能同时遵守\n",
    .terms = "\n各法合并适用的结果\n",
    .asks = "尚不能回答:请先说明下列事实:",
    .advice = "\n\n以上仅是将规则适用于所声明的事实,不构成法律意见。\n",
};

static void required_put(const struct policy_book *b, const struct policy_verdict *v,
                         const struct phrases *p, enum policy_language language, struct text *t)
{
    if (v->code != POLICY_NEEDS_MECHANISM) {
        return;
    }
    text_put(t, "%s", p->missing);
    for (size_t i = 0; i < v->required_count; i++) {
        text_put(t, "  - ");
        for (size_t k = 0; k < v->required[i].count; k++) {
            text_put(t, "%s%s", k == 0 ? "" : p->or_word,
                     book_said(b, v->required[i].any_of[k], language));
        }
        text_put(t, "\n");
    }
}

static void duties_put(const struct policy_book *b, const struct policy_verdict *v,
                       const struct phrases *p, enum policy_language language, struct text *t)
{
    if (v->obligation_count > 0) {
        text_put(t, "%s", p->duties);
    }
    for (size_t i = 0; i < v->obligation_count; i++) {
        const struct policy_duty *d = &v->obligations[i];
        text_put(t, "  - %s", book_said(b, d->duty, language));
        if (d->days != 0) {
            const char *term = d->working != 0 ? p->working : p->within;
            const char *number = strstr(term, "%u");
            text_put(t, "%.*s%u%s", (int)(number - term), term, d->days, number + 2);
        }
        text_put(t, "\n");
    }
}

static void lists_put(const struct policy_book *b, const struct policy_verdict *v,
                      const struct phrases *p, struct text *t)
{
    for (size_t i = 0; i < v->cite_count; i++) {
        text_put(t, "%s%s", i == 0 ? p->articles : ", ", book_cite(b, v->cites[i]));
    }
    for (size_t i = 0; i < v->assumed_count; i++) {
        text_put(t, "%s%s", i == 0 ? p->assumed : ", ", book_fact(b, v->assumed[i]));
    }
    for (size_t i = 0; i < v->coverage_count; i++) {
        text_put(t, "%s%s: %s", i == 0 ? p->covered : ", ", book_place(b, v->coverage[i].place),
                 p->coverage[v->coverage[i].coverage & 3]);
    }
}

static void question_put(const struct policy_book *b, const struct policy_check *check,
                         const struct policy_verdict *v, enum policy_language language,
                         struct text *t)
{
    char day[CLOCK_DAY_TEXT_SIZE];
    clock_format_day(v->day, day);
    const char *from = book_place_name(b, check->facts.from, language);
    const char *to = book_place_name(b, check->facts.to, language);
    if (language == POLICY_CHINESE) {
        text_put(t, "该数据可否于%s自%s(%s)提供至%s(%s)?\n", day, from,
                 book_place(b, check->facts.from), to, book_place(b, check->facts.to));
    } else {
        text_put(t, "May this data go from %s (%s) to %s (%s) on %s?\n", from,
                 book_place(b, check->facts.from), to, book_place(b, check->facts.to), day);
    }
}

static void conflicts_put(const struct policy_book *b, const struct policy_check *check,
                          const struct policy_verdict *v, const struct phrases *p,
                          enum policy_language language, struct text *t)
{
    for (size_t i = 0; v->code == POLICY_DENY && i < v->rule_count; i++) {
        bool known = v->rules[i] >= 1 && v->rules[i] <= b->rule_count;
        const json_t *with = known ? b->rules[v->rules[i] - 1].conflict : NULL;
        const char *said = "";
        if (with != NULL &&
            json_get_str(with, language == POLICY_CHINESE ? "zh" : "en", &said) == ERR_NONE) {
            text_put(t, "%s%s (%s)\n", p->conflict, said,
                     book_place_name(b, check->facts.to, language));
        }
    }
}

static void counted_put(const struct policy_book *b, const struct policy_verdict *v,
                        enum policy_language language, struct text *t)
{
    for (size_t i = 0; i < v->counted_count; i++) {
        const struct policy_add *c = &v->counted[i];
        unsigned long long adds = c->adds, total = c->total;
        const char *kind = book_said(b, c->kind, language);
        if (language == POLICY_CHINESE) {
            text_put(t, "\n授权后%s累计增加%llu,合计%llu。", kind, adds, total);
        } else {
            text_put(t, "\nA grant adds %llu to the count of %s, which is then %llu.", adds, kind,
                     total);
        }
    }
}

/* A section of its own, and only when there is something in it. */
static void section_put(struct text *t, const char *title, struct text *body)
{
    if (body->len > 0) {
        text_put(t, "%s%s", title, body->at);
    }
    t->failed = t->failed || body->failed;
    free(body->at);
}

static void clashes_put(const struct policy_book *b, const struct policy_verdict *v,
                        const struct phrases *p, enum policy_language language, struct text *t)
{
    struct text body = { 0 };
    if (v->code == POLICY_DENY) {
        terms_conflicts_say(b, v, language, &body);
    }
    section_put(t, p->clash, &body);
}

static void merged_put(const struct policy_book *b, const struct policy_check *check,
                       const struct policy_verdict *v, const struct phrases *p,
                       enum policy_language language, struct text *t)
{
    struct text body = { 0 };
    terms_say(b, check, v, language, &body);
    section_put(t, p->terms, &body);
}

enum err policy_explain(const struct policy_book *b, const struct policy_check *check,
                        const struct policy_verdict *v, enum policy_language language, char **out)
{
    const struct phrases *p = language == POLICY_CHINESE ? &CHINESE : &ENGLISH;
    struct text t = { 0 };
    ASSERT(v->code >= POLICY_ALLOW && v->code <= POLICY_DENY);
    question_put(b, check, v, language, &t);
    if (v->no_border) {
        text_put(&t, "%s", p->no_border);
    }
    for (size_t i = 0; check->strict && i < v->assumed_count; i++) {
        text_put(&t, "%s%s%s", i == 0 ? p->asks : ", ", book_fact(b, v->assumed[i]),
                 i + 1 == v->assumed_count ? ".\n" : "");
    }
    text_put(&t, "%s\n", p->verdict[v->code]);
    required_put(b, v, p, language, &t);
    if (v->rule_count > 0) {
        text_put(&t, "%s", p->because);
    }
    for (size_t i = 0; i < v->rule_count; i++) {
        /* A verdict that came off a ledger was judged by a set that may not be this one. */
        bool known = v->rules[i] >= 1 && v->rules[i] <= b->rule_count;
        const json_t *cites = known ? b->rules[v->rules[i] - 1].cites : NULL;
        text_put(&t, "  - %s [", book_rule_note(b, v->rules[i], language));
        for (size_t k = 0; cites != NULL && k < json_size(cites); k++) {
            text_put(&t, "%s%s", k == 0 ? "" : ", ", json_text_of(json_at(cites, k)));
        }
        text_put(&t, "]\n");
    }
    conflicts_put(b, check, v, p, language, &t);
    clashes_put(b, v, p, language, &t);
    duties_put(b, v, p, language, &t);
    merged_put(b, check, v, p, language, &t);
    lists_put(b, v, p, &t);
    counted_put(b, v, language, &t);
    text_put(&t, "%s", p->advice);
    if (t.failed) {
        free(t.at);
        return ERR_NO_SPACE;
    }
    *out = t.at;
    return ERR_NONE;
}
