#include "node/replica_parts_internal.h"

#include <string.h>

/* Taking a snapshot: the effects of consensus/sync carried out, and the installation of what is
 * whole. Pieces are kept beside the state in file "sync" and log "sync.log"; only a start installs
 * them, so that memory never has to follow. */

static const char HEAD[] = "sync", PIECES[] = "sync.log";

size_t replica_take_memory(size_t piece_max)
{
    return sync_memory() + 2 * (piece_max + 64) + 64;
}

enum err replica_take_init(struct replica *r, struct arena *region)
{
    struct sync_config c = { .suite = r->suite,
                             .genesis = r->genesis,
                             .self = r->config.self,
                             .peers = r->peer_count,
                             .retry_ms = r->config.resend_ms,
                             .piece_max = r->block_max,
                             .anchor_count = r->config.anchor_count,
                             .anchor = r->config.anchor };
    TRY(reclog_init(&r->taken, &r->config.ports.disk, PIECES, r->block_max + 64,
                    2 * (r->block_max + 64), region));
    return sync_init(&c, region, &r->take);
}

bool replica_can_take(const struct replica *r)
{
    return r->config.ports.store_reset != NULL;
}

static void forget_taken(struct replica *r)
{
    struct sync_effects none;
    struct sync_event stop = { .kind = SYNC_STOP, .now_ms = r->now_ms };
    const struct storage *d = &r->config.ports.disk;
    (void)!sync_step(r->take, &stop, &r->work, &none);
    r->snapshot_after_ms = r->now_ms + REPLICA_SNAPSHOT_PAUSE_MS;
    (void)!d->remove(d->ctx, HEAD);
    reclog_restart(&r->taken);
}

static enum err keep_piece(struct replica *r, const struct sync_effect *e)
{
    uint64_t offset = 0;
    TRY(reclog_append(&r->taken, e->piece, &e->bytes, 1, &offset));
    return reclog_flush(&r->taken);
}

static void ask(struct replica *r, const struct sync_effect *e, enum peer_kind kind)
{
    struct peer_message m = {
        .kind = kind, .from = e->height, .height = e->height, .piece = e->piece
    };
    replica_send_message(r, e->to, &m);
}

/* Blocks were faster: the snapshot has nothing that is not here, and its installation would begin
 * the block log anew. Where all honest nodes do that, the blocks are nowhere. */
bool replica_take_late(const struct replica *r)
{
    const struct snapshot *s = sync_snapshot(r->take);
    return s != NULL && r->blocks.height >= s->header.height;
}

static enum err carry(struct replica *r, const struct sync_effect *e)
{
    const struct storage *d = &r->config.ports.disk;
    switch (e->kind) {
    case SYNC_ASK_SNAPSHOT:
        ask(r, e, PEER_SNAPSHOT_GET);
        break;
    case SYNC_ASK_PIECE:
        ask(r, e, PEER_PIECE_GET);
        break;
    case SYNC_KEEP_SNAPSHOT:
        return d->replace(d->ctx, HEAD, e->bytes);
    case SYNC_KEEP_PIECE:
        return keep_piece(r, e);
    case SYNC_LIAR:
        r->peer[e->to].liar = true;
        replica_anchors_lie(r, e->to, e->why);
        break;
    case SYNC_GIVE_UP:
        r->snapshot_after_ms = r->now_ms + REPLICA_SNAPSHOT_PAUSE_MS;
        break;
    case SYNC_DONE:
        r->installable = !replica_take_late(r);
        return r->installable ? ERR_NONE : ERR_STALE;
    }
    return ERR_NONE;
}

enum err replica_take(struct replica *r, struct sync_event ev)
{
    struct sync_effects out;
    bool wanted = sync_phase_of(r->take) != SYNC_IDLE;
    ev.now_ms = r->now_ms;
    enum err answer = sync_step(r->take, &ev, &r->work, &out);
    for (uint32_t i = 0; i < out.count; i++) {
        size_t mark = arena_mark(&r->work);
        enum err e = carry(r, &out.effect[i]);
        arena_release(&r->work, mark);
        if (e != ERR_NONE) {
            forget_taken(r); /* the disk takes none, or blocks came first: blocks, then, or later */
            return e;
        }
    }
    if (wanted && sync_phase_of(r->take) == SYNC_IDLE) {
        replica_sync_want(r, r->sync.target); /* nobody has one: block by block */
    }
    return answer;
}

