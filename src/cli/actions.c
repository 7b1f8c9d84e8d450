#include "cli/actions_internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/embedded_internal.h"
#include "crypto/secret.h"

enum err action_token(struct session *s, const char *text, struct token_record *out)
{
    struct hash id;
    struct bytes value;
    TRY(cli_hash(s->cli, "token", text, &id));
    struct contract_key key = contract_key_token(&id);
    enum err e = session_state(s, key.contract, contract_key_bytes(&key), &value);
    if (e == ERR_NOT_FOUND) {
        cli_hint(s->cli, "carnet token list shows the tokens of this space");
        return cli_fail(s->cli, e, text, "no token of that id on this ledger");
    }
    TRY(e);
    return token_record_decode(value, &s->arena, out);
}

enum err action_right(struct session *s, const char *text, struct right_record *out)
{
    struct hash id;
    struct bytes value;
    TRY(cli_hash(s->cli, "right", text, &id));
    struct contract_key key = contract_key_right(&id);
    enum err e = session_state(s, key.contract, contract_key_bytes(&key), &value);
    if (e == ERR_NOT_FOUND) {
        return cli_fail(s->cli, e, text, "no right of that id on this ledger");
    }
    TRY(e);
    return right_record_decode(value, &s->arena, out);
}

const char *action_token_status(uint32_t state)
{
    static const char *const NAMES[] = { "unknown", "active", "frozen", "revoked", "archived" };
    return NAMES[state < COUNT(NAMES) ? state : 0];
}

const char *action_right_status(uint32_t state)
{
    static const char *const NAMES[] = { "unknown", "active", "revoked" };
    return NAMES[state < COUNT(NAMES) ? state : 0];
}

static json_t *numbers_json(const uint32_t *x, uint32_t count)
{
    json_t *a = json_new_array();
    for (uint32_t i = 0; i < count; i++) {
        json_push(a, json_new_int(x[i]));
    }
    return a;
}

json_t *action_token_json(const struct token_record *t)
{
    json_t *j = json_new_object();
    json_put(j, "id", json_new_hash(&t->token));
    json_put(j, "status", json_new_str(action_token_status(t->state)));
    json_put(j, "owner", json_new_hash(&t->owner));
    json_put(j, "asset", json_new_hash(&t->asset));
    json_put(j, "template", json_new_hash(&t->template_hash));
    json_put(j, "classes", numbers_json(t->classes, t->classes_count));
    json_put(j, "grade", json_new_int(t->grade));
    json_put(j, "jurisdictions", numbers_json(t->jurisdictions, t->jurisdictions_count));
    json_put(j, "valid_from", json_new_time(t->valid_from_ms));
    json_put(j, "valid_until", json_new_time(t->valid_until_ms));
    json_put(j, "pack_set", json_new_hash(&t->pack_set));
    json_t *seals = json_new_array();
    for (uint32_t i = 0; i < t->seals_count; i++) {
        json_t *one = json_new_object();
        json_put(one, "seal", json_new_hash(&t->seals[i].seal));
        json_put(one, "chunks", json_new_int(t->seals[i].chunk_count));
        json_put(one, "chunk_size", json_new_int(t->seals[i].chunk_size));
        json_push(seals, one);
    }
    json_put(j, "seals", seals);
    json_put(j, "rights", json_new_u64(t->rights));
    json_put(j, "events", json_new_u64(t->events.count));
    return j;
}

json_t *action_right_json(const struct right_record *r)
{
    json_t *j = json_new_object();
    json_put(j, "id", json_new_hash(&r->right));
    json_put(j, "token", json_new_hash(&r->token));
    json_put(j, "status", json_new_str(action_right_status(r->state)));
    json_put(j, "grantor", json_new_hash(&r->grantor));
    json_put(j, "holder", json_new_hash(&r->holder));
    json_put(j, "seal", json_new_hash(&r->seal));
    json_put(j, "custody", json_new_str(r->custody == CUSTODY_RELEASED ? "released" : "brokered"));
    json_put(j, "uses", json_new_int(r->uses));
    json_put(j, "used", json_new_int(r->used));
    json_put(j, "left",
             r->uses == 0 ? json_new_str("not counted") : json_new_int((int64_t)r->uses - r->used));
    json_put(j, "until", json_new_time(r->until_ms));
    if (r->custody == CUSTODY_BROKERED) {
        json_put(j, "pending", json_new_int(r->pending));
        json_put(j, "pending_until", json_new_time(r->pending_until_ms));
        json_put(j, "release", json_new_hash(&r->release));
        json_put(j, "custody_answer", json_new_str(ACTION_CUSTODY_ANSWER));
    }
    json_put(j, "grant", json_new_hash(&r->grant));
    json_put(j, "wrap_index", json_new_int(r->wrap_index));
    return j;
}

