#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/demo_internal.h"
#include "cli/output_internal.h"

/* The relay is as slow as it must be for a cut to fall into the middle: a crossing takes some
 * seconds, whatever the size of the table. */
enum { UP_MS = 30000, RELAY_RATE_MIN_BYTES_S = 4000, RELAY_SECONDS = 20, RELAY_DELAY_MS = 5 };

/* Words of a command, ended by NULL. */
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static enum err make_space(struct demo *d)
{
    int code;
    char nodes[16], observers[16], places[16];
    /* Where one node validates there is no carrier. */
    snprintf(places, sizeof places, "%.*s", d->nodes == 1 ? 8 : 11, d->story->places);
    snprintf(nodes, sizeof nodes, "%u", d->nodes);
    snprintf(observers, sizeof observers, "%u", d->observers);
    uint64_t began = demo_begin(d, "space");
    enum err e = demo_run(
        d, NULL,
        WORDS("net", "init", "--nodes", nodes, "--observers", observers, "--places", places), &code,
        NULL);
    e = e == ERR_NONE && code != 0 ? ERR_FAILED : e;
    e = e != ERR_NONE ? e : output_folder(d->cli, d->work);
    return demo_end(d, "space", began, e, NULL, "genesis, %u participants, their keys",
                    d->nodes + d->observers);
}

/* The relay's first line says which port it found. */
static enum err relay_port(struct demo *d, char out[64])
{
    char path[3200], line[400];
    snprintf(path, sizeof path, "%s/relay.log", d->work);
    for (int i = 0; i < 100; i++) {
        FILE *f = fopen(path, "r");
        bool have = f != NULL && fgets(line, sizeof line, f) != NULL;
        if (f != NULL) {
            (void)fclose(f);
        }
        json_t *j = NULL;
        if (have && json_read(bytes_of_str(line), sizeof line, &j, NULL) == ERR_NONE) {
            const char *address;
            enum err e = json_get_str(j, "address", &address);
            if (e == ERR_NONE) {
                snprintf(out, 64, "%s", address);
            }
            json_free(j);
            if (e == ERR_NONE) {
                return ERR_NONE;
            }
        }
        demo_pause_ms(50);
    }
    return cli_fail(d->cli, ERR_TIMEOUT, "relay", "it did not start");
}

static json_t *straight_row(const json_t *old)
{
    static const char *const MEMBERS[] = { "index", "participant", "peer", "api", NULL };
    json_t *row = json_new_object();
    for (const char *const *m = MEMBERS; *m != NULL; m++) {
        json_put(row, *m, json_copy_of(json_member(old, *m)));
    }
    return row;
}

/* Bulk traffic to node 0 goes through the relay: its address is the "bulk" of node 0. NULL: it goes
 * straight again. */
static enum err route_bulk(struct demo *d, const char *address)
{
    char path[3200], *text;
    uint8_t *file;
    size_t len;
    json_t *j;
    snprintf(path, sizeof path, "%s/nodes.json", d->dir);
    TRY(cli_read_file(d->cli, path, &file, &len));
    enum err e = json_read(bytes_of(file, len), 1 << 20, &j, NULL);
    free(file);
    TRY(e);
    json_t *copy = json_new_object(), *rows = json_new_array();
    const json_t *old = json_member(j, "nodes");
    for (size_t i = 0; i < json_size(old); i++) {
        json_t *row = straight_row(json_at(old, i));
        if (i == 0 && address != NULL) {
            json_put(row, "bulk", json_new_str(address));
        }
        json_push(rows, row);
    }
    json_put(copy, "nodes", rows);
    e = json_write_pretty(copy, &text, &len);
    json_free(copy);
    json_free(j);
    TRY(e);
    e = cli_write_file(d->cli, path, bytes_of(text, len), 0644);
    json_text_free(text);
    return e;
}

static enum err node_address(struct demo *d, char out[64])
{
    char path[3200];
    uint8_t *file;
    size_t len;
    json_t *j;
    const char *peer;
    snprintf(path, sizeof path, "%s/nodes.json", d->dir);
    TRY(cli_read_file(d->cli, path, &file, &len));
    enum err e = json_read(bytes_of(file, len), 1 << 20, &j, NULL);
    free(file);
    TRY(e);
    e = json_get_str(json_at(json_member(j, "nodes"), 0), "peer", &peer);
    if (e == ERR_NONE) {
        snprintf(out, 64, "%s", peer);
    }
    json_free(j);
    return e;
}

