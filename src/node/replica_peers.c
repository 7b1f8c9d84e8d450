#include "node/replica_parts_internal.h"

/* Peers: who is there, what they remember of us, and whether this node may vote (FORMATS 14). */

void replica_send(struct replica *r, uint32_t peer, struct bytes message)
{
    struct bytes copy = { NULL, 0 };
    struct batch *b = &r->batch[r->newer];
    /* A full outbox loses the message, as a network would: consensus says its last words again. */
    if (r->broken || b->out_count == REPLICA_OUT_MAX ||
        arena_copy(&b->out_arena, message, &copy) != ERR_NONE) {
        return;
    }
    b->out[b->out_count++] = (struct out_message){ r->persisted, peer, copy };
}

void replica_send_message(struct replica *r, uint32_t peer, const struct peer_message *m)
{
    struct bytes wire = { NULL, 0 };
    if (peer_encode(m, r->message_max, &r->work, &wire) == ERR_NONE) {
        replica_send(r, peer, wire);
    }
}

static struct vote_mark own_mark(const struct replica *r)
{
    struct vote v;
    if (!pbft_last_vote(r->pbft, &v)) {
        return (struct vote_mark){ 0 };
    }
    return (struct vote_mark){ v.epoch, v.view, v.height, v.kind };
}

/* Votes of a seat are ordered by epoch, view, height and kind: a seat never signs backwards. */
static bool mark_later(const struct vote_mark *a, const struct vote_mark *b)
{
    if (a->kind == 0 || b->kind == 0) {
        return a->kind != 0 && b->kind == 0;
    }
    if (a->epoch != b->epoch) {
        return a->epoch > b->epoch;
    }
    if (a->view != b->view) {
        return a->view > b->view;
    }
    return a->height != b->height ? a->height > b->height : a->kind > b->kind;
}

void replica_hello(struct replica *r, uint32_t peer)
{
    struct peer_hello *h = ARENA_NEW(&r->work, struct peer_hello);
    if (h == NULL) {
        return;
    }
    h->space = r->genesis->space;
    h->node = r->genesis->participant[r->config.self].id;
    h->purpose = 1;
    h->boot = r->boot;
    h->height = r->blocks.height;
    h->vote = own_mark(r);
    replica_own_keys(r, &h->keys);
    struct peer_message m = { .kind = PEER_HELLO, .hello = h };
    replica_send_message(r, peer, &m);
}

void replica_saw_vote(struct replica *r, uint32_t peer, struct bytes message)
{
    struct bytes wire = { NULL, 0 };
    uint32_t seat = 0;
    struct vote v;
    if (peer_vote_of(message, &wire, &seat) != ERR_NONE || seat != r->seat_of[peer] ||
        vote_decode(wire, &r->work, &v) != ERR_NONE) {
        return;
    }
    struct vote_mark mark = { v.epoch, v.view, v.height, v.kind };
    if (mark_later(&mark, &r->peer[peer].vote)) {
        r->peer[peer].vote = mark;
    }
}

/* A boot number below one seen, or a last vote before one seen, is a disk that went back in time.
 * An equal boot number is the same run saying HELLO again. */
static void answer_hello(struct replica *r, uint32_t peer, const struct peer_hello *h)
{
    struct peer *p = &r->peer[peer];
    struct peer_hello_answer answer = { .boot = p->boot, .vote = p->vote };
    answer.objection = h->boot < p->boot || mark_later(&p->vote, &h->vote) ? 1 : 0;
    struct peer_message m = { .kind = PEER_HELLO_ANSWER, .answer = &answer };
    replica_send_message(r, peer, &m);
}

