#include "sim/sim_parts_internal.h"

/* What clients ask for: money moves (sim_money.c), evidence is anchored, and under a law tokens are
 * minted, sealed, granted, paid for by locks, frozen and thawed, used and revoked. Some of it
 * fails, as in life: too little money, a token that does not exist yet. A failure must be the same
 * failure on every node.
 */

enum { WORD_PERSONAL = 5, YEAR_DAYS = 365 };
static const uint64_t DAY_MS = 86400000;

struct hash sim_hash(struct world *w)
{
    struct hash h;
    for (size_t i = 0; i < HASH_SIZE; i++) {
        h.b[i] = (uint8_t)sim_next(&w->random);
    }
    return h;
}

static void draw_nonce(struct world *w, struct sim_order *o)
{
    for (size_t i = 0; i < sizeof o->body.nonce; i++) {
        o->body.nonce[i] = (uint8_t)sim_next(&w->random);
    }
}

static uint32_t somebody(struct world *w)
{
    return (uint32_t)sim_below(&w->random, w->genesis.participant_count);
}

static struct sim_token *some_token(struct world *w)
{
    return &w->token[sim_below(&w->random, w->token_count)];
}

enum err sim_attach(struct sim_order *o, struct arena *a, enum attachment_kind kind,
                    const struct hash *commitment, const struct hash *reader, uint64_t until_ms)
{
    struct tx_attachment *t = ARENA_NEW(a, struct tx_attachment);
    if (t == NULL) {
        return ERR_NO_SPACE;
    }
    *t = (struct tx_attachment){ .commitment = *commitment,
                                 .size = 100,
                                 .reader_count = 1,
                                 .keep_until_ms = until_ms,
                                 .kind = (uint32_t)kind };
    t->reader[0] = *reader;
    o->body.attachment = t;
    o->body.attachment_count = 1;
    return ERR_NONE;
}

static enum err anchor(struct world *w, struct arena *a, struct sim_order *o)
{
    struct evidence_anchor x = { .value = sim_hash(w), .kind = 1 };
    o->body.method = METHOD_EVIDENCE_ANCHOR;
    return evidence_anchor_encode(&x, a, &o->body.args);
}

static enum err mint(struct world *w, struct arena *a, struct sim_order *o)
{
    if (w->token_count == SIM_TOKENS_MAX) {
        return anchor(w, a, o);
    }
    struct sim_token *t = &w->token[w->token_count++];
    *t = (struct sim_token){ .id = sim_hash(w), .owner = o->from };
    bool brief = sim_chance(&w->random, 100);
    t->until_ms =
        brief ? w->now_ms + 5000 + sim_below(&w->random, 40000) : w->start_ms + YEAR_DAYS * DAY_MS;
    struct token_mint x = { .token = t->id,
                            .asset = sim_hash(w),
                            .classes_count = 1,
                            .classes = { WORD_PERSONAL },
                            .grade = 1,
                            .jurisdictions_count = 2,
                            .jurisdictions = { 156, 276 },
                            .valid_from_ms = w->start_ms,
                            .valid_until_ms = t->until_ms,
                            .pack_set = w->law };
    struct hash metadata = sim_hash(w);
    o->body.method = METHOD_TOKEN_MINT;
    TRY(sim_attach(o, a, ATTACHMENT_METADATA, &metadata, &sim_document(w, somebody(w))->id,
                   w->start_ms + YEAR_DAYS * DAY_MS));
    return token_mint_encode(&x, a, &o->body.args);
}

static enum err seal(struct world *w, struct arena *a, struct sim_order *o)
{
    struct sim_token *t = some_token(w);
    t->seal = sim_hash(w);
    struct hash root = sim_hash(w);
    struct hash manifest = sim_hash(w);
    struct token_seal x = { .token = t->id,
                            .seal = t->seal,
                            .suite = 1,
                            .chunk_size = CONTRACT_CHUNK_SIZE_MIN,
                            .chunk_count = 8,
                            .sealed_root = root,
                            .manifest_hash = manifest };
    o->from = t->owner;
    o->body.method = METHOD_TOKEN_SEAL;
    return token_seal_encode(&x, a, &o->body.args);
}

