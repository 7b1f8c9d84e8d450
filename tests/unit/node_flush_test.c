#include "node/replica_parts_internal.h"
#include "sim/sim_parts_internal.h"
#include "tests/test.h"

#include <stdlib.h>

enum { VOTE_KIND = 3 }; /* the field of Vote in proto/carnet/v1/block.proto */

/* One validator alone commits what it proposes, so every tick after the idle time is a block: its
 * vote, its commit, a message to the observer. The rig holds the sync in its hand. */
struct rig {
    struct world *w;
    struct sim_result result;
    struct replica_config config;
    struct replica_ports inner;
    struct sim_disk disk;
    struct replica *replica;
    uint8_t *memory;
    uint64_t now_ms, height; /* height: last told; 0: not yet in this run */
    uint32_t begun, waited, sent, announced, voted, told; /* voted: prepare votes */
    enum err answer;                                      /* of sync_wait */
};

static void rig_send(void *ctx, uint32_t peer, struct bytes message)
{
    struct rig *g = ctx;
    (void)peer;
    struct bytes wire = { NULL, 0 };
    uint32_t seat = 0;
    g->sent++;
    g->announced += peer_kind_of(message) == PEER_PROPOSE ? 1 : 0;
    g->voted += peer_vote_of(message, &wire, &seat) == ERR_NONE &&
                        peer_field_u64(wire, VOTE_KIND) == VOTE_PREPARE
                    ? 1
                    : 0;
}

static void rig_committed(void *ctx, const struct replica_commit *c)
{
    struct rig *g = ctx;
    CHECK(g->height == 0 || c->tip.height == g->height + 1);
    g->height = c->tip.height;
    g->told++;
}

static enum err rig_sync(void *ctx, const char *const *log, uint32_t count)
{
    struct rig *g = ctx;
    for (uint32_t i = 0; i < count; i++) {
        sim_disk_sync_begin(&g->disk, log[i]);
    }
    g->begun++;
    return ERR_NONE;
}

static enum err rig_sync_wait(void *ctx)
{
    struct rig *g = ctx;
    g->waited++;
    return g->answer == ERR_NONE ? sim_disk_sync_end(&g->disk) : g->answer;
}

static enum err rig_change(void *ctx, const struct state_change *c)
{
    struct rig *g = ctx;
    return g->inner.store_change(g->inner.ctx, c);
}

static enum err rig_mark(void *ctx, uint64_t height, struct bytes header,
                         const struct merkle_frontier *history)
{
    struct rig *g = ctx;
    return g->inner.store_mark(g->inner.ctx, height, header, history);
}

static enum err rig_tip(void *ctx, uint64_t *height, struct bytes *header,
                        struct merkle_frontier *history)
{
    struct rig *g = ctx;
    return g->inner.store_tip(g->inner.ctx, height, header, history);
}

static void start(struct rig *g)
{
    struct arena region = arena_over(g->memory, replica_memory_size(&g->config));
    CHECK_OK(replica_init(&g->config, &region, g->now_ms, &g->replica));
}

static void open_rig(struct rig *g)
{
    *g = (struct rig){ .w = malloc(sizeof *g->w), .result = { .seed = 2 } };
    ASSERT(g->w != NULL);
    struct sim_options o = { .seed = 2, .nodes = 1 };
    CHECK_OK(sim_world_open(g->w, &o, &g->result));
    struct sim_node *n = &g->w->node[0];
    contract_table_init(&n->home->env, n->law_memory, SIM_LAW_CACHE, &n->home->table);
    g->config = sim_node_config(g->w, n);
    g->config.fold_every_block = false;
    g->inner = g->config.ports;
    g->config.ports = (struct replica_ports){ .ctx = g,
                                              .sync = rig_sync,
                                              .sync_wait = rig_sync_wait,
                                              .send = rig_send,
                                              .store_change = rig_change,
                                              .store_mark = rig_mark,
                                              .store_tip = rig_tip,
                                              .committed = rig_committed };
    sim_disk_port(&g->disk, &g->config.ports.disk);
    g->memory = malloc(replica_memory_size(&g->config));
    ASSERT(g->memory != NULL);
    g->now_ms = g->w->now_ms;
    start(g);
    CHECK_OK(replica_flush_now(g->replica, g->now_ms));
    g->told = g->voted = 0; /* an empty space begins with a block */
}

static void close_rig(struct rig *g)
{
    sim_world_close(g->w);
    sim_disk_free(&g->disk);
    free(g->w);
    free(g->memory);
}

