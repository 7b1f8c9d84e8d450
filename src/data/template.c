#include <stdlib.h>
#include <string.h>

#include "data/template_internal.h"

enum err template_only(const json_t *object, const char *const *known, const char *where, char *why)
{
    const char *stranger = NULL;
    enum err e = json_only(object, known, &stranger);
    if (e == ERR_UNKNOWN_WORD) {
        return data_refuse(why, "%s: unknown member \"%.40s\"", where, stranger);
    }
    return e == ERR_NONE ? e : data_refuse(why, "%s: not an object", where);
}

enum err template_text(const json_t *object, const char *key, const char *where, const char **out,
                       char *why)
{
    if (json_get_str(object, key, out) != ERR_NONE || (*out)[0] == '\0') {
        return data_refuse(why, "%s: \"%s\" must be a text", where, key);
    }
    return ERR_NONE;
}

/* {"en", "zh"}: what a person reads, in both languages. */
enum err template_both(const json_t *object, const char *key, const char *where, const char **en,
                       const char **zh, char *why)
{
    static const char *const KNOWN[] = { "en", "zh", NULL };
    const json_t *both = json_member(object, key);
    if (both == NULL) {
        return data_refuse(why, "%s: \"%s\" is missing", where, key);
    }
    TRY(template_only(both, KNOWN, where, why));
    TRY(template_text(both, "en", where, en, why));
    return template_text(both, "zh", where, zh, why);
}

enum err template_class(const char *name, enum column_class *out)
{
    for (enum column_class c = COLUMN_PERSONAL; c <= COLUMN_HEALTH; c++) {
        if (strcmp(name, column_class_name(c)) == 0) {
            *out = c;
            return ERR_NONE;
        }
    }
    return ERR_UNKNOWN_WORD;
}

static enum err read_drop(const json_t *j, struct drop *out, char *why)
{
    static const char *const KNOWN[] = { "class", "name", "why", NULL };
    const char *class = NULL;
    TRY(template_only(j, KNOWN, "drop", why));
    out->by_class = json_member(j, "class") != NULL;
    if (out->by_class == (json_member(j, "name") != NULL)) {
        return data_refuse(why, "drop: each rule has either \"class\" or \"name\"");
    }
    TRY(template_both(j, "why", "drop", &out->why_en, &out->why_zh, why));
    if (!out->by_class) {
        return template_text(j, "name", "drop", &out->pattern, why);
    }
    TRY(template_text(j, "class", "drop", &class, why));
    if (template_class(class, &out->class) != ERR_NONE) {
        return data_refuse(why, "drop: no class \"%.40s\" (personal, sensitive, financial, health)",
                           class);
    }
    return ERR_NONE;
}

static enum err read_drops(const json_t *list, struct template_ *t, char *why)
{
    if (list == NULL || json_at(list, 0) == NULL || json_size(list) > TEMPLATE_RULES_MAX) {
        return data_refuse(why, "\"drop\" must be a list of 1 to %d rules", TEMPLATE_RULES_MAX);
    }
    t->drop_count = (uint32_t)json_size(list);
    for (uint32_t i = 0; i < t->drop_count; i++) {
        TRY(read_drop(json_at(list, i), &t->drop[i], why));
    }
    return ERR_NONE;
}

