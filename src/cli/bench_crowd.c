/* The crowd of a measured cluster: who signs what. */
#include <string.h>

#include "cli/bench_client_internal.h"

/* Of the crowd: its place, and the class of what it mints, a word of the vocabulary by number.
 * SEALED_SIZE: as large as the sealed metadata of a small asset. */
enum { CROWD_PLACE = 156, WORD_PERSONAL = 5, SEALED_SIZE = 700 };
static const uint64_t YEAR_MS = UINT64_C(365) * 86400000;

void bench_crowd_secret(const struct suite *s, const struct bench_crowd *c, uint32_t who,
                        uint32_t key, uint8_t out[SUITE_SECRET_SIZE])
{
    uint8_t memory[sizeof c->seed + 8];
    struct hash h;
    struct buf b = buf_over(memory, sizeof memory);
    buf_put(&b, bytes_of(c->seed, sizeof c->seed));
    buf_put_u32(&b, who);
    buf_put_u32(&b, key);
    hash_tagged(s, "carnet/bench-key/v1", buf_bytes(&b), &h);
    _Static_assert((int)SUITE_SECRET_SIZE == (int)HASH_SIZE, "a hash is a seed");
    memcpy(out, h.b, sizeof h.b);
}

enum err bench_crowd_document(const struct suite *s, const struct bench_crowd *c, uint32_t who,
                              struct arena *a, struct did_document *out)
{
    struct did_document d = { .key_count = BENCH_CROWD_KEYS,
                              .jurisdiction = CROWD_PLACE,
                              .role_count = 1 };
    d.role[0] = ROLE_MEMBER;
    for (uint32_t i = 0; i < BENCH_CROWD_KEYS; i++) {
        uint8_t secret[SUITE_SECRET_SIZE], *public_key = arena_alloc(a, s->public_size);
        if (public_key == NULL) {
            return ERR_NO_SPACE;
        }
        bench_crowd_secret(s, c, who, i + 1, secret);
        s->public_of(s->ctx, secret, public_key);
        d.key[i] =
            (struct did_key){ i + 1, s->number, DID_SIGN, bytes_of(public_key, s->public_size) };
    }
    *out = d;
    return did_derive(s, out, a, &out->id);
}

static const struct hash *crowd_did(const struct session *s, const struct bench_crowd *c,
                                    uint32_t who)
{
    return &s->genesis.participant[c->first + who % c->count].id;
}

enum bench_kind bench_kind_of(const struct bench_offer *o, uint32_t n)
{
    /* Multiples of the golden ratio: even over any stretch of numbers, whatever its stride. */
    uint32_t spread = n * UINT32_C(2654435769);
    bool token = o->kind == BENCH_PAY && ((uint64_t)spread * 100 >> 32) < o->tokens;
    return token ? BENCH_MINT : o->kind;
}

/* Of a token that nobody else names, so that no other transaction must come before it. Its metadata
 * is sealed for the author alone: no node is its author or its reader, so none keeps it, pushes it
 * or asks for it, and the bench has nothing to send beside the transaction. */
static enum err mint_args(struct session *s, const struct bench_crowd *c, struct arena *a,
                          struct tx_body *body)
{
    uint64_t now = session_now_ms();
    struct tx_attachment *sealed = ARENA_NEW(a, struct tx_attachment);
    if (sealed == NULL) {
        return ERR_NO_SPACE;
    }
    *sealed = (struct tx_attachment){ .size = SEALED_SIZE,
                                      .reader_count = 1,
                                      .reader = { body->signer[0].did },
                                      .keep_until_ms = now + YEAR_MS,
                                      .kind = ATTACHMENT_METADATA };
    struct token_mint x = { .classes_count = 1,
                            .classes = { WORD_PERSONAL },
                            .grade = 1,
                            .jurisdictions_count = 1,
                            .jurisdictions = { CROWD_PLACE },
                            .valid_from_ms = now,
                            .valid_until_ms = now + YEAR_MS,
                            .pack_set = c->law };
    session_random(s, x.token.b, sizeof x.token.b);
    session_random(s, x.asset.b, sizeof x.asset.b);
    session_random(s, sealed->commitment.b, sizeof sealed->commitment.b);
    body->method = METHOD_TOKEN_MINT;
    body->attachment_count = 1;
    body->attachment = sealed;
    return token_mint_encode(&x, a, &body->args);
}

static enum err args_of(struct session *s, const struct bench_crowd *c, enum bench_kind kind,
                        uint32_t n, struct arena *a, struct tx_body *body)
{
    if (kind == BENCH_ANCHOR) {
        struct evidence_anchor x = { .kind = 1 };
        session_random(s, x.value.b, sizeof x.value.b);
        body->method = METHOD_EVIDENCE_ANCHOR;
        return evidence_anchor_encode(&x, a, &body->args);
    }
    if (kind == BENCH_MINT) {
        return mint_args(s, c, a, body);
    }
    if (kind == BENCH_ISSUE) {
        struct money_issue x = { .to = *crowd_did(s, c, n),
                                 .amount = amount_from_i64(0, INT64_C(1000000000)) };
        body->method = METHOD_MONEY_ISSUE;
        return money_issue_encode(&x, a, &body->args);
    }
    struct money_pay x = { .to = *crowd_did(s, c, n + 1 + n / c->count),
                           .amount = amount_from_i64(0, 1) };
    if (hash_equal(&x.to, crowd_did(s, c, n))) {
        x.to = *crowd_did(s, c, n + 1);
    }
    body->method = METHOD_MONEY_PAY;
    return money_pay_encode(&x, a, &body->args);
}

enum err bench_make(struct session *s, const struct bench_crowd *c, enum bench_kind kind,
                    uint32_t n, struct arena *a, struct hash *id, struct bytes *wire)
{
    uint8_t signature[SUITE_SIGNATURE_SIZE_MAX] = { 0 }, secret[SUITE_SECRET_SIZE];
    const uint8_t *by = kind == BENCH_ISSUE ? s->secret : secret;
    uint32_t who = n % c->count, key = n / c->count % BENCH_CROWD_KEYS + 1;
    struct bytes encoded, one = bytes_of(signature, s->suite->signature_size);
    struct tx_body body = { .space = s->genesis.space, .signer_count = 1 };
    body.signer[0] = (struct tx_signer){ *crowd_did(s, c, who), key };
    body.valid_until_ms = session_now_ms() + s->genesis.param[PARAM_TX_WINDOW_MS] * 9 / 10;
    session_random(s, body.nonce, sizeof body.nonce);
    if (kind == BENCH_ISSUE) {
        body.signer[0] = (struct tx_signer){ s->did, s->sign_key };
    } else {
        bench_crowd_secret(s->suite, c, who, key, secret);
    }
    if (kind == BENCH_ANCHOR) {
        body.valid_until_ms = session_now_ms() + BENCH_ANCHOR_MS;
    }
    TRY(args_of(s, c, kind, n, a, &body));
    TRY(tx_encode_body(&body, a, &encoded));
    tx_id(s->suite, encoded, id);
    suite_sign_tagged(s->suite, by, "carnet/tx/v1", encoded, signature);
    return tx_encode(encoded, &one, 1, a, wire);
}
