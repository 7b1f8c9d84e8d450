#include "ledger/proof.h"
#include "node/replica_codec_internal.h"
#include "node/replica_internal.h"
#include "sim/sim_parts_internal.h"
#include "tests/test.h"

#include <stdlib.h>

enum { LINES_MAX = 4096, ARENA_SIZE = 16 * 1024 * 1024 };

struct lines {
    uint32_t count;
    char text[LINES_MAX][SIM_LINE_SIZE];
};

static void keep(void *ctx, const char *line)
{
    struct lines *l = ctx;
    if (l->count < LINES_MAX) {
        memcpy(l->text[l->count++], line, strlen(line) + 1);
    }
}

/* The first line from `from` on that holds this text; LINES_MAX: none. */
static uint32_t find(const struct lines *l, uint32_t from, const char *text)
{
    for (uint32_t i = from; i < l->count; i++) {
        if (strstr(l->text[i], text) != NULL) {
            return i;
        }
    }
    return LINES_MAX;
}

/* A world that has run and is still open. */
struct bench {
    struct world *w;
    struct sim_result result;
    struct lines *lines;
    uint8_t *memory;
    struct arena arena;
};

static enum err run(struct bench *b, struct sim_options o)
{
    *b = (struct bench){ .w = malloc(sizeof *b->w), .lines = calloc(1, sizeof *b->lines) };
    b->memory = malloc(ARENA_SIZE);
    ASSERT(b->w != NULL && b->lines != NULL && b->memory != NULL);
    b->arena = arena_over(b->memory, ARENA_SIZE);
    o.line = keep;
    o.line_ctx = b->lines;
    b->result = (struct sim_result){ .seed = o.seed };
    TRY(sim_world_open(b->w, &o, &b->result));
    return sim_world_run(b->w);
}

static void done(struct bench *b)
{
    sim_world_close(b->w);
    free(b->w);
    free(b->lines);
    free(b->memory);
}

TEST(formats_14_a_node_that_lost_its_vote_log_observes_before_it_votes_again)
{
    struct bench b;
    CHECK_OK(run(
        &b, (struct sim_options){ .seed = 2, .nodes = 4, .steps = 8000, .lose_votes_ms = 3000 }));
    uint32_t lost = find(b.lines, 0, "n1 loses its vote log");
    uint32_t starts = find(b.lines, lost, "n1 starts");
    uint32_t votes = find(b.lines, starts, "n1 votes");
    CHECK(lost < LINES_MAX && starts < LINES_MAX && votes < LINES_MAX);
    /* Blocks were committed in between: all that it could have signed is decided. */
    uint32_t commits = 0;
    for (uint32_t i = lost; i < votes; i++) {
        commits += strstr(b.lines->text[i], " commits ") != NULL ? 1 : 0;
    }
    CHECK(commits > 2 * PBFT_OPEN_MAX);
    done(&b);
}

TEST(formats_14_a_node_that_kept_its_vote_log_votes_as_soon_as_peers_answer)
{
    struct bench b;
    CHECK_OK(run(
        &b, (struct sim_options){ .seed = 2, .nodes = 4, .steps = 8000, .kill_primary_ms = 2000 }));
    uint32_t dead = find(b.lines, 0, "crashes");
    uint32_t votes = find(b.lines, find(b.lines, dead, "starts"), " votes");
    CHECK(dead < LINES_MAX && votes < LINES_MAX);
    uint32_t commits = 0;
    for (uint32_t i = find(b.lines, dead, "starts"); i < votes; i++) {
        commits += strstr(b.lines->text[i], " commits ") != NULL ? 1 : 0;
    }
    CHECK(commits < PBFT_OPEN_MAX);
    done(&b);
}

TEST(formats_14_a_boot_number_grows_with_every_start)
{
    struct bench b;
    CHECK_OK(run(&b, (struct sim_options){
                         .seed = 4, .nodes = 4, .steps = 12000, .faults = 1 << SIM_CRASH }));
    uint32_t up = 0;
    for (uint32_t i = 0; i < b.w->nodes; i++) { /* of the seats one may stay down for good */
        if (b.w->node[i].up) {
            CHECK(replica_status(b.w->node[i].replica).boot == b.w->node[i].run);
            up++;
        }
    }
    CHECK(up + 1 >= b.w->nodes);
    done(&b);
}

