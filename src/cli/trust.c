#include "cli/trust_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/actions_internal.h"

enum err trust_open(struct cli *c, struct trust_files *out)
{
    const char *now = cli_option(c, "--now");
    uint64_t now_ms = session_now_ms();
    if (now != NULL && clock_parse(now, &now_ms) != ERR_NONE) {
        return cli_fail(c, ERR_USAGE, now, "is not a time such as 2026-11-21T12:00:00Z");
    }
    TRY(trust_open_anchors(c, out));
    out->caller.now_ms = now_ms;
    return ERR_NONE;
}

enum err trust_open_anchors(struct cli *c, struct trust_files *out)
{
    const char *path;
    memset(out, 0, sizeof *out);
    out->caller.anchor = out->anchor;
    for (int i = 0; (path = cli_option_at(c, "--anchor", i)) != NULL; i++) {
        size_t len = 0;
        if (i == TRUST_ANCHORS_MAX) {
            trust_close(out);
            return cli_fail(c, ERR_USAGE, "--anchor", "at most %d", TRUST_ANCHORS_MAX);
        }
        enum err e = cli_read_file(c, path, &out->file[i], &len);
        if (e != ERR_NONE) {
            trust_close(out);
            return e;
        }
        out->anchor[i] = bytes_of(out->file[i], len);
        out->caller.anchor_count++;
    }
    return ERR_NONE;
}

void trust_close(struct trust_files *t)
{
    for (uint32_t i = 0; i < TRUST_ANCHORS_MAX; i++) {
        free(t->file[i]);
        t->file[i] = NULL;
    }
}

/* The newest header that the node can prove, whoever asks: that of the asker's own record. */
static enum err anchor(struct session *s)
{
    struct contract_key key = contract_key_did(&s->did);
    char hex[HEX_SIZE(STATE_KEY_SIZE_MAX) + 1], path[400];
    const char *out, *text = "";
    json_t *j;
    size_t len = 0;
    TRY(cli_required(s->cli, "--out", &out));
    hex_encode(contract_key_bytes(&key), hex);
    snprintf(path, sizeof path, "/v1/state/%u/%s/proof", key.contract, hex);
    TRY(session_get_json(s, path, &j));
    enum err e = json_get_str(j, "certified", &text);
    uint8_t *room = e == ERR_NONE ? arena_alloc(&s->arena, strlen(text) + 1) : NULL;
    e = e == ERR_NONE && room == NULL ? ERR_NO_SPACE : e;
    e = e == ERR_NONE ? base64url_decode(text, strlen(text), room, strlen(text), &len) : e;
    json_free(j);
    TRY(e);
    TRY(cli_write_file(s->cli, out, bytes_of(room, len), 0644));
    json_put(s->cli->answer, "bytes", json_new_u64(len));
    json_put(s->cli->answer, "ok", json_new_bool(true));
    fprintf(s->cli->text, "%s: keep it where nobody can exchange it\n", out);
    return ERR_NONE;
}

static enum err run_anchor(struct cli *c)
{
    return session_act(c, anchor);
}

static const struct cli_option OPTIONS[] = {
    { "--out", "FILE", "where the anchor goes" },
    { NULL, NULL, NULL },
};
static const struct cli_command COMMANDS[] = {
    { "audit", "anchor", "", 0, 0, "the newest certified header, to be pinned by a verifier",
      "carnet audit anchor --out anchor.bin --as regulator", OPTIONS, run_anchor },
};
const struct cli_table CLI_ANCHOR = { COMMANDS, COUNT(COMMANDS) };
