#include "policy/compile/compile_internal.h"

#include <string.h>

struct choice {
    const char *name;
    uint32_t value;
};
static const struct choice COVERAGES[] = { { "stub", POLICY_STUB },
                                           { "partial", POLICY_PARTIAL },
                                           { "full", POLICY_FULL } };
static const struct choice LAYERS[] = { { "jurisdiction", LAYER_JURISDICTION },
                                        { "sector", LAYER_SECTOR },
                                        { "agreement", LAYER_AGREEMENT } };
static const struct choice SIDES[] = { { "export", SIDE_EXPORT },
                                       { "import", SIDE_IMPORT },
                                       { "both", SIDE_BOTH },
                                       { "reach", SIDE_REACH } };
static const struct choice EFFECTS[] = { { "define", EFFECT_DEFINE },   { "note", EFFECT_NOTE },
                                         { "oblige", EFFECT_OBLIGE },   { "permit", EFFECT_PERMIT },
                                         { "require", EFFECT_REQUIRE }, { "deny", EFFECT_DENY } };
static const struct choice PERIODS[] = { { "calendar_year", POLICY_CALENDAR_YEAR },
                                         { "twelve_months", POLICY_TWELVE_MONTHS } };
/* DESIGN 6: assessment > contract or certification > filing. `none` stands alone, `all` lifts all.
 */
static const struct choice RANKS[] = {
    { "none", 0 }, { "filing", 10 }, { "contract", 20 }, { "assessment", 30 }, { "all", RANK_MAX }
};

static enum err choose(struct compile *c, const struct yaml *map, const char *key, bool need,
                       const struct choice *table, size_t count, uint32_t *out)
{
    const char *text = NULL;
    TRY(member_text(c, map, key, need, &text));
    for (size_t i = 0; text != NULL && i < count; i++) {
        if (strcmp(table[i].name, text) == 0) {
            *out = table[i].value;
            return ERR_NONE;
        }
    }
    return text == NULL
               ? ERR_NONE
               : say(c, yaml_member(map, key), ERR_UNKNOWN_WORD, "unknown %s \"%s\"", key, text);
}
#define CHOOSE(c, map, key, need, table, out) choose(c, map, key, need, table, COUNT(table), out)

static enum err words_list(struct compile *c, const struct yaml *map, const char *key, uint32_t use,
                           struct set_numbers *out)
{
    const struct yaml *list = NULL;
    TRY(member_list(c, map, key, false, &list));
    size_t count = list == NULL ? 0 : list->count;
    if (count > POLICY_ALTERNATIVE_MAX) {
        return say(c, list, ERR_SIZE, "more alternatives than a rule holds");
    }
    out->at = ARENA_ARRAY(c->arena, uint32_t, count);
    if (out->at == NULL) {
        return ERR_NO_SPACE;
    }
    for (const struct yaml *n = list == NULL ? NULL : list->first; n != NULL; n = n->next) {
        if (n->kind != YAML_SCALAR) {
            return say(c, n, ERR_UNREADABLE, "a word is expected here");
        }
        TRY(word_of(c, n, n->text, use, &out->at[out->count++]));
    }
    return ERR_NONE;
}

static enum err cites_list(struct compile *c, const struct yaml *rule, struct set_numbers *out)
{
    const struct yaml *list = NULL;
    TRY(member_list(c, rule, "cites", false, &list));
    size_t count = list == NULL ? 0 : list->count;
    if (count > RULE_CITE_MAX) {
        return say(c, list, ERR_SIZE, "more citations than a rule holds");
    }
    out->at = ARENA_ARRAY(c->arena, uint32_t, count);
    if (out->at == NULL) {
        return ERR_NO_SPACE;
    }
    for (const struct yaml *n = list == NULL ? NULL : list->first; n != NULL; n = n->next) {
        if (n->kind != YAML_SCALAR) {
            return say(c, n, ERR_UNREADABLE, "a citation is expected here");
        }
        TRY(cite_of(c, n, n->text, &out->at[out->count++]));
    }
    return ERR_NONE;
}

