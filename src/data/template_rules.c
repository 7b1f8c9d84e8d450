#include <string.h>

#include "data/template_internal.h"

enum { LABEL_TEXT_MAX = 200 };
static const int64_t BAND_END_MAX = 100000000000;

const char *data_action_name(enum data_action a)
{
    static const char *const NAME[] = { "keep", "drop", "mask", "generalise", "pseudonym" };
    ASSERT((size_t)a < COUNT(NAME));
    return NAME[a];
}

static enum err read_int(const json_t *object, const char *key, const char *where, int64_t min,
                         int64_t max, int64_t *out, char *why)
{
    int64_t x;
    if (json_get_int(object, key, &x) != ERR_NONE || x < min || x > max) {
        return data_refuse(why, "%s: \"%s\" must be a whole number from %lld to %lld", where, key,
                           (long long)min, (long long)max);
    }
    *out = x;
    return ERR_NONE;
}

/* A list of 1 to TEMPLATE_NAMES_MAX texts. */
static enum err read_texts(const json_t *object, const char *key, const char *where,
                           const json_t **out, char *why)
{
    const json_t *list = json_member(object, key);
    bool good = list != NULL && json_is_list(list) && json_size(list) >= 1 &&
                json_size(list) <= TEMPLATE_NAMES_MAX;
    for (size_t i = 0; good && i < json_size(list); i++) {
        good = json_text_of(json_at(list, i)) != NULL;
    }
    if (!good) {
        return data_refuse(why, "%s: \"%s\" must be a list of 1 to %d texts", where, key,
                           TEMPLATE_NAMES_MAX);
    }
    *out = list;
    return ERR_NONE;
}

static enum err read_label(const json_t *object, const char *key, const char *where,
                           const char **out, char *why)
{
    TRY(template_text(object, key, where, out, why));
    return strlen(*out) <= LABEL_TEXT_MAX
               ? ERR_NONE
               : data_refuse(why, "%s: \"%s\" is longer than %d bytes", where, key, LABEL_TEXT_MAX);
}

static enum err read_bands(const json_t *j, const char *where, struct step *out, char *why)
{
    static const char *const STEP[] = { "bands", NULL };
    static const char *const KNOWN[] = { "width", "from", "to", NULL };
    const json_t *b = json_member(j, "bands");
    TRY(template_only(j, STEP, where, why));
    TRY(template_only(b, KNOWN, where, why));
    TRY(read_int(b, "width", where, 1, TEMPLATE_BAND_MAX, &out->width, why));
    TRY(read_int(b, "from", where, -BAND_END_MAX, BAND_END_MAX, &out->from, why));
    TRY(read_int(b, "to", where, -BAND_END_MAX, BAND_END_MAX, &out->to, why));
    if (out->to <= out->from || (out->to - out->from) % out->width != 0) {
        return data_refuse(why, "%s: from \"from\" to \"to\" must be whole bands of \"width\"",
                           where);
    }
    return ERR_NONE;
}

static enum err read_word(const char *word, const char *const *words, size_t count,
                          const char *where, uint32_t *out, char *why)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(word, words[i]) == 0) {
            *out = i;
            return ERR_NONE;
        }
    }
    return data_refuse(why, "%s: \"%.40s\" is none of %s, %s, %s", where, word, words[0], words[1],
                       words[2]);
}

static enum err read_date(const json_t *j, const char *where, struct step *out, char *why)
{
    static const char *const STEP[] = { "date", "order", NULL };
    static const char *const PART[] = { "year", "quarter", "month" };
    static const char *const ORDER[] = { "year_first", "day_first", "month_first" };
    const char *part, *order = ORDER[0];
    uint32_t n = 0;
    TRY(template_only(j, STEP, where, why));
    TRY(template_text(j, "date", where, &part, why));
    TRY(read_word(part, PART, COUNT(PART), where, &n, why));
    out->part = (enum date_part)n;
    if (json_member(j, "order") != NULL) {
        TRY(template_text(j, "order", where, &order, why));
    }
    TRY(read_word(order, ORDER, COUNT(ORDER), where, &n, why));
    out->order = (enum date_order)n;
    return ERR_NONE;
}

static enum err read_map(const json_t *j, const char *where, struct step *out, char *why)
{
    static const char *const STEP[] = { "map", "other", NULL };
    static const char *const ENTRY[] = { "to", "from", NULL };
    const char *to;
    const json_t *from;
    TRY(template_only(j, STEP, where, why));
    out->map = json_member(j, "map");
    if (!json_is_list(out->map) || json_size(out->map) == 0 ||
        json_size(out->map) > TEMPLATE_NAMES_MAX) {
        return data_refuse(why, "%s: \"map\" must be a list of 1 to %d entries", where,
                           TEMPLATE_NAMES_MAX);
    }
    for (size_t i = 0; i < json_size(out->map); i++) {
        TRY(template_only(json_at(out->map, i), ENTRY, where, why));
        TRY(read_label(json_at(out->map, i), "to", where, &to, why));
        TRY(read_texts(json_at(out->map, i), "from", where, &from, why));
    }
    return read_label(j, "other", where, &out->other, why);
}

