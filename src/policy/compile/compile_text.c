#include "policy/compile/compile_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum err say(struct compile *c, const struct yaml *at, enum err err, const char *format, ...)
{
    int n = snprintf(c->why, POLICY_WHY_SIZE, "%s:%zu: ", c->file, at == NULL ? 1 : at->line);
    if (n > 0 && n < POLICY_WHY_SIZE) {
        va_list args;
        va_start(args, format);
        vsnprintf(c->why + n, (size_t)(POLICY_WHY_SIZE - n), format, args);
        va_end(args);
    }
    return err;
}

enum err members_only(struct compile *c, const struct yaml *map, const char *const *known)
{
    if (map->kind != YAML_MAP) {
        return say(c, map, ERR_UNREADABLE, "a map is expected here");
    }
    for (const struct yaml *m = map->first; m != NULL; m = m->next) {
        size_t i = 0;
        while (known[i] != NULL && strcmp(known[i], m->key) != 0) {
            i++;
        }
        if (known[i] == NULL) {
            return say(c, m, ERR_UNKNOWN_WORD, "unknown key \"%s\"", m->key);
        }
    }
    return ERR_NONE;
}

enum err member_text(struct compile *c, const struct yaml *map, const char *key, bool need,
                     const char **out)
{
    const struct yaml *m = yaml_member(map, key);
    if (m == NULL) {
        return need ? say(c, map, ERR_UNREADABLE, "\"%s\" is missing", key) : ERR_NONE;
    }
    if (m->kind != YAML_SCALAR || m->text[0] == '\0') {
        return say(c, m, ERR_UNREADABLE, "\"%s\" must be a text", key);
    }
    *out = m->text;
    return ERR_NONE;
}

bool number_of_text(const char *text, uint64_t max, uint64_t *out)
{
    uint64_t x = 0;
    size_t i = 0;
    for (; text[i] >= '0' && text[i] <= '9' && i < 18; i++) {
        x = x * 10 + (uint64_t)(text[i] - '0');
    }
    bool plain = i > 0 && text[i] == '\0' && (text[0] != '0' || i == 1);
    if (!plain || x > max) {
        return false;
    }
    *out = x;
    return true;
}

enum err member_number(struct compile *c, const struct yaml *map, const char *key, bool need,
                       uint64_t max, uint64_t *out)
{
    const char *text = NULL;
    TRY(member_text(c, map, key, need, &text));
    if (text != NULL && !number_of_text(text, max, out)) {
        return say(c, yaml_member(map, key), ERR_RANGE, "\"%s\" must be a number up to %llu", key,
                   (unsigned long long)max);
    }
    return ERR_NONE;
}

enum err member_list(struct compile *c, const struct yaml *map, const char *key, bool need,
                     const struct yaml **out)
{
    const struct yaml *m = yaml_member(map, key);
    if (m == NULL) {
        return need ? say(c, map, ERR_UNREADABLE, "\"%s\" is missing", key) : ERR_NONE;
    }
    if (m->kind != YAML_LIST) {
        return say(c, m, ERR_UNREADABLE, "\"%s\" must be a list", key);
    }
    *out = m;
    return ERR_NONE;
}

enum err day_of(struct compile *c, const struct yaml *at, const char *text, uint32_t *out)
{
    if (clock_parse_day(text, out) != ERR_NONE) {
        return say(c, at, ERR_RANGE, "\"%s\" is not a day like 2026-11-20", text);
    }
    return ERR_NONE;
}

uint32_t word_number(const struct compile *c, const char *text)
{
    for (uint32_t n = 1; n <= c->set.word_uses.count; n++) {
        if (strcmp(c->words[n].text, text) == 0) {
            return n;
        }
    }
    return 0;
}

uint32_t fact_number(const struct compile *c, const char *name)
{
    for (uint32_t n = 1; n <= FACT_NUMBER_MAX; n++) {
        if (c->facts[n].name != NULL && strcmp(c->facts[n].name, name) == 0) {
            return n;
        }
    }
    return 0;
}

uint32_t place_number(const struct compile *c, const char *code)
{
    for (size_t i = 0; i < c->set.place_count; i++) {
        if (strcmp(c->places[i].code, code) == 0) {
            return c->set.places[i].number;
        }
    }
    return 0;
}

uint32_t list_number(const struct compile *c, const char *name)
{
    for (size_t i = 0; i < c->set.list_count; i++) {
        if (strcmp(c->lists[i].name, name) == 0) {
            return (uint32_t)i + 1;
        }
    }
    return 0;
}

enum err word_of(struct compile *c, const struct yaml *at, const char *text, uint32_t use,
                 uint32_t *out)
{
    uint32_t n = word_number(c, text);
    if (n == 0) {
        return say(c, at, ERR_UNKNOWN_WORD, "unknown word \"%s\" (add it to words.yaml)", text);
    }
    if ((c->words[n].uses & use) == 0) {
        return say(c, at, ERR_UNKNOWN_WORD, "the word \"%s\" may not stand here", text);
    }
    *out = n;
    return ERR_NONE;
}

/* INSTRUMENT:ARTICLE, as the vocabulary writes it. */
static bool cite_sound(const char *text)
{
    const char *colon = strchr(text, ':');
    if (colon == NULL || colon == text || colon[1] == '\0') {
        return false;
    }
    for (const char *p = text; p < colon; p++) {
        if ((*p < 'A' || *p > 'Z') && (*p < '0' || *p > '9') && *p != '-') {
            return false;
        }
    }
    return strchr(colon + 1, ':') == NULL && strchr(text, ' ') == NULL;
}

enum err cite_of(struct compile *c, const struct yaml *at, const char *text, uint32_t *out)
{
    if (!cite_sound(text)) {
        return say(c, at, ERR_RANGE, "\"%s\" is not a citation like CN-PIPL:38", text);
    }
    for (size_t i = 0; i < c->cite_count; i++) {
        if (strcmp(c->cites[i], text) == 0) {
            *out = (uint32_t)i + 1;
            return ERR_NONE;
        }
    }
    if (c->cite_count == SET_CITE_MAX) {
        return say(c, at, ERR_SIZE, "more citations than a set holds");
    }
    c->cites[c->cite_count++] = text;
    *out = (uint32_t)c->cite_count;
    return ERR_NONE;
}
