#include <string.h>

#include "ledger/mempool_internal.h"
#include "tests/test.h"

/* The pool against a naive list, by chance: few authors and keys whose hashes fall together, so
 * that tables wrap and close up; sizes at which bytes run out before places, and the other way
 * round. */

enum { TXS = 64, BYTES = 4096, IDS = 400, AUTHORS = 9, KEYS = 3, STEPS = 60000 };

struct naive {
    bool here;
    struct pending p;
    uint32_t size;
    uint64_t serial;
};

static struct naive list[IDS];
static struct mempool pool;
static uint64_t serial, seed;

static uint32_t below(uint32_t n)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(seed >> 33) % n;
}

static struct hash author_named(uint32_t author)
{
    struct hash h = { { (uint8_t)(author % 3), 0, 0, 0, (uint8_t)author } };
    return h;
}

static struct pending pending_of(uint32_t id)
{
    struct pending p = { .valid_until_ms = 1000 + below(2000),
                         .cost = 1 + below(5),
                         .author = author_named(below(AUTHORS)),
                         .key = below(KEYS),
                         .order_class = below(MEMPOOL_CLASSES) };
    memcpy(p.id.b, &id, sizeof id);
    p.id.b[0] = (uint8_t)(id % 5);
    p.id.b[1] = 0;
    memcpy(p.id.b + 8, &id, sizeof id);
    return p;
}

static uint8_t byte_of(uint32_t id, uint32_t at)
{
    return (uint8_t)(id * 7 + at);
}

static void totals(const struct hash *author, uint32_t *count, uint32_t *bytes, uint64_t *cost)
{
    *count = *bytes = 0;
    *cost = 0;
    for (uint32_t i = 0; i < IDS; i++) {
        if (list[i].here && (author == NULL || hash_equal(&list[i].p.author, author))) {
            ++*count;
            *bytes += list[i].size;
            *cost += list[i].p.cost;
        }
    }
}

static void add_one(void)
{
    uint8_t wire[BYTES];
    uint32_t id = below(IDS), size = 1 + below(below(2) == 0 ? 40 : 200), count, bytes, all, held;
    uint64_t cost;
    struct pending p = list[id].here ? list[id].p : pending_of(id);
    totals(&p.author, &count, &bytes, &cost);
    totals(NULL, &all, &held, &cost);
    for (uint32_t i = 0; i < size; i++) {
        wire[i] = byte_of(id, i);
    }
    enum err want = list[id].here                                  ? ERR_DUPLICATE
                    : all == TXS || held + size > BYTES            ? ERR_BUSY
                    : count >= TXS / 4 || bytes + size > BYTES / 4 ? ERR_BUSY
                                                                   : ERR_NONE;
    CHECK_EQ(mempool_add(&pool, p, bytes_of(wire, size)), want);
    if (want == ERR_NONE) {
        list[id] = (struct naive){ true, p, size, ++serial };
    }
}

/* Which ones left must be the newest of one author, who held more than it was asked to leave. */
static void make_room(void)
{
    struct hash author = author_named(below(AUTHORS));
    uint32_t size = 1 + below(50), before = pool.count, count, bytes;
    uint64_t cost, left_of = UINT64_MAX, newest_kept = 0;
    struct hash who = { { 0 } };
    totals(&author, &count, &bytes, &cost);
    bool made = mempool_make_room(&pool, &author, size);
    CHECK_EQ(made, pool.count < before);
    for (uint32_t i = 0; i < IDS; i++) {
        if (list[i].here && !mempool_has(&pool, &list[i].p.id)) {
            CHECK(left_of == UINT64_MAX || hash_equal(&who, &list[i].p.author));
            who = list[i].p.author;
            left_of = list[i].serial < left_of ? list[i].serial : left_of;
            list[i].here = false;
        }
    }
    for (uint32_t i = 0; i < IDS; i++) {
        if (list[i].here && hash_equal(&who, &list[i].p.author)) {
            newest_kept = list[i].serial > newest_kept ? list[i].serial : newest_kept;
        }
    }
    CHECK(!made || (newest_kept < left_of && !hash_equal(&who, &author)));
}

static void forget(uint64_t until)
{
    for (uint32_t i = 0; i < IDS; i++) {
        list[i].here = list[i].here && list[i].p.valid_until_ms > until;
    }
}