static enum err read_name(const json_t *json, const char **out, char *why)
{
    TRY(template_text(json, "template", "template", out, why));
    bool plain = strspn(*out, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(*out);
    if (!plain || strlen(*out) > 32) {
        return data_refuse(why, "a template's name is 1 to 32 of a-z, 0-9 and '-'");
    }
    return ERR_NONE;
}

static enum err read_members(struct template_ *t, char *why)
{
    static const char *const KNOWN[] = { "template",
                                         "title",
                                         "facts",
                                         "columns",
                                         "drop",
                                         "k",
                                         "quasi_identifiers",
                                         "suppress_max_percent",
                                         NULL };
    static const char *const FACTS[] = { "sector",  "classes",        "role",
                                         "purpose", "important_data", NULL };
    const char *en, *zh;
    TRY(template_only(t->json, KNOWN, "template", why));
    TRY(read_name(t->json, &t->name, why));
    TRY(template_both(t->json, "title", "title", &en, &zh, why));
    t->facts = json_member(t->json, "facts");
    if (t->facts == NULL) {
        return data_refuse(why, "\"facts\" is missing");
    }
    TRY(template_only(t->facts, FACTS, "facts", why));
    TRY(read_drops(json_member(t->json, "drop"), t, why));
    return template_rules(t, why);
}

void template_free(struct template_ *t)
{
    if (t != NULL) {
        json_text_free(t->canonical);
        json_free(t->json);
        free(t);
    }
}

enum err template_read(struct bytes json, struct template_ **out, char *why)
{
    char reason[JSON_ERROR_SIZE] = "";
    struct template_ *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return ERR_NO_SPACE;
    }
    enum err e = json_read(json, TEMPLATE_SIZE_MAX, &t->json, reason);
    if (e != ERR_NONE) {
        e = data_refuse(why, "%.*s", CSV_WHY_SIZE - 1, reason);
    } else {
        e = read_members(t, why);
    }
    if (e == ERR_NONE &&
        json_write_canonical(t->json, &t->canonical, &t->canonical_len) != ERR_NONE) {
        e = data_refuse(why, "a number beyond 2^53 or nesting too deep");
    }
    if (e != ERR_NONE) {
        template_free(t);
        return e;
    }
    *out = t;
    return ERR_NONE;
}

const char *template_name(const struct template_ *t)
{
    return t->name;
}

void template_hash(const struct suite *s, const struct template_ *t, struct hash *out)
{
    hash_tagged(s, "carnet/template/v1", bytes_of(t->canonical, t->canonical_len), out);
}

const json_t *template_facts(const struct template_ *t)
{
    return t->facts;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* '*' is any run of characters; ASCII letters in either case. On a mismatch the last star takes one
 * character more, so the work is bounded by the product of the lengths. */
bool template_matches(const char *pattern, const char *name)
{
    const char *star = NULL, *from = NULL;
    while (*name != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            from = name;
        } else if (*pattern != '\0' && lower(*pattern) == lower(*name)) {
            pattern++;
            name++;
        } else if (star != NULL) {
            pattern = star + 1;
            name = ++from;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

const struct rule *template_rule(const struct template_ *t, const char *column)
{
    char words[WORDS_SIZE];
    words_of(column, words);
    words[strlen(words) - 1] = '\0'; /* the space behind the last word */
    for (uint32_t i = 0; i < t->rule_count; i++) {
        const json_t *names = t->rule[i].names;
        for (size_t k = 0; k < json_size(names); k++) {
            const char *pattern = json_text_of(json_at(names, k));
            if (template_matches(pattern, column) || template_matches(pattern, words + 1)) {
                return &t->rule[i];
            }
        }
    }
    return NULL;
}

static const struct drop *drop_of(const struct template_ *t, const struct column *c)
{
    for (uint32_t i = 0; i < t->drop_count; i++) {
        const struct drop *d = &t->drop[i];
        if (d->by_class ? d->class == c->class : template_matches(d->pattern, c->name)) {
            return d;
        }
    }
    return NULL;
}

/* A name may promise what the values do not hold: a column that stays as it is by its name, and
 * whose values are those of a class that must not leave, does not leave. */
static bool betrays(const struct rule *r, const struct column *c)
{
    return r->action == DATA_KEEP && !r->quasi && c->by_values && c->class != r->class;
}

void template_treatment(const struct template_ *t, const struct column *c, struct treatment *out)
{
    const struct rule *r = template_rule(t, c->name);
    const struct drop *d = drop_of(t, c);
    *out = (struct treatment){ .class = c->class };
    if (r != NULL && !(d != NULL && betrays(r, c))) {
        *out = (struct treatment){ .action = r->action,
                                   .class = r->class,
                                   .role = r->role,
                                   .why_en = r->why_en,
                                   .why_zh = r->why_zh,
                                   .quasi = r->quasi };
    } else if (d != NULL) {
        out->action = DATA_DROP;
        out->why_en = d->why_en;
        out->why_zh = d->why_zh;
    }
}

bool template_drops(const struct template_ *t, const struct column *c)
{
    struct treatment x;
    template_treatment(t, c, &x);
    return x.action == DATA_DROP;
}

bool template_asks_k(const struct template_ *t)
{
    return t->quasi_count > 0;
}
