#include "ledger/admission.h"
#include "node/replica_parts_internal.h"

/* The effects interpreter as its shell sees it: memory, entry points, what it says of itself. */

static size_t block_max(const struct genesis *g)
{
    uint64_t limit = g->param[PARAM_BLOCK_SIZE_MAX];
    return limit < BLOCK_SIZE_MAX ? (size_t)limit : (size_t)BLOCK_SIZE_MAX;
}

/* A range of the chain may have to hold a whole pipeline of blocks (replica_serve.c). */
static size_t message_max(const struct genesis *g)
{
    return PBFT_OPEN_MAX * block_max(g) + REPLICA_SMALL_MESSAGES;
}

static size_t record_max(const struct genesis *g)
{
    return block_max(g) + REPLICA_SMALL_MESSAGES;
}

static size_t log_pending(const struct genesis *g)
{
    return (PBFT_OPEN_MAX + 2) * record_max(g);
}

static uint64_t heights_max(const struct replica_config *c)
{
    return c->heights_max == 0 ? REPLICA_HEIGHTS_DEFAULT : c->heights_max;
}

static struct blocklog_config blocks_config(const struct replica_config *c)
{
    return (struct blocklog_config){ .disk = &c->ports.disk,
                                     .suite = c->suite,
                                     .record_max = record_max(c->genesis),
                                     .pending_max = log_pending(c->genesis),
                                     .heights_max = heights_max(c),
                                     .segment_log2 = c->segment_log2 };
}

static size_t work_size(const struct genesis *g)
{
    return 4 * message_max(g) + 2 * 1024 * 1024;
}

static struct pbft_config consensus_config(const struct replica_config *c, struct replica *r)
{
    size_t block = block_max(c->genesis);
    return (struct pbft_config){ .suite = c->suite,
                                 .genesis = c->genesis,
                                 .self = r == NULL ? 0 : r->seat,
                                 .keys = { r, replica_key },
                                 .signer = { r, replica_sign },
                                 .view_timeout_ms = c->view_timeout_ms,
                                 .view_timeout_max_ms = c->view_timeout_max_ms,
                                 .resend_ms = c->resend_ms,
                                 .message_bytes = 3 * (block + 64 * 1024) + 1024 * 1024,
                                 .blocks_bytes = PBFT_BLOCKS_KEPT_MAX * block };
}

size_t replica_memory_size(const struct replica_config *c)
{
    const struct genesis *g = c->genesis;
    struct pbft_config p = consensus_config(c, NULL);
    struct blocklog_config blocks = blocks_config(c);
    return sizeof(struct replica) + g->participant_count * sizeof(struct peer) +
           blocklog_memory(&blocks) +
           (size_t)replica_rows_max(g) *
               (sizeof(struct key_row) + REPLICA_KEY_EPOCHS * sizeof(struct key_slot)) +
           log_pending(g) + work_size(g) + 2 * (c->limits.scratch_bytes + 2 * message_max(g)) +
           REPLICA_GOSSIP_BYTES + replica_make_memory(block_max(g)) +
           replica_take_memory(block_max(g)) + ledger_memory_size(&c->limits) +
           pbft_memory_size(&p) + 4096; /* alignment of all these */
}

