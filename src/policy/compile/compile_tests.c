#include "policy/compile/compile_internal.h"

#include <string.h>

/* A test is a few words: `class in personal_data`, `not role is ciio`, `count persons >= 100000`,
 * `rule cn.personal`, `mechanism_date older_than 36 months`. */
enum { TOKEN_MAX = 6, TOKEN_SIZE = 64 };
struct tokens {
    char at[TOKEN_MAX][TOKEN_SIZE];
    size_t count;
};
struct scope {
    struct compile *c;
    const struct yaml *at;
    const struct set_pack *pack;
    size_t first_rule;
};

static const struct {
    const char *name;
    uint32_t variable;
} VARIABLES[] = {
    { "from", VAR_FROM },           { "to", VAR_TO },           { "role", VAR_ROLE },
    { "sector", VAR_SECTOR },       { "purpose", VAR_PURPOSE }, { "class", VAR_CLASS },
    { "mechanism", VAR_MECHANISM }, { "onward", VAR_ONWARD },   { "via", VAR_VIA },
};
static const struct {
    const char *name;
    uint32_t op;
} OPS[] = {
    { "is", OP_IS },       { "has", OP_IS },
    { "in", OP_IN },       { "outside", OP_OUTSIDE },
    { "<", OP_LT },        { "<=", OP_LE },
    { ">", OP_GT },        { ">=", OP_GE },
    { "given", OP_GIVEN }, { "older_than", OP_MONTHS },
};

static enum err split(const struct scope *s, const char *text, struct tokens *out)
{
    *out = (struct tokens){ 0 };
    for (const char *p = text; *p != '\0';) {
        size_t len = strcspn(p, " ");
        if (len > 0) {
            if (out->count == TOKEN_MAX || len >= TOKEN_SIZE) {
                return say(s->c, s->at, ERR_SIZE, "a test of too many words: \"%s\"", text);
            }
            memcpy(out->at[out->count++], p, len);
        }
        p += len + (p[len] == ' ' ? 1 : 0);
    }
    return out->count > 0 ? ERR_NONE : say(s->c, s->at, ERR_UNREADABLE, "an empty test");
}

static enum err rule_ref(const struct scope *s, const char *id, struct set_test *out)
{
    for (size_t i = s->first_rule; s->pack != NULL && i < s->c->rule_count; i++) {
        if (strcmp(s->c->rules[i].id, id) == 0) {
            out->variable = VAR_RULE;
            out->op = OP_FIRED;
            out->value = i - s->first_rule;
            return ERR_NONE;
        }
    }
    return say(s->c, s->at, ERR_UNKNOWN_WORD, "no rule \"%s\" above this one in the pack", id);
}

static enum err count_ref(const struct scope *s, const char *kind, uint32_t *variable)
{
    uint32_t word = 0;
    TRY(word_of(s->c, s->at, kind, WORD_COUNT, &word));
    for (size_t i = 0; s->pack != NULL && i < s->pack->counter_count; i++) {
        if (s->pack->counters[i].kind == word) {
            *variable = VAR_COUNT_BASE + (uint32_t)i;
            return ERR_NONE;
        }
    }
    return say(s->c, s->at, ERR_UNKNOWN_WORD, "the pack has no count \"%s\"", kind);
}

/* The variable at the start of a test; *used tokens of it. */
static enum err variable_read(const struct scope *s, const struct tokens *t, size_t from,
                              uint32_t *variable, size_t *used)
{
    const char *name = t->at[from];
    *used = 1;
    for (size_t i = 0; i < COUNT(VARIABLES); i++) {
        if (strcmp(VARIABLES[i].name, name) == 0) {
            *variable = VARIABLES[i].variable;
            return ERR_NONE;
        }
    }
    if (strcmp(name, "count") == 0 && from + 1 < t->count) {
        *used = 2;
        return count_ref(s, t->at[from + 1], variable);
    }
    uint32_t fact = fact_number(s->c, name);
    if (fact == 0) {
        return say(s->c, s->at, ERR_UNKNOWN_WORD, "unknown fact \"%s\"", name);
    }
    *variable = VAR_FACT_BASE + fact;
    return ERR_NONE;
}

static uint32_t fact_type(const struct compile *c, uint32_t variable)
{
    for (size_t i = 0; variable > VAR_FACT_BASE && i < c->set.fact_count; i++) {
        if (c->set.facts[i].number == variable - VAR_FACT_BASE) {
            return c->set.facts[i].type;
        }
    }
    return 0;
}

static bool about_places(const struct compile *c, uint32_t variable)
{
    return variable == VAR_FROM || variable == VAR_TO || variable == VAR_ONWARD ||
           variable == VAR_VIA || fact_type(c, variable) == POLICY_PLACE;
}

static enum err name_value(const struct scope *s, const char *name, struct set_test *out)
{
    static const uint32_t USES[] = { [VAR_ROLE] = WORD_ROLE,
                                     [VAR_SECTOR] = WORD_SECTOR,
                                     [VAR_PURPOSE] = WORD_PURPOSE,
                                     [VAR_CLASS] = WORD_CLASS,
                                     [VAR_MECHANISM] = WORD_MECHANISM };
    if (out->op != OP_IS) {
        out->value = list_number(s->c, name);
        return out->value != 0 ? ERR_NONE
                               : say(s->c, s->at, ERR_UNKNOWN_WORD, "unknown list \"%s\"", name);
    }
    if (about_places(s->c, out->variable)) {
        out->value = place_number(s->c, name);
        return out->value != 0 ? ERR_NONE
                               : say(s->c, s->at, ERR_UNKNOWN_WORD, "unknown place \"%s\"", name);
    }
    uint32_t word = 0;
    uint32_t use = out->variable < COUNT(USES) ? USES[out->variable] : WORD_VALUE | WORD_MECHANISM;
    TRY(word_of(s->c, s->at, name, use, &word));
    out->value = word;
    return ERR_NONE;
}

