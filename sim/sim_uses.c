#include "sim/sim_parts_internal.h"

/* Two invariants of DESIGN 8, from committed transactions alone. "use": no right is granted, used
 * or released after its token, or the right, was frozen, revoked or is over. "conservation": a
 * right is used as often as it was granted and no oftener, and each use is the next one. */

static struct sim_uses_token *find_token(struct sim_uses *m, const struct hash *id)
{
    for (uint32_t i = 0; i < m->token_count; i++) {
        if (hash_equal(&m->token[i].id, id)) {
            return &m->token[i];
        }
    }
    return NULL;
}

static struct sim_uses_right *find_right(struct sim_uses *m, const struct hash *id)
{
    for (uint32_t i = m->right_count; i-- > 0;) {
        if (hash_equal(&m->right[i].id, id)) {
            return &m->right[i];
        }
    }
    return NULL;
}

/* Why nothing may be done under it at this time; NULL: it may. */
static const char *token_stops(const struct sim_uses_token *t, uint64_t now_ms)
{
    return t == NULL               ? "unknown"
           : t->revoked            ? "revoked"
           : t->frozen             ? "frozen"
           : now_ms < t->from_ms   ? "not begun"
           : now_ms >= t->until_ms ? "over"
                                   : NULL;
}

static void need(struct world *w, const char *stopped, const char *what, const char *done)
{
    if (stopped != NULL) {
        sim_violation(w, SIM_USE, "height %llu: under a %s that is %s a right is %s",
                      (unsigned long long)w->uses->height, what, stopped, done);
    }
}

static enum err see_mint(struct world *w, const struct tx *tx, uint64_t now_ms)
{
    struct sim_uses *m = w->uses;
    struct token_mint x;
    (void)now_ms;
    TRY(token_mint_decode(tx->body.args, &w->scratch, &x));
    ASSERT(m->token_count < SIM_USES_TOKENS_MAX);
    m->token[m->token_count++] = (struct sim_uses_token){ .id = x.token,
                                                          .from_ms = x.valid_from_ms,
                                                          .until_ms = x.valid_until_ms };
    return ERR_NONE;
}

static enum err see_stop(struct world *w, const struct tx *tx, uint64_t now_ms)
{
    struct token_state x;
    (void)now_ms;
    TRY(token_state_decode(tx->body.args, &w->scratch, &x));
    struct sim_uses_token *t = find_token(w->uses, &x.token);
    if (t == NULL || t->revoked) {
        sim_violation(w, SIM_USE, "height %llu: a token moves that is %s",
                      (unsigned long long)w->uses->height, t == NULL ? "unknown" : "revoked");
        return ERR_NONE;
    }
    t->frozen = tx->body.method == METHOD_TOKEN_FREEZE;
    t->revoked = tx->body.method == METHOD_TOKEN_REVOKE;
    w->result->stops += t->frozen || t->revoked ? 1 : 0;
    return ERR_NONE;
}

static enum err see_grant(struct world *w, const struct tx *tx, uint64_t now_ms)
{
    struct sim_uses *m = w->uses;
    struct right_grant x;
    TRY(right_grant_decode(tx->body.args, &w->scratch, &x));
    struct sim_uses_token *t = find_token(m, &x.token);
    need(w, token_stops(t, now_ms), "token", "granted");
    if (t == NULL || m->right_count == SIM_USES_RIGHTS_MAX) {
        return t == NULL ? ERR_NONE : ERR_NO_SPACE;
    }
    if (x.until_ms > t->until_ms || x.until_ms <= now_ms) {
        sim_violation(w, SIM_CONSERVATION, "height %llu: a right outlives its token",
                      (unsigned long long)m->height);
    }
    struct sim_uses_right *r = &m->right[m->right_count++];
    *r = (struct sim_uses_right){ .grantor = tx->body.signer[0].did,
                                  .holder = x.holder,
                                  .token = (uint32_t)(t - m->token),
                                  .custody = x.custody,
                                  .granted = x.uses,
                                  .until_ms = x.until_ms };
    contract_right_id(w->suite, &x.token, &x.holder, tx->body.nonce, &r->id);
    return ERR_NONE;
}

/* One more use, or the first half of one: of a brokered right RELEASE makes it. */
static void see_one_use(struct world *w, const struct hash *id, uint32_t use, bool half,
                        uint64_t now_ms)
{
    struct sim_uses *m = w->uses;
    struct sim_uses_right *r = find_right(m, id);
    const char *done = half ? "asked for" : "used";
    need(w, r == NULL ? "unknown" : token_stops(&m->token[r->token], now_ms), "token", done);
    if (r == NULL) {
        return;
    }
    need(w, r->revoked ? "revoked" : now_ms >= r->until_ms ? "over" : NULL, "right", done);
    if (use != r->used + 1 || (r->granted > 0 && use > r->granted)) {
        sim_violation(w, SIM_CONSERVATION, "height %llu: use %u of a right with %u of %u used",
                      (unsigned long long)m->height, use, r->used, r->granted);
    }
    r->used += half ? 0 : 1;
    w->result->uses += half ? 0 : 1;
}

static enum err see_use(struct world *w, const struct tx *tx, uint64_t now_ms)
{
    struct right_use x;
    TRY(right_use_decode(tx->body.args, &w->scratch, &x));
    const struct sim_uses_right *r = find_right(w->uses, &x.right);
    see_one_use(w, &x.right, x.use, r != NULL && r->custody == CUSTODY_BROKERED, now_ms);
    return ERR_NONE;
}

