#include "node/verify_internal.h"

#include <stdlib.h>
#include <string.h>

/* Places that remember where a question lies. Two that fall together: the older one is forgotten,
 * and verified again if it is asked again. */
enum { FLYING_SLOTS = 1 << 15 };
_Static_assert(VERIFY_MESSAGES_MAX <= 64 && VERIFY_QUESTIONS_MAX <= UINT16_MAX + 1,
               "tasks fit a mask, questions a place");

struct flying {
    uint16_t index;
    uint8_t place;
};

struct piece {
    uv_work_t work;
    struct task *task;
    uint32_t from, count;
};

/* A message with the workers. Each piece writes its own part of `good`; the loop reads it after the
 * last of them has come back. Questions that an earlier message asks already are not asked again:
 * this one waits for that one, whose pieces stand before its own in any case. */
struct task {
    struct verify_pool *pool;
    uint32_t peer, count, left, place;
    uint64_t serial, waits; /* for the tasks in these places */
    size_t held;
    struct bytes message;
    struct ledger_signature *question;
    bool *good;
    struct piece piece[];
};

struct verify_pool {
    struct verify_config config;
    struct verify_status status;
    size_t held;
    bool closed;
    uint64_t serial;
    struct task *task[VERIFY_MESSAGES_MAX]; /* with the workers */
    struct flying flying[FLYING_SLOTS];
    struct ledger_signature room[VERIFY_QUESTIONS_MAX];
};

enum err verify_open(const struct verify_config *config, struct verify_pool **out)
{
    struct verify_pool *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return ERR_NO_SPACE;
    }
    p->config = *config;
    *out = p;
    return ERR_NONE;
}

struct ledger_signature *verify_room(struct verify_pool *p)
{
    return p->room;
}

static void task_free(struct task *t)
{
    free(t->good);
    free(t->question);
    free(t);
}

static struct flying *flying_of(struct verify_pool *p, const struct ledger_signature *x)
{
    uint32_t a, b;
    memcpy(&a, x->message.b, sizeof a);
    memcpy(&b, x->signature, sizeof b);
    return &p->flying[(a ^ b) % FLYING_SLOTS];
}

/* Whether a task under way asks this very question. */
static bool is_flying(struct verify_pool *p, const struct ledger_signature *x, uint32_t *place)
{
    const struct flying *f = flying_of(p, x);
    const struct task *t = p->task[f->place];
    *place = f->place;
    return t != NULL && f->index < t->count && memcmp(&t->question[f->index], x, sizeof *x) == 0;
}

/* Keep what nobody asks yet, and wait for those who ask the rest. */
static void take_questions(struct task *t, const struct ledger_signature *x, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t place;
        if (is_flying(t->pool, &x[i], &place)) {
            t->waits |= UINT64_C(1) << place;
            t->pool->status.shared++;
        } else {
            t->question[t->count++] = x[i];
        }
    }
    t->left = (t->count + VERIFY_PIECE - 1) / VERIFY_PIECE;
}

/* One piece of memory for the task, its pieces and its message. */
static struct task *task_new(struct verify_pool *p, uint32_t peer, struct bytes message,
                             const struct ledger_signature *x, uint32_t count, size_t held)
{
    uint32_t pieces = (count + VERIFY_PIECE - 1) / VERIFY_PIECE;
    size_t head = sizeof(struct task) + pieces * sizeof(struct piece);
    struct task *t = calloc(1, head + message.len);
    struct ledger_signature *question = malloc(count * sizeof *question);
    bool *good = calloc(count, sizeof *good);
    if (t == NULL || question == NULL || good == NULL) {
        free(t);
        free(question);
        free(good);
        return NULL;
    }
    memcpy((uint8_t *)t + head, message.ptr, message.len);
    t->pool = p;
    t->peer = peer;
    t->held = held;
    t->serial = ++p->serial;
    t->message = bytes_of((uint8_t *)t + head, message.len);
    t->question = question;
    t->good = good;
    take_questions(t, x, count);
    return t;
}

/* In a worker. */
static void verify_piece(uv_work_t *work)
{
    const struct piece *p = work->data;
    struct task *t = p->task;
    ledger_signatures_verify(t->pool->config.suite, t->question + p->from, p->count,
                             t->good + p->from);
}

static void pool_free_if_idle(struct verify_pool *p)
{
    if (p->closed && p->status.messages == 0) {
        free(p);
    }
}

/* It leaves its place first: who starts another message while this one is told must not find it. */
static void finish(struct verify_pool *p, struct task *t)
{
    p->task[t->place] = NULL;
    for (uint32_t i = 0; i < VERIFY_MESSAGES_MAX; i++) {
        if (p->task[i] != NULL) {
            p->task[i]->waits &= ~(UINT64_C(1) << t->place);
        }
    }
    if (!p->closed) {
        p->config.done(p->config.user, t->peer, t->message, t->question, t->good, t->count);
    }
    p->status.signatures += t->count;
    p->status.messages--;
    p->held -= t->held;
    task_free(t);
}

/* The oldest that waits for nothing more, or NULL. */
static struct task *next_ready(const struct verify_pool *p)
{
    struct task *next = NULL;
    for (uint32_t i = 0; i < VERIFY_MESSAGES_MAX; i++) {
        struct task *t = p->task[i];
        if (t != NULL && t->left == 0 && t->waits == 0 &&
            (next == NULL || t->serial < next->serial)) {
            next = t;
        }
    }
    return next;
}

/* On the loop. */
static void piece_done(uv_work_t *work, int status)
{
    (void)status; /* what was cancelled stays "not good", and the replica verifies it */
    struct task *t = ((struct piece *)work->data)->task;
    struct verify_pool *p = t->pool;
    t->left--;
    while ((t = next_ready(p)) != NULL) {
        finish(p, t);
    }
    pool_free_if_idle(p);
}

enum err verify_start(struct verify_pool *p, uint32_t peer, struct bytes message,
                      const struct ledger_signature *x, uint32_t count)
{
    ASSERT(count > 0 && count <= VERIFY_QUESTIONS_MAX && !p->closed);
    size_t held = message.len + count * sizeof *x;
    if (p->status.messages == VERIFY_MESSAGES_MAX || held > VERIFY_BYTES_MAX - p->held) {
        p->status.busy++;
        return ERR_BUSY;
    }
    struct task *t = task_new(p, peer, message, x, count, held);
    if (t == NULL) {
        p->status.busy++;
        return ERR_BUSY;
    }
    while (p->task[t->place] != NULL) {
        t->place++; /* fewer than all are taken */
    }
    p->task[t->place] = t;
    for (uint32_t i = 0; i < t->count; i++) {
        *flying_of(p, &t->question[i]) = (struct flying){ (uint16_t)i, (uint8_t)t->place };
    }
    p->held += held;
    p->status.messages++;
    uint32_t pieces = t->left;
    for (uint32_t i = 0; i < pieces; i++) {
        struct piece *k = &t->piece[i];
        k->task = t;
        k->from = i * VERIFY_PIECE;
        k->count = t->count - k->from < VERIFY_PIECE ? t->count - k->from : VERIFY_PIECE;
        k->work.data = k;
        int failed = uv_queue_work(p->config.loop, &k->work, verify_piece, piece_done);
        ASSERT(failed == 0); /* it fails for a missing callback alone */
    }
    return ERR_NONE;
}

void verify_close(struct verify_pool *p)
{
    p->closed = true;
    pool_free_if_idle(p);
}

struct verify_status verify_status(const struct verify_pool *p)
{
    return p->status;
}
