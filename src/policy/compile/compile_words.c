#include "policy/compile/compile_internal.h"

#include <string.h>

struct name_number {
    const char *name;
    uint32_t number;
};

static const struct name_number USES[] = {
    { "class", WORD_CLASS },     { "role", WORD_ROLE },           { "sector", WORD_SECTOR },
    { "purpose", WORD_PURPOSE }, { "mechanism", WORD_MECHANISM }, { "duty", WORD_DUTY },
    { "value", WORD_VALUE },     { "regime", WORD_REGIME },       { "count", WORD_COUNT },
};
static const struct name_number TYPES[] = { { "bool", POLICY_BOOL },
                                            { "u64", POLICY_U64 },
                                            { "day", POLICY_DAY },
                                            { "place", POLICY_PLACE },
                                            { "word", POLICY_WORD } };

static uint32_t number_in(const struct name_number *table, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(table[i].name, name) == 0) {
            return table[i].number;
        }
    }
    return 0;
}

static enum err uses_read(struct compile *c, const struct yaml *word, uint32_t *out)
{
    const struct yaml *as = NULL;
    TRY(member_list(c, word, "as", true, &as));
    for (const struct yaml *u = as->first; u != NULL; u = u->next) {
        uint32_t bit = u->kind == YAML_SCALAR ? number_in(USES, COUNT(USES), u->text) : 0;
        if (bit == 0) {
            return say(c, u, ERR_UNKNOWN_WORD, "unknown use of a word");
        }
        *out |= bit;
    }
    return *out != 0 ? ERR_NONE : say(c, word, ERR_RANGE, "a word needs a use");
}

/* Numbers are written in the file and never reused: they are on ledgers. */
static enum err word_read(struct compile *c, const struct yaml *node)
{
    static const char *const KNOWN[] = { "n", "word", "as", "en", "zh", NULL };
    TRY(members_only(c, node, KNOWN));
    uint64_t n = 0;
    TRY(member_number(c, node, "n", true, SET_WORD_MAX, &n));
    if (n != c->set.word_uses.count + 1) {
        return say(c, node, ERR_RANGE, "words are numbered 1, 2, 3, …: %zu is next",
                   c->set.word_uses.count + 1);
    }
    struct word_row row = { 0 };
    TRY(member_text(c, node, "word", true, &row.text));
    TRY(member_text(c, node, "en", false, &row.en));
    TRY(member_text(c, node, "zh", false, &row.zh));
    TRY(uses_read(c, node, &row.uses));
    if (word_number(c, row.text) != 0) {
        return say(c, node, ERR_DUPLICATE, "the word \"%s\" occurs twice", row.text);
    }
    c->words[n] = row;
    c->word_uses[n - 1] = row.uses;
    c->set.word_uses.count = (size_t)n;
    return ERR_NONE;
}

static enum err fact_read(struct compile *c, const struct yaml *node)
{
    static const char *const KNOWN[] = { "n",        "fact", "type", "default",
                                         "defaults", "en",   "zh",   NULL };
    TRY(members_only(c, node, KNOWN));
    uint64_t n = 0;
    TRY(member_number(c, node, "n", true, FACT_NUMBER_MAX, &n));
    size_t count = c->set.fact_count;
    if (n <= (count == 0 ? 0 : c->set.facts[count - 1].number)) {
        return say(c, node, ERR_RANGE, "facts are numbered in ascending order");
    }
    const char *name = NULL, *type = NULL;
    TRY(member_text(c, node, "fact", true, &name));
    TRY(member_text(c, node, "type", true, &type));
    uint32_t number = number_in(TYPES, COUNT(TYPES), type);
    if (number == 0) {
        return say(c, node, ERR_UNKNOWN_WORD, "unknown type \"%s\"", type);
    }
    if (fact_number(c, name) != 0) {
        return say(c, node, ERR_DUPLICATE, "the fact \"%s\" occurs twice", name);
    }
    c->facts[n] = (struct fact_row){ name, node };
    c->set.facts[count] = (struct set_fact){ .number = (uint32_t)n, .type = number };
    c->set.fact_count++;
    return ERR_NONE;
}

