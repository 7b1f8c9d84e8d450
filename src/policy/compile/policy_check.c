#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "policy/compile/book_internal.h"

struct reading {
    const struct policy_book *book;
    char *why; /* POLICY_WHY_SIZE */
};

__attribute__((format(printf, 3, 4))) static enum err refuse(const struct reading *r, enum err err,
                                                             const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(r->why, POLICY_WHY_SIZE, format, args);
    va_end(args);
    return err;
}

static void list_name(char *list, size_t cap, const char *name)
{
    size_t len = strlen(list);
    if (len + strlen(name) + 3 < cap) {
        snprintf(list + len, cap - len, "%s%s", len == 0 ? "" : ", ", name);
    }
}

static enum err unknown_word(const struct reading *r, const char *what, const char *word,
                             uint32_t use)
{
    char known[POLICY_WHY_SIZE - 120] = "";
    for (uint32_t n = 1; n <= r->book->set->word_uses.count; n++) {
        if (set_word_is(r->book->set, n, use)) {
            list_name(known, sizeof known, book_word(r->book, n));
        }
    }
    return refuse(r, ERR_UNKNOWN_WORD, "unknown %s \"%.40s\"; known: %s", what, word, known);
}

static enum err unknown_name(const struct reading *r, const char *what, const char *name,
                             const char *const *names)
{
    char known[POLICY_WHY_SIZE - 120] = "";
    for (size_t i = 0; names[i] != NULL; i++) {
        list_name(known, sizeof known, names[i]);
    }
    return refuse(r, ERR_UNKNOWN_WORD, "unknown %s \"%.40s\"; known: %s", what, name, known);
}

static enum err text_read(const struct reading *r, const json_t *o, const char *key,
                          const char **out)
{
    enum err err = json_get_str(o, key, out);
    if (err == ERR_UNREADABLE) {
        return refuse(r, err, "\"%s\" must be a text", key);
    }
    return ERR_NONE;
}

/* A count is a JSON integer or a decimal string (DESIGN 7). */
static enum err count_read(const struct reading *r, const json_t *o, const char *key, bool *given,
                           uint64_t *out)
{
    int64_t x = 0;
    uint64_t big = 0;
    *given = json_member(o, key) != NULL;
    if (!*given) {
        return ERR_NONE;
    }
    if (json_get_int(o, key, &x) == ERR_NONE) {
        big = x < 0 ? UINT64_MAX : (uint64_t)x;
    } else if (json_get_u64(o, key, &big) != ERR_NONE) {
        return refuse(r, ERR_UNREADABLE, "\"%s\" must be a whole number", key);
    }
    if (big > POLICY_COUNT_MAX) {
        return refuse(r, ERR_RANGE, "\"%s\" must be from 0 to %d", key, POLICY_COUNT_MAX);
    }
    *out = big;
    return ERR_NONE;
}

/* true and false as JSON has them, or as words: `--fact necessary=true`. */
static enum err bool_read(const struct reading *r, const json_t *o, const char *key, bool *out)
{
    const char *text = NULL;
    if (json_member(o, key) == NULL || json_get_bool(o, key, out) == ERR_NONE) {
        return ERR_NONE;
    }
    if (json_get_str(o, key, &text) == ERR_NONE &&
        (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)) {
        *out = strcmp(text, "true") == 0;
        return ERR_NONE;
    }
    return refuse(r, ERR_UNREADABLE, "\"%s\" must be true or false", key);
}

static enum err place_of_text(const struct reading *r, const char *key, const char *code,
                              uint32_t *out)
{
    *out = book_place_number(r->book, code);
    if (*out == 0) {
        return refuse(r, ERR_UNKNOWN_WORD,
                      "\"%s\": unknown country \"%.20s\" (two letters of ISO 3166-1, like CN)", key,
                      code);
    }
    return ERR_NONE;
}

static enum err place_read(const struct reading *r, const json_t *o, const char *key, uint32_t *out)
{
    const char *code = NULL;
    TRY(text_read(r, o, key, &code));
    if (code == NULL) {
        return refuse(r, ERR_UNREADABLE, "\"%s\" is missing", key);
    }
    return place_of_text(r, key, code, out);
}

/* Inserts in ascending order. A number twice is a person's slip: the same set, said once. */
static void insert(uint32_t *at, size_t *count, uint32_t x)
{
    size_t k = *count;
    for (; k > 0 && at[k - 1] >= x; k--) {
        if (at[k - 1] == x) {
            return;
        }
    }
    memmove(at + k + 1, at + k, (*count - k) * sizeof *at);
    at[k] = x;
    ++*count;
}

