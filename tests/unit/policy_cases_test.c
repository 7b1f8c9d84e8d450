/* Cases written from the facts, not from the packs: scenarios with the article each rests on, both
 * days of every change of law, and each threshold one below, at and above. */
#include "tests/unit/policy_lines.h"

struct tally {
    unsigned compared, equal, refused;
};

static void compare(const char *id, const json_t *scenario, void *ctx)
{
    struct tally *t = ctx;
    char reason[POLICY_WHY_SIZE] = "";
    json_t *answer = answer_of(scenario, reason);
    const char *why = answer == NULL ? reason : difference(answer, json_member(scenario, "expect"));
    t->compared++;
    t->equal += why == NULL ? 1 : 0;
    if (why != NULL) {
        difference_print(id, why, answer);
    }
    /* an engine that adds twelve articles and five conjuncts to a right answer is wrong */
    json_t *cites = json_new_array(), *required = json_new_array();
    for (int i = 0; i < POLICY_CITE_MAX + 1; i++) {
        json_push(cites, json_new_str("X:1"));
        json_push(required, json_new_str("everything"));
    }
    json_put(answer, "cites", cites);
    json_put(answer, "required", required);
    t->refused += difference(answer, json_member(scenario, "expect")) != NULL ? 1 : 0;
    json_free(answer);
}

TEST(each_case_from_the_facts_is_answered_as_its_article_says)
{
    CHECK(rig_book() != NULL);
    struct tally t = { 0 };
    CHECK(each_scenario(CARNET_SOURCE_DIR "/tests/fixtures/policy_scenarios.jsonl", compare, &t));
    printf("# %u compared, %u equal\n", t.compared, t.equal);
    CHECK(t.compared >= 240);
    CHECK_EQ(t.equal, t.compared);
    CHECK_EQ(t.refused, t.compared);
}

enum { COLUMNS = 14 };

/* A line of thresholds.csv in its columns, commas replaced by ends. */
static bool columns(char *line, char *at[COLUMNS])
{
    size_t count = 0;
    for (char *p = line; count < COLUMNS; p++) {
        at[count++] = p;
        p += strcspn(p, ",");
        if (*p == '\0') {
            break;
        }
        *p = '\0';
    }
    return count == COLUMNS;
}

static size_t quoted_words(const char *words, char *out, size_t cap)
{
    size_t len = 0;
    for (const char *p = words; *p != '\0'; p += strspn(p, " ")) {
        size_t word = strcspn(p, " ");
        len +=
            (size_t)snprintf(out + len, cap - len, "%s'%.*s'", len == 0 ? "" : ",", (int)word, p);
        p += word;
    }
    return len;
}

/* "role=ciio notice_given=true youngest_age=#": a role, facts, and what is counted instead of
 * persons. */
static bool row_facts(const char *words, unsigned number, char *out, size_t cap)
{
    char role[64] = "", facts[256] = "";
    size_t len = 0;
    bool counts = false;
    for (const char *p = words; *p != '\0'; p += strspn(p, " ")) {
        int word = (int)strcspn(p, " "), name = (int)strcspn(p, "=");
        const char *value = p + name + 1;
        int size = word - name - 1;
        bool plain = strncmp(value, "true", 4) == 0 || (*value >= '0' && *value <= '9');
        if (strncmp(p, "role=", 5) == 0) {
            snprintf(role, sizeof role, ",'role':'%.*s'", size, value);
        } else if (*value == '#') {
            counts = true;
            len += (size_t)snprintf(facts + len, sizeof facts - len, "%s'%.*s':%u",
                                    len == 0 ? "" : ",", name, p, number);
        } else {
            len += (size_t)snprintf(facts + len, sizeof facts - len,
                                    plain ? "%s'%.*s':%.*s" : "%s'%.*s':'%.*s'",
                                    len == 0 ? "" : ",", name, p, size, value);
        }
        p += word;
    }
    snprintf(out, cap, "%s,'facts':{%s}", role, facts);
    return counts;
}

enum { ROW_PERSONS = 100 }; /* of a row that counts something else */

/* The check of a row for a number. */
static const char *row_check(char *const at[COLUMNS], unsigned number)
{
    static char text[1024];
    char classes[200] = "", mechanisms[200] = "", facts[400] = "";
    quoted_words(at[5], classes, sizeof classes);
    quoted_words(at[7], mechanisms, sizeof mechanisms);
    unsigned persons = row_facts(at[8], number, facts, sizeof facts) ? ROW_PERSONS : number;
    snprintf(text, sizeof text,
             "{'date':'%s','from':'%s','to':'%s','sector':'%s','classes':[%s],"
             "'subjects':%u,'sensitive_subjects':%u,'mechanisms':[%s]%s}",
             at[13], at[2], at[3], at[4], classes, persons, strcmp(at[6], "yes") == 0 ? persons : 0,
             mechanisms, facts);
    return text;
}