static enum err read_rare(const json_t *j, const char *where, struct step *out, char *why)
{
    static const char *const STEP[] = { "rare", "other", NULL };
    TRY(template_only(j, STEP, where, why));
    TRY(read_int(j, "rare", where, 2, TEMPLATE_BAND_MAX, &out->least, why));
    return read_label(j, "other", where, &out->other, why);
}

static enum err read_step(const json_t *j, const char *where, struct step *out, char *why)
{
    const char *word = json_text_of(j);
    *out = (struct step){ .kind = STEP_HIDE };
    if (word != NULL) {
        out->kind = strcmp(word, "keep") == 0 ? STEP_KEEP : STEP_HIDE;
        return out->kind == STEP_KEEP || strcmp(word, "hide") == 0
                   ? ERR_NONE
                   : data_refuse(why, "%s: no step \"%.40s\" (keep, hide)", where, word);
    }
    if (json_member(j, "bands") != NULL) {
        out->kind = STEP_BANDS;
        return read_bands(j, where, out, why);
    }
    if (json_member(j, "date") != NULL) {
        out->kind = STEP_DATE;
        return read_date(j, where, out, why);
    }
    if (json_member(j, "map") != NULL) {
        out->kind = STEP_MAP;
        return read_map(j, where, out, why);
    }
    if (json_member(j, "rare") != NULL) {
        out->kind = STEP_RARE;
        return read_rare(j, where, out, why);
    }
    return data_refuse(why, "%s: a step is keep, hide, bands, date, map or rare", where);
}

static enum err read_ladder(const json_t *j, struct rule *r, char *why)
{
    const json_t *list = json_member(j, "ladder");
    if (list == NULL || !json_is_list(list) || json_size(list) == 0 ||
        json_size(list) > TEMPLATE_STEPS_MAX) {
        return data_refuse(why, "%s: \"ladder\" must be a list of 1 to %d steps", r->role,
                           TEMPLATE_STEPS_MAX);
    }
    r->steps = (uint32_t)json_size(list);
    for (uint32_t i = 0; i < r->steps; i++) {
        TRY(read_step(json_at(list, i), r->role, &r->step[i], why));
    }
    return ERR_NONE;
}

static bool is_pattern(const char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (text[i] <= ' ' || text[i] > '~') {
            return false;
        }
    }
    return strlen(text) <= MASK_KEEP_MAX;
}

static enum err read_mask(const json_t *j, struct rule *r, char *why)
{
    static const char *const ENDS[] = { "first", "last", NULL };
    static const char *const PATTERN[] = { "pattern", NULL };
    const json_t *m = json_member(j, "mask");
    if (m == NULL) {
        return data_refuse(why, "%s: \"mask\" is missing", r->role);
    }
    if (json_member(m, "pattern") != NULL) {
        TRY(template_only(m, PATTERN, r->role, why));
        TRY(template_text(m, "pattern", r->role, &r->pattern, why));
        return is_pattern(r->pattern)
                   ? ERR_NONE
                   : data_refuse(why, "%s: a pattern is 1 to %d visible ASCII characters", r->role,
                                 MASK_KEEP_MAX);
    }
    TRY(template_only(m, ENDS, r->role, why));
    TRY(read_int(m, "first", r->role, 0, MASK_KEEP_MAX, &r->first, why));
    return read_int(m, "last", r->role, 0, MASK_KEEP_MAX, &r->last, why);
}

/* Each action has one member of its own, and another action's is unknown to it. */
static enum err read_action(const json_t *j, struct rule *r, char *why)
{
    static const char *const OWN[] = { NULL, NULL, "mask", "ladder", "length" };
    const char *word;
    TRY(template_text(j, "action", r->role, &word, why));
    for (r->action = DATA_KEEP; r->action <= DATA_PSEUDONYM; r->action++) {
        if (strcmp(word, data_action_name(r->action)) == 0) {
            break;
        }
    }
    if (r->action > DATA_PSEUDONYM) {
        return data_refuse(why, "%s: no action \"%.40s\" (keep, drop, mask, generalise, pseudonym)",
                           r->role, word);
    }
    const char *const known[] = { "role", "names", "class", "action", "why", OWN[r->action], NULL };
    TRY(template_only(j, known, r->role, why));
    switch (r->action) {
    case DATA_KEEP:
    case DATA_DROP:
        return ERR_NONE;
    case DATA_MASK:
        return read_mask(j, r, why);
    case DATA_GENERALISE:
        return read_ladder(j, r, why);
    case DATA_PSEUDONYM:
        return read_int(j, "length", r->role, PSEUDONYM_LENGTH_MIN, PSEUDONYM_LENGTH_MAX,
                        &r->length, why);
    }
    return ERR_NONE;
}

