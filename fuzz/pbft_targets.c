#include "fuzz/fuzz.h"
#include "fuzz/pbft_rig.h"
#include "tests/fixtures/consensus_cluster_internal.h"

/* An input is a list of operations of eight bytes after a head of eight: what the committee is,
 * then what the others say and what happens, one after the other. Small numbers mean what an honest
 * committee would do, so that inputs get far; the others bend one thing each. */

enum { OPS_MAX = 120, SUBMIT_MAX = 3 };

struct op {
    uint8_t code, a, b, c, d, e, f, g;
};
static const uint64_t FAR[] = { 0, 1, 9, 1000, UINT64_C(1) << 32, UINT64_MAX - 4, UINT64_MAX };

/* ---- fields ---------------------------------------------------------------------------------- */

static uint64_t view_of(struct rig *r, uint8_t x)
{
    uint64_t view = pbft_status(rig_node(r)).view;
    switch (x % 8) {
    case 5:
        return view + 1 + x / 8;
    case 6:
        return view == 0 ? 0 : view - 1;
    case 7:
        return FAR[x / 8 % COUNT(FAR)];
    default:
        return view;
    }
}

/* Never the node's own, whose key nobody else has. */
static uint32_t seat_of(const struct rig *r, uint32_t x)
{
    ASSERT(r->c->seats > 0);
    uint32_t seat = x % r->c->seats;
    return seat == r->self ? (seat + 1) % r->c->seats : seat;
}

static uint32_t leader_of(struct rig *r, uint64_t view, uint64_t epoch, uint8_t x)
{
    uint32_t leader = pbft_primary(r->c->seats, view, epoch);
    return seat_of(r, x % 8 == 7 ? x / 8 : leader);
}

static uint64_t epoch_of(const struct rig *r, uint64_t epoch, uint8_t x)
{
    return x < 0xf0 ? epoch : x == 0xff ? UINT64_MAX : epoch + r->c->seats + x - 0xf8;
}

/* What is wrong with a vote that was signed: the names of its fields, then its signature. */
static void bend(struct rig *r, uint8_t x, struct vote *v)
{
    switch (x) {
    case 1:
        v->space.b[0] ^= 1;
        break;
    case 2:
        v->height = FAR[r->blocks % COUNT(FAR)];
        break;
    case 3:
        v->kind = 3 - v->kind;
        break;
    case 4:
        v->epoch++;
        break;
    case 5:
        v->block.b[3] ^= 0x10;
        break;
    case 6:
        v->view += 4;
        break;
    case 7:
        v->height++;
        break;
    default:
        break;
    }
}

static void spoil_signature(uint8_t x, struct signed_vote *s)
{
    static uint8_t wrong[SUITE_SIGNATURE_SIZE_MAX + 8];
    if (x == 8) {
        s->signature = bytes_of(wrong, s->signature.len);
    } else if (x == 9) {
        s->signature = bytes_of(wrong, sizeof wrong);
    } else if (x == 10 || x == 11) {
        s->seat = x == 10 ? s->seat + 1 : UINT32_MAX;
    }
}

static struct vote vote_for(struct rig *r, const struct rig_block *b, uint32_t kind, uint64_t view)
{
    return (struct vote){ .space = r->c->genesis.space,
                          .epoch = b->tip.epoch,
                          .kind = kind,
                          .view = view,
                          .height = b->tip.height,
                          .block = b->hash };
}

static struct signed_vote bent_vote(struct rig *r, uint32_t seat, struct vote v, uint8_t bent)
{
    bend(r, bent, &v);
    struct signed_vote s = rig_vote(r, seat, &v);
    spoil_signature(bent, &s);
    return s;
}

/* ---- operations ------------------------------------------------------------------------------ */

/* A block on any other: a block number, time, transactions, certificate of its last commit. */
static const struct rig_block *new_block(struct rig *r, const struct op *o, uint64_t view)
{
    struct cluster *c = r->c;
    struct rig_block on = rig_block_at(r, o->b);
    struct hash hash;
    uint64_t time = c->now_ms > on.tip.time_ms ? c->now_ms : on.tip.time_ms + 1;
    time += o->d < 0xf0 ? 0 : (uint64_t)(o->d - 0xf0) * CLUSTER_EPOCH_MS / 8;
    time -= o->d == 0xef ? 60000 : 0;
    struct bytes own = pbft_status(rig_node(r)).last_certificate;
    struct bytes last = o->e == 0 ? own : rig_certificate_at(r, o->e);
    uint32_t proposer = pbft_primary(c->seats, view, on.tip.epoch);
    struct bytes wire = cluster_block(c, proposer, &on.tip, time, last, o->g, o->f % 4, &hash);
    return rig_keep_block(r, &on.tip, wire);
}

