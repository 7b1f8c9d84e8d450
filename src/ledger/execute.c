/* One transaction: may it stand in the block, and what does it do (FORMATS 5, 10, 16). */
#include "ledger/execute_internal.h"
#include "ledger/proof.h"

#include <string.h>

const struct contract_method *method_find(const struct contract_table *t, uint32_t number,
                                          uint32_t version_set)
{
    size_t low = 0, high = t->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct contract_method *m = &t->method[middle];
        if (m->number < number || (m->number == number && m->version <= version_set)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 && t->method[low - 1].number == number ? &t->method[low - 1] : NULL;
}

uint32_t method_class(const struct contract_method *m)
{
    enum { CLASS_REST = 2 };
    return m == NULL ? CLASS_REST : m->order_class;
}

/* A signer's key as the state of the context knows it. It lives until the next look. */
static enum err signer_key(struct contract_ctx *ctx, const struct tx_signer *signer,
                           struct bytes *key)
{
    bool newest = ctx->view == CTX_NEWEST;
    const struct signer_slot *known =
        signers_find(ctx->signers, ctx->state, newest, &signer->did, signer->key);
    if (known != NULL) {
        *key = bytes_of(known->public_key, known->size);
        return ERR_NONE;
    }
    struct signer_source source = { 0 };
    ctx->source = &source;
    enum err e = ctx->contracts->signer_key(ctx, &signer->did, signer->key, key);
    ctx->source = NULL;
    TRY(ctx->fatal);
    TRY(e);
    signers_add(ctx->signers, ctx->state, newest, &signer->did, signer->key, &source, *key);
    return ERR_NONE;
}

/* The question that signer i raises, with its key as the state of the context knows it. */
static enum err signature_of(struct contract_ctx *ctx, uint32_t i, struct ledger_signature *out)
{
    const struct tx *tx = ctx->tx;
    const struct tx_signer *signer = &tx->body.signer[i];
    struct bytes key;
    enum err e = signer_key(ctx, signer, &key);
    if (ctx->fatal != ERR_NONE) {
        return ctx->fatal;
    }
    if (e != ERR_NONE || key.len != ctx->suite->public_size) {
        return ERR_SIGNATURE;
    }
    /* H('carnet/tx/v1', signed bytes) is what is signed, and the transaction's id. */
    *out = (struct ledger_signature){ .message = tx->id,
                                      .public_size = (uint32_t)key.len,
                                      .signature_size = (uint32_t)tx->signature[i].len };
    ASSERT(out->signature_size <= SUITE_SIGNATURE_SIZE_MAX);
    memcpy(out->public_key, key.ptr, key.len);
    memcpy(out->signature, tx->signature[i].ptr, out->signature_size);
    return ERR_NONE;
}

enum err tx_signatures_ask(struct contract_ctx *ctx, struct ledger_signature out[TX_SIGNERS_MAX],
                           uint32_t *count)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < ctx->tx->body.signer_count; i++) {
        TRY(signature_of(ctx, i, &out[n]));
        n += verified_has(ctx->verified, &out[n]) ? 0 : 1;
    }
    *count = n;
    return ERR_NONE;
}

enum err tx_window_check(const struct contract_ctx *ctx)
{
    const struct tx_body *body = &ctx->tx->body;
    if (!hash_equal(&body->space, &ctx->genesis->space)) {
        return ERR_ENCODING;
    }
    if (body->valid_until_ms <= ctx->time_ms) {
        return ERR_STALE;
    }
    return body->valid_until_ms - ctx->time_ms > ctx->genesis->param[PARAM_TX_WINDOW_MS] ? ERR_RANGE
                                                                                         : ERR_NONE;
}

enum err tx_signatures_check(struct contract_ctx *ctx)
{
    struct signature_batch b = { 0 };
    _Static_assert((int)TX_SIGNERS_MAX <= (int)VERIFIED_BATCH, "one transaction fits a batch");
    TRY(tx_signatures_ask(ctx, b.item, &b.count));
    return signature_batch_flush(ctx->verified, &b);
}

