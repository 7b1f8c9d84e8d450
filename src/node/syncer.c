#include "node/syncer_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

struct hand {
    struct syncer *syncer;
    uv_thread_t thread;
    bool runs;
    int fd; /* -1: nothing to do */
};

struct syncer {
    struct syncer_config config;
    uv_async_t told;
    uv_mutex_t lock; /* of all below */
    uv_cond_t work, done;
    struct hand hand[SYNCER_FDS_MAX];
    uint32_t left; /* syncs that are not over */
    bool busy, ends;
    enum err error; /* of the request under way: the first that failed */
    uint64_t syncs;
    uint32_t us[SYNCER_TIMES];
};

static void slow_down(const struct syncer *s)
{
    if (s->config.slower_ms > 0) {
        uv_sleep(s->config.slower_ms);
    }
}

/* One thread: takes its descriptor, syncs without the lock, gives the answer. */
static void work(void *arg)
{
    struct hand *h = arg;
    struct syncer *s = h->syncer;
    (void)prctl(PR_SET_NAME, SYNCER_THREAD);
    uv_mutex_lock(&s->lock);
    for (;;) {
        while (h->fd < 0 && !s->ends) {
            uv_cond_wait(&s->work, &s->lock);
        }
        if (h->fd < 0) {
            break;
        }
        int fd = h->fd;
        uv_mutex_unlock(&s->lock);
        uint64_t began = uv_hrtime();
        slow_down(s);
        enum err e =
            s->config.calls->sync(s->config.calls->ctx, fd) == 0 ? ERR_NONE : disk_errno(errno);
        uint64_t us = (uv_hrtime() - began) / 1000;
        (void)close(fd);
        uv_mutex_lock(&s->lock);
        h->fd = -1;
        s->us[s->syncs++ % SYNCER_TIMES] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
        s->error = s->error == ERR_NONE ? e : s->error;
        s->left--;
        if (s->left == 0) {
            uv_cond_signal(&s->done);
            (void)uv_async_send(&s->told);
        }
    }
    uv_mutex_unlock(&s->lock);
}

/* A wait may have taken the answer already, and another request may have begun since. */
static void on_told(uv_async_t *async)
{
    struct syncer *s = async->data;
    uv_mutex_lock(&s->lock);
    bool over = s->busy && s->left == 0;
    enum err e = s->error;
    s->busy = s->busy && !over;
    uv_mutex_unlock(&s->lock);
    if (over) {
        s->config.done(s->config.user, e);
    }
}

static void join_all(struct syncer *s)
{
    uv_mutex_lock(&s->lock);
    s->ends = true;
    uv_cond_broadcast(&s->work);
    uv_mutex_unlock(&s->lock);
    for (uint32_t i = 0; i < SYNCER_FDS_MAX; i++) {
        if (s->hand[i].runs) {
            (void)uv_thread_join(&s->hand[i].thread);
        }
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct syncer *s = handle->data;
    uv_cond_destroy(&s->work);
    uv_cond_destroy(&s->done);
    uv_mutex_destroy(&s->lock);
    free(s);
}

enum err syncer_open(const struct syncer_config *config, struct syncer **out)
{
    struct syncer *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return ERR_FAILED;
    }
    s->config = *config;
    s->told.data = s;
    if (uv_mutex_init(&s->lock) != 0 || uv_cond_init(&s->work) != 0 ||
        uv_cond_init(&s->done) != 0 || uv_async_init(config->loop, &s->told, on_told) != 0) {
        free(s); /* these fail only where nothing else works either */
        return ERR_FAILED;
    }
    bool good = true;
    for (uint32_t i = 0; i < SYNCER_FDS_MAX && good; i++) {
        s->hand[i] = (struct hand){ .syncer = s, .fd = -1 };
        good = uv_thread_create(&s->hand[i].thread, work, &s->hand[i]) == 0;
        s->hand[i].runs = good;
    }
    if (!good) {
        syncer_close(s);
        return ERR_FAILED;
    }
    *out = s;
    return ERR_NONE;
}

void syncer_start(struct syncer *s, const int *fd, uint32_t count)
{
    ASSERT(count > 0 && count <= SYNCER_FDS_MAX && !syncer_busy(s));
    uv_mutex_lock(&s->lock);
    s->busy = true;
    s->left = count;
    s->error = ERR_NONE;
    for (uint32_t i = 0; i < count; i++) {
        s->hand[i].fd = fd[i];
    }
    uv_cond_broadcast(&s->work);
    uv_mutex_unlock(&s->lock);
}

/* Only the loop's thread changes it. */
bool syncer_busy(const struct syncer *s)
{
    return s->busy;
}

enum err syncer_wait(struct syncer *s)
{
    ASSERT(syncer_busy(s));
    uv_mutex_lock(&s->lock);
    while (s->left > 0) {
        uv_cond_wait(&s->done, &s->lock);
    }
    s->busy = false;
    enum err e = s->error;
    uv_mutex_unlock(&s->lock);
    return e;
}

void syncer_close(struct syncer *s)
{
    join_all(s);
    s->busy = false;
    uv_close((uv_handle_t *)&s->told, on_closed);
}

static int compare_us(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

struct syncer_status syncer_status(const struct syncer *s)
{
    struct syncer *own = (struct syncer *)(uintptr_t)s;
    uint32_t us[SYNCER_TIMES];
    uv_mutex_lock(&own->lock);
    uint64_t n = s->syncs < SYNCER_TIMES ? s->syncs : SYNCER_TIMES;
    struct syncer_status out = { .syncs = s->syncs };
    memcpy(us, s->us, n * sizeof *us);
    uv_mutex_unlock(&own->lock);
    if (n > 0) {
        qsort(us, n, sizeof *us, compare_us);
        out.p50_us = us[n / 2];
        out.p99_us = us[n * 99 / 100];
    }
    return out;
}
