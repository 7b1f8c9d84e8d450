#include <stdlib.h>

#include "tests/test.h"
#include "transfer/transfer.h"

enum { CHUNKS_MAX = 40, CHUNK_SIZE = 24, TIMEOUT_MS = 1000, LOST_MAX = 64 };

/* A manifest of tiny chunks: fetching looks at sizes and leaves only. */
struct source {
    struct manifest m;
    uint32_t size[CHUNKS_MAX];
    struct hash leaf[CHUNKS_MAX];
    uint8_t chunk[CHUNKS_MAX][CHUNK_SIZE];
};

static void source_make(struct source *s, uint32_t count)
{
    memset(s, 0, sizeof *s);
    for (uint32_t i = 0; i < count; i++) {
        s->size[i] = CHUNK_SIZE;
        memset(s->chunk[i], (int)i + 1, CHUNK_SIZE);
        merkle_leaf(suite_intl(), "carnet/chunk/v1", bytes_of(s->chunk[i], CHUNK_SIZE),
                    &s->leaf[i]);
    }
    s->m.chunk_count = count;
    s->m.sealed_size = s->size;
    s->m.sealed_leaf = s->leaf;
}

/* A fetch and what a shell saw of it; the trace is compared whole. */
struct rig {
    struct source source;
    struct arena arena;
    struct fetch *fetch;
    uint64_t now_ms;
    char trace[4096];
    uint8_t memory[8192];
};

static void rig_start(struct rig *r, uint32_t chunks, const uint8_t *have)
{
    source_make(&r->source, chunks);
    r->arena = arena_over(r->memory, sizeof r->memory);
    r->now_ms = 0;
    r->trace[0] = '\0';
    CHECK_OK(fetch_init(suite_intl(), &r->source.m, have, TIMEOUT_MS, &r->arena, &r->fetch));
}

static void say(struct rig *r, const char *text)
{
    size_t len = strlen(r->trace);
    snprintf(r->trace + len, sizeof r->trace - len, "%s", text);
}

static const char *const EVENT[] = { "up", "down", "chunk", "stored", "tick" };
static const char *const EFFECT[] = { "ask", "store", "ack", "finish", "blame" };

static void feed(struct rig *r, enum fetch_event_kind kind, uint32_t index, bool wrong)
{
    struct fetch_effects out;
    uint8_t bytes[CHUNK_SIZE];
    char text[64];
    memcpy(bytes, r->source.chunk[index % CHUNKS_MAX], CHUNK_SIZE);
    bytes[3] ^= wrong;
    struct fetch_event ev = { kind, r->now_ms, index, bytes_of(bytes, CHUNK_SIZE) };
    bool numbered = kind == FETCH_CHUNK || kind == FETCH_STORED;
    enum err e = fetch_step(r->fetch, &ev, &out);
    snprintf(text, sizeof text, numbered ? "%s %u ->" : "%s ->", EVENT[kind], index);
    say(r, text);
    if (e != ERR_NONE) {
        snprintf(text, sizeof text, " %s", err_name(e));
        say(r, text);
        CHECK_EQ(out.count, 0);
    }
    for (uint32_t i = 0; i < out.count; i++) {
        snprintf(text, sizeof text, " %s %u;", EFFECT[out.effect[i].kind], out.effect[i].index);
        say(r, text);
    }
    say(r, "\n");
}

TEST(formats_18_a_chunk_is_asked_verified_stored_and_only_then_acknowledged)
{
    struct rig r;
    rig_start(&r, 2, NULL);
    feed(&r, FETCH_LINK_UP, 0, false);
    feed(&r, FETCH_STORED, 1, false);
    feed(&r, FETCH_CHUNK, 1, false);
    feed(&r, FETCH_CHUNK, 1, false);
    feed(&r, FETCH_STORED, 1, false);
    feed(&r, FETCH_STORED, 1, false);
    feed(&r, FETCH_CHUNK, 1, false);
    feed(&r, FETCH_CHUNK, 2, false);
    feed(&r, FETCH_CHUNK, 0, false);
    feed(&r, FETCH_STORED, 0, false);
    feed(&r, FETCH_LINK_UP, 0, false);
    feed(&r, FETCH_TICK, 0, false);
    CHECK_STR(r.trace, "up -> ask 0; ask 1;\n"
                       "stored 1 -> state\n"
                       "chunk 1 -> store 1;\n"
                       "chunk 1 -> stale\n"
                       "stored 1 -> ack 1;\n"
                       "stored 1 -> state\n"
                       "chunk 1 -> stale\n"
                       "chunk 2 -> range\n"
                       "chunk 0 -> store 0;\n"
                       "stored 0 -> ack 0; finish 0;\n"
                       "up -> state\n"
                       "tick -> state\n");
    CHECK_EQ(fetch_status(r.fetch).state, FETCH_DONE);
}

