#include "node/pieces_internal.h"
#include "node/replica_parts_internal.h"

#include <stdio.h>
#include <string.h>

/* Making and serving snapshots. One is made when a peer asks and none is young enough: from a view
 * of the folded store that stands still while commits go on, a few pieces at a time, into files of
 * which the two newest are kept. */

static void slot_names(uint32_t slot, char head[24], char pieces[24])
{
    (void)snprintf(head, 24, "snapshot-%u", slot);
    (void)snprintf(pieces, 24, "snapshot-%u.log", slot);
}

size_t replica_make_memory(size_t piece_max)
{
    return SNAPSHOT_PIECES_MAX * sizeof(struct state_subtree) +
           REPLICA_SNAPSHOTS * SNAPSHOT_PIECES_MAX * sizeof(uint64_t) + SNAPSHOT_SIZE_MAX +
           2 * (piece_max + 64) + 256;
}

enum err replica_make_init(struct replica *r, struct arena *region)
{
    struct maker *m = &r->maker;
    m->piece = ARENA_ARRAY(region, struct state_subtree, SNAPSHOT_PIECES_MAX);
    for (uint32_t i = 0; i < REPLICA_SNAPSHOTS; i++) {
        m->slot[i].offset = ARENA_ARRAY(region, uint64_t, SNAPSHOT_PIECES_MAX);
        if (m->slot[i].offset == NULL) {
            return ERR_NO_SPACE;
        }
    }
    TRY(arena_split(region, SNAPSHOT_SIZE_MAX, &m->arena));
    slot_names(0, m->head_name, m->log_name);
    TRY(reclog_init(&m->log, &r->config.ports.disk, m->log_name, r->block_max + 64,
                    2 * (r->block_max + 64), region));
    return m->piece == NULL ? ERR_NO_SPACE : ERR_NONE;
}

static struct made *newest_slot(struct replica *r)
{
    struct made *best = NULL;
    for (uint32_t i = 0; i < REPLICA_SNAPSHOTS; i++) {
        struct made *s = &r->maker.slot[i];
        if (s->ready && (best == NULL || s->height > best->height)) {
            best = s;
        }
    }
    return best;
}

static void stop_making(struct replica *r)
{
    if (r->maker.active) {
        r->config.ports.store_unpin(r->config.ports.ctx);
        r->maker.active = false;
    }
}

static enum err describe(struct replica *r, uint64_t height, struct snapshot *out)
{
    struct header header;
    struct bytes certified;
    uint64_t at = 0;
    TRY(replica_certified(r, height, &r->work, &certified, &at));
    if (at != height) {
        return ERR_NOT_FOUND; /* committed by a later one's certificate */
    }
    TRY(header_decode(bytes_of(r->header, r->header_len), &r->work, &header));
    ASSERT(header.height == height);
    TRY(replica_hand_overs(r, genesis_epoch(r->genesis, header.time_ms), &r->maker.arena,
                           &out->hand_over, &out->hand_over_count));
    return pieces_describe(&r->blocks, r->genesis, &header, certified, &r->maker.arena, &r->work,
                           out);
}

static void begin_pieces(struct replica *r, uint32_t depth)
{
    struct maker *m = &r->maker;
    m->snapshot.depth = depth;
    m->next = 0;
    reclog_restart(&m->log);
}

void replica_make_begin(struct replica *r)
{
    struct maker *m = &r->maker;
    uint64_t height = r->marked, pinned = 0;
    struct ledger_tip tip = ledger_committed(r->ledger);
    if (!m->wanted || m->active || height < 2 || tip.height != height || !r->started) {
        return;
    }
    arena_reset(&m->arena);
    m->snapshot = (struct snapshot){ .piece = m->piece };
    size_t mark = arena_mark(&r->work);
    enum err e = describe(r, height, &m->snapshot);
    arena_release(&r->work, mark);
    if (e != ERR_NONE || r->config.ports.store_pin(r->config.ports.ctx, &pinned) != ERR_NONE) {
        return; /* the next mark is another chance */
    }
    m->active = true;
    if (pinned != height) {
        stop_making(r);
        return;
    }
    m->wanted = false;
    m->at = m->slot[0].ready && newest_slot(r) == &m->slot[0] ? 1 : 0;
    m->slot[m->at].ready = false;
    slot_names(m->at, m->head_name, m->log_name);
    begin_pieces(r, pieces_depth(state_count(ledger_state(r->ledger))));
    m->next_ms = r->now_ms;
}

