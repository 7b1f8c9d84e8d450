#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cli/actions_internal.h"
#include "cli/events_internal.h"
#include "cli/trust_internal.h"

static enum err proof(struct session *s)
{
    struct session_reply r;
    struct hash id;
    char path[160], what[96];
    const char *out;
    TRY(cli_required(s->cli, "--out", &out));
    TRY(cli_hash(s->cli, "transaction", s->cli->arg[0], &id));
    snprintf(path, sizeof path, "/v1/tx/%s/proof", s->cli->arg[0]);
    snprintf(what, sizeof what, "transaction %s", s->cli->arg[0]);
    TRY(session_about(s, session_request(s, "GET", path, bytes_of(NULL, 0), &r), what,
                      "what was just sent has a proof once it is committed; carnet trace lists "
                      "what was"));
    TRY(cli_write_file(s->cli, out, r.body, 0644));
    json_put(s->cli->answer, "tx", json_new_hash(&id));
    json_put(s->cli->answer, "bytes", json_new_u64(r.body.len));
    json_put(s->cli->answer, "ok", json_new_bool(true));
    fprintf(s->cli->text, "%s: %zu bytes\n", out, r.body.len);
    return ERR_NONE;
}

static enum err run_proof(struct cli *c)
{
    return session_act(c, proof);
}

/* The step of a proof at which it failed, in words. */
static const char *meaning(const char *reason)
{
    static const char *const WORDS[][2] = {
        { "encoding", ": the file is not the proof of a transaction" },
        { "certificate", ": too few validators of this space have signed the block" },
        { "committee", ": the block is of another space or committee" },
        { "hand-over", ": one committee has not handed over to the next" },
        { "anchor", ": what is pinned says otherwise" },
        { "trust period", ": the committee has changed too long ago; give a newer --anchor" },
    };
    for (size_t i = 0; i < COUNT(WORDS); i++) {
        if (strcmp(reason, WORDS[i][0]) == 0) {
            return WORDS[i][1];
        }
    }
    return "";
}

/* A refused file is an answer, exit code 4 (DESIGN 7): {ok: false, reasons}. */
static void answer_refusal(struct cli *c, const char *reason)
{
    json_t *reasons = json_new_array();
    json_push(reasons, json_new_str(reason));
    json_put(c->answer, "ok", json_new_bool(false));
    json_put(c->answer, "reasons", reasons);
    fprintf(c->text, "not proved: %s%s\n", reason, meaning(reason));
    c->exit_code = err_exit_code(ERR_PROOF);
}

static void answer_proof(struct cli *c, const struct proved_tx *p)
{
    json_put(c->answer, "ok", json_new_bool(true));
    json_put(c->answer, "height", json_new_int((int64_t)p->header.height));
    json_put(c->answer, "time", json_new_time(p->header.time_ms));
    json_put(c->answer, "tx", json_new_hash(&p->tx.id));
    json_put(c->answer, "method", json_new_str(contract_method_name(p->tx.body.method)));
    json_put(c->answer, "status", json_new_str(receipt_name(p->receipt.status)));
    json_put(c->answer, "reasons", json_new_array());
    fprintf(c->text, "proved: %s at height %llu, %s\n", contract_method_name(p->tx.body.method),
            (unsigned long long)p->header.height, receipt_text(p->receipt.status));
}

static enum err verify(struct cli *c, struct arena *a, struct bytes file, struct bytes genesis_file,
                       const struct proof_caller *caller)
{
    struct genesis g;
    struct proved_tx p;
    enum proof_step step = PROOF_ENCODING;
    uint32_t number;
    enum err e = genesis_suite(genesis_file, a, &number);
    const struct suite *suite = e == ERR_NONE ? suite_by_number(number) : NULL;
    if (suite == NULL || genesis_decode(suite, genesis_file, a, &g) != ERR_NONE) {
        answer_refusal(c, "the genesis file is not one that this release knows");
        return ERR_NONE;
    }
    e = proof_verify_tx_by(suite, &g, caller, file, a, &p, &step);
    if (e != ERR_NONE) {
        answer_refusal(c, proof_step_name(step));
    } else {
        answer_proof(c, &p);
    }
    return ERR_NONE;
}

static enum err run_verify(struct cli *c)
{
    enum { MEMORY = 64 * 1024 * 1024 };
    const char *genesis;
    uint8_t *file = NULL, *genesis_file = NULL;
    size_t len, genesis_len;
    struct trust_files trust;
    TRY(cli_required(c, "--genesis", &genesis));
    TRY(trust_open(c, &trust));
    enum err e = cli_read_file(c, c->arg[0], &file, &len);
    e = e == ERR_NONE ? cli_read_file(c, genesis, &genesis_file, &genesis_len) : e;
    if (e == ERR_NONE) {
        void *memory = malloc(MEMORY);
        ASSERT(memory != NULL);
        struct arena a = arena_over(memory, MEMORY);
        e = verify(c, &a, bytes_of(file, len), bytes_of(genesis_file, genesis_len), &trust.caller);
        free(memory);
    }
    free(genesis_file);
    free(file);
    trust_close(&trust);
    return e;
}