/* use 0: places; `ordered` keeps the order of a route. */
static enum err list_read(const struct reading *r, const json_t *o, const char *key, uint32_t use,
                          bool ordered, uint32_t *at, size_t max, size_t *count)
{
    const json_t *list = json_member(o, key);
    if (list != NULL && !json_is_list(list)) {
        return refuse(r, ERR_UNREADABLE, "\"%s\" must be a list of words", key);
    }
    for (size_t i = 0; list != NULL && i < json_size(list); i++) {
        const char *text = json_text_of(json_at(list, i));
        if (text == NULL) {
            return refuse(r, ERR_UNREADABLE, "\"%s\" must be a list of words", key);
        }
        if (*count == max) {
            return refuse(r, ERR_SIZE, "\"%s\" holds more than %zu", key, max);
        }
        uint32_t n = 0;
        if (use == 0) {
            TRY(place_of_text(r, key, text, &n));
        } else {
            n = book_word_number(r->book, text, use);
        }
        if (n == 0) {
            return unknown_word(r, key, text, use);
        }
        if (ordered) {
            at[(*count)++] = n;
        } else {
            insert(at, count, n);
        }
    }
    return ERR_NONE;
}

static enum err day_value(const struct reading *r, const char *key, const char *text, uint32_t *out)
{
    if (clock_parse_day(text, out) != ERR_NONE) {
        return refuse(r, ERR_RANGE, "\"%s\": \"%.20s\" is not a day like 2026-11-20", key, text);
    }
    return ERR_NONE;
}

static enum err word_fact(const struct reading *r, const char *key, const char *text,
                          struct policy_fact *out)
{
    uint32_t n = book_word_number(r->book, text, WORD_VALUE | WORD_MECHANISM);
    out->value = n;
    return n != 0 ? ERR_NONE : unknown_word(r, key, text, WORD_VALUE);
}

static enum err fact_value(const struct reading *r, const json_t *facts, const char *name,
                           struct policy_fact *out)
{
    bool given = true, yes = false;
    uint32_t small = 0;
    const char *text = NULL;
    switch (out->type) {
    case POLICY_BOOL:
        TRY(bool_read(r, facts, name, &yes));
        out->value = yes ? 1 : 0;
        return ERR_NONE;
    case POLICY_U64:
        return count_read(r, facts, name, &given, &out->value);
    case POLICY_DAY:
        TRY(text_read(r, facts, name, &text));
        TRY(day_value(r, name, text, &small));
        out->value = small;
        return ERR_NONE;
    case POLICY_PLACE:
        TRY(place_read(r, facts, name, &small));
        out->value = small;
        return ERR_NONE;
    case POLICY_WORD:
        TRY(text_read(r, facts, name, &text));
        return word_fact(r, name, text, out);
    }
    return ERR_RANGE;
}

static enum err facts_read(const struct reading *r, const json_t *check, struct policy_facts *f)
{
    const json_t *facts = json_member(check, "facts");
    const char *names[FACT_NUMBER_MAX + 2] = { "onward" };
    size_t count = 1;
    for (uint32_t n = FACT_FIRST_OPEN; n <= FACT_NUMBER_MAX; n++) {
        if (r->book->facts[n].name != NULL) {
            names[count++] = r->book->facts[n].name;
        }
    }
    if (facts == NULL) {
        return ERR_NONE;
    }
    const char *stranger = NULL;
    enum err err = json_only(facts, names, &stranger);
    if (err == ERR_UNREADABLE) {
        return refuse(r, err, "\"facts\" must be an object");
    }
    if (err != ERR_NONE) {
        return unknown_name(r, "fact", stranger, names);
    }
    TRY(list_read(r, facts, "onward", 0, false, f->onward, POLICY_ONWARD_MAX, &f->onward_count));
    for (uint32_t n = FACT_FIRST_OPEN; n <= FACT_NUMBER_MAX; n++) {
        const char *name = r->book->facts[n].name;
        if (name == NULL || json_member(facts, name) == NULL) {
            continue;
        }
        if (f->fact_count == POLICY_FACT_MAX) {
            return refuse(r, ERR_SIZE, "more than %d facts", POLICY_FACT_MAX);
        }
        struct policy_fact one = { .number = n };
        one.type = (enum policy_type)r->book->set->facts[r->book->set->fact_row[n] - 1].type;
        TRY(fact_value(r, facts, name, &one));
        f->fact[f->fact_count++] = one;
    }
    return ERR_NONE;
}

