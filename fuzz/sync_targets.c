#include "consensus/pbft_codec_internal.h"
#include "fuzz/fuzz.h"
#include "fuzz/sync_rig.h"

/* Operations of eight bytes after a head of eight: who asks, and from how far behind by snapshot. A
 * request goes to a true answer, or to one with a field bent, or is lost. */

enum { OPS_MAX = 60 };

struct op {
    uint8_t code, a, b, c, d, e, f, g;
};
static const uint64_t FAR[] = {
    0, 1, 2, 9, 40, 1000, UINT64_C(1) << 40, UINT64_MAX - 3, UINT64_MAX
};

static uint64_t far_of(uint8_t x)
{
    return FAR[x % COUNT(FAR)];
}

static uint32_t peer_of(const struct sync_rig *r, uint8_t x)
{
    uint32_t peer = x % SYNC_RIG_PEERS;
    return peer == r->self ? (peer + 1) % SYNC_RIG_PEERS : peer;
}

/* A number near the truth, or far from it. */
static uint64_t near(uint64_t truth, uint8_t x)
{
    return x < 0x40 ? x : x < 0xc0 ? truth + x - 0x80 : far_of(x);
}

static struct bytes flipped(struct sync_rig *r, struct bytes x, const struct op *o)
{
    struct bytes copy = { NULL, 0 };
    if (x.len == 0) {
        return x;
    }
    ASSERT(arena_copy(&r->scratch, x, &copy) == ERR_NONE);
    ((uint8_t *)(uintptr_t)copy.ptr)[((size_t)o->e * 256 + o->f) % copy.len] ^= (uint8_t)(o->g | 1);
    return copy;
}

/* ---- answers, bent --------------------------------------------------------------------------- */

static void bend_keys(struct sync_rig *r, struct peer_keys *k, const struct op *o)
{
    if (k->count == 0) {
        return;
    }
    struct epoch_key_proof *one = &k->key[o->e % k->count];
    switch (o->d % 5) {
    case 0:
        k->count = 0;
        break;
    case 1:
        one->epoch++;
        break;
    case 2:
        one->seat = o->f;
        break;
    case 3:
        one->public_key = flipped(r, one->public_key, o);
        break;
    default:
        one->path.sibling[0].b[0] ^= 1;
        break;
    }
}

static void bend_chain(struct sync_rig *r, struct peer_chain *c, const struct op *o)
{
    uint32_t last = c->count == 0 ? 0 : c->count - 1;
    uint32_t i = c->count == 0 ? 0 : o->e % c->count;
    switch (o->c % 10) {
    case 0:
        c->from = near(c->from, o->d);
        break;
    case 1:
        c->committed = near(c->committed, o->d);
        break;
    case 2:
        c->count = last;
        break;
    case 3:
        c->block[i] = flipped(r, c->block[i], &(struct op){ .e = o->d, .f = o->f, .g = o->g });
        break;
    case 4:
        c->block[i] = c->block[last];
        break;
    case 5:
        c->certificate = flipped(r, c->certificate, o);
        break;
    case 6:
        c->certificate = bytes_of(NULL, 0);
        break;
    case 7:
        c->count = 0;
        break;
    case 8:
        bend_keys(r, &c->keys, o);
        break;
    default:
        c->block[i] = bytes_of(c->block[i].ptr, o->d % (c->block[i].len + 1));
        break;
    }
}

static void bend_piece(struct sync_rig *r, struct peer_message *m, const struct op *o)
{
    switch (o->c % 5) {
    case 0:
        m->body = flipped(r, m->body, o);
        break;
    case 1:
        m->body = bytes_of(NULL, 0);
        break;
    case 2:
        m->height = near(m->height, o->d);
        break;
    case 3:
        m->piece = (uint32_t)near(m->piece, o->d);
        break;
    default:
        m->body = bytes_of(m->body.ptr, ((size_t)o->e * 256 + o->f) % (m->body.len + 1));
        break;
    }
}

static struct bytes bent(struct sync_rig *r, struct bytes wire, const struct op *o)
{
    struct peer_message m;
    struct bytes out = { NULL, 0 };
    if (o->b % 4 == 3 || peer_decode(wire, SYNC_RIG_SIZE_MAX, &r->scratch, &m) != ERR_NONE) {
        return flipped(r, wire, o);
    }
    if (m.kind == PEER_CHAIN) {
        bend_chain(r, m.chain, o);
    } else {
        bend_piece(r, &m, o);
    }
    return peer_encode(&m, SYNC_RIG_SIZE_MAX, &r->scratch, &out) == ERR_NONE ? out
                                                                             : flipped(r, wire, o);
}