static enum err place_read(struct compile *c, const struct yaml *node)
{
    static const char *const KNOWN[] = { "n", "code", "utc", "name", "zh", NULL };
    TRY(members_only(c, node, KNOWN));
    uint64_t n = 0, offset = 0;
    TRY(member_number(c, node, "n", true, 999, &n));
    const char *code = NULL, *name = NULL, *utc = NULL, *zh = NULL;
    TRY(member_text(c, node, "code", true, &code));
    TRY(member_text(c, node, "name", true, &name));
    TRY(member_text(c, node, "zh", true, &zh));
    TRY(member_text(c, node, "utc", true, &utc));
    bool west = utc[0] == '-';
    if (!number_of_text(utc + (west ? 1 : 0), 14 * 60, &offset)) {
        return say(c, node, ERR_RANGE, "\"utc\" must be minutes east of UTC");
    }
    size_t i = c->set.place_count;
    if (i == SET_PLACE_MAX || strlen(code) != 2 || place_number(c, code) != 0 ||
        n <= (i == 0 ? 0 : c->set.places[i - 1].number)) {
        return say(c, node, ERR_RANGE, "places ascend by number and have a code of their own");
    }
    c->places[i] = (struct place_row){ code, name, zh };
    c->set.places[i] =
        (struct set_place){ .number = (uint32_t)n,
                            .offset_minutes = west ? -(int32_t)offset : (int32_t)offset };
    c->set.place_count++;
    return ERR_NONE;
}

typedef enum err read_row(struct compile *c, const struct yaml *node);

static enum err rows_read(struct compile *c, const struct yaml *file, const char *key,
                          read_row *one)
{
    const struct yaml *list = NULL;
    TRY(member_list(c, file, key, false, &list));
    for (const struct yaml *n = list == NULL ? NULL : list->first; n != NULL; n = n->next) {
        TRY(one(c, n));
    }
    return ERR_NONE;
}

enum err words_read(struct compile *c, const struct yaml *file)
{
    static const char *const KNOWN[] = { "words", "facts", "places", "lists", NULL };
    TRY(members_only(c, file, KNOWN));
    TRY(rows_read(c, file, "words", word_read));
    TRY(rows_read(c, file, "facts", fact_read));
    return rows_read(c, file, "places", place_read);
}

static enum err member_read(struct compile *c, const struct yaml *node, uint32_t kind,
                            struct set_member *out)
{
    static const char *const KNOWN[] = { "is", "from", "to", "cite", NULL };
    const char *name = node->text, *from = NULL, *to = NULL, *cite = NULL;
    if (node->kind != YAML_SCALAR) {
        TRY(members_only(c, node, KNOWN));
        TRY(member_text(c, node, "is", true, &name));
        TRY(member_text(c, node, "from", false, &from));
        TRY(member_text(c, node, "to", false, &to));
        TRY(member_text(c, node, "cite", false, &cite));
    }
    struct set_member m = { 0 };
    if (kind == LIST_PLACES) {
        m.value = place_number(c, name);
        if (m.value == 0) {
            return say(c, node, ERR_UNKNOWN_WORD, "unknown place \"%s\"", name);
        }
    } else {
        TRY(word_of(c, node, name, WORD_USE_END - 1, &m.value));
    }
    TRY(from == NULL ? ERR_NONE : day_of(c, node, from, &m.from_day));
    TRY(to == NULL ? ERR_NONE : day_of(c, node, to, &m.to_day));
    TRY(cite == NULL ? ERR_NONE : cite_of(c, node, cite, &m.cite));
    if (m.to_day != 0 && m.to_day < m.from_day) {
        return say(c, node, ERR_RANGE, "\"to\" is before \"from\"");
    }
    *out = m;
    return ERR_NONE;
}

static bool member_before(const struct set_member *a, const struct set_member *b)
{
    return a->value != b->value ? a->value < b->value : a->from_day < b->from_day;
}