/* A snapshot is good for a start only with the blocks up to it, and of the newest a liar may be the
 * only one who has them: its commit votes were heard by nobody else. So it must not be newer than
 * what f + 1 say they have. Participants are asked for and not seats: who sits now is what a node
 * that begins does not know. */
uint64_t replica_obtainable(const struct replica *r)
{
    uint64_t least = 0;
    for (uint32_t i = 0; i < r->peer_count; i++) {
        uint32_t have = 0;
        /* Of a thousand participants few are nodes: the others have said nothing. */
        for (uint32_t k = 0; r->peer[i].height > 0 && k < r->peer_count; k++) {
            have += k != r->config.self && r->peer[k].height >= r->peer[i].height ? 1 : 0;
        }
        bool enough = have > committee_faulty_max(r->seating.now.count);
        least = enough && r->peer[i].height > least ? r->peer[i].height : least;
    }
    return least;
}

/* Nobody waits for who has no seat, and it may have one peer only. */
enum err replica_take_offer(struct replica *r, uint32_t peer, struct bytes snapshot)
{
    bool seated = r->seat != PBFT_OBSERVER;
    return replica_take(r,
                        (struct sync_event){ .kind = SYNC_OFFER,
                                             .from = peer,
                                             .height = seated ? replica_obtainable(r) : UINT64_MAX,
                                             .bytes = snapshot });
}

/* One peer's word is enough until 2f + 1 have said how far they are: then f + 1 must be so far, or
 * a boast would keep a node from its blocks while it looks for a snapshot that nobody has. */
bool replica_gap_is_wide(const struct replica *r, uint64_t at, uint64_t target)
{
    uint64_t gap = replica_snapshot_gap(r), can = replica_obtainable(r);
    uint32_t heard = 0;
    for (uint32_t i = 0; i < r->peer_count; i++) {
        heard += r->peer[i].heard && i != r->config.self ? 1 : 0;
    }
    bool enough = heard > 2 * committee_faulty_max(r->seating.now.count);
    uint64_t believed = enough && can < target ? can : target;
    return believed > at && believed - at > gap;
}

/* A snapshot instead of blocks: when the gap is wide, and then one that closes most of it; or when
 * peers have said that the blocks are gone. */
bool replica_take_instead(struct replica *r, uint64_t target, bool pruned)
{
    uint64_t log = r->blocks.height, at = ledger_committed(r->ledger).height;
    at = log > at ? log : at;
    bool wide = replica_gap_is_wide(r, at, target);
    if (sync_phase_of(r->take) != SYNC_IDLE || r->installable) {
        return true;
    }
    if (!replica_can_take(r) || r->now_ms < r->snapshot_after_ms || !(wide || pruned)) {
        return false;
    }
    at += pruned ? 0 : replica_snapshot_gap(r) / 2;
    (void)!replica_take(r, (struct sync_event){ .kind = SYNC_WANT, .height = at, .log = log });
    return sync_phase_of(r->take) != SYNC_IDLE;
}

void replica_take_tick(struct replica *r)
{
    if (sync_phase_of(r->take) != SYNC_IDLE && replica_take_late(r)) {
        forget_taken(r);
        r->installable = false;
        return;
    }
    if (r->now_ms >= sync_deadline(r->take)) {
        (void)!replica_take(r, (struct sync_event){ .kind = SYNC_TICK });
    }
}

/* At start: what was taken before the process ended, and its installation. */

static enum err kept_piece(void *user, uint64_t offset, uint64_t piece, struct bytes body)
{
    struct replica *r = user;
    struct sync_effects out;
    struct sync_event ev = { .kind = SYNC_KEPT, .now_ms = r->now_ms, .bytes = body };
    (void)offset;
    ev.piece = piece < SNAPSHOT_PIECES_MAX ? (uint32_t)piece : 0;
    (void)!sync_step(r->take, &ev, &r->work, &out);
    return ERR_NONE;
}

