#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "policy/compile/book_internal.h"

/* The sentences around the words of the book, in each language. */
struct phrases {
    const char *verdict[5], *facts, *because, *told, *missing, *or_word, *duties, *within, *working,
        *every, *assumed, *changes, *full, *part, *none, *listing, *no_border, *asks, *conflict,
        *clash, *terms, *held, *lacking, *lifted, *duty, *forbids, *permits, *open, *close, *advice;
};

static const struct phrases ENGLISH = {
    .verdict = { "?", "Yes, and nothing specific to the transfer is required",
                 "Yes, with duties that attach to the transfer",
                 "Not yet: something must exist before anything is sent",
                 "No, and nothing in the exporter's own hands cures it" },
    .facts = "\nOn these facts, as declared\n",
    .because = "\nWhy\n",
    .told = "\nAlso to be known; it decides nothing here\n",
    .missing = "\nWhat is missing\n",
    .or_word = "; or ",
    .duties = "\nWhat to do\n",
    .within = " (within %u days)",
    .working = " (within %u working days)",
    .every = " (again every %u months)",
    .assumed = "\nAssumed, because nobody said so: correct what is wrong, and ask again\n",
    .changes = "\nWhat alone would change the answer\n",
    .full = "\nThe rules read for %s are full.",
    .part = "\nThe rules read for %s are not full: have the rest checked.",
    .none = "\nNo rules were read for %s: have its law checked.",
    .listing = ", ",
    .no_border = "Nothing crosses a border.\n",
    .conflict = "\nA true conflict, which a person decides: the articles above stand against ",
    .clash = "\nA true conflict, which a person decides: nobody obeys both\n",
    .terms = "\nWhat the laws together leave\n",
    .held = "; required, and in place",
    .lacking = "; required, and missing",
    .lifted = "; lifted, or replaced by a stronger route",
    .duty = "; a duty",
    .forbids = "; forbids it",
    .permits = "; permits it",
    .open = " [",
    .close = "]",
    .asks = "Not answered: these facts decide, and were not said: ",
    .advice = "\nThis applies rules to declared facts. It is not legal advice.\n",
};
static const struct phrases CHINESE = {
    .verdict = { "?", "可以,且无专门针对该次传输的要求", "可以,但须履行与该次传输有关的义务",
                 "暂不可以:提供之前须先具备下列条件", "不可以,且出境方自身无法补正" },
    .facts = "\n依据所声明的下列事实\n",
    .because = "\n理由\n",
    .told = "\n另请知悉(不影响本结论)\n",
    .missing = "\n尚缺\n",
    .or_word = ";或者",
    .duties = "\n应当履行\n",
    .within = "(%u日内)",
    .working = "(%u个工作日内)",
    .every = "(每%u个月一次)",
    .assumed = "\n未说明而按缺省值处理,如有不符请更正后重新查询\n",
    .changes = "\n仅改变下列一项即可改变结论\n",
    .full = "\n%s的规则包完整。",
    .part = "\n%s的规则包不完整:请另行核查。",
    .none = "\n%s无规则包:请核查当地法律。",
    .listing = "、",
    .no_border = "数据未跨境。\n",
    .conflict = "\n存在真实的法律冲突,须由人决定:上述条文与下列要求相抵触:",
    .clash = "\n存在真实的法律冲突,须由人决定:下列规定不能同时遵守\n",
    .terms = "\n各法合并适用的结果\n",
    .held = ";要求具备,已具备",
    .lacking = ";要求具备,尚缺",
    .lifted = ";已获豁免,或者由更强的机制取代",
    .duty = ";义务",
    .forbids = ";禁止",
    .permits = ";准许",
    .open = "〔",
    .close = "〕",
    .asks = "尚不能回答:请先说明下列事实:",
    .advice = "\n以上仅是将规则适用于所声明的事实,不构成法律意见。\n",
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
        bool thing = language == POLICY_ENGLISH && set_word_is(b->set, d->duty, WORD_MECHANISM);
        text_put(t, "  - %s%s", thing ? "have in place: " : "", book_said(b, d->duty, language));
        if (d->days != 0) {
            const char *term = d->working != 0 ? p->working : p->within;
            const char *number = strstr(term, "%u");
            text_put(t, "%.*s%u%s", (int)(number - term), term, d->days, number + 2);
        }
        if (d->every_months != 0) {
            const char *number = strstr(p->every, "%u");
            text_put(t, "%.*s%u%s", (int)(number - p->every), p->every, d->every_months,
                     number + 2);
        }
        text_put(t, "\n");
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

/* One after another, in their order, and only when there is something in it. */
static void section_put(struct text *t, const char *title, struct text *body)
{
    if (body->len > 0) {
        text_put(t, "%s%s", title, body->at);
    }
    t->failed = t->failed || body->failed;
    free(body->at);
}

static void counted_put(const struct policy_book *b, const struct policy_verdict *v,
                        enum policy_language language, struct text *t)
{
    for (size_t i = 0; i < v->counted_count; i++) {
        const struct policy_add *c = &v->counted[i];
        bool zh = language == POLICY_CHINESE;
        text_put(t, zh ? "  - 本次传输使%s累计增加" : "  - the transfer adds to the count of %s: ",
                 book_said(b, c->kind, language));
        explain_count(t, c->adds);
        text_put(t, zh ? ",合计" : "; the count is then ");
        explain_count(t, c->total);
        text_put(t, "\n");
    }
}

/* "[CN-CBDF:8, CN-SCM:7]" */
static void cites_put(struct text *t, const struct phrases *p, const json_t *cites)
{
    for (size_t i = 0; cites != NULL && i < json_size(cites); i++) {
        text_put(t, "%s%s", i == 0 ? p->open : p->listing, json_text_of(json_at(cites, i)));
    }
    text_put(t, "%s", cites != NULL && json_size(cites) > 0 ? p->close : "");
}

/* The rule with this number in the set; NULL for one that another set numbered. */
static const struct set_rule *rule_of(const struct policy_book *b, uint32_t number)
{
    for (size_t i = 0; number >= 1 && i < b->set->pack_count; i++) {
        const struct set_pack *p = &b->set->packs[i];
        if (p->rule_count > 0 && number <= p->rules[p->rule_count - 1].number) {
            return &p->rules[number - p->rules[0].number];
        }
    }
    return NULL;
}

static bool holds(const struct policy_facts *f, struct set_numbers words)
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

/* As the engine has it: a permit of the regime lifts it, or a stronger route stands beside it. */
static bool is_replaced(const struct policy_book *b, const struct policy_verdict *v,
                        const struct set_rule *r)
{
    uint32_t lift = 0, strongest = 0;
    for (size_t pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < v->rule_count; i++) {
            const struct set_rule *x = rule_of(b, v->rules[i]);
            if (x == NULL || x->regime != r->regime) {
                continue;
            }
            if (pass == 0 && x->effect == EFFECT_PERMIT && x->rank > lift) {
                lift = x->rank;
            }
            if (pass == 1 && x->effect == EFFECT_REQUIRE && x->rank > lift && x->rank > strongest) {
                strongest = x->rank;
            }
        }
    }
    return r->rank > 0 && (r->rank <= lift || r->rank < strongest);
}

