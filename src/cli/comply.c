#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "cli/actions_internal.h"
#include "cli/law_internal.h"

enum err law_language(struct cli *c, enum policy_language *out)
{
    static const char *const NAMES[] = { [POLICY_ENGLISH] = "en", [POLICY_CHINESE] = "zh" };
    const char *text = cli_option(c, "--lang");
    if (text == NULL) {
        *out = POLICY_ENGLISH;
        return ERR_NONE;
    }
    for (size_t i = 0; i < COUNT(NAMES); i++) {
        if (strcmp(NAMES[i], text) == 0) {
            *out = (enum policy_language)i;
            return ERR_NONE;
        }
    }
    return cli_fail(c, ERR_USAGE, "--lang", "'%s' is not a language that there is: en or zh", text);
}

static void today(struct policy_check *check)
{
    if (!check->day_given) {
        check->day = clock_day_at((uint64_t)time(NULL) * 1000, 0);
    }
}

static void move_members(json_t *from, json_t *to)
{
    static const char *const MEMBERS[] = { "id",          "date",         "verdict",  "required",
                                           "obligations", "cites",        "rules",    "assumed",
                                           "counted",     "would_change", "coverage", "packs_hash",
                                           "note",        "conflicts",    "terms",    NULL };
    for (const char *const *m = MEMBERS; *m != NULL; m++) {
        const json_t *x = json_member(from, *m);
        if (x != NULL) {
            json_put(to, *m, json_copy_of(x));
        }
    }
}

/* The last day of --until: asked before anything is answered. The check's own day without it. */
static enum err until_day(struct cli *c, const struct policy_check *check, uint32_t *day)
{
    const char *text = cli_option(c, "--until");
    *day = check->day;
    if (text != NULL && (clock_parse_day(text, day) != ERR_NONE || *day < check->day ||
                         *day - check->day > POLICY_DAYS_MAX)) {
        return cli_fail(
            c, ERR_USAGE, "--until",
            "'%s' is not a day like 2027-12-31 after that of the check, within %d years", text,
            POLICY_DAYS_MAX / 365);
    }
    return ERR_NONE;
}

/* --until: the days between the check's and that one on which the answer is another. */
static enum err until(struct cli *c, const struct policy_book *book,
                      const struct policy_check *check, enum policy_language language)
{
    bool zh = language == POLICY_CHINESE;
    const char *text = cli_option(c, "--until");
    uint32_t day;
    json_t *changes = NULL;
    if (text == NULL) {
        return ERR_NONE;
    }
    TRY(until_day(c, check, &day));
    enum err e = policy_days(book, check, day, &changes);
    if (e != ERR_NONE) {
        return cli_fail(c, e, "check", "%s", err_text(e));
    }
    for (size_t i = 0; i < json_size(changes); i++) {
        const char *from = "", *verdict = "";
        const json_t *one = json_at(changes, i), *cites = json_member(one, "cites");
        if (json_get_str(one, "from", &from) == ERR_NONE &&
            json_get_str(one, "verdict", &verdict) == ERR_NONE) {
            fprintf(c->text, zh ? "自%s起:%s" : "from %s: %s", from, verdict);
        }
        for (size_t k = 0; k < json_size(cites); k++) {
            const char *before = k > 0 ? (zh ? "、" : ", ") : zh ? "〔" : " [";
            fprintf(c->text, "%s%s", before, json_text_of(json_at(cites, k)));
        }
        fprintf(c->text, "%s\n", json_size(cites) == 0 ? "" : zh ? "〕" : "]");
    }
    if (json_size(changes) == 0) {
        fprintf(c->text, zh ? "至%s每日结论相同\n" : "the same on every day until %s\n", text);
    }
    json_put(c->answer, "changes", changes);
    return ERR_NONE;
}

/* --timing: the verdict alone, as a validator judges it; answers without it are the same bytes on
 * every build. */
static enum err timing(struct cli *c, const struct policy_book *book,
                       const struct policy_check *check, struct policy_verdict *v)
{
    struct timespec from, to;
    if (!cli_flag(c, "--timing")) {
        return ERR_NONE;
    }
    clock_gettime(CLOCK_MONOTONIC, &from);
    enum err e = policy_evaluate(policy_book_set(book), &check->facts, check->day, NULL, 0, v);
    clock_gettime(CLOCK_MONOTONIC, &to);
    int64_t ns = (to.tv_sec - from.tv_sec) * 1000000000LL + (to.tv_nsec - from.tv_nsec);
    json_put(c->answer, "elapsed_us", json_new_int(ns / 1000));
    fprintf(c->text, "%lld us\n", (long long)(ns / 1000));
    return e;
}

