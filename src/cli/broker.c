#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/broker_internal.h"

/* One JSON document a line with --json, one line of text without, at once: others watch it. */
static void say(struct cli *c, json_t *line, const char *text)
{
    char *json;
    size_t len;
    if (c->json && json_write_line(line, &json, &len) == ERR_NONE) {
        (void)!fwrite(json, 1, len, stdout);
        (void)fputs(len > 0 && json[len - 1] == '\n' ? "" : "\n", stdout);
        (void)fflush(stdout);
        json_text_free(json);
    } else {
        fprintf(c->text, "%s\n", text);
        (void)fflush(c->text);
    }
    json_free(line);
}

void broker_say(struct broker_run *b, const char *event, const struct broker_answer *a,
                const char *why)
{
    char text[200], hex[HEX_SIZE(HASH_SIZE) + 1];
    json_t *j = json_new_object();
    hex_encode(bytes_of_hash(&a->right), hex);
    json_put(j, "event", json_new_str(event));
    json_put(j, "right", json_new_hash(&a->right));
    json_put(j, "use", json_new_int(a->use));
    json_put(j, "time", json_new_time(session_now_ms()));
    if (why != NULL) {
        json_put(j, "why", json_new_str(why));
    }
    snprintf(text, sizeof text, "%-10s %.16s use %u %s", event, hex, a->use,
             why != NULL ? why : "");
    say(b->session->cli, j, text);
}

static enum err begin_one(struct broker_run *b, const json_t *row)
{
    struct hash right;
    int64_t use;
    uint64_t until_ms;
    const char *until;
    TRY(json_get_hash(row, "right", &right));
    TRY(json_get_int(row, "use", &use));
    TRY(json_get_str(row, "until", &until));
    TRY(clock_parse(until, &until_ms));
    return broker_begin(b, &right, (uint32_t)use, until_ms);
}

/* One page; *from moves on, and *keep is the first height that must be looked at again. */
static enum err begin_page(struct broker_run *b, uint64_t *from, uint64_t *keep, bool *more)
{
    char path[80];
    json_t *j;
    int64_t next = 0;
    snprintf(path, sizeof path, "/v1/pending?from=%llu", (unsigned long long)*from);
    TRY(session_get_json(b->session, path, &j));
    const json_t *rows = json_member(j, "pending");
    enum err e = json_get_int(j, "next", &next);
    for (size_t i = 0; e == ERR_NONE && i < json_size(rows); i++) {
        int64_t height;
        e = json_get_int(json_at(rows, i), "height", &height);
        if (e == ERR_NONE && (uint64_t)height < *keep) {
            *keep = (uint64_t)height;
        }
        e = e == ERR_NONE ? begin_one(b, json_at(rows, i)) : e;
    }
    if (e == ERR_NONE) {
        e = json_get_bool(j, "more", more);
        *from = (uint64_t)next;
    }
    json_free(j);
    return e;
}

static enum err pass(struct broker_run *b)
{
    struct session *s = b->session;
    uint64_t from = b->from, keep = UINT64_MAX;
    uint32_t count;
    bool more = true;
    struct hash *right = ARENA_ARRAY(&s->arena, struct hash, BROKER_ANSWERS_MAX);
    b->open = 0;
    if (right == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(broker_file_list(s, right, BROKER_ANSWERS_MAX, &count));
    for (uint32_t i = 0; i < count; i++) {
        size_t mark = arena_mark(&s->arena);
        TRY(broker_take_up(b, &right[i]));
        arena_release(&s->arena, mark);
    }
    while (more) {
        size_t mark = arena_mark(&s->arena);
        TRY(begin_page(b, &from, &keep, &more));
        arena_release(&s->arena, mark);
    }
    b->from = keep < from ? keep : from;
    return ERR_NONE;
}

/* What another moment may mend is waited for; the rest ends the broker with its exit code. */
static bool may_pass(enum err e)
{
    return e == ERR_UNAVAILABLE || e == ERR_TIMEOUT || e == ERR_NO_QUORUM || e == ERR_BUSY ||
           e == ERR_PEER;
}

static void say_waiting(struct broker_run *b, enum err e, uint64_t rest_ms)
{
    char text[160];
    json_t *j = json_new_object();
    json_put(j, "event", json_new_str("waiting"));
    json_put(j, "why", json_new_str(err_name(e)));
    json_put(j, "ms", json_new_u64(rest_ms));
    snprintf(text, sizeof text, "waiting    %llu ms: %s", (unsigned long long)rest_ms, err_text(e));
    say(b->session->cli, j, text);
}

/* True: SIGTERM or SIGINT came. They are blocked elsewhere, so nothing is ever cut in half. */
static bool rest(const sigset_t *signals, uint64_t ms)
{
    struct timespec t = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };
    return sigtimedwait(signals, NULL, &t) > 0;
}

