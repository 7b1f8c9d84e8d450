#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/demo_internal.h"

enum {
    CUT_AFTER_MIN = 3,
    CUT_LEFT_MIN = 2,
    CUT_WAIT_MS = 60000,
    KILL_WAIT_MS = 10000,
    HEAL_MS = 1200,
    GREETING_BYTES = 1600, /* of the provider's, before a chunk: TLS, certificates, hello */
    CUT_CHUNK_MIN = 2400   /* a smaller chunk is over before the relay has told of it */
};

/* Who is killed: the carrier, who validates; where one node validates, the bank, who observes. */
static uint32_t victim(const struct demo *d)
{
    return d->nodes == 1 ? 2 : 3;
}

/* Half-way is after three chunks; of a smaller table, in the middle of its first. */
static int64_t cut_after(const struct demo *d)
{
    return d->chunks >= CUT_AFTER_MIN + CUT_LEFT_MIN ? CUT_AFTER_MIN : 0;
}

static enum err node_pid(struct demo *d, uint32_t index, int64_t *pid, int64_t *height)
{
    int code;
    json_t *j;
    TRY(demo_run(d, NULL, WORDS("net", "status"), &code, &j));
    const json_t *rows = j != NULL ? json_member(j, "nodes") : NULL;
    enum err e = ERR_NOT_FOUND;
    *height = -1;
    if (rows != NULL && index < json_size(rows)) {
        e = json_get_int(json_at(rows, index), "pid", pid);
        (void)!json_get_int(json_at(rows, index), "height", height);
    }
    json_free(j);
    return e;
}

static enum err progress(struct demo *d, int64_t *durable, int64_t *chunks)
{
    int code;
    json_t *j;
    *durable = 0;
    *chunks = d->chunks;
    TRY(demo_run(d, "importer", WORDS("fetch", d->token, "--right", d->right, "--status"), &code,
                 &j));
    if (code == 0 && j != NULL) {
        (void)!json_get_int(j, "durable", durable);
        (void)!json_get_int(j, "chunks", chunks);
    }
    json_free(j);
    /* 5: the importer's node has not been asked to fetch yet; 6: it is starting again. */
    return code == 0 || code == err_exit_code(ERR_NOT_FOUND) ||
                   code == err_exit_code(ERR_UNAVAILABLE)
               ? ERR_NONE
               : ERR_FAILED;
}

/* How many bytes of the provider's the newest connection over the relay has carried since the
 * fetch began. */
static int64_t relay_carried(const struct demo *d)
{
    char path[3200], line[400];
    int64_t down = 0;
    snprintf(path, sizeof path, "%s/relay.log", d->work);
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        return 0;
    }
    bool there = fseek(f, d->relay_seen, SEEK_SET) == 0;
    while (there && fgets(line, sizeof line, f) != NULL) {
        json_t *j = NULL;
        if (json_read(bytes_of_str(line), sizeof line, &j, NULL) == ERR_NONE) {
            (void)!json_get_int(j, "down", &down);
            json_free(j);
        }
    }
    (void)fclose(f);
    return down;
}

/* What the relay must have carried for the cut: of one chunk alone, a quarter of it. */
static enum err carried_at_cut(struct demo *d, int64_t *bytes)
{
    char path[3600];
    struct stat st;
    *bytes = 1;
    if (cut_after(d) > 0) {
        return ERR_NONE;
    }
    TRY(demo_chunk_path(d, path, sizeof path));
    if (stat(path, &st) == 0 && st.st_size >= CUT_CHUNK_MIN) {
        *bytes = GREETING_BYTES + (int64_t)st.st_size / 4;
    }
    return ERR_NONE;
}

static enum err wait_half(struct demo *d, int64_t *durable)
{
    uint64_t give_up = demo_now_ms() + CUT_WAIT_MS * d->scale;
    int64_t chunks, carried;
    TRY(carried_at_cut(d, &carried));
    while (demo_now_ms() < give_up && !demo_interrupted) {
        if (cut_after(d) > 0) { /* asking takes longer than a chunk that is alone */
            TRY(progress(d, durable, &chunks));
        }
        if (*durable >= cut_after(d) && relay_carried(d) >= carried) {
            return ERR_NONE;
        }
        demo_pause_ms(cut_after(d) > 0 ? 30 : 10);
    }
    if (demo_interrupted) {
        return cli_fail(d->cli, ERR_FAILED, "demo", "interrupted");
    }
    return cli_fail(d->cli, ERR_TIMEOUT, "fetch", "no chunks arrived within %d s",
                    CUT_WAIT_MS / 1000);
}

/* Somebody else may have killed it a moment ago: then it is up again soon. */
static enum err kill_victim(struct demo *d, int64_t *killed)
{
    uint64_t give_up = demo_now_ms() + KILL_WAIT_MS * d->scale;
    char index[16];
    snprintf(index, sizeof index, "%u", victim(d));
    do {
        int64_t height;
        int code = 1;
        if (node_pid(d, victim(d), killed, &height) == ERR_NONE) {
            TRY(demo_run(d, NULL, WORDS("net", "kill", index), &code, NULL));
        }
        if (code == 0) {
            return ERR_NONE;
        }
        demo_pause_ms(100);
    } while (demo_now_ms() < give_up && !demo_interrupted);
    return cli_fail(d->cli, ERR_UNAVAILABLE, "net kill", "node %s does not run", index);
}

