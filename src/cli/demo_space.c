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

static enum err make_space(struct demo *d)
{
    char nodes[16], observers[16], places[16];
    /* Where one node validates there is no carrier. */
    snprintf(places, sizeof places, "%.*s", d->nodes == 1 ? 8 : 11, d->story->places);
    snprintf(nodes, sizeof nodes, "%u", d->nodes);
    snprintf(observers, sizeof observers, "%u", d->observers);
    uint64_t began = demo_begin(d, "space");
    enum err e = demo_do(
        d, NULL,
        WORDS("net", "init", "--nodes", nodes, "--observers", observers, "--places", places), NULL);
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
