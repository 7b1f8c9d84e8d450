#include "base/clock.h"
#include "policy/compile/book_internal.h"

const char *render_effect(uint32_t effect)
{
    static const char *const WORDS[] = { "?",      "define",  "note", "oblige",
                                         "permit", "require", "deny" };
    return effect < COUNT(WORDS) ? WORDS[effect] : "?";
}

const char *render_rank(uint32_t rank)
{
    switch (rank) {
    case 0:
        return "none";
    case 10:
        return "filing";
    case 20:
        return "contract";
    case 30:
        return "assessment";
    default:
        return "all";
    }
}

void render_days(struct text *t, uint32_t from, uint32_t to)
{
    char day[CLOCK_DAY_TEXT_SIZE];
    if (from != 0) {
        clock_format_day(from, day);
        text_put(t, " from %s", day);
    }
    if (to != 0) {
        clock_format_day(to, day);
        text_put(t, " to %s", day);
    }
}

static const char *list_name(const struct policy_book *b, uint64_t number)
{
    const json_t *lists = json_member(b->prose, "lists");
    const char *name = lists == NULL || number == 0 || number > json_size(lists)
                           ? NULL
                           : json_text_of(json_at(lists, number - 1));
    return name == NULL ? "a list" : name;
}

static void variable_put(struct text *t, const struct policy_book *b, const struct set_pack *p,
                         uint32_t variable)
{
    static const char *const NAMES[] = { "?",      "from",    "to",    "role",
                                         "sector", "purpose", "class", "mechanism",
                                         "onward", "via",     "rule" };
    if (variable > VAR_FACT_BASE) {
        text_put(t, "%s", book_fact(b, variable - VAR_FACT_BASE));
    } else if (variable >= VAR_COUNT_BASE && variable - VAR_COUNT_BASE < p->counter_count) {
        text_put(t, "count %s", book_word(b, p->counters[variable - VAR_COUNT_BASE].kind));
    } else {
        text_put(t, "%s", variable < COUNT(NAMES) ? NAMES[variable] : "?");
    }
}

static void value_put(struct text *t, const struct policy_book *b, const struct set_test *test)
{
    uint32_t number = (uint32_t)test->value;
    bool place = test->variable == VAR_FROM || test->variable == VAR_TO ||
                 test->variable == VAR_ONWARD || test->variable == VAR_VIA;
    if (test->variable > VAR_FACT_BASE) {
        uint32_t fact = test->variable - VAR_FACT_BASE;
        place = b->set->facts[b->set->fact_row[fact] - 1].type == POLICY_PLACE;
    }
    text_put(t, "%s", place ? book_place(b, number) : book_word(b, number));
}

static void number_put(struct text *t, const struct policy_book *b, const struct set_pack *p,
                       const struct set_test *test)
{
    if ((test->flags & TEST_VARIABLE) != 0) {
        variable_put(t, b, p, (uint32_t)test->value);
    } else {
        text_put(t, "%llu", (unsigned long long)test->value);
    }
}

static bool is_set(uint32_t variable)
{
    return variable == VAR_CLASS || variable == VAR_MECHANISM || variable == VAR_ONWARD ||
           variable == VAR_VIA;
}

static void test_put(struct text *t, const struct policy_book *b, const struct set_pack *p,
                     const struct set_test *test)
{
    static const char *const COMPARES[] = {
        [OP_LT] = "<", [OP_LE] = "<=", [OP_GT] = ">", [OP_GE] = ">="
    };
    text_put(t, "%s", (test->flags & TEST_NOT) != 0 ? "not " : "");
    variable_put(t, b, p, test->variable);
    switch ((enum test_op)test->op) {
    case OP_IS:
        text_put(t, is_set(test->variable) ? " has " : " is ");
        value_put(t, b, test);
        break;
    case OP_IN:
        text_put(t, " in %s", list_name(b, test->value));
        break;
    case OP_OUTSIDE:
        text_put(t, " outside %s", list_name(b, test->value));
        break;
    case OP_LT:
    case OP_LE:
    case OP_GT:
    case OP_GE:
        text_put(t, " %s ", COMPARES[test->op]);
        number_put(t, b, p, test);
        break;
    case OP_GIVEN:
        text_put(t, " given");
        break;
    case OP_MONTHS:
        text_put(t, " older_than %llu months", (unsigned long long)test->value);
        break;
    case OP_FIRED:
        text_put(t, " %s", book_rule(b, p->rules[test->value].number));
        break;
    case OP_TRUE:
    case OP_END:
        break;
    }
}

