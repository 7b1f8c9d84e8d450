#include "sim/sim_parts_internal.h"

/* Brokered rights: holders that use them, and brokers that answer (transfer/broker.c, the machine
 * of `carnet broker run`) and crash between any two of their steps. A broker's disk is the part of
 * struct sim_right that a crash leaves alone. Two invariants: a wrap never leaves before its
 * RELEASE has committed, and a use is counted exactly once. */

enum { STEP_POLL, STEP_SYNC, STEP_SEND, STEP_LOOK, STEP_HOLDER, STEPS };

static struct sim_tx *answer_of(struct world *w, const struct sim_right *r)
{
    return r->durable ? &w->tx[r->answer] : NULL;
}

/* The wrap leaves. Whatever the broker believes, the chain must have its RELEASE. */
static void deliver(struct world *w, struct sim_right *r)
{
    const struct sim_tx *t = answer_of(w, r);
    if (t == NULL || t->height == 0 || !t->told || t->status != RECEIPT_OK) {
        sim_violation(w, SIM_RELEASE, "a key left for use %u before its RELEASE has committed",
                      r->durable_use);
    }
    r->delivered = r->durable_use;
    r->delivered_wrap = r->durable_wrap;
}

static void carry_out(struct world *w, struct sim_right *r, const struct broker_effects *out)
{
    for (uint32_t i = 0; i < out->count; i++) {
        switch (out->effect[i]) {
        case BROKER_STORE:
            r->to_store = true;
            break;
        case BROKER_SUBMIT:
            r->to_submit = true;
            break;
        case BROKER_ASK:
            r->to_ask = true;
            break;
        case BROKER_DELIVER:
            deliver(w, r);
            break;
        case BROKER_FORGET:
            r->durable = r->to_submit = r->to_ask = false;
            break;
        }
    }
}

static void feed(struct world *w, struct sim_right *r, struct broker_event ev)
{
    struct broker_effects out;
    if (broker_step(&r->broker, &ev, &out) == ERR_NONE) {
        carry_out(w, r, &out);
    }
}

static void poll_ledger(struct world *w, struct sim_right *r)
{
    if (r->pending != 0) {
        feed(w, r,
             (struct broker_event){ .kind = BROKER_PENDING,
                                    .use = r->pending,
                                    .until_ms = r->pending_until_ms,
                                    .now_ms = w->now_ms });
    }
    if (r->answered >= r->durable_use) {
        feed(w, r, (struct broker_event){ .kind = BROKER_ANSWERED });
    }
    feed(w, r, (struct broker_event){ .kind = BROKER_TICK, .now_ms = w->now_ms });
}

/* RELEASE is signed and kept; the client that carries it is held until it is sent. */
static void sync_disk(struct world *w, struct sim_right *r)
{
    if (!r->to_store || w->tx_count == SIM_TXS_MAX) {
        return;
    }
    r->to_store = false;
    r->durable = true;
    r->durable_use = r->broker.use;
    for (size_t i = 0; i < HASH_SIZE; i++) {
        r->durable_wrap.b[i] = (uint8_t)sim_next(&w->random);
    }
    r->answer = w->tx_count;
    sim_new_tx(w, r, SIM_ORDER_RELEASE);
    w->tx[r->answer].held = true;
    r->window_ms = w->tx[r->answer].valid_until_ms;
    feed(w, r, (struct broker_event){ .kind = BROKER_STORED, .window_ms = r->window_ms });
    if (w->options.mutant == SIM_MUTANT_EAGER_BROKER) {
        deliver(w, r);
    }
}

static void look(struct world *w, struct sim_right *r)
{
    struct sim_tx *t = answer_of(w, r);
    if (!r->to_ask || t == NULL || (t->height != 0 && !t->told)) {
        return;
    }
    r->to_ask = false;
    feed(w, r,
         (struct broker_event){ .kind = t->height == 0            ? BROKER_UNKNOWN
                                        : t->status == RECEIPT_OK ? BROKER_COMMITTED
                                                                  : BROKER_REFUSED,
                                .now_ms = w->tip_ms });
}

static void crash(struct world *w, struct sim_right *r)
{
    if (r->durable) {
        w->tx[r->answer].held = true;
    }
    r->to_store = r->to_submit = r->to_ask = false;
    feed(w, r,
         (struct broker_event){ .kind = BROKER_RESTARTED,
                                .durable = r->durable,
                                .use = r->durable_use,
                                .until_ms = r->pending_until_ms,
                                .window_ms = r->window_ms });
}

