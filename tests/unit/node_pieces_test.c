#include <stdlib.h>

#include "node/replica_parts_internal.h"
#include "sim/sim_parts_internal.h"
#include "tests/test.h"

/* Serving the pieces of a snapshot: so many bytes at a time to all together, and whoever asks for
 * more is answered in its turn instead of not at all. */

enum { NOW_MAX = REPLICA_SERVE_SIZE / REPLICA_SERVE_COST };

struct shop {
    struct world *w;
    struct sim_result result;
    struct replica *r; /* has a snapshot */
    uint64_t height;
    uint32_t seen; /* of its outbox */
};

static void open_shop(struct shop *s)
{
    struct sim_options o = { .seed = 2, .nodes = 4, .steps = 24000, .wipe_ms = 25000 };
    *s = (struct shop){ .w = malloc(sizeof *s->w), .result = { .seed = 2 } };
    ASSERT(s->w != NULL);
    CHECK_OK(sim_world_open(s->w, &o, &s->result));
    CHECK_OK(sim_world_run(s->w));
    for (uint32_t i = 0; i < s->w->nodes && s->r == NULL; i++) {
        struct replica *r = s->w->node[i].replica;
        for (uint32_t k = 0; k < REPLICA_SNAPSHOTS && s->w->node[i].up; k++) {
            if (r->maker.slot[k].ready) {
                s->r = r;
                s->height = r->maker.slot[k].height;
            }
        }
    }
    CHECK(s->r != NULL);
    CHECK_OK(replica_flush(s->r, s->r->now_ms));
    s->r->now_ms = s->r->maker.served_ms;
    replica_serve_tick(s->r);
    s->seen = s->r->batch[s->r->newer].out_count;
}

static void close_shop(struct shop *s)
{
    sim_world_close(s->w);
    free(s->w);
}

/* The next answer in the outbox. */
static bool answered(struct shop *s, uint32_t *peer, struct peer_message *out)
{
    const struct batch *b = &s->r->batch[s->r->newer];
    if (s->seen == b->out_count) {
        return false;
    }
    const struct out_message *m = &b->out[s->seen++];
    *peer = m->peer;
    enum err e = peer_decode(m->bytes, s->r->message_max, &s->r->work, out);
    ASSERT(e == ERR_NONE && out->kind == PEER_PIECE);
    return true;
}

static uint32_t drain(struct shop *s)
{
    uint32_t count = 0, peer;
    struct peer_message m;
    while (answered(s, &peer, &m)) {
        count++;
    }
    return count;
}

/* Of a snapshot that is not there: answers without a body, which cost the least. */
static enum err ask_for_none(struct shop *s, uint32_t peer, uint32_t number)
{
    return replica_serve_piece(s->r, peer, s->height + 1000 + number, 0);
}

TEST(a_piece_beyond_what_may_be_given_now_is_given_in_its_turn)
{
    struct shop s;
    uint32_t peer;
    struct peer_message m;
    open_shop(&s);
    for (uint32_t i = 0; i < NOW_MAX; i++) {
        CHECK_OK(ask_for_none(&s, 1, i));
    }
    CHECK_EQ(drain(&s), NOW_MAX);
    CHECK_EQ(replica_serve_deadline(s.r), UINT64_MAX);
    CHECK_OK(replica_serve_piece(s.r, 2, s.height, 0));
    CHECK_OK(ask_for_none(&s, 1, 7));
    CHECK_EQ(drain(&s), 0);
    uint64_t at = s.r->maker.served_ms;
    CHECK_EQ(replica_serve_deadline(s.r), at);
    s.r->now_ms = at - 1;
    replica_serve_tick(s.r);
    CHECK_EQ(drain(&s), 0);
    s.r->now_ms = at;
    replica_serve_tick(s.r);
    CHECK(answered(&s, &peer, &m));
    CHECK_EQ(peer, 2);
    CHECK_EQ(m.height, s.height);
    CHECK(m.body.len > 0);
    CHECK(answered(&s, &peer, &m));
    CHECK_EQ(peer, 1);
    CHECK_EQ(m.height, s.height + 1007);
    CHECK_EQ(m.body.len, 0);
    CHECK_EQ(drain(&s), 0);
    CHECK_EQ(replica_serve_deadline(s.r), UINT64_MAX);
    close_shop(&s);
}

TEST(what_is_given_at_a_time_is_counted_in_bytes)
{
    struct shop s;
    uint32_t peer, given = 0;
    struct peer_message m;
    open_shop(&s);
    CHECK_OK(replica_serve_piece(s.r, 1, s.height, 0));
    CHECK(answered(&s, &peer, &m));
    size_t each = m.body.len + REPLICA_SERVE_COST;
    for (uint32_t i = 1; i < NOW_MAX; i++) {
        (void)!replica_serve_piece(s.r, 1, s.height, 0);
    }
    given = 1 + drain(&s);
    CHECK_EQ(given, (REPLICA_SERVE_SIZE + each - 1) / each);
    CHECK(given < NOW_MAX);
    close_shop(&s);
}

/* One peer can't keep the others from being served, and asking twice is asking once. */
TEST(so_many_of_one_peer_wait_and_no_more)
{
    struct shop s;
    uint32_t peer;
    struct peer_message m;
    open_shop(&s);
    for (uint32_t i = 0; i < NOW_MAX; i++) {
        CHECK_OK(ask_for_none(&s, 1, i));
    }
    CHECK_EQ(drain(&s), NOW_MAX);
    for (uint32_t i = 0; i < 2 * SYNC_WINDOW_MAX; i++) {
        CHECK_OK(ask_for_none(&s, 1, i % SYNC_WINDOW_MAX));
    }
    CHECK_ERR(ask_for_none(&s, 1, SYNC_WINDOW_MAX), ERR_BUSY);
    CHECK_OK(ask_for_none(&s, 2, SYNC_WINDOW_MAX));
    s.r->now_ms = s.r->maker.served_ms;
    replica_serve_tick(s.r);
    for (uint32_t i = 0; i <= SYNC_WINDOW_MAX; i++) {
        CHECK(answered(&s, &peer, &m));
        CHECK_EQ(peer, i < SYNC_WINDOW_MAX ? 1 : 2);
        CHECK_EQ(m.height, s.height + 1000 + i);
    }
    CHECK_EQ(drain(&s), 0);
    close_shop(&s);
}

TEST(so_many_wait_and_no_more_and_each_turn_gives_as_many_as_the_first)
{
    struct shop s;
    open_shop(&s);
    for (uint32_t i = 0; i < NOW_MAX; i++) {
        CHECK_OK(ask_for_none(&s, 1, i));
    }
    CHECK_EQ(drain(&s), NOW_MAX);
    for (uint32_t i = 0; i < REPLICA_WAITING_MAX; i++) {
        CHECK_OK(ask_for_none(&s, i / SYNC_WINDOW_MAX, i));
    }
    CHECK_ERR(ask_for_none(&s, REPLICA_WAITING_MAX / SYNC_WINDOW_MAX, 0), ERR_BUSY);
    uint32_t left = REPLICA_WAITING_MAX;
    while (left > 0) {
        s.r->now_ms = s.r->maker.served_ms;
        replica_serve_tick(s.r);
        uint32_t given = drain(&s);
        CHECK_EQ(given, left < NOW_MAX ? left : NOW_MAX);
        left -= given;
    }
    CHECK_EQ(replica_serve_deadline(s.r), UINT64_MAX);
    close_shop(&s);
}
