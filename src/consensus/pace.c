#include "consensus/pace_internal.h"

static uint32_t within(const struct pace *p, uint64_t most)
{
    uint64_t least = p->max < PACE_TXS_MIN ? p->max : PACE_TXS_MIN;
    return (uint32_t)(most < least ? least : most > p->max ? p->max : most);
}

struct pace pace_begin(uint32_t max, uint64_t view_timeout_ms)
{
    struct pace p = { .max = max, .share_ms = view_timeout_ms / PACE_SHARE };
    p.share_ms = p.share_ms == 0 ? 1 : p.share_ms;
    p.most = within(&p, PACE_TXS_FIRST);
    return p;
}

/* What is not full says nothing of how fast a full one were, unless it was slow by itself. */
void pace_committed(struct pace *p, uint32_t blocks, uint32_t txs, uint64_t took_ms)
{
    if (blocks == 0 || txs == 0) {
        return;
    }
    uint64_t share = p->share_ms * blocks, mean = txs / blocks;
    bool full = 2 * mean >= p->most;
    if (took_ms > share) {
        uint64_t fits = mean * share / took_ms, half = p->most / 2;
        uint64_t most = fits > half ? fits : half;
        p->most = most < p->most ? within(p, most) : p->most;
    } else if (full && 2 * took_ms <= share) {
        p->most = within(p, (uint64_t)p->most * 2);
    }
}

void pace_lost(struct pace *p)
{
    p->most = within(p, p->most / 2);
}