static enum err start_relay(struct demo *d)
{
    char to[64], address[64], log[3200], rate[24], delay[16];
    int fd;
    snprintf(log, sizeof log, "%s/relay.log", d->work);
    uint64_t bytes_s = d->input_size / RELAY_SECONDS;
    bytes_s = bytes_s > RELAY_RATE_MIN_BYTES_S ? bytes_s : RELAY_RATE_MIN_BYTES_S;
    snprintf(rate, sizeof rate, "%llu", (unsigned long long)bytes_s);
    snprintf(delay, sizeof delay, "%d", RELAY_DELAY_MS);
    TRY(node_address(d, to));
    TRY(demo_spawn(d, NULL,
                   WORDS("net", "relay", "--listen", "127.0.0.1:0", "--to", to, "--log", log,
                         "--rate", rate, "--delay-ms", delay),
                   &fd, &d->relay));
    close(fd);
    TRY(relay_port(d, address));
    return route_bulk(d, address);
}

static enum err wait_up(struct demo *d, json_t **status)
{
    uint64_t give_up = demo_now_ms() + UP_MS * d->scale;
    int code;
    while (demo_now_ms() < give_up) {
        bool ok = false;
        json_t *j;
        TRY(demo_run(d, NULL, WORDS("net", "status"), &code, &j));
        if (j != NULL && code == 0 && json_get_bool(j, "ok", &ok) == ERR_NONE && ok) {
            *status = j;
            return ERR_NONE;
        }
        json_free(j);
        demo_pause_ms(200);
    }
    return cli_fail(d->cli, ERR_TIMEOUT, "nodes", "not all answered within %d s", UP_MS / 1000);
}

enum err demo_unroute(struct demo *d)
{
    json_t *status = NULL;
    TRY(route_bulk(d, NULL));
    for (uint32_t i = 0; i < d->nodes + d->observers; i++) {
        char index[16];
        int code;
        snprintf(index, sizeof index, "%u", i);
        TRY(demo_run(d, NULL, WORDS("net", "restart", index), &code, NULL));
    }
    demo_pause_ms(1000 * d->scale);
    TRY(wait_up(d, &status));
    json_free(status);
    return ERR_NONE;
}

static enum err start_nodes(struct demo *d)
{
    int fd;
    json_t *status = NULL;
    char scale[16];
    snprintf(scale, sizeof scale, "%u", d->scale);
    uint64_t began = demo_begin(d, "nodes");
    enum err e = start_relay(d);
    if (e == ERR_NONE) {
        /* Without --keep the nodes must not outlive the demo, however it ends. */
        const char *last = d->keep ? NULL : "--die-with-parent";
        e = demo_spawn(d, NULL, WORDS("net", "supervise", "--timer-scale", scale, last), &fd,
                       &d->supervisor);
    }
    if (e == ERR_NONE) {
        close(fd);
        e = wait_up(d, &status);
    }
    return demo_end(d, "nodes", began, e, status, "%u validator%s and %s, TLS 1.3 between them",
                    d->nodes, d->nodes == 1 ? "" : "s",
                    d->observers == 1 ? "the regulator's observer" : "three observers");
}

enum err demo_space(struct demo *d)
{
    TRY(make_space(d));
    return start_nodes(d);
}

static enum err classify(struct demo *d, const char *out)
{
    int code;
    json_t *j = NULL;
    uint64_t began = demo_begin(d, "classify");
    enum err e = demo_run(
        d, "exporter",
        WORDS("asset", "deidentify", d->input, "--template", d->story->template_, "--out", out),
        &code, &j);
    e = e == ERR_NONE && code != 0 ? ERR_FAILED : e;
    unsigned dropped = 0;
    char names[200] = "";
    const json_t *columns = j != NULL ? json_member(j, "columns") : NULL;
    for (size_t i = 0; e == ERR_NONE && i < json_size(columns); i++) {
        bool gone = false;
        const char *name = "";
        (void)!json_get_bool(json_at(columns, i), "dropped", &gone);
        (void)!json_get_str(json_at(columns, i), "name", &name);
        if (gone) {
            size_t used = strlen(names);
            snprintf(names + used, sizeof names - used, "%s%s", dropped++ > 0 ? ", " : "", name);
        }
    }
    return demo_end(d, "classify", began, e, j, "%zu columns; must not leave: %s",
                    e == ERR_NONE ? json_size(columns) : 0, names);
}

