#include "node/syncer_internal.h"
#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

/* A disk whose syncs last until the test lets them go, and fail if it says so. */
struct rig {
    uv_loop_t loop;
    struct disk_calls calls;
    struct syncer *syncer;
    _Atomic bool held;
    _Atomic int fails, calls_made;
    uint32_t told;
    enum err answer;
};

static int slow_sync(void *ctx, int fd)
{
    struct rig *g = ctx;
    (void)fd;
    while (atomic_load(&g->held)) {
        uv_sleep(1);
    }
    atomic_fetch_add(&g->calls_made, 1);
    if (atomic_load(&g->fails) != 0) {
        errno = ENOSPC;
        return -1;
    }
    return 0;
}

static void on_done(void *user, enum err e)
{
    struct rig *g = user;
    g->told++;
    g->answer = e;
}

static void open_rig(struct rig *g)
{
    *g = (struct rig){ .calls = { .ctx = g, .sync = slow_sync } };
    CHECK_EQ(uv_loop_init(&g->loop), 0);
    struct syncer_config c = { .loop = &g->loop, .calls = &g->calls, .user = g, .done = on_done };
    CHECK_OK(syncer_open(&c, &g->syncer));
}

static void close_rig(struct rig *g)
{
    syncer_close(g->syncer);
    (void)uv_run(&g->loop, UV_RUN_DEFAULT);
    CHECK_EQ(uv_loop_close(&g->loop), 0);
}

static void begin(struct rig *g, uint32_t count)
{
    int fd[SYNCER_FDS_MAX];
    for (uint32_t i = 0; i < count; i++) {
        fd[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        CHECK(fd[i] >= 0);
    }
    syncer_start(g->syncer, fd, count);
}

static void turn_until(struct rig *g, uint32_t told)
{
    while (g->told < told) {
        (void)uv_run(&g->loop, UV_RUN_ONCE);
    }
}

TEST(a_request_is_told_once_on_the_loop_when_all_its_syncs_are_over)
{
    struct rig g;
    open_rig(&g);
    for (uint32_t i = 1; i <= 20; i++) {
        begin(&g, 1 + i % SYNCER_FDS_MAX);
        CHECK(syncer_busy(g.syncer));
        turn_until(&g, i);
        CHECK_EQ(g.told, i);
        CHECK_OK(g.answer);
        CHECK(!syncer_busy(g.syncer));
    }
    CHECK_EQ(atomic_load(&g.calls_made), 30);
    CHECK_EQ(syncer_status(g.syncer).syncs, 30);
    close_rig(&g);
}

TEST(one_sync_that_fails_fails_the_request)
{
    struct rig g;
    open_rig(&g);
    atomic_store(&g.fails, 1);
    begin(&g, 2);
    turn_until(&g, 1);
    CHECK_ERR(g.answer, ERR_DISK_FULL);
    atomic_store(&g.fails, 0);
    begin(&g, 2);
    turn_until(&g, 2);
    CHECK_OK(g.answer);
    close_rig(&g);
}

TEST(who_waits_has_the_answer_and_is_not_told_again)
{
    struct rig g;
    open_rig(&g);
    for (int i = 0; i < 20; i++) {
        atomic_store(&g.fails, i % 2);
        begin(&g, 2);
        CHECK_ERR(syncer_wait(g.syncer), i % 2 == 0 ? ERR_NONE : ERR_DISK_FULL);
        CHECK(!syncer_busy(g.syncer));
        (void)uv_run(&g.loop, UV_RUN_NOWAIT);
        CHECK_EQ(g.told, 0);
    }
    close_rig(&g);
}

/* The word of the sync that was waited for may still be on its way when the next one begins. */
TEST(a_late_word_of_an_earlier_sync_does_not_end_a_later_one)
{
    struct rig g;
    open_rig(&g);
    begin(&g, 1);
    CHECK_OK(syncer_wait(g.syncer));
    atomic_store(&g.held, true);
    begin(&g, 1);
    (void)uv_run(&g.loop, UV_RUN_NOWAIT);
    CHECK_EQ(g.told, 0);
    CHECK(syncer_busy(g.syncer));
    atomic_store(&g.held, false);
    turn_until(&g, 1);
    close_rig(&g);
}

TEST(closing_waits_for_what_is_under_way_and_tells_nothing)
{
    struct rig g;
    open_rig(&g);
    begin(&g, 2);
    close_rig(&g);
    CHECK_EQ(g.told, 0);
    CHECK_EQ(atomic_load(&g.calls_made), 2);
}
