#include "transfer/broker.h"

#include <stddef.h>

static void emit(struct broker_effects *out, enum broker_effect effect)
{
    ASSERT(out->count < BROKER_EFFECTS_MAX);
    out->effect[out->count++] = effect;
}

static enum err forget(struct broker *b, struct broker_effects *out)
{
    *b = (struct broker){ .state = BROKER_FREE };
    emit(out, BROKER_FORGET);
    return ERR_NONE;
}

typedef enum err broker_fn(struct broker *b, const struct broker_event *ev,
                           struct broker_effects *out);

static enum err begin(struct broker *b, const struct broker_event *ev, struct broker_effects *out)
{
    if (ev->use == 0) {
        return ERR_RANGE;
    }
    if (ev->now_ms >= ev->until_ms) {
        return ERR_STALE;
    }
    *b = (struct broker){ .state = BROKER_STORING, .use = ev->use, .until_ms = ev->until_ms };
    emit(out, BROKER_STORE);
    return ERR_NONE;
}

/* The ledger opens the next use only when the wrap before was answered, so there is nothing left
 * to deliver of the old one. The store of the new answer takes the place of the old. */
static enum err begin_next(struct broker *b, const struct broker_event *ev,
                           struct broker_effects *out)
{
    return ev->use > b->use ? begin(b, ev, out) : ERR_STALE;
}

static enum err stored(struct broker *b, const struct broker_event *ev, struct broker_effects *out)
{
    if (ev->window_ms == 0) {
        return ERR_RANGE;
    }
    b->state = BROKER_SENT;
    b->window_ms = ev->window_ms;
    emit(out, BROKER_SUBMIT);
    return ERR_NONE;
}

/* Nothing has been sent: the use passes by as if nobody had seen it. */
static enum err give_up(struct broker *b, const struct broker_event *ev, struct broker_effects *out)
{
    (void)ev;
    return forget(b, out);
}

static enum err give_up_late(struct broker *b, const struct broker_event *ev,
                             struct broker_effects *out)
{
    return ev->now_ms >= b->until_ms ? forget(b, out) : ERR_NONE;
}

/* What was sent may have committed before whatever came between: only the ledger says. */
static enum err stay(struct broker *b, const struct broker_event *ev, struct broker_effects *out)
{
    (void)b;
    (void)ev;
    (void)out;
    return ERR_NONE;
}

static enum err ask(struct broker *b, const struct broker_event *ev, struct broker_effects *out)
{
    (void)b;
    (void)ev;
    emit(out, BROKER_ASK);
    return ERR_NONE;
}

static enum err committed(struct broker *b, const struct broker_event *ev,
                          struct broker_effects *out)
{
    (void)ev;
    b->state = BROKER_RELEASED;
    emit(out, BROKER_DELIVER);
    return ERR_NONE;
}

/* A block at or past its window can no longer hold it: then, and only then, it never will. */
static enum err unknown(struct broker *b, const struct broker_event *ev, struct broker_effects *out)
{
    if (ev->now_ms > b->window_ms) {
        return forget(b, out);
    }
    emit(out, BROKER_SUBMIT);
    return ERR_NONE;
}

static enum err deliver(struct broker *b, const struct broker_event *ev, struct broker_effects *out)
{
    (void)b;
    (void)ev;
    emit(out, BROKER_DELIVER);
    return ERR_NONE;
}

/* What was not durable was never sent; what was durable may have been. */
static enum err restarted(struct broker *b, const struct broker_event *ev,
                          struct broker_effects *out)
{
    if (!ev->durable) {
        *b = (struct broker){ .state = BROKER_FREE };
        return ERR_NONE;
    }
    if (ev->use == 0 || ev->window_ms == 0) {
        return ERR_RANGE;
    }
    *b = (struct broker){ BROKER_SENT, ev->use, ev->until_ms, ev->window_ms };
    emit(out, BROKER_ASK);
    return ERR_NONE;
}

/* The whole protocol. An empty cell means: refuse with ERR_STATE. */
static broker_fn *const TRANSITION[BROKER_STATE_END][BROKER_EVENT_END] = {
    [BROKER_FREE] = { [BROKER_PENDING] = begin, [BROKER_RESTARTED] = restarted },
    [BROKER_STORING] = { [BROKER_STORED] = stored,
                         [BROKER_REVOKED] = give_up,
                         [BROKER_TICK] = give_up_late,
                         [BROKER_RESTARTED] = restarted },
    [BROKER_SENT] = { [BROKER_COMMITTED] = committed,
                      [BROKER_REFUSED] = give_up,
                      [BROKER_UNKNOWN] = unknown,
                      [BROKER_REVOKED] = stay,
                      [BROKER_TICK] = ask,
                      [BROKER_RESTARTED] = restarted },
    [BROKER_RELEASED] = { [BROKER_PENDING] = begin_next,
                          [BROKER_ASKED] = deliver,
                          [BROKER_ANSWERED] = give_up,
                          [BROKER_REVOKED] = stay,
                          [BROKER_TICK] = stay,
                          [BROKER_RESTARTED] = restarted },
};

enum err broker_step(struct broker *b, const struct broker_event *ev, struct broker_effects *out)
{
    out->count = 0;
    ASSERT((unsigned)b->state < BROKER_STATE_END);
    if ((unsigned)ev->kind >= BROKER_EVENT_END || TRANSITION[b->state][ev->kind] == NULL) {
        return ERR_STATE;
    }
    return TRANSITION[b->state][ev->kind](b, ev, out);
}