/* ---- operations ------------------------------------------------------------------------------ */

/* HELLO of everybody, then so many rounds of true answers. */
static void op_rounds(struct sync_rig *r, const struct op *o)
{
    for (uint32_t i = 0; i < SYNC_RIG_PEERS; i++) {
        if (i != r->self && (o->b >> i & 1) == 0) {
            if (!r->up[i]) {
                sync_rig_link(r, i, true);
            }
            sync_rig_hello(r, i);
        }
    }
    for (uint32_t n = 0; n < o->a % 8U; n++) {
        sync_rig_serve(r);
        sync_rig_tick(r, 20 * o->c);
    }
}

static void op_answer(struct sync_rig *r, const struct op *o)
{
    struct sync_request q;
    for (uint32_t n = 0; n <= o->a % 4U && sync_rig_take(r, &q); n++) {
        struct bytes wire = sync_rig_answer(r, q.to, q.wire);
        if (wire.len > 0) {
            sync_rig_hear(r, q.to, wire, true);
        }
    }
}

static void op_lie(struct sync_rig *r, const struct op *o)
{
    struct sync_request q;
    if (sync_rig_take(r, &q)) {
        struct bytes wire = sync_rig_answer(r, q.to, q.wire);
        if (wire.len > 0) {
            sync_rig_hear(r, o->a == 1 ? peer_of(r, o->g) : q.to, bent(r, wire, o), false);
        }
    }
}

static void op_lose(struct sync_rig *r, const struct op *o)
{
    struct sync_request q;
    for (uint32_t n = 0; n <= o->a && sync_rig_take(r, &q); n++) {
    }
}

static void op_tick(struct sync_rig *r, const struct op *o)
{
    static const uint32_t STEP_MS[] = { 1, 20, 300, 1300, 6000, 31000 };
    sync_rig_tick(r, STEP_MS[o->a % COUNT(STEP_MS)]);
}

static void op_link(struct sync_rig *r, const struct op *o)
{
    sync_rig_link(r, peer_of(r, o->a), o->b % 4 != 3);
}

static void op_hello(struct sync_rig *r, const struct op *o)
{
    uint32_t peer = peer_of(r, o->a);
    struct peer_hello *h = ARENA_NEW(&r->scratch, struct peer_hello);
    ASSERT(h != NULL);
    h->space = r->w->genesis.space;
    h->space.b[0] ^= o->g == 1 ? 1 : 0;
    h->node = r->w->genesis.participant[o->g == 2 ? r->self : peer].id;
    h->purpose = o->g == 3 ? 2 : 1;
    h->boot = far_of(o->b);
    h->height = near(r->w->height, o->c);
    h->vote = (struct vote_mark){ far_of(o->d), far_of(o->e), near(r->w->height, o->f), o->g % 3 };
    sync_rig_say(r, peer, &(struct peer_message){ .kind = PEER_HELLO, .hello = h }, false);
}

static void op_hello_answer(struct sync_rig *r, const struct op *o)
{
    struct peer_hello_answer a = { .boot = far_of(o->b), .objection = o->g % 2 };
    a.vote = (struct vote_mark){ far_of(o->c), far_of(o->d), near(r->w->height, o->e), o->f % 3 };
    sync_rig_say(r, peer_of(r, o->a),
                 &(struct peer_message){ .kind = PEER_HELLO_ANSWER, .answer = &a }, false);
}