void render_tests(struct text *t, const struct policy_book *b, const struct set_pack *p,
                  struct set_tests tests)
{
    bool open = false;
    for (size_t i = 0; i < tests.count; i++) {
        bool last = (tests.at[i].flags & TEST_LAST) != 0;
        if (!open) {
            text_put(t, "%s%s", i == 0 ? "" : "; ", last ? "" : "any of: ");
        } else {
            text_put(t, " or ");
        }
        test_put(t, b, p, &tests.at[i]);
        open = !last;
    }
}

static void words_put(struct text *t, const struct policy_book *b, const char *title,
                      struct set_numbers words)
{
    for (size_t i = 0; i < words.count; i++) {
        text_put(t, "%s%s", i == 0 ? title : "/", book_word(b, words.at[i]));
    }
}

static void terms_render(struct text *t, const struct policy_book *b, const struct set_rule *r)
{
    for (size_t i = 0; i < r->term_count; i++) {
        const struct set_term *x = &r->terms[i];
        text_put(t, "%s%s ", i == 0 ? " terms: " : ", ", term_name(x->kind));
        if (x->kind <= TERM_STAYS_IN) {
            text_put(t, "%s", book_place(b, (uint32_t)x->value));
        } else if (x->kind >= TERM_PURPOSES) {
            text_put(t, "%s", list_name(b, x->value));
        } else if (x->kind == TERM_CONSENT) {
            text_put(t, "%s", term_consent(x->value));
        } else {
            text_put(t, "%llu", (unsigned long long)x->value);
        }
    }
}

void render_rule(struct text *t, const struct policy_book *b, const struct set_pack *p,
                 const struct set_rule *r)
{
    static const char *const SIDES[] = { "", "", ", import", ", both sides", ", reach" };
    text_put(t, "%s", render_effect(r->effect));
    if (r->effect == EFFECT_REQUIRE || r->effect == EFFECT_PERMIT) {
        text_put(t, r->effect == EFFECT_PERMIT ? " (lifts %s)" : " (rank %s)",
                 render_rank(r->rank));
    }
    text_put(t, "%s%s%s", r->side < COUNT(SIDES) ? SIDES[r->side] : "",
             (r->flags & RULE_NEVER_HELD) != 0 ? ", met by a permit only" : "",
             (r->flags & RULE_UNCERTAIN) != 0 ? ", uncertain" : "");
    render_days(t, r->from_day, r->to_day);
    text_put(t, " [%s]", book_word(b, r->regime));
    text_put(t, " when: ");
    render_tests(t, b, p, r->tests);
    words_put(t, b, " -> ", r->any_of);
    words_put(t, b, " (also ", r->also);
    text_put(t, "%s", r->also.count > 0 ? ")" : "");
    for (size_t i = 0; i < r->duty_count; i++) {
        const struct set_duty *d = &r->duties[i];
        text_put(t, "%s%s", i == 0 ? " duties: " : ", ", book_word(b, d->duty));
        if (d->days != 0) {
            text_put(t, " within %u %sdays", d->days, d->working != 0 ? "working " : "");
        }
        if (d->every_months != 0) {
            text_put(t, " every %u months", d->every_months);
        }
    }
    for (size_t i = 0; i < r->cites.count; i++) {
        text_put(t, "%s%s", i == 0 ? " cites: " : ", ", book_cite(b, r->cites.at[i]));
    }
    terms_render(t, b, r);
    const char *against = NULL;
    const json_t *conflict = b->rules[r->number - 1].conflict;
    if (conflict != NULL && json_get_str(conflict, "en", &against) == ERR_NONE) {
        text_put(t, " conflict: %s", against);
    }
}

void render_list(struct text *t, const struct policy_book *b, const struct set_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct set_member *m = &list->members[i];
        text_put(t, "%s%s", i == 0 ? "" : ", ",
                 list->kind == LIST_PLACES ? book_place(b, m->value) : book_word(b, m->value));
        render_days(t, m->from_day, m->to_day);
        if (m->cite != 0) {
            text_put(t, " [%s]", book_cite(b, m->cite));
        }
    }
}
