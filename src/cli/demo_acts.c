#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/demo_internal.h"

/* A command that must end with 0; what it answers is the caller's. */
enum err demo_do(struct demo *d, const char *as, const char *const *words, json_t **answer)
{
    int code;
    TRY(demo_run(d, as, words, &code, answer));
    return d->failed;
}

/* How many columns of a class there are: "2 personal, 12 health". */
static void count_classes(const json_t *columns, char *out, size_t cap)
{
    static const char *const CLASSES[] = { "personal", "sensitive", "financial", "health",
                                           "other" };
    size_t used = 0;
    out[0] = '\0';
    for (size_t k = 0; k < COUNT(CLASSES); k++) {
        unsigned found = 0;
        for (size_t i = 0; i < json_size(columns); i++) {
            const char *class = "";
            (void)!json_get_str(json_at(columns, i), "class", &class);
            found += strcmp(class, CLASSES[k]) == 0 ? 1 : 0;
        }
        if (found > 0 && used < cap) {
            int n = snprintf(out + used, cap - used, "%s%u %s", used > 0 ? ", " : "", found,
                             CLASSES[k]);
            used += n > 0 ? (size_t)n : 0;
        }
    }
}

static enum err classify(struct demo *d)
{
    json_t *j = NULL;
    char classes[160] = "";
    uint64_t began = demo_begin(d, "classify");
    enum err e = demo_do(
        d, "exporter", WORDS("asset", "classify", d->input, "--template", d->story->template_), &j);
    const json_t *columns = e == ERR_NONE ? json_member(j, "columns") : NULL;
    if (columns != NULL) {
        count_classes(columns, classes, sizeof classes);
    }
    return demo_end(d, "classify", began, e, j, "%zu columns: %s",
                    columns != NULL ? json_size(columns) : 0, classes);
}

/* What was done to columns, as "drop CustomerID" or "generalise 4". */
static void tell_actions(const json_t *columns, char *out, size_t cap)
{
    static const char *const ACTIONS[] = { "drop", "mask", "generalise", "pseudonym" };
    size_t used = 0;
    out[0] = '\0';
    for (size_t k = 0; k < COUNT(ACTIONS); k++) {
        unsigned found = 0;
        const char *name = "", *action;
        for (size_t i = 0; i < json_size(columns); i++) {
            if (json_get_str(json_at(columns, i), "action", &action) == ERR_NONE &&
                strcmp(action, ACTIONS[k]) == 0) {
                found++;
                (void)!json_get_str(json_at(columns, i), "name", &name);
            }
        }
        if (found == 1 && used < cap) {
            used += (size_t)snprintf(out + used, cap - used, "%s%s %.40s", used > 0 ? ", " : "",
                                     ACTIONS[k], name);
        } else if (found > 1 && used < cap) {
            used += (size_t)snprintf(out + used, cap - used, "%s%s %u columns",
                                     used > 0 ? ", " : "", ACTIONS[k], found);
        }
    }
}

/* Where quasi-identifiers are named: k before and after, and what share of the rows is left. */
static void tell_k(const json_t *j, char *out, size_t cap)
{
    int64_t before, after;
    const char *share = "";
    out[0] = '\0';
    if (json_member(j, "k_after") != NULL && json_get_int(j, "k_before", &before) == ERR_NONE &&
        json_get_int(j, "k_after", &after) == ERR_NONE &&
        json_get_str(j, "kept_rows_share", &share) == ERR_NONE) {
        snprintf(out, cap, "; k %lld before, %lld after, %s of the rows kept", (long long)before,
                 (long long)after, share);
    }
}

static enum err deidentify(struct demo *d, const char *out)
{
    json_t *j = NULL;
    char actions[200] = "", k[120] = "";
    uint64_t began = demo_begin(d, "de-identify");
    enum err e = demo_do(
        d, "exporter",
        WORDS("asset", "deidentify", d->input, "--template", d->story->template_, "--out", out),
        &j);
    if (e == ERR_NONE) {
        tell_actions(json_member(j, "columns"), actions, sizeof actions);
        tell_k(j, k, sizeof k);
    }
    demo_member(j, "rows_out", d->rows);
    return demo_end(d, "de-identify", began, e, j, "%s%s", actions, k);
}

