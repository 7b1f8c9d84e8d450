#include <stdlib.h>
#include <string.h>

#include "policy/compile/book_internal.h"

static const json_t *pack_prose(const struct policy_book *b, size_t pack)
{
    return json_at(json_member(b->prose, "packs"), pack);
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = "";
    return json_get_str(o, key, &text) == ERR_NONE ? text : "";
}

const char *policy_page_name(const struct policy_book *b, size_t pack)
{
    return pack < b->set->pack_count ? text_of(pack_prose(b, pack), "pack") : NULL;
}

static void texts_put(struct text *t, const char *title, const json_t *list)
{
    for (size_t i = 0; list != NULL && i < json_size(list); i++) {
        text_put(t, "%s%s", i == 0 ? title : "; ", json_text_of(json_at(list, i)));
    }
    text_put(t, "%s", list != NULL && json_size(list) > 0 ? ".\n\n" : "");
}

static void head_put(struct text *t, const struct policy_book *b, size_t pack)
{
    const json_t *p = pack_prose(b, pack), *name = json_member(p, "name");
    text_put(t, "# %s: %s (%s)\n\n", text_of(p, "pack"), text_of(name, "en"), text_of(name, "zh"));
    text_put(t,
             "Made from `rules/%s.yaml` by `carnet rules show --pages`; law as data, not legal "
             "advice. Coverage: %s. Date of the\nsource: %s.",
             text_of(p, "pack"), text_of(p, "coverage"), text_of(p, "source"));
    size_t places = 0;
    for (size_t i = 0; i < b->set->place_count; i++) {
        if (b->set->places[i].pack == pack + 1) {
            text_put(t, "%s%s", places++ == 0 ? " Places: " : ", ",
                     book_place(b, b->set->places[i].number));
        }
    }
    text_put(t, "%s\n\n", places > 0 ? "." : "");
    texts_put(t, "Read: ", json_member(p, "articles_read"));
    texts_put(t, "Not read: ", json_member(p, "not_read"));
}

static bool rules_ask(const struct set_pack *p, uint64_t list)
{
    for (size_t i = 0; i < p->rule_count; i++) {
        struct set_tests tests = p->rules[i].tests;
        for (size_t k = 0; k < tests.count; k++) {
            bool asks = tests.at[k].op == OP_IN || tests.at[k].op == OP_OUTSIDE;
            if (asks && tests.at[k].value == list) {
                return true;
            }
        }
        for (size_t k = 0; k < p->rules[i].term_count; k++) {
            const struct set_term *x = &p->rules[i].terms[k];
            if (x->kind >= TERM_PURPOSES && x->value == list) {
                return true;
            }
        }
    }
    return false;
}

static void lists_put(struct text *t, const struct policy_book *b, const struct set_pack *p)
{
    const json_t *names = json_member(b->prose, "lists");
    bool any = false;
    for (size_t i = 0; i < b->set->list_count; i++) {
        if (!rules_ask(p, i + 1)) {
            continue;
        }
        text_put(t, "%s- `%s`: ", any ? "" : "## Lists\n\n", json_text_of(json_at(names, i)));
        render_list(t, b, &b->set->lists[i]);
        text_put(t, "\n");
        any = true;
    }
}

static void rule_put(struct text *t, const struct policy_book *b, const struct set_pack *p,
                     const struct set_rule *r)
{
    text_put(t, "### %s\n\n%s. %s。\n\n`", book_rule(b, r->number),
             book_rule_note(b, r->number, POLICY_ENGLISH),
             book_rule_note(b, r->number, POLICY_CHINESE));
    render_rule(t, b, p, r);
    text_put(t, "`\n\n");
}

char *policy_page(const struct policy_book *b, size_t pack)
{
    struct text t = { 0 };
    if (pack >= b->set->pack_count) {
        return NULL;
    }
    const struct set_pack *p = &b->set->packs[pack];
    head_put(&t, b, pack);
    text_put(&t, "## Rules\n\n");
    for (size_t i = 0; i < p->rule_count; i++) {
        rule_put(&t, b, p, &p->rules[i]);
    }
    lists_put(&t, b, p);
    if (t.failed) {
        free(t.at);
        return NULL;
    }
    while (t.len >= 2 && t.at[t.len - 1] == '\n' && t.at[t.len - 2] == '\n') {
        t.at[--t.len] = '\0';
    }
    return t.at;
}