/* The node is asked: what it has is served, what it has not is not. */
static void op_ask(struct sync_rig *r, const struct op *o)
{
    static const enum peer_kind KINDS[] = { PEER_GET_CHAIN, PEER_SNAPSHOT_GET, PEER_PIECE_GET,
                                            PEER_GET_BLOCK };
    uint64_t height = replica_status(r->replica).tip.height;
    struct peer_message m = { .kind = KINDS[o->b % COUNT(KINDS)],
                              .from = near(height, o->c),
                              .count = o->d,
                              .height = near(height, o->e),
                              .piece = (uint32_t)near(0, o->f) };
    for (uint32_t i = 0; i < REPLICA_SNAPSHOTS && o->e == 0; i++) {
        const struct made *made = &r->replica->maker.slot[i];
        m.height = made->ready ? made->height : m.height;
    }
    if (m.kind == PEER_GET_BLOCK) { /* consensus' own message, which the replica answers too */
        uint64_t at = near(height, o->g);
        struct message get = { .kind = MESSAGE_GET_BLOCK };
        struct bytes wire = { NULL, 0 };
        get.hash = r->w->block[at <= r->w->height ? at : 0].hash;
        ASSERT(message_encode(&get, &r->scratch, &wire) == ERR_NONE);
        sync_rig_hear(r, peer_of(r, o->a), wire, false);
        return;
    }
    sync_rig_say(r, peer_of(r, o->a), &m, false);
}

static void op_restart(struct sync_rig *r, const struct op *o)
{
    sync_rig_restart(r, (uint64_t)o->a << 32 | o->b);
}

static void op_disk(struct sync_rig *r, const struct op *o)
{
    r->disk.full = o->a % 3 == 1;
    r->disk.sync_fails = o->a % 3 == 2;
    r->disk.part = o->b * 4U;
}

static void op_again(struct sync_rig *r, const struct op *o)
{
    struct bytes x = r->heard[o->b % SYNC_RIG_HEARD];
    if (x.len > 0) {
        sync_rig_hear(r, peer_of(r, o->a), o->c % 2 == 1 ? flipped(r, x, o) : x, false);
    }
}

/* What nobody asked for, or did: a range of the true chain, or one bent. */
static void op_give(struct sync_rig *r, const struct op *o)
{
    struct peer_message ask = { .kind = PEER_GET_CHAIN,
                                .from = near(replica_status(r->replica).tip.height, o->c),
                                .count = o->d };
    struct bytes wire = { NULL, 0 };
    if (peer_encode(&ask, SYNC_RIG_SIZE_MAX, &r->scratch, &wire) == ERR_NONE) {
        wire = sync_rig_answer(r, 0, wire);
    }
    if (wire.len > 0) {
        sync_rig_hear(r, peer_of(r, o->a), o->b == 0 ? wire : bent(r, wire, o), false);
    }
}

/* Keys and transactions, of the true chain or bent. */
static void op_keys(struct sync_rig *r, const struct op *o)
{
    struct peer_message ask = { .kind = PEER_GET_CHAIN, .from = 1U + o->f, .count = 1 }, m;
    struct peer_txs *txs = ARENA_NEW(&r->scratch, struct peer_txs);
    struct bytes wire = { NULL, 0 };
    struct block b;
    ASSERT(txs != NULL);
    if (peer_encode(&ask, SYNC_RIG_SIZE_MAX, &r->scratch, &wire) != ERR_NONE) {
        return;
    }
    wire = sync_rig_answer(r, 0, wire);
    if (wire.len == 0 || peer_decode(wire, SYNC_RIG_SIZE_MAX, &r->scratch, &m) != ERR_NONE ||
        m.chain->count == 0 ||
        block_decode(r->w->suite, m.chain->block[0], &r->scratch, &b) != ERR_NONE) {
        return;
    }
    struct peer_keys *keys = &m.chain->keys;
    if (o->b % 2 == 1) {
        bend_keys(r, keys, o);
    }
    for (uint32_t i = 0; i < b.tx_count && i < PEER_TXS_MAX; i++) {
        txs->tx[txs->count++] = o->b % 2 == 1 ? flipped(r, b.tx[i], o) : b.tx[i];
    }
    struct peer_message out = { .kind = o->c % 2 == 0 ? PEER_EPOCH_KEYS : PEER_TRANSACTIONS,
                                .keys = keys,
                                .txs = txs };
    sync_rig_say(r, peer_of(r, o->a), &out, false);
}

static void op_raw(struct sync_rig *r, const struct op *o)
{
    const uint8_t raw[] = { o->b, o->c, o->d, o->e, o->f, o->g };
    struct bytes copy = { NULL, 0 };
    ASSERT(arena_copy(&r->scratch, bytes_of(raw, sizeof raw), &copy) == ERR_NONE);
    sync_rig_hear(r, peer_of(r, o->a), copy, false);
}

static void op_land(struct sync_rig *r, const struct op *o)
{
    (void)o;
    sync_rig_land(r);
}