static enum err make_piece(struct replica *r)
{
    struct maker *m = &r->maker;
    struct bytes wire = { NULL, 0 };
    TRY(pieces_make(&r->config.ports, r->suite, m->snapshot.depth, m->next, r->block_max, &r->work,
                    &m->piece[m->next], &wire));
    if (!reclog_has_room(&m->log, wire.len)) {
        TRY(reclog_flush(&m->log));
    }
    TRY(reclog_append(&m->log, m->next, &wire, 1, &m->slot[m->at].offset[m->next]));
    m->next++;
    return ERR_NONE;
}

/* All pieces are there: they must come to the root that the quorum signed. */
static enum err finish(struct replica *r)
{
    struct maker *m = &r->maker;
    struct made *s = &m->slot[m->at];
    uint32_t count = 1U << m->snapshot.depth;
    struct bytes wire = { NULL, 0 };
    struct hash root;
    struct state_subtree *joined = ARENA_ARRAY(&r->work, struct state_subtree, count);
    if (joined == NULL) {
        return ERR_NO_SPACE;
    }
    memcpy(joined, m->piece, count * sizeof *joined);
    state_subtrees_join(r->suite, joined, m->snapshot.depth, &root);
    if (!hash_equal(&root, &m->snapshot.header.state_root)) {
        return ERR_CORRUPT;
    }
    TRY(reclog_flush(&m->log));
    TRY(snapshot_encode(&m->snapshot, &r->work, &wire));
    const struct storage *d = &r->config.ports.disk;
    TRY(d->replace(d->ctx, m->head_name, wire));
    s->height = m->snapshot.header.height;
    s->depth = m->snapshot.depth;
    s->ready = true;
    return ERR_NONE;
}

/* A piece that is too large is cut finer, as long as that is possible. */
static enum err make_some(struct replica *r)
{
    struct maker *m = &r->maker;
    for (int n = 0; n < REPLICA_PIECES_A_TURN && m->next >> m->snapshot.depth == 0; n++) {
        size_t mark = arena_mark(&r->work);
        enum err e = make_piece(r);
        arena_release(&r->work, mark);
        if (e == ERR_SIZE && m->snapshot.depth < SNAPSHOT_DEPTH_MAX) {
            begin_pieces(r, m->snapshot.depth + 1);
            return ERR_NONE;
        }
        TRY(e);
    }
    return m->next >> m->snapshot.depth == 0 ? ERR_NONE : finish(r);
}

void replica_make_tick(struct replica *r)
{
    struct maker *m = &r->maker;
    if (!m->active || r->now_ms < m->next_ms) {
        return;
    }
    size_t mark = arena_mark(&r->work);
    enum err e = make_some(r);
    arena_release(&r->work, mark);
    m->next_ms = r->now_ms + REPLICA_MAKE_MS;
    if (e != ERR_NONE || m->slot[m->at].ready) {
        m->failed += e != ERR_NONE ? 1 : 0;
        stop_making(r);
    }
}

/* Serving. */

static bool can_make(const struct replica *r)
{
    return r->config.ports.store_pin != NULL;
}

uint64_t replica_snapshot_gap(const struct replica *r)
{
    return r->config.snapshot_gap == 0 ? REPLICA_SNAPSHOT_GAP : r->config.snapshot_gap;
}

/* Young enough that who begins from it needs no other one. */
static bool young(struct replica *r, const struct made *s)
{
    return s->height + replica_snapshot_gap(r) / 2 >= ledger_committed(r->ledger).height;
}