/* Another block. Answers of consensus to itself may need a tick of their own. */
static void block(struct rig *g)
{
    uint64_t height = replica_status(g->replica).tip.height;
    for (int i = 0; i < 100 && replica_status(g->replica).tip.height == height; i++) {
        g->now_ms += 1000;
        replica_tick(g->replica, g->now_ms);
    }
    CHECK_EQ(replica_status(g->replica).tip.height, height + 1);
}

static enum err land(struct rig *g, enum err e)
{
    enum err synced = e == ERR_NONE ? sim_disk_sync_end(&g->disk) : e;
    replica_synced(g->replica, g->now_ms, synced);
    return replica_flush(g->replica, g->now_ms);
}

TEST(nothing_is_said_or_told_before_the_sync_that_covers_it_is_over)
{
    struct rig g;
    open_rig(&g);
    block(&g);
    g.sent = g.announced = 0;
    CHECK_OK(replica_flush(g.replica, g.now_ms));
    CHECK_EQ(g.begun, 1);
    CHECK_EQ(g.announced, 1); /* it binds to nothing, so it waits for nothing */
    CHECK_EQ(g.told, 0);
    CHECK_EQ(g.voted, 0);
    CHECK(replica_status(g.replica).unsynced);
    CHECK_OK(replica_flush(g.replica, g.now_ms)); /* asking again changes nothing */
    CHECK_EQ(g.begun, 1);
    CHECK_EQ(g.voted, 0);
    CHECK_OK(land(&g, ERR_NONE));
    CHECK_EQ(g.told, 1);
    CHECK_EQ(g.voted, 1);
    CHECK(!replica_status(g.replica).unsynced);
    CHECK_EQ(g.begun, 1);
    CHECK_EQ(g.waited, 0);
    close_rig(&g);
}

TEST(what_comes_while_a_sync_is_under_way_shares_the_next_one)
{
    struct rig g;
    open_rig(&g);
    block(&g);
    CHECK_OK(replica_flush(g.replica, g.now_ms));
    for (uint32_t i = 0; i < 3; i++) {
        block(&g);
        CHECK_OK(replica_flush(g.replica, g.now_ms));
    }
    CHECK_EQ(g.begun, 1);
    CHECK_EQ(g.told, 0);
    CHECK_OK(land(&g, ERR_NONE));
    CHECK_EQ(g.told, 1);
    CHECK_EQ(g.voted, 1);
    CHECK_EQ(g.begun, 2);
    CHECK_OK(land(&g, ERR_NONE));
    CHECK_EQ(g.told, 4);
    CHECK_EQ(g.voted, 4);
    CHECK_EQ(g.begun, 2);
    close_rig(&g);
}

TEST(a_sync_that_fails_lets_nothing_out_and_the_records_are_written_again)
{
    struct rig g;
    open_rig(&g);
    block(&g);
    CHECK_OK(replica_flush(g.replica, g.now_ms));
    CHECK_ERR(land(&g, ERR_FAILED), ERR_FAILED);
    CHECK(replica_status(g.replica).disk_failed);
    CHECK(!replica_status(g.replica).voting);
    CHECK_EQ(g.begun, 1); /* the disk is left alone until the next call */
    CHECK_ERR(replica_flush(g.replica, g.now_ms), ERR_FAILED);
    CHECK_EQ(g.begun, 2);
    CHECK_EQ(g.told, 0);
    CHECK_EQ(g.voted, 0);
    CHECK_OK(land(&g, ERR_NONE));
    CHECK(!replica_status(g.replica).disk_failed);
    CHECK_EQ(g.told, 1);
    CHECK_EQ(g.voted, 1);
    close_rig(&g);
}

TEST(a_disk_that_takes_nothing_stops_a_flush_before_any_sync)
{
    struct rig g;
    open_rig(&g);
    block(&g);
    g.disk.full = true;
    CHECK_ERR(replica_flush(g.replica, g.now_ms), ERR_DISK_FULL);
    CHECK_EQ(g.begun, 0);
    CHECK_EQ(g.told + g.voted, 0);
    g.disk.full = false;
    CHECK_ERR(replica_flush(g.replica, g.now_ms), ERR_DISK_FULL); /* not durable yet */
    CHECK_EQ(g.begun, 1);
    CHECK_OK(land(&g, ERR_NONE));
    CHECK_EQ(g.told, 1);
    close_rig(&g);
}

TEST(a_flush_before_the_end_waits_for_the_sync_and_for_what_came_since)
{
    struct rig g;
    open_rig(&g);
    block(&g);
    CHECK_OK(replica_flush(g.replica, g.now_ms));
    block(&g);
    CHECK_OK(replica_flush_now(g.replica, g.now_ms));
    CHECK_EQ(g.waited, 1);
    CHECK_EQ(g.told, 2);
    CHECK_EQ(g.voted, 2);
    CHECK(!replica_status(g.replica).unsynced);
    close_rig(&g);
}