TEST(formats_18_a_cut_forgets_what_was_asked_and_keeps_what_is_being_stored)
{
    struct rig r;
    rig_start(&r, 6, NULL);
    feed(&r, FETCH_LINK_UP, 0, false);
    feed(&r, FETCH_CHUNK, 0, false);
    feed(&r, FETCH_CHUNK, 2, false);
    feed(&r, FETCH_STORED, 0, false);
    feed(&r, FETCH_LINK_DOWN, 0, false);
    CHECK_EQ(fetch_status(r.fetch).asked, 0);
    feed(&r, FETCH_LINK_DOWN, 0, false);
    feed(&r, FETCH_CHUNK, 1, false);
    feed(&r, FETCH_TICK, 0, false);
    feed(&r, FETCH_STORED, 2, false);
    feed(&r, FETCH_LINK_UP, 0, false);
    CHECK_STR(r.trace, "up -> ask 0; ask 1; ask 2; ask 3;\n"
                       "chunk 0 -> store 0;\n"
                       "chunk 2 -> store 2;\n"
                       "stored 0 -> ack 0; ask 4;\n"
                       "down ->\n"
                       "down -> state\n"
                       "chunk 1 -> stale\n"
                       "tick ->\n"
                       "stored 2 -> ack 2;\n"
                       "up -> ask 1; ask 3; ask 4; ask 5;\n");
    CHECK_EQ(fetch_status(r.fetch).resumed_from, 2);
    CHECK_EQ(fetch_status(r.fetch).durable, 2);
}

TEST(formats_18_what_does_not_come_in_time_is_asked_again)
{
    struct rig r;
    rig_start(&r, 2, NULL);
    feed(&r, FETCH_LINK_UP, 0, false);
    CHECK_EQ(fetch_status(r.fetch).deadline_ms, TIMEOUT_MS);
    r.now_ms = TIMEOUT_MS - 1;
    feed(&r, FETCH_TICK, 0, false);
    feed(&r, FETCH_CHUNK, 1, false);
    r.now_ms = TIMEOUT_MS;
    feed(&r, FETCH_TICK, 0, false);
    CHECK_EQ(fetch_status(r.fetch).deadline_ms, 2 * TIMEOUT_MS);
    feed(&r, FETCH_CHUNK, 0, false); /* the late answer is as good as the second one */
    feed(&r, FETCH_CHUNK, 0, false);
    CHECK_EQ(fetch_status(r.fetch).deadline_ms, 0);
    CHECK_STR(r.trace, "up -> ask 0; ask 1;\n"
                       "tick ->\n"
                       "chunk 1 -> store 1;\n"
                       "tick -> ask 0;\n"
                       "chunk 0 -> store 0;\n"
                       "chunk 0 -> stale\n");
}

TEST(a_source_that_sends_wrong_chunks_is_blamed_and_in_the_end_given_up)
{
    struct rig r;
    struct fetch_effects out;
    rig_start(&r, 1, NULL);
    feed(&r, FETCH_LINK_UP, 0, false);
    r.trace[0] = '\0';
    feed(&r, FETCH_CHUNK, 0, true);
    CHECK_STR(r.trace, "chunk 0 -> blame 0; ask 0;\n");
    struct fetch_event cut = { FETCH_CHUNK, 0, 0, bytes_of(r.source.chunk[0], CHUNK_SIZE - 1) };
    CHECK_OK(fetch_step(r.fetch, &cut, &out)); /* the right bytes, one short */
    CHECK(out.count == 2 && out.effect[0].kind == FETCH_BLAME);
    r.source.size[0]++; /* a manifest at odds with itself: then nothing is the chunk */
    feed(&r, FETCH_CHUNK, 0, false);
    for (uint32_t i = 3; i < FETCH_BLAMES_MAX - 1; i++) {
        feed(&r, FETCH_CHUNK, 0, true);
        CHECK_EQ(fetch_status(r.fetch).state, FETCH_RUNNING);
    }
    r.trace[0] = '\0';
    feed(&r, FETCH_CHUNK, 0, true);
    feed(&r, FETCH_CHUNK, 0, false);
    feed(&r, FETCH_LINK_UP, 0, false);
    CHECK_STR(r.trace, "chunk 0 -> blame 0;\nchunk 0 -> state\nup -> state\n");
    CHECK_EQ(fetch_status(r.fetch).state, FETCH_FAILED);
}