enum err replica_serve_snapshot(struct replica *r, uint32_t peer, uint64_t above)
{
    struct peer_message m = { .kind = PEER_SNAPSHOT };
    const struct made *s = newest_slot(r);
    const struct storage *d = &r->config.ports.disk;
    if (s != NULL && young(r, s) && s->height > above) {
        char head[24], pieces[24];
        size_t len = 0;
        uint8_t *memory = arena_alloc(&r->work, SNAPSHOT_SIZE_MAX);
        slot_names((uint32_t)(s - r->maker.slot), head, pieces);
        if (memory == NULL) {
            return ERR_NO_SPACE;
        }
        TRY(d->read(d->ctx, head, 0, memory, SNAPSHOT_SIZE_MAX, &len));
        m.body = bytes_of(memory, len);
    } else if (can_make(r) && ledger_committed(r->ledger).height > above) {
        r->maker.wanted = true;
    }
    replica_send_message(r, peer, &m);
    return ERR_NONE;
}

static enum err give_piece(struct replica *r, const struct wanted_piece *w)
{
    struct peer_message m = { .kind = PEER_PIECE, .height = w->height, .piece = w->piece };
    for (uint32_t i = 0; i < REPLICA_SNAPSHOTS; i++) {
        const struct made *s = &r->maker.slot[i];
        if (!s->ready || s->height != w->height || w->piece >> s->depth != 0) {
            continue;
        }
        char head[24], pieces[24];
        uint64_t found = 0;
        slot_names(i, head, pieces);
        struct reclog log = { .disk = &r->config.ports.disk,
                              .name = pieces,
                              .record_max = r->block_max + 64,
                              .durable = UINT64_MAX };
        TRY(reclog_read(&log, s->offset[w->piece], &r->work, &found, &m.body));
    }
    r->maker.served += m.body.len + REPLICA_SERVE_COST;
    replica_send_message(r, w->peer, &m);
    return ERR_NONE;
}

/* Who asks for more than may be given now is answered in its turn: silence would cost it the time
 * after which it takes an answer for lost. */
static enum err wait_in_turn(struct maker *m, struct wanted_piece w)
{
    uint32_t of_peer = 0;
    for (uint32_t i = 0; i < m->waiting_count; i++) {
        const struct wanted_piece *x = &m->waiting[i];
        if (x->peer == w.peer && x->height == w.height && x->piece == w.piece) {
            return ERR_NONE;
        }
        of_peer += x->peer == w.peer ? 1 : 0;
    }
    if (of_peer == SYNC_WINDOW_MAX || m->waiting_count == REPLICA_WAITING_MAX) {
        return ERR_BUSY; /* it asks again */
    }
    m->waiting[m->waiting_count++] = w;
    return ERR_NONE;
}

enum err replica_serve_piece(struct replica *r, uint32_t peer, uint64_t height, uint32_t piece)
{
    struct wanted_piece w = { peer, piece, height };
    bool now = r->maker.served < REPLICA_SERVE_SIZE && r->maker.waiting_count == 0;
    return now ? give_piece(r, &w) : wait_in_turn(&r->maker, w);
}

void replica_serve_tick(struct replica *r)
{
    struct maker *m = &r->maker;
    uint32_t given = 0;
    if (r->now_ms < m->served_ms) {
        return;
    }
    m->served_ms = r->now_ms + REPLICA_SERVE_MS;
    m->served = 0;
    while (given < m->waiting_count && m->served < REPLICA_SERVE_SIZE) {
        size_t mark = arena_mark(&r->work);
        (void)!give_piece(r, &m->waiting[given++]); /* a damaged one: it asks again, then others */
        arena_release(&r->work, mark);
    }
    m->waiting_count -= given;
    memmove(m->waiting, m->waiting + given, m->waiting_count * sizeof *m->waiting);
}

uint64_t replica_serve_deadline(const struct replica *r)
{
    return r->maker.waiting_count == 0 ? UINT64_MAX : r->maker.served_ms;
}
