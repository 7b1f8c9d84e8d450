/* What a contract can do: read, write, emit, and know when and for whom. */
#include "ledger/execute_internal.h"

/* Answers about the state go to the contract; anything else ends the block, whatever the contract
 * makes of it, because another node may not meet it. */
static enum err answer(struct contract_ctx *c, enum err e)
{
    bool about_state = e == ERR_NONE || e == ERR_NOT_FOUND || e == ERR_SIZE;
    if (!about_state && c->fatal == ERR_NONE) {
        c->fatal = e;
    }
    return e;
}

/* What the answer about a signer's key rests on. */
static enum err note_read(struct contract_ctx *c, uint16_t contract, struct bytes key, enum err e)
{
    if (c->source != NULL) {
        c->source->reads++;
        c->source->found = e == ERR_NONE;
        c->source->contract = contract;
        state_tree_key(c->suite, contract, key, &c->source->place);
    }
    return answer(c, e);
}

enum err ctx_get(struct contract_ctx *c, uint16_t contract, struct bytes key, struct bytes *value)
{
    switch (c->view) {
    case CTX_NEWEST:
        return note_read(c, contract, key, state_get(c->state, contract, key, value));
    case CTX_COMMITTED:
        return note_read(c, contract, key, state_get_committed(c->state, contract, key, value));
    }
    ASSERT(false);
}

enum err ctx_put(struct contract_ctx *c, uint16_t contract, struct bytes key, struct bytes value)
{
    ASSERT(c->view == CTX_NEWEST);
    return answer(c, state_put(c->state, contract, key, value));
}

enum err ctx_del(struct contract_ctx *c, uint16_t contract, struct bytes key)
{
    ASSERT(c->view == CTX_NEWEST);
    return answer(c, state_del(c->state, contract, key));
}

enum err ctx_emit(struct contract_ctx *c, const struct event *e)
{
    ASSERT(c->view == CTX_NEWEST);
    if (c->event_count == c->genesis->param[PARAM_EVENTS_PER_TX_MAX] ||
        e->subject_count > EVENT_SUBJECTS_MAX || e->body.len > EVENT_BODY_SIZE_MAX) {
        return ERR_SIZE;
    }
    struct event *kept = &c->event[c->event_count];
    *kept = *e;
    TRY(answer(c, arena_copy(c->keep, e->body, &kept->body)));
    c->event_count++;
    return ERR_NONE;
}

const struct tx *ctx_tx(const struct contract_ctx *c)
{
    return c->tx;
}

uint64_t ctx_time_ms(const struct contract_ctx *c)
{
    return c->time_ms;
}

uint64_t ctx_height(const struct contract_ctx *c)
{
    return c->height;
}

const struct genesis *ctx_genesis(const struct contract_ctx *c)
{
    return c->genesis;
}

const struct suite *ctx_suite(const struct contract_ctx *c)
{
    return c->suite;
}

struct arena *ctx_arena(struct contract_ctx *c)
{
    return c->arena;
}

void *ctx_user(struct contract_ctx *c)
{
    return c->contracts->user;
}