enum err law_answer(struct cli *c, const struct policy_book *book, struct policy_check *check,
                    enum policy_language language, bool explain)
{
    char why[POLICY_WHY_SIZE] = "";
    json_t *answer = NULL;
    char *text = NULL;
    uint32_t last;
    today(check);
    TRY(until_day(c, check, &last));
    struct policy_verdict *v = calloc(1, sizeof *v);
    ASSERT(v != NULL);
    check->strict = cli_flag(c, "--strict");
    enum err e = policy_answer(book, check, v, &answer, why);
    e = e != ERR_NONE ? e : policy_explain(book, check, v, language, &text);
    if (e == ERR_NONE) {
        move_members(answer, c->answer);
        if (explain) {
            json_put(c->answer, "explanation", json_new_str(text));
        }
        fputs(text, c->text);
        policy_text_free(text);
        e = timing(c, book, check, v);
        e = e == ERR_NONE ? until(c, book, check, language) : e;
    } else {
        e = cli_fail(c, e, "check", "%s", why[0] != '\0' ? why : err_text(e));
    }
    json_free(answer);
    free(v);
    return e;
}

static enum err check_or_explain(struct cli *c, bool explain)
{
    struct policy_book *book;
    struct policy_check check;
    enum policy_language language;
    TRY(law_language(c, &language));
    TRY(law_book(c, &book));
    enum err e = action_check(c, book, NULL, NULL, &check);
    e = e != ERR_NONE ? e : law_answer(c, book, &check, language, explain);
    policy_book_close(book);
    return e;
}

static enum err run_check(struct cli *c)
{
    return check_or_explain(c, false);
}

static enum err run_explain(struct cli *c)
{
    return check_or_explain(c, true);
}

/* One line of a batch in, one line out; a line that is not a check gets an error of its own. */
static enum err batch_line(const struct policy_book *book, struct bytes line)
{
    char why[POLICY_WHY_SIZE] = "", *text;
    size_t len;
    json_t *in = NULL, *answer = NULL;
    struct policy_check check;
    struct policy_verdict *v = calloc(1, sizeof *v);
    ASSERT(v != NULL);
    enum err e = json_read(line, 1 << 20, &in, why);
    e = e != ERR_NONE ? e : policy_check_read(book, in, &check, why);
    if (e == ERR_NONE && !check.day_given) {
        snprintf(why, sizeof why, "date is required in a batch");
        e = ERR_UNREADABLE;
    }
    e = e != ERR_NONE ? e : policy_answer(book, &check, v, &answer, why);
    if (e != ERR_NONE) {
        json_t *inner = json_new_object();
        json_put(inner, "code", json_new_str(err_name(action_check_code(e))));
        json_put(inner, "message", json_new_str(why[0] != '\0' ? why : err_text(e)));
        json_put(inner, "hint", json_new_str(""));
        answer = json_new_object();
        json_put(answer, "error", inner);
    }
    if (json_write_line(answer, &text, &len) == ERR_NONE) {
        (void)fwrite(text, 1, len, stdout);
        json_text_free(text);
    }
    json_free(answer);
    json_free(in);
    free(v);
    return e;
}

static enum err run_batch(struct cli *c)
{
    struct policy_book *book;
    uint8_t *file;
    size_t len, at = 0;
    unsigned failed = 0;
    TRY(cli_read_file(c, c->arg[0], &file, &len));
    enum err e = len > 0 ? law_book(c, &book)
                         : cli_fail(c, ERR_UNREADABLE, c->arg[0], "is empty: no check is in it");
    while (e == ERR_NONE && at < len) {
        const uint8_t *end = memchr(file + at, '\n', len - at);
        size_t size = end != NULL ? (size_t)(end - (file + at)) : len - at;
        if (size > 0 && batch_line(book, bytes_of(file + at, size)) != ERR_NONE) {
            failed++;
        }
        at += size + 1;
    }
    if (e == ERR_NONE) {
        policy_book_close(book);
    }
    free(file);
    if (e == ERR_NONE && failed > 0) {
        return cli_fail(c, ERR_FAILED, c->arg[0], "%u lines failed", failed);
    }
    return e;
}

static const struct cli_option CHECK_OPTIONS[] = {
    { "--from", "CC", "place of the exporter (ISO 3166-1 alpha-2)" },
    { "--to", "CC", "place of the recipient" },
    LAW_LANGUAGE_ROW,
    LAW_RULES_ROW,
    ACTION_CHECK_ROWS,
    { "--until", "D", "also each day up to this one on which the answer changes" },
    { "--strict", NULL, "ask for the facts that decide, and assume none" },
    { "--timing", NULL, "say how long the verdict took (elapsed_us)" },
    { NULL, NULL, NULL },
};
static const struct cli_option BATCH_OPTIONS[] = { LAW_RULES_ROW, { NULL, NULL, NULL } };
static const struct cli_command COMMANDS[] = {
    { "comply", "check", "", 0, 0, "may this data go from here to there? (not legal advice)",
      "carnet comply check --from CN --to DE --sector ecommerce --classes personal --subjects 500",
      CHECK_OPTIONS, run_check },
    { "comply", "explain", "", 0, 0, "the same, reasoned, with the articles",
      "carnet comply explain --from CN --to DE --classes personal --subjects 500 --lang zh",
      CHECK_OPTIONS, run_explain },
    { "comply", "batch", "FILE.jsonl", 1, 1, "one check a line, one answer a line",
      "carnet comply batch checks.jsonl", BATCH_OPTIONS, run_batch },
};
const struct cli_table CLI_COMPLY = { COMMANDS, COUNT(COMMANDS) };
