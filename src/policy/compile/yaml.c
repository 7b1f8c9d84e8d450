#include "policy/compile/yaml_internal.h"

#include <string.h>
#include <yaml.h>

struct building {
    struct arena *arena;
    struct yaml *open[YAML_DEPTH_MAX];
    size_t depth;
    struct yaml *root;
    const char *key; /* read, and waiting for its value */
    const char *why;
    bool done;
};

const struct yaml *yaml_member(const struct yaml *map, const char *key)
{
    for (const struct yaml *m = map->kind == YAML_MAP ? map->first : NULL; m != NULL; m = m->next) {
        if (strcmp(m->key, key) == 0) {
            return m;
        }
    }
    return NULL;
}

static enum err refuse(struct building *b, const char *why)
{
    b->why = why;
    return ERR_UNREADABLE;
}

static enum err text_copy(struct building *b, const yaml_char_t *value, size_t len,
                          const char **out)
{
    if (memchr(value, '\0', len) != NULL) {
        return refuse(b, "a zero byte in a scalar");
    }
    char *copy = arena_alloc(b->arena, len + 1);
    if (copy == NULL) {
        return ERR_NO_SPACE;
    }
    memcpy(copy, value, len);
    *out = copy;
    return ERR_NONE;
}

static enum err attach(struct building *b, struct yaml *node)
{
    if (b->depth == 0) {
        b->root = node;
        return ERR_NONE;
    }
    struct yaml *parent = b->open[b->depth - 1];
    ASSERT(parent != NULL);
    if (parent->kind == YAML_MAP) {
        if (b->key == NULL) {
            return refuse(b, "a key that is not a scalar");
        }
        node->key = b->key;
        b->key = NULL;
        if (yaml_member(parent, node->key) != NULL) {
            return refuse(b, "a key that occurs twice");
        }
    }
    if (parent->last == NULL) {
        parent->first = node;
    } else {
        parent->last->next = node;
    }
    parent->last = node;
    parent->count++;
    return ERR_NONE;
}

static enum err scalar(struct building *b, const yaml_event_t *e)
{
    if (e->data.scalar.anchor != NULL || e->data.scalar.tag != NULL) {
        return refuse(b, "an anchor or a tag: write the text out");
    }
    const char *text;
    TRY(text_copy(b, e->data.scalar.value, e->data.scalar.length, &text));
    const struct yaml *parent = b->depth > 0 ? b->open[b->depth - 1] : NULL;
    bool in_map = parent != NULL && parent->kind == YAML_MAP;
    if (in_map && b->key == NULL) {
        b->key = text;
        return ERR_NONE;
    }
    struct yaml *node = ARENA_NEW(b->arena, struct yaml);
    if (node == NULL) {
        return ERR_NO_SPACE;
    }
    *node = (struct yaml){ .kind = YAML_SCALAR, .line = e->start_mark.line + 1, .text = text };
    return attach(b, node);
}

static enum err container(struct building *b, const yaml_event_t *e, enum yaml_kind kind,
                          bool decorated)
{
    if (decorated) {
        return refuse(b, "an anchor or a tag: write the text out");
    }
    if (b->depth == YAML_DEPTH_MAX) {
        return refuse(b, "nested too deeply");
    }
    struct yaml *node = ARENA_NEW(b->arena, struct yaml);
    if (node == NULL) {
        return ERR_NO_SPACE;
    }
    *node = (struct yaml){ .kind = kind, .line = e->start_mark.line + 1 };
    TRY(attach(b, node));
    b->open[b->depth++] = node;
    return ERR_NONE;
}

static enum err step(struct building *b, const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_ALIAS_EVENT:
        return refuse(b, "an alias: write the text out");
    case YAML_SCALAR_EVENT:
        return scalar(b, e);
    case YAML_SEQUENCE_START_EVENT:
        return container(b, e, YAML_LIST,
                         e->data.sequence_start.anchor != NULL ||
                             e->data.sequence_start.tag != NULL);
    case YAML_MAPPING_START_EVENT:
        return container(b, e, YAML_MAP,
                         e->data.mapping_start.anchor != NULL || e->data.mapping_start.tag != NULL);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        b->depth--;
        return ERR_NONE;
    case YAML_DOCUMENT_START_EVENT:
        return b->root == NULL ? ERR_NONE : refuse(b, "more than one document");
    case YAML_STREAM_END_EVENT:
        b->done = true;
        return ERR_NONE;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return ERR_NONE;
}

static enum err events(struct building *b, yaml_parser_t *parser, size_t *line)
{
    while (!b->done) {
        yaml_event_t e;
        if (yaml_parser_parse(parser, &e) == 0) {
            *line = parser->problem_mark.line + 1;
            return refuse(b, parser->problem != NULL ? parser->problem : "not YAML");
        }
        *line = e.start_mark.line + 1;
        enum err err = step(b, &e);
        yaml_event_delete(&e);
        TRY(err);
    }
    return b->root != NULL ? ERR_NONE : refuse(b, "an empty file");
}

enum err yaml_read(struct bytes source, struct arena *arena, struct yaml **out, size_t *line,
                   const char **why)
{
    *line = 1;
    *why = "too large, or not UTF-8";
    if (source.len > YAML_SOURCE_SIZE_MAX) {
        return ERR_SIZE;
    }
    if (!utf8_valid(source)) {
        return ERR_UNREADABLE;
    }
    yaml_parser_t parser;
    if (yaml_parser_initialize(&parser) == 0) {
        return ERR_NO_SPACE;
    }
    yaml_parser_set_input_string(&parser, source.ptr, source.len);
    struct building b = { .arena = arena, .why = "out of memory" };
    enum err err = events(&b, &parser, line);
    /* The parser's words for a problem are literals of libyaml: they outlive it. */
    yaml_parser_delete(&parser);
    *why = b.why;
    TRY(err);
    *out = b.root;
    return ERR_NONE;
}