/* The holder acknowledges what it has, else asks for the next use. */
static void holder(struct world *w, struct sim_right *r)
{
    if (w->tx_count == SIM_TXS_MAX || (r->asked != 0 && !w->tx[r->asked - 1].told)) {
        return;
    }
    r->asked = 0;
    if (r->delivered > r->answered && r->delivered == r->used) {
        r->asked = w->tx_count + 1;
        sim_new_tx(w, r, SIM_ORDER_ACK);
    } else if (r->granted && r->pending == 0 && r->answered == r->used) {
        r->asked = w->tx_count + 1;
        sim_new_tx(w, r, SIM_ORDER_USE);
    }
}

static void step(struct world *w, struct sim_right *r)
{
    switch (sim_below(&w->random, STEPS)) {
    case STEP_POLL:
        poll_ledger(w, r);
        break;
    case STEP_SYNC:
        sync_disk(w, r);
        break;
    case STEP_SEND:
        if (r->to_submit && r->durable) {
            r->to_submit = false;
            w->tx[r->answer].held = false;
        }
        break;
    case STEP_LOOK:
        look(w, r);
        break;
    default:
        holder(w, r);
        break;
    }
}

void sim_brokers(struct world *w)
{
    for (uint32_t i = 0; i < w->right_count; i++) {
        struct sim_right *r = &w->right[i];
        r->pending = w->now_ms < r->pending_until_ms ? r->pending : 0;
        step(w, r);
        step(w, r);
        if (!w->healed && sim_chance(&w->random, 50)) {
            crash(w, r);
        }
    }
}

static struct sim_right *right_of(struct world *w, const struct hash *id)
{
    for (uint32_t i = 0; i < w->right_count; i++) {
        if (hash_equal(&w->right[i].id, id)) {
            return &w->right[i];
        }
    }
    return NULL;
}

static void told_of_right(struct world *w, struct sim_right *r, const struct receipt *receipt,
                          const struct event *e)
{
    struct right_pending pending;
    struct right_released released;
    if (e->type == EVENT_RIGHT_GRANTED) {
        r->granted = true;
    } else if (e->type == EVENT_RIGHT_PENDING &&
               right_pending_decode(e->body, &w->scratch, &pending) == ERR_NONE) {
        r->pending = pending.use;
        r->pending_until_ms = pending.until_ms;
    } else if (e->type == EVENT_RIGHT_RELEASED &&
               right_released_decode(e->body, &w->scratch, &released) == ERR_NONE) {
        r->used = released.use;
        r->pending = 0;
        r->release = receipt->transaction;
        w->result->released++;
    }
}

void sim_broker_told(struct world *w, const struct receipt *receipt)
{
    for (uint32_t i = 0; i < receipt->event_count; i++) {
        const struct event *e = &receipt->event[i];
        struct sim_right *r = e->subject_count > 1 ? right_of(w, &e->subject[1]) : NULL;
        if (r != NULL && e->contract == CONTRACT_RIGHT) {
            told_of_right(w, r, receipt, e);
        } else if (r != NULL && e->contract == CONTRACT_ATTACHMENT) {
            r->answered = r->used;
        }
    }
}

/* The whole log again, from genesis: the uses of a right are 1, 2, 3, … with one RELEASE each. */
void sim_broker_replayed(struct world *w, const struct receipt *receipt)
{
    for (uint32_t i = 0; i < receipt->event_count; i++) {
        const struct event *e = &receipt->event[i];
        struct right_released released;
        if (e->contract != CONTRACT_RIGHT || e->type != EVENT_RIGHT_RELEASED ||
            right_released_decode(e->body, &w->scratch, &released) != ERR_NONE) {
            continue;
        }
        struct sim_right *r = right_of(w, &e->subject[1]);
        if (r == NULL || released.use != r->counted + 1) {
            sim_violation(w, SIM_CONSERVATION, "use %u of a right is not counted once",
                          released.use);
            return;
        }
        r->counted++;
        if (r->delivered == released.use && !hash_equal(&r->delivered_wrap, &released.wrap)) {
            sim_violation(w, SIM_RELEASE, "the key handed over for use %u is not the one released",
                          released.use);
        }
    }
}

void sim_broker_end(struct world *w)
{
    for (uint32_t i = 0; i < w->right_count; i++) {
        const struct sim_right *r = &w->right[i];
        if (r->delivered > r->counted) {
            sim_violation(w, SIM_CONSERVATION,
                          "a key was handed over for a use that nobody counted");
        }
        if (r->delivered < r->counted && (!r->durable || r->durable_use != r->counted)) {
            sim_violation(w, SIM_CONSERVATION, "use %u is counted, and its key is lost",
                          r->counted);
        }
    }
}