static enum err put(struct demo *d, const char *file)
{
    json_t *j = NULL;
    uint64_t began = demo_begin(d, "put");
    enum err e = demo_do(d, "exporter", WORDS("asset", "put", file, "--chunk-size", "65536"), &j);
    demo_member(j, "asset", d->asset);
    demo_member(j, "sha256", d->sha256);
    return demo_end(d, "put", began, e, j, "asset %.16s (a salted commitment)", d->asset);
}

static enum err mint(struct demo *d)
{
    json_t *j = NULL;
    uint64_t began = demo_begin(d, "mint");
    enum err e =
        demo_do(d, "exporter",
                WORDS("token", "mint", "--asset", d->asset, "--template", d->story->template_,
                      "--title", d->story->title, "--places", d->story->onward),
                &j);
    demo_member(j != NULL ? json_member(j, "token") : NULL, "id", d->token);
    demo_member(j, "tx", d->mint_tx);
    return demo_end(d, "mint", began, e, j, "token %.16s; its metadata sealed to the regulator",
                    d->token);
}

static enum err seal(struct demo *d)
{
    json_t *j = NULL;
    uint64_t began = demo_begin(d, "seal");
    enum err e = demo_do(d, "exporter", WORDS("token", "seal", d->token), &j);
    demo_member(j, "seal", d->seal);
    if (e == ERR_NONE) {
        e = json_get_int(j, "chunks", &d->chunks);
    }
    return demo_end(d, "seal", began, e, j, "%lld chunk%s of at most 64 KiB, %ssealed by itself",
                    (long long)d->chunks, d->chunks == 1 ? "" : "s", d->chunks == 1 ? "" : "each ");
}

/* Before anything is built, so that a table that is none, or that may not leave, costs nothing and
 * leaves nothing. */
enum err demo_table(struct demo *d)
{
    snprintf(d->lawful, sizeof d->lawful, "%s.lawful", d->dir);
    TRY(classify(d));
    return deidentify(d, d->lawful);
}

enum err demo_prepare(struct demo *d)
{
    char file[3200];
    snprintf(file, sizeof file, "%s/lawful.csv", d->work);
    if (rename(d->lawful, file) != 0) {
        return cli_fail(d->cli, cli_errno(errno), file, "%s", strerror(errno));
    }
    d->lawful[0] = '\0';
    TRY(put(d, file));
    TRY(mint(d));
    return seal(d);
}

/* The two grants differ in what `more` declares. */
static enum err grant(struct demo *d, const char *const *more, int *code, json_t **j)
{
    struct demo_words w = { .count = 0 };
    demo_words_add(&w, WORDS("right", "grant", d->token, "--to", "importer", "--uses", "3",
                             "--lock", d->lock, "--insist", "--custody",
                             d->story->brokered ? "brokered" : "released"));
    demo_words_add(&w, d->story->facts);
    if (d->story->row_is_person) {
        demo_words_add(&w, WORDS("--subjects", d->rows, "--sensitive-subjects", d->rows));
    }
    demo_words_add(&w, more);
    return demo_run(d, "exporter", w.word, code, j);
}

/* The bank is the issuer here: it has the exporter's currency to sell, the importer its own. */
static enum err fill_accounts(struct demo *d)
{
    TRY(demo_do(d, "bank",
                WORDS("money", "issue", "--to", "bank", "--amount", "10000.00", "--currency",
                      d->story->earned),
                NULL));
    return demo_do(d, "bank",
                   WORDS("money", "issue", "--to", "importer", "--amount", "1000.00", "--currency",
                         d->story->paid),
                   NULL);
}

