#include <string.h>

#include "cli/actions_internal.h"

static json_t *did_text(struct session *s, const struct hash *did, const char *fragment)
{
    char space[HEX_SIZE(HASH_SIZE) + 1], id[HEX_SIZE(HASH_SIZE) + 1], text[220];
    hex_encode(bytes_of_hash(&s->genesis.space), space);
    hex_encode(bytes_of_hash(did), id);
    snprintf(text, sizeof text, "did:carnet:%s:%s%s", space, id, fragment);
    return json_new_str(text);
}

/* A key as JsonWebKey2020 of RFC 8037 (OKP). */
static json_t *method_json(struct session *s, const struct hash *did, const struct did_key *k)
{
    char fragment[32];
    snprintf(fragment, sizeof fragment, "#key-%u", k->id);
    json_t *jwk = json_new_object();
    json_put(jwk, "kty", json_new_str("OKP"));
    json_put(jwk, "crv", json_new_str(k->use == DID_SIGN ? "Ed25519" : "X25519"));
    json_put(jwk, "x", json_new_base64url(k->public_key));
    json_t *m = json_new_object();
    json_put(m, "id", did_text(s, did, fragment));
    json_put(m, "type", json_new_str("JsonWebKey2020"));
    json_put(m, "controller", did_text(s, did, ""));
    json_put(m, "publicKeyJwk", jwk);
    return m;
}

/* The W3C document (DID Core 1.0), rendered from the ledger's record. */
static enum err show(struct session *s)
{
    struct hash did;
    struct did_document d;
    char fragment[32], *text;
    size_t len;
    if (s->suite->number != SUITE_INTL) {
        return cli_fail(s->cli, ERR_UNSUPPORTED, "did show",
                        "not implemented in a space of suite gm");
    }
    TRY(session_party(s, s->cli->arg[0], &did));
    TRY(session_did_document(s, &did, &d));
    json_t *context = json_new_array(), *methods = json_new_array();
    json_t *sign = json_new_array(), *agree = json_new_array();
    json_push(context, json_new_str("https://www.w3.org/ns/did/v1"));
    json_push(context, json_new_str("https://w3id.org/security/suites/jws-2020/v1"));
    for (uint32_t i = 0; i < d.key_count; i++) {
        json_push(methods, method_json(s, &did, &d.key[i]));
        snprintf(fragment, sizeof fragment, "#key-%u", d.key[i].id);
        json_push(d.key[i].use == DID_SIGN ? sign : agree, did_text(s, &did, fragment));
    }
    json_put(s->cli->answer, "@context", context);
    json_put(s->cli->answer, "id", did_text(s, &did, ""));
    json_put(s->cli->answer, "verificationMethod", methods);
    json_put(s->cli->answer, "authentication", sign);
    json_put(s->cli->answer, "keyAgreement", agree);
    TRY(json_write_pretty(s->cli->answer, &text, &len));
    fputs(text, s->cli->text);
    json_text_free(text);
    return ERR_NONE;
}

static enum err run_show(struct cli *c)
{
    return session_act(c, show);
}

static const struct cli_command COMMANDS[] = {
    { "did", "show", "PARTY", 1, 1, "a participant's DID document", "carnet did show exporter",
      NULL, run_show },
    { "did", "resolve", "DID", 1, 1, "the same, of a DID", "carnet did resolve $DID", NULL,
      run_show },
    { "did", "create", "", 0, 9, "not implemented", NULL, NULL, cli_later },
    { "vc", "issue", "", 0, 9, "not implemented", NULL, NULL, cli_later },
    { "vc", "verify", "", 0, 9, "not implemented", NULL, NULL, cli_later },
};
const struct cli_table CLI_DID = { COMMANDS, COUNT(COMMANDS) };
