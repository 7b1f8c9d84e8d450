#include "fuzz/sync_rig.h"

#include <stdlib.h>

#include "fuzz/fuzz.h"

enum { RIG_SCRATCH = 96 << 20, HEAL_ROUNDS = 64, HEAL_MS = 2000, OWN_GAP = 1 << 20 };

static void must(enum err e)
{
    ASSERT(e == ERR_NONE);
}

static struct bytes kept(struct sync_rig *r, struct bytes x)
{
    struct bytes copy = { NULL, 0 };
    if (x.len > 0) {
        must(arena_copy(&r->scratch, x, &copy));
    }
    return copy;
}

/* ---- the space ------------------------------------------------------------------------------- */

static bool has_snapshot(const struct replica *r)
{
    return r->maker.slot[0].ready || r->maker.slot[1].ready;
}

/* One of its nodes is wiped on the way, so that others make snapshots. */
static struct world *space(void)
{
    static struct world *made;
    static struct sim_result result;
    uint32_t ready = 0;
    if (made != NULL) {
        return made;
    }
    struct sim_options o = { .seed = 2, .nodes = 4, .steps = 3500, .wipe_ms = 3000 };
    made = malloc(sizeof *made);
    ASSERT(made != NULL);
    must(sim_world_open(made, &o, &result));
    made->config.snapshot_gap = 8;
    must(sim_world_run(made));
    for (uint32_t i = 0; i < made->nodes; i++) {
        struct replica *server = made->node[i].replica;
        server->config.snapshot_gap = OWN_GAP; /* a snapshot never grows too old to be given */
        ready += has_snapshot(server) ? 1 : 0;
        ASSERT(replica_status(server).tip.height == made->height);
    }
    ASSERT(ready > 0 && made->genesis.participant_count == SYNC_RIG_PEERS);
    return made;
}

/* All of them stand for all: one that has made a snapshot, of those that were asked to. */
static uint32_t maker(const struct world *w)
{
    uint32_t i = 0;
    while (!has_snapshot(w->node[i].replica)) {
        i++;
    }
    return i;
}

struct bytes sync_rig_answer(struct sync_rig *r, uint32_t server, struct bytes request)
{
    enum peer_kind kind = peer_kind_of(request);
    bool reads = kind == PEER_GET_BLOCK || kind == PEER_GET_CHAIN || kind == PEER_SNAPSHOT_GET ||
                 kind == PEER_PIECE_GET;
    if (!reads) {
        return bytes_of(NULL, 0);
    }
    server = server < r->w->nodes ? server : 0; /* the fifth peer keeps all that the seats keep */
    bool of_snapshot = kind == PEER_SNAPSHOT_GET || kind == PEER_PIECE_GET;
    struct replica *s = r->w->node[of_snapshot ? maker(r->w) : server].replica;
    struct bytes out = { NULL, 0 };
    s->maker.served = 0;
    struct batch *b = &s->batch[s->newer];
    uint32_t count = b->out_count;
    if (replica_receive(s, r->w->now_ms, r->self, request) == ERR_NONE && b->out_count > count) {
        out = kept(r, b->out[count].bytes);
    }
    b->out_count = b->out_done = 0;
    arena_reset(&b->out_arena);
    return out;
}

/* ---- ports of the node under test ------------------------------------------------------------ */

static void port_send(void *ctx, uint32_t peer, struct bytes message)
{
    struct sync_rig *r = ctx;
    enum peer_kind kind = peer_kind_of(message);
    bool asks = kind == PEER_GET_BLOCK || kind == PEER_GET_CHAIN || kind == PEER_SNAPSHOT_GET ||
                kind == PEER_PIECE_GET || kind == PEER_HELLO;
    for (uint32_t to = 0; to < SYNC_RIG_PEERS && asks; to++) {
        if (to != r->self && r->up[to] && (peer == to || peer == REPLICA_PEER_ALL) &&
            r->asked < SYNC_RIG_ASKED) {
            r->request[r->asked++] = (struct sync_request){ to, kept(r, message) };
        }
    }
}

static enum err port_change(void *ctx, const struct state_change *c)
{
    struct sync_rig *r = ctx;
    return sim_store_change(&r->store, c);
}

static enum err port_mark(void *ctx, uint64_t height, struct bytes header,
                          const struct merkle_frontier *history)
{
    struct sync_rig *r = ctx;
    return sim_store_mark(&r->store, height, header, history);
}

static enum err port_tip(void *ctx, uint64_t *height, struct bytes *header,
                         struct merkle_frontier *history)
{
    struct sync_rig *r = ctx;
    return sim_store_tip(&r->store, height, header, history);
}

static enum err port_pin(void *ctx, uint64_t *height)
{
    struct sync_rig *r = ctx;
    return sim_store_pin(&r->store, height);
}