static enum err carve(struct replica *r, struct arena *region)
{
    const struct genesis *g = r->genesis;
    const struct storage *disk = &r->config.ports.disk;
    struct blocklog_config blocks = blocks_config(&r->config);
    r->peer = ARENA_ARRAY(region, struct peer, r->peer_count);
    r->seating.rows = replica_rows_max(g);
    r->seating.row = ARENA_ARRAY(region, struct key_row, r->seating.rows);
    r->key = ARENA_ARRAY(region, struct key_slot, (size_t)r->seating.rows * REPLICA_KEY_EPOCHS);
    if (r->peer == NULL || r->seating.row == NULL || r->key == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(blocklog_init(&r->blocks, &blocks, region));
    TRY(reclog_init(&r->votes, disk, "votes.log", record_max(g), log_pending(g), region));
    TRY(replica_make_init(r, region));
    TRY(replica_take_init(r, region));
    TRY(arena_split(region, work_size(g), &r->work));
    for (size_t i = 0; i < COUNT(r->batch); i++) {
        TRY(arena_split(region, r->config.limits.scratch_bytes, &r->batch[i].notice_arena));
        TRY(arena_split(region, 2 * message_max(g), &r->batch[i].out_arena));
    }
    return arena_split(region, REPLICA_GOSSIP_BYTES, &r->gossip_arena);
}

static enum err assemble(struct replica *r, struct arena *region)
{
    const struct replica_config *c = &r->config;
    struct key_source keys = { r, replica_key };
    TRY(carve(r, region));
    TRY(ledger_init(r->suite, r->genesis, c->contracts, &c->store, &c->limits, &keys, region,
                    &r->ledger));
    ledger_tell(r->ledger, &c->ports.activity);
    replica_sit_at_genesis(r);
    struct pbft_config p = consensus_config(c, r);
    return pbft_init(&p, region, &r->pbft);
}

enum err replica_init(const struct replica_config *config, struct arena *region, uint64_t now_ms,
                      struct replica **out)
{
    if (config->genesis->participant_count > REPLICA_PEERS_MAX ||
        config->self >= config->genesis->participant_count ||
        config->anchor_count > TRUST_ANCHORS_MAX) {
        return ERR_RANGE;
    }
    struct replica *r = ARENA_NEW(region, struct replica);
    if (r == NULL) {
        return ERR_NO_SPACE;
    }
    r->config = *config;
    r->suite = config->suite;
    r->genesis = config->genesis;
    r->now_ms = now_ms;
    r->block_max = block_max(r->genesis);
    r->message_max = message_max(r->genesis);
    r->peer_count = r->genesis->participant_count;
    r->keys_epoch = UINT64_MAX;
    TRY(assemble(r, region));
    TRY(replica_anchors_read(r));
    TRY(replica_recover(r));
    replica_clear(r);
    r->tick_due = true;
    *out = r;
    return ERR_NONE;
}

/* Room for all that one call may commit or persist, and a disk that takes it; otherwise nothing
 * moves. */
static enum err ready(struct replica *r, uint64_t now_ms)
{
    r->now_ms = now_ms;
    arena_reset(&r->work);
    if (r->broken) {
        return ERR_FAILED;
    }
    size_t need = (PBFT_OPEN_MAX + 1) * record_max(r->genesis);
    if (r->disk_failed) {
        return ERR_DISK_FULL; /* the next flush tries again */
    }
    if (!reclog_has_room(&r->blocks.log, need) ||
        !reclog_has_room(&r->votes, record_max(r->genesis))) {
        return replica_persist(r);
    }
    return ERR_NONE;
}

void replica_peer(struct replica *r, uint64_t now_ms, uint32_t peer, bool up)
{
    if (peer >= r->peer_count || peer == r->config.self) {
        return;
    }
    struct peer *p = &r->peer[peer];
    p->up = up;
    p->heard = false;
    p->liar = false;
    if (ready(r, now_ms) != ERR_NONE) {
        return;
    }
    (void)!replica_take(r, (struct sync_event){ .kind = SYNC_PEER, .from = peer, .yes = up });
    if (up) {
        replica_hello(r, peer);
        replica_say_open_keys(r, peer);
    }
}

static enum err receive_own(struct replica *r, uint32_t peer, struct bytes wire)
{
    struct peer_message m;
    TRY(peer_decode(wire, r->message_max, &r->work, &m));
    switch ((int)m.kind) {
    case PEER_HELLO:
        return replica_on_hello(r, peer, m.hello);
    case PEER_HELLO_ANSWER:
        return replica_on_answer(r, peer, m.answer);
    case PEER_GET_BLOCK:
        return replica_serve_block(r, peer, &m.block);
    case PEER_GET_CHAIN:
        return replica_serve_chain(r, peer, m.from, m.count);
    case PEER_CHAIN:
        return replica_on_chain(r, peer, m.chain);
    case PEER_TRANSACTIONS:
        return replica_on_txs(r, m.txs);
    case PEER_EPOCH_KEYS:
        return replica_learn_keys(r, m.keys);
    case PEER_SNAPSHOT_GET:
        return replica_serve_snapshot(r, peer, m.from);
    case PEER_PIECE_GET:
        return replica_serve_piece(r, peer, m.height, m.piece);
    case PEER_SNAPSHOT:
        return replica_take_offer(r, peer, m.body);
    case PEER_PIECE:
        return replica_take(r, (struct sync_event){ .kind = SYNC_PIECE,
                                                    .from = peer,
                                                    .height = m.height,
                                                    .piece = m.piece,
                                                    .bytes = m.body });
    default:
        return ERR_UNSUPPORTED;
    }
}

static enum err receive_consensus(struct replica *r, uint32_t peer, struct bytes wire)
{
    if (!r->started) {
        return ERR_STATE;
    }
    struct pbft_event ev = {
        .kind = PBFT_MESSAGE, .now_ms = r->now_ms, .from = r->seat_of[peer], .bytes = wire
    };
    TRY(replica_step(r, &ev));
    replica_saw_vote(r, peer, wire);
    return ERR_NONE;
}

enum err replica_receive(struct replica *r, uint64_t now_ms, uint32_t peer, struct bytes message)
{
    if (peer >= r->peer_count || peer == r->config.self) {
        return ERR_PEER;
    }
    TRY(ready(r, now_ms));
    switch (peer_kind_of(message)) {
    case PEER_NONE:
        return ERR_ENCODING;
    case PEER_PROPOSE:
    case PEER_VOTE:
    case PEER_VIEW_CHANGE:
    case PEER_NEW_VIEW:
    case PEER_BLOCK:
        return receive_consensus(r, peer, message);
    case PEER_HELLO:
    case PEER_HELLO_ANSWER:
    case PEER_GET_BLOCK:
    case PEER_GET_CHAIN:
    case PEER_CHAIN:
    case PEER_TRANSACTIONS:
    case PEER_EPOCH_KEYS:
    case PEER_SNAPSHOT_GET:
    case PEER_SNAPSHOT:
    case PEER_PIECE_GET:
    case PEER_PIECE:
        return receive_own(r, peer, message);
    case PEER_KIND_END:
        break;
    }
    r->config.ports.other(r->config.ports.ctx, peer, message);
    return ERR_NONE;
}

enum err replica_submit(struct replica *r, uint64_t now_ms, struct bytes tx, struct hash *id)
{
    TRY(ready(r, now_ms));
    enum activity was = replica_turn(r, ACTIVITY_EXECUTE);
    enum err e = ledger_submit(r->ledger, tx, now_ms, id);
    (void)replica_turn(r, was);
    TRY(e);
    replica_gossip_add(r, tx);
    r->tick_due = true;
    return ERR_NONE;
}

/* HELLO again: at once to whom has not answered yet, and now and then to all, because it carries
 * height and keys. */
static void hello_tick(struct replica *r)
{
    if (r->now_ms >= r->hello_ms) {
        r->hello_ms = r->now_ms + (uint64_t)REPLICA_HELLO_REPEAT * r->config.resend_ms;
        replica_hello(r, REPLICA_PEER_ALL);
        replica_say_open_keys(r, REPLICA_PEER_ALL);
        return;
    }
    for (uint32_t i = 0; r->now_ms >= r->resend_ms && i < r->peer_count; i++) {
        if (r->peer[i].up && !r->peer[i].answered && i != r->config.self) {
            replica_hello(r, i);
        }
    }
}

void replica_tick(struct replica *r, uint64_t now_ms)
{
    if (ready(r, now_ms) != ERR_NONE) {
        return;
    }
    r->tick_due = false;
    replica_epoch_tick(r);
    replica_hand_over_tick(r);
    hello_tick(r);
    replica_sync_tick(r);
    replica_take_tick(r);
    replica_make_tick(r);
    replica_serve_tick(r);
    replica_gossip_tick(r);
    if (now_ms >= r->resend_ms) {
        r->resend_ms = now_ms + r->config.resend_ms;
    }
    replica_clear(r);
    replica_tell_committee(r);
    if (r->started) {
        struct pbft_event ev = { .kind = PBFT_TICK,
                                 .now_ms = now_ms,
                                 .from = PBFT_OBSERVER,
                                 .pending = ledger_pending(r->ledger),
                                 .oldest_ms = ledger_oldest_pending_ms(r->ledger) };
        (void)!replica_step(r, &ev);
    }
}

static void sooner(uint64_t *at, uint64_t other)
{
    *at = other < *at ? other : *at;
}

uint64_t replica_deadline(const struct replica *r)
{
    if (r->disk_failed || r->broken) {
        return r->now_ms + r->config.resend_ms;
    }
    if (r->tick_due) {
        return r->now_ms;
    }
    uint64_t at = r->resend_ms;
    sooner(&at, r->hello_ms);
    if (r->gossip_count > 0) {
        sooner(&at, r->gossip_ms);
    }
    if (r->sync.active) {
        sooner(&at, r->sync.deadline_ms);
    }
    sooner(&at, sync_deadline(r->take));
    sooner(&at, replica_serve_deadline(r));
    if (r->maker.active) {
        sooner(&at, r->maker.next_ms);
    }
    if (r->started) {
        sooner(&at, pbft_status(r->pbft).deadline_ms);
    }
    return at > r->now_ms ? at : r->now_ms + 1;
}

struct replica_status replica_status(const struct replica *r)
{
    struct ledger_signature_counts signatures = ledger_signature_counts(r->ledger);
    struct replica_status s = { .pbft = pbft_status(r->pbft),
                                .tip = ledger_committed(r->ledger),
                                .boot = r->boot,
                                .pending = ledger_pending(r->ledger),
                                .syncing = r->sync.active || !r->started,
                                .disk_failed = r->disk_failed || r->broken,
                                .unsynced = r->durable != r->persisted,
                                .verified = signatures.verified + signatures.vouched,
                                .remembered = signatures.remembered,
                                .retry_ms = ledger_retry_ms(r->ledger),
                                .broken = r->broken,
                                .off_anchor = r->off_anchor,
                                .restart = r->installable,
                                .snapshots = r->snapshots,
                                .liars = sync_liars(r->take),
                                .base = r->blocks.base };
    for (uint32_t i = 0; i < r->peer_count; i++) {
        s.peers_up += r->peer[i].up ? 1 : 0;
    }
    s.voting = r->cleared && r->started && !s.disk_failed && r->seat != PBFT_OBSERVER;
    return s;
}

struct ledger *replica_ledger(struct replica *r)
{
    return r->ledger;
}
