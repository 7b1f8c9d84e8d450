#include "node/meter_internal.h"
#include "tests/test.h"

#include <string.h>
#include <time.h>

static uint64_t thread_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Processor time, not time: other work on the machine makes this longer and changes no sum. */
static void work_us(uint64_t us)
{
    uint64_t until = thread_us() + us;
    while (thread_us() < until) {
    }
}

static uint64_t sum(const uint64_t us[ACTIVITY_END])
{
    uint64_t all = 0;
    for (int a = 0; a < ACTIVITY_END; a++) {
        all += us[a];
    }
    return all;
}

TEST(each_activity_is_given_the_time_between_its_turns)
{
    struct meter m;
    uint64_t us[ACTIVITY_END];
    meter_begin(&m);
    CHECK_EQ(meter_turn(&m, ACTIVITY_EXECUTE), ACTIVITY_NETWORK);
    work_us(3000);
    CHECK_EQ(meter_turn(&m, ACTIVITY_HASH), ACTIVITY_EXECUTE);
    work_us(2000);
    CHECK_EQ(meter_turn(&m, ACTIVITY_EXECUTE), ACTIVITY_HASH);
    work_us(1000);
    (void)meter_turn(&m, ACTIVITY_NETWORK);
    meter_read(&m, us);
    CHECK(us[ACTIVITY_EXECUTE] >= 4000 - 2);
    CHECK(us[ACTIVITY_HASH] >= 2000 - 2);
    CHECK(us[ACTIVITY_EXECUTE] > us[ACTIVITY_HASH]);
    CHECK_EQ(us[ACTIVITY_DISK], 0);
    CHECK_EQ(us[ACTIVITY_CONSENSUS], 0);
}

TEST(what_goes_on_counts_and_the_sum_is_the_threads_time)
{
    struct meter m;
    uint64_t us[ACTIVITY_END], before = thread_us();
    meter_begin(&m);
    (void)meter_turn(&m, ACTIVITY_DISK);
    work_us(2000);
    meter_read(&m, us);
    CHECK(us[ACTIVITY_DISK] >= 2000 - 2);
    for (int i = 0; i < 1000; i++) {
        (void)meter_turn(&m, (enum activity)(i % ACTIVITY_END));
    }
    meter_read(&m, us);
    CHECK(sum(us) <= thread_us() - before + 1);
    CHECK(sum(us) >= 2000 - 2);
}

TEST(a_turn_to_the_same_thing_changes_nothing)
{
    struct meter m;
    meter_begin(&m);
    uint64_t since = m.since_ns;
    struct activity_port port = meter_port(&m);
    CHECK_EQ(activity_turn(&port, ACTIVITY_NETWORK), ACTIVITY_NETWORK);
    CHECK_EQ(m.since_ns, since);
    CHECK_EQ(activity_turn(&port, ACTIVITY_HASH), ACTIVITY_NETWORK);
    CHECK_EQ(m.now, ACTIVITY_HASH);
}

TEST(where_nobody_keeps_the_time_a_turn_is_nothing)
{
    struct activity_port none = { NULL, NULL };
    enum activity was = activity_turn(&none, ACTIVITY_DISK);
    CHECK_EQ(activity_turn(&none, was), was);
}

TEST(each_activity_has_a_name_of_its_own)
{
    for (int a = 0; a < ACTIVITY_END; a++) {
        for (int b = 0; b < a; b++) {
            CHECK(strcmp(activity_name((enum activity)a), activity_name((enum activity)b)) != 0);
        }
    }
}