static const struct cli_option PROOF_OPTIONS[] = {
    { "--out", "FILE", "where the proof goes" },
    { NULL, NULL, NULL },
};
static const struct cli_option VERIFY_OPTIONS[] = {
    { "--genesis", "FILE", "the genesis file that is trusted" },
    TRUST_OPTIONS,
    { NULL, NULL, NULL },
};
struct listing {
    json_t *rows;
    uint64_t max;
    bool more;
};

static enum err list_one(struct session *s, const json_t *tx, void *work)
{
    static const char *const TEXTS[] = { "tx", "time", "author", "method", "status_text" };
    struct listing *l = work;
    const char *text[COUNT(TEXTS)];
    int64_t height = 0, index = 0, status = 0;
    l->more = l->more || json_size(l->rows) == l->max;
    if (l->more) {
        return ERR_SIZE; /* enough */
    }
    TRY(json_get_int(tx, "height", &height));
    TRY(json_get_int(tx, "index", &index));
    TRY(json_get_int(tx, "status", &status));
    json_t *row = json_new_object();
    json_put(row, "height", json_new_int(height));
    json_put(row, "index", json_new_int(index));
    json_put(row, "status", json_new_int(status));
    enum err e = ERR_NONE;
    for (size_t i = 0; e == ERR_NONE && i < COUNT(TEXTS); i++) {
        e = json_get_str(tx, TEXTS[i], &text[i]);
        if (e == ERR_NONE) {
            json_put(row, TEXTS[i], json_new_str(text[i]));
        }
    }
    json_push(l->rows, row);
    TRY(e);
    fprintf(s->cli->text, "%6lld.%-3lld %s  %-20s %.16s %.16s %s\n", (long long)height,
            (long long)index, text[1], text[3], text[2], text[0],
            status == RECEIPT_OK ? "" : text[4]);
    return ERR_NONE;
}

/* Nothing is an answer, too, and not to be taken for a command that did not work. */
static void say_none(struct session *s, const struct action_filter *f)
{
    bool filtered =
        f->author[0] != '\0' || f->method != NULL || f->since_ms != 0 || f->until_ms != 0;
    fprintf(s->cli->text, "no transaction %s%s\n",
            s->events_base > 0 ? "that this node knows of" : "on this ledger",
            filtered ? " is of that author, method and time" : "");
}

static enum err list(struct session *s)
{
    struct action_filter f;
    struct listing l = { .rows = NULL };
    TRY(cli_number(s->cli, "--max", 1, 1000000, 10000, &l.max));
    TRY(action_filter(s, &f));
    l.rows = json_new_array();
    enum err e = action_each_tx(s, &f, list_one, &l);
    e = e == ERR_SIZE && l.more ? ERR_NONE : e;
    json_put(s->cli->answer, "txs", l.rows);
    json_put(s->cli->answer, "more", json_new_bool(l.more));
    json_put(s->cli->answer, "base", json_new_int(s->events_base));
    if (e == ERR_NONE && json_size(l.rows) == 0) {
        say_none(s, &f);
    }
    if (e == ERR_NONE && l.more) {
        fprintf(s->cli->text, "there are more: --max, --since and --until\n");
    }
    return e;
}

static enum err run_list(struct cli *c)
{
    return session_act(c, list);
}

static const struct cli_option LIST_OPTIONS[] = {
    ACTION_FILTER_ROWS,
    { "--max", "N", "so many at most (10000)" },
    { 0 },
};

static const struct cli_command COMMANDS[] = {
    { "tx", "list", "", 0, 0, "transactions in the order of the ledger, those that failed too",
      "carnet tx list --author bank --method money.issue --as regulator", LIST_OPTIONS, run_list },
    { "tx", "proof", "ID", 1, 1, "a proof that a transaction was committed, with its receipt",
      "carnet tx proof $TX --out mint.proof --as exporter", PROOF_OPTIONS, run_proof },
    { "tx", "verify", "FILE", 1, 1, "verify such a proof with the genesis file alone, offline",
      "carnet tx verify mint.proof --genesis carnet-space/genesis", VERIFY_OPTIONS, run_verify },
};
const struct cli_table CLI_TX = { COMMANDS, COUNT(COMMANDS) };
