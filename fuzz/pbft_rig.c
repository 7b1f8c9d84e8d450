#include "fuzz/pbft_rig.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "tests/fixtures/consensus_cluster_internal.h"

enum { SIGNATURE_SIZE = 16, RIG_SCRATCH = 48 << 20 };

static void must(enum err e)
{
    ASSERT(e == ERR_NONE);
}

static struct bytes kept(struct rig *r, struct bytes x)
{
    struct bytes copy = { NULL, 0 };
    must(arena_copy(&r->c->scratch, x, &copy));
    return copy;
}

/* ---- life ------------------------------------------------------------------------------------ */

static struct rig *now_open; /* the cluster's hooks know their cluster only */

static void keep_answer(struct cluster *c, uint32_t node, const struct pbft_event *ev)
{
    struct rig *r = now_open;
    ASSERT(c == r->c && node == r->self && r->answers < RIG_ANSWERS);
    r->answer[r->answers++] = *ev;
}

void rig_open(struct rig *r, uint32_t seats, uint32_t self, bool late)
{
    static void *scratch;
    if (scratch == NULL) {
        scratch = malloc(RIG_SCRATCH);
    }
    *r = (struct rig){ .c = calloc(1, sizeof(struct cluster)), .self = self };
    r->before = malloc(sizeof *r->before);
    ASSERT(r->c != NULL && r->before != NULL && scratch != NULL);
    cluster_begin(r->c, arena_over(scratch, RIG_SCRATCH), seats, 1, 1);
    r->c->manual = true;
    r->c->answer = late ? keep_answer : NULL;
    now_open = r;
    ASSERT(self < r->c->nodes);
    cluster_start(r->c, self, true);
    rig_check(r);
}

void rig_close(struct rig *r)
{
    free(r->before);
    cluster_free(r->c);
}

void rig_restart(struct rig *r, bool may_vote)
{
    if (r->c->node[r->self].up) {
        cluster_crash(r->c, r->self);
    }
    r->answers = 0;
    cluster_start(r->c, r->self, may_vote);
}

struct pbft *rig_node(struct rig *r)
{
    if (!r->c->node[r->self].up) {
        r->c->crash_permille = 0;
        r->answers = 0;
        cluster_start(r->c, r->self, true);
    }
    return r->c->node[r->self].pbft;
}

uint32_t rig_others(const struct rig *r)
{
    return ((1U << r->c->seats) - 1) & ~(1U << r->self);
}

/* ---- what is asserted ------------------------------------------------------------------------ */

static void own_vote(struct rig *r, const struct vote *v)
{
    for (uint32_t i = 0; i < r->own_count; i++) {
        const struct vote *o = &r->own[i];
        if (o->view == v->view && o->height == v->height && o->kind == v->kind) {
            ASSERT(hash_equal(&o->block, &v->block));
            return; /* said again */
        }
    }
    /* A vote that was written when the node crashed may be said first after it asked for a view. */
    ASSERT(v->view >= r->asked || r->c->crashes > 0);
    if (r->own_count < RIG_OWN_VOTES) {
        r->own[r->own_count++] = *v;
    }
    bool higher = !r->committed_vote || v->view > r->vote_view ||
                  (v->view == r->vote_view && v->height > r->vote_height);
    if (v->kind == VOTE_COMMIT && higher) {
        r->committed_vote = true;
        r->vote_view = v->view;
        r->vote_height = v->height;
        r->vote_epoch = v->epoch;
    }
}

static void own_change(struct rig *r, const struct view_change *c)
{
    struct certificate cert = { .count = 0 };
    r->asked = c->view > r->asked ? c->view : r->asked;
    if (c->prepared.len > 0) {
        must(certificate_decode(c->prepared, &r->c->scratch, &cert));
        ASSERT(cert.view < c->view);
    }
    if (r->committed_vote && r->vote_view < c->view && r->vote_epoch + 1 >= c->epoch) {
        ASSERT(c->prepared.len > 0);
        ASSERT(cert.view > r->vote_view ||
               (cert.view == r->vote_view && cert.height >= r->vote_height));
    }
}

/* One message a node has sent; blocks of its own making are the others' to use. */
static void look(struct rig *r, struct bytes wire)
{
    struct message m = { .kind = MESSAGE_KIND_END };
    must(message_decode(wire, &r->c->scratch, &m));
    bool vote = m.kind == MESSAGE_VOTE || m.voted;
    if (vote) {
        ASSERT(m.vote.seat == r->self);
        own_vote(r, &m.vote.vote);
    }
    for (uint32_t i = 0; i < m.change_count; i++) {
        if (m.change[i].seat == r->self) {
            own_change(r, &m.change[i]);
        }
    }
    if (m.kind == MESSAGE_PROPOSE) {
        struct block b;
        must(block_decode(&r->c->suite, m.block, &r->c->scratch, &b));
        struct ledger_tip parent = { .height = b.header.height - 1, .hash = b.header.previous };
        (void)rig_keep_block(r, &parent, m.block);
    }
    r->heard[r->heards++ % RIG_HEARD] = wire;
}

