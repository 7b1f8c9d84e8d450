#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "policy/compile/book_internal.h"

const struct policy_set *policy_book_set(const struct policy_book *b)
{
    return b->set;
}

const char *book_word(const struct policy_book *b, uint32_t number)
{
    return number >= 1 && number <= b->set->word_uses.count ? b->words[number].name : "?";
}

const char *book_said(const struct policy_book *b, uint32_t number, enum policy_language language)
{
    if (number == 0 || number > b->set->word_uses.count) {
        return "?";
    }
    const struct book_text *w = &b->words[number];
    const char *said = language == POLICY_CHINESE ? w->zh : w->en;
    return said[0] != '\0' ? said : w->name;
}

const char *policy_book_said(const struct policy_book *b, const char *word,
                             enum policy_language language)
{
    uint32_t number = book_word_number(b, word, UINT32_MAX);
    return number == 0 ? word : book_said(b, number, language);
}

const char *book_fact(const struct policy_book *b, uint32_t number)
{
    bool known = number <= FACT_NUMBER_MAX && b->facts[number].name != NULL;
    return known ? b->facts[number].name : "?";
}

const char *book_fact_said(const struct policy_book *b, uint32_t number,
                           enum policy_language language)
{
    if (number > FACT_NUMBER_MAX || b->facts[number].name == NULL) {
        return "?";
    }
    const struct book_text *f = &b->facts[number];
    const char *said = language == POLICY_CHINESE ? f->zh : f->en;
    return said[0] != '\0' ? said : f->name;
}

static const struct book_place *place_of(const struct policy_book *b, uint32_t number)
{
    for (size_t i = 0; i < b->place_count; i++) {
        if (b->places[i].number == number) {
            return &b->places[i];
        }
    }
    return NULL;
}

const char *book_place(const struct policy_book *b, uint32_t number)
{
    const struct book_place *p = place_of(b, number);
    return p == NULL ? "?" : p->code;
}

const char *book_place_name(const struct policy_book *b, uint32_t number,
                            enum policy_language language)
{
    const struct book_place *p = place_of(b, number);
    return p == NULL ? "?" : language == POLICY_CHINESE ? p->zh : p->en;
}

const char *book_rule(const struct policy_book *b, uint32_t number)
{
    return number >= 1 && number <= b->rule_count ? b->rules[number - 1].id : "?";
}

const char *book_rule_note(const struct policy_book *b, uint32_t number,
                           enum policy_language language)
{
    if (number == 0 || number > b->rule_count) {
        return "?";
    }
    const struct book_rule *r = &b->rules[number - 1];
    return language == POLICY_CHINESE ? r->zh : r->en;
}

const char *book_cite(const struct policy_book *b, uint32_t number)
{
    return number >= 1 && number <= b->cite_count ? b->cites[number - 1] : "?";
}

uint32_t book_word_number(const struct policy_book *b, const char *text, uint32_t use)
{
    for (uint32_t n = 1; n <= b->set->word_uses.count; n++) {
        if (set_word_is(b->set, n, use) && strcmp(b->words[n].name, text) == 0) {
            return n;
        }
    }
    return 0;
}

uint32_t book_fact_number(const struct policy_book *b, const char *text)
{
    for (uint32_t n = FACT_FIRST_OPEN; n <= FACT_NUMBER_MAX; n++) {
        if (b->facts[n].name != NULL && strcmp(b->facts[n].name, text) == 0) {
            return n;
        }
    }
    return 0;
}

/* `UK` is answered as `GB`. */
uint32_t book_place_number(const struct policy_book *b, const char *code)
{
    const char *asked = strcmp(code, "UK") == 0 ? "GB" : code;
    for (size_t i = 0; i < b->place_count; i++) {
        if (strcmp(b->places[i].code, asked) == 0) {
            return b->places[i].number;
        }
    }
    return 0;
}

const char *policy_code_word(uint32_t code)
{
    static const char *const WORDS[] = { "?", "allow", "allow_with_obligations", "needs_mechanism",
                                         "deny" };
    return code < COUNT(WORDS) ? WORDS[code] : "?";
}

const char *policy_coverage_word(uint32_t coverage)
{
    static const char *const WORDS[] = { "none", "stub", "partial", "full" };
    return coverage < COUNT(WORDS) ? WORDS[coverage] : "?";
}

void text_put(struct text *t, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    size_t need = t->len + (n < 0 ? 0 : (size_t)n) + 1;
    if (need > t->cap && !t->failed) {
        size_t cap = need * 2 + 256;
        char *grown = realloc(t->at, cap);
        t->failed = grown == NULL;
        if (grown != NULL) {
            t->at = grown;
            t->cap = cap;
        }
    }
    if (!t->failed && n >= 0) {
        vsnprintf(t->at + t->len, t->cap - t->len, format, again);
        t->len += (size_t)n;
    }
    va_end(again);
}

void policy_text_free(char *text)
{
    free(text);
}

static enum err words_open(struct policy_book *b)
{
    const json_t *words = json_member(b->prose, "words");
    if (words == NULL || json_size(words) != b->set->word_uses.count) {
        return ERR_INTEGRITY;
    }
    for (size_t i = 0; i < b->set->word_uses.count; i++) {
        const json_t *w = json_at(words, i);
        TRY(json_get_str(w, "word", &b->words[i + 1].name));
        TRY(json_get_str(w, "en", &b->words[i + 1].en));
        TRY(json_get_str(w, "zh", &b->words[i + 1].zh));
    }
    return ERR_NONE;
}