static const char *does(const struct policy_book *b, const struct policy_check *check,
                        const struct policy_verdict *v, const struct phrases *p,
                        const struct set_rule *r)
{
    switch ((enum rule_effect)r->effect) {
    case EFFECT_DENY:
        return p->forbids;
    case EFFECT_PERMIT:
        return p->permits;
    case EFFECT_OBLIGE:
        return p->duty;
    case EFFECT_REQUIRE:
        if (is_replaced(b, v, r)) {
            return p->lifted;
        }
        return (r->flags & RULE_NEVER_HELD) == 0 &&
                       (holds(&check->facts, r->any_of) || holds(&check->facts, r->also))
                   ? p->held
                   : p->lacking;
    case EFFECT_DEFINE:
    case EFFECT_NOTE:
    case EFFECT_END:
        break;
    }
    return "";
}

/* What a person reads first: what forbids, what is missing, what holds, and the duties. */
static const enum rule_effect ORDER[] = { EFFECT_DENY, EFFECT_REQUIRE, EFFECT_PERMIT,
                                          EFFECT_OBLIGE };

static void rule_put(const struct policy_book *b, const struct policy_check *check,
                     const struct policy_verdict *v, const struct phrases *p,
                     const struct set_rule *r, enum policy_language language, struct text *t)
{
    text_put(t, "  - %s", book_rule_note(b, r->number, language));
    cites_put(t, p, b->rules[r->number - 1].cites);
    text_put(t, "%s\n", does(b, check, v, p, r));
}