static enum err read_rule(const json_t *j, struct template_ *t, struct rule *r, char *why)
{
    const char *class;
    TRY(template_text(j, "role", "columns", &r->role, why));
    if (strspn(r->role, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(r->role) ||
        strlen(r->role) > 32) {
        return data_refuse(why, "columns: a role is 1 to 32 of a-z, 0-9 and '_'");
    }
    for (uint32_t i = 0; &t->rule[i] < r; i++) {
        if (strcmp(t->rule[i].role, r->role) == 0) {
            return data_refuse(why, "columns: the role \"%s\" stands twice", r->role);
        }
    }
    TRY(read_texts(j, "names", r->role, &r->names, why));
    TRY(template_text(j, "class", r->role, &class, why));
    if (strcmp(class, "other") == 0) {
        r->class = COLUMN_OTHER;
    } else if (template_class(class, &r->class) != ERR_NONE) {
        return data_refuse(why,
                           "%s: no class \"%.40s\" (personal, sensitive, financial, health, other)",
                           r->role, class);
    }
    TRY(template_both(j, "why", r->role, &r->why_en, &r->why_zh, why));
    return read_action(j, r, why);
}

static enum err read_quasi(const char *role, struct template_ *t, char *why)
{
    uint32_t i = 0;
    while (i < t->rule_count && strcmp(t->rule[i].role, role) != 0) {
        i++;
    }
    if (i == t->rule_count) {
        return data_refuse(why, "quasi_identifiers: no role \"%.40s\" in columns", role);
    }
    struct rule *r = &t->rule[i];
    if (r->quasi) {
        return data_refuse(why, "quasi_identifiers: \"%s\" stands twice", role);
    }
    if (r->action != DATA_KEEP && r->action != DATA_GENERALISE) {
        return data_refuse(why, "quasi_identifiers: \"%s\" must be kept or generalised", role);
    }
    if (r->action == DATA_KEEP) {
        r->steps = 1;
        r->step[0].kind = STEP_KEEP;
    }
    r->quasi = true;
    t->quasi[t->quasi_count++] = i;
    return ERR_NONE;
}

static enum err read_quasis(struct template_ *t, char *why)
{
    const json_t *list = NULL;
    TRY(read_texts(t->json, "quasi_identifiers", "template", &list, why));
    if (json_size(list) > DATA_QUASI_MAX) {
        return data_refuse(why, "quasi_identifiers: at most %d", DATA_QUASI_MAX);
    }
    for (size_t i = 0; i < json_size(list); i++) {
        TRY(read_quasi(json_text_of(json_at(list, i)), t, why));
    }
    TRY(read_int(t->json, "k", "template", 2, TEMPLATE_K_MAX, &t->k, why));
    return read_int(t->json, "suppress_max_percent", "template", 0, 100, &t->suppress_percent, why);
}

/* Only where rows are counted can a column climb. */
static enum err check_ladders(const struct template_ *t, char *why)
{
    for (uint32_t i = 0; i < t->rule_count; i++) {
        if (!t->rule[i].quasi && t->rule[i].steps > 1) {
            return data_refuse(why, "%s: a ladder of several steps is for quasi-identifiers",
                               t->rule[i].role);
        }
    }
    return ERR_NONE;
}

enum err template_rules(struct template_ *t, char *why)
{
    const json_t *list = json_member(t->json, "columns");
    if (list != NULL &&
        (!json_is_list(list) || json_size(list) == 0 || json_size(list) > TEMPLATE_RULES_MAX)) {
        return data_refuse(why, "\"columns\" must be a list of 1 to %d rules", TEMPLATE_RULES_MAX);
    }
    for (size_t i = 0; list != NULL && i < json_size(list); i++) {
        TRY(read_rule(json_at(list, i), t, &t->rule[i], why));
        t->rule_count++;
    }
    if (json_member(t->json, "quasi_identifiers") != NULL) {
        TRY(read_quasis(t, why));
    } else if (json_member(t->json, "k") != NULL ||
               json_member(t->json, "suppress_max_percent") != NULL) {
        return data_refuse(why, "\"k\" says nothing without \"quasi_identifiers\"");
    }
    return check_ladders(t, why);
}
