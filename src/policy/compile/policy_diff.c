#include <stdlib.h>
#include <string.h>

#include "policy/compile/book_internal.h"

/* One side of the comparison: a name, and all that is said under it. */
struct entry {
    const char *name;
    char *said; /* malloc'ed */
};
struct side {
    struct entry *at;
    size_t count;
};
struct diff {
    json_t *answer;
    struct text text;
};

static void side_free(struct side *s)
{
    for (size_t i = 0; i < s->count; i++) {
        free(s->at[i].said);
    }
    free(s->at);
    *s = (struct side){ 0 };
}

static enum err side_new(size_t count, struct side *out)
{
    struct side s = { .at = calloc(count + 1, sizeof *s.at), .count = count };
    if (s.at == NULL) {
        return ERR_NO_SPACE;
    }
    *out = s;
    return ERR_NONE;
}

static enum err rules_side(const struct policy_book *b, struct side *out)
{
    struct side s;
    TRY(side_new(b->rule_count, &s));
    for (size_t i = 0; i < b->set->pack_count; i++) {
        const struct set_pack *p = &b->set->packs[i];
        for (size_t k = 0; k < p->rule_count; k++) {
            uint32_t number = p->rules[k].number;
            struct text t = { 0 };
            render_rule(&t, b, p, &p->rules[k]);
            text_put(&t, " | %s | %s", book_rule_note(b, number, POLICY_ENGLISH),
                     book_rule_note(b, number, POLICY_CHINESE));
            s.at[number - 1] = (struct entry){ book_rule(b, number), t.at };
        }
    }
    *out = s;
    return ERR_NONE;
}

static enum err lists_side(const struct policy_book *b, struct side *out)
{
    struct side s;
    const json_t *names = json_member(b->prose, "lists");
    TRY(side_new(b->set->list_count, &s));
    for (size_t i = 0; i < b->set->list_count; i++) {
        struct text t = { 0 };
        text_put(&t, "%s", "");
        render_list(&t, b, &b->set->lists[i]);
        s.at[i] = (struct entry){ json_text_of(json_at(names, i)), t.at };
    }
    *out = s;
    return ERR_NONE;
}

static enum err packs_side(const struct policy_book *b, struct side *out)
{
    struct side s;
    const json_t *packs = json_member(b->prose, "packs");
    TRY(side_new(b->set->pack_count, &s));
    for (size_t i = 0; i < s.count; i++) {
        struct text t = { 0 };
        const char *source = "";
        const json_t *p = json_at(packs, i);
        if (json_get_str(p, "source", &source) != ERR_NONE) {
            source = "?";
        }
        text_put(&t, "%s, source of %s, places:", policy_coverage_word(b->set->packs[i].coverage),
                 source);
        for (size_t k = 0; k < b->set->place_count; k++) {
            if (b->set->places[k].pack == i + 1) {
                text_put(&t, " %s", book_place(b, b->set->places[k].number));
            }
        }
        s.at[i] = (struct entry){ policy_page_name(b, i), t.at };
    }
    *out = s;
    return ERR_NONE;
}

static const char *said_of(const struct side *s, const char *name)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->at[i].name != NULL && strcmp(s->at[i].name, name) == 0) {
            return s->at[i].said == NULL ? "" : s->at[i].said;
        }
    }
    return NULL;
}

static void change_put(struct diff *d, json_t *list, const char *what, const char *name,
                       const char *before, const char *after)
{
    json_t *o = json_new_object();
    json_put(o, "name", json_new_str(name));
    json_put(o, "before", before == NULL ? json_new_str("") : json_new_str(before));
    json_put(o, "after", after == NULL ? json_new_str("") : json_new_str(after));
    json_push(list, o);
    text_put(&d->text, "%s %s\n", what, name);
    if (before != NULL) {
        text_put(&d->text, "  - %s\n", before);
    }
    if (after != NULL) {
        text_put(&d->text, "  + %s\n", after);
    }
}

/* What is gone or changed in the order of the first, then what is new in the order of the second.
 */
static void sides_compare(struct diff *d, const char *what, const char *key,
                          const struct side *before, const struct side *after)
{
    json_t *list = json_new_array();
    for (size_t i = 0; i < before->count; i++) {
        const char *name = before->at[i].name, *old = said_of(before, name);
        const char *new = said_of(after, name);
        if (old == NULL || new == NULL || strcmp(old, new) != 0) {
            change_put(d, list, what, name, old, new);
        }
    }
    for (size_t i = 0; i < after->count; i++) {
        if (said_of(before, after->at[i].name) == NULL) {
            change_put(d, list, what, after->at[i].name, NULL, said_of(after, after->at[i].name));
        }
    }
    json_put(d->answer, key, list);
}

typedef enum err side_of(const struct policy_book *b, struct side *out);

static enum err part(struct diff *d, const char *what, const char *key, side_of *make,
                     const struct policy_book *before, const struct policy_book *after)
{
    struct side one, two = { 0 };
    TRY(make(before, &one));
    enum err err = make(after, &two);
    if (err == ERR_NONE) {
        sides_compare(d, what, key, &one, &two);
    }
    side_free(&one);
    side_free(&two);
    return err;
}

enum err policy_diff(const struct policy_book *before, const struct policy_book *after,
                     json_t **out, char **text)
{
    struct diff d = { .answer = json_new_object() };
    text_put(&d.text, "%s", "");
    enum err err = part(&d, "pack", "packs", packs_side, before, after);
    err = err == ERR_NONE ? part(&d, "rule", "rules", rules_side, before, after) : err;
    err = err == ERR_NONE ? part(&d, "list", "lists", lists_side, before, after) : err;
    err = err == ERR_NONE && d.text.failed ? ERR_NO_SPACE : err;
    if (err != ERR_NONE) {
        json_free(d.answer);
        free(d.text.at);
        return err;
    }
    *out = d.answer;
    *text = d.text.at;
    return ERR_NONE;
}