enum err tx_signatures_gather(struct contract_ctx *ctx, struct signature_batch *b)
{
    struct ledger_signature ask[TX_SIGNERS_MAX];
    uint32_t count;
    TRY(tx_signatures_ask(ctx, ask, &count));
    if (b->count + count > VERIFIED_BATCH) {
        TRY(signature_batch_flush(ctx->verified, b));
    }
    for (uint32_t i = 0; i < count; i++) {
        b->item[b->count++] = ask[i];
    }
    return ERR_NONE;
}

uint64_t tx_cost(const struct contract_method *m, const struct tx *tx)
{
    uint64_t size = (tx->wire.len + COST_BYTES_PER_UNIT - 1) / COST_BYTES_PER_UNIT;
    return (m == NULL ? 0 : m->cost) + size;
}

bool quota_of_signers(const struct genesis *g)
{
    return g->param[PARAM_QUOTA_PER_SIGNER] < g->param[PARAM_QUOTA_PER_EPOCH];
}

enum { QUOTA_KEY_SIZE = HASH_SIZE + 4 };

/* The record of a participant is under its DID, that of a key under DID and number. */
static struct bytes quota_key(const struct tx_signer *s, uint8_t memory[QUOTA_KEY_SIZE])
{
    struct buf b = buf_over(memory, QUOTA_KEY_SIZE);
    buf_put_hash(&b, &s->did);
    buf_put_u32(&b, s->key);
    return buf_bytes(&b);
}

static enum err quota_read(struct contract_ctx *c, struct bytes key, uint64_t epoch, uint64_t *out)
{
    struct quota kept;
    struct bytes wire;
    enum err e = ctx_get(c, SYSTEM_CONTRACT, key, &wire);
    if (e == ERR_NOT_FOUND) {
        *out = 0;
        return ERR_NONE;
    }
    TRY(e);
    TRY(quota_decode(wire, c->arena, &kept) == ERR_NONE ? ERR_NONE : ERR_CORRUPT);
    *out = kept.epoch == epoch ? kept.used : 0;
    return ERR_NONE;
}

static enum err quota_write(struct contract_ctx *c, struct bytes key, uint64_t epoch, uint64_t used)
{
    struct quota q = { .epoch = epoch, .used = used };
    struct bytes wire;
    TRY(quota_encode(&q, c->arena, &wire));
    return ctx_put(c, SYSTEM_CONTRACT, key, wire);
}

enum err quota_used(struct contract_ctx *c, const struct tx_signer *author, uint64_t epoch,
                    struct quota_use *out)
{
    uint8_t key[QUOTA_KEY_SIZE];
    struct quota_use use = { 0 };
    TRY(quota_read(c, bytes_of_hash(&author->did), epoch, &use.author));
    if (quota_of_signers(c->genesis)) {
        TRY(quota_read(c, quota_key(author, key), epoch, &use.signer));
    }
    *out = use;
    return ERR_NONE;
}

static bool fits(uint64_t limit, uint64_t used, uint64_t cost)
{
    return used <= limit && cost <= limit - used;
}

bool quota_fits(const struct genesis *g, const struct quota_use *used, uint64_t cost)
{
    return fits(g->param[PARAM_QUOTA_PER_EPOCH], used->author, cost) &&
           (!quota_of_signers(g) || fits(g->param[PARAM_QUOTA_PER_SIGNER], used->signer, cost));
}

/* Charged to the author whatever comes of it: a transaction that fails has used its place too. */
static enum err quota_charge(struct run *r, const struct tx_signer *author, uint64_t cost)
{
    struct contract_ctx *c = r->ctx;
    struct quota_use used;
    uint8_t key[QUOTA_KEY_SIZE];
    TRY(quota_used(c, author, r->epoch, &used));
    if (!quota_fits(c->genesis, &used, cost)) {
        return ERR_RANGE;
    }
    if (quota_of_signers(c->genesis)) {
        TRY(quota_write(c, quota_key(author, key), r->epoch, used.signer + cost));
    }
    return quota_write(c, bytes_of_hash(&author->did), r->epoch, used.author + cost);
}