void action_answer_tx(struct cli *c, const struct session_tx *t)
{
    json_put(c->answer, "tx", json_new_hash(&t->id));
    json_put(c->answer, "height", json_new_int((int64_t)t->height));
}

uint32_t action_regulators(struct session *s, struct hash *out, uint32_t cap)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < s->genesis.participant_count && count < cap; i++) {
        const struct did_document *d = &s->genesis.participant[i];
        for (uint32_t k = 0; k < d->role_count; k++) {
            if (d->role[k] == ROLE_REGULATOR) {
                out[count++] = d->id;
                break;
            }
        }
    }
    return count;
}

enum err action_attach_keep(struct session *s, struct session_tx *t, enum attachment_kind kind,
                            uint32_t media_type, struct bytes content, const struct hash *reader,
                            uint32_t readers, struct hash *commitment, struct bytes *sealed)
{
    struct attachment_reader who[TX_READERS_MAX];
    uint8_t random[32 + 32 * TX_READERS_MAX];
    struct attachment_plain plain = { .media_type = media_type, .content = content };
    ASSERT(readers > 0 && readers <= TX_READERS_MAX);
    TRY(action_can_seal(s));
    for (uint32_t i = 0; i < readers; i++) {
        TRY(session_reader(s, &reader[i], &who[i]));
    }
    session_random(s, plain.salt, sizeof plain.salt);
    session_random(s, random, sizeof random);
    attachment_commit(s->suite, &plain, commitment);
    enum err e = attachment_seal(s->suite, &s->genesis.space, &plain, who, readers,
                                 bytes_of(random, 32 + 32 * (size_t)readers), &s->arena, sealed);
    secret_wipe(random, sizeof random);
    TRY(e);
    struct tx_attachment *a = &t->attachment[t->body.attachment_count++];
    a->commitment = *commitment;
    a->size = (uint32_t)content.len;
    a->reader_count = readers;
    memcpy(a->reader, reader, readers * sizeof *reader);
    a->keep_until_ms = session_now_ms() + 365ull * 24 * 3600 * 1000;
    a->kind = kind;
    return ERR_NONE;
}

enum err action_attach(struct session *s, struct session_tx *t, enum attachment_kind kind,
                       uint32_t media_type, struct bytes content, const struct hash *reader,
                       uint32_t readers, struct hash *commitment)
{
    struct session_reply reply;
    struct bytes sealed;
    TRY(action_attach_keep(s, t, kind, media_type, content, reader, readers, commitment, &sealed));
    return session_request_own(s, "PUT", "/v1/attachments", sealed, &reply);
}

enum err action_content_wrap(struct session *s, const struct right_record *r, uint32_t use,
                             struct bytes *wire)
{
    struct attachment_reader holder;
    uint8_t key[AEAD_KEY_SIZE], random[32];
    TRY(session_reader(s, &r->holder, &holder));
    struct content_wrap wrap = { .token = r->token,
                                 .right = r->right,
                                 .seal = r->seal,
                                 .holder = r->holder,
                                 .use = use,
                                 .key = holder.key,
                                 .kind = holder.kind };
    TRY(action_content_key(s, &r->seal, key));
    session_random(s, random, sizeof random);
    enum err e = content_wrap_seal(&wrap, holder.public_key, key, random, &s->arena, wire);
    secret_wipe(key, sizeof key);
    secret_wipe(random, sizeof random);
    return e;
}