static void op_propose(struct rig *r, const struct op *o)
{
    uint64_t view = view_of(r, o->a);
    const struct rig_block *b = new_block(r, o, view);
    uint32_t from = leader_of(r, view, b->tip.epoch, o->c);
    struct vote v = vote_for(r, b, VOTE_PREPARE, view);
    struct message m = { .kind = MESSAGE_PROPOSE, .view = view, .block = b->wire };
    m.vote = bent_vote(r, from, v, o->g);
    rig_propose(r, from, o->f / 4, &m);
}

/* A block of the ring proposed, by whoever leads: in a later view, or once more. */
static void op_repropose(struct rig *r, const struct op *o)
{
    uint64_t view = view_of(r, o->a);
    struct rig_block b = rig_block_at(r, o->b);
    uint32_t from = leader_of(r, view, b.tip.epoch, o->c);
    struct message m = { .kind = MESSAGE_PROPOSE, .view = view, .block = b.wire };
    m.vote = bent_vote(r, from, vote_for(r, &b, VOTE_PREPARE, view), o->g);
    m.view += o->d == 1 ? 1 : 0;
    rig_propose(r, o->e == 1 ? seat_of(r, from + 1) : from, o->f, &m);
}

static void op_votes(struct rig *r, const struct op *o)
{
    struct rig_block b = rig_block_at(r, o->b);
    uint32_t kind = o->c % 2 == 0 ? VOTE_PREPARE : VOTE_COMMIT;
    uint32_t seats = o->d == 0 ? rig_others(r) : o->d & rig_others(r);
    struct vote v = vote_for(r, &b, kind, view_of(r, o->a));
    v.epoch = epoch_of(r, v.epoch, o->e);
    for (uint32_t s = 0; s < r->c->seats; s++) {
        if ((seats >> s & 1) != 0) {
            struct message m = { .kind = MESSAGE_VOTE, .vote = bent_vote(r, s, v, o->g) };
            (void)rig_say(r, s, &m);
        }
    }
}

/* Proposal, prepare votes and commit votes: one block of an honest committee. */
static void op_block(struct rig *r, const struct op *o)
{
    struct op votes = { .a = o->a, .b = 1, .c = 0 };
    op_propose(r, o);
    op_votes(r, &votes);
    votes.c = 1;
    op_votes(r, &votes);
}

static void op_certificate(struct rig *r, const struct op *o)
{
    struct rig_block b = rig_block_at(r, o->b);
    uint32_t kind = o->c % 2 == 0 ? VOTE_PREPARE : VOTE_COMMIT;
    struct vote v = vote_for(r, &b, kind, view_of(r, o->a));
    v.epoch = epoch_of(r, v.epoch, o->e);
    bend(r, o->g, &v);
    rig_keep_certificate(r, rig_certificate(r, &v, o->d == 0 ? rig_others(r) : o->d));
}

static struct view_change change(struct rig *r, uint32_t seat, const struct op *o, uint64_t view)
{
    const struct pbft *p = rig_node(r);
    struct view_change c = { .space = r->c->genesis.space,
                             .epoch = epoch_of(r, p->committed.epoch, o->e),
                             .view = view,
                             .seat = seat,
                             .committed = p->committed.height + FAR[o->d % COUNT(FAR)],
                             .prepared = rig_certificate_at(r, o->b) };
    c.space.b[5] ^= o->g == 1 ? 1 : 0;
    c.seat = o->g == 2 ? r->c->seats + 3 : c.seat;
    struct view_change out = c;
    if (c.seat == seat) {
        out = rig_change(r, &c);
    }
    static const uint8_t NOTHING[SUITE_SIGNATURE_SIZE_MAX];
    if (o->g == 3 || c.seat != seat) {
        struct bytes body = { NULL, 0 };
        ASSERT(view_change_body_encode(&c, &r->c->scratch, &body) == ERR_NONE);
        out.body = body;
        out.signature = bytes_of(NOTHING, o->e % 2 == 0 ? 16 : 1);
    }
    return out;
}