static enum err facts_open(struct policy_book *b)
{
    const json_t *facts = json_member(b->prose, "facts");
    for (size_t i = 0; facts != NULL && i < json_size(facts); i++) {
        int64_t n = 0;
        const char *name;
        TRY(json_get_int(json_at(facts, i), "n", &n));
        TRY(json_get_str(json_at(facts, i), "fact", &name));
        if (n < 1 || n > FACT_NUMBER_MAX || b->set->fact_row[n] == 0) {
            return ERR_INTEGRITY;
        }
        const json_t *said = json_member(json_at(facts, i), "said");
        b->facts[n] = (struct book_text){ name, "", "" };
        TRY(said == NULL ? ERR_NONE : json_get_str(said, "en", &b->facts[n].en));
        TRY(said == NULL ? ERR_NONE : json_get_str(said, "zh", &b->facts[n].zh));
    }
    return ERR_NONE;
}

static enum err places_open(struct policy_book *b)
{
    const json_t *places = json_member(b->prose, "places");
    if (places == NULL || json_size(places) != b->set->place_count) {
        return ERR_INTEGRITY;
    }
    b->place_count = b->set->place_count;
    for (size_t i = 0; i < b->place_count; i++) {
        b->places[i].number = b->set->places[i].number;
        TRY(json_get_str(json_at(places, i), "code", &b->places[i].code));
        TRY(json_get_str(json_at(places, i), "en", &b->places[i].en));
        TRY(json_get_str(json_at(places, i), "zh", &b->places[i].zh));
    }
    return ERR_NONE;
}

static enum err rules_open(struct policy_book *b)
{
    const json_t *rules = json_member(b->prose, "rules");
    if (rules == NULL || json_size(rules) != b->set->rule_count) {
        return ERR_INTEGRITY;
    }
    b->rule_count = b->set->rule_count;
    b->rules = calloc(b->rule_count + 1, sizeof *b->rules);
    if (b->rules == NULL) {
        return ERR_NO_SPACE;
    }
    for (size_t i = 0; i < b->rule_count; i++) {
        const json_t *r = json_at(rules, i), *note = json_member(r, "note");
        int64_t pack = 0;
        TRY(json_get_str(r, "id", &b->rules[i].id));
        TRY(json_get_str(r, "effect", &b->rules[i].effect));
        TRY(json_get_str(note, "en", &b->rules[i].en));
        TRY(json_get_str(note, "zh", &b->rules[i].zh));
        TRY(json_get_int(r, "pack", &pack));
        b->rules[i].cites = json_member(r, "cites");
        b->rules[i].conflict = json_member(r, "conflict");
        b->rules[i].pack = (size_t)pack;
    }
    return ERR_NONE;
}

static enum err cites_open(struct policy_book *b)
{
    const json_t *cites = json_member(b->prose, "cites");
    b->cite_count = cites == NULL ? 0 : json_size(cites);
    b->cites = calloc(b->cite_count + 1, sizeof *b->cites);
    if (b->cites == NULL) {
        return ERR_NO_SPACE;
    }
    for (size_t i = 0; i < b->cite_count; i++) {
        b->cites[i] = json_text_of(json_at(cites, i));
        if (b->cites[i] == NULL) {
            return ERR_INTEGRITY;
        }
    }
    return ERR_NONE;
}

static enum err book_fill(struct policy_book *b, struct bytes set, struct bytes prose,
                          const struct suite *suite, char *why)
{
    /* What is opened is our own compiler's output, about four times its size once decoded. */
    size_t size = POLICY_SET_ARENA;
    b->memory = malloc(size);
    if (b->memory == NULL) {
        return ERR_NO_SPACE;
    }
    struct arena arena = arena_over(b->memory, size);
    TRY(policy_set_open(set, suite, &arena, &b->set));
    struct hash hash;
    hash_tagged(suite, "carnet/prose/v1", prose, &hash);
    if (!hash_equal(&hash, policy_set_prose_hash(b->set))) {
        return ERR_INTEGRITY;
    }
    char json_why[JSON_ERROR_SIZE];
    enum err err = json_read(prose, POLICY_PROSE_SIZE_MAX, &b->prose, json_why);
    if (err != ERR_NONE) {
        snprintf(why, POLICY_WHY_SIZE, "prose: %s", json_why);
        return err;
    }
    TRY(words_open(b));
    TRY(facts_open(b));
    TRY(places_open(b));
    TRY(cites_open(b));
    return rules_open(b);
}

enum err policy_book_open(struct bytes set, struct bytes prose, const struct suite *suite,
                          struct policy_book **out, char why[POLICY_WHY_SIZE])
{
    struct policy_book *b = calloc(1, sizeof *b);
    if (b == NULL) {
        return ERR_NO_SPACE;
    }
    snprintf(why, POLICY_WHY_SIZE, "the pack set and its prose do not open");
    enum err err = book_fill(b, set, prose, suite, why);
    if (err != ERR_NONE) {
        policy_book_close(b);
        return err;
    }
    why[0] = '\0';
    *out = b;
    return ERR_NONE;
}

enum err policy_book_dir(const char *dir, const struct suite *suite, struct policy_book **out,
                         char why[POLICY_WHY_SIZE])
{
    struct policy_compiled c;
    TRY(policy_compile_dir(dir, suite, &c, why));
    enum err err = policy_book_open(bytes_of(c.set, c.set_len), bytes_of(c.prose, c.prose_len),
                                    suite, out, why);
    policy_compiled_free(&c);
    return err;
}

void policy_book_close(struct policy_book *b)
{
    if (b != NULL) {
        json_free(b->prose);
        free(b->memory);
        free(b->rules);
        free(b->cites);
        free(b);
    }
}

const char *policy_book_place(const struct policy_book *b, uint32_t numeric)
{
    const struct book_place *p = place_of(b, numeric);
    return p == NULL ? NULL : p->code;
}

uint32_t policy_book_place_number(const struct policy_book *b, const char *code)
{
    return book_place_number(b, code);
}