static enum err duty_read(struct compile *c, const struct yaml *node, struct set_duty *out)
{
    static const char *const KNOWN[] = { "duty", "days", "working_days", "every_months", NULL };
    TRY(members_only(c, node, KNOWN));
    const char *word = NULL;
    uint64_t days = 0, working = 0, months = 0;
    TRY(member_text(c, node, "duty", true, &word));
    TRY(member_number(c, node, "days", false, 36500, &days));
    TRY(member_number(c, node, "working_days", false, 36500, &working));
    TRY(member_number(c, node, "every_months", false, 1200, &months));
    if (days != 0 && working != 0) {
        return say(c, node, ERR_RANGE, "days or working days, not both");
    }
    TRY(word_of(c, node, word, WORD_DUTY, &out->duty));
    out->days = (uint32_t)(days + working);
    out->working = working != 0 ? 1 : 0;
    out->every_months = (uint32_t)months;
    return ERR_NONE;
}

static enum err duties_list(struct compile *c, const struct yaml *rule, struct set_rule *out)
{
    const struct yaml *list = NULL;
    TRY(member_list(c, rule, "duties", false, &list));
    size_t count = list == NULL ? 0 : list->count;
    if (count > RULE_DUTY_MAX) {
        return say(c, list, ERR_SIZE, "more duties than a rule holds");
    }
    out->duties = ARENA_ARRAY(c->arena, struct set_duty, count);
    if (out->duties == NULL) {
        return ERR_NO_SPACE;
    }
    for (const struct yaml *n = list == NULL ? NULL : list->first; n != NULL; n = n->next) {
        TRY(duty_read(c, n, &out->duties[out->duty_count++]));
    }
    return ERR_NONE;
}

static enum err regime_of(struct compile *c, const struct yaml *map, uint32_t *out)
{
    const char *text = NULL;
    TRY(member_text(c, map, "regime", true, &text));
    return word_of(c, map, text, WORD_REGIME, out);
}

static enum err fact_of(struct compile *c, const struct yaml *map, const char *key, bool need,
                        uint32_t *out)
{
    const char *name = NULL;
    TRY(member_text(c, map, key, need, &name));
    *out = name == NULL ? 0 : fact_number(c, name);
    if (name != NULL && *out == 0) {
        return say(c, yaml_member(map, key), ERR_UNKNOWN_WORD, "unknown fact \"%s\"", name);
    }
    return ERR_NONE;
}

static enum err counter_head(struct compile *c, const struct yaml *node, struct set_counter *out)
{
    static const char *const KNOWN[] = { "regime",   "kind",          "period",       "adds",
                                         "less",     "prior",         "prior_less",   "prior_also",
                                         "at_least", "at_least_when", "counted_when", NULL };
    TRY(members_only(c, node, KNOWN));
    const char *kind = NULL;
    TRY(member_text(c, node, "kind", true, &kind));
    TRY(word_of(c, node, kind, WORD_COUNT, &out->kind));
    TRY(regime_of(c, node, &out->regime));
    TRY(CHOOSE(c, node, "period", true, PERIODS, &out->period));
    TRY(fact_of(c, node, "adds", true, &out->plus));
    TRY(fact_of(c, node, "less", false, &out->minus));
    TRY(fact_of(c, node, "prior", false, &out->prior_plus));
    TRY(fact_of(c, node, "prior_less", false, &out->prior_minus));
    TRY(fact_of(c, node, "prior_also", false, &out->prior_also));
    return fact_of(c, node, "at_least", false, &out->at_least);
}

static enum err counters_head(struct compile *c, const struct yaml *file, struct set_pack *p)
{
    const struct yaml *list = NULL;
    TRY(member_list(c, file, "counters", false, &list));
    size_t count = list == NULL ? 0 : list->count;
    if (count > PACK_COUNTER_MAX) {
        return say(c, list, ERR_SIZE, "more counters than a pack holds");
    }
    p->counters = ARENA_ARRAY(c->arena, struct set_counter, count);
    if (p->counters == NULL) {
        return ERR_NO_SPACE;
    }
    for (const struct yaml *n = list == NULL ? NULL : list->first; n != NULL; n = n->next) {
        TRY(counter_head(c, n, &p->counters[p->counter_count]));
        TRY(tests_read(c, yaml_member(n, "at_least_when"), NULL, 0,
                       &p->counters[p->counter_count].at_least_tests));
        p->counter_count++;
    }
    return ERR_NONE;
}

/* What is counted may ask which rules hold: it is read when all rules are known. */
static enum err counters_finish(struct compile *c, const struct yaml *file, struct set_pack *p,
                                size_t first_rule)
{
    const struct yaml *list = yaml_member(file, "counters");
    size_t i = 0;
    for (const struct yaml *n = list == NULL ? NULL : list->first; n != NULL; n = n->next) {
        TRY(tests_read(c, yaml_member(n, "counted_when"), p, first_rule, &p->counters[i++].tests));
    }
    return ERR_NONE;
}

