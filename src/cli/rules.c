#include <stdlib.h>
#include <string.h>

#include "cli/embedded_internal.h"
#include "cli/law_internal.h"
#include "contract/contract.h"
#include "crypto/suite.h"

enum err law_book_dir(struct cli *c, const char *dir, struct policy_book **out)
{
    char why[POLICY_WHY_SIZE] = "";
    enum err e = policy_book_dir(dir, suite_intl(), out, why);
    return e == ERR_NONE ? e : cli_fail(c, e, dir, "%s", why[0] != '\0' ? why : err_text(e));
}

enum err law_book(struct cli *c, struct policy_book **out)
{
    char why[POLICY_WHY_SIZE] = "";
    const char *dir = cli_option(c, "--rules");
    struct policy_compiled law;
    enum err e;
    if (dir != NULL) {
        return law_book_dir(c, dir, out);
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

/* One page a pack, as docs/rules has them. */
static enum err pages(struct cli *c, const struct policy_book *book, const char *dir)
{
    enum err e = ERR_NONE;
    size_t count = 0;
    for (const char *name; e == ERR_NONE && (name = policy_page_name(book, count)) != NULL;
         count++) {
        char path[CLI_DIR_SIZE_MAX + 32];
        char *page = policy_page(book, count);
        snprintf(path, sizeof path, "%.*s/%.16s.md", CLI_DIR_SIZE_MAX, dir, name);
        e = page == NULL ? ERR_NO_SPACE
                         : cli_write_file(c, path, bytes_of(page, strlen(page)), 0644);
        policy_text_free(page);
    }
    TRY(e);
    json_put(c->answer, "pages", json_new_int((int64_t)count));
    fprintf(c->text, "%zu pages\n", count);
    return ERR_NONE;
}

static enum err run_rules_show(struct cli *c)
{
    struct policy_book *book;
    char *text;
    size_t len;
    TRY(law_book(c, &book));
    if (cli_option(c, "--pages") != NULL) {
        enum err e = pages(c, book, cli_option(c, "--pages"));
        policy_book_close(book);
        return e;
    }
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
    char *text = NULL;
    size_t findings = 0;
    TRY(law_book_dir(c, c->arg[0], &book));
    enum err e = policy_lint(book, &findings, &text);
    policy_book_close(book);
    TRY(e);
    fputs(text, c->text);
    json_put(c->answer, "findings", json_new_int((int64_t)findings));
    json_put(c->answer, "ok", json_new_bool(findings == 0));
    fprintf(c->text, "%zu findings\n", findings);
    policy_text_free(text);
    return ERR_NONE;
}

/* What of an answer a person compares. */
static json_t *short_answer(const struct policy_book *book, const json_t *line, char *why)
{
    static const char *const MEMBERS[] = { "verdict", "required", "cites" };
    struct policy_check check;
    struct policy_verdict v;
    json_t *whole = NULL, *o = json_new_object();
    enum err e = policy_check_read(book, line, &check, why);
    e = e == ERR_NONE ? policy_answer(book, &check, &v, &whole, why) : e;
    for (size_t i = 0; e == ERR_NONE && i < COUNT(MEMBERS); i++) {
        json_put(o, MEMBERS[i], json_copy_of(json_member(whole, MEMBERS[i])));
    }
    if (e != ERR_NONE) {
        json_put(o, "verdict", json_new_str(err_name(e)));
    }
    json_free(whole);
    return o;
}

static bool json_same(const json_t *a, const json_t *b)
{
    char *one = NULL, *two = NULL;
    size_t one_len = 0, two_len = 0;
    bool same = json_write_canonical(a, &one, &one_len) == ERR_NONE &&
                json_write_canonical(b, &two, &two_len) == ERR_NONE && one_len == two_len &&
                memcmp(one, two, one_len) == 0;
    json_text_free(one);
    json_text_free(two);
    return same;
}

static void check_compare(struct cli *c, const struct policy_book *const book[2],
                          const json_t *line, json_t *changed)
{
    char why[POLICY_WHY_SIZE] = "";
    const char *id = "", *verdict[2] = { "?", "?" };
    json_t *answer[2];
    for (size_t i = 0; i < 2; i++) {
        answer[i] = short_answer(book[i], line, why);
        if (json_get_str(answer[i], "verdict", &verdict[i]) != ERR_NONE) {
            verdict[i] = "?";
        }
    }
    if (!json_same(answer[0], answer[1])) {
        json_t *o = json_new_object();
        if (json_get_str(line, "id", &id) != ERR_NONE) {
            id = "";
        }
        fprintf(c->text, "check %s: %s -> %s\n", id, verdict[0], verdict[1]);
        json_put(o, "id", json_new_str(id));
        json_put(o, "before", json_copy_of(answer[0]));
        json_put(o, "after", json_copy_of(answer[1]));
        json_push(changed, o);
    }
    json_free(answer[0]);
    json_free(answer[1]);
}

/* --checks: real checks, one a line, whose answer the new packs change. */
static enum err checks_compare(struct cli *c, const struct policy_book *const book[2])
{
    const char *path = cli_option(c, "--checks");
    uint8_t *file;
    size_t len, count = 0;
    if (path == NULL) {
        return ERR_NONE;
    }
    TRY(cli_read_file(c, path, &file, &len));
    json_t *changed = json_new_array();
    enum err e = ERR_NONE;
    for (size_t at = 0; e == ERR_NONE && at < len;) {
        const uint8_t *end = memchr(file + at, '\n', len - at);
        size_t size = end != NULL ? (size_t)(end - (file + at)) : len - at;
        char why[JSON_ERROR_SIZE] = "";
        json_t *line = NULL;
        if (size > 0) {
            e = json_read(bytes_of(file + at, size), 1 << 20, &line, why);
            count++;
        }
        if (e != ERR_NONE) {
            cli_fail(c, e, path, "line %zu: %s", count, why);
        } else if (line != NULL) {
            check_compare(c, book, line, changed);
            json_free(line);
        }
        at += size + 1;
    }
    fprintf(c->text, "%zu of %zu checks are answered differently\n", json_size(changed), count);
    json_put(c->answer, "checks", changed);
    free(file);
    return e;
}

static enum err run_rules_diff(struct cli *c)
{
    static const char *const PARTS[] = { "packs", "rules", "lists" };
    struct policy_book *before, *after;
    json_t *parts = NULL;
    char *text = NULL;
    TRY(law_book_dir(c, c->arg[0], &before));
    enum err e = law_book_dir(c, c->arg[1], &after);
    if (e != ERR_NONE) {
        policy_book_close(before);
        return e;
    }
    e = policy_diff(before, after, &parts, &text);
    if (e == ERR_NONE) {
        fputs(text, c->text);
        for (size_t i = 0; i < COUNT(PARTS); i++) {
            json_put(c->answer, PARTS[i], json_copy_of(json_member(parts, PARTS[i])));
        }
        e = checks_compare(c, (const struct policy_book *const[2]){ before, after });
    }
    json_free(parts);
    policy_text_free(text);
    policy_book_close(before);
    policy_book_close(after);
    return e;
}

static const struct cli_option SHOW_OPTIONS[] = {
    LAW_RULES_ROW,
    { "--pages", "DIR", "write a page for each pack there, as docs/rules has them" },
    { NULL, NULL, NULL },
};
static const struct cli_option COMPILE_OPTIONS[] = {
    { "--out", "FILE", "where the compiled set goes" },
    { NULL, NULL, NULL },
};
static const struct cli_option DIFF_OPTIONS[] = {
    { "--checks", "FILE", "checks, one a line: which of them are answered differently" },
    { NULL, NULL, NULL },
};

static const struct cli_command COMMANDS[] = {
    { "rules", "compile", "DIR", 1, 1, "compile rule packs to canonical bytes",
      "carnet rules compile rules --out set.bin", COMPILE_OPTIONS, run_rules_compile },
    { "rules", "lint", "DIR", 1, 1, "what is legal in a pack but looks wrong",
      "carnet rules lint rules", NULL, run_rules_lint },
    { "rules", "show", "", 0, 0, "the rules of the packs, with citations and dates",
      "carnet rules show", SHOW_OPTIONS, run_rules_show },
    { "rules", "diff", "OLD NEW", 2, 2, "what changes between two folders of rule packs",
      "carnet rules diff rules-2026 rules --checks checks.jsonl", DIFF_OPTIONS, run_rules_diff },
};
const struct cli_table CLI_RULES = { COMMANDS, COUNT(COMMANDS) };