static void drain(struct rig *r)
{
    struct cluster *c = r->c;
    for (uint32_t i = 0; i < c->queued; i++) {
        bool again = i > 0 && bytes_equal(c->queue[i].bytes, c->queue[i - 1].bytes);
        if (!again) {
            look(r, kept(r, c->queue[i].bytes));
        }
    }
    while (c->queued > 0) {
        free((void *)(uintptr_t)c->queue[--c->queued].bytes.ptr);
    }
}

static void check_chain(const struct rig *r, const struct pbft *p)
{
    const struct cluster_node *n = &r->c->node[r->self];
    ASSERT(p->open_count <= p->chain_count && p->chain_count <= PBFT_OPEN_MAX);
    ASSERT(p->committed.height == n->tip.height);
    ASSERT(hash_equal(&p->committed.hash, &n->tip.hash));
    ASSERT(n->certified == n->tip.height || r->c->crashes > 0); /* or died between two commits */
    ASSERT(p->open_count <= n->open_count);
    for (uint32_t i = 0; i < p->open_count; i++) {
        ASSERT(hash_equal(&p->chain[i], &n->open[i]));
    }
    ASSERT(p->pool_used <= p->config.blocks_bytes);
}

static void check_prepared(const struct rig *r, const struct pbft *p)
{
    struct bytes wire;
    if (!r->committed_vote) {
        return;
    }
    ASSERT(p->prepared.size > 0);
    ASSERT(p->prepared.view > r->vote_view ||
           (p->prepared.view == r->vote_view && p->prepared.height >= r->vote_height));
    if (p->prepared.height > p->committed.height) {
        must(pbft_block(p, &p->prepared.block, &wire));
    }
}

void rig_check(struct rig *r)
{
    const struct cluster *c = r->c;
    drain(r);
    ASSERT(c->contradictions == 0 && c->unwritten == 0 && c->forks == 0);
    if (c->node[r->self].up) {
        const struct pbft *p = c->node[r->self].pbft;
        check_chain(r, p);
        check_prepared(r, p);
    }
}

/* ---- events ---------------------------------------------------------------------------------- */

static bool is_open(const struct rig *r, const struct hash *block)
{
    const struct cluster_node *n = &r->c->node[r->self];
    for (uint32_t i = 0; i < n->open_count; i++) {
        if (hash_equal(&n->open[i], block)) {
            return true;
        }
    }
    return false;
}

/* As a shell answers: what was built and has been dropped since is nothing. */
void rig_answer(struct rig *r)
{
    if (r->answers == 0) {
        return;
    }
    struct pbft_event ev = r->answer[0];
    r->answers--;
    memmove(r->answer, r->answer + 1, r->answers * sizeof r->answer[0]);
    if (ev.kind == PBFT_BUILT && ev.bytes.len > 0) {
        struct block b;
        must(block_decode(&r->c->suite, ev.bytes, &r->c->scratch, &b));
        ev.bytes = is_open(r, &b.hash) ? ev.bytes : bytes_of(NULL, 0);
    }
    (void)rig_feed(r, &ev);
}

/* Room for what a step may ask: the executor is late, not lost. */
static void make_room(struct rig *r)
{
    while (r->answers > RIG_ANSWERS / 2) {
        rig_answer(r);
    }
}

enum err rig_feed(struct rig *r, const struct pbft_event *ev)
{
    (void)rig_node(r);
    enum err e = cluster_feed(r->c, r->self, ev);
    rig_check(r);
    return e;
}

void rig_tick(struct rig *r)
{
    make_room(r);
    (void)rig_node(r);
    cluster_tick(r->c, r->self);
    rig_check(r);
}

/* What a refused message may leave: the clock, the count of second votes, the workspace. A pool
 * that is full has made room in vain. */
static void same_state(struct rig *r, struct pbft *after)
{
    struct pbft *b = r->before;
    b->now_ms = after->now_ms;
    b->step = after->step;
    b->out = after->out;
    b->equivocations = after->equivocations;
    ASSERT(memcmp(b, after, sizeof *b) == 0);
}

enum err rig_hear(struct rig *r, uint32_t from, struct bytes message)
{
    make_room(r);
    struct pbft *p = rig_node(r);
    struct pbft_event ev = { .kind = PBFT_MESSAGE, .from = from, .bytes = message };
    memcpy(r->before, p, sizeof *p);
    enum err e = cluster_feed(r->c, r->self, &ev);
    if (e != ERR_NONE && e != ERR_BUSY) {
        same_state(r, p);
    }
    rig_check(r);
    r->heard[r->heards++ % RIG_HEARD] = message;
    return e;
}