static enum err words_read_check(const struct reading *r, const json_t *check,
                                 struct policy_facts *f)
{
    const char *role = NULL, *sector = NULL, *purpose = NULL;
    TRY(text_read(r, check, "role", &role));
    TRY(text_read(r, check, "sector", &sector));
    TRY(text_read(r, check, "purpose", &purpose));
    if (role != NULL && strcmp(role, "ordinary") != 0) {
        f->role = book_word_number(r->book, role, WORD_ROLE);
        if (f->role == 0) {
            return unknown_word(r, "role (or ordinary)", role, WORD_ROLE);
        }
    }
    /* Open words: one that no rule names is 0 (FORMATS 8). */
    f->sector = sector == NULL ? 0 : book_word_number(r->book, sector, WORD_SECTOR);
    f->purpose = purpose == NULL ? 0 : book_word_number(r->book, purpose, WORD_PURPOSE);
    TRY(list_read(r, check, "classes", WORD_CLASS, false, f->classes, POLICY_CLASS_MAX,
                  &f->class_count));
    return list_read(r, check, "mechanisms", WORD_MECHANISM, false, f->mechanisms,
                     POLICY_MECHANISM_MAX, &f->mechanism_count);
}

static enum err numbers_read(const struct reading *r, const json_t *check, struct policy_facts *f)
{
    bool given;
    TRY(count_read(r, check, "subjects", &f->subjects_given, &f->subjects));
    TRY(count_read(r, check, "prior_subjects", &given, &f->prior_subjects));
    TRY(count_read(r, check, "sensitive_subjects", &given, &f->sensitive_subjects));
    bool prior = json_member(check, "prior_subjects") != NULL;
    TRY(count_read(r, check, "prior_sensitive_subjects", &given, &f->prior_sensitive_subjects));
    if (!prior) { /* they were sent earlier, so at least as many were */
        f->prior_subjects = f->prior_sensitive_subjects;
    }
    if (!f->subjects_given) { /* and these are among those that nobody counted */
        f->subjects = f->sensitive_subjects;
    }
    TRY(bool_read(r, check, "important_data", &f->important_data));
    if (f->subjects_given && f->sensitive_subjects > f->subjects) {
        return refuse(r, ERR_RANGE, "\"sensitive_subjects\" is more than \"subjects\"");
    }
    if (f->prior_sensitive_subjects > f->prior_subjects) {
        return refuse(r, ERR_RANGE, "\"prior_sensitive_subjects\" is more than \"prior_subjects\"");
    }
    return ERR_NONE;
}

static enum err head_read(const struct reading *r, const json_t *check, struct policy_check *out)
{
    const char *id = NULL, *date = NULL;
    TRY(text_read(r, check, "id", &id));
    TRY(text_read(r, check, "date", &date));
    if (id != NULL && strlen(id) > POLICY_NAME_SIZE_MAX) {
        return refuse(r, ERR_SIZE, "\"id\" is longer than %d bytes", POLICY_NAME_SIZE_MAX);
    }
    snprintf(out->id, sizeof out->id, "%s", id == NULL ? "" : id);
    out->day_given = date != NULL;
    TRY(date == NULL ? ERR_NONE : day_value(r, "date", date, &out->day));
    TRY(place_read(r, check, "from", &out->facts.from));
    TRY(place_read(r, check, "to", &out->facts.to));
    return list_read(r, check, "via", 0, true, out->facts.via, POLICY_VIA_MAX,
                     &out->facts.via_count);
}

enum err policy_check_read(const struct policy_book *b, const json_t *check,
                           struct policy_check *out, char why[POLICY_WHY_SIZE])
{
    static const char *const KNOWN[] = { "id",
                                         "date",
                                         "from",
                                         "to",
                                         "via",
                                         "sector",
                                         "classes",
                                         "subjects",
                                         "prior_subjects",
                                         "sensitive_subjects",
                                         "prior_sensitive_subjects",
                                         "important_data",
                                         "role",
                                         "purpose",
                                         "mechanisms",
                                         "facts",
                                         "expect",
                                         "why",
                                         NULL };
    struct reading r = { .book = b, .why = why };
    const char *stranger = NULL;
    why[0] = '\0';
    enum err err = json_only(check, KNOWN, &stranger);
    if (err == ERR_UNREADABLE) {
        return refuse(&r, err, "a check is a JSON object");
    }
    if (err != ERR_NONE) {
        return unknown_name(&r, "key", stranger, KNOWN);
    }
    struct policy_check made = { 0 };
    TRY(head_read(&r, check, &made));
    TRY(words_read_check(&r, check, &made.facts));
    TRY(numbers_read(&r, check, &made.facts));
    TRY(facts_read(&r, check, &made.facts));
    *out = made;
    return ERR_NONE;
}
