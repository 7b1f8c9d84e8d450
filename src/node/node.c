#include "node/node.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/heed_internal.h"
#include "node/node_internal.h"
#include "node/replica_codec_internal.h"
#include "node/seat_keys_internal.h"

/* Life of a node: open, run on one loop, close. */

enum {
    NODE_TICK_MS = 500,
    NODE_HEALED_TICKS = 20 /* a disk that works but does not help: ten seconds */
};

struct storage node_disk(struct node *n)
{
    return disk_storage(&n->disk);
}

uint64_t node_now_ms(const struct node *n)
{
    (void)n;
    return log_now_ms();
}

const struct hash *node_did(const struct node *n, uint32_t participant)
{
    ASSERT(participant < n->genesis.participant_count);
    return &n->genesis.participant[participant].id;
}

bool node_participant(const struct node *n, const struct hash *did, uint32_t *out)
{
    for (uint32_t i = 0; i < n->genesis.participant_count; i++) {
        if (hash_equal(&n->genesis.participant[i].id, did)) {
            *out = i;
            return true;
        }
    }
    return false;
}

void node_name(const char *prefix, const struct hash *h, const char *suffix,
               char out[STORAGE_NAME_SIZE_MAX])
{
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    hex_encode(bytes_of_hash(h), hex);
    (void)snprintf(out, STORAGE_NAME_SIZE_MAX, "%s/%s%s%s", prefix, hex,
                   suffix[0] == '\0' ? "" : "/", suffix);
}

void node_say(struct node *n, uint32_t peer, enum peer_link link, const struct wire_message *m)
{
    size_t mark = arena_mark(&n->work);
    struct bytes wire = { NULL, 0 };
    enum err e = wire_encode(m, &n->work, &wire);
    if (e == ERR_NONE && n->peers != NULL) {
        peers_send(n->peers, peer, link, wire);
    } else if (e != ERR_NONE) {
        LOG("message_not_sent", LOG_NUM("peer", peer), LOG_ERR(e));
    }
    arena_release(&n->work, mark);
}

void node_tell_watchers(struct node *n)
{
    uint64_t height = n->book.height;
    for (uint32_t i = 0; i < NODE_WATCHERS_MAX; i++) {
        if (n->watch[i].fn != NULL) {
            n->watch[i].fn(n->watch[i].user, height);
        }
    }
}

enum err node_watch(struct node *n, node_watcher *fn, void *user)
{
    for (uint32_t i = 0; i < NODE_WATCHERS_MAX; i++) {
        if (n->watch[i].fn == NULL) {
            n->watch[i] = (struct node_watch_slot){ fn, user };
            return ERR_NONE;
        }
    }
    return ERR_BUSY;
}

static void on_timer(uv_timer_t *timer)
{
    struct node *n = timer->data;
    enum activity was = meter_turn(&n->meter, ACTIVITY_CONSENSUS);
    replica_tick(n->replica, node_now_ms(n));
    (void)meter_turn(&n->meter, was);
    node_settle(n);
}

/* Say once that the disk is full, and once that it is not any more. */
static void tell_disk(struct node *n, enum err e)
{
    bool failed = e != ERR_NONE;
    if (failed != n->disk_told) {
        n->disk_told = failed;
        if (failed) {
            LOG("disk_failed", LOG_ERR(e), LOG_STR("effect", "this node does not vote"));
        } else {
            LOG("disk_works", LOG_STR("effect", "this node goes on"));
        }
    }
}

/* A snapshot is whole on disk: the replica starts again over it, the connections stay. */
static void begin_again(struct node *n)
{
    uint64_t now = node_now_ms(n);
    LOG("snapshot_taken", LOG_NUM("height", replica_status(n->replica).tip.height));
    if (syncer_busy(n->syncer)) {
        (void)!syncer_wait(n->syncer); /* what asked for it ends here, and reads its log again */
    }
    enum err e = node_replica_open(n, &n->options);
    if (e != ERR_NONE) {
        LOG("restart_needed", LOG_ERR(e));
        _exit(
            err_exit_code(ERR_UNAVAILABLE)); /* there is no replica to close: start from the disk */
    }
    for (uint32_t i = 0; i < n->genesis.participant_count; i++) {
        if (n->link_up[i]) {
            replica_peer(n->replica, now, i, true);
        }
    }
}

