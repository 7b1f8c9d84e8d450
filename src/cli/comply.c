#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/actions_internal.h"
#include "cli/embedded_internal.h"

/* The law: --rules DIR, else what this release carries. No space is needed. */
static enum err open_book(struct cli *c, struct policy_book **out)
{
    char why[POLICY_WHY_SIZE] = "";
    const char *dir = cli_option(c, "--rules");
    struct policy_compiled law;
    enum err e;
    if (dir != NULL) {
        e = policy_book_dir(dir, suite_intl(), out, why);
        return e == ERR_NONE ? e : cli_fail(c, e, dir, "%s", why);
    }
    struct policy_source source[POLICY_SOURCE_MAX];
    for (size_t i = 0; i < EMBEDDED_RULES_COUNT; i++) {
        source[i].name = EMBEDDED_RULES[i].name;
        source[i].text = bytes_of(EMBEDDED_RULES[i].ptr, EMBEDDED_RULES[i].len);
    }
    e = policy_compile(source, EMBEDDED_RULES_COUNT, suite_intl(), &law, why);
    if (e == ERR_NONE) {
        e = policy_book_open(bytes_of(law.set, law.set_len), bytes_of(law.prose, law.prose_len),
                             suite_intl(), out, why);
        policy_compiled_free(&law);
    }
    return e == ERR_NONE ? e : cli_fail(c, e, "rule packs", "%s", why);
}

static void today(struct policy_check *check)
{
    if (!check->day_given) {
        check->day = clock_day_at((uint64_t)time(NULL) * 1000, 0);
    }
}

static void move_members(json_t *from, json_t *to)
{
    static const char *const MEMBERS[] = {
        "id",      "date",    "verdict",      "required", "obligations", "cites", "rules",
        "assumed", "counted", "would_change", "coverage", "packs_hash",  "note",  NULL
    };
    for (const char *const *m = MEMBERS; *m != NULL; m++) {
        const json_t *x = json_member(from, *m);
        if (x != NULL) {
            json_put(to, *m, json_copy_of(x));
        }
    }
}

