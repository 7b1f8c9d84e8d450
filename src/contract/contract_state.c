/* Typed state, refusals, roles, events with their chains, attachments: what every contract uses. */
#include "contract/contract_internal.h"

enum err contract_refuse(struct contract_call *k, enum receipt_status why)
{
    ASSERT(why != RECEIPT_OK);
    k->refused = why;
    return ERR_REFUSED;
}

enum err contract_need(struct contract_call *k, bool holds, enum receipt_status why)
{
    return holds ? ERR_NONE : contract_refuse(k, why);
}

/* What state holds was encoded here: not decoding is damage, not the author's mistake. */
static enum err stored(enum err e)
{
    return e == ERR_ENCODING || e == ERR_SIZE ? ERR_CORRUPT : e;
}

#define X(name)                                                                                    \
    enum err name##_load(struct contract_call *k, struct contract_key key, struct name *out)       \
    {                                                                                              \
        struct bytes value;                                                                        \
        TRY(ctx_get(k->ctx, key.contract, contract_key_bytes(&key), &value));                      \
        return stored(name##_decode(value, k->arena, out));                                        \
    }                                                                                              \
    enum err name##_store(struct contract_call *k, struct contract_key key, const struct name *in) \
    {                                                                                              \
        struct bytes value;                                                                        \
        TRY(name##_encode(in, k->arena, &value));                                                  \
        return ctx_put(k->ctx, key.contract, contract_key_bytes(&key), value);                     \
    }
CONTRACT_RECORDS(X)
#undef X

enum err contract_need_absent(struct contract_call *k, struct contract_key key)
{
    struct bytes value;
    enum err e = ctx_get(k->ctx, key.contract, contract_key_bytes(&key), &value);
    if (e == ERR_NOT_FOUND) {
        return ERR_NONE;
    }
    return e == ERR_NONE ? contract_refuse(k, RECEIPT_EXISTS) : e;
}

bool hash_in(const struct hash *list, uint32_t count, const struct hash *x)
{
    for (uint32_t i = 0; i < count; i++) {
        if (hash_equal(&list[i], x)) {
            return true;
        }
    }
    return false;
}

bool u32_in(const uint32_t *list, uint32_t count, uint32_t x)
{
    for (uint32_t i = 0; i < count; i++) {
        if (list[i] == x) {
            return true;
        }
    }
    return false;
}

bool u32_ascending(const uint32_t *list, uint32_t count)
{
    uint32_t before = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (list[i] <= before) {
            return false;
        }
        before = list[i];
    }
    return true;
}

enum err did_view_load(struct contract_call *k, const struct hash *did, struct did_view *out)
{
    struct contract_key key = contract_key_did(did);
    struct bytes value;
    TRY(ctx_get(k->ctx, key.contract, contract_key_bytes(&key), &value));
    return stored(did_view_read(value, out));
}

enum err contract_need_role(struct contract_call *k, enum did_role role)
{
    struct did_view author;
    TRY(did_view_load(k, k->author, &author));
    return contract_need(k, did_view_has_role(&author, role), RECEIPT_FORBIDDEN);
}

enum err contract_is_regulator(struct contract_call *k, bool *out)
{
    struct did_view author;
    TRY(did_view_load(k, k->author, &author));
    *out = did_view_has_role(&author, ROLE_REGULATOR);
    return ERR_NONE;
}

static bool seat_is_first_of(const struct genesis *g, uint32_t seat)
{
    for (uint32_t i = 0; i < seat; i++) {
        if (hash_equal(&g->seat[i].participant, &g->seat[seat].participant)) {
            return false;
        }
    }
    return true;
}

uint32_t contract_founder_count(const struct genesis *g)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < g->seat_count; i++) {
        count += seat_is_first_of(g, i) ? 1 : 0;
    }
    return count;
}

enum err contract_need_founder(struct contract_call *k)
{
    const struct genesis *g = ctx_genesis(k->ctx);
    for (uint32_t i = 0; i < g->seat_count; i++) {
        if (hash_equal(&g->seat[i].participant, k->author)) {
            return ERR_NONE;
        }
    }
    return contract_refuse(k, RECEIPT_FORBIDDEN);
}

enum err contract_emit(struct contract_call *k, struct event e, struct token_record *token,
                       struct right_record *right)
{
    struct bytes wire;
    e.version = CONTRACT_EVENT_VERSION;
    ASSERT(token == NULL || hash_in(e.subject, e.subject_count, &token->token));
    ASSERT(right == NULL || hash_in(e.subject, e.subject_count, &right->right));
    TRY(event_encode(&e, k->arena, &wire));
    if (ctx_emit(k->ctx, &e) != ERR_NONE) {
        return contract_refuse(k, RECEIPT_LIMIT);
    }
    const struct suite *s = ctx_suite(k->ctx);
    if (token != NULL) {
        contract_chain_extend(s, &token->events, wire);
    }
    if (right != NULL) {
        contract_chain_extend(s, &right->events, wire);
    }
    return ERR_NONE;
}

static enum err attachment_check(struct contract_call *k, const struct tx_attachment *a)
{
    bool known = a->kind >= ATTACHMENT_METADATA && a->kind <= ATTACHMENT_DOCUMENT;
    TRY(contract_need(k, known && !hash_is_zero(&a->commitment), RECEIPT_ATTACHMENT));
    TRY(contract_need(k, a->size > 0 && a->size <= TX_ATTACHMENT_SIZE_MAX, RECEIPT_ATTACHMENT));
    TRY(contract_need(k, a->keep_until_ms > k->now_ms, RECEIPT_ATTACHMENT));
    for (uint32_t i = 0; i < a->reader_count; i++) {
        struct did_view reader;
        TRY(contract_need(k, !hash_in(a->reader, i, &a->reader[i]), RECEIPT_ATTACHMENT));
        TRY(did_view_load(k, &a->reader[i], &reader));
    }
    return ERR_NONE;
}

enum err contract_attach(struct contract_call *k, const struct hash *token,
                         const struct hash *right)
{
    for (uint32_t i = 0; i < k->tx->body.attachment_count; i++) {
        const struct tx_attachment *a = &k->tx->body.attachment[i];
        TRY(attachment_check(k, a));
        struct attachment_record r = { .commitment = a->commitment,
                                       .readers_count = a->reader_count,
                                       .keep_until_ms = a->keep_until_ms,
                                       .kind = a->kind,
                                       .author = *k->author,
                                       .size = a->size };
        for (uint32_t j = 0; j < a->reader_count; j++) {
            r.readers[j] = a->reader[j];
        }
        if (token != NULL) {
            r.token = *token;
        }
        if (right != NULL) {
            r.right = *right;
        }
        TRY(attachment_record_store(k, contract_key_attachment(&k->tx->id, i), &r));
    }
    return ERR_NONE;
}
