#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "cli/actions_internal.h"
#include "cli/events_internal.h"
#include "cli/money_internal.h"

/* Who did it: the last subject that is a participant of this space; a use is asked for by the
 * holder, who stands before the grantor. */
static const char *actor_of(struct session *s, const json_t *subjects, bool asked)
{
    const char *actor = "";
    size_t count = json_size(subjects) - (asked && json_size(subjects) > 0 ? 1 : 0);
    for (size_t i = 0; i < count; i++) {
        const char *text = json_text_of(json_at(subjects, i));
        struct hash did;
        if (text != NULL && hash_from_hex(text, &did) == ERR_NONE &&
            genesis_participant(&s->genesis, &did) != NULL) {
            actor = text;
        }
    }
    return actor;
}

/* Names of the participants whose keys/NAME.did lies here: for people, never an answer's member. */
struct names {
    uint32_t count;
    struct {
        char name[32], hex[HEX_SIZE(HASH_SIZE) + 1];
    } of[CLI_NODES_MAX];
    json_t *events;
};

static void learn_name(struct session *s, const char *file, struct names *out)
{
    size_t len = strlen(file);
    struct hash did;
    if (len <= 4 || len - 4 >= sizeof out->of[0].name || strcmp(file + len - 4, ".did") != 0 ||
        out->count == CLI_NODES_MAX) {
        return;
    }
    char name[32];
    snprintf(name, sizeof name, "%.*s", (int)(len - 4), file);
    if (session_party(s, name, &did) == ERR_NONE) {
        snprintf(out->of[out->count].name, sizeof name, "%s", name);
        hex_encode(bytes_of_hash(&did), out->of[out->count].hex);
        out->count++;
    }
}

