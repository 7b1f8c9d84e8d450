#include <string.h>

#include "cli/actions_internal.h"
#include "cli/money_internal.h"

/* Who did it: the last subject that is a participant of this space. */
static const char *actor_of(struct session *s, const json_t *subjects)
{
    const char *actor = "";
    for (size_t i = 0; i < json_size(subjects); i++) {
        const char *text = json_text_of(json_at(subjects, i));
        struct hash did;
        if (text != NULL && hash_from_hex(text, &did) == ERR_NONE &&
            genesis_participant(&s->genesis, &did) != NULL) {
            actor = text;
        }
    }
    return actor;
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

static void take_event(struct session *s, const json_t *e, json_t *out)
{
    int64_t contract = 0, type = 0, height = 0, index = 0;
    const char *time = "", *tx = "";
    (void)!json_get_int(e, "contract", &contract);
    (void)!json_get_int(e, "type", &type);
    (void)!json_get_int(e, "height", &height);
    (void)!json_get_int(e, "index", &index);
    (void)!json_get_str(e, "time", &time);
    (void)!json_get_str(e, "tx", &tx);
    const char *name = contract_event_name((uint32_t)contract, (uint32_t)type);
    const char *actor = actor_of(s, json_member(e, "subjects"));
    json_t *row = json_new_object();
    json_put(row, "height", json_new_int(height));
    json_put(row, "index", json_new_int(index));
    json_put(row, "type", json_new_str(name));
    json_put(row, "actor", json_new_str(actor));
    json_put(row, "time", json_new_str(time));
    json_put(row, "tx", json_new_str(tx));
    char money[MONEY_LINE_SIZE] = "";
    if (contract == CONTRACT_MONEY) {
        put_money(s, e, row, money);
    }
    json_push(out, row);
    fprintf(s->cli->text, "%6lld.%-3lld %s  %-22s %.16s%s%s\n", (long long)height, (long long)index,
            time, name, actor, money[0] != '\0' ? "  " : "", money);
}

static enum err trace(struct session *s, const char *id)
{
    json_t *out = json_new_array();
    uint64_t from = 0;
    size_t got = 1000;
    enum err e = ERR_NONE;
    while (got == 1000 && e == ERR_NONE) {
        char path[200];
        json_t *page;
        int64_t last = 0;
        snprintf(path, sizeof path, "/v1/events?subject=%s&from=%llu&max=1000", id,
                 (unsigned long long)from);
        e = session_get_json(s, path, &page);
        if (e == ERR_NONE) {
            const json_t *events = json_member(page, "events");
            got = json_size(events);
            for (size_t i = 0; i < got; i++) {
                take_event(s, json_at(events, i), out);
                (void)!json_get_int(json_at(events, i), "height", &last);
            }
            from = (uint64_t)last + 1;
            json_free(page);
        }
    }
    if (e == ERR_NONE && json_size(out) == 0) {
        e = cli_fail(s->cli, ERR_NOT_FOUND, id, "nothing on this ledger happened to it");
    }
    json_put(s->cli->answer, "events", out);
    return e;
}

static enum err run_trace(struct cli *c)
{
    static const char *const NOUNS[] = { "token", "right", "participant", "asset" };
    struct session s;
    struct hash id;
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    bool known = c->command->verb != NULL; /* token trace ID */
    for (size_t i = 0; i < COUNT(NOUNS); i++) {
        known = known || strcmp(c->arg[0], NOUNS[i]) == 0;
    }
    if (!known) {
        return cli_fail(c, ERR_USAGE, c->arg[0], "is not token, right, participant or asset");
    }
    const char *text = c->arg[c->arg_count - 1];
    TRY(session_open(c, true, &s));
    enum err e = c->command->verb == NULL && strcmp(c->arg[0], "participant") == 0
                     ? session_party(&s, text, &id)
                     : cli_hash(c, "id", text, &id);
    if (e == ERR_NONE) {
        hex_encode(bytes_of_hash(&id), hex);
        e = trace(&s, hex);
    }
    session_close(&s);
    return e;
}

static const struct cli_command COMMANDS[] = {
    { "trace", NULL, "token|right|participant|asset ID", 2, 2, "all that ever happened to it",
      "carnet trace token $TOKEN --as regulator", NULL, run_trace },
    { "token", "trace", "TOKEN", 1, 1, "all that ever happened to a token",
      "carnet token trace $TOKEN --as regulator", NULL, run_trace },
};
const struct cli_table CLI_TRACE = { COMMANDS, COUNT(COMMANDS) };
