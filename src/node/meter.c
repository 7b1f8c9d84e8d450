#include "node/meter_internal.h"

#include <time.h>

static uint64_t thread_ns(void)
{
    struct timespec t = { 0 };
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* On another thread than the one that began, this may lie before. */
static uint64_t passed(const struct meter *m, uint64_t now_ns)
{
    return now_ns > m->since_ns ? now_ns - m->since_ns : 0;
}

void meter_begin(struct meter *m)
{
    *m = (struct meter){ .since_ns = thread_ns() };
}

enum activity meter_turn(struct meter *m, enum activity to)
{
    enum activity was = m->now;
    if (to != was) {
        uint64_t now_ns = thread_ns();
        m->ns[was] += passed(m, now_ns);
        m->since_ns = now_ns;
        m->now = to;
    }
    return was;
}

static enum activity port_turn(void *ctx, enum activity to)
{
    return meter_turn(ctx, to);
}

struct activity_port meter_port(struct meter *m)
{
    return (struct activity_port){ m, port_turn };
}

void meter_read(const struct meter *m, uint64_t us[ACTIVITY_END])
{
    for (int a = 0; a < ACTIVITY_END; a++) {
        us[a] = (m->ns[a] + ((enum activity)a == m->now ? passed(m, thread_ns()) : 0)) / 1000;
    }
}