static void learn_names(struct session *s, struct names *out)
{
    char path[4096];
    struct dirent *d;
    cli_path(s->cli, path, sizeof path, "keys");
    DIR *dir = opendir(path);
    while (dir != NULL && (d = readdir(dir)) != NULL) {
        learn_name(s, d->d_name, out);
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
}

static const char *name_of(const struct names *n, const char *hex)
{
    for (uint32_t i = 0; i < n->count; i++) {
        if (strcmp(n->of[i].hex, hex) == 0) {
            return n->of[i].name;
        }
    }
    return hex;
}

/* What the line says beyond its event's name: how a token moved, which use. */
static void say_detail(const json_t *event, char line[MONEY_LINE_SIZE])
{
    const json_t *detail = json_member(event, "detail");
    const char *from = "", *to = "";
    int64_t n = 0, left = 0;
    if (detail == NULL) {
        return;
    }
    if (json_member(detail, "to") != NULL && json_get_str(detail, "from", &from) == ERR_NONE &&
        json_get_str(detail, "to", &to) == ERR_NONE) {
        (void)!json_get_int(detail, "reason", &n);
        const char *why = n == ACTION_REASON_INTEGRITY ? ": damaged bytes were found" : "";
        snprintf(line, MONEY_LINE_SIZE, "%.20s to %.20s%s", from, to, why);
    } else if (json_member(detail, "use") != NULL && json_get_int(detail, "use", &n) == ERR_NONE) {
        bool counted =
            json_member(detail, "left") != NULL && json_get_int(detail, "left", &left) == ERR_NONE;
        snprintf(line, MONEY_LINE_SIZE, counted ? "use %lld, %lld left" : "use %lld", (long long)n,
                 (long long)left);
    }
}

/* What moved, of events about money: amount, currency, and with a quote the other leg and the rate.
 */
static void put_money(struct session *s, const json_t *e, json_t *row, char line[MONEY_LINE_SIZE])
{
    const char *text = "";
    struct money_moved moved;
    size_t len, mark = arena_mark(&s->arena);
    (void)!json_get_str(e, "body", &text);
    uint8_t *room = arena_alloc(&s->arena, strlen(text) + 1);
    if (room != NULL &&
        base64url_decode(text, strlen(text), room, strlen(text), &len) == ERR_NONE &&
        money_moved_decode(bytes_of(room, len), &s->arena, &moved) == ERR_NONE) {
        (void)!money_put_legs(s, &moved.amount, moved.exchange, row, line);
    }
    arena_release(&s->arena, mark);
}

static enum err take_event(struct session *s, const json_t *e, void *work)
{
    struct names *names = work;
    int64_t contract = 0, type = 0, height = 0, index = 0;
    const char *time = "", *tx = "";
    TRY(json_get_int(e, "contract", &contract));
    TRY(json_get_int(e, "type", &type));
    TRY(json_get_int(e, "height", &height));
    TRY(json_get_int(e, "index", &index));
    TRY(json_get_str(e, "time", &time));
    TRY(json_get_str(e, "tx", &tx));
    const char *name = contract_event_name((uint32_t)contract, (uint32_t)type);
    const char *actor = actor_of(s, json_member(e, "subjects"),
                                 contract == CONTRACT_RIGHT && type == EVENT_RIGHT_PENDING);
    json_t *row = json_new_object();
    json_put(row, "height", json_new_int(height));
    json_put(row, "index", json_new_int(index));
    json_put(row, "type", json_new_str(name));
    json_put(row, "actor", json_new_str(actor));
    json_put(row, "time", json_new_str(time));
    json_put(row, "tx", json_new_str(tx));
    char line[MONEY_LINE_SIZE] = "";
    if (contract == CONTRACT_MONEY) {
        put_money(s, e, row, line);
    } else {
        say_detail(e, line);
    }
    json_push(names->events, row);
    fprintf(s->cli->text, "%6lld.%-3lld %s  %-22s %.16s%s%s\n", (long long)height, (long long)index,
            time, name, name_of(names, actor), line[0] != '\0' ? " · " : "", line);
    return ERR_NONE;
}

static enum err trace(struct session *s, const char *id)
{
    struct action_filter f;
    TRY(action_filter(s, &f));
    f.subject = id;
    struct names *names = calloc(1, sizeof *names);
    ASSERT(names != NULL);
    names->events = json_new_array();
    learn_names(s, names);
    enum err e = action_each_event(s, &f, take_event, names);
    if (e == ERR_NONE && json_size(names->events) == 0) {
        e = cli_fail(s->cli, ERR_NOT_FOUND, id != NULL ? id : "trace", "nothing %s %s",
                     s->events_base > 0 ? "that this node knows of" : "on this ledger",
                     id != NULL ? "happened to it" : "is of that kind and time");
    }
    json_put(s->cli->answer, "events", names->events);
    json_put(s->cli->answer, "base", json_new_int(s->events_base));
    if (s->events_base > 0) {
        fprintf(s->cli->text, "this node knows of nothing at or below block %lld\n",
                (long long)s->events_base);
    }
    free(names);
    return e;
}

static enum err trace_one(struct session *s)
{
    struct hash id;
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    struct cli *c = s->cli;
    const char *text = c->arg[c->arg_count - 1];
    if (c->command->verb == NULL && strcmp(c->arg[0], "participant") == 0) {
        TRY(session_party(s, text, &id));
    } else {
        TRY(cli_hash(c, "id", text, &id));
    }
    hex_encode(bytes_of_hash(&id), hex);
    return trace(s, hex);
}

static enum err run_trace(struct cli *c)
{
    static const char *const NOUNS[] = { "token", "right", "participant", "asset" };
    struct session s;
    bool known = c->command->verb != NULL; /* token trace ID */
    bool space = !known && strcmp(c->arg[0], "space") == 0;
    for (size_t i = 0; i < COUNT(NOUNS); i++) {
        known = known || strcmp(c->arg[0], NOUNS[i]) == 0;
    }
    if (!known && !space) {
        return cli_fail(c, ERR_USAGE, c->arg[0], "is no token, right, participant, asset or space");
    }
    if (c->command->verb == NULL && (c->arg_count == 1) != space) {
        return cli_fail(c, ERR_USAGE, c->arg[0], space ? "takes no id" : "whose id is missing");
    }
    TRY(session_open(c, true, &s));
    enum err e = space ? trace(&s, NULL) : trace_one(&s);
    session_close(&s);
    return e;
}

static const struct cli_option OPTIONS[] = {
    { "--type", "KIND", "only events of this kind (token.minted)" },
    ACTION_FILTER_ROWS,
    { 0 },
};

static const struct cli_command COMMANDS[] = {
    { "trace", NULL, "token|right|participant|asset|space [ID]", 1, 2,
      "all that ever happened to it, or in the space", "carnet trace token $TOKEN --as regulator",
      OPTIONS, run_trace },
    { "token", "trace", "TOKEN", 1, 1, "all that ever happened to a token",
      "carnet token trace $TOKEN --as regulator", OPTIONS, run_trace },
};
const struct cli_table CLI_TRACE = { COMMANDS, COUNT(COMMANDS) };
