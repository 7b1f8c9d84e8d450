#include <stdlib.h>
#include <string.h>

#include "cli/actions_internal.h"

static enum err point_of(struct cli *c, struct attachment_point *out)
{
    char *end;
    TRY(cli_hash(c, "transaction", c->arg[0], &out->transaction));
    unsigned long index = strtoul(c->arg[1], &end, 10);
    if (c->arg[1][0] < '0' || c->arg[1][0] > '9' || *end != '\0' || index >= TX_ATTACHMENTS_MAX) {
        return cli_fail(c, ERR_USAGE, c->arg[1], "is not an attachment's index (0 to %d)",
                        TX_ATTACHMENTS_MAX - 1);
    }
    out->index = (uint32_t)index;
    return ERR_NONE;
}

static const char *media_name(uint32_t media_type)
{
    static const char *const NAMES[] = { "unknown", "application/octet-stream", "application/json",
                                         "application/vnd.carnet.wrap", "text/plain" };
    return NAMES[media_type < COUNT(NAMES) ? media_type : 0];
}

static enum err get(struct session *s)
{
    struct attachment_point at;
    struct attachment_record record;
    struct attachment_plain plain;
    const char *out = cli_option(s->cli, "--out");
    TRY(point_of(s->cli, &at));
    TRY(action_attachment_open(s, &at.transaction, at.index, &record, &plain));
    if (out != NULL) {
        TRY(cli_write_file(s->cli, out, plain.content, 0600));
    } else {
        (void)fwrite(plain.content.ptr, 1, plain.content.len, s->cli->text);
        fputc('\n', s->cli->text);
    }
    json_put(s->cli->answer, "commitment", json_new_hash(&record.commitment));
    json_put(s->cli->answer, "media_type", json_new_str(media_name(plain.media_type)));
    json_put(s->cli->answer, "bytes", json_new_u64(plain.content.len));
    json_put(s->cli->answer, "ok", json_new_bool(true));
    return ERR_NONE;
}

/* A reader's signed word that it holds the attachment: opened and checked before it is said. */
static enum err ack(struct session *s)
{
    struct attachment_ack args = { .points_count = 1 };
    struct attachment_record record;
    struct attachment_plain plain;
    struct session_tx t;
    struct bytes wire;
    TRY(point_of(s->cli, &args.points[0]));
    TRY(action_attachment_open(s, &args.points[0].transaction, args.points[0].index, &record,
                               &plain));
    session_draw(s, METHOD_ATTACHMENT_ACK, &t);
    TRY(attachment_ack_encode(&args, &s->arena, &wire));
    TRY(session_do(s, &t, wire));
    action_answer_tx(s->cli, &t);
    json_put(s->cli->answer, "ok", json_new_bool(true));
    fprintf(s->cli->text, "acknowledged at height %llu\n", (unsigned long long)t.height);
    return ERR_NONE;
}

static enum err run_get(struct cli *c)
{
    return session_act(c, get);
}

static enum err run_ack(struct cli *c)
{
    return session_act(c, ack);
}

static const struct cli_option GET_OPTIONS[] = {
    { "--out", "FILE", "where its content goes (else it is printed)" },
    { NULL, NULL, NULL },
};
static const struct cli_command COMMANDS[] = {
    { "attachment", "get", "TX INDEX", 2, 2, "open an attachment, as one of its readers",
      "carnet attachment get $MINT_TX 0 --as regulator", GET_OPTIONS, run_get },
    { "attachment", "ack", "TX INDEX", 2, 2, "acknowledge an attachment, after opening it",
      "carnet attachment ack $GRANT_TX 0 --as importer", NULL, run_ack },
    { "attachment", "list", "", 0, 9, "not implemented", NULL, NULL, cli_later },
    { "attachment", "share", "", 0, 9, "not implemented", NULL, NULL, cli_later },
    { "attachment", "erase", "", 0, 9, "not implemented", NULL, NULL, cli_later },
};
const struct cli_table CLI_ATTACHMENT = { COMMANDS, COUNT(COMMANDS) };
