#include "policy/compile/compile_internal.h"

/* The prose file: what a person reads, in the order of the numbers that stand for it. */

static json_t *text_or_empty(const char *text)
{
    return json_new_str(text == NULL ? "" : text);
}

static json_t *pair_json(const struct yaml *note)
{
    json_t *o = json_new_object();
    const struct yaml *en = note == NULL ? NULL : yaml_member(note, "en");
    const struct yaml *zh = note == NULL ? NULL : yaml_member(note, "zh");
    json_put(o, "en", text_or_empty(en == NULL ? NULL : en->text));
    json_put(o, "zh", text_or_empty(zh == NULL ? NULL : zh->text));
    return o;
}

static json_t *words_json(const struct compile *c)
{
    json_t *list = json_new_array();
    for (size_t n = 1; n <= c->set.word_uses.count; n++) {
        json_t *w = json_new_object();
        json_put(w, "word", json_new_str(c->words[n].text));
        json_put(w, "en", text_or_empty(c->words[n].en));
        json_put(w, "zh", text_or_empty(c->words[n].zh));
        json_push(list, w);
    }
    return list;
}

static json_t *facts_json(const struct compile *c)
{
    json_t *list = json_new_array();
    for (size_t i = 0; i < c->set.fact_count; i++) {
        json_t *f = json_new_object();
        json_put(f, "n", json_new_int(c->set.facts[i].number));
        json_put(f, "fact", json_new_str(c->facts[c->set.facts[i].number].name));
        json_put(f, "said", pair_json(c->facts[c->set.facts[i].number].node));
        json_push(list, f);
    }
    return list;
}

static json_t *places_json(const struct compile *c)
{
    json_t *list = json_new_array();
    for (size_t i = 0; i < c->set.place_count; i++) {
        json_t *p = json_new_object();
        json_put(p, "n", json_new_int(c->set.places[i].number));
        json_put(p, "code", json_new_str(c->places[i].code));
        json_put(p, "en", json_new_str(c->places[i].name));
        json_put(p, "zh", json_new_str(c->places[i].zh));
        json_push(list, p);
    }
    return list;
}

static json_t *texts_json(const struct yaml *list)
{
    json_t *out = json_new_array();
    for (const struct yaml *n = list == NULL ? NULL : list->first; n != NULL; n = n->next) {
        if (n->kind == YAML_SCALAR) {
            json_push(out, json_new_str(n->text));
        }
    }
    return out;
}

static json_t *packs_json(const struct compile *c)
{
    json_t *list = json_new_array();
    for (size_t i = 0; i < c->set.pack_count; i++) {
        const struct yaml *file = c->packs[i].node;
        json_t *p = json_new_object();
        json_put(p, "pack", json_new_str(yaml_member(file, "pack")->text));
        json_put(p, "name", pair_json(yaml_member(file, "name")));
        json_put(p, "coverage", json_new_str(yaml_member(file, "coverage")->text));
        json_put(p, "source", json_new_str(yaml_member(file, "source")->text));
        json_put(p, "articles_read", texts_json(yaml_member(file, "articles_read")));
        json_put(p, "not_read", texts_json(yaml_member(file, "not_read")));
        json_push(list, p);
    }
    return list;
}

static json_t *rules_json(const struct compile *c)
{
    json_t *list = json_new_array();
    for (size_t i = 0; i < c->rule_count; i++) {
        const struct yaml *node = c->rules[i].node;
        json_t *r = json_new_object();
        json_put(r, "id", json_new_str(c->rules[i].id));
        json_put(r, "pack", json_new_int((int64_t)c->rules[i].pack));
        json_put(r, "effect", json_new_str(yaml_member(node, "effect")->text));
        json_put(r, "note", pair_json(yaml_member(node, "note")));
        json_put(r, "cites", texts_json(yaml_member(node, "cites")));
        if (yaml_member(node, "conflict") != NULL) {
            json_put(r, "conflict", pair_json(yaml_member(node, "conflict")));
        }
        json_push(list, r);
    }
    return list;
}

static json_t *lists_json(const struct compile *c)
{
    json_t *list = json_new_array();
    for (size_t i = 0; i < c->set.list_count; i++) {
        json_push(list, json_new_str(c->lists[i].name));
    }
    return list;
}

enum err prose_write(struct compile *c, char **out, size_t *len)
{
    json_t *root = json_new_object(), *cites = json_new_array();
    for (size_t i = 0; i < c->cite_count; i++) {
        json_push(cites, json_new_str(c->cites[i]));
    }
    json_put(root, "version", json_new_int(1));
    json_put(root, "words", words_json(c));
    json_put(root, "facts", facts_json(c));
    json_put(root, "places", places_json(c));
    json_put(root, "packs", packs_json(c));
    json_put(root, "rules", rules_json(c));
    json_put(root, "lists", lists_json(c));
    json_put(root, "cites", cites);
    enum err err = json_write_canonical(root, out, len);
    json_free(root);
    return err;
}
