#include <stdio.h>
#include <string.h>

#include "cli/actions_internal.h"
#include "crypto/secret.h"

struct opened {
    const char *word, *ends_idle, *ends, *certificate, *key;
};

/* Which node answered matters: the session lives in its memory alone. The own node comes first. */
static enum err ask(struct session *s, struct session_reply *r, const char **host)
{
    enum err e = ERR_UNAVAILABLE;
    if (s->cli->node != NULL) {
        *host = s->cli->node;
        return session_request(s, "POST", "/v1/sessions", bytes_of("", 0), r);
    }
    for (uint32_t i = 0; i < s->node_count && e == ERR_UNAVAILABLE; i++) {
        s->cli->node = s->node[(s->preferred + i) % s->node_count].api;
        *host = s->cli->node;
        e = session_request(s, "POST", "/v1/sessions", bytes_of("", 0), r);
    }
    s->cli->node = NULL;
    if (e == ERR_UNAVAILABLE) {
        cli_hint(s->cli, "carnet net status shows which nodes run; carnet net start starts them");
    }
    return e;
}

static enum err read_opened(const json_t *j, struct opened *o)
{
    TRY(json_get_str(j, "session", &o->word));
    TRY(json_get_str(j, "ends_idle", &o->ends_idle));
    TRY(json_get_str(j, "ends", &o->ends));
    TRY(json_get_str(j, "certificate_sha256", &o->certificate));
    return json_get_str(j, "key_sha256", &o->key);
}

/* "AB:CD:…", as browsers show a certificate's SHA-256. */
static void fingerprint(const char *hex, char out[3 * HASH_SIZE])
{
    struct hash h = { 0 };
    size_t len;
    (void)!hex_decode(hex, strlen(hex), h.b, sizeof h.b, &len);
    for (size_t i = 0; i < HASH_SIZE; i++) {
        (void)snprintf(out + 3 * i, 3 * HASH_SIZE - 3 * i, "%02X%s", h.b[i],
                       i + 1 < HASH_SIZE ? ":" : "");
    }
}

static void tell(struct cli *c, const char *url, const struct opened *o)
{
    char print[3 * HASH_SIZE];
    fingerprint(o->certificate, print);
    fprintf(c->text,
            "%s\n\n"
            "Open this link in a browser on this machine. It is a key: whoever has it reads what "
            "you may\nread at this node. It ends by itself an hour after it was last used, at the "
            "latest %s.\n\n"
            "The browser will say that it does not know who vouches for this node: it is the "
            "space itself\n(%s/ca.pem). Go on only when the certificate it shows has this SHA-256 "
            "fingerprint:\n%s\n",
            url, o->ends, c->dir, print);
}

static enum err answer(struct cli *c, const char *host, const json_t *j)
{
    char url[512];
    struct opened o;
    enum err e = read_opened(j, &o);
    if (e != ERR_NONE) {
        return cli_fail(c, ERR_UNREADABLE, host, "its answer is not that of a node");
    }
    int len = snprintf(url, sizeof url, "%s%s/console/#%s",
                       strncmp(host, "https://", 8) == 0 ? "" : "https://", host, o.word);
    if (len >= (int)sizeof url) {
        return cli_fail(c, ERR_USAGE, "--node", "is too long");
    }
    json_put(c->answer, "url", json_new_str(url));
    json_put(c->answer, "ends_idle", json_new_str(o.ends_idle));
    json_put(c->answer, "ends", json_new_str(o.ends));
    json_put(c->answer, "certificate_sha256", json_new_str(o.certificate));
    json_put(c->answer, "key_sha256", json_new_str(o.key));
    tell(c, url, &o);
    secret_wipe(url, sizeof url);
    return ERR_NONE;
}

static enum err run_console(struct cli *c)
{
    struct session s;
    struct session_reply r;
    const char *host = "";
    json_t *j = NULL;
    TRY(session_open(c, true, &s));
    enum err e = ask(&s, &r, &host);
    if (e == ERR_NONE) {
        e = json_read(r.body, 64 * 1024, &j, NULL);
        e = e == ERR_NONE ? answer(c, host, j) : e;
        json_free(j);
    }
    session_close(&s);
    return e;
}

static const struct cli_command COMMANDS[] = {
    { "console", NULL, "", 0, 0, "a link to this node's page for people, good for reading",
      "carnet console --as regulator", NULL, run_console },
};
const struct cli_table CLI_CONSOLE = { COMMANDS, COUNT(COMMANDS) };