enum err action_wrap_open(struct session *s, const struct right_record *r,
                          const struct hash *transaction, uint32_t use, uint8_t key[AEAD_KEY_SIZE])
{
    struct attachment_record record;
    struct attachment_plain plain;
    struct content_wrap what;
    uint8_t private_key[32];
    TRY(action_attachment_open(s, transaction, r->wrap_index, &record, &plain));
    session_sealing_private(s, private_key);
    enum err e = content_wrap_open(plain.content, bytes_of(private_key, sizeof private_key),
                                   &s->arena, &what, key);
    secret_wipe(private_key, sizeof private_key);
    if (e == ERR_NONE &&
        (!hash_equal(&what.right, &r->right) || !hash_equal(&what.seal, &r->seal) ||
         what.use != use || !hash_equal(&what.token, &r->token) ||
         !hash_equal(&what.holder, &s->did))) {
        e = ERR_INTEGRITY;
    }
    return e == ERR_NONE ? e : cli_fail(s->cli, e, "wrap", "the content key is not for this right");
}

enum err action_attachment_open(struct session *s, const struct hash *transaction, uint32_t index,
                                struct attachment_record *record, struct attachment_plain *out)
{
    struct contract_key key = contract_key_attachment(transaction, index);
    struct bytes value;
    struct session_reply reply;
    char hex[HEX_SIZE(HASH_SIZE) + 1], path[160], what[128];
    uint8_t private_key[32];
    TRY(action_can_seal(s));
    hex_encode(bytes_of_hash(transaction), hex);
    snprintf(what, sizeof what, "attachment %u of transaction %s", index, hex);
    TRY(session_about(s, session_state(s, key.contract, contract_key_bytes(&key), &value), what,
                      "no committed transaction of this id has one of this index; indices begin at "
                      "0"));
    TRY(attachment_record_decode(value, &s->arena, record));
    hex_encode(bytes_of_hash(&record->commitment), hex);
    snprintf(path, sizeof path, "/v1/attachments/%s", hex);
    /* The author pushes it after the commit: it may be on its way. */
    enum err e = ERR_NOT_FOUND;
    for (int tries = 0; e == ERR_NOT_FOUND && tries < 50; tries++) {
        if (tries > 0) {
            struct timespec t = { 0, 200 * 1000000L };
            nanosleep(&t, NULL);
        }
        e = session_request_own(s, "GET", path, bytes_of(NULL, 0), &reply);
    }
    TRY(session_about(s, e, what,
                      "it goes to its readers' nodes, from its author's, and is erased when its "
                      "time is over: is its author's node up?"));
    session_sealing_private(s, private_key);
    e = attachment_open(s->suite, &s->genesis.space, reply.body, &s->did,
                        bytes_of(private_key, sizeof private_key), &s->arena, out);
    secret_wipe(private_key, sizeof private_key);
    struct hash commitment;
    if (e == ERR_NONE) {
        attachment_commit(s->suite, out, &commitment);
        if (!hash_equal(&commitment, &record->commitment) || out->content.len != record->size) {
            e = ERR_INTEGRITY;
        }
    }
    return e == ERR_NONE ? e : cli_fail(s->cli, e, "attachment", "%s", err_text(e));
}

enum err action_can_seal(struct session *s)
{
    if (s->suite->number != SUITE_GM) {
        return ERR_NONE;
    }
    cli_hint(s->cli, "seals and attachments need a space of suite intl");
    return cli_fail(s->cli, ERR_UNSUPPORTED, "sealing", "not implemented in a space of suite gm");
}

enum err action_content_key(struct session *s, const struct hash *seal, uint8_t key[AEAD_KEY_SIZE])
{
    TRY(action_can_seal(s));
    return hkdf_sha256(bytes_of(s->secret + 32, 32), bytes_of_hash(seal),
                       bytes_of_str("carnet/content-key/v1"), key, AEAD_KEY_SIZE);
}

enum err action_template(struct cli *c, const char *name, struct template_ **out)
{
    char file[128], why[CSV_WHY_SIZE] = "";
    snprintf(file, sizeof file, "%s.json", name);
    for (size_t i = 0; i < EMBEDDED_TEMPLATES_COUNT; i++) {
        const struct embedded_file *f = &EMBEDDED_TEMPLATES[i];
        if (strcmp(f->name, file) == 0) {
            enum err e = template_read(bytes_of(f->ptr, f->len), out, why);
            return e == ERR_NONE ? e : cli_fail(c, e, file, "%s", why);
        }
    }
    return cli_fail(c, ERR_UNKNOWN_WORD, name, "no such template in this release");
}