static enum err in_force_read(struct compile *c, const struct yaml *rule, struct set_rule *out)
{
    static const char *const KNOWN[] = { "from", "to", NULL };
    const struct yaml *days = yaml_member(rule, "in_force");
    if (days == NULL) {
        return out->effect == EFFECT_DEFINE || out->effect == EFFECT_NOTE
                   ? ERR_NONE
                   : say(c, rule, ERR_UNREADABLE, "\"in_force\" is missing");
    }
    TRY(members_only(c, days, KNOWN));
    const char *from = NULL, *to = NULL;
    TRY(member_text(c, days, "from", true, &from));
    TRY(member_text(c, days, "to", false, &to));
    TRY(day_of(c, days, from, &out->from_day));
    TRY(to == NULL ? ERR_NONE : day_of(c, days, to, &out->to_day));
    if (out->to_day != 0 && out->to_day < out->from_day) {
        return say(c, days, ERR_RANGE, "the rule ends before it begins");
    }
    return ERR_NONE;
}

static enum err rule_flags(struct compile *c, const struct yaml *node, struct set_rule *out)
{
    static const struct choice YES[] = { { "true", RULE_UNCERTAIN } };
    static const struct choice NEVER[] = { { "never", RULE_NEVER_HELD } };
    uint32_t uncertain = 0, held = 0;
    TRY(CHOOSE(c, node, "uncertain", false, YES, &uncertain));
    TRY(CHOOSE(c, node, "held", false, NEVER, &held));
    out->flags = uncertain | held;
    const char *list = NULL;
    TRY(member_text(c, node, "cite_list", false, &list));
    out->cite_list = list == NULL ? 0 : list_number(c, list);
    if (list != NULL && out->cite_list == 0) {
        return say(c, node, ERR_UNKNOWN_WORD, "unknown list \"%s\"", list);
    }
    return ERR_NONE;
}

static enum err pair_check(struct compile *c, const struct yaml *pair)
{
    static const char *const KNOWN[] = { "en", "zh", NULL };
    const char *text = NULL;
    TRY(members_only(c, pair, KNOWN));
    TRY(member_text(c, pair, "en", true, &text));
    return member_text(c, pair, "zh", true, &text);
}

/* `conflict` names what a deny stands against: who obeys one side breaks the other. */
static enum err note_check(struct compile *c, const struct yaml *rule, uint32_t effect)
{
    const struct yaml *note = yaml_member(rule, "note"), *conflict = yaml_member(rule, "conflict");
    if (note == NULL) {
        return say(c, rule, ERR_UNREADABLE, "\"note\" is missing");
    }
    if (conflict != NULL && effect != EFFECT_DENY) {
        return say(c, rule, ERR_RANGE, "\"conflict\" belongs to \"deny\", and only there");
    }
    TRY(conflict == NULL ? ERR_NONE : pair_check(c, conflict));
    return pair_check(c, note);
}

static enum err rule_read(struct compile *c, const struct yaml *node, struct set_pack *p,
                          size_t first_rule)
{
    static const char *const KNOWN[] = { "id",     "regime",   "side",      "effect",   "rank",
                                         "lifts",  "held",     "uncertain", "in_force", "when",
                                         "any_of", "also",     "duties",    "cites",    "cite_list",
                                         "note",   "conflict", "terms",     NULL };
    TRY(members_only(c, node, KNOWN));
    struct set_rule r = { .side = SIDE_EXPORT };
    const char *id = NULL;
    TRY(member_text(c, node, "id", true, &id));
    for (size_t i = 0; i < c->rule_count; i++) {
        if (strcmp(c->rules[i].id, id) == 0) {
            return say(c, node, ERR_DUPLICATE, "the rule \"%s\" occurs twice", id);
        }
    }
    if (c->rule_count == COMPILE_RULE_MAX || p->rule_count == PACK_RULE_MAX) {
        return say(c, node, ERR_SIZE, "more rules than a pack or a set holds");
    }
    TRY(regime_of(c, node, &r.regime));
    TRY(CHOOSE(c, node, "side", false, SIDES, &r.side));
    TRY(CHOOSE(c, node, "effect", true, EFFECTS, &r.effect));
    bool permits = r.effect == EFFECT_PERMIT, requires = r.effect == EFFECT_REQUIRE;
    TRY(CHOOSE(c, node, permits ? "lifts" : "rank", permits || requires, RANKS, &r.rank));
    TRY(rule_flags(c, node, &r));
    TRY(in_force_read(c, node, &r));
    TRY(note_check(c, node, r.effect));
    TRY(words_list(c, node, "any_of", WORD_MECHANISM | WORD_DUTY, &r.any_of));
    TRY(words_list(c, node, "also", WORD_MECHANISM, &r.also));
    TRY(duties_list(c, node, &r));
    TRY(cites_list(c, node, &r.cites));
    TRY(terms_read(c, node, &r));
    TRY(tests_read(c, yaml_member(node, "when"), p, first_rule, &r.tests));
    if (requires != (r.any_of.count > 0)) {
        return say(c, node, ERR_RANGE, "\"any_of\" belongs to \"require\", and only there");
    }
    if (r.effect > EFFECT_NOTE && r.cites.count == 0) {
        return say(c, node, ERR_RANGE, "a rule that decides needs a citation");
    }
    if (r.effect == EFFECT_OBLIGE && r.duty_count == 0) {
        return say(c, node, ERR_RANGE, "\"oblige\" needs duties");
    }
    c->rules[c->rule_count++] = (struct rule_row){ id, node, c->set.pack_count };
    p->rules[p->rule_count++] = r;
    return ERR_NONE;
}