static void op_changes(struct rig *r, const struct op *o)
{
    uint32_t seats = o->c == 0 ? rig_others(r) : o->c & rig_others(r);
    uint64_t view = view_of(r, o->a);
    for (uint32_t s = 0; s < r->c->seats; s++) {
        if ((seats >> s & 1) != 0) {
            struct message m = { .kind = MESSAGE_VIEW_CHANGE, .change_count = 1 };
            m.change[0] = change(r, s, o, view);
            (void)rig_say(r, s, &m);
        }
    }
}

/* Changes of the seats in c (0: all others), the odd ones of which prepared nothing when f says so;
 * with the vote for the block of the certificate that all of them carry. */
static void op_new_view(struct rig *r, const struct op *o)
{
    uint64_t view = view_of(r, o->a);
    uint32_t seats = o->c == 0 ? rig_others(r) : o->c & rig_others(r);
    struct message m = { .kind = MESSAGE_NEW_VIEW, .view = view };
    const struct pbft *p = rig_node(r);
    uint64_t epoch = epoch_of(r, p->committed.epoch, o->e);
    for (uint32_t s = 0; s < r->c->seats; s++) {
        if ((seats >> s & 1) != 0) {
            struct op each = *o;
            each.b = o->f == 1 && s % 2 == 1 ? 0 : o->b;
            m.change[m.change_count++] = change(r, s, &each, o->g == 4 ? view + 1 : view);
        }
    }
    if (o->g == 5 && m.change_count > 1) {
        m.change[0] = m.change[1];
    }
    struct certificate tip;
    uint32_t from = leader_of(r, view, epoch, o->g == 6 ? 7 : 0);
    struct bytes prepared = rig_certificate_at(r, o->b);
    if (prepared.len > 0 && o->f >= 2 &&
        certificate_decode(prepared, &r->c->scratch, &tip) == ERR_NONE) {
        struct vote v = {
            r->c->genesis.space, tip.epoch, VOTE_PREPARE, view, tip.height, tip.block
        };
        m.voted = true;
        m.vote = bent_vote(r, from, v, o->f);
    }
    (void)rig_say(r, from, &m);
}

static void op_get_block(struct rig *r, const struct op *o)
{
    struct message m = { .kind = MESSAGE_GET_BLOCK, .hash = rig_block_at(r, o->b).hash };
    (void)rig_say(r, o->c == 1 ? PBFT_OBSERVER : seat_of(r, o->a), &m);
}

static void op_give_block(struct rig *r, const struct op *o)
{
    struct rig_block b = rig_block_at(r, o->b);
    struct message m = { .kind = MESSAGE_BLOCK, .block = b.wire };
    struct bytes copy = { NULL, 0 };
    if (b.wire.len > 0 && o->c % 2 == 1) {
        ASSERT(arena_copy(&r->c->scratch, b.wire, &copy) == ERR_NONE);
        ((uint8_t *)(uintptr_t)copy.ptr)[(o->d * 256 + o->e) % copy.len] ^= (uint8_t)(o->f | 1);
        m.block = copy;
    }
    (void)rig_say(r, seat_of(r, o->a), &m);
}

static void op_tick(struct rig *r, const struct op *o)
{
    static const uint32_t STEP_MS[] = { 1,    20,   200,   1000,   1100,
                                        3000, 9000, 31000, 360000, CLUSTER_EPOCH_MS };
    r->c->now_ms += STEP_MS[o->a % COUNT(STEP_MS)];
    cluster_submit(r->c, o->b % SUBMIT_MAX);
    rig_tick(r);
}