static enum err resume_taken(struct replica *r)
{
    const struct storage *d = &r->config.ports.disk;
    size_t len = 0;
    struct sync_effects out;
    enum reclog_end end;
    uint8_t *memory = arena_alloc(&r->work, SNAPSHOT_SIZE_MAX + 1);
    if (memory == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(d->read(d->ctx, HEAD, 0, memory, SNAPSHOT_SIZE_MAX + 1, &len));
    struct sync_event ev = { .kind = SYNC_RESUME, .bytes = bytes_of(memory, len) };
    if (sync_step(r->take, &ev, &r->work, &out) != ERR_NONE) {
        return ERR_NOT_FOUND; /* damaged: it will be asked for again */
    }
    return reclog_open(&r->taken, &r->work, r, kept_piece, &end);
}

struct install {
    struct replica *r;
    bool *there;
};

static enum err install_piece(void *user, uint64_t offset, uint64_t piece, struct bytes body)
{
    const struct install *in = user;
    struct replica *r = in->r;
    const struct snapshot *s = sync_snapshot(r->take);
    struct snapshot_entry *entry;
    uint32_t count = 0;
    (void)offset;
    if (piece >> s->depth != 0 || in->there[piece] ||
        snapshot_piece_verify(r->suite, s, (uint32_t)piece, body, r->block_max, &r->work, &entry,
                              &count) != ERR_NONE) {
        return ERR_NONE; /* of an older snapshot */
    }
    for (uint32_t i = 0; i < count; i++) {
        struct state_change c = { entry[i].contract, entry[i].tree_key, entry[i].stored };
        TRY(r->config.ports.store_change(r->config.ports.ctx, &c));
    }
    in->there[piece] = true;
    return ERR_NONE;
}

/* The view in one mark, then the log; the files that ask for it go last, so a crash in between does
 * it once more. */
static enum err install(struct replica *r)
{
    const struct snapshot *s = sync_snapshot(r->take);
    const struct replica_ports *p = &r->config.ports;
    struct install in = { r, ARENA_ARRAY(&r->work, bool, SNAPSHOT_PIECES_MAX) };
    enum reclog_end end;
    if (in.there == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(p->store_reset(p->ctx, s->header.height));
    TRY(reclog_open(&r->taken, &r->work, &in, install_piece, &end));
    TRY(replica_hand_overs_write(r, s->hand_over, s->hand_over_count));
    TRY(p->store_mark(p->ctx, s->header.height, s->header_bytes, &s->history));
    return blocklog_restart(&r->blocks, s->first.height - 1, &s->first.previous, &s->before);
}

/* Whether the view is already past the snapshot: blocks came first, or it was installed long ago.
 */
static bool outdated(struct replica *r)
{
    const struct replica_ports *p = &r->config.ports;
    uint64_t height = 0;
    struct bytes header;
    struct merkle_frontier history;
    return p->store_tip(p->ctx, &height, &header, &history) == ERR_NONE &&
           height > sync_snapshot(r->take)->header.height;
}

enum err replica_install_taken(struct replica *r)
{
    const struct storage *d = &r->config.ports.disk;
    size_t mark = arena_mark(&r->work);
    if (!replica_can_take(r)) {
        return ERR_NONE;
    }
    enum err e = resume_taken(r);
    bool whole = e == ERR_NONE && sync_missing(r->take) == 0;
    bool past = e == ERR_NONE && outdated(r);
    if (whole && !past) {
        e = install(r);
    }
    arena_release(&r->work, mark);
    if (e == ERR_NONE && (whole || past)) {
        forget_taken(r);
        r->snapshot_after_ms = 0;
        r->snapshots += past ? 0 : 1;
        return d->remove(d->ctx, PIECES);
    }
    return e == ERR_NOT_FOUND ? ERR_NONE : e;
}