TEST(formats_13_seeds_of_past_epochs_are_gone_once_a_later_block_is_committed)
{
    struct bench b;
    CHECK_OK(run(&b, (struct sim_options){ .seed = 2, .nodes = 4, .steps = 60000 }));
    struct world *w = b.w;
    for (uint32_t i = 0; i < w->seats; i++) {
        struct ledger_tip tip = replica_status(w->node[i].replica).tip;
        CHECK(tip.epoch > 0);
        CHECK_EQ(w->node[i].seed.epoch, tip.epoch);
        CHECK(memcmp(w->node[i].seed.seed, w->first_seed[i].seed, SUITE_SECRET_SIZE) != 0);
    }
    done(&b);
}

TEST(formats_13_a_certified_header_of_the_log_is_believed_by_who_has_genesis_alone)
{
    struct bench b;
    CHECK_OK(run(&b, (struct sim_options){ .seed = 2, .nodes = 4, .steps = 8000 }));
    struct world *w = b.w;
    for (uint64_t height = 1; height + 8 < w->height; height += 7) {
        struct bytes certified;
        struct header header;
        struct hash hash;
        enum proof_step step;
        uint64_t at = 0;
        arena_reset(&b.arena);
        CHECK_OK(replica_certified(w->node[2].replica, height, &b.arena, &certified, &at));
        CHECK(at >= height && at < height + 2 * PBFT_OPEN_MAX);
        CHECK_OK(
            proof_verify_header(w->suite, &w->genesis, certified, &b.arena, &header, &hash, &step));
        CHECK_EQ(header.height, at);
        CHECK(hash_equal(&hash, &w->block[at].hash));
    }
    done(&b);
}

TEST(formats_15_every_header_of_the_log_leads_to_the_history_root_of_the_tip)
{
    struct bench b;
    CHECK_OK(run(&b, (struct sim_options){ .seed = 2, .nodes = 4, .steps = 4000 }));
    struct replica *r = b.w->node[3].replica;
    struct hash leaf, root;
    struct merkle_path path;
    uint64_t count = b.w->height + 1;
    merkle_frontier_root(b.w->suite, ledger_history(replica_ledger(r)), &root);
    for (uint64_t h = 1; h < count; h++) {
        CHECK_OK(replica_history_path(r, h, count, &path));
        proof_header_leaf(b.w->suite, &b.w->block[h].hash, &leaf);
        CHECK_OK(merkle_verify(b.w->suite, &leaf, h, count, &path, &root));
    }
    CHECK_ERR(replica_history_path(r, count, count, &path), ERR_NOT_FOUND);
    CHECK_ERR(replica_history_path(r, 1, count + 1, &path), ERR_NOT_FOUND);
    done(&b);
}

TEST(formats_17_a_rotten_block_log_is_fetched_again_from_peers)
{
    uint32_t rotten = 0;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct bench b;
        CHECK_OK(run(&b, (struct sim_options){
                             .seed = seed, .nodes = 4, .steps = 30000, .faults = 1 << SIM_DISK }));
        rotten += find(b.lines, 0, "rots") < LINES_MAX ? 1 : 0;
        for (uint32_t i = 0; i < b.w->nodes; i++) {
            struct bytes block, certificate;
            arena_reset(&b.arena);
            CHECK_OK(replica_block(b.w->node[i].replica, 1, &b.arena, &block, &certificate));
            CHECK_OK(
                replica_block(b.w->node[i].replica, b.w->height, &b.arena, &block, &certificate));
        }
        done(&b);
    }
    CHECK(rotten > 0);
}

/* From whom node 1 asks for blocks: the next one, certified as it is, another transaction in it. */
static void lie_of_body(struct bench *b, uint64_t height, uint32_t from, uint32_t *lied)
{
    struct sim_node *n = &b->w->node[1];
    struct peer_chain *c = ARENA_NEW(&b->arena, struct peer_chain);
    struct bytes wire = { NULL, 0 };
    struct block block;
    CHECK(c != NULL);
    c->from = c->committed = height;
    c->count = 1;
    CHECK_OK(replica_block(b->w->node[0].replica, height, &b->arena, &wire, &c->certificate));
    CHECK_OK(block_decode(b->w->suite, wire, &b->arena, &block));
    if (block.tx_count == 0 || c->certificate.len == 0) {
        return;
    }
    *(uint8_t *)(uintptr_t)(block.tx[0].ptr + block.tx[0].len - 1) ^= 1;
    c->block[0] = wire;
    struct peer_message m = { .kind = PEER_CHAIN, .chain = c };
    CHECK_OK(peer_encode(&m, 1 << 20, &b->arena, &wire));
    uint64_t now = (uint64_t)((int64_t)b->w->now_ms + n->skew_ms);
    CHECK_ERR(replica_receive(n->replica, now, from, wire), ERR_PROOF);
    *lied += 1;
}

