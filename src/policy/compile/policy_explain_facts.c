/* What a note says of facts: those declared, those assumed, and those that would change it. */
#include <string.h>

#include "base/clock.h"
#include "policy/compile/book_internal.h"

enum { CHANGES_MAX = 12 };

void explain_count(struct text *t, uint64_t n)
{
    uint64_t part = 1;
    while (n / part >= 1000) {
        part *= 1000;
    }
    text_put(t, "%llu", (unsigned long long)(n / part));
    for (part /= 1000; part > 0; part /= 1000) {
        text_put(t, ",%03llu", (unsigned long long)(n / part % 1000));
    }
}

static void words_line(struct text *t, const struct policy_book *b, const char *title,
                       const uint32_t *at, size_t count, enum policy_language language)
{
    bool zh = language == POLICY_CHINESE;
    for (size_t i = 0; i < count; i++) {
        text_put(t, "%s%s", i == 0 ? title : zh ? "、" : ", ", book_said(b, at[i], language));
    }
    text_put(t, "%s", count > 0 ? "\n" : "");
}

static void places_line(struct text *t, const struct policy_book *b, const char *title,
                        const uint32_t *at, size_t count, enum policy_language language)
{
    bool zh = language == POLICY_CHINESE;
    for (size_t i = 0; i < count; i++) {
        text_put(t, "%s%s", i == 0 ? title : zh ? "、" : ", ", book_place_name(b, at[i], language));
    }
    text_put(t, "%s", count > 0 ? "\n" : "");
}

static void persons_line(struct text *t, const struct policy_facts *f, bool zh)
{
    if (!f->subjects_given) {
        return;
    }
    text_put(t, zh ? "  - 本次涉及自然人" : "  - persons in this transfer: ");
    explain_count(t, f->subjects);
    text_put(t, zh ? "名,其中敏感个人信息" : ", with sensitive data: ");
    explain_count(t, f->sensitive_subjects);
    text_put(t, zh ? "名" : "");
    if (f->prior_subjects > 0) {
        text_put(t, zh ? ";此前累计" : "; sent earlier in the period: ");
        explain_count(t, f->prior_subjects);
        text_put(t, zh ? "名" : "");
    }
    text_put(t, "\n");
}

static void value_put(struct text *t, const struct policy_book *b, enum policy_type type,
                      uint64_t value, enum policy_language language)
{
    bool zh = language == POLICY_CHINESE;
    char day[CLOCK_DAY_TEXT_SIZE];
    switch (type) {
    case POLICY_BOOL:
        text_put(t, "%s", value == 1 ? (zh ? "是" : "yes") : zh ? "否" : "no");
        break;
    case POLICY_U64:
        explain_count(t, value);
        break;
    case POLICY_DAY:
        clock_format_day((uint32_t)value, day);
        text_put(t, "%s", day);
        break;
    case POLICY_PLACE:
        text_put(t, "%s", book_place_name(b, (uint32_t)value, language));
        break;
    case POLICY_WORD:
        text_put(t, "%s", book_said(b, (uint32_t)value, language));
        break;
    }
}

void explain_facts(struct text *t, const struct policy_book *b, const struct policy_check *check,
                   enum policy_language language)
{
    const struct policy_facts *f = &check->facts;
    bool zh = language == POLICY_CHINESE;
    persons_line(t, f, zh);
    words_line(t, b, zh ? "  - 数据:" : "  - data: ", f->classes, f->class_count, language);
    words_line(t, b, zh ? "  - 行业:" : "  - sector: ", &f->sector, f->sector != 0, language);
    words_line(t, b, zh ? "  - 目的:" : "  - purpose: ", &f->purpose, f->purpose != 0, language);
    words_line(t, b, zh ? "  - 出境方:" : "  - the exporter: ", &f->role, f->role != 0, language);
    words_line(t, b, zh ? "  - 已具备的机制:" : "  - in place: ", f->mechanisms, f->mechanism_count,
               language);
    places_line(t, b, zh ? "  - 途经:" : "  - by way of: ", f->via, f->via_count, language);
    places_line(t, b, zh ? "  - 再提供至:" : "  - and on to: ", f->onward, f->onward_count,
                language);
    for (size_t i = 0; i < f->fact_count; i++) {
        text_put(t, "  - %s%s", book_fact_said(b, f->fact[i].number, language), zh ? ":" : ": ");
        value_put(t, b, f->fact[i].type, f->fact[i].value, language);
        text_put(t, "\n");
    }
    if (f->important_data) {
        text_put(t, zh ? "  - 该数据属于重要数据\n" : "  - the data is important data\n");
    }
}

static bool has_class(const struct policy_facts *f, uint32_t word)
{
    for (size_t i = 0; i < f->class_count; i++) {
        if (f->classes[i] == word) {
            return true;
        }
    }
    return false;
}

/* Whether the condition of a default holds, where it asks one thing of the data; false in *known
 * where it asks of the route, or more. */