static enum err grant(struct world *w, struct arena *a, struct sim_order *o)
{
    static const struct hash NO_LOCK = { { 0 } };
    struct sim_token *t = some_token(w); /* drawn before, and not among the arguments */
    uint32_t to = somebody(w);
    return sim_grant(w, a, o, t, to, &NO_LOCK);
}

static enum err freeze(struct world *w, struct arena *a, struct sim_order *o)
{
    struct sim_token *t = some_token(w);
    struct token_state x = { .token = t->id, .reason = 1 };
    o->from = t->owner;
    o->body.method = sim_chance(&w->random, 500) ? METHOD_TOKEN_FREEZE : METHOD_TOKEN_THAW;
    return token_state_encode(&x, a, &o->body.args);
}

enum err sim_work_right(struct world *w, struct arena *a, const struct sim_right *r,
                        enum sim_order_kind kind, struct sim_order *out)
{
    struct right_use use = { r->id, r->used + 1 };
    struct right_release release = { r->id, r->durable_use, r->durable_wrap };
    struct attachment_ack ack = { .points_count = 1, .points = { { r->release, 0 } } };
    *out = (struct sim_order){ .from = kind == SIM_ORDER_RELEASE ? r->grantor : r->holder };
    draw_nonce(w, out);
    if (kind == SIM_ORDER_USE) {
        out->body.method = METHOD_RIGHT_USE;
        return right_use_encode(&use, a, &out->body.args);
    }
    if (kind == SIM_ORDER_ACK) {
        out->body.method = METHOD_ATTACHMENT_ACK;
        return attachment_ack_encode(&ack, a, &out->body.args);
    }
    ASSERT(kind == SIM_ORDER_RELEASE);
    out->body.method = METHOD_RIGHT_RELEASE;
    TRY(sim_attach(out, a, ATTACHMENT_WRAP, &release.wrap, &sim_document(w, r->holder)->id,
                   w->start_ms + YEAR_DAYS * DAY_MS));
    return right_release_encode(&release, a, &out->body.args);
}

enum err sim_flood(struct world *w, struct arena *a, struct sim_order *o)
{
    *o = (struct sim_order){ .from = w->flooder };
    draw_nonce(w, o);
    return sim_pay(w, a, o);
}

typedef enum err work_fn(struct world *w, struct arena *a, struct sim_order *o);

/* Out of a hundred orders; the later rows need a token to speak of. */
static const struct {
    uint32_t share;
    bool law;
    work_fn *make;
} WORK[] = {
    { 15, false, sim_issue }, { 15, false, sim_pay },  { 6, false, anchor },
    { 8, true, mint },        { 9, true, seal },       { 8, true, grant },
    { 19, true, sim_deal },   { 6, true, sim_refund }, { 3, true, freeze },
    { 9, true, sim_use },     { 2, true, sim_stop },
};

enum err sim_work(struct world *w, struct arena *a, struct sim_order *out)
{
    uint64_t die = sim_below(&w->random, 100);
    work_fn *make = sim_pay;
    *out = (struct sim_order){ .from = somebody(w) };
    draw_nonce(w, out);
    for (size_t i = 0; i < COUNT(WORK); i++) {
        if (die < WORK[i].share) {
            bool possible = !WORK[i].law || !hash_is_zero(&w->law);
            make = possible ? WORK[i].make : sim_pay;
            break;
        }
        die -= WORK[i].share;
    }
    if (w->token_count == 0 && make != sim_issue && make != sim_pay && make != anchor) {
        make = make == mint ? mint : sim_pay;
    }
    return make(w, a, out);
}