static enum err put(struct demo *d, const char *file)
{
    int code;
    json_t *j = NULL;
    uint64_t began = demo_begin(d, "put");
    enum err e =
        demo_run(d, "exporter", WORDS("asset", "put", file, "--chunk-size", "65536"), &code, &j);
    e = e == ERR_NONE && code != 0 ? ERR_FAILED : e;
    demo_member(j, "asset", d->asset);
    demo_member(j, "sha256", d->sha256);
    return demo_end(d, "put", began, e, j, "asset %.16s (a salted commitment)", d->asset);
}

static enum err mint(struct demo *d)
{
    int code;
    json_t *j = NULL;
    uint64_t began = demo_begin(d, "mint");
    enum err e =
        demo_run(d, "exporter",
                 WORDS("token", "mint", "--asset", d->asset, "--template", d->story->template_,
                       "--title", d->story->title, "--places", d->story->onward),
                 &code, &j);
    e = e == ERR_NONE && code != 0 ? ERR_FAILED : e;
    demo_member(j != NULL ? json_member(j, "token") : NULL, "id", d->token);
    demo_member(j, "tx", d->mint_tx);
    return demo_end(d, "mint", began, e, j, "token %.16s; its metadata sealed to the regulator",
                    d->token);
}

static enum err seal(struct demo *d)
{
    int code;
    json_t *j = NULL;
    uint64_t began = demo_begin(d, "seal");
    enum err e = demo_run(d, "exporter", WORDS("token", "seal", d->token), &code, &j);
    e = e == ERR_NONE && code != 0 ? ERR_FAILED : e;
    demo_member(j, "seal", d->seal);
    if (e == ERR_NONE) {
        e = json_get_int(j, "chunks", &d->chunks);
    }
    return demo_end(d, "seal", began, e, j, "%lld chunk%s of 64 KiB, each sealed by itself",
                    (long long)d->chunks, d->chunks == 1 ? "" : "s");
}

enum err demo_prepare(struct demo *d)
{
    char lawful[3200];
    snprintf(lawful, sizeof lawful, "%s/lawful.csv", d->work);
    TRY(classify(d, lawful));
    TRY(put(d, lawful));
    TRY(mint(d));
    return seal(d);
}

/* The two grants differ in what `more` declares. */
static enum err grant(struct demo *d, const char *const *more, int *code, json_t **j)
{
    struct demo_words w = { .count = 0 };
    demo_words_add(&w, WORDS("right", "grant", d->token, "--to", "importer", "--uses", "3",
                             "--lock", d->lock, "--insist"));
    demo_words_add(&w, d->story->facts);
    demo_words_add(&w, more);
    return demo_run(d, "exporter", w.word, code, j);
}

static enum err pay(struct demo *d)
{
    int code;
    json_t *j = NULL;
    uint64_t began = demo_begin(d, "lock");
    enum err e = demo_run(
        d, "bank", WORDS("money", "issue", "--to", "importer", "--amount", "1000.00"), &code, NULL);
    e = e == ERR_NONE && code != 0 ? ERR_FAILED : e;
    if (e == ERR_NONE) {
        e = demo_run(
            d, "importer",
            WORDS("money", "lock", "--to", "exporter", "--amount", "250.00", "--token", d->token),
            &code, &j);
        e = e == ERR_NONE && code != 0 ? ERR_FAILED : e;
    }
    demo_member(j, "lock", d->lock);
    return demo_end(d, "lock", began, e, j,
                    "250.00 CNY/2 of the importer, until settled or refunded");
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
    char line[200];
    snprintf(line, sizeof line, "%s, %s", verdict, d->story->instrument_said);
    return demo_end(d, "grant", began, e, j, "%s", line);
}

static enum err settled(struct demo *d)
{
    int code;
    json_t *j = NULL;
    uint64_t began = demo_begin(d, "settle");
    enum err e = demo_run(d, "importer", WORDS("attachment", "ack", d->grant_tx, "0"), &code, NULL);
    e = e == ERR_NONE && code != 0 ? ERR_FAILED : e;
    if (e == ERR_NONE) {
        e = demo_run(d, "exporter", WORDS("money", "settle", d->lock), &code, &j);
        e = e == ERR_NONE && code != 0 ? ERR_FAILED : e;
    }
    return demo_end(d, "settle", began, e, j, "paid once the importer acknowledged its key");
}

enum err demo_grant(struct demo *d)
{
    TRY(pay(d));
    TRY(refused(d));
    TRY(granted(d));
    return settled(d);
}