static void same(void)
{
    uint32_t count, bytes, seen = 0;
    uint64_t cost, before = 0, oldest = UINT64_MAX;
    totals(NULL, &count, &bytes, &cost);
    CHECK_EQ(pool.count, count);
    CHECK_EQ(pool.held, bytes);
    for (uint32_t a = 0; a < AUTHORS; a++) {
        struct hash author = author_named(a);
        uint64_t sum = 0;
        totals(&author, &count, &bytes, &cost);
        CHECK_EQ(mempool_cost(&pool, &author), cost);
        for (uint32_t key = 0; key < KEYS; key++) {
            sum += mempool_signer_cost(&pool, &author, key);
        }
        CHECK_EQ(sum, cost);
    }
    for (uint32_t i = 0; i < IDS; i++) {
        CHECK_EQ(mempool_has(&pool, &list[i].p.id), list[i].here);
        oldest = list[i].here && list[i].serial < oldest ? list[i].serial : oldest;
    }
    for (uint32_t i = pool.first; i < pool.end; i++) {
        const struct pending *p = &pool.entry[i];
        if (p->gone) {
            continue;
        }
        uint32_t id;
        memcpy(&id, p->id.b + 8, sizeof id);
        CHECK(list[id].here && list[id].serial > before); /* in order of arrival */
        CHECK(before > 0 || list[id].serial == oldest);
        before = list[id].serial;
        struct bytes wire = mempool_bytes(&pool, i);
        CHECK_EQ(wire.len, list[id].size);
        CHECK(wire.ptr[0] == byte_of(id, 0) &&
              wire.ptr[wire.len - 1] == byte_of(id, (uint32_t)wire.len - 1));
        seen++;
    }
    CHECK_EQ(seen, pool.count);
    const struct pending *first = mempool_oldest(&pool);
    CHECK((first == NULL) == (seen == 0));
    CHECK(first == NULL || !first->gone);
}

/* By class, then each author's first before anybody's second, then age. */
static void ordered(void)
{
    const uint64_t *order = mempool_order(&pool);
    uint32_t rank_before = 0, class_before = 0, index_before = 0;
    static bool taken[2 * TXS];
    memset(taken, 0, sizeof taken);
    for (uint32_t i = 0; i < pool.count; i++) {
        uint32_t at = mempool_order_index(order[i]), rank = 0;
        const struct pending *p = &pool.entry[at];
        CHECK(!p->gone && !taken[at]);
        taken[at] = true;
        for (uint32_t j = pool.first; j < at; j++) {
            const struct pending *q = &pool.entry[j];
            rank +=
                !q->gone && q->order_class == p->order_class && hash_equal(&q->author, &p->author)
                    ? 1
                    : 0;
        }
        bool later = p->order_class > class_before ||
                     (p->order_class == class_before &&
                      (rank > rank_before || (rank == rank_before && at > index_before)));
        CHECK(i == 0 || later);
        class_before = p->order_class;
        rank_before = rank;
        index_before = at;
    }
}

TEST(the_pool_holds_what_a_naive_list_holds)
{
    static uint8_t memory[1 << 20];
    for (uint32_t run = 1; run < 4; run++) {
        seed = run;
        struct arena a = arena_over(memory, sizeof memory);
        uint64_t now = 0;
        memset(list, 0, sizeof list);
        for (uint32_t id = 0; id < IDS; id++) {
            list[id].p = pending_of(id);
        }
        CHECK(mempool_memory(TXS, BYTES) <= sizeof memory);
        CHECK_OK(mempool_init(&pool, TXS, BYTES, &a));
        for (uint32_t step = 0; step < STEPS; step++) {
            uint32_t what = below(100), id = below(IDS);
            struct hash gone = list[id].p.id;
            if (what < 70) {
                add_one();
            } else if (what < 95) {
                mempool_remove(&pool, &gone);
                list[id].here = false;
            } else if (what < 98) {
                make_room();
            } else {
                now = below(100) == 0 ? 0 : now + below(40); /* at times everybody is young again */
                mempool_sweep(&pool, now);
                forget(now);
            }
            if (step % 16 == 0) {
                same();
            }
            if (step % 64 == 0) {
                ordered();
            }
        }
    }
}

TEST(its_memory_is_what_it_says)
{
    static uint8_t memory[1 << 20];
    size_t need = mempool_memory(TXS, BYTES);
    struct arena enough = arena_over(memory, need), less = arena_over(memory, need / 2);
    CHECK_OK(mempool_init(&pool, TXS, BYTES, &enough));
    CHECK_ERR(mempool_init(&pool, TXS, BYTES, &less), ERR_NO_SPACE);
}
