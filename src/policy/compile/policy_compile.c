#include "policy/compile/policy_compile.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "policy/compile/compile_internal.h"

/* Trees, tables and the encoded set together; the kernel gives only what is touched. */
enum { COMPILE_ARENA = 64 << 20 };

static const char *const WORDS_FILE = "words.yaml";
static const char *const PLACES_FILE = "places.yaml";

static bool tables_new(struct compile *c)
{
    struct policy_set *s = &c->set;
    s->evaluator = POLICY_EVALUATOR;
    s->word_uses.at = c->word_uses;
    s->places = ARENA_ARRAY(c->arena, struct set_place, SET_PLACE_MAX);
    s->facts = ARENA_ARRAY(c->arena, struct set_fact, FACT_NUMBER_MAX);
    s->lists = ARENA_ARRAY(c->arena, struct set_list, SET_LIST_MAX);
    s->packs = ARENA_ARRAY(c->arena, struct set_pack, SET_PACK_MAX);
    return s->places != NULL && s->facts != NULL && s->lists != NULL && s->packs != NULL;
}

static enum err tree_of(struct compile *c, const struct policy_source *source, struct yaml **out)
{
    size_t line = 1;
    const char *why = "";
    c->file = source->name;
    enum err err = yaml_read(source->text, c->arena, out, &line, &why);
    if (err != ERR_NONE) {
        const struct yaml at = { .line = line };
        return say(c, &at, err, "%s", why);
    }
    return ERR_NONE;
}

static const struct policy_source *source_named(const struct policy_source *sources, size_t count,
                                                const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(sources[i].name, name) == 0) {
            return &sources[i];
        }
    }
    return NULL;
}

/* The vocabulary first: words, facts and places, then the lists made of them, then the defaults. */
static enum err vocabulary(struct compile *c, const struct policy_source *sources, size_t count)
{
    const struct policy_source *words = source_named(sources, count, WORDS_FILE);
    const struct policy_source *places = source_named(sources, count, PLACES_FILE);
    struct yaml *word_tree, *place_tree;
    if (words == NULL || places == NULL) {
        c->file = words == NULL ? WORDS_FILE : PLACES_FILE;
        return say(c, NULL, ERR_NOT_FOUND, "the file is missing");
    }
    TRY(tree_of(c, places, &place_tree));
    TRY(words_read(c, place_tree));
    TRY(tree_of(c, words, &word_tree));
    TRY(words_read(c, word_tree));
    TRY(lists_read(c, place_tree));
    TRY(lists_read(c, word_tree));
    return facts_finish(c);
}

static enum err packs(struct compile *c, const struct policy_source *sources, size_t count)
{
    const char *last = ""; /* in the order of their names, whatever order they came in */
    for (;;) {
        const struct policy_source *next = NULL;
        for (size_t i = 0; i < count; i++) {
            const char *name = sources[i].name;
            bool vocabulary_file = strcmp(name, WORDS_FILE) == 0 || strcmp(name, PLACES_FILE) == 0;
            if (!vocabulary_file && strcmp(name, last) > 0 &&
                (next == NULL || strcmp(name, next->name) < 0)) {
                next = &sources[i];
            }
        }
        if (next == NULL) {
            return ERR_NONE;
        }
        struct yaml *tree;
        TRY(tree_of(c, next, &tree));
        TRY(pack_read(c, tree));
        last = next->name;
    }
}

static uint8_t *copy_of(struct bytes x)
{
    uint8_t *copy = malloc(x.len + 1);
    if (copy != NULL) {
        memcpy(copy, x.ptr, x.len);
        copy[x.len] = 0;
    }
    return copy;
}