void node_settle(struct node *n)
{
    n->settle_due = true;
}

/* A view that is left says that a primary did not answer, or that this machine did not keep up. */
static void tell_view(struct node *n)
{
    struct replica_status s = replica_status(n->replica);
    if (s.pbft.view == n->view_told) {
        return;
    }
    n->view_told = s.pbft.view;
    LOG("view", LOG_NUM("number", s.pbft.view), LOG_NUM("height", s.tip.height),
        LOG_NUM("primary_seat", s.pbft.primary), LOG_NUM("pending", s.pending),
        LOG_NUM("peers_up", s.peers_up), LOG_NUM("verifying", verify_status(n->verify).messages));
}

static void on_settle(uv_prepare_t *handle)
{
    struct node *n = handle->data;
    if (!n->settle_due) {
        return;
    }
    n->settle_due = false;
    if (replica_status(n->replica).off_anchor) { /* as the log has said */
        n->exit_code = err_exit_code(ERR_INTEGRITY);
        node_stop(n);
        return;
    }
    uint64_t now = node_now_ms(n);
    enum activity was = meter_turn(&n->meter, ACTIVITY_CONSENSUS);
    enum err e = replica_flush(n->replica, now);
    (void)meter_turn(&n->meter, was);
    tell_disk(n, e);
    heed_tip(n);
    tell_view(n);
    if (replica_status(n->replica).restart) {
        begin_again(n);
    }
    if (e == ERR_NONE && keystore_save(&n->keystore) != ERR_NONE) {
        LOG("key_file_not_written", LOG_STR("effect", "an erased epoch's seed is still on disk"));
    }
    uint64_t at = replica_deadline(n->replica);
    /* A watcher that submitted from within is another turn's affair, and that turn is now. */
    uint64_t wait = n->settle_due || at < now ? 0 : at - now;
    if (!n->stopping && n->handles_open) {
        (void)uv_timer_start(&n->timer, on_timer, wait > NODE_TICK_MS ? NODE_TICK_MS : wait, 0);
    }
}

static void on_synced(void *user, enum err e)
{
    struct node *n = user;
    replica_synced(n->replica, node_now_ms(n), e);
    node_settle(n);
}

/* A disk that takes writes again while the node still cannot go on: memory and disk have parted,
 * and only a start from the disk joins them. The supervisor does that when the process ends. */
