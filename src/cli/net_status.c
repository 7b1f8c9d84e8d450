#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/net_internal.h"

/* Who runs here is asked of the lock, which goes with its process: a number in a file may by now be
 * a stranger's. 0: nobody. */
long net_lock_holder(struct cli *c, const char *name)
{
    char path[4200];
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    cli_path(c, path, sizeof path, "%s", name);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    bool held = fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    if (fd >= 0) {
        close(fd);
    }
    return held && lock.l_pid > 1 ? lock.l_pid : 0;
}

long net_node_pid(struct cli *c, uint32_t index)
{
    char name[64];
    snprintf(name, sizeof name, "node-%u/lock", index);
    return net_lock_holder(c, name);
}

/* One node's status, or none: a node that does not answer is told by its absence. */
static json_t *status_of(struct session *s, const struct session_node *n)
{
    struct session_reply r;
    json_t *j = NULL;
    const char *node = s->cli->node;
    s->cli->node = n->api;
    if (session_request(s, "GET", "/v1/status", bytes_of(NULL, 0), &r) != ERR_NONE ||
        json_read(r.body, 1 << 16, &j, NULL) != ERR_NONE) {
        j = NULL;
    }
    s->cli->node = node;
    return j;
}

static json_t *status_row(struct session *s, const struct session_node *n, bool *up)
{
    static const char *const MEMBERS[] = { "height",     "view",   "role",     "seats",
                                           "hash",       "voting", "scrubbed", "wrong_chunks",
                                           "index_base", NULL };
    json_t *row = json_new_object(), *j = status_of(s, n);
    *up = j != NULL;
    json_put(row, "index", json_new_int(n->index));
    json_put(row, "pid", json_new_int(net_node_pid(s->cli, n->index)));
    for (const char *const *m = MEMBERS; *m != NULL; m++) {
        const json_t *x = j != NULL ? json_member(j, *m) : NULL;
        if (x != NULL) {
            json_put(row, *m, json_copy_of(x));
        }
    }
    json_put(row, "api", json_new_str(n->api));
    json_put(row, "up", json_new_bool(*up));
    json_free(j);
    return row;
}

uint32_t net_ask_all(struct session *s, json_t *rows)
{
    uint32_t up_count = 0;
    for (uint32_t i = 0; i < s->node_count; i++) {
        size_t mark = arena_mark(&s->arena);
        bool up;
        json_push(rows, status_row(s, &s->node[i], &up));
        up_count += up ? 1 : 0;
        arena_release(&s->arena, mark);
    }
    return up_count;
}

/* Agreement among the running nodes: at the lowest height that all have, one hash. ERR_INTEGRITY
 * has its reason. */
static enum err check_agreement(struct session *s, const json_t *rows, json_t *reasons)
{
    int64_t lowest = INT64_MAX, height;
    for (size_t i = 0; i < json_size(rows); i++) {
        if (json_get_int(json_at(rows, i), "height", &height) == ERR_NONE && height < lowest) {
            lowest = height;
        }
    }
    struct hash first, other;
    bool have = false;
    for (size_t i = 0; i < json_size(rows) && lowest > 0 && lowest < INT64_MAX; i++) {
        char path[64];
        const char *api;
        json_t *block;
        snprintf(path, sizeof path, "/v1/blocks/%lld", (long long)lowest);
        if (json_get_int(json_at(rows, i), "height", &height) != ERR_NONE ||
            json_get_str(json_at(rows, i), "api", &api) != ERR_NONE) {
            continue;
        }
        s->cli->node = api;
        enum err e = session_get_json(s, path, &block);
        s->cli->node = NULL;
        TRY(e);
        e = json_get_hash(block, "hash", have ? &other : &first);
        json_free(block);
        TRY(e);
        if (have && !hash_equal(&first, &other)) {
            json_push(reasons, json_new_str("agreement: two nodes hold different blocks"));
            fprintf(s->cli->text, "agreement: two nodes hold different blocks at height %lld\n",
                    (long long)lowest);
            return ERR_INTEGRITY;
        }
        have = true;
    }
    return ERR_NONE;
}

void net_print_rows(struct cli *c, const json_t *rows)
{
    for (size_t i = 0; i < json_size(rows); i++) {
        const json_t *r = json_at(rows, i);
        int64_t index = 0, pid = 0, height = -1, view = -1;
        const char *role = "-", *api = "";
        (void)!json_get_int(r, "index", &index);
        (void)!json_get_int(r, "pid", &pid);
        (void)!json_get_int(r, "height", &height);
        (void)!json_get_int(r, "view", &view);
        (void)!json_get_str(r, "role", &role);
        (void)!json_get_str(r, "api", &api);
        fprintf(c->text, "%lld  %-9s pid %-7lld height %-6lld view %-4lld https://%s\n",
                (long long)index, height < 0 ? "down" : role, (long long)pid, (long long)height,
                (long long)view, api);
    }
}

/* --check answers by its exit code too: a supervisor or a script asks it and reads no further.
 * What is broken weighs more than what is away. */
static enum err check_space(struct session *s, const json_t *rows, uint32_t up, bool *ok)
{
    struct cli *c = s->cli;
    json_t *reasons = json_new_array();
    enum err e = check_agreement(s, rows, reasons);
    if (up < s->node_count) {
        char line[64];
        snprintf(line, sizeof line, "%u of %u nodes do not answer", s->node_count - up,
                 s->node_count);
        json_push(reasons, json_new_str(line));
        fprintf(c->text, "%s\n", line);
    }
    *ok = json_size(reasons) == 0;
    json_put(c->answer, "reasons", reasons);
    if (e == ERR_NONE || e == ERR_INTEGRITY) {
        c->exit_code = err_exit_code(e == ERR_INTEGRITY ? e : *ok ? ERR_NONE : ERR_UNAVAILABLE);
        return ERR_NONE;
    }
    return e;
}

/* Without --check the question is answered when one node is there to answer it. */
enum err net_run_status(struct cli *c)
{
    struct session s;
    bool check = cli_flag(c, "--check");
    TRY(session_open(c, check, &s));
    json_t *rows = json_new_array();
    uint32_t up = net_ask_all(&s, rows);
    bool ok = up == s.node_count;
    c->hint[0] = '\0';
    net_print_rows(c, rows);
    c->exit_code = up == 0 ? err_exit_code(ERR_UNAVAILABLE) : 0;
    enum err e = check ? check_space(&s, rows, up, &ok) : ERR_NONE;
    json_put(c->answer, "nodes", rows);
    json_put(c->answer, "ok", json_new_bool(ok));
    session_close(&s);
    return e;
}
