/* did — the documents of participants (FORMATS 4), genesis and the keys of signers. */
#include "contract/contract_internal.h"

/* Roles that decide over others come from genesis or from a decision of many, never from one
 * co-signature. */
static bool role_may_be_admitted(uint32_t role)
{
    return role == ROLE_MEMBER || role == ROLE_BANK || role == ROLE_ORACLE;
}

static bool key_is_sound(const struct suite *s, const struct did_key *key)
{
    if (key->use == DID_SEAL) {
        return key->public_key.len > 0;
    }
    return key->use == DID_SIGN && key->suite == s->number && key->public_key.len == s->public_size;
}

/* At least one key that signs; key ids ascending, so that an id names one key. */
static bool keys_are_sound(const struct suite *s, const struct did_document *d)
{
    bool signs = false;
    for (uint32_t i = 0; i < d->key_count; i++) {
        const struct did_key *key = &d->key[i];
        if (!key_is_sound(s, key) || (i > 0 && key->id <= d->key[i - 1].id)) {
            return false;
        }
        signs = signs || key->use == DID_SIGN;
    }
    return signs;
}

static bool document_is_sound(const struct suite *s, const struct did_document *d)
{
    bool roles = u32_ascending(d->role, d->role_count);
    for (uint32_t i = 0; i < d->role_count; i++) {
        roles = roles && d->role[i] <= ROLE_ORACLE;
    }
    return roles && d->jurisdiction > 0 && d->jurisdiction < 1000 && hash_is_zero(&d->id) &&
           keys_are_sound(s, d);
}

static enum err need_admission(struct contract_call *k, struct hash *by)
{
    for (uint32_t i = 1; i < k->tx->body.signer_count; i++) {
        struct did_view d;
        TRY(did_view_load(k, &k->tx->body.signer[i].did, &d));
        if (did_view_has_role(&d, ROLE_ADMISSION)) {
            *by = d.id;
            return ERR_NONE;
        }
    }
    return contract_refuse(k, RECEIPT_FORBIDDEN);
}

/* More keys than this come from genesis alone: to read such a document is its founders' choice. */
static bool may_create(const struct did_create *x)
{
    return x->document.key_count <= DID_CREATE_KEYS_MAX;
}

enum err did_create(struct contract_call *k, const struct did_create *x)
{
    const struct suite *s = ctx_suite(k->ctx);
    struct did_record r = { .document = x->document, .height = k->height };
    struct hash by;
    TRY(contract_need(k, may_create(x) && document_is_sound(s, &x->document), RECEIPT_ARGS));
    TRY(did_derive(s, &x->document, k->arena, &r.document.id));
    TRY(contract_need(k, hash_equal(&r.document.id, k->author), RECEIPT_ARGS));
    TRY(contract_need_absent(k, contract_key_did(k->author)));
    TRY(need_admission(k, &by));
    for (uint32_t i = 0; i < x->document.role_count; i++) {
        TRY(contract_need(k, role_may_be_admitted(x->document.role[i]), RECEIPT_FORBIDDEN));
    }
    TRY(did_record_store(k, contract_key_did(k->author), &r));
    struct event e = { .contract = CONTRACT_DID,
                       .type = EVENT_DID_CREATED,
                       .subject_count = 2,
                       .subject = { *k->author, by } };
    return contract_emit(k, e, NULL, NULL);
}

static enum err signing_key(const struct suite *s, const struct did_document *d, uint32_t key,
                            struct bytes *public_key)
{
    for (uint32_t i = 0; i < d->key_count; i++) {
        const struct did_key *x = &d->key[i];
        if (x->id == key && x->use == DID_SIGN && x->suite == s->number) {
            *public_key = x->public_key;
            return ERR_NONE;
        }
    }
    return ERR_NOT_FOUND;
}

/* The one document that signs before it is in state: signer 0 of did.create is its own args. */
static enum err key_of_newcomer(struct contract_call *k, const struct hash *did, uint32_t key,
                                struct bytes *public_key)
{
    const struct suite *s = ctx_suite(k->ctx);
    struct did_create x;
    struct hash id;
    if (k->tx == NULL || k->tx->body.method != METHOD_DID_CREATE || k->tx->body.signer_count == 0 ||
        !hash_equal(&k->tx->body.signer[0].did, did)) {
        return ERR_NOT_FOUND;
    }
    TRY(did_create_decode(k->tx->body.args, k->arena, &x));
    TRY(may_create(&x) ? ERR_NONE : ERR_RANGE);
    TRY(did_derive(s, &x.document, k->arena, &id));
    return hash_equal(&id, did) ? signing_key(s, &x.document, key, public_key) : ERR_NOT_FOUND;
}

enum err contract_signer_key(struct contract_ctx *c, const struct hash *did, uint32_t key,
                             struct bytes *public_key)
{
    struct contract_call k = { .ctx = c, .tx = ctx_tx(c), .arena = ctx_arena(c) };
    struct did_view d;
    enum err e = did_view_load(&k, did, &d);
    if (e == ERR_NOT_FOUND) {
        return key_of_newcomer(&k, did, key, public_key);
    }
    TRY(e);
    return did_view_signing_key(&d, ctx_suite(c)->number, key, public_key);
}

enum err contract_genesis(struct contract_ctx *c)
{
    const struct genesis *g = ctx_genesis(c);
    struct contract_call k = { .ctx = c, .arena = ctx_arena(c) };
    for (uint32_t i = 0; i < g->participant_count; i++) {
        struct did_record r = { .document = g->participant[i], .height = 0 };
        size_t mark = arena_mark(k.arena);
        TRY(did_record_store(&k, contract_key_did(&r.document.id), &r));
        arena_release(k.arena, mark);
    }
    return pack_genesis(&k, g);
}