static enum err loop(struct broker_run *b, const sigset_t *signals, uint64_t every_ms)
{
    struct session *s = b->session;
    bool once = cli_flag(s->cli, "--once"), done = false;
    uint64_t pause = every_ms;
    while (!done) {
        size_t mark = arena_mark(&s->arena);
        enum err e = pass(b);
        arena_release(&s->arena, mark);
        if (e != ERR_NONE && (once || !may_pass(e))) {
            return e;
        }
        if (e == ERR_NONE) {
            pause = every_ms;
            done = once && b->open == 0;
        } else {
            pause = pause < BROKER_REST_FIRST_MS ? BROKER_REST_FIRST_MS : 2 * pause;
            pause = pause > BROKER_REST_LAST_MS ? BROKER_REST_LAST_MS : pause;
            say_waiting(b, e, pause);
        }
        done = done || rest(signals, pause);
    }
    return ERR_NONE;
}

static enum err check_point(struct cli *c, const char **out)
{
    static const char *const POINTS[] = { "stored", "sent", "committed" };
    const char *text = cli_option(c, "--stop-at");
    bool known = text == NULL;
    for (size_t i = 0; i < COUNT(POINTS) && !known; i++) {
        known = strcmp(text, POINTS[i]) == 0;
    }
    *out = text;
    return known
               ? ERR_NONE
               : cli_fail(c, ERR_USAGE, "--stop-at", "'%s' is not stored, sent or committed", text);
}

/* The first line: from now on no other broker of this participant runs here. */
static void say_started(struct broker_run *b)
{
    json_t *j = json_new_object();
    json_put(j, "event", json_new_str("started"));
    json_put(j, "participant", json_new_hash(&b->session->did));
    say(b->session->cli, j, "started");
}

/* The last line: what this run did. */
static void say_stopped(struct broker_run *b)
{
    char text[160];
    json_t *j = json_new_object();
    json_put(j, "event", json_new_str("stopped"));
    json_put(j, "released", json_new_u64(b->released));
    json_put(j, "delivered", json_new_u64(b->delivered));
    json_put(j, "refused", json_new_u64(b->refused));
    snprintf(text, sizeof text, "stopped    released %llu, handed over %llu, refused %llu",
             (unsigned long long)b->released, (unsigned long long)b->delivered,
             (unsigned long long)b->refused);
    say(b->session->cli, j, text);
}

static enum err run(struct session *s)
{
    struct cli *c = s->cli;
    uint64_t every_ms;
    int lock;
    sigset_t signals, before;
    struct broker_run *b = calloc(1, sizeof *b);
    ASSERT(b != NULL);
    b->session = s;
    enum err e = check_point(c, &b->stop_at);
    e = e != ERR_NONE ? e : cli_number(c, "--every", 50, 60000, 300, &every_ms);
    e = e != ERR_NONE ? e : broker_file_open(s, &lock);
    if (e == ERR_NONE) {
        sigemptyset(&signals);
        sigaddset(&signals, SIGTERM);
        sigaddset(&signals, SIGINT);
        sigprocmask(SIG_BLOCK, &signals, &before);
        say_started(b);
        e = loop(b, &signals, every_ms);
        sigprocmask(SIG_SETMASK, &before, NULL);
        close(lock);
        say_stopped(b);
    }
    free(b);
    return e;
}

static enum err run_broker(struct cli *c)
{
    struct session s;
    TRY(session_open(c, true, &s));
    enum err e = s.own == CLI_NODES_MAX
                     ? cli_fail(c, ERR_NOT_FOUND, s.name, "this participant runs no node here")
                     : run(&s);
    session_close(&s);
    return e;
}

static const struct cli_option OPTIONS[] = {
    { "--once", NULL, "answer everything that is pending now, and end" },
    { "--every", "MS", "how often the ledger is looked at (300)" },
    { "--stop-at", "POINT", "end like kill -9 once stored, sent or committed (for tests)" },
    { NULL, NULL, NULL },
};
static const struct cli_command COMMANDS[] = {
    { "broker", "run", "", 0, 0, "answer the pending uses of brokered rights, until SIGTERM",
      "carnet broker run --once --as exporter", OPTIONS, run_broker },
};
const struct cli_table CLI_BROKER = { COMMANDS, COUNT(COMMANDS) };