static enum err list_read(struct compile *c, const struct yaml *node)
{
    static const char *const KNOWN[] = { "list", "of", "members", NULL };
    TRY(members_only(c, node, KNOWN));
    const char *name = NULL, *of = NULL;
    const struct yaml *members = NULL;
    TRY(member_text(c, node, "list", true, &name));
    TRY(member_text(c, node, "of", true, &of));
    TRY(member_list(c, node, "members", true, &members));
    bool places = strcmp(of, "places") == 0;
    if (!places && strcmp(of, "words") != 0) {
        return say(c, node, ERR_UNKNOWN_WORD, "a list is of places or of words");
    }
    if (c->set.list_count == SET_LIST_MAX || members->count > SET_MEMBER_MAX) {
        return say(c, node, ERR_SIZE, "more lists or members than a set holds");
    }
    if (list_number(c, name) != 0) {
        return say(c, node, ERR_DUPLICATE, "the list \"%s\" occurs twice", name);
    }
    struct set_list *l = &c->set.lists[c->set.list_count];
    l->kind = places ? LIST_PLACES : LIST_WORDS;
    l->members = ARENA_ARRAY(c->arena, struct set_member, members->count);
    if (l->members == NULL) {
        return ERR_NO_SPACE;
    }
    for (const struct yaml *m = members->first; m != NULL; m = m->next) {
        struct set_member one = { 0 };
        TRY(member_read(c, m, l->kind, &one));
        size_t k = l->count++;
        for (; k > 0 && member_before(&one, &l->members[k - 1]); k--) {
            l->members[k] = l->members[k - 1];
        }
        if (k > 0 && l->members[k - 1].value == one.value &&
            (l->members[k - 1].to_day == 0 || l->members[k - 1].to_day >= one.from_day)) {
            return say(c, m, ERR_DUPLICATE, "a member twice on the same day");
        }
        l->members[k] = one;
    }
    c->lists[c->set.list_count++].name = name;
    return ERR_NONE;
}

enum err lists_read(struct compile *c, const struct yaml *file)
{
    return rows_read(c, file, "lists", list_read);
}

static enum err default_value(struct compile *c, const struct yaml *at, const char *text,
                              uint32_t type, struct set_default *out)
{
    out->kind = DEFAULT_VALUE;
    uint32_t word = 0, day = 0;
    switch ((enum policy_type)type) {
    case POLICY_BOOL:
        if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
            return say(c, at, ERR_RANGE, "a default of true or false is expected");
        }
        out->value = strcmp(text, "true") == 0 ? 1 : 0;
        return ERR_NONE;
    case POLICY_U64:
        return number_of_text(text, POLICY_COUNT_MAX, &out->value)
                   ? ERR_NONE
                   : say(c, at, ERR_RANGE, "a number is expected");
    case POLICY_DAY:
        TRY(day_of(c, at, text, &day));
        out->value = day;
        return ERR_NONE;
    case POLICY_PLACE:
        out->kind = DEFAULT_EXPORTER;
        return strcmp(text, "exporter") == 0 ? ERR_NONE
                                             : say(c, at, ERR_RANGE, "only \"exporter\" is");
    case POLICY_WORD:
        TRY(word_of(c, at, text, WORD_VALUE | WORD_MECHANISM, &word));
        out->value = word;
        return ERR_NONE;
    }
    return ERR_RANGE;
}

static enum err default_read(struct compile *c, const struct yaml *node, uint32_t type,
                             struct set_default *out)
{
    static const char *const KNOWN[] = { "when", "value", NULL };
    TRY(members_only(c, node, KNOWN));
    const char *value = NULL;
    TRY(member_text(c, node, "value", true, &value));
    TRY(default_value(c, node, value, type, out));
    return tests_read(c, yaml_member(node, "when"), NULL, 0, &out->tests);
}

/* Lists are known by now, and the facts below this one: set_check refuses the others. */
enum err facts_finish(struct compile *c)
{
    for (size_t i = 0; i < c->set.fact_count; i++) {
        struct set_fact *f = &c->set.facts[i];
        const struct yaml *node = c->facts[f->number].node, *list = NULL;
        const char *plain = NULL;
        TRY(member_text(c, node, "default", false, &plain));
        TRY(member_list(c, node, "defaults", false, &list));
        size_t count = list == NULL ? (plain == NULL ? 0 : 1) : list->count;
        if (count > FACT_DEFAULT_MAX || (plain != NULL && list != NULL)) {
            return say(c, node, ERR_SIZE, "too many defaults");
        }
        f->defaults = ARENA_ARRAY(c->arena, struct set_default, count);
        if (f->defaults == NULL) {
            return ERR_NO_SPACE;
        }
        if (plain != NULL) {
            TRY(default_value(c, node, plain, f->type, &f->defaults[f->default_count++]));
        }
        for (const struct yaml *d = list == NULL ? NULL : list->first; d != NULL; d = d->next) {
            TRY(default_read(c, d, f->type, &f->defaults[f->default_count++]));
        }
    }
    return ERR_NONE;
}