static enum err see_release(struct world *w, const struct tx *tx, uint64_t now_ms)
{
    struct right_release x;
    TRY(right_release_decode(tx->body.args, &w->scratch, &x));
    see_one_use(w, &x.right, x.use, false, now_ms);
    return ERR_NONE;
}

static enum err see_revoke(struct world *w, const struct tx *tx, uint64_t now_ms)
{
    struct right_revoke x;
    (void)now_ms;
    TRY(right_revoke_decode(tx->body.args, &w->scratch, &x));
    struct sim_uses_right *r = find_right(w->uses, &x.right);
    need(w, r == NULL ? "unknown" : r->revoked ? "revoked" : NULL, "right", "revoked");
    if (r != NULL) {
        r->revoked = true;
        w->result->stops++;
    }
    return ERR_NONE;
}

static const struct {
    uint32_t method;
    bool uses; /* what may not be done after a stop */
    enum err (*see)(struct world *w, const struct tx *tx, uint64_t now_ms);
} SEEN[] = {
    { METHOD_TOKEN_MINT, false, see_mint },     { METHOD_TOKEN_FREEZE, false, see_stop },
    { METHOD_TOKEN_THAW, false, see_stop },     { METHOD_TOKEN_REVOKE, false, see_stop },
    { METHOD_RIGHT_GRANT, true, see_grant },    { METHOD_RIGHT_USE, true, see_use },
    { METHOD_RIGHT_REVOKE, false, see_revoke }, { METHOD_RIGHT_RELEASE, true, see_release },
};

static bool says_stopped(uint32_t status)
{
    return status == RECEIPT_FROZEN || status == RECEIPT_REVOKED || status == RECEIPT_EXPIRED ||
           status == RECEIPT_EXHAUSTED;
}

static enum err see_tx(struct world *w, struct bytes wire, const struct receipt *receipt,
                       uint64_t now_ms)
{
    struct tx tx;
    TRY(tx_decode(w->suite, wire, &w->scratch, &tx));
    if (!hash_equal(&tx.id, &receipt->transaction)) {
        return ERR_INTEGRITY;
    }
    for (size_t i = 0; i < COUNT(SEEN); i++) {
        if (SEEN[i].method == tx.body.method && receipt->status == RECEIPT_OK) {
            return SEEN[i].see(w, &tx, now_ms);
        }
        if (SEEN[i].method == tx.body.method && SEEN[i].uses && says_stopped(receipt->status)) {
            w->result->stopped++;
        }
    }
    return ERR_NONE;
}

/* Each height once and in order, by whoever tells it first; heights that nobody told with receipts
 * are read in the replay. */
void sim_uses_told(struct world *w, uint64_t height, const struct receipt *receipt, uint32_t count)
{
    struct block b;
    size_t mark = arena_mark(&w->scratch);
    if (hash_is_zero(&w->law) || height != w->uses->height + 1) {
        return;
    }
    w->uses->height = height;
    struct bytes wire = bytes_of(w->block[height].wire, w->block[height].len);
    enum err e = block_decode(w->suite, wire, &w->scratch, &b);
    for (uint32_t i = 0; e == ERR_NONE && i < b.tx_count; i++) {
        e = i < count ? see_tx(w, b.tx[i], &receipt[i], b.header.time_ms) : ERR_INTEGRITY;
    }
    if (e != ERR_NONE) {
        sim_violation(w, SIM_RECEIPTS, "height %llu: receipts that are not of its transactions: %s",
                      (unsigned long long)height, err_name(e));
    }
    arena_release(&w->scratch, mark);
}

/* ---- orders ------------------------------------------------------------------------------------
 */

static bool participant_of(const struct world *w, const struct hash *did, uint32_t *out)
{
    for (uint32_t i = 0; i < w->genesis.participant_count; i++) {
        if (hash_equal(&sim_document(w, i)->id, did)) {
            *out = i;
            return true;
        }
    }
    return false;
}

/* A right that was granted; half of the time one of the newest. */
static const struct sim_uses_right *some_right(struct world *w)
{
    enum { NEWEST = 8 };
    const struct sim_uses *m = w->uses;
    uint32_t among =
        sim_chance(&w->random, 500) && m->right_count > NEWEST ? NEWEST : m->right_count;
    uint32_t back = (uint32_t)sim_below(&w->random, among);
    return m->right_count == 0 ? NULL : &m->right[m->right_count - 1 - back];
}

/* The holder uses what it was given, stopped or not, and now and then once too often. Brokered
 * rights are used by their holders in sim_broker.c. */
enum err sim_use(struct world *w, struct arena *a, struct sim_order *o)
{
    const struct sim_uses_right *r = some_right(w);
    if (r == NULL || r->custody == CUSTODY_BROKERED || !participant_of(w, &r->holder, &o->from)) {
        return sim_pay(w, a, o);
    }
    struct right_use x = { r->id, r->used + 1 };
    o->body.method = METHOD_RIGHT_USE;
    return right_use_encode(&x, a, &o->body.args);
}

/* The grantor takes a right back, or the owner the whole token. */
enum err sim_stop(struct world *w, struct arena *a, struct sim_order *o)
{
    const struct sim_uses_right *r = some_right(w);
    if (r == NULL || !participant_of(w, &r->grantor, &o->from)) {
        return sim_pay(w, a, o);
    }
    if (sim_chance(&w->random, 200)) {
        struct token_state x = { .token = w->uses->token[r->token].id, .reason = 1 };
        o->body.method = METHOD_TOKEN_REVOKE;
        return token_state_encode(&x, a, &o->body.args);
    }
    struct right_revoke x = { r->id, 1 };
    o->body.method = METHOD_RIGHT_REVOKE;
    return right_revoke_encode(&x, a, &o->body.args);
}