/* "verdict" or "verdict id": the id is one of the answer's. */
static bool row_holds(const char *trace, const char *want)
{
    size_t verdict = strcspn(want, " ");
    bool same = strncmp(trace, want, verdict) == 0 && trace[verdict] == ':';
    return same && (want[verdict] == '\0' || strstr(trace + verdict, want + verdict + 1) != NULL);
}

TEST(each_threshold_decides_one_below_at_and_one_above)
{
    uint8_t *text;
    size_t len;
    CHECK(rig_book() != NULL);
    CHECK(test_read_file(CARNET_SOURCE_DIR "/tests/thresholds.csv", &text, &len));
    unsigned rows = 0;
    for (size_t from = 0; from < len;) {
        const uint8_t *end = memchr(text + from, '\n', len - from);
        size_t size = end == NULL ? len - from : (size_t)(end - (text + from));
        char line[1024], *at[COLUMNS];
        snprintf(line, sizeof line, "%.*s", (int)size, (const char *)text + from);
        CHECK(columns(line, at));
        for (unsigned i = 0; from > 0 && i < 3; i++) {
            const char *check = row_check(at, (unsigned)strtoul(at[9], NULL, 10) - 1 + i);
            const char *trace = rig_trace(check);
            if (!row_holds(trace, at[10 + i])) {
                printf("# line %s: %s\n#   got  %s\n", at[0], check, trace);
            }
            CHECK(row_holds(trace, at[10 + i]));
        }
        rows += from > 0 ? 1 : 0;
        from += size + 1;
    }
    free(text);
    CHECK(rows >= 38);
}

/* A row of worse.csv put into a scenario. */
struct worse {
    const char *member, *value;
    const char *except; /* the one case that the article lets be laxer */
    unsigned compared, stricter, laxer;
};

static unsigned level_of(const json_t *scenario)
{
    static const char *const LEVELS[] = { "allow", "allow_with_obligations", "needs_mechanism",
                                          "deny" };
    char why[POLICY_WHY_SIZE] = "";
    const char *verdict = "";
    unsigned level = 0;
    json_t *answer = answer_of(scenario, why);
    if (answer != NULL && json_get_str(answer, "verdict", &verdict) == ERR_NONE) {
        for (unsigned i = 0; i < COUNT(LEVELS); i++) {
            level = strcmp(LEVELS[i], verdict) == 0 ? i + 1 : level;
        }
    }
    json_free(answer);
    return level;
}

static void make_worse(const char *id, const json_t *scenario, void *ctx)
{
    struct worse *w = ctx;
    json_t *with = json_copy_of(scenario);
    const json_t *old = json_member(scenario, "facts");
    json_t *facts = old == NULL ? json_new_object() : json_copy_of(old);
    bool yes = strcmp(w->value, "true") == 0, no = strcmp(w->value, "false") == 0;
    bool number = w->value[0] >= '0' && w->value[0] <= '9';
    json_put(facts, w->member,
             yes || no ? json_new_bool(yes)
             : number  ? json_new_int((int64_t)strtoll(w->value, NULL, 10))
                       : json_new_str(w->value));
    json_put(with, "facts", facts);
    unsigned before = level_of(scenario), after = level_of(with);
    w->compared++;
    w->stricter += after > before ? 1 : 0;
    if (before == 0 || (after < before && strcmp(id, w->except) != 0)) {
        printf("# %s: %s=%s makes it laxer (%u to %u)\n", id, w->member, w->value, before, after);
        w->laxer++;
    }
    json_free(with);
}

/* Each case with one fact at its worse value, and each fact makes some case stricter. */
TEST(a_worse_value_of_one_fact_never_gives_a_laxer_verdict)
{
    uint8_t *text;
    size_t len;
    unsigned compared = 0, laxer = 0, idle = 0;
    CHECK(rig_book() != NULL);
    CHECK(test_read_file(CARNET_SOURCE_DIR "/tests/worse.csv", &text, &len));
    for (size_t from = 0; from < len;) {
        const uint8_t *end = memchr(text + from, '\n', len - from);
        size_t size = end == NULL ? len - from : (size_t)(end - (text + from));
        char line[200];
        snprintf(line, sizeof line, "%.*s", (int)size, (const char *)text + from);
        char *value = strchr(line, ','), *article = value == NULL ? NULL : strchr(value + 1, ',');
        const char *except = article == NULL ? NULL : strchr(article + 1, ',');
        CHECK(except != NULL);
        *value = '\0';
        *article = '\0';
        struct worse w = { .member = line, .value = value + 1, .except = except + 1 };
        if (from > 0) {
            CHECK(each_scenario(CARNET_SOURCE_DIR "/tests/fixtures/policy_scenarios.jsonl",
                                make_worse, &w));
            laxer += w.laxer;
            if (w.stricter == 0) {
                printf("# %s=%s changes nothing\n", w.member, w.value);
            }
            idle += w.stricter == 0 ? 1 : 0;
        }
        compared += w.compared;
        from += size + 1;
    }
    free(text);
    printf("# %u checks made worse\n", compared);
    CHECK_EQ(laxer, 0);
    CHECK_EQ(idle, 0);
    CHECK(compared > 9000);
}