static uint64_t higher(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Its first HELLO in this run says where it stands; what it says later is progress. */
static void place(struct peer *p, uint64_t height)
{
    if (!p->placed) {
        p->placed = true;
        p->reach = higher(p->reach, height);
    }
}

enum err replica_on_hello(struct replica *r, uint32_t peer, const struct peer_hello *h)
{
    struct peer *p = &r->peer[peer];
    if (!hash_equal(&h->space, &r->genesis->space) ||
        !hash_equal(&h->node, &r->genesis->participant[peer].id) || h->purpose != 1) {
        return ERR_PEER;
    }
    answer_hello(r, peer, h);
    bool again = p->heard && h->boot == p->boot;
    if (p->heard && h->boot > p->boot) {
        replica_hello(r, peer); /* it began again behind the same link, and knows nothing of us */
    }
    p->heard = true;
    p->boot = h->boot > p->boot ? h->boot : p->boot;
    p->height = h->height;
    place(p, h->height);
    /* Keys of a committee that is not known here yet are said again; the height is what helps. */
    enum err keys = replica_learn_keys(r, &h->keys);
    if (h->height > r->blocks.height) {
        replica_sync_want(r, h->height);
    }
    if (!again && r->started && r->seat_of[peer] != PBFT_OBSERVER) {
        struct pbft_event ev = { .kind = PBFT_PEER_UP,
                                 .now_ms = r->now_ms,
                                 .from = r->seat_of[peer] };
        TRY(replica_step(r, &ev));
    }
    return keys;
}

/* An answer is judged by what it says, not by its flag: one that belongs to an earlier run of ours,
 * or that invents nothing later than our own record, is no objection. */
enum err replica_on_answer(struct replica *r, uint32_t peer, const struct peer_hello_answer *h)
{
    struct peer *p = &r->peer[peer];
    struct vote_mark own = own_mark(r);
    p->answered = true;
    p->reach = higher(p->reach, h->vote.height);
    p->objects = h->boot > r->boot || mark_later(&h->vote, &own);
    replica_clear(r);
    return ERR_NONE;
}

struct replica_seen replica_seen(const struct replica *r, uint32_t peer)
{
    ASSERT(peer < r->peer_count);
    const struct peer *p = &r->peer[peer];
    if (peer == r->config.self) {
        struct replica_status s = replica_status(r);
        return (struct replica_seen){ true, s.tip.height, s.pbft.view };
    }
    bool committed = p->vote.kind == VOTE_COMMIT;
    uint64_t voted = p->vote.kind == 0 ? 0 : p->vote.height - (committed ? 0 : 1);
    return (struct replica_seen){ p->up, p->height > voted ? p->height : voted, p->vote.view };
}

/* Whether our chain is past all that this node could have signed when the peer stood where it said:
 * the open blocks above that on either side. */
static bool passed(const struct replica *r, const struct peer *p)
{
    uint64_t height = ledger_committed(r->ledger).height;
    return p->placed && height > 2 * PBFT_OPEN_MAX && height - 2 * PBFT_OPEN_MAX > p->reach;
}

/* 2f peers without objection, or 2f whom our chain has passed. What this node has signed was open
 * above a block that n - f seats voted to commit; so at most 2f - 1 others did not, and of any 2f
 * one did and speaks for it. Our chain is certified: a height that a liar invents is never passed,
 * and delays nothing but his own word. */
void replica_clear(struct replica *r)
{
    if (r->cleared || r->seat == PBFT_OBSERVER) {
        return;
    }
    uint32_t need = 2 * committee_faulty_max(r->seating.now.count);
    uint32_t agree = 0, past = 0;
    for (uint32_t i = 0; i < r->peer_count; i++) {
        const struct peer *p = &r->peer[i];
        if (p->answered && i != r->config.self && r->seat_of[i] != PBFT_OBSERVER) {
            agree += p->objects ? 0 : 1;
            past += passed(r, p) ? 1 : 0;
        }
    }
    uint64_t height = ledger_committed(r->ledger).height;
    bool clear = agree >= need && !r->votes_damaged;
    if (!clear && !r->observes) {
        r->observes = true;
        r->began = height;
    }
    clear = clear || (past >= need && height > r->began + 2 * PBFT_OPEN_MAX);
    if (!clear) {
        return;
    }
    r->cleared = true;
    if (r->started) {
        struct pbft_event ev = { .kind = PBFT_MAY_VOTE, .now_ms = r->now_ms, .yes = true };
        (void)!replica_step(r, &ev);
    }
}