static void end_if_parted(struct node *n)
{
    struct storage d = node_disk(n);
    bool writes = n->disk_told && d.replace(d.ctx, "probe", bytes_of_str("probe\n")) == ERR_NONE;
    n->healed_ticks = writes ? n->healed_ticks + 1 : 0;
    if (n->healed_ticks == NODE_HEALED_TICKS) {
        LOG("restart_needed", LOG_STR("reason", "memory and disk have parted"));
        n->exit_code = err_exit_code(ERR_UNAVAILABLE);
        node_stop(n);
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct node *n = timer->data;
    uint64_t now = node_now_ms(n);
    end_if_parted(n);
    seat_keys_tick(n);
    bulk_tick(n, now);
    scrub_tick(n, now);
    attach_tick(n, now);
}

static void on_link(void *user, uint32_t peer, enum peer_link link, bool up)
{
    struct node *n = user;
    LOG(up ? "peer_up" : "peer_down", LOG_NUM("peer", peer), LOG_NUM("link", link));
    if (link != PEER_LINK_CONSENSUS) {
        bulk_link(n, peer, link, up);
        return;
    }
    n->link_up[peer] = up;
    n->greeted[peer] = false;
    replica_peer(n->replica, node_now_ms(n), peer, up);
    node_settle(n);
}

static void handle_message(struct node *n, uint32_t peer, struct bytes message)
{
    enum activity was = meter_turn(&n->meter, ACTIVITY_CONSENSUS);
    enum err e = replica_receive(n->replica, node_now_ms(n), peer, message);
    (void)meter_turn(&n->meter, was);
    if (e == ERR_ENCODING || e == ERR_PEER || e == ERR_SIGNATURE) {
        LOG("message_refused", LOG_NUM("peer", peer), LOG_ERR(e));
    }
    node_settle(n);
}

static void on_verified(void *user, uint32_t peer, struct bytes message,
                        const struct ledger_signature *x, const bool *good, uint32_t count)
{
    struct node *n = user;
    for (uint32_t i = 0; i < count; i++) {
        if (good[i]) {
            ledger_vouch(replica_ledger(n->replica), &x[i]);
        }
    }
    if (peer >= BATCH_PEER_FIRST) {
        batch_verified(n, peer - BATCH_PEER_FIRST, message);
    } else {
        handle_message(n, peer, message);
    }
}

/* To the workers when it has enough to verify. Transactions for which they have no room are dropped
 * unread, as a full pool drops them: who sent them keeps them, says them again, and a block brings
 * them in any case. To verify them here would keep votes waiting. */
static bool given_to_workers(struct node *n, uint32_t peer, struct bytes message)
{
    struct ledger_signature *x = verify_room(n->verify);
    uint32_t count = 0;
    bool txs = peer_kind_of(message) == PEER_TRANSACTIONS;
    enum verify_order order = txs ? VERIFY_TXS : VERIFY_BLOCK;
    if (txs && verify_full(n->verify, order)) {
        return true;
    }
    enum activity was = meter_turn(&n->meter, ACTIVITY_EXECUTE);
    replica_questions(n->replica, node_now_ms(n), peer, message, x, VERIFY_QUESTIONS_MAX, &count);
    (void)meter_turn(&n->meter, was);
    if (count < VERIFY_QUESTIONS_MIN) {
        return false;
    }
    enum err e = verify_start(n->verify, order, peer, message, x, count);
    return e == ERR_NONE || txs;
}

static void on_message(void *user, uint32_t peer, enum peer_link link, struct bytes message)
{
    struct node *n = user;
    if (link != PEER_LINK_CONSENSUS) {
        bulk_message(n, peer, link, message);
        return;
    }
    if (!given_to_workers(n, peer, message)) {
        handle_message(n, peer, message);
    }
}

static void on_refused(void *user, uint32_t peer, const char *address, const char *why)
{
    (void)user;
    if (peer == UINT32_MAX) {
        LOG("peer_refused", LOG_STR("address", address), LOG_STR("reason", why));
    } else {
        LOG("peer_refused", LOG_NUM("peer", peer), LOG_STR("address", address),
            LOG_STR("reason", why));
    }
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct node *n = handle->data;
    LOG("signal", LOG_NUM("number", (uint64_t)number));
    node_stop(n);
}

static enum err open_peers(struct node *n, char why[NODE_WHY_SIZE])
{
    struct peers_config config = { .loop = &n->loop,
                                   .tls = n->tls,
                                   .genesis = &n->genesis,
                                   .self = n->self,
                                   .listen = n->entry[n->index].peer,
                                   .address = n->address,
                                   .bulk = n->bulk_address,
                                   .user = n,
                                   .link = on_link,
                                   .message = on_message,
                                   .refused = on_refused };
    enum err e = peers_open(&config, &n->peers);
    if (e != ERR_NONE) {
        (void)snprintf(why, NODE_WHY_SIZE, "peer port %s: %s", config.listen, err_text(e));
    }
    return e;
}

static enum err write_pid(struct node *n)
{
    char name[64], text[32];
    struct storage d = disk_storage(&n->root);
    (void)snprintf(name, sizeof name, "node-%u/pid", n->index);
    (void)snprintf(text, sizeof text, "%ld\n", (long)getpid());
    return d.replace(d.ctx, name, bytes_of_str(text));
}

static void open_handles(struct node *n)
{
    static const int NUMBERS[2] = { SIGTERM, SIGINT };
    (void)uv_timer_init(&n->loop, &n->timer);
    (void)uv_timer_init(&n->loop, &n->tick);
    (void)uv_prepare_init(&n->loop, &n->settle);
    n->timer.data = n->tick.data = n->settle.data = n;
    (void)uv_prepare_start(&n->settle, on_settle);
    (void)uv_timer_start(&n->tick, on_tick, NODE_TICK_MS, NODE_TICK_MS);
    for (size_t i = 0; i < COUNT(NUMBERS); i++) {
        (void)uv_signal_init(&n->loop, &n->signals[i]);
        n->signals[i].data = n;
        (void)uv_signal_start(&n->signals[i], on_signal, NUMBERS[i]);
    }
    n->handles_open = true;
}

static enum err open_all(struct node *n, const struct node_options *o, char why[NODE_WHY_SIZE])
{
    n->options = (struct node_options){ .view_timeout_ms = o->view_timeout_ms,
                                        .timer_scale = o->timer_scale,
                                        .snapshot_gap = o->snapshot_gap,
                                        .contracts = o->contracts };
    TRY(node_files_open(n, o, why));
    TRY(node_space_open(n, o, why));
    if (uv_loop_init(&n->loop) != 0) {
        (void)snprintf(why, NODE_WHY_SIZE, "the event loop cannot start");
        return ERR_FAILED;
    }
    n->loop_open = true;
    struct verify_config verify = {
        .loop = &n->loop, .suite = n->suite, .user = n, .done = on_verified
    };
    TRY(verify_open(&verify, &n->verify));
    struct syncer_config syncer = { .loop = &n->loop,
                                    .calls = n->disk.calls,
                                    .slower_ms = o->sync_slower_ms,
                                    .user = n,
                                    .done = on_synced };
    TRY(syncer_open(&syncer, &n->syncer));
    TRY(open_peers(n, why));
    open_handles(n);
    enum err e = write_pid(n);
    if (e != ERR_NONE) {
        (void)snprintf(why, NODE_WHY_SIZE, "pid file: %s", err_text(e));
        return e;
    }
    for (uint32_t i = 0; i < BULK_FETCHES_MAX; i++) {
        if (n->fetch[i].used) {
            peers_want_bulk(n->peers, n->fetch[i].provider, true);
        }
    }
    node_settle(n);
    return ERR_NONE;
}

enum err node_open(const struct node_options *o, struct node **out, char why[NODE_WHY_SIZE])
{
    struct node *n = calloc(1, sizeof *n);
    why[0] = '\0';
    if (n == NULL) {
        return ERR_FAILED;
    }
    n->timer_scale = o->timer_scale == 0 ? 1 : o->timer_scale;
    n->lock = n->root.folder = n->disk.folder = -1;
    meter_begin(&n->meter);
    /* A peer that closes while we write must not end the process. */
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    (void)sigaction(SIGPIPE, &ignore, NULL);
    enum err e = open_all(n, o, why);
    if (e != ERR_NONE) {
        node_close(n);
        return e;
    }
    struct replica_status s = node_status(n);
    LOG("node_open", LOG_NUM("index", n->index), LOG_NUM("participant", n->self),
        LOG_NUM("height", s.tip.height), LOG_NUM("boot", s.boot),
        LOG_STR("peer", n->entry[n->index].peer));
    *out = n;
    return ERR_NONE;
}

void *node_loop(struct node *n)
{
    return &n->loop;
}

int node_run(struct node *n)
{
    (void)uv_run(&n->loop, UV_RUN_DEFAULT);
    return n->exit_code;
}

void node_stop(struct node *n)
{
    n->stopping = true;
    uv_stop(&n->loop);
}

static void close_loop(struct node *n)
{
    if (!n->loop_open) {
        return;
    }
    if (n->handles_open) {
        uv_close((uv_handle_t *)&n->timer, NULL);
        uv_close((uv_handle_t *)&n->tick, NULL);
        uv_close((uv_handle_t *)&n->settle, NULL);
        uv_close((uv_handle_t *)&n->signals[0], NULL);
        uv_close((uv_handle_t *)&n->signals[1], NULL);
    }
    if (n->peers != NULL) {
        peers_close(n->peers);
    }
    if (n->verify != NULL) {
        verify_close(n->verify);
        n->verify = NULL;
    }
    if (n->syncer != NULL) {
        syncer_close(n->syncer);
        n->syncer = NULL;
    }
    while (uv_run(&n->loop, UV_RUN_DEFAULT) != 0) {
        /* Stopped before it ran: that ends one run, and the handles are not closed yet. */
    }
    n->peers = NULL;
    (void)uv_loop_close(&n->loop);
}

void node_close(struct node *n)
{
    char name[64];
    bool ran = n->handles_open;
    n->stopping = true;
    if (n->replica != NULL && ran) {
        (void)!replica_flush_now(n->replica, node_now_ms(n));
    }
    close_loop(n);
    node_space_close(n);
    batch_close(n);
    if (ran) {
        struct storage d = disk_storage(&n->root);
        (void)snprintf(name, sizeof name, "node-%u/pid", n->index);
        (void)!d.remove(d.ctx, name);
        LOG("node_close", LOG_NUM("index", n->index));
    }
    node_files_close(n);
    free(n);
}