TEST(formats_17_a_log_that_lost_its_end_is_not_mended_with_another_body)
{
    uint32_t lied = 0;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct bench b;
        struct sim_event e;
        struct bytes block = { NULL, 0 }, certificate;
        struct block kept;
        CHECK_OK(run(&b, (struct sim_options){ .seed = seed, .nodes = 4, .steps = 3000 }));
        struct sim_node *n = &b.w->node[1];
        uint64_t asked = 0, tip = replica_status(n->replica).tip.height;
        sim_node_crash(b.w, 1);
        CHECK(sim_disk_lose(&n->disk, "blocks", seed * UINT64_C(0x9e3779b97f4a7c15)));
        for (int step = 0; step < 20000 && sim_pop(b.w, &e); step++) {
            sim_handle(b.w, &e);
            const struct replica *r = n->replica;
            if (n->up && r->sync.active && r->blocks.height < tip && r->blocks.height > asked) {
                asked = r->blocks.height;
                lie_of_body(&b, asked + 1, r->sync.peer, &lied);
            }
        }
        for (uint64_t h = 1; h <= tip; h++) {
            arena_reset(&b.arena);
            CHECK_OK(replica_block(n->replica, h, &b.arena, &block, &certificate));
            CHECK_OK(block_decode(b.w->suite, block, &b.arena, &kept));
            CHECK_OK(proof_verify_body(b.w->suite, &kept, &b.arena));
        }
        CHECK_EQ(b.result.violation_count, 0);
        done(&b);
    }
    CHECK(lied > 0);
}

static struct bytes hello_of_run(struct bench *b, const struct hash *space, uint32_t node,
                                 uint64_t boot)
{
    struct peer_hello *h = ARENA_NEW(&b->arena, struct peer_hello);
    struct bytes wire = { NULL, 0 };
    ASSERT(h != NULL);
    h->space = *space;
    h->node = b->w->genesis.participant[node].id;
    h->purpose = 1;
    h->boot = boot;
    struct peer_message m = { .kind = PEER_HELLO, .hello = h };
    enum err e = peer_encode(&m, 65536, &b->arena, &wire);
    ASSERT(e == ERR_NONE);
    return wire;
}

static struct bytes hello_of(struct bench *b, const struct hash *space, uint32_t node)
{
    return hello_of_run(b, space, node, 1);
}

/* Node 0 says to node 1 that it stands where nobody is, and has seen a vote from there. */
static void lie_of_height(struct bench *b, uint64_t height)
{
    struct sim_node *n = &b->w->node[1];
    struct peer_hello *h = ARENA_NEW(&b->arena, struct peer_hello);
    struct peer_hello_answer a = { .vote = { 9, 9, height, VOTE_COMMIT } };
    struct peer_message m[] = { { .kind = PEER_HELLO, .hello = h },
                                { .kind = PEER_HELLO_ANSWER, .answer = &a } };
    uint64_t now = (uint64_t)((int64_t)b->w->now_ms + n->skew_ms);
    CHECK(h != NULL);
    h->space = b->w->genesis.space;
    h->node = b->w->genesis.participant[0].id;
    h->purpose = 1;
    h->height = height;
    for (size_t i = 0; i < COUNT(m); i++) {
        struct bytes wire = { NULL, 0 };
        CHECK_OK(peer_encode(&m[i], 65536, &b->arena, &wire));
        CHECK_OK(replica_receive(n->replica, now, 0, wire));
    }
}

