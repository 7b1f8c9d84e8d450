#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/audit_gather_internal.h"
#include "cli/trust_internal.h"

static void sign_report(void *ctx, struct bytes body, uint8_t *signature)
{
    const struct session *s = ctx;
    suite_sign_tagged(s->suite, s->secret, "carnet/audit/v1", body, signature);
}

/* The words of the law lie beside the genesis file; without them the page shows numbers. */
static enum err write_page(struct session *s, const char *path, struct bytes report)
{
    char name[4096], *page;
    uint8_t *words = NULL;
    size_t words_len = 0, len;
    cli_path(s->cli, name, sizeof name, "prose.json");
    if (access(name, R_OK) == 0) {
        TRY(cli_read_file(s->cli, name, &words, &words_len));
    }
    enum err e = audit_html(report, bytes_of(words, words_len), &page, &len);
    free(words);
    TRY(e);
    e = cli_write_file(s->cli, path, bytes_of(page, len), 0644);
    json_text_free(page);
    return e;
}

static enum err write_report(struct gather *g, const char *path, bool html)
{
    struct session *s = g->s;
    struct proof_caller caller = { .now_ms = session_now_ms() };
    struct audit_input in = { .suite = s->suite,
                              .genesis = &s->genesis,
                              .hand_over = g->hand_over,
                              .hand_over_count = g->hand_over_count,
                              .caller = &caller,
                              .made_ms = session_now_ms(),
                              .certified = g->certified,
                              .reporter = s->did,
                              .reporter_record = g->reporter_proof,
                              .ranged = g->ranged,
                              .from_day = g->from_day,
                              .to_day = g->to_day,
                              .token = g->token,
                              .token_count = g->token_count,
                              .right = g->right,
                              .right_count = g->right_count,
                              .lock = g->lock,
                              .lock_count = g->lock_count,
                              .tx = g->tx,
                              .tx_count = g->tx_count,
                              .attachment = g->attachment,
                              .attachment_count = g->attachment_count };
    struct audit_signer signer = { s, s->sign_key, sign_report };
    char *report, why[AUDIT_REASON_SIZE] = "";
    size_t len;
    enum err e = audit_build(&in, &signer, &report, &len, why);
    if (e != ERR_NONE) {
        return cli_fail(s->cli, e, "audit", "%s", why[0] != '\0' ? why : err_text(e));
    }
    e = html ? write_page(s, path, bytes_of(report, len))
             : cli_write_file(s->cli, path, bytes_of(report, len), 0644);
    json_text_free(report);
    TRY(e);
    json_put(s->cli->answer, "report", json_new_str(path));
    json_put(s->cli->answer, "bytes", json_new_u64(len));
    json_put(s->cli->answer, "tokens", json_new_u64(g->token_count));
    json_put(s->cli->answer, "transactions", json_new_u64(g->tx_count));
    json_put(s->cli->answer, "ok", json_new_bool(true));
    fprintf(s->cli->text, "%s: %zu bytes, %zu tokens, %zu rights, %zu transactions\n", path, len,
            g->token_count, g->right_count, g->tx_count);
    return ERR_NONE;
}

/* What a report is about: a token by its id, or all of some days. */
struct about {
    bool ranged;
    struct hash token;
    uint32_t from_day, to_day;
};

static enum err day_option(struct cli *c, const char *name, uint32_t *day)
{
    const char *text = cli_option(c, name);
    if (text == NULL) {
        return cli_fail(c, ERR_USAGE, name,
                        "is missing: a report is about --token ID, or about "
                        "the days from --from to --to");
    }
    return clock_parse_day(text, day) == ERR_NONE
               ? ERR_NONE
               : cli_fail(c, ERR_USAGE, name, "'%s' is not a day like 2026-11-20", text);
}

static enum err read_about(struct cli *c, struct about *out)
{
    const char *token = cli_option(c, "--token");
    out->ranged = cli_option(c, "--from") != NULL || cli_option(c, "--to") != NULL;
    if (!out->ranged) {
        TRY(cli_required(c, "--token", &token));
        return cli_hash(c, "--token", token, &out->token);
    }
    if (token != NULL) {
        return cli_fail(c, ERR_USAGE, "--token",
                        "does not go with --from and --to: all that "
                        "happened to a token is in its report");
    }
    TRY(day_option(c, "--from", &out->from_day));
    TRY(day_option(c, "--to", &out->to_day));
    return out->from_day <= out->to_day ? ERR_NONE
                                        : cli_fail(c, ERR_USAGE, "--to", "is before --from");
}