static enum err quote(struct demo *d, const char *file)
{
    json_t *j = NULL;
    uint64_t began = demo_begin(d, "quote");
    enum err e = fill_accounts(d);
    if (e == ERR_NONE) {
        e = demo_do(d, "bank",
                    WORDS("money", "quote", "--from", d->story->paid, "--to", d->story->earned,
                          "--rate", d->story->rate, "--out", file),
                    &j);
    }
    return demo_end(d, "quote", began, e, j, "the bank signs: one %.3s is %s %.3s", d->story->paid,
                    d->story->rate, d->story->earned);
}

static enum err lock(struct demo *d, const char *file)
{
    json_t *j = NULL;
    char earned[65] = "";
    uint64_t began = demo_begin(d, "lock");
    enum err e = demo_do(d, "importer",
                         WORDS("money", "lock", "--to", "exporter", "--amount", d->story->price,
                               "--token", d->token, "--quote", file),
                         &j);
    demo_member(j, "lock", d->lock);
    demo_member(j != NULL ? json_member(j, "exchange") : NULL, "amount", earned);
    return demo_end(d, "lock", began, e, j,
                    "%s %.3s of the importer for %s %.3s to the exporter, both held",
                    d->story->price, d->story->paid, earned, d->story->earned);
}

static enum err refused(struct demo *d)
{
    int code;
    json_t *j = NULL;
    const char *message = "";
    uint64_t began = demo_begin(d, "refused");
    enum err e = grant(d, (const char *const[]){ NULL }, &code, &j);
    if (e == ERR_NONE && code != 3) {
        e = cli_fail(d->cli, ERR_FAILED, "refused", "the unlawful grant ended with %d, not 3",
                     code);
    }
    const json_t *inner = j != NULL ? json_member(j, "error") : NULL;
    if (inner != NULL) {
        const char *hint = "", *id;
        (void)!json_get_str(inner, "message", &message);
        (void)!json_get_str(inner, "hint", &hint);
        id = strstr(hint, "tx proof "); /* the receipt of the refusal is evidence too */
        snprintf(d->refused_tx, sizeof d->refused_tx, "%s", id != NULL ? id + 9 : "");
    }
    char line[400];
    snprintf(line, sizeof line, "%s", message);
    return demo_end(d, "refused", began, e, j, "%s", line);
}

static enum err granted(struct demo *d)
{
    int code;
    json_t *j = NULL;
    uint64_t began = demo_begin(d, "grant");
    enum err e = grant(d, d->story->instrument, &code, &j);
    e = e == ERR_NONE && code != 0 ? ERR_FAILED : e;
    demo_member(j != NULL ? json_member(j, "right") : NULL, "id", d->right);
    demo_member(j, "tx", d->grant_tx);
    const char *verdict = "";
    if (e == ERR_NONE) {
        e = json_get_str(json_member(j, "compliance"), "verdict", &verdict);
        json_put(d->cli->answer, "compliance", json_copy_of(json_member(j, "compliance")));
    }
    if (e == ERR_NONE && d->story->brokered) {
        e = demo_start_broker(d);
    }
    char line[200];
    snprintf(line, sizeof line, "%s, %s%s", verdict, d->story->instrument_said,
             d->story->brokered ? "; one key a use, from the exporter's broker" : "");
    return demo_end(d, "grant", began, e, j, "%s", line);
}

enum err demo_settle(struct demo *d)
{
    json_t *j = NULL;
    uint64_t began = demo_begin(d, "settle");
    enum err e = ERR_NONE;
    if (!d->story->brokered) { /* what a broker releases is acknowledged when it is used */
        e = demo_do(d, "importer", WORDS("attachment", "ack", d->grant_tx, "0"), NULL);
    }
    if (e == ERR_NONE) {
        e = demo_do(d, "exporter", WORDS("money", "settle", d->lock), &j);
    }
    return demo_end(d, "settle", began, e, j,
                    "both legs at once, now that the importer acknowledged its key");
}

enum err demo_grant(struct demo *d)
{
    char file[3200];
    snprintf(file, sizeof file, "%s/quote.json", d->work);
    TRY(quote(d, file));
    TRY(lock(d, file));
    TRY(refused(d));
    TRY(granted(d));
    return d->story->brokered ? ERR_NONE : demo_settle(d);
}
