#include <stdlib.h>

#include "sim/sim_parts_internal.h"

/* The event queue and the nodes' ports: everything that happens, happens here, one event at a time.
 */

static bool before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void swap(struct sim_event *a, struct sim_event *b)
{
    struct sim_event t = *a;
    *a = *b;
    *b = t;
}

void sim_schedule(struct world *w, struct sim_event e)
{
    if (w->event_count == SIM_EVENTS_MAX) {
        free(e.message); /* the network is full: it loses the message */
        return;
    }
    e.order = w->order++;
    uint32_t i = w->event_count++;
    w->event[i] = e;
    while (i > 0 && before(&w->event[i], &w->event[(i - 1) / 2])) {
        swap(&w->event[i], &w->event[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
}

bool sim_pop(struct world *w, struct sim_event *out)
{
    if (w->event_count == 0) {
        return false;
    }
    *out = w->event[0];
    w->event[0] = w->event[--w->event_count];
    for (uint32_t i = 0;;) {
        uint32_t least = i;
        for (uint32_t c = 2 * i + 1; c <= 2 * i + 2; c++) {
            if (c < w->event_count && before(&w->event[c], &w->event[least])) {
                least = c;
            }
        }
        if (least == i) {
            return true;
        }
        swap(&w->event[i], &w->event[least]);
        i = least;
    }
}

static void port_send(void *ctx, uint32_t peer, struct bytes message)
{
    struct sim_node *n = ctx;
    struct world *w = n->world;
    if (n->disk.crashed) {
        return;
    }
    if (n->liar != NULL) {
        sim_liar_sends(n, peer, message);
        return;
    }
    sim_check_sent(w, n->index, message);
    for (uint32_t to = 0; to < w->nodes; to++) {
        if (to != n->index && (peer == to || peer == REPLICA_PEER_ALL)) {
            sim_send(w, n->index, to, message, 0);
        }
    }
}

static enum err port_change(void *ctx, const struct state_change *c)
{
    struct sim_node *n = ctx;
    return sim_store_change(&n->store, c);
}

static enum err port_mark(void *ctx, uint64_t height, struct bytes header,
                          const struct merkle_frontier *history)
{
    struct sim_node *n = ctx;
    if (n->disk.crashed) {
        return ERR_FAILED;
    }
    return n->disk.sync_lies ? ERR_NONE : sim_store_mark(&n->store, height, header, history);
}

static enum err port_tip(void *ctx, uint64_t *height, struct bytes *header,
                         struct merkle_frontier *history)
{
    struct sim_node *n = ctx;
    return sim_store_tip(&n->store, height, header, history);
}

static enum err port_pin(void *ctx, uint64_t *height)
{
    struct sim_node *n = ctx;
    return sim_store_pin(&n->store, height);
}

static enum err port_piece(void *ctx, uint32_t depth, uint32_t piece, void *user,
                           enum err (*visit)(void *user, uint16_t contract,
                                             const struct hash *tree_key, struct bytes stored))
{
    struct sim_node *n = ctx;
    return sim_store_piece(&n->store, depth, piece, user, visit);
}

static void port_unpin(void *ctx)
{
    struct sim_node *n = ctx;
    sim_store_unpin(&n->store);
}

static enum err port_reset(void *ctx, uint64_t height)
{
    struct sim_node *n = ctx;
    (void)height;
    return n->disk.crashed ? ERR_FAILED : sim_store_reset(&n->store);
}

static void port_committed(void *ctx, const struct replica_commit *c)
{
    struct sim_node *n = ctx;
    if (n->liar != NULL) {
        n->told = c->tip.height;
    } else if (!n->disk.crashed) {
        sim_check_commit(n->world, n->index, c);
    }
}

static void port_other(void *ctx, uint32_t peer, struct bytes message)
{
    struct sim_node *n = ctx;
    (void)message;
    if (n->liar != NULL || n->world->node[peer].liar != NULL) {
        return;
    }
    sim_violation(n->world, SIM_SERVICE, "n%u got a message from n%u that nobody sends", n->index,
                  peer);
}

static uint64_t clock_of(const struct sim_node *n)
{
    return (uint64_t)((int64_t)n->world->now_ms + n->skew_ms);
}

static void link_up(struct world *w, uint32_t a, uint32_t b)
{
    struct sim_node *before = sim_enter(w, &w->node[a]);
    replica_peer(w->node[a].replica, clock_of(&w->node[a]), w->node[b].index, true);
    sim_leave(w, before);
}

struct replica_config sim_node_config(struct world *w, struct sim_node *n)
{
    struct replica_config c = w->config;
    c.self = n->index;
    c.contracts = &n->home->table;
    c.store = sim_store_port(&n->store);
    c.ports = (struct replica_ports){ .ctx = n,
                                      .sync = w->syncs_apart ? sim_port_sync : NULL,
                                      .sync_wait = sim_port_sync_wait,
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
    sim_disk_port(&n->disk, &c.ports.disk);
    c.seed = n->index < w->seats ? &n->seed : NULL;
    c.epoch_leaves = w->leaves[n->index];
    c.next_seed = w->next_leaves[n->index] == NULL ? NULL : &n->next_seed;
    c.next_leaves = w->next_leaves[n->index];
    c.fold_every_block = n->index % 2 == 0;
    return c;
}

/* A disk that takes nothing keeps a node from starting: its supervisor tries again. */
static void start_again(struct world *w, struct sim_node *n, enum err e)
{
    bool disk = n->disk.crashed || n->disk.full || n->disk.sync_fails;
    if (!disk && n->liar != NULL) {
        return; /* what it has done to its own disk is its own affair */
    }
    if (!disk) {
        sim_violation(w, SIM_SERVICE, "n%u does not start: %s", n->index, err_name(e));
        return;
    }
    (void)sim_disk_crash(&n->disk, sim_next(&w->random));
    sim_store_crash(&n->store);
    sim_schedule(
        w, (struct sim_event){ .at_ms = w->now_ms + 200, .kind = SIM_RESTART, .to = n->slot });
}

void sim_node_start(struct world *w, uint32_t index)
{
    struct sim_node *n = &w->node[index];
    ASSERT(!n->up);
    if (w->options.mutant == SIM_MUTANT_FORGET_VOTES && n->run > 0) {
        sim_disk_remove(&n->disk, "votes.log");
    }
    struct sim_node *before = sim_enter(w, n);
    bool shared = w->options.mutant == SIM_MUTANT_SHARED_CACHE && index == 1;
    contract_table_init(&n->home->env, shared ? w->node[0].law_memory : n->law_memory,
                        SIM_LAW_CACHE, &n->home->table);
    struct replica_config c = sim_node_config(w, n);
    struct arena region = arena_over(n->memory, n->memory_size);
    n->run++;
    n->tick_ms = UINT64_MAX;
    n->flush_due = false;
    n->syncing = false;
    n->voting = false;
    n->views_before = n->view_changes;
    enum err e = replica_init(&c, &region, clock_of(n), &n->replica);
    sim_leave(w, before);
    if (e != ERR_NONE) {
        start_again(w, n, e);
        return;
    }
    n->up = true;
    n->told = UINT64_MAX;
    sim_line(w, "n%u%s starts at height %llu", n->index, index < w->nodes ? "" : " (its twin)",
             (unsigned long long)replica_status(n->replica).tip.height);
    if (n->liar == NULL) {
        sim_check_start(w, index);
        sim_check_stand(w, index);
        sim_prune(w, n);
    }
    for (uint32_t i = 0; i < w->slots; i++) {
        if (w->node[i].index != n->index && w->node[i].up) {
            link_up(w, index, i);
            link_up(w, i, index);
            sim_after(w, &w->node[i]);
        }
    }
    sim_after(w, n);
}

static void tell_gone(struct world *w, const struct sim_node *n)
{
    for (uint32_t i = 0; i < w->slots; i++) {
        if (w->node[i].up && w->node[i].index != n->index) {
            struct sim_node *before = sim_enter(w, &w->node[i]);
            replica_peer(w->node[i].replica, clock_of(&w->node[i]), n->index, false);
            sim_leave(w, before);
        }
    }
}

/* A snapshot is whole on disk: the process starts again, nothing is lost. */
static void after_snapshot(struct world *w, struct sim_node *n)
{
    w->liars_found += replica_status(n->replica).liars;
    n->up = false;
    n->replica = NULL;
    sim_store_crash(&n->store);
    tell_gone(w, n);
    sim_schedule(w,
                 (struct sim_event){ .at_ms = w->now_ms + 1, .kind = SIM_RESTART, .to = n->slot });
}

void sim_node_crash(struct world *w, uint32_t index)
{
    struct sim_node *n = &w->node[index];
    n->up = false;
    n->replica = NULL;
    bool torn = sim_disk_crash(&n->disk, sim_next(&w->random));
    sim_store_crash(&n->store);
    w->result->delivered[SIM_CRASH] += w->healed ? 0 : 1;
    w->result->delivered[SIM_TORN] += torn ? 1 : 0;
    sim_line(w, "n%u crashes", n->index);
    sim_harm_off(w, n);
    tell_gone(w, n);
    if (w->dead_primary != index && !n->stays_down) {
        uint64_t pause = (100 + sim_below(&w->random, 3000)) / w->pace;
        sim_schedule(
            w, (struct sim_event){ .at_ms = w->now_ms + pause, .kind = SIM_RESTART, .to = index });
    }
}

static void wake(struct world *w, struct sim_node *n)
{
    uint64_t due = replica_deadline(n->replica);
    int64_t at = (int64_t)due - n->skew_ms;
    uint64_t world_at = at < (int64_t)w->now_ms ? w->now_ms : (uint64_t)at;
    if (n->tick_ms > w->now_ms && n->tick_ms <= world_at) {
        return;
    }
    n->tick_ms = world_at;
    sim_schedule(
        w, (struct sim_event){ .at_ms = world_at, .kind = SIM_TICK, .to = n->slot, .run = n->run });
}

/* Several calls share one flush: what they asked for waits up to two milliseconds, and a crash in
 * between loses it. */
void sim_after(struct world *w, struct sim_node *n)
{
    w->result->delivered[SIM_MISDIRECT] += n->disk.misdirected;
    w->result->delivered[SIM_DISK] += n->disk.faults;
    w->result->delivered[SIM_SKEW] += n->skewed ? 1 : 0;
    n->disk.misdirected = n->disk.faults = 0;
    n->skewed = false;
    if (n->disk.crashed) {
        sim_node_crash(w, n->slot);
        return;
    }
    if (!n->flush_due) {
        n->flush_due = true;
        sim_schedule(w,
                     (struct sim_event){ .at_ms = w->now_ms + sim_below(&w->random, 3 + n->slow_ms),
                                         .kind = SIM_FLUSH,
                                         .to = n->slot,
                                         .run = n->run });
    }
}

static void flush(struct world *w, struct sim_node *n)
{
    n->flush_due = false;
    w->result->delivered[SIM_SLOW] += n->slow_ms > 0 ? 1 : 0;
    struct sim_node *before = sim_enter(w, n);
    enum err e = replica_flush(n->replica, clock_of(n));
    sim_leave(w, before);
    if (n->disk.crashed) {
        sim_node_crash(w, n->slot);
        return;
    }
    struct replica_status s = replica_status(n->replica);
    n->view_changes = n->views_before + s.pbft.view_changes;
    if (n->told == UINT64_MAX && e == ERR_NONE && !s.unsynced) {
        n->told = s.tip.height; /* a flush that succeeds has told all there was */
    }
    if (s.voting != n->voting) {
        n->voting = s.voting;
        sim_line(w, "n%u %s", n->index, s.voting ? "votes" : "does not vote");
    }
    if (s.restart) {
        after_snapshot(w, n);
        return;
    }
    if (s.broken) {
        sim_line(w, "n%u gives up: %s", n->index, err_name(e));
        sim_node_crash(w, n->slot);
        return;
    }
    wake(w, n);
}

static void deliver(struct world *w, struct sim_event *e)
{
    struct sim_node *n = &w->node[e->to];
    if (!n->up) {
        return;
    }
    struct bytes message = bytes_of(e->message, e->len);
    if (n->liar != NULL) {
        sim_liar_hears(n, e->from, &message);
    }
    struct sim_node *before = sim_enter(w, n);
    enum err heard = replica_receive(n->replica, clock_of(n), e->from, message);
    sim_leave(w, before);
    if (e->tampered && n->liar == NULL && heard != ERR_NONE && heard != ERR_STALE) {
        w->result->delivered[SIM_FALSE_SYNC]++; /* looked at, and found wrong */
    }
    for (uint32_t f = 0; f < SIM_FAULT_END; f++) {
        w->result->delivered[f] += e->faults >> f & 1;
    }
    if (e->lie != 0 && n->liar == NULL) {
        w->result->lies[e->lie - 1]++;
        w->result->delivered[SIM_BYZANTINE]++;
    }
    sim_after(w, n);
}

static void trace_event(struct world *w, const struct sim_event *e)
{
    uint8_t raw[32];
    struct buf b = buf_over(raw, sizeof raw);
    buf_put_u64(&b, e->at_ms);
    buf_put_u32(&b, (uint32_t)e->kind);
    buf_put_u32(&b, e->to);
    buf_put_u32(&b, e->from);
    buf_put_u32(&b, crc32c(0, bytes_of(e->message, e->len)));
    hasher_update(&w->trace, buf_bytes(&b));
}

void sim_handle(struct world *w, struct sim_event *e)
{
    struct sim_node *n = &w->node[e->to];
    w->now_ms = e->at_ms > w->now_ms ? e->at_ms : w->now_ms;
    trace_event(w, e);
    switch (e->kind) {
    case SIM_DELIVER:
        deliver(w, e);
        break;
    case SIM_TICK:
        if (n->up && n->run == e->run && n->tick_ms == e->at_ms) {
            n->tick_ms = UINT64_MAX;
            struct sim_node *before = sim_enter(w, n);
            replica_tick(n->replica, clock_of(n));
            sim_leave(w, before);
            sim_after(w, n);
        }
        break;
    case SIM_FLUSH:
        if (n->up && n->run == e->run) {
            flush(w, n);
        }
        break;
    case SIM_SYNCED:
        sim_synced(w, n, e, clock_of(n));
        break;
    case SIM_RESTART:
        if (!n->up) {
            sim_node_start(w, e->to);
        }
        break;
    case SIM_CLIENT:
        sim_client(w);
        break;
    case SIM_CHAOS:
        sim_harm(w);
        break;
    case SIM_ACT:
        sim_liar_acts(w, (uint32_t)e->run);
        break;
    }
    free(e->message);
    e->message = NULL;
}