/* The view is marked every so many blocks, and never above what the log keeps. */
TEST(the_folded_view_waits_for_the_log)
{
    struct rig g;
    open_rig(&g);
    for (uint32_t i = 0; i < REPLICA_FOLD_BLOCKS; i++) {
        block(&g);
        CHECK_OK(replica_flush(g.replica, g.now_ms));
        uint64_t height = 0;
        struct bytes header;
        struct merkle_frontier history;
        CHECK_OK(rig_tip(&g, &height, &header, &history));
        CHECK(height <= g.height);
    }
    CHECK_EQ(g.waited, 1);
    CHECK(g.told > 2);
    close_rig(&g);
}

TEST(formats_17_a_machine_that_stops_during_a_sync_has_told_nobody_what_it_lost)
{
    for (uint64_t random = 0; random < 8; random++) {
        struct rig g;
        open_rig(&g);
        block(&g);
        CHECK_OK(replica_flush(g.replica, g.now_ms));
        CHECK_OK(land(&g, ERR_NONE));
        block(&g);
        CHECK_OK(replica_flush(g.replica, g.now_ms));
        block(&g);
        CHECK_EQ(g.told, 1);
        (void)sim_disk_crash(&g.disk, random * 0x9e3779b97f4a7c15u);
        sim_store_crash(&g.w->node[0].store);
        start(&g);
        CHECK(replica_status(g.replica).tip.height >= g.height);
        g.height = 0;
        block(&g);
        CHECK_OK(replica_flush_now(g.replica, g.now_ms));
        close_rig(&g);
    }
}

/* Messages of one batch, each its own number; what is sent is counted. */
static void say_many(struct rig *g, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        replica_send(g->replica, REPLICA_PEER_ALL, bytes_of(&i, sizeof i));
    }
}

static uint32_t numbered; /* heard in their order */

static void count_numbers(void *ctx, uint32_t peer, struct bytes message)
{
    uint32_t number;
    (void)ctx, (void)peer;
    if (message.len == sizeof number) {
        memcpy(&number, message.ptr, sizeof number);
        CHECK_EQ(number, numbered);
        numbered++;
    }
}

TEST(an_outbox_holds_so_many_messages_and_loses_those_that_come_after)
{
    struct rig g;
    open_rig(&g);
    g.replica->config.ports.send = count_numbers;
    for (uint32_t more = 0; more < 3; more++) {
        numbered = 0;
        say_many(&g, REPLICA_OUT_MAX - 1 + more);
        CHECK_OK(replica_flush_now(g.replica, g.now_ms));
        CHECK_EQ(numbered, more == 0 ? REPLICA_OUT_MAX - 1 : REPLICA_OUT_MAX);
    }
    close_rig(&g);
}

/* Nothing is flushed meanwhile, so nothing is durable: as many commits wait as may, and the next
 * one waits for the disk. */
TEST(so_many_commits_wait_to_be_told_and_one_more_has_them_all_told_at_once)
{
    struct rig g;
    open_rig(&g);
    block(&g);
    CHECK_OK(replica_flush_now(g.replica, g.now_ms));
    uint64_t height = g.height;
    g.told = g.waited = 0;
    for (uint32_t i = 0; i < REPLICA_NOTICES_MAX; i++) {
        block(&g);
    }
    CHECK_EQ(g.told, 0);
    CHECK(replica_status(g.replica).unsynced);
    block(&g);
    CHECK_EQ(g.told, REPLICA_NOTICES_MAX + 1); /* in their order, as the rig sees to */
    CHECK_EQ(g.height, height + REPLICA_NOTICES_MAX + 1);
    block(&g);
    CHECK_EQ(g.told, REPLICA_NOTICES_MAX + 1); /* there is room again */
    CHECK_OK(replica_flush_now(g.replica, g.now_ms));
    CHECK_EQ(g.told, REPLICA_NOTICES_MAX + 2);
    close_rig(&g);
}

/* ... and when the disk does not take them either, none is told and nothing moves any more. */
TEST(a_commit_for_which_neither_memory_nor_disk_has_room_stops_the_node)
{
    struct rig g;
    open_rig(&g);
    block(&g);
    CHECK_OK(replica_flush_now(g.replica, g.now_ms));
    g.told = 0;
    for (uint32_t i = 0; i < REPLICA_NOTICES_MAX; i++) {
        block(&g);
    }
    g.disk.full = true;
    block(&g);
    CHECK(replica_status(g.replica).broken);
    CHECK_EQ(g.told, 0);
    g.disk.full = false;
    CHECK_ERR(replica_flush_now(g.replica, g.now_ms), ERR_FAILED);
    CHECK_EQ(g.told, 0);
    close_rig(&g);
}