static bool default_holds(const struct policy_facts *f, struct set_tests tests, bool *known)
{
    const struct set_test *t = tests.at;
    *known = true;
    if (tests.count == 0) {
        return true;
    }
    if (tests.count == 1 && t->flags == TEST_LAST && t->variable == VAR_CLASS && t->op == OP_IS) {
        return has_class(f, (uint32_t)t->value);
    }
    *known = tests.count == 1 && t->flags == TEST_LAST && t->op == OP_TRUE &&
             t->variable == VAR_FACT_BASE + FACT_IMPORTANT_DATA;
    return *known && f->important_data;
}

/* The value that an absent fact was taken for; false where the route chooses between several. */
static bool taken_for(const struct policy_facts *f, const struct set_fact *fact, uint64_t *out)
{
    const struct set_default *taken = NULL;
    bool known = true, same = true;
    if (fact->number == FACT_SUBJECTS) { /* nobody said how many: those of whom more was said */
        *out = f->sensitive_subjects;
        return true;
    }
    for (size_t i = 0; i < fact->default_count && known && taken == NULL; i++) {
        taken = default_holds(f, fact->defaults[i].tests, &known) ? &fact->defaults[i] : NULL;
    }
    for (size_t i = 0; i < fact->default_count; i++) {
        const struct set_default *d = &fact->defaults[i];
        same = same && d->kind == fact->defaults[0].kind && d->value == fact->defaults[0].value;
    }
    bool always =
        fact->default_count > 0 && fact->defaults[fact->default_count - 1].tests.count == 0;
    taken = taken == NULL && same && always ? &fact->defaults[0] : taken;
    if (taken == NULL) {
        return false;
    }
    *out = taken->kind == DEFAULT_EXPORTER ? f->from : taken->value;
    return true;
}

/* With the value that it was taken for; one that depends on the route or the data says so. */
void explain_assumed(struct text *t, const struct policy_book *b, const struct policy_check *check,
                     const struct policy_verdict *v, enum policy_language language)
{
    bool zh = language == POLICY_CHINESE;
    for (size_t i = 0; i < v->assumed_count; i++) {
        uint32_t number = v->assumed[i];
        uint64_t value;
        if (number > FACT_NUMBER_MAX || b->set->fact_row[number] == 0) {
            text_put(t, "  - ?\n"); /* of a set that is not this one */
            continue;
        }
        const struct set_fact *f = &b->set->facts[b->set->fact_row[number] - 1];
        text_put(t, "  - %s%s", book_fact_said(b, number, language), zh ? ":" : ": ");
        if (taken_for(&check->facts, f, &value)) {
            value_put(t, b, (enum policy_type)f->type, value, language);
        } else if (f->default_count > 0) {
            text_put(t, zh ? "按路线和数据推定" : "taken from route and data");
        } else {
            text_put(t, zh ? "未说明" : "not known");
        }
        text_put(t, zh ? "(%s)\n" : " (%s)\n", book_fact(b, number));
    }
}

static const char *verdict_said(const char *word, bool zh)
{
    static const struct {
        const char *word, *en, *zh;
    } SAID[] = {
        { "allow", "yes", "可以" },
        { "allow_with_obligations", "yes, with duties", "可以,但须履行义务" },
        { "needs_mechanism", "not yet", "暂不可以" },
        { "deny", "no", "不可以" },
    };
    for (size_t i = 0; i < COUNT(SAID); i++) {
        if (strcmp(SAID[i].word, word) == 0) {
            return zh ? SAID[i].zh : SAID[i].en;
        }
    }
    return word;
}

static void change_put(struct text *t, const struct policy_book *b, const json_t *one,
                       enum policy_language language)
{
    const char *word = "", *verdict = "", *count = NULL;
    uint64_t n = 0;
    bool yes = false, zh = language == POLICY_CHINESE;
    (void)!json_get_str(one, "verdict", &verdict);
    if (json_member(one, "mechanism") != NULL && json_get_str(one, "mechanism", &word) == 0) {
        text_put(t, zh ? "  - 如%s" : "  - with %s",
                 book_said(b, book_word_number(b, word, WORD_MECHANISM), language));
    } else if (json_member(one, "fact") != NULL && json_get_str(one, "fact", &word) == 0) {
        (void)!json_get_bool(one, "value", &yes);
        text_put(t, "  - %s%s",
                 zh ? (yes ? "如" : "如并非") : (yes ? "if " : "if it is not so that "),
                 book_fact_said(b, book_fact_number(b, word), language));
    } else {
        bool sensitive = json_member(one, "sensitive_subjects") != NULL;
        count = sensitive ? "sensitive_subjects" : "subjects";
        (void)!json_get_u64(one, count, &n);
        text_put(t, zh ? "  - 自本次" : "  - from ");
        explain_count(t, n);
        text_put(t, "%s",
                 sensitive ? (zh ? "名含敏感个人信息者起" : " persons with sensitive data on")
                 : zh      ? "名起"
                           : " persons on");
    }
    text_put(t, "%s%s\n", zh ? ":" : ": ", verdict_said(verdict, zh));
}

void explain_changes(struct text *t, const struct policy_book *b, const struct policy_check *check,
                     const struct policy_verdict *v, enum policy_language language)
{
    json_t *list = would_change(b, check, v);
    for (size_t i = 0; i < json_size(list) && i < CHANGES_MAX; i++) {
        change_put(t, b, json_at(list, i), language);
    }
    json_free(list);
}