TEST(formats_14_a_height_that_one_liar_invents_does_not_keep_a_node_an_observer_for_ever)
{
    static const uint64_t HEIGHT[] = { UINT64_C(1) << 40, UINT64_MAX - 2, UINT64_MAX };
    for (size_t i = 0; i < COUNT(HEIGHT); i++) {
        struct bench b;
        struct sim_event e;
        CHECK_OK(run(&b, (struct sim_options){ .seed = 2, .nodes = 4, .steps = 3000 }));
        struct sim_node *n = &b.w->node[1];
        bool votes = false;
        uint64_t height = b.w->height, lied_to = 0; /* a run: it may start again from a snapshot */
        sim_node_crash(b.w, 1);
        sim_disk_remove(&n->disk, "votes.log");
        for (int step = 0; step < 200000 && !votes && sim_pop(b.w, &e); step++) {
            sim_handle(b.w, &e);
            if (n->up && lied_to != n->run) {
                lied_to = n->run;
                lie_of_height(&b, HEIGHT[i]);
            }
            votes = n->up && replica_status(n->replica).voting;
        }
        CHECK(lied_to > 0 && votes);
        CHECK(b.w->height > height + 2 * PBFT_OPEN_MAX);
        CHECK_EQ(b.result.violation_count, 0);
        done(&b);
    }
}

/* HelloAnswer { boot 2, LastVote { epoch 1, height … } }: kind 1 and 2 are votes, 0 and 3 are not.
 */
TEST(formats_2_a_last_vote_has_the_kind_of_a_vote)
{
    static uint8_t memory[16 * 1024];
    static const enum err WANT[] = { ERR_ENCODING, ERR_NONE, ERR_NONE, ERR_ENCODING };
    for (unsigned kind = 0; kind < COUNT(WANT); kind++) {
        uint8_t wire[12] = { 0x12, 8, 0x08, 2, 0x12, 4, 0x08, 1, 0x20, (uint8_t)kind };
        size_t len = kind == 0 ? 8 : 10;
        wire[1] = (uint8_t)(len - 2);
        wire[5] = (uint8_t)(len - 6);
        struct arena a = arena_over(memory, sizeof memory);
        struct peer_message m;
        CHECK_ERR(peer_decode(bytes_of(wire, len), sizeof wire, &a, &m), WANT[kind]);
    }
}

/* Chain { from 2, keys, committed 3 }: without the member keys it is another way to say no keys. */
TEST(formats_2_a_chain_says_that_it_has_no_keys)
{
    static uint8_t memory[512 * 1024];
    static const uint8_t WITH[] = { 0x52, 6, 0x08, 2, 0x22, 0, 0x28, 3 };
    static const uint8_t WITHOUT[] = { 0x52, 4, 0x08, 2, 0x28, 3 };
    struct arena a = arena_over(memory, sizeof memory);
    struct peer_message m;
    CHECK_OK(peer_decode(bytes_of(WITH, sizeof WITH), 64, &a, &m));
    CHECK_EQ(m.chain->keys.count, 0);
    arena_reset(&a);
    CHECK_ERR(peer_decode(bytes_of(WITHOUT, sizeof WITHOUT), 64, &a, &m), ERR_ENCODING);
}

TEST(strangers_and_noise_are_refused_by_name)
{
    struct bench b;
    CHECK_OK(run(&b, (struct sim_options){ .seed = 2, .nodes = 4, .steps = 1000 }));
    struct replica *r = b.w->node[0].replica;
    struct hash other = { { 1 } };
    uint64_t now = b.w->now_ms;
    CHECK_ERR(replica_receive(r, now, 1, bytes_of_str("")), ERR_ENCODING);
    CHECK_ERR(replica_receive(r, now, 1, bytes_of_str("\x0a\x03zzz")), ERR_ENCODING);
    CHECK_ERR(replica_receive(r, now, 0, hello_of(&b, &b.w->genesis.space, 0)), ERR_PEER);
    CHECK_ERR(replica_receive(r, now, 99, hello_of(&b, &b.w->genesis.space, 1)), ERR_PEER);
    CHECK_ERR(replica_receive(r, now, 1, hello_of(&b, &other, 1)), ERR_PEER);
    CHECK_ERR(replica_receive(r, now, 1, hello_of(&b, &b.w->genesis.space, 2)), ERR_PEER);
    CHECK_OK(replica_receive(r, now, 1, hello_of(&b, &b.w->genesis.space, 1)));
    done(&b);
}

/* Start node 3 of a world that has run again, from its disk, with another configuration. */
static enum err restart(struct bench *b, uint64_t heights_max, size_t size, uint8_t *memory)
{
    struct sim_node *n = &b->w->node[3];
    struct replica_config c = sim_node_config(b->w, n);
    struct arena region = arena_over(memory, size);
    struct replica *r = NULL;
    c.heights_max = heights_max;
    sim_store_crash(&n->store);
    return replica_init(&c, &region, b->w->now_ms, &r);
}