/* Notes that carry terms are said with what the laws together leave. */
static void rules_put(const struct policy_book *b, const struct policy_check *check,
                      const struct policy_verdict *v, const struct phrases *p,
                      enum policy_language language, struct text *t)
{
    struct text why = { 0 }, told = { 0 };
    for (size_t i = 0; i < v->rule_count; i++) {
        if (rule_of(b, v->rules[i]) == NULL) { /* of a set that is not this one */
            text_put(&why, "  - ?\n");
        }
    }
    for (size_t k = 0; k < COUNT(ORDER); k++) {
        for (size_t i = 0; i < v->rule_count; i++) {
            const struct set_rule *r = rule_of(b, v->rules[i]);
            if (r != NULL && r->effect == (uint32_t)ORDER[k]) {
                rule_put(b, check, v, p, r, language, &why);
            }
        }
    }
    for (size_t i = 0; i < v->rule_count; i++) {
        const struct set_rule *r = rule_of(b, v->rules[i]);
        if (r != NULL && r->effect == EFFECT_NOTE && r->term_count == 0) {
            rule_put(b, check, v, p, r, language, &told);
        }
    }
    section_put(t, p->because, &why);
    section_put(t, p->told, &told);
}

static void coverage_put(const struct policy_book *b, const struct policy_verdict *v,
                         const struct phrases *p, enum policy_language language, struct text *t)
{
    const char *const said[] = { p->none, p->part, p->full };
    for (size_t k = COUNT(said); k-- > 0;) {
        struct text places = { 0 };
        for (size_t i = 0; i < v->coverage_count; i++) {
            size_t kind = v->coverage[i].coverage == POLICY_FULL   ? 2
                          : v->coverage[i].coverage == POLICY_NONE ? 0
                                                                   : 1;
            if (kind == k) {
                text_put(&places, "%s%s", places.len == 0 ? "" : p->listing,
                         book_place_name(b, v->coverage[i].place, language));
            }
        }
        if (places.len > 0) {
            const char *at = strstr(said[k], "%s");
            text_put(t, "%.*s%s%s", (int)(at - said[k]), said[k], places.at, at + 2);
        }
        free(places.at);
    }
    text_put(t, "%s", v->coverage_count > 0 ? "\n" : "");
}

static void answer_put(const struct policy_book *b, const struct policy_check *check,
                       const struct policy_verdict *v, const struct phrases *p, struct text *t)
{
    for (size_t i = 0; check->strict && i < v->assumed_count; i++) {
        text_put(t, "%s%s%s", i == 0 ? p->asks : p->listing, book_fact(b, v->assumed[i]),
                 i + 1 == v->assumed_count ? ".\n" : "");
    }
    text_put(t, "%s", p->verdict[v->code]);
    for (size_t i = 0; i < v->cite_count; i++) {
        text_put(t, "%s%s", i == 0 ? p->open : p->listing, book_cite(b, v->cites[i]));
    }
    text_put(t, "%s%s\n", v->cite_count > 0 ? p->close : "", p == &CHINESE ? "。" : ".");
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

static void sections_put(const struct policy_book *b, const struct policy_check *check,
                         const struct policy_verdict *v, const struct phrases *p,
                         enum policy_language language, struct text *t)
{
    struct text facts = { 0 }, terms = { 0 }, changes = { 0 }, assumed = { 0 };
    explain_facts(&facts, b, check, language);
    section_put(t, p->facts, &facts);
    required_put(b, v, p, language, t);
    rules_put(b, check, v, p, language, t);
    conflicts_put(b, check, v, p, language, t);
    clashes_put(b, v, p, language, t);
    duties_put(b, v, p, language, t);
    terms_say(b, check, v, language, &terms);
    counted_put(b, v, language, &terms);
    section_put(t, p->terms, &terms);
    explain_changes(&changes, b, check, v, language);
    section_put(t, p->changes, &changes);
    explain_assumed(&assumed, b, check, v, language);
    section_put(t, p->assumed, &assumed);
    coverage_put(b, v, p, language, t);
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
    answer_put(b, check, v, p, &t);
    sections_put(b, check, v, p, language, &t);
    text_put(&t, "%s", p->advice);
    if (t.failed) {
        free(t.at);
        return ERR_NO_SPACE;
    }
    *out = t.at;
    return ERR_NONE;
}