TEST(formats_18_a_fetch_goes_on_from_the_bitmap_of_what_is_durable)
{
    static const uint8_t HAVE[2] = { 0xfd, 0x01 }, ALL[2] = { 0xff, 0xff };
    struct rig r;
    rig_start(&r, 10, HAVE);
    CHECK_EQ(fetch_status(r.fetch).durable, 8);
    feed(&r, FETCH_LINK_UP, 0, false);
    CHECK_STR(r.trace, "up -> ask 1; ask 9;\n");
    CHECK_EQ(fetch_status(r.fetch).resumed_from, 8);

    rig_start(&r, 10, ALL); /* nothing to fetch: finished at the first event, asking nothing */
    feed(&r, FETCH_LINK_UP, 0, false);
    feed(&r, FETCH_LINK_UP, 0, false);
    CHECK_STR(r.trace, "up -> finish 0;\nup -> state\n");
}

TEST(a_fetch_without_chunks_timeout_or_memory_does_not_begin)
{
    static struct source s;
    uint8_t memory[4096];
    struct arena a = arena_over(memory, sizeof memory), small = arena_over(memory, 64);
    struct fetch *f = NULL;
    source_make(&s, 3);
    CHECK_ERR(fetch_init(suite_intl(), &s.m, NULL, 0, &a, &f), ERR_RANGE);
    CHECK_ERR(fetch_init(suite_intl(), &s.m, NULL, 1, &small, &f), ERR_NO_SPACE);
    s.m.chunk_count = 0;
    CHECK_ERR(fetch_init(suite_intl(), &s.m, NULL, 1, &a, &f), ERR_RANGE);
    s.m.chunk_count = SEALING_CHUNKS_MAX + 1;
    CHECK_ERR(fetch_init(suite_intl(), &s.m, NULL, 1, &a, &f), ERR_RANGE);
    CHECK(f == NULL);
    CHECK_EQ(arena_mark(&a), 0);
}

/* The model: a naive twin that knows for each chunk only what the outside saw, and a world with one
 * seed that cuts, loses, doubles, corrupts and delays. */
enum seen { SEEN_NOTHING, SEEN_STORING, SEEN_DURABLE };
struct world {
    struct rig r;
    uint64_t seed;
    bool up, asked[CHUNKS_MAX];
    enum seen seen[CHUNKS_MAX];
    bool acked[CHUNKS_MAX];
    uint32_t wire[LOST_MAX], wire_count; /* answers on their way; high bit: corrupted */
    uint32_t finished, blames, wrong_sent, steps;
};

static uint32_t draw(struct world *w, uint32_t below)
{
    w->seed ^= w->seed << 13;
    w->seed ^= w->seed >> 7;
    w->seed ^= w->seed << 17;
    return (uint32_t)(w->seed >> 33) % below;
}

static uint32_t outstanding(const struct world *w)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->r.source.m.chunk_count; i++) {
        n += w->asked[i];
    }
    return n;
}

static void see_asked(struct world *w, uint32_t index)
{
    CHECK(w->up);
    CHECK(w->seen[index] == SEEN_NOTHING); /* never again once durable */
    w->asked[index] = true;
    CHECK(outstanding(w) <= FETCH_WINDOW);
    uint32_t fate = draw(w, 10); /* lost, doubled, corrupted, or as it should be */
    uint32_t copies = fate == 0 ? 0 : fate == 1 ? 2 : 1;
    for (uint32_t i = 0; i < copies && w->wire_count < LOST_MAX; i++) {
        bool wrong = fate == 2 && w->wrong_sent + 1 < FETCH_BLAMES_MAX;
        w->wrong_sent += wrong;
        w->wire[w->wire_count++] = index | (wrong ? 1u << 31 : 0);
    }
}