static enum err finish(struct compile *c, const struct suite *suite, struct policy_compiled *out)
{
    char *prose;
    size_t prose_len;
    c->file = "rules";
    set_index(&c->set);
    enum err err = set_check(&c->set);
    if (err != ERR_NONE) {
        return say(c, NULL, err, "the set refers to what it does not hold (%s)", err_name(err));
    }
    TRY(prose_write(c, &prose, &prose_len));
    hash_tagged(suite, "carnet/prose/v1", bytes_of(prose, prose_len), &c->set.prose_hash);
    struct bytes set;
    err = set_encode(&c->set, c->arena, &set);
    struct policy_compiled made = { .prose = copy_of(bytes_of(prose, prose_len)),
                                    .prose_len = prose_len };
    json_text_free(prose);
    if (err == ERR_NONE) {
        made.set = copy_of(set);
        made.set_len = set.len;
        err = made.set == NULL || made.prose == NULL ? ERR_NO_SPACE : ERR_NONE;
    }
    if (err != ERR_NONE) {
        policy_compiled_free(&made);
        return say(c, NULL, err, "the set cannot be encoded");
    }
    *out = made;
    return ERR_NONE;
}

enum err policy_compile(const struct policy_source *sources, size_t count,
                        const struct suite *suite, struct policy_compiled *out,
                        char why[POLICY_WHY_SIZE])
{
    void *memory = malloc(COMPILE_ARENA);
    if (memory == NULL) {
        return ERR_NO_SPACE;
    }
    struct arena arena = arena_over(memory, COMPILE_ARENA);
    struct compile *c = ARENA_NEW(&arena, struct compile);
    ASSERT(c != NULL);
    c->arena = &arena;
    c->why = why;
    snprintf(why, POLICY_WHY_SIZE, "out of memory");
    enum err err = tables_new(c) ? vocabulary(c, sources, count) : ERR_NO_SPACE;
    err = err == ERR_NONE ? packs(c, sources, count) : err;
    err = err == ERR_NONE ? finish(c, suite, out) : err;
    free(memory);
    if (err == ERR_NONE) {
        why[0] = '\0';
    }
    return err;
}

void policy_compiled_free(struct policy_compiled *c)
{
    free(c->set);
    free(c->prose);
    *c = (struct policy_compiled){ 0 };
}

static enum err file_read(const char *dir, const char *name, struct policy_source *out,
                          char why[POLICY_WHY_SIZE])
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "rb");
    uint8_t *text = malloc(YAML_SOURCE_SIZE_MAX + 1);
    size_t len = f == NULL || text == NULL ? 0 : fread(text, 1, YAML_SOURCE_SIZE_MAX + 1, f);
    bool sound = f != NULL && text != NULL && ferror(f) == 0 && len <= YAML_SOURCE_SIZE_MAX;
    if (f != NULL) {
        (void)fclose(f);
    }
    char *copy = strdup(name);
    if (!sound || copy == NULL) {
        free(text);
        free(copy);
        snprintf(why, POLICY_WHY_SIZE, "%s:1: the file cannot be read", name);
        return ERR_UNREADABLE;
    }
    out->name = copy;
    out->text = bytes_of(text, len);
    return ERR_NONE;
}

static void sources_free(struct policy_source *sources, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free((void *)(uintptr_t)sources[i].name);
        free((void *)(uintptr_t)sources[i].text.ptr);
    }
}

enum err policy_compile_dir(const char *dir, const struct suite *suite, struct policy_compiled *out,
                            char why[POLICY_WHY_SIZE])
{
    DIR *d = opendir(dir);
    if (d == NULL) {
        snprintf(why, POLICY_WHY_SIZE, "%s: no such directory", dir);
        return ERR_NOT_FOUND;
    }
    struct policy_source sources[POLICY_SOURCE_MAX];
    size_t count = 0;
    enum err err = ERR_NONE;
    for (struct dirent *e = readdir(d); e != NULL && err == ERR_NONE; e = readdir(d)) {
        size_t len = strlen(e->d_name);
        if (len < 6 || strcmp(e->d_name + len - 5, ".yaml") != 0) {
            continue;
        }
        if (count == POLICY_SOURCE_MAX) {
            snprintf(why, POLICY_WHY_SIZE, "%s: more than %d rule files", dir, POLICY_SOURCE_MAX);
            err = ERR_SIZE;
            break;
        }
        err = file_read(dir, e->d_name, &sources[count], why);
        count += err == ERR_NONE ? 1 : 0;
    }
    closedir(d);
    err = err == ERR_NONE ? policy_compile(sources, count, suite, out, why) : err;
    sources_free(sources, count);
    return err;
}
