#include "tests/fixtures/consensus_cluster.h"
#include "tests/test.h"

static struct cluster *started(uint32_t seats, uint32_t observers, uint64_t seed)
{
    struct cluster *c = cluster_new(seats, observers, seed);
    for (uint32_t i = 0; i < c->nodes; i++) {
        cluster_start(c, i, true);
    }
    return c;
}

static bool sound(const struct cluster *c)
{
    if (c->forks != 0 || c->contradictions != 0 || c->unwritten != 0) {
        printf("# forks %llu contradictions %llu unwritten %llu\n", (unsigned long long)c->forks,
               (unsigned long long)c->contradictions, (unsigned long long)c->unwritten);
        return false;
    }
    return true;
}

TEST(a_lone_transaction_on_an_idle_network_is_proposed_at_once)
{
    struct cluster *c = started(4, 1, 1);
    cluster_submit(c, 1);
    cluster_run(c, 100);
    CHECK(cluster_all_at(c, 1));
    CHECK(sound(c));
    CHECK_EQ(c->top, 1);
    cluster_free(c);
}

TEST(a_stream_of_transactions_is_committed_by_all_in_one_view)
{
    struct cluster *c = started(4, 1, 2);
    for (int i = 0; i < 50; i++) {
        cluster_submit(c, 3);
        cluster_run(c, 20);
    }
    cluster_run(c, 200);
    CHECK(c->top >= 20);
    CHECK(cluster_all_at(c, c->top));
    CHECK_EQ(c->node[4].done, 150);
    CHECK_EQ(pbft_status(c->node[0].pbft).view, 0);
    CHECK(sound(c));
    cluster_free(c);
}

TEST(the_suite_of_the_space_is_the_one_that_signs)
{
    struct cluster *c = cluster_new(4, 0, 3);
    c->suite = *suite_intl();
    for (uint32_t i = 0; i < 4; i++) {
        c->node[i].tip.hash = c->genesis.space;
        cluster_start(c, i, true);
    }
    for (int i = 0; i < 5; i++) {
        cluster_submit(c, 1);
        cluster_run(c, 100);
    }
    CHECK_EQ(cluster_lowest(c), 5);
    struct certificate cert;
    CHECK_OK(certificate_decode(c->node[2].certificate[c->node[2].certified], &c->scratch, &cert));
    CHECK_EQ(cert.signature[0].len, suite_intl()->signature_size);
    CHECK(sound(c));
    cluster_free(c);
}

/* Drops, doubles, delays, partitions and crashes for a while. */
static void trouble(struct cluster *c)
{
    c->drop_percent = (uint32_t)cluster_random(c, 40);
    c->deaf_percent = (uint32_t)cluster_random(c, 60);
    c->deaf_seed = cluster_random(c, UINT64_MAX);
    c->double_percent = (uint32_t)cluster_random(c, 20);
    c->delay_ms = 5 + (uint32_t)cluster_random(c, 150);
    c->crash_permille = (uint32_t)cluster_random(c, 6);
    c->view_timeout_ms = 250 + (uint32_t)cluster_random(c, 500);
    for (int i = 0; i < 30; i++) {
        if (cluster_random(c, 3) == 0) {
            c->island = (uint32_t)cluster_random(c, UINT64_C(1) << c->seats);
        }
        if (cluster_random(c, 3) == 0) {
            c->island = 0;
        }
        if (cluster_random(c, 8) == 0) {
            c->node[cluster_random(c, c->seats)].fails = true;
        }
        cluster_submit(c, (uint32_t)cluster_random(c, 8));
        cluster_run(c, 50 + cluster_random(c, 300));
    }
}

static void calm(struct cluster *c)
{
    c->drop_percent = c->crash_permille = c->island = c->deaf_percent = 0;
    c->delay_ms = 10;
    for (uint32_t i = 0; i < c->nodes; i++) {
        c->node[i].fails = false;
        if (!c->node[i].up) {
            cluster_start(c, i, true);
        }
    }
}

struct totals {
    uint64_t heights, crashes, dropped, syncs, views;
};

static void say(const struct cluster *c, uint64_t seed, uint64_t target)
{
    printf("# seats %u seed %llu: lowest %llu of %llu\n", c->seats, (unsigned long long)seed,
           (unsigned long long)cluster_lowest(c), (unsigned long long)target);
    for (uint32_t i = 0; i < c->seats; i++) {
        struct pbft_status s = pbft_status(c->node[i].pbft);
        printf("#   %u: view %llu%s committed %llu prepared %llu\n", i, (unsigned long long)s.view,
               s.changing ? " changing" : "", (unsigned long long)s.committed,
               (unsigned long long)s.prepared);
    }
}

/* After the storm comes the calm: all agree, and all arrive. */
static void storm(uint32_t seats, uint64_t seed, struct totals *t)
{
    struct cluster *c = started(seats, 0, seed);
    if (seed % 3 == 0) { /* an epoch ends in the middle */
        c->now_ms = CLUSTER_START_MS + CLUSTER_EPOCH_MS - 1000 - cluster_random(c, 5000);
    }
    trouble(c);
    calm(c);
    uint64_t target = c->top + 2;
    for (int i = 0; i < 60 && !cluster_all_at(c, target); i++) {
        cluster_submit(c, 1);
        cluster_run(c, 1000);
    }
    bool good = sound(c) && cluster_all_at(c, target);
    if (!good) {
        say(c, seed, target);
    }
    t->heights += c->top;
    t->crashes += c->crashes;
    t->dropped += c->dropped;
    t->syncs += c->syncs;
    t->views += pbft_status(c->node[0].pbft).view;
    cluster_free(c);
    CHECK(good);
}

static void storms(uint32_t seats, uint64_t first, uint64_t count)
{
    struct totals t = { 0 };
    for (uint64_t seed = first; seed < first + count && !test_failing(); seed++) {
        storm(seats, seed, &t);
    }
    printf("# heights %llu crashes %llu dropped %llu syncs %llu views %llu\n",
           (unsigned long long)t.heights, (unsigned long long)t.crashes,
           (unsigned long long)t.dropped, (unsigned long long)t.syncs, (unsigned long long)t.views);
    CHECK(t.crashes > count && t.dropped > count && t.syncs > count && t.views > count);
}

TEST(four_seats_agree_and_arrive_through_loss_partitions_and_crashes)
{
    storms(4, 0, 300);
}

TEST(seven_seats_agree_and_arrive_through_loss_partitions_and_crashes)
{
    storms(7, 1000, 100);
}