static void see_effect(struct world *w, const struct fetch_effect *e, const struct fetch_event *ev)
{
    switch (e->kind) {
    case FETCH_ASK:
        see_asked(w, e->index);
        return;
    case FETCH_STORE:
        CHECK(ev->kind == FETCH_CHUNK && w->asked[e->index]);
        CHECK(w->seen[e->index] == SEEN_NOTHING);
        CHECK_BYTES(e->chunk, bytes_of(w->r.source.chunk[e->index], CHUNK_SIZE));
        w->asked[e->index] = false;
        w->seen[e->index] = SEEN_STORING;
        return;
    case FETCH_ACK:
        CHECK(ev->kind == FETCH_STORED && w->seen[e->index] == SEEN_DURABLE);
        CHECK(!w->acked[e->index]);
        w->acked[e->index] = true;
        return;
    case FETCH_FINISH:
        w->finished++;
        return;
    case FETCH_BLAME:
        CHECK(ev->kind == FETCH_CHUNK &&
              !bytes_equal(ev->chunk, bytes_of(w->r.source.chunk[e->index], CHUNK_SIZE)));
        w->blames++;
        return;
    }
}

static void step(struct world *w, enum fetch_event_kind kind, uint32_t index, bool wrong)
{
    struct fetch_effects out;
    uint8_t bytes[CHUNK_SIZE];
    memcpy(bytes, w->r.source.chunk[index], CHUNK_SIZE);
    bytes[0] ^= wrong;
    struct fetch_event ev = { kind, w->r.now_ms, index, bytes_of(bytes, CHUNK_SIZE) };
    bool meant = kind != FETCH_STORED || w->seen[index] == SEEN_STORING;
    if (kind == FETCH_STORED && meant) {
        w->seen[index] = SEEN_DURABLE;
    }
    if (kind == FETCH_LINK_UP || kind == FETCH_LINK_DOWN) {
        w->up = kind == FETCH_LINK_UP;
        memset(w->asked, 0, sizeof w->asked);
    }
    enum err e = fetch_step(w->r.fetch, &ev, &out);
    CHECK(e == ERR_NONE || out.count == 0);
    CHECK(meant || e != ERR_NONE);
    bool wanted = kind == FETCH_CHUNK && w->asked[index];
    CHECK(kind != FETCH_CHUNK || e == (wanted ? ERR_NONE : ERR_STALE));
    for (uint32_t i = 0; i < out.count && !test_failing(); i++) {
        see_effect(w, &out.effect[i], &ev);
    }
    w->steps++;
}

static void deliver(struct world *w)
{
    uint32_t at = draw(w, w->wire_count), what = w->wire[at];
    w->wire[at] = w->wire[--w->wire_count];
    step(w, FETCH_CHUNK, what & 0xffff, what >> 31 != 0);
}

/* Stores of a chunk that nobody asked to store come too: a shell with a fault. */
static void store_some(struct world *w)
{
    uint32_t index = draw(w, w->r.source.m.chunk_count);
    for (uint32_t i = 0; i < w->r.source.m.chunk_count; i++) {
        if (w->seen[(index + i) % w->r.source.m.chunk_count] == SEEN_STORING && draw(w, 8) > 0) {
            index = (index + i) % w->r.source.m.chunk_count;
            break;
        }
    }
    step(w, FETCH_STORED, index, false);
}

static void live(struct world *w)
{
    while (w->finished == 0 && w->steps < 5000 && !test_failing()) {
        uint32_t what = draw(w, 16);
        if (what == 0 && w->up) {
            step(w, FETCH_LINK_DOWN, 0, false);
        } else if (what <= 2) {
            w->up = draw(w, 4) > 0 || w->up;
            if (w->up) {
                step(w, FETCH_LINK_UP, 0, false); /* a new link, the old one unmissed */
            }
        } else if (what <= 4) {
            w->r.now_ms += draw(w, TIMEOUT_MS);
            step(w, FETCH_TICK, 0, false);
        } else if (what <= 9 && w->wire_count > 0) {
            deliver(w);
        } else {
            store_some(w);
        }
    }
}

TEST(formats_18_in_every_world_each_chunk_is_stored_once_and_the_fetch_ends_once)
{
    static struct world w;
    uint32_t blames = 0, steps = 0;
    for (uint64_t seed = 1; seed <= 500; seed++) {
        memset(&w, 0, sizeof w);
        w.seed = seed * 0x9e3779b97f4a7c15;
        rig_start(&w.r, 1 + (uint32_t)(seed % CHUNKS_MAX), NULL);
        live(&w);
        if (test_failing()) {
            printf("# seed %llu, step %u\n", (unsigned long long)seed, w.steps);
            return;
        }
        CHECK_EQ(w.finished, 1);
        for (uint32_t i = 0; i < w.r.source.m.chunk_count; i++) {
            CHECK(w.acked[i] && w.seen[i] == SEEN_DURABLE);
        }
        blames += w.blames;
        steps += w.steps;
    }
    CHECK(blames > 100 && steps > 10000); /* the worlds were rough enough to prove something */
}