/* The line is cut and one validator killed; the ledger goes on with the others. */
static enum err cut(struct demo *d, json_t *evidence, int64_t *killed)
{
    int64_t durable = 0, chunks;
    int code;
    TRY(wait_half(d, &durable));
    kill(d->relay, SIGUSR1);
    TRY(kill_victim(d, killed));
    TRY(progress(d, &durable, &chunks));
    json_put(evidence, "acknowledged", json_new_int(durable));
    json_put(evidence, "missing", json_new_int(chunks - durable));
    json_put(evidence, "killed_node", json_new_int(victim(d)));
    json_put(evidence, "killed_pid", json_new_int(*killed));
    if (durable < cut_after(d) || chunks - durable < (cut_after(d) > 0 ? CUT_LEFT_MIN : 1)) {
        return cli_fail(d->cli, ERR_FAILED, "cut", "came too late: %lld of %lld chunks were there",
                        (long long)durable, (long long)chunks);
    }
    json_t *paid = NULL;
    TRY(demo_run(
        d, "importer",
        WORDS("money", "pay", "--to", "exporter", "--amount", "1.00", "--currency", d->story->paid),
        &code, &paid));
    int64_t at = 0;
    if (paid != NULL) {
        (void)!json_get_int(paid, "height", &at);
    }
    json_free(paid);
    json_put(evidence, "ledger_went_on_at_height", json_new_int(at));
    return code == 0 ? ERR_NONE : ERR_FAILED;
}

static enum err cut_step(struct demo *d, int64_t *killed)
{
    json_t *evidence = json_new_object();
    uint64_t began = demo_begin(d, "cut and kill");
    enum err e = cut(d, evidence, killed);
    return demo_end(d, "cut and kill", began, e, evidence,
                    "the line is down, %s %u was sent SIGKILL; the ledger goes on",
                    d->nodes == 1 ? "node" : "validator", victim(d));
}

static enum err replaced(struct demo *d, int64_t killed, json_t *evidence)
{
    uint64_t give_up = demo_now_ms() + 20000 * d->scale;
    int64_t pid = 0, height = -1;
    while (demo_now_ms() < give_up) {
        TRY(node_pid(d, victim(d), &pid, &height));
        if (pid > 0 && pid != killed && height >= 0) {
            json_put(evidence, "new_pid", json_new_int(pid));
            return ERR_NONE;
        }
        demo_pause_ms(100);
    }
    return cli_fail(d->cli, ERR_TIMEOUT, "node", "the killed validator did not come back");
}

static enum err resume(struct demo *d, int64_t killed)
{
    int code;
    json_t *j = NULL;
    uint64_t began = demo_begin(d, "resume");
    demo_pause_ms(HEAL_MS);
    kill(d->relay, SIGUSR2);
    enum err e = demo_collect(d, d->fetch, d->fetch_out, &code, &j);
    d->fetch = 0;
    e = e == ERR_NONE && code != 0 ? cli_fail(d->cli, ERR_FAILED, "fetch", "ended with %d", code)
                                   : e;
    int64_t from = 0;
    if (e == ERR_NONE) {
        e = json_get_int(j, "resumed_from", &from);
    }
    if (e == ERR_NONE && from < cut_after(d)) {
        e = cli_fail(d->cli, ERR_FAILED, "resume", "it began again from chunk %lld",
                     (long long)from);
    }
    e = e != ERR_NONE ? e : replaced(d, killed, j);
    if (e == ERR_NONE) {
        json_t *transfer = json_new_object();
        const json_t *bytes = json_member(j, "bytes");
        json_put(transfer, "bytes", json_copy_of(bytes));
        json_put(transfer, "sha256", json_new_str(d->sha256));
        json_put(transfer, "resumed", json_new_bool(true));
        json_put(transfer, "resumed_from", json_new_int(from));
        json_put(d->cli->answer, "transfer", transfer);
    }
    return demo_end(d, "resume", began, e, j, "from chunk %lld on, nothing twice; %s is back",
                    (long long)from, d->nodes == 1 ? "the node" : "the validator");
}

static long relay_size(const struct demo *d)
{
    char path[3200];
    struct stat st;
    snprintf(path, sizeof path, "%s/relay.log", d->work);
    return stat(path, &st) == 0 ? (long)st.st_size : 0;
}

enum err demo_cross(struct demo *d)
{
    char sealed[3200];
    int64_t killed = 0;
    snprintf(sealed, sizeof sealed, "%s/received.sealed", d->work);
    d->relay_seen = relay_size(d);
    uint64_t began = demo_begin(d, "fetch");
    enum err e =
        demo_spawn(d, "importer", WORDS("fetch", d->token, "--right", d->right, "--out", sealed),
                   &d->fetch_out, &d->fetch);
    TRY(demo_end(d, "fetch", began, e, NULL, "node 0 to node 1, over TLS 1.3, through a relay"));
    TRY(cut_step(d, &killed));
    return resume(d, killed);
}
