#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "node/blocklog_internal.h"
#include "node/heed_internal.h"
#include "node/node_internal.h"
#include "node/replica_codec_internal.h"
#include "node/seat_keys_internal.h"

/* The space behind the loop: views, contracts, the replica and its ports. */

static void *map_memory(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

/* Memory that is carved at start and touched as it is used: RSS follows what a space holds. */
static struct ledger_limits limits(void)
{
    struct ledger_limits l = ledger_limits_node();
    l.state.leaves_max = NODE_LEAVES_MAX;
    l.state.changes_max = NODE_CHANGES_MAX;
    l.state.overlay_bytes_max = 32 * 1024 * 1024;
    l.replay_max = NODE_REPLAY_MAX;
    l.mempool_txs_max = LEDGER_PENDING_MAX / 4;
    l.mempool_bytes_max = 16 * 1024 * 1024;
    return l;
}

static enum err port_change(void *ctx, const struct state_change *c)
{
    struct node *n = ctx;
    return store_change(n->store, c);
}

/* Both views become durable, the index first: it must never be behind the state. */
static enum err mark_views(struct node *n)
{
    if (n->book.height < n->mark_height) {
        return ERR_NONE; /* the commits of this batch come right after; then */
    }
    n->mark_height = UINT64_MAX;
    TRY(index_commit(&n->book));
    return store_commit(n->store);
}

static enum err port_mark(void *ctx, uint64_t height, struct bytes header,
                          const struct merkle_frontier *history)
{
    struct node *n = ctx;
    TRY(store_mark(n->store, height, header, history));
    n->mark_height = height;
    return mark_views(n);
}

static enum err port_tip(void *ctx, uint64_t *height, struct bytes *header,
                         struct merkle_frontier *history)
{
    struct node *n = ctx;
    return store_tip(n->store, height, header, history);
}

static enum err port_pin(void *ctx, uint64_t *height)
{
    struct node *n = ctx;
    return store_pin(n->store, height);
}

static enum err port_piece(void *ctx, uint32_t depth, uint32_t piece, void *user,
                           enum err (*visit)(void *user, uint16_t contract,
                                             const struct hash *tree_key, struct bytes stored))
{
    struct node *n = ctx;
    return store_piece(n->store, depth, piece, user, visit);
}

static void port_unpin(void *ctx)
{
    struct node *n = ctx;
    store_unpin(n->store);
}

/* A snapshot follows: what the index knew of earlier blocks cannot be continued. */
static enum err port_reset(void *ctx, uint64_t height)
{
    struct node *n = ctx;
    LOG("snapshot_installed", LOG_NUM("height", height));
    TRY(index_restart(&n->book, height));
    return store_clear(n->store);
}

static void views_failed(const struct node *n, enum err e)
{
    LOG("index_failed", LOG_ERR(e), LOG_NUM("height", n->book.height));
}

static void port_committed(void *ctx, const struct replica_commit *c)
{
    struct node *n = ctx;
    struct block b;
    size_t mark = arena_mark(&n->work);
    bool fresh = c->tip.height > n->book.height;
    enum activity was = meter_turn(&n->meter, ACTIVITY_DISK);
    enum err e = index_block(&n->book, n->suite, c, &n->work);
    if (e == ERR_NONE && fresh && block_decode(n->suite, c->block, &n->work, &b) == ERR_NONE) {
        attach_committed(n, &b, c);
    }
    arena_release(&n->work, mark);
    if (e == ERR_NONE && n->mark_height != UINT64_MAX) {
        e = mark_views(n);
    }
    if (e != ERR_NONE) {
        views_failed(n, e);
    }
    (void)meter_turn(&n->meter, ACTIVITY_REQUESTS);
    node_tell_watchers(n);
    (void)meter_turn(&n->meter, was);
}

static enum err port_sync(void *ctx, const char *const *log, uint32_t count)
{
    struct node *n = ctx;
    int fd[SYNCER_FDS_MAX];
    for (uint32_t i = 0; i < count; i++) {
        enum err e = disk_log_fd(&n->disk, log[i], &fd[i]);
        if (e != ERR_NONE) {
            while (i > 0) {
                (void)close(fd[--i]);
            }
            return e;
        }
    }
    syncer_start(n->syncer, fd, count);
    return ERR_NONE;
}

static enum err port_sync_wait(void *ctx)
{
    const struct node *n = ctx;
    return syncer_wait(n->syncer);
}

/* Votes wait behind all that was said before them, and transactions are said again. */
static bool crowded(const struct node *n, uint32_t peer)
{
    return peers_queued(n->peers, peer, PEER_LINK_CONSENSUS) > PEER_QUEUE_GOSSIP;
}

/* A newcomer hears our Hello before anything that was meant for everybody. */
static void port_send(void *ctx, uint32_t peer, struct bytes message)
{
    struct node *n = ctx;
    bool hello = peer_kind_of(message) == PEER_HELLO;
    bool txs = peer_kind_of(message) == PEER_TRANSACTIONS;
    enum activity was = meter_turn(&n->meter, ACTIVITY_NETWORK);
    for (uint32_t i = 0; n->peers != NULL && i < n->genesis.participant_count; i++) {
        if ((peer == REPLICA_PEER_ALL || peer == i) && i != n->self && n->link_up[i] &&
            (hello || n->greeted[i]) && !(txs && crowded(n, i))) {
            n->greeted[i] = true;
            peers_send(n->peers, i, PEER_LINK_CONSENSUS, message);
        }
    }
    (void)meter_turn(&n->meter, was);
}

static void port_anchor(void *ctx, const struct replica_anchor *x)
{
    struct node *n = ctx;
    anchors_told(&n->anchors, x);
}

static void port_other(void *ctx, uint32_t peer, struct bytes message)
{
    struct node *n = ctx;
    struct wire_message m;
    size_t mark = arena_mark(&n->work);
    if (wire_decode(message, &n->work, &m) != ERR_NONE) {
        peers_drop(n->peers, peer, PEER_LINK_CONSENSUS, "a message that cannot be read");
    } else if (m.kind == WIRE_REFUSAL) {
        LOG("refused_by_peer", LOG_NUM("peer", peer), LOG_NUM("code", m.index),
            LOG_HASH("subject", &m.id));
    } else {
        attach_message(n, peer, &m);
    }
    arena_release(&n->work, mark);
}

static void view_path(const struct node *n, const char *view, char out[NODE_PATH_SIZE + 16])
{
    (void)snprintf(out, NODE_PATH_SIZE + 16, "%s/%s", n->space_dir, view);
}

static enum err open_views(struct node *n)
{
    char path[NODE_PATH_SIZE + 16];
    TRY(disk_folder(&n->disk, "state"));
    TRY(disk_folder(&n->disk, "index"));
    view_path(n, "state", path);
    TRY(store_open(path, (size_t)NODE_MAP_GIB << 30, &n->store));
    view_path(n, "index", path);
    return index_open(&n->book, path, (size_t)NODE_MAP_GIB << 30);
}

static void close_views(struct node *n)
{
    index_close(&n->book);
    store_close(n->store);
    n->store = NULL;
}

static bool views_agree(struct node *n)
{
    struct merkle_frontier history;
    struct bytes header;
    uint64_t height = 0;
    enum err e = store_tip(n->store, &height, &header, &history);
    return (e == ERR_NOT_FOUND && n->book.height == 0) ||
           (e == ERR_NONE && n->book.height >= height);
}

static enum err remove_index(struct node *n)
{
    struct storage d = node_disk(n);
    TRY(d.remove(d.ctx, "index/data.mdb"));
    return d.remove(d.ctx, "index/lock.mdb");
}

enum err node_remove_views(struct node *n)
{
    struct storage d = node_disk(n);
    TRY(d.remove(d.ctx, "state/data.mdb"));
    TRY(d.remove(d.ctx, "state/lock.mdb"));
    return remove_index(n);
}

/* A log that does not begin at genesis cannot bring the state back: then the state is kept if it is
 * good, and the index begins where it stands. */
static enum err keep_state(struct node *n)
{
    struct merkle_frontier history;
    struct bytes header;
    struct storage d = node_disk(n);
    uint64_t size = 0, height = 0;
    TRY(d.size(d.ctx, BLOCKLOG_BASE_FILE, &size));
    TRY(remove_index(n));
    TRY(open_views(n));
    TRY(store_tip(n->store, &height, &header, &history));
    TRY(index_restart(&n->book, height));
    TRY(index_commit(&n->book));
    LOG("index_begins", LOG_NUM("above", height));
    return ERR_NONE;
}

/* Views that are damaged or do not fit together are made anew: replay of the block log brings both.
 */
static enum err open_or_rebuild(struct node *n)
{
    enum err e = open_views(n);
    if (e == ERR_NONE && views_agree(n)) {
        return ERR_NONE;
    }
    if (e != ERR_NONE && e != ERR_CORRUPT && e != ERR_NOT_FOUND) {
        return e;
    }
    LOG("views_rebuilt", LOG_ERR(e), LOG_NUM("height", n->book.height));
    close_views(n);
    if (keep_state(n) == ERR_NONE) {
        return ERR_NONE;
    }
    close_views(n);
    TRY(node_remove_views(n));
    return open_views(n);
}

static struct replica_config replica_settings(struct node *n, const struct node_options *o)
{
    uint32_t scale = n->timer_scale;
    uint32_t timeout = (o->view_timeout_ms == 0 ? 2000 : o->view_timeout_ms) * scale;
    return (struct replica_config){
        .suite = n->suite,
        .genesis = &n->genesis,
        .contracts = &n->contracts,
        .store = store_reads(n->store),
        .ports = { .ctx = n,
                   .disk = node_disk(n),
                   .sync = port_sync,
                   .sync_wait = port_sync_wait,
                   .send = port_send,
                   .store_change = port_change,
                   .store_mark = port_mark,
                   .store_tip = port_tip,
                   .store_pin = port_pin,
                   .store_piece = port_piece,
                   .store_unpin = port_unpin,
                   .store_reset = port_reset,
                   .committed = port_committed,
                   .anchor = port_anchor,
                   .activity = meter_port(&n->meter),
                   .other = port_other },
        .limits = limits(),
        .self = n->self,
        .seed = &n->keystore.keys->seed,
        .epoch_leaves = n->epoch_leaves,
        .next_seed = &n->keystore.next->seed,
        .next_leaves = n->next_leaves,
        .view_timeout_ms = timeout,
        .view_timeout_max_ms = 16 * timeout,
        .resend_ms = 500 * scale,
        .gossip_ms = 20,
        .heights_max = NODE_HEIGHTS_MAX,
        .snapshot_gap = o->snapshot_gap,
        .anchor_count = n->anchors.count,
        .anchor = n->anchors.certified,
        .tell_replayed = true,
    };
}

enum err node_replica_open(struct node *n, const struct node_options *o)
{
    struct replica_config config = replica_settings(n, o);
    if (n->region != NULL) {
        (void)munmap(n->region, n->region_size);
        n->replica = NULL;
    }
    n->region_size = replica_memory_size(&config);
    n->region = map_memory(n->region_size);
    if (n->region == NULL) {
        return ERR_NO_SPACE;
    }
    struct arena region = arena_over_fresh(n->region, n->region_size);
    return replica_init(&config, &region, node_now_ms(n), &n->replica);
}

enum err node_space_open(struct node *n, const struct node_options *o, char why[NODE_WHY_SIZE])
{
    n->mark_height = UINT64_MAX;
    n->work_memory = map_memory(NODE_WORK_SIZE);
    n->contract_memory = map_memory(CONTRACT_CACHE_SIZE);
    if (n->work_memory == NULL || n->contract_memory == NULL) {
        return node_said(why, ERR_NO_SPACE, "memory", "");
    }
    n->work = arena_over(n->work_memory, NODE_WORK_SIZE);
    contract_table_init(&n->env, n->contract_memory, CONTRACT_CACHE_SIZE, &n->contracts);
    if (o->contracts != NULL) {
        n->contracts = *o->contracts;
        n->contracts.user = &n->env;
    }
    enum err e = seat_keys_open(n);
    if (e != ERR_NONE) {
        return node_said(why, e, "the epoch keys of this seat", "");
    }
    e = attach_open(n);
    if (e == ERR_NONE) {
        e = open_or_rebuild(n);
    }
    if (e != ERR_NONE) {
        return node_said(why, e, n->space_dir, "the folded state or the index cannot be opened");
    }
    e = node_replica_open(n, o);
    if (e == ERR_INTEGRITY && n->anchors.said[0] != '\0') {
        (void)snprintf(why, NODE_WHY_SIZE, "%s", n->anchors.said);
        return e;
    }
    if (e != ERR_NONE) {
        return node_said(why, e, n->space_dir,
                         e == ERR_VERSION ? "a newer release of Carnet does"
                                          : "the logs cannot be replayed");
    }
    seat_keys_say(n);
    TRY(heed_versions(n, why));
    e = bulk_open(n);
    return e == ERR_NONE ? e : node_said(why, e, n->space_dir, "");
}

void node_space_close(struct node *n)
{
    bulk_close(n);
    /* A clean stop leaves views that need no replay, when there is nothing half-told. */
    if (n->replica != NULL && n->mark_height != UINT64_MAX) {
        (void)!mark_views(n);
    }
    close_views(n);
    seat_keys_close(n);
    if (n->region != NULL) {
        (void)munmap(n->region, n->region_size);
    }
    if (n->contract_memory != NULL) {
        (void)munmap(n->contract_memory, CONTRACT_CACHE_SIZE);
    }
    if (n->work_memory != NULL) {
        (void)munmap(n->work_memory, NODE_WORK_SIZE);
    }
}