static enum receipt_status apply(struct contract_ctx *c, const struct contract_method *m)
{
    const struct tx_body *body = &c->tx->body;
    if (m == NULL) {
        return RECEIPT_METHOD;
    }
    if (body->signer_count < m->signers_min || body->signer_count > m->signers_max) {
        return RECEIPT_SIGNERS;
    }
    if (body->attachment_count > m->attachments_max) {
        return RECEIPT_ATTACHMENT;
    }
    enum receipt_status status = m->apply(c);
    ASSERT(status < RECEIPT_END);
    return status;
}

/* The receipt's bytes, and its events beside them. A receipt too large is a failure of its own,
 * told by ERR_SIZE. */
static enum err receipt_keep(struct run *r, struct receipt *receipt)
{
    struct contract_ctx *c = r->ctx;
    receipt->event_count = c->event_count;
    receipt->event = c->event;
    TRY(receipt_encode(receipt, c->genesis->param[PARAM_RECEIPT_SIZE_MAX], r->keep,
                       &receipt->wire));
    struct event *event = ARENA_ARRAY(r->keep, struct event, c->event_count);
    if (event == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t i = 0; i < c->event_count; i++) {
        event[i] = c->event[i];
    }
    receipt->event = event;
    return ERR_NONE;
}

/* Undo all but the quota and say why. */
static enum err fail(struct run *r, struct state_savepoint charged, size_t keep,
                     enum receipt_status status, struct receipt *receipt)
{
    state_rollback(r->ctx->state, charged);
    arena_release(r->keep, keep);
    r->ctx->event_count = 0;
    receipt->status = status;
    return receipt_keep(r, receipt);
}

static enum err apply_and_keep(struct run *r, const struct contract_method *m,
                               struct receipt *receipt)
{
    struct contract_ctx *c = r->ctx;
    struct state_savepoint charged = state_save(c->state);
    size_t keep = arena_mark(r->keep);
    enum receipt_status status = apply(c, m);
    TRY(c->fatal);
    if (status != RECEIPT_OK) {
        return fail(r, charged, keep, status, receipt);
    }
    enum err e = receipt_keep(r, receipt);
    return e == ERR_SIZE ? fail(r, charged, keep, RECEIPT_LIMIT, receipt) : e;
}

static enum err run_one(struct run *r, const struct contract_method *m, const struct tx *tx,
                        uint64_t cost)
{
    struct receipt receipt = { .transaction = tx->id, .index = r->count, .cost = cost };
    TRY(quota_charge(r, &tx->body.signer[0], cost));
    TRY(apply_and_keep(r, m, &receipt));
    uint64_t weight = receipt.wire.len + (uint64_t)receipt.event_count * RECEIPT_EVENT_WEIGHT;
    if (r->weight + weight > 2 * r->ctx->genesis->param[PARAM_BLOCK_SIZE_MAX]) {
        return ERR_RANGE;
    }
    r->weight += weight;
    r->cost += cost;
    r->order_class = method_class(m);
    tx_leaf(r->ctx->suite, tx, &r->tx_leaf[r->count]);
    proof_receipt_leaf(r->ctx->suite, receipt.wire, &r->receipt_leaf[r->count]);
    r->valid_until_ms[r->count] = tx->body.valid_until_ms;
    r->receipt[r->count++] = receipt;
    return ERR_NONE;
}

enum err run_tx(struct run *r, const struct tx *tx)
{
    struct contract_ctx *c = r->ctx;
    const struct contract_method *m = method_find(c->contracts, tx->body.method, c->version_set);
    uint64_t cost = tx_cost(m, tx);
    ASSERT(r->count < r->count_max);
    if (method_class(m) < r->order_class ||
        r->cost + cost > c->genesis->param[PARAM_BLOCK_COST_MAX]) {
        return ERR_RANGE;
    }
    struct state_savepoint before = state_save(c->state);
    size_t keep = arena_mark(r->keep);
    c->tx = tx;
    c->event_count = 0;
    enum err e = run_one(r, m, tx, cost);
    if (e != ERR_NONE) {
        state_rollback(c->state, before);
        arena_release(r->keep, keep);
    }
    return e;
}
