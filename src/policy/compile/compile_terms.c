#include <string.h>

#include "policy/compile/book_internal.h"
#include "policy/compile/compile_internal.h"

enum value_kind { VALUE_NUMBER, VALUE_PLACE, VALUE_PLACES, VALUE_WORDS, VALUE_CONSENT };

/* In the order of their numbers, so that what is read is ascending. */
static const struct {
    const char *name;
    enum value_kind value;
} TERMS[TERM_END] = {
    [TERM_COPY_IN] = { "copy_in", VALUE_PLACE },
    [TERM_STAYS_IN] = { "stays_in", VALUE_PLACE },
    [TERM_KEEP_MOST_DAYS] = { "keep_at_most_days", VALUE_NUMBER },
    [TERM_KEEP_LEAST_DAYS] = { "keep_at_least_days", VALUE_NUMBER },
    [TERM_RECORDS_MONTHS] = { "records_months", VALUE_NUMBER },
    [TERM_BREACH_HOURS] = { "breach_hours", VALUE_NUMBER },
    [TERM_VALID_MONTHS] = { "valid_months", VALUE_NUMBER },
    [TERM_CONSENT] = { "consent", VALUE_CONSENT },
    [TERM_PURPOSES] = { "purposes", VALUE_WORDS },
    [TERM_RECIPIENTS] = { "recipients", VALUE_WORDS },
    [TERM_ONWARD] = { "onward", VALUE_PLACES },
};
static const char *const FORMS[] = { [CONSENT_OPT_OUT] = "opt_out",
                                     [CONSENT_PLAIN] = "consent",
                                     [CONSENT_EXPLICIT] = "explicit",
                                     [CONSENT_SEPARATE] = "separate" };

const char *term_name(uint32_t kind)
{
    return kind >= TERM_COPY_IN && kind < TERM_END ? TERMS[kind].name : "?";
}

const char *term_consent(uint64_t form)
{
    return form >= CONSENT_OPT_OUT && form <= CONSENT_SEPARATE ? FORMS[form] : "?";
}

static enum err list_value(struct compile *c, const struct yaml *at, const char *text,
                           uint32_t kind, uint64_t *out)
{
    uint32_t list = list_number(c, text);
    if (list == 0 || c->set.lists[list - 1].kind != kind) {
        return say(c, at, ERR_UNKNOWN_WORD, "unknown list of %s \"%s\"",
                   kind == LIST_PLACES ? "places" : "words", text);
    }
    *out = list;
    return ERR_NONE;
}

static enum err consent_value(struct compile *c, const struct yaml *at, const char *text,
                              uint64_t *out)
{
    for (uint64_t i = CONSENT_OPT_OUT; i <= CONSENT_SEPARATE; i++) {
        if (strcmp(FORMS[i], text) == 0) {
            *out = i;
            return ERR_NONE;
        }
    }
    return say(c, at, ERR_UNKNOWN_WORD,
               "consent is opt_out, consent, explicit or separate, not \"%s\"", text);
}

static enum err term_value(struct compile *c, const struct yaml *at, uint32_t kind,
                           struct set_term *out)
{
    uint64_t value = 0;
    if (at->kind != YAML_SCALAR) {
        return say(c, at, ERR_UNREADABLE, "\"%s\" has one value", TERMS[kind].name);
    }
    switch (TERMS[kind].value) {
    case VALUE_NUMBER:
        if (!number_of_text(at->text, TERM_VALUE_MAX, &value)) {
            return say(c, at, ERR_RANGE, "\"%s\" is a number up to %d", TERMS[kind].name,
                       TERM_VALUE_MAX);
        }
        break;
    case VALUE_PLACE:
        value = place_number(c, at->text);
        if (value == 0) {
            return say(c, at, ERR_UNKNOWN_WORD, "unknown place \"%s\"", at->text);
        }
        break;
    case VALUE_PLACES:
        TRY(list_value(c, at, at->text, LIST_PLACES, &value));
        break;
    case VALUE_WORDS:
        TRY(list_value(c, at, at->text, LIST_WORDS, &value));
        break;
    case VALUE_CONSENT:
        TRY(consent_value(c, at, at->text, &value));
        break;
    }
    *out = (struct set_term){ kind, value };
    return ERR_NONE;
}

/* `terms: {copy_in: IN, breach_hours: 72}`: what a rule says of the data wherever it goes. */
enum err terms_read(struct compile *c, const struct yaml *rule, struct set_rule *out)
{
    const char *known[TERM_END] = { NULL };
    const struct yaml *terms = yaml_member(rule, "terms");
    for (uint32_t kind = TERM_COPY_IN; kind < TERM_END; kind++) {
        known[kind - 1] = TERMS[kind].name;
    }
    if (terms == NULL) {
        return ERR_NONE;
    }
    TRY(members_only(c, terms, known));
    if (out->effect < EFFECT_NOTE || out->effect > EFFECT_PERMIT || out->cites.count == 0) {
        return say(c, terms, ERR_RANGE,
                   "\"terms\" belong to a note, a duty or a permit that has a citation");
    }
    out->terms = ARENA_ARRAY(c->arena, struct set_term, RULE_TERM_MAX);
    if (out->terms == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t kind = TERM_COPY_IN; kind < TERM_END; kind++) {
        const struct yaml *at = yaml_member(terms, TERMS[kind].name);
        if (at != NULL && out->term_count == RULE_TERM_MAX) {
            return say(c, terms, ERR_SIZE, "more terms than a rule holds");
        }
        TRY(at == NULL ? ERR_NONE : term_value(c, at, kind, &out->terms[out->term_count]));
        out->term_count += at == NULL ? 0 : 1;
    }
    return ERR_NONE;
}