static enum err report(struct session *s, const struct about *x, const char *path, bool html)
{
    struct gather g;
    enum err e = ERR_NONE;
    gather_open(&g, s);
    if (x->ranged) {
        e = gather_range(&g, x->from_day, x->to_day);
    } else {
        gather_add_token(&g, &x->token);
    }
    e = e == ERR_NONE ? gather_all(&g) : e;
    e = e == ERR_NONE ? write_report(&g, path, html) : e;
    gather_close(&g);
    return e;
}

static enum err run_report(struct cli *c)
{
    struct session s;
    struct about about;
    const char *path, *format = cli_option(c, "--format");
    format = format != NULL ? format : "json";
    if (strcmp(format, "json") != 0 && strcmp(format, "html") != 0) {
        return cli_fail(c, ERR_USAGE, format, "is not json or html");
    }
    TRY(read_about(c, &about));
    TRY(cli_required(c, "--out", &path));
    TRY(session_open(c, true, &s));
    enum err e = report(&s, &about, path, strcmp(format, "html") == 0);
    session_close(&s);
    return e;
}

static void answer_result(struct cli *c, const struct audit_result *r)
{
    json_t *reasons = json_new_array(), *checked = json_new_object();
    for (uint32_t i = 0; i < r->reason_count; i++) {
        json_push(reasons, json_new_str(r->reason[i]));
        fprintf(c->text, "refused: %s\n", r->reason[i]);
    }
    json_put(checked, "receipts", json_new_int((int64_t)r->receipts));
    json_put(checked, "proofs", json_new_int((int64_t)r->proofs));
    json_put(checked, "signatures", json_new_int((int64_t)r->signatures));
    json_put(c->answer, "ok", json_new_bool(r->ok));
    json_put(c->answer, "reasons", reasons);
    json_put(c->answer, "checked", checked);
    json_put(c->answer, "height", json_new_int((int64_t)r->height));
    if (r->ok) {
        fprintf(c->text, "verified at height %llu: %llu receipts, %llu proofs, %llu signatures\n",
                (unsigned long long)r->height, (unsigned long long)r->receipts,
                (unsigned long long)r->proofs, (unsigned long long)r->signatures);
    }
    c->exit_code = r->ok ? 0 : err_exit_code(ERR_PROOF);
}

static enum err run_verify(struct cli *c)
{
    const char *genesis;
    uint8_t *file = NULL, *genesis_file = NULL;
    size_t len, genesis_len;
    struct trust_files trust;
    TRY(cli_required(c, "--genesis", &genesis));
    TRY(trust_open(c, &trust));
    enum err e = cli_read_file(c, c->arg[0], &file, &len);
    e = e == ERR_NONE ? cli_read_file(c, genesis, &genesis_file, &genesis_len) : e;
    if (e == ERR_NONE) {
        struct audit_result *r = calloc(1, sizeof *r);
        ASSERT(r != NULL);
        e = audit_verify_by(bytes_of(file, len), bytes_of(genesis_file, genesis_len), &trust.caller,
                            r);
        if (e == ERR_NONE) {
            answer_result(c, r);
        } else {
            e = cli_fail(c, e, c->arg[0], "%s", err_text(e));
        }
        free(r);
        free(genesis_file);
    }
    free(file);
    trust_close(&trust);
    return e;
}

static const struct cli_option REPORT_OPTIONS[] = {
    { "--token", "ID", "what the report is about" },
    { "--tx", "ID...", "a failed transaction to prove too; may be repeated" },
    { "--format", "json|html", "the report alone, or in a page that shows it (json)" },
    { "--out", "FILE", "where it goes" },
    { "--from", "D", "about all tokens to which something happened from this day on (UTC)" },
    { "--to", "D", "to this day, which is included" },
    { NULL, NULL, NULL },
};
static const struct cli_option VERIFY_OPTIONS[] = {
    { "--genesis", "FILE", "the genesis file that is trusted" },
    TRUST_OPTIONS,
    { NULL, NULL, NULL },
};
static const struct cli_command COMMANDS[] = {
    { "audit", "report", "", 0, 0,
      "all that happened to a token, or to all tokens of some days, with proofs",
      "carnet audit report --token $TOKEN --out audit.json --as regulator", REPORT_OPTIONS,
      run_report },
    { "audit", "verify", "FILE", 1, 1, "verify a report with the genesis file alone, offline",
      "carnet audit verify audit.json --genesis carnet-space/genesis", VERIFY_OPTIONS, run_verify },
};
const struct cli_table CLI_AUDIT = { COMMANDS, COUNT(COMMANDS) };