TEST(memory_and_the_number_of_heights_are_limits_with_an_error)
{
    struct bench b;
    CHECK_OK(run(&b, (struct sim_options){ .seed = 2, .nodes = 4, .steps = 2000 }));
    size_t size = b.w->node[3].memory_size;
    uint8_t *memory = malloc(size);
    CHECK(memory != NULL);
    CHECK_OK(restart(&b, b.w->height, size, memory));
    CHECK_ERR(restart(&b, b.w->height - 1, size, memory), ERR_NO_SPACE);
    CHECK_ERR(restart(&b, b.w->height, size / 2, memory), ERR_NO_SPACE);
    CHECK_ERR(restart(&b, b.w->height, 64, memory), ERR_NO_SPACE);
    free(memory);
    done(&b);
}

/* Who was greeted by a node whose messages go nowhere. */
static uint32_t greeted[REPLICA_PEERS_MAX];

static void count_greetings(void *ctx, uint32_t peer, struct bytes message)
{
    static uint8_t memory[512 * 1024];
    struct arena a = arena_over(memory, sizeof memory);
    struct peer_message m;
    (void)ctx;
    if (peer < COUNT(greeted) && peer_decode(message, sizeof memory, &a, &m) == ERR_NONE) {
        greeted[peer] += m.kind == PEER_HELLO ? 1 : 0;
    }
}

/* Node 3 begins again with all that it has on its disk, and hears what node 0 says of itself. */
TEST(who_begins_again_behind_the_same_link_is_greeted_again)
{
    /* The boot number of each HELLO, and how many node 3 has said after it. */
    static const struct {
        uint64_t boot;
        uint32_t greetings;
    } HELLO[] = { { 5, 1 }, { 5, 1 }, { 6, 2 }, { 6, 2 }, { 5, 2 }, { 9, 3 }, { 6, 3 } };
    struct bench b;
    CHECK_OK(run(&b, (struct sim_options){ .seed = 2, .nodes = 4, .steps = 2000 }));
    struct sim_node *n = &b.w->node[3];
    uint64_t now = b.w->now_ms;
    struct replica_config c = sim_node_config(b.w, n);
    uint8_t *memory = malloc(n->memory_size);
    struct arena region = arena_over(memory, n->memory_size);
    struct replica *r = NULL;
    c.ports.send = count_greetings;
    c.ports.sync = NULL;
    c.ports.sync_wait = NULL;
    sim_store_crash(&n->store);
    memset(greeted, 0, sizeof greeted);
    CHECK_OK(replica_init(&c, &region, now, &r));
    replica_peer(r, now, 0, true);
    for (size_t i = 0; i < COUNT(HELLO); i++) {
        struct bytes hello = hello_of_run(&b, &b.w->genesis.space, 0, HELLO[i].boot);
        CHECK_OK(replica_receive(r, now, 0, hello));
        CHECK_OK(replica_flush(r, now));
        CHECK_EQ(greeted[0], HELLO[i].greetings);
    }
    CHECK_EQ(greeted[1] + greeted[2], 0);
    free(memory);
    done(&b);
}

/* ENOSPC and EIO at the n-th writing call of a start, for every n until it starts. */
TEST(a_start_survives_a_disk_that_fails_at_any_call)
{
    struct bench b;
    CHECK_OK(run(&b, (struct sim_options){ .seed = 2, .nodes = 4, .steps = 2000 }));
    struct sim_node *n = &b.w->node[3];
    uint8_t *memory = malloc(n->memory_size);
    CHECK(memory != NULL);
    enum err e = ERR_FAILED;
    uint64_t failed = 0;
    for (uint64_t call = 1; call < 64 && e != ERR_NONE; call++) {
        n->disk.crash_after = call;
        e = restart(&b, SIM_HEIGHTS_MAX, n->memory_size, memory);
        failed += n->disk.crashed ? 1 : 0;
        CHECK(e == ERR_NONE || e == ERR_FAILED);
        n->disk.crashed = false;
    }
    CHECK_OK(e);
    CHECK(failed >= 2);
    n->disk.crash_after = 0;
    CHECK_OK(restart(&b, SIM_HEIGHTS_MAX, n->memory_size, memory));
    free(memory);
    done(&b);
}
