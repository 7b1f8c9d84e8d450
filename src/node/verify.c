#include "node/verify_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

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
    struct piece *next;
    uint32_t from, count;
};

struct queue {
    struct piece *first, *last;
};

/* A message with the workers. Each piece writes its own part of `good`; the loop reads it after the
 * last of them has come back. Questions that an earlier message asks already are not asked again:
 * this one waits for that one, and brings it to the front where it stands there itself. */
struct task {
    struct verify_pool *pool;
    enum verify_order order;
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
    uint32_t pieces_out;
    struct queue queue[VERIFY_ORDERS];
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

/* In a worker, which steps back behind the loop whatever else it did before. */
static void verify_piece(uv_work_t *work)
{
    const struct piece *p = work->data;
    struct task *t = p->task;
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), VERIFY_NICE);
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
    p->status.txs_waiting -= t->order == VERIFY_TXS ? t->count : 0;
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

static void piece_done(uv_work_t *work, int status);

/* libuv's workers take what they were given in its order, so they are given no more than they work
 * on: what waits for them waits here, where a block overtakes. */
static void feed(struct verify_pool *p)
{
    for (int order = 0; order < VERIFY_ORDERS; order++) {
        struct queue *q = &p->queue[order];
        while (q->first != NULL && p->pieces_out < VERIFY_PIECES_OUT) {
            struct piece *k = q->first;
            q->first = k->next; /* a queue without a first has no last */
            p->pieces_out++;
            int failed = uv_queue_work(p->config.loop, &k->work, verify_piece, piece_done);
            ASSERT(failed == 0); /* it fails for a missing callback alone */
        }
    }
}

/* On the loop. */
static void piece_done(uv_work_t *work, int status)
{
    (void)status; /* what was cancelled stays "not good", and the replica verifies it */
    struct task *t = ((struct piece *)work->data)->task;
    struct verify_pool *p = t->pool;
    t->left--;
    p->pieces_out--;
    feed(p);
    while ((t = next_ready(p)) != NULL) {
        finish(p, t);
    }
    pool_free_if_idle(p);
}

bool verify_full(const struct verify_pool *p, enum verify_order order)
{
    const struct verify_status *s = &p->status;
    if (order == VERIFY_BLOCK) {
        return s->messages == VERIFY_MESSAGES_MAX;
    }
    return s->messages >= VERIFY_MESSAGES_MAX - VERIFY_BLOCKS_ROOM ||
           s->txs_waiting >= VERIFY_TXS_WAITING;
}

static void append(struct queue *q, struct piece *k)
{
    k->next = NULL;
    if (q->first == NULL) {
        q->first = k;
    } else {
        q->last->next = k;
    }
    q->last = k;
}

/* All that these tasks wait for, and they themselves. */
static uint64_t closure(const struct verify_pool *p, uint64_t tasks)
{
    uint64_t before;
    do {
        before = tasks;
        for (uint32_t i = 0; i < VERIFY_MESSAGES_MAX; i++) {
            tasks |= (tasks >> i & 1) != 0 ? p->task[i]->waits : 0;
        }
    } while (tasks != before);
    return tasks;
}

/* What a block waits for goes as the block goes. */
static void promote(struct verify_pool *p, uint64_t waits)
{
    uint64_t tasks = closure(p, waits);
    struct piece *k = p->queue[VERIFY_TXS].first;
    p->queue[VERIFY_TXS] = (struct queue){ NULL, NULL };
    while (k != NULL) {
        struct piece *next = k->next;
        bool awaited = (tasks >> k->task->place & 1) != 0;
        append(&p->queue[awaited ? VERIFY_BLOCK : VERIFY_TXS], k);
        k = next;
    }
}

static void queue_pieces(struct verify_pool *p, struct task *t)
{
    for (uint32_t i = 0; i < t->left; i++) {
        struct piece *k = &t->piece[i];
        k->task = t;
        k->from = i * VERIFY_PIECE;
        k->count = t->count - k->from < VERIFY_PIECE ? t->count - k->from : VERIFY_PIECE;
        k->work.data = k;
        append(&p->queue[t->order], k);
    }
}

enum err verify_start(struct verify_pool *p, enum verify_order order, uint32_t peer,
                      struct bytes message, const struct ledger_signature *x, uint32_t count)
{
    ASSERT(count > 0 && count <= VERIFY_QUESTIONS_MAX && !p->closed && order < VERIFY_ORDERS);
    size_t held = message.len + count * sizeof *x;
    struct task *t = NULL;
    if (!verify_full(p, order) && held <= VERIFY_BYTES_MAX - p->held) {
        t = task_new(p, peer, message, x, count, held);
    }
    if (t == NULL) {
        p->status.busy++;
        return ERR_BUSY;
    }
    while (p->task[t->place] != NULL) {
        t->place++; /* fewer than all are taken */
    }
    p->task[t->place] = t;
    t->order = order;
    for (uint32_t i = 0; i < t->count; i++) {
        *flying_of(p, &t->question[i]) = (struct flying){ (uint16_t)i, (uint8_t)t->place };
    }
    p->held += held;
    p->status.messages++;
    p->status.txs_waiting += order == VERIFY_TXS ? t->count : 0;
    if (order == VERIFY_BLOCK) {
        promote(p, t->waits);
    }
    queue_pieces(p, t);
    feed(p);
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