/* Sync brings the chain up to a block of the ring, when its ancestors are there. */
static void op_synced(struct rig *r, const struct op *o)
{
    struct cluster_node *n = &r->c->node[r->self];
    struct rig_block list[PBFT_OPEN_MAX + 2];
    struct rig_block b = rig_block_at(r, o->b);
    uint32_t count = 0;
    (void)rig_node(r);
    while (count < COUNT(list) && b.wire.len > 0 && b.tip.height > n->tip.height) {
        list[count++] = b;
        b = rig_block_of(r, &b.parent.hash);
    }
    bool joins = count > 0 && hash_equal(&list[count - 1].parent.hash, &n->tip.hash);
    struct pbft_event ev = { .kind = PBFT_SYNCED };
    if (joins) {
        n->open_count = 0;
        for (uint32_t i = count; i-- > 0;) {
            struct vote v = vote_for(r, &list[i], VOTE_COMMIT, view_of(r, o->a));
            ev.certificate = rig_certificate(r, &v, rig_others(r));
            cluster_adopt(r->c, n, list[i].wire, ev.certificate);
        }
    }
    ev.tip = n->tip;
    (void)rig_feed(r, &ev);
}

/* Answers to what was asked long ago, or never. */
static void op_answer(struct rig *r, const struct op *o)
{
    struct rig_block b = rig_block_at(r, o->b);
    struct pbft_event ev = { .kind = o->a % 2 == 0 ? PBFT_EXECUTED : PBFT_BUILT,
                             .block = b.hash,
                             .err = o->c % 2 == 0 ? ERR_PROOF : ERR_NONE };
    (void)rig_feed(r, &ev);
}

static void op_arrive(struct rig *r, const struct op *o)
{
    for (uint32_t n = 0; n <= o->a % RIG_ANSWERS; n++) {
        rig_answer(r);
    }
}

/* The vote log is nearly as long as it gets: soon it is cut. An observer writes none. */
static void op_long_log(struct rig *r, const struct op *o)
{
    struct pbft *p = rig_node(r);
    p->log_records = r->self < r->c->seats ? PBFT_TRIM_RECORDS - o->a % 8U : 0;
}

static void op_fail(struct rig *r, const struct op *o)
{
    r->c->node[r->self].fails = o->a % 2 == 0;
}

static void op_may_vote(struct rig *r, const struct op *o)
{
    (void)rig_feed(r, &(struct pbft_event){ .kind = PBFT_MAY_VOTE, .yes = o->a % 2 == 0 });
}

static void op_peer_up(struct rig *r, const struct op *o)
{
    (void)rig_feed(r, &(struct pbft_event){ .kind = PBFT_PEER_UP,
                                            .from = o->b == 1 ? PBFT_OBSERVER : seat_of(r, o->a) });
}

static void op_restart(struct rig *r, const struct op *o)
{
    rig_restart(r, o->a % 2 == 0);
    rig_check(r);
}

/* From now on, until it has happened, the node may die between any two effects. */
static void op_die(struct rig *r, const struct op *o)
{
    r->c->crash_permille = o->a;
    r->c->random = o->b;
}

/* Something said before, as it was or with a byte changed. */
static void op_again(struct rig *r, const struct op *o)
{
    struct bytes x = r->heard[o->b % RIG_HEARD], copy = { NULL, 0 };
    if (x.len == 0) {
        return;
    }
    ASSERT(arena_copy(&r->c->scratch, x, &copy) == ERR_NONE);
    if (o->c % 2 == 1) {
        ((uint8_t *)(uintptr_t)copy.ptr)[(o->d * 256 + o->e) % copy.len] ^= (uint8_t)(o->f | 1);
    }
    copy.len -= o->c == 2 && copy.len > o->f ? o->f : 0;
    (void)rig_hear(r, seat_of(r, o->a), copy);
}

static void op_raw(struct rig *r, const struct op *o)
{
    const uint8_t raw[] = { o->b, o->c, o->d, o->e, o->f, o->g };
    struct bytes copy = { NULL, 0 };
    ASSERT(arena_copy(&r->c->scratch, bytes_of(raw, o->a % (sizeof raw + 1)), &copy) == ERR_NONE);
    (void)rig_hear(r, PBFT_OBSERVER, copy);
}

/* ---- the target ------------------------------------------------------------------------------ */

static void (*const OPS[])(struct rig *r, const struct op *o) = {
    op_block,     op_propose, op_votes,   op_tick,   op_certificate, op_changes, op_new_view,
    op_repropose, op_synced,  op_restart, op_again,  op_give_block,  op_die,     op_get_block,
    op_may_vote,  op_peer_up, op_fail,    op_answer, op_raw,         op_arrive,  op_long_log,
};