static enum err port_piece(void *ctx, uint32_t depth, uint32_t piece, void *user,
                           enum err (*visit)(void *user, uint16_t contract,
                                             const struct hash *tree_key, struct bytes stored))
{
    struct sync_rig *r = ctx;
    return sim_store_piece(&r->store, depth, piece, user, visit);
}

static void port_unpin(void *ctx)
{
    struct sync_rig *r = ctx;
    sim_store_unpin(&r->store);
}

static enum err port_reset(void *ctx, uint64_t height)
{
    struct sync_rig *r = ctx;
    (void)height;
    return sim_store_reset(&r->store);
}

static void check_tip(const struct sync_rig *r, const struct ledger_tip *tip)
{
    ASSERT(tip->height <= r->w->height);
    ASSERT(tip->height == 0 || hash_equal(&tip->hash, &r->w->block[tip->height].hash));
}

static void port_committed(void *ctx, const struct replica_commit *c)
{
    struct sync_rig *r = ctx;
    check_tip(r, &c->tip);
    ASSERT(c->tip.height > r->height);
    r->height = c->tip.height; /* told, so it is durable */
}

static enum err port_sync(void *ctx, const char *const *log, uint32_t count)
{
    struct sync_rig *r = ctx;
    ASSERT(!r->syncing);
    for (uint32_t i = 0; i < count; i++) {
        sim_disk_sync_begin(&r->disk, log[i]);
    }
    r->syncing = true;
    return ERR_NONE;
}

static enum err port_sync_wait(void *ctx)
{
    struct sync_rig *r = ctx;
    ASSERT(r->syncing);
    r->syncing = false;
    return sim_disk_sync_end(&r->disk);
}