static enum err pack_places(struct compile *c, const struct yaml *file, uint32_t number)
{
    const struct yaml *list = NULL;
    TRY(member_list(c, file, "places", true, &list));
    for (const struct yaml *n = list->first; n != NULL; n = n->next) {
        uint32_t place = n->kind == YAML_SCALAR ? place_number(c, n->text) : 0;
        if (place == 0) {
            return say(c, n, ERR_UNKNOWN_WORD, "unknown place");
        }
        for (size_t i = 0; i < c->set.place_count; i++) {
            if (c->set.places[i].number == place && c->set.places[i].pack != 0) {
                return say(c, n, ERR_DUPLICATE, "another pack speaks for this place");
            }
            if (c->set.places[i].number == place) {
                c->set.places[i].pack = number;
            }
        }
    }
    return ERR_NONE;
}

static enum err pack_head(struct compile *c, const struct yaml *file, struct set_pack *p)
{
    static const char *const KNOWN[] = { "pack",   "name",     "layer",         "coverage",
                                         "places", "source",   "articles_read", "not_read",
                                         "lists",  "counters", "rules",         NULL };
    TRY(members_only(c, file, KNOWN));
    const char *seat = NULL, *source = NULL;
    const struct yaml *read = NULL;
    TRY(member_text(c, file, "pack", true, &seat));
    TRY(member_text(c, file, "source", true, &source));
    TRY(member_list(c, file, "articles_read", true, &read));
    TRY(day_of(c, file, source, &p->source_day));
    p->layer = LAYER_JURISDICTION;
    TRY(CHOOSE(c, file, "layer", false, LAYERS, &p->layer));
    TRY(CHOOSE(c, file, "coverage", true, COVERAGES, &p->coverage));
    p->seat = place_number(c, seat);
    if (p->seat == 0 && p->layer == LAYER_JURISDICTION && strcmp(seat, "EU") != 0) {
        return say(c, file, ERR_UNKNOWN_WORD, "unknown place \"%s\"", seat);
    }
    return ERR_NONE;
}

enum err pack_read(struct compile *c, const struct yaml *file)
{
    if (c->set.pack_count == SET_PACK_MAX) {
        return say(c, file, ERR_SIZE, "more packs than a set holds");
    }
    struct set_pack *p = &c->set.packs[c->set.pack_count];
    const struct yaml *rules = NULL;
    TRY(pack_head(c, file, p));
    TRY(pack_places(c, file, (uint32_t)c->set.pack_count + 1));
    TRY(lists_read(c, file));
    TRY(counters_head(c, file, p));
    TRY(member_list(c, file, "rules", true, &rules));
    p->rules = ARENA_ARRAY(c->arena, struct set_rule, rules->count);
    if (p->rules == NULL) {
        return ERR_NO_SPACE;
    }
    size_t first = c->rule_count;
    for (const struct yaml *n = rules->first; n != NULL; n = n->next) {
        TRY(rule_read(c, n, p, first));
    }
    TRY(counters_finish(c, file, p, first));
    c->packs[c->set.pack_count++] = (struct pack_row){ file, c->file };
    return ERR_NONE;
}