/* Some codes of OPS, for the inputs that a corpus begins with. */
enum {
    BLOCK,
    PROPOSE,
    VOTES,
    TICK,
    CERTIFICATE,
    CHANGES,
    NEW_VIEW,
    REPROPOSE,
    SYNCED,
    RESTART,
    ARRIVE = 19,
    LONG_LOG
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
    static const uint32_t SEATS[] = { 4, 7, 4, 5 };
    struct op head = op_at(in, 0);
    struct rig r;
    uint32_t seats = SEATS[head.a % COUNT(SEATS)];
    rig_open(&r, seats, head.b % (seats + 1), head.c % 2 == 1);
    for (size_t at = FUZZ_OP_SIZE; at + FUZZ_OP_SIZE <= in.len; at += FUZZ_OP_SIZE) {
        struct op o = op_at(in, at);
        OPS[o.code % COUNT(OPS)](&r, &o);
    }
    rig_close(&r);
}

static void seed_ops(const struct op *o, size_t count)
{
    fuzz_seed(bytes_of((const uint8_t *)o, count * sizeof *o));
}

static void seed(void)
{
    static const struct op TWO_BLOCKS[] = {
        { .b = 1 }, { .code = BLOCK }, { .code = BLOCK }, { .code = TICK, .a = 2 }
    };
    static const struct op LEADER[] = { { .b = 0 },
                                        { .code = TICK, .a = 1, .b = 2 },
                                        { .code = VOTES, .b = 1 },
                                        { .code = VOTES, .b = 1, .c = 1 },
                                        { .code = TICK, .a = 7 } };
    static const struct op PREPARED[] = { { .b = 2 },
                                          { .code = PROPOSE },
                                          { .code = VOTES, .b = 1 },
                                          { .code = CERTIFICATE, .b = 1 },
                                          { .code = CHANGES, .a = 5, .b = 1 },
                                          { .code = NEW_VIEW, .b = 1, .f = 2 },
                                          { .code = VOTES, .b = 1 },
                                          { .code = VOTES, .b = 1, .c = 1 } };
    static const struct op NEXT_LEADER[] = { { .b = 1 },
                                             { .code = PROPOSE },
                                             { .code = VOTES, .b = 1 },
                                             { .code = TICK, .a = 4 },
                                             { .code = CHANGES, .a = 0 },
                                             { .code = VOTES, .b = 1 },
                                             { .code = TICK, .a = 4, .b = 1 } };
    static const struct op BACK[] = { { .b = 3 },          { .code = PROPOSE, .c = 0 },
                                      { .code = RESTART }, { .code = VOTES, .b = 1 },
                                      { .code = RESTART }, { .code = VOTES, .b = 1, .c = 1 } };
    static const struct op WATCHER[] = {
        { .b = 4 },           { .code = BLOCK }, { .code = CHANGES, .a = 5 },
        { .code = NEW_VIEW }, { .code = BLOCK }, { .code = SYNCED, .b = 1 }
    };
    static const struct op CUT[] = { { .b = 1, .c = 1 },
                                     { .code = PROPOSE },
                                     { .code = ARRIVE },
                                     { .code = VOTES, .b = 1 },
                                     { .code = LONG_LOG, .a = 1 },
                                     { .code = CERTIFICATE, .b = 1 },
                                     { .code = CHANGES, .a = 5, .b = 1 },
                                     { .code = NEW_VIEW, .b = 1, .f = 2 },
                                     { .code = LONG_LOG },
                                     { .code = VOTES, .b = 1 },
                                     { .code = RESTART },
                                     { .code = VOTES, .b = 1, .c = 1 } };
    seed_ops(TWO_BLOCKS, COUNT(TWO_BLOCKS));
    seed_ops(CUT, COUNT(CUT));
    seed_ops(LEADER, COUNT(LEADER));
    seed_ops(PREPARED, COUNT(PREPARED));
    seed_ops(NEXT_LEADER, COUNT(NEXT_LEADER));
    seed_ops(BACK, COUNT(BACK));
    seed_ops(WATCHER, COUNT(WATCHER));
}

static const struct fuzz_target ROWS[] = {
    { "consensus-steps", FUZZ_OP_SIZE *(OPS_MAX + 1), run, seed },
};
const struct fuzz_family FUZZ_PBFT = { ROWS, COUNT(ROWS) };