enum err rig_say(struct rig *r, uint32_t from, const struct message *m)
{
    struct bytes wire = { NULL, 0 };
    enum err e = message_encode(m, &r->c->scratch, &wire);
    return e == ERR_NONE ? rig_hear(r, from, wire) : e;
}

void rig_propose(struct rig *r, uint32_t from, uint8_t parts, const struct message *m)
{
    struct message vote = { .kind = MESSAGE_VOTE, .vote = m->vote };
    if (parts % 4 == 3) {
        (void)rig_say(r, from, &vote);
    }
    if (parts % 4 != 2) {
        (void)rig_say(r, from, m);
    }
    if (parts % 4 == 0 || parts % 4 == 2) {
        (void)rig_say(r, from, &vote);
    }
}

/* ---- parts ----------------------------------------------------------------------------------- */

struct rig_block rig_block_at(struct rig *r, uint8_t n)
{
    uint32_t count = r->blocks < RIG_BLOCKS ? r->blocks : RIG_BLOCKS;
    uint32_t at = n % (count + 1);
    if (at > 0) {
        return r->block[(r->blocks - at) % RIG_BLOCKS]; /* 1 is the newest */
    }
    struct ledger_tip tip = r->c->node[r->self].tip;
    return (struct rig_block){ .hash = tip.hash, .tip = tip };
}

const struct rig_block *rig_keep_block(struct rig *r, const struct ledger_tip *parent,
                                       struct bytes wire)
{
    struct block b;
    must(block_decode(&r->c->suite, wire, &r->c->scratch, &b));
    struct rig_block *slot = &r->block[r->blocks++ % RIG_BLOCKS];
    *slot = (struct rig_block){ .hash = b.hash, .wire = wire, .parent = *parent };
    slot->last_commit = b.header.last_commit.height;
    slot->tip = (struct ledger_tip){ .height = b.header.height,
                                     .time_ms = b.header.time_ms,
                                     .epoch = genesis_epoch(&r->c->genesis, b.header.time_ms),
                                     .hash = b.hash };
    return slot;
}

struct rig_block rig_block_of(const struct rig *r, const struct hash *hash)
{
    for (uint32_t i = 0; i < RIG_BLOCKS; i++) {
        if (r->block[i].wire.len > 0 && hash_equal(&r->block[i].hash, hash)) {
            return r->block[i];
        }
    }
    return (struct rig_block){ .wire = { NULL, 0 } };
}

/* One without a signature does not decode: blocks are made of those that do. */
void rig_keep_certificate(struct rig *r, struct bytes wire)
{
    struct certificate c;
    if (certificate_decode(wire, &r->c->scratch, &c) != ERR_NONE) {
        return;
    }
    r->certificate[r->certificates++ % RIG_CERTIFICATES] = wire;
}

struct bytes rig_certificate_at(const struct rig *r, uint8_t n)
{
    uint32_t count = r->certificates < RIG_CERTIFICATES ? r->certificates : RIG_CERTIFICATES;
    uint32_t at = n % (count + 1);
    return at == 0 ? bytes_of(NULL, 0) : r->certificate[(r->certificates - at) % RIG_CERTIFICATES];
}

static struct bytes sign(struct rig *r, uint32_t seat, uint64_t epoch, const char *tag,
                         struct bytes msg)
{
    struct pbft_config config = cluster_config(r->c, seat);
    uint8_t *signature = arena_alloc(&r->c->scratch, SIGNATURE_SIZE);
    ASSERT(signature != NULL && seat != r->self);
    must(config.signer.sign(config.signer.ctx, epoch, tag, msg, signature));
    return bytes_of(signature, SIGNATURE_SIZE);
}

struct signed_vote rig_vote(struct rig *r, uint32_t seat, const struct vote *v)
{
    struct signed_vote s = { .vote = *v, .seat = seat };
    must(vote_encode(v, &r->c->scratch, &s.wire));
    s.signature = sign(r, seat, v->epoch, "carnet/vote/v1", s.wire);
    return s;
}

struct bytes rig_certificate(struct rig *r, const struct vote *v, uint32_t seats)
{
    struct bytes wire = { NULL, 0 };
    struct certificate c = {
        .epoch = v->epoch, .kind = v->kind, .view = v->view, .height = v->height, .block = v->block
    };
    for (uint32_t s = 0; s < r->c->seats; s++) {
        if ((seats >> s & 1) != 0 && s != r->self) {
            c.seats |= 1U << s;
            c.signature[c.count++] = rig_vote(r, s, v).signature;
        }
    }
    must(certificate_encode(&c, &r->c->scratch, &wire));
    return wire;
}

struct view_change rig_change(struct rig *r, const struct view_change *fields)
{
    struct view_change c = *fields;
    must(view_change_body_encode(&c, &r->c->scratch, &c.body));
    c.signature = sign(r, c.seat, c.epoch, "carnet/view-change/v1", c.body);
    return c;
}