static void op_prune(struct sync_rig *r, const struct op *o)
{
    uint64_t base = 0;
    (void)!replica_prune(r->replica, o->a, &base);
    ASSERT(base <= r->height);
}

/* ---- the target ------------------------------------------------------------------------------ */

/* Codes of OPS. */
enum { ROUNDS, ANSWER, LIE, TICK, LINK, HELLO, HELLO_ANSWER, ASK, RESTART, DISK, AGAIN };
static void (*const OPS[])(struct sync_rig *r, const struct op *o) = {
    op_rounds, op_answer, op_lie,  op_tick, op_link, op_hello, op_hello_answer, op_ask,  op_restart,
    op_disk,   op_again,  op_give, op_keys, op_lose, op_raw,   op_prune,        op_land,
};

static struct op op_at(struct bytes in, size_t at)
{
    uint8_t x[FUZZ_OP_SIZE] = { 0 };
    for (size_t i = 0; i < FUZZ_OP_SIZE && at + i < in.len; i++) {
        x[i] = in.ptr[at + i];
    }
    return (struct op){ x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7] };
}

static void run(struct bytes in)
{
    static struct sync_rig r;
    struct op head = op_at(in, 0);
    sync_rig_open(&r, head.a % 2 == 0 ? 3 : 4, head.b % 2 == 0 ? 8 : 100000, head.d % 2 == 1);
    for (size_t at = FUZZ_OP_SIZE; at + FUZZ_OP_SIZE <= in.len; at += FUZZ_OP_SIZE) {
        struct op o = op_at(in, at);
        OPS[o.code % COUNT(OPS)](&r, &o);
    }
    if (head.c % 4 == 1) {
        sync_rig_heal(&r);
    }
    sync_rig_close(&r);
}

static void seed_ops(const struct op *o, size_t count)
{
    fuzz_seed(bytes_of((const uint8_t *)o, count * sizeof *o));
}

static void seed(void)
{
    static const struct op HONEST[] = { { .c = 1 }, { .code = ROUNDS, .a = 7, .c = 20 } };
    static const struct op BLOCKS[] = { { .a = 1, .b = 1 },
                                        { .code = ROUNDS, .a = 7, .c = 20 },
                                        { .code = ASK, .c = 1, .d = 9 } };
    static const struct op LIES[] = { { .b = 1, .c = 1 },  { .code = ROUNDS },
                                      { .code = LIE },     { .code = LIE, .c = 3 },
                                      { .code = ANSWER },  { .code = TICK, .a = 3 },
                                      { .code = RESTART }, { .code = ROUNDS, .a = 2, .c = 9 } };
    static const struct op SERVED[] = { { .b = 1 },
                                        { .code = ROUNDS, .a = 5, .c = 20 },
                                        { .code = ASK, .b = 3, .g = 0x80 },
                                        { .code = ASK, .b = 3, .g = 1 },
                                        { .code = ASK, .b = 1 },
                                        { .code = TICK, .a = 1 },
                                        { .code = ASK, .b = 2 } };
    static const struct op PIECES[] = { { .a = 0 },
                                        { .code = ROUNDS, .a = 1 },
                                        { .code = ANSWER },
                                        { .code = LIE, .f = 200 },
                                        { .code = RESTART },
                                        { .code = ROUNDS, .a = 5, .c = 9 },
                                        { .code = ASK, .b = 1 },
                                        { .code = ASK, .b = 2 } };
    static const struct op BESIDE[] = { { .b = 1, .c = 1, .d = 1 },
                                        { .code = ROUNDS, .a = 2, .c = 20 },
                                        { .code = ROUNDS, .b = 0 },
                                        { .code = ANSWER },
                                        { .code = ANSWER },
                                        { .code = RESTART },
                                        { .code = ROUNDS, .a = 3, .c = 20 } };
    seed_ops(HONEST, COUNT(HONEST));
    seed_ops(BESIDE, COUNT(BESIDE));
    seed_ops(SERVED, COUNT(SERVED));
    seed_ops(BLOCKS, COUNT(BLOCKS));
    seed_ops(LIES, COUNT(LIES));
    seed_ops(PIECES, COUNT(PIECES));
}

static const struct fuzz_target ROWS[] = {
    { "sync-steps", FUZZ_OP_SIZE *(OPS_MAX + 1), run, seed },
};
const struct fuzz_family FUZZ_SYNC = { ROWS, COUNT(ROWS) };