static void port_other(void *ctx, uint32_t peer, struct bytes message)
{
    (void)ctx;
    (void)peer;
    (void)message;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void configure(struct sync_rig *r, uint64_t snapshot_gap, bool beside)
{
    struct replica_config c = r->w->config;
    c.self = r->self;
    c.contracts = &r->table;
    c.store = sim_store_port(&r->store);
    c.ports = (struct replica_ports){ .ctx = r,
                                      .send = port_send,
                                      .store_change = port_change,
                                      .store_mark = port_mark,
                                      .store_tip = port_tip,
                                      .store_pin = port_pin,
                                      .store_piece = port_piece,
                                      .store_unpin = port_unpin,
                                      .store_reset = port_reset,
                                      .committed = port_committed,
                                      .other = port_other };
    sim_disk_port(&r->disk, &c.ports.disk);
    c.ports.sync = beside ? port_sync : NULL;
    c.ports.sync_wait = beside ? port_sync_wait : NULL;
    c.seed = r->self < r->w->seats ? &r->seed : NULL;
    c.epoch_leaves = r->w->leaves[r->self];
    c.snapshot_gap = snapshot_gap;
    r->config = c;
}

static void start(struct sync_rig *r)
{
    static uint8_t *law, *region;
    static size_t size;
    if (region == NULL) {
        law = malloc(SIM_LAW_CACHE);
        size = replica_memory_size(&r->config);
        region = malloc(size);
        ASSERT(law != NULL && region != NULL);
    }
    contract_table_init(&r->env, law, SIM_LAW_CACHE, &r->table);
    struct arena memory = arena_over(region, size);
    enum err e = replica_init(&r->config, &memory, r->now_ms, &r->replica);
    if (e != ERR_NONE && (r->disk.full || r->disk.sync_fails)) {
        r->disk.full = r->disk.sync_fails = false;
        (void)sim_disk_crash(&r->disk, 0);
        sim_store_crash(&r->store);
        memory = arena_over(region, size);
        e = replica_init(&r->config, &memory, r->now_ms, &r->replica);
    }
    must(e);
    struct ledger_tip tip = replica_status(r->replica).tip;
    check_tip(r, &tip);
    ASSERT(tip.height >= r->height || r->disk_faulty);
    r->height = tip.height;
}

void sync_rig_open(struct sync_rig *r, uint32_t self, uint64_t snapshot_gap, bool beside)
{
    static void *scratch;
    if (scratch == NULL) {
        scratch = malloc(RIG_SCRATCH);
        ASSERT(scratch != NULL);
    }
    struct world *w = space();
    *r = (struct sync_rig){ .w = w, .self = self, .now_ms = w->now_ms };
    r->scratch = arena_over(scratch, RIG_SCRATCH);
    r->seed = w->first_seed[self];
    must(sim_store_open(&r->store));
    configure(r, snapshot_gap, beside);
    start(r);
}

void sync_rig_close(struct sync_rig *r)
{
    sim_disk_free(&r->disk);
    sim_store_free(&r->store);
}

void sync_rig_restart(struct sync_rig *r, uint64_t random)
{
    (void)sim_disk_crash(&r->disk, random);
    sim_store_crash(&r->store);
    r->asked = 0;
    r->syncing = false;
    for (uint32_t i = 0; i < SYNC_RIG_PEERS; i++) {
        r->up[i] = r->lied[i] = false;
    }
    start(r);
}

/* ---- events ---------------------------------------------------------------------------------- */

/* A snapshot that is whole is installed by starting again. */
static void settle(struct sync_rig *r)
{
    r->disk_faulty = r->disk_faulty || r->disk.full || r->disk.sync_fails;
    enum err e = replica_flush(r->replica, r->now_ms);
    struct replica_status s = replica_status(r->replica);
    ASSERT(e == ERR_NONE || r->disk_faulty);
    ASSERT(!s.broken || r->disk_faulty);
    check_tip(r, &s.tip);
    ASSERT(s.tip.height >= r->height || r->disk_faulty);
    for (uint32_t i = 0; i < SYNC_RIG_PEERS; i++) {
        ASSERT(!r->replica->peer[i].liar || r->lied[i]);
    }
    if (s.restart || s.broken) {
        sync_rig_restart(r, 1);
    }
}

void sync_rig_link(struct sync_rig *r, uint32_t peer, bool up)
{
    r->up[peer] = up;
    r->lied[peer] = false;
    replica_peer(r->replica, r->now_ms, peer, up);
    settle(r);
}

void sync_rig_hear(struct sync_rig *r, uint32_t peer, struct bytes wire, bool true_answer)
{
    r->lied[peer] = r->lied[peer] || !true_answer;
    r->heard[r->heards++ % SYNC_RIG_HEARD] = wire;
    (void)!replica_receive(r->replica, r->now_ms, peer, wire);
    settle(r);
}

void sync_rig_say(struct sync_rig *r, uint32_t peer, const struct peer_message *m, bool honest)
{
    struct bytes wire = { NULL, 0 };
    if (peer_encode(m, SYNC_RIG_SIZE_MAX, &r->scratch, &wire) == ERR_NONE) {
        sync_rig_hear(r, peer, wire, honest);
    }
}

void sync_rig_land(struct sync_rig *r)
{
    if (r->syncing) {
        r->syncing = false;
        replica_synced(r->replica, r->now_ms, sim_disk_sync_end(&r->disk));
        settle(r);
    }
}

void sync_rig_tick(struct sync_rig *r, uint64_t ms)
{
    sync_rig_land(r);
    r->now_ms += ms;
    replica_tick(r->replica, r->now_ms);
    settle(r);
}

bool sync_rig_take(struct sync_rig *r, struct sync_request *out)
{
    if (r->asked == 0) {
        return false;
    }
    *out = r->request[0];
    r->asked--;
    memmove(r->request, r->request + 1, r->asked * sizeof r->request[0]);
    return true;
}

void sync_rig_hello(struct sync_rig *r, uint32_t peer)
{
    struct peer_hello *h = ARENA_NEW(&r->scratch, struct peer_hello);
    ASSERT(h != NULL);
    h->space = r->w->genesis.space;
    h->node = r->w->genesis.participant[peer].id;
    h->purpose = 1;
    h->boot = 3;
    h->height = r->w->height;
    sync_rig_say(r, peer, &(struct peer_message){ .kind = PEER_HELLO, .hello = h }, true);
}

void sync_rig_serve(struct sync_rig *r)
{
    struct sync_request q;
    for (int n = 0; n < SYNC_RIG_ASKED && sync_rig_take(r, &q); n++) {
        struct bytes wire = sync_rig_answer(r, q.to, q.wire);
        if (peer_kind_of(q.wire) == PEER_HELLO) {
            struct peer_hello_answer answer = { .boot = 0 };
            sync_rig_say(r, q.to,
                         &(struct peer_message){ .kind = PEER_HELLO_ANSWER, .answer = &answer },
                         true);
        } else if (wire.len > 0) {
            sync_rig_hear(r, q.to, wire, true);
        }
    }
}

static void say_all(struct sync_rig *r)
{
    for (uint32_t i = 0; i < SYNC_RIG_PEERS; i++) {
        if (i != r->self) {
            if (!r->up[i]) {
                sync_rig_link(r, i, true);
            }
            sync_rig_hello(r, i);
        }
    }
}

void sync_rig_heal(struct sync_rig *r)
{
    bool voter = r->self < r->w->seats;
    r->disk.full = r->disk.sync_fails = false;
    for (uint32_t i = 0; i < SYNC_RIG_PEERS; i++) {
        if (r->up[i] && i != r->self) {
            sync_rig_link(r, i, false);
        }
    }
    bool there = false;
    for (int n = 0; n < HEAL_ROUNDS && !there; n++) {
        struct replica_status s = replica_status(r->replica);
        there = s.tip.height == r->w->height && (s.voting || !voter);
        say_all(r);
        sync_rig_serve(r);
        sync_rig_tick(r, HEAL_MS);
    }
    ASSERT(there);
}