static enum err number_value(const struct scope *s, const struct tokens *t, size_t from,
                             struct set_test *out)
{
    if (number_of_text(t->at[from], UINT32_MAX, &out->value)) {
        return ERR_NONE;
    }
    uint32_t variable = 0;
    size_t used = 0;
    TRY(variable_read(s, t, from, &variable, &used));
    out->value = variable;
    out->flags |= TEST_VARIABLE;
    return from + used == t->count ? ERR_NONE
                                   : say(s->c, s->at, ERR_UNREADABLE, "words left over in a test");
}

static enum err operator_read(const struct scope *s, const struct tokens *t, size_t at,
                              struct set_test *out)
{
    for (size_t i = 0; i < COUNT(OPS); i++) {
        if (strcmp(OPS[i].name, t->at[at]) == 0) {
            out->op = OPS[i].op;
        }
    }
    size_t words = out->op == OP_GIVEN ? 0 : out->op == OP_MONTHS ? 2 : 1;
    bool compares = out->op >= OP_LT && out->op <= OP_GE;
    if (out->op == 0 || t->count < at + 1 + words || (!compares && t->count > at + 1 + words)) {
        return say(s->c, s->at, ERR_UNREADABLE, "not a test: \"%s\"", t->at[at]);
    }
    if (out->op == OP_GIVEN) {
        return ERR_NONE;
    }
    if (out->op == OP_MONTHS) {
        bool sound = number_of_text(t->at[at + 1], 1200, &out->value) &&
                     strcmp(t->at[at + 2], "months") == 0;
        return sound ? ERR_NONE : say(s->c, s->at, ERR_RANGE, "older_than N months is expected");
    }
    return compares ? number_value(s, t, at + 1, out) : name_value(s, t->at[at + 1], out);
}

static enum err test_read(const struct scope *s, struct set_test *out)
{
    struct tokens t;
    if (s->at->kind != YAML_SCALAR) {
        return say(s->c, s->at, ERR_UNREADABLE, "a test is expected here");
    }
    TRY(split(s, s->at->text, &t));
    struct set_test test = { 0 };
    size_t at = strcmp(t.at[0], "not") == 0 ? 1 : 0;
    if (at == t.count) {
        return say(s->c, s->at, ERR_UNREADABLE, "\"not\" what?");
    }
    test.flags = at == 1 ? TEST_NOT : 0;
    if (strcmp(t.at[at], "rule") == 0 && t.count == at + 2) {
        TRY(rule_ref(s, t.at[at + 1], &test));
    } else {
        size_t used = 0;
        TRY(variable_read(s, &t, at, &test.variable, &used));
        if (at + used == t.count) {
            test.op = OP_TRUE;
            if (fact_type(s->c, test.variable) != POLICY_BOOL) {
                return say(s->c, s->at, ERR_UNREADABLE, "\"%s\" alone says nothing", t.at[at]);
            }
        } else {
            TRY(operator_read(s, &t, at + used, &test));
        }
    }
    *out = test;
    return ERR_NONE;
}

static enum err clause_read(struct scope *s, const struct yaml *node, struct set_tests *out)
{
    static const char *const KNOWN[] = { "any", NULL };
    const struct yaml *any = node;
    if (node->kind == YAML_MAP) {
        TRY(members_only(s->c, node, KNOWN));
        TRY(member_list(s->c, node, "any", true, &any));
        any = any->first;
        if (any == NULL) {
            return say(s->c, node, ERR_RANGE, "any of nothing never holds");
        }
    }
    for (; any != NULL; any = node->kind == YAML_MAP ? any->next : NULL) {
        if (out->count == RULE_TEST_MAX) {
            return say(s->c, any, ERR_SIZE, "more tests than a rule holds");
        }
        s->at = any;
        TRY(test_read(s, &out->at[out->count++]));
    }
    out->at[out->count - 1].flags |= TEST_LAST;
    return ERR_NONE;
}

enum err tests_read(struct compile *c, const struct yaml *when, const struct set_pack *pack,
                    size_t first_rule, struct set_tests *out)
{
    struct set_test tests[RULE_TEST_MAX] = { 0 };
    struct set_tests made = { tests, 0 };
    if (when != NULL && when->kind != YAML_LIST) {
        return say(c, when, ERR_UNREADABLE, "\"when\" is a list of tests");
    }
    struct scope s = { .c = c, .pack = pack, .first_rule = first_rule };
    for (const struct yaml *n = when == NULL ? NULL : when->first; n != NULL; n = n->next) {
        TRY(clause_read(&s, n, &made));
    }
    out->at = ARENA_ARRAY(c->arena, struct set_test, made.count);
    if (out->at == NULL) {
        return ERR_NO_SPACE;
    }
    memcpy(out->at, tests, made.count * sizeof *tests);
    out->count = made.count;
    return ERR_NONE;
}