static enum err answer_check(struct cli *c, const struct policy_book *book,
                             struct policy_check *check, bool explain)
{
    char why[POLICY_WHY_SIZE] = "";
    struct policy_verdict *v = calloc(1, sizeof *v);
    json_t *answer = NULL;
    char *text = NULL;
    ASSERT(v != NULL);
    today(check);
    enum err e = policy_answer(book, check, v, &answer, why);
    if (e == ERR_NONE) {
        const char *language = cli_option(c, "--lang");
        e = policy_explain(book, check, v,
                           language != NULL && strcmp(language, "zh") == 0 ? POLICY_CHINESE
                                                                           : POLICY_ENGLISH,
                           &text);
    }
    if (e == ERR_NONE) {
        move_members(answer, c->answer);
        if (explain) {
            json_put(c->answer, "explanation", json_new_str(text));
        }
        fputs(text, c->text);
        policy_text_free(text);
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
    TRY(open_book(c, &book));
    enum err e = action_check(c, book, NULL, NULL, &check);
    e = e != ERR_NONE ? e : answer_check(c, book, &check, explain);
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
        json_put(inner, "code", json_new_str(err_name(e)));
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
    enum err e = len > 0 ? open_book(c, &book)
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

static enum err run_rules_show(struct cli *c)
{
    struct policy_book *book;
    char *text;
    size_t len;
    TRY(open_book(c, &book));
    json_t *j = policy_book_json(book);
    policy_book_close(book);
    enum err e = json_write_pretty(j, &text, &len);
    if (e == ERR_NONE) {
        fputs(text, c->text);
        json_text_free(text);
    }
    json_put(c->answer, "packs", j);
    return e;
}

static enum err compile(struct cli *c, struct policy_compiled *law)
{
    char why[POLICY_WHY_SIZE] = "";
    enum err e = policy_compile_dir(c->arg[0], suite_intl(), law, why);
    return e == ERR_NONE ? e : cli_fail(c, e, c->arg[0], "%s", why);
}

static enum err run_rules_compile(struct cli *c)
{
    const char *out = cli_option(c, "--out");
    struct policy_compiled law;
    struct hash hash;
    TRY(compile(c, &law));
    struct bytes set = bytes_of(law.set, law.set_len);
    contract_pack_hash(suite_intl(), set, &hash);
    enum err e = out != NULL ? cli_write_file(c, out, set, 0644) : ERR_NONE;
    json_put(c->answer, "packs_hash", json_new_hash(&hash));
    json_put(c->answer, "bytes", json_new_u64(set.len));
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    hex_encode(bytes_of_hash(&hash), hex);
    fprintf(c->text, "%s  %zu bytes\n", hex, set.len);
    policy_compiled_free(&law);
    return e;
}

static enum err run_rules_lint(struct cli *c)
{
    struct policy_book *book;
    char why[POLICY_WHY_SIZE] = "", *text = NULL;
    size_t findings = 0;
    enum err e = policy_book_dir(c->arg[0], suite_intl(), &book, why);
    if (e != ERR_NONE) {
        return cli_fail(c, e, c->arg[0], "%s", why[0] != '\0' ? why : err_text(e));
    }
    e = policy_lint(book, &findings, &text);
    policy_book_close(book);
    TRY(e);
    fputs(text, c->text);
    json_put(c->answer, "findings", json_new_int((int64_t)findings));
    json_put(c->answer, "ok", json_new_bool(findings == 0));
    fprintf(c->text, "%zu findings\n", findings);
    policy_text_free(text);
    return ERR_NONE;
}

#define RULES_ROW                                                          \
    {                                                                      \
        "--rules", "DIR", "rule packs to use (else those of this release)" \
    }
static const struct cli_option CHECK_OPTIONS[] = {
    { "--from", "CC", "place of the exporter (ISO 3166-1 alpha-2)" },
    { "--to", "CC", "place of the recipient" },
    { "--lang", "en|zh", "language of the explanation (en)" },
    RULES_ROW,
    ACTION_CHECK_ROWS,
    { NULL, NULL, NULL },
};
static const struct cli_option RULES_OPTIONS[] = { RULES_ROW, { NULL, NULL, NULL } };
static const struct cli_option COMPILE_OPTIONS[] = {
    { "--out", "FILE", "where the compiled set goes" },
    { NULL, NULL, NULL },
};

static const struct cli_command COMMANDS[] = {
    { "comply", "check", "", 0, 0, "may this data go from here to there? (not legal advice)",
      "carnet comply check --from CN --to DE --sector ecommerce --classes personal --subjects 500",
      CHECK_OPTIONS, run_check },
    { "comply", "explain", "", 0, 0, "the same, reasoned, with the articles",
      "carnet comply explain --from CN --to DE --classes personal --subjects 500 --lang zh",
      CHECK_OPTIONS, run_explain },
    { "comply", "batch", "FILE.jsonl", 1, 1, "one check a line, one answer a line",
      "carnet comply batch checks.jsonl", RULES_OPTIONS, run_batch },
    { "comply", "wizard", "", 0, 9, "not implemented", NULL, NULL, cli_later },
    { "rules", "compile", "DIR", 1, 1, "compile rule packs to canonical bytes",
      "carnet rules compile rules --out set.bin", COMPILE_OPTIONS, run_rules_compile },
    { "rules", "lint", "DIR", 1, 1, "what is legal in a pack but looks wrong",
      "carnet rules lint rules", NULL, run_rules_lint },
    { "rules", "show", "", 0, 0, "the rules of the packs, with citations and dates",
      "carnet rules show", RULES_OPTIONS, run_rules_show },
    { "rules", "diff", "", 0, 9, "not implemented", NULL, NULL, cli_later },
};
const struct cli_table CLI_COMPLY = { COMMANDS, COUNT(COMMANDS) };
