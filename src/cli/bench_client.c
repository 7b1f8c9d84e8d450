#include "cli/bench_client_internal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

uint64_t bench_own_cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void bench_sleep_until(uint64_t ns)
{
    uint64_t now = bench_now_ns();
    if (ns > now) {
        struct timespec t = { (time_t)((ns - now) / 1000000000), (long)((ns - now) % 1000000000) };
        nanosleep(&t, NULL);
    }
}

enum err bench_open_as(const struct cli *c, const struct bench_offer *o, struct cli *own,
                       struct session *s)
{
    *own = *c;
    own->dir = o->dir;
    own->as = o->as;
    own->node = NULL;
    own->answer = json_new_object();
    own->option_count = 0;
    own->option[own->option_count].name = "--passphrase-file";
    own->option[own->option_count++].value = o->pass_path;
    TRY(session_open(own, true, s));
    s->preferred = o->number % s->node_count;
    return ERR_NONE;
}

static void meet(struct bench_floor *f)
{
    atomic_fetch_add(&f->ready, 1);
    while (atomic_load(&f->begin_ns) == 0) {
        bench_sleep_until(bench_now_ns() + 1000000);
    }
    bench_sleep_until(atomic_load(&f->begin_ns));
}

/* What a sender has: its transactions, signed before the clock starts, and when each was last
 * tried. */
struct load {
    struct session *s;
    const struct bench_offer *o;
    struct bench_lane *lane;
    uint32_t first, count, next, low; /* of the lane's records; next and low from first on */
    uint8_t *memory;
    struct bytes *wire;
    uint64_t *tried_ns;
    uint8_t *frame;
};

static enum err sign_all(struct load *l)
{
    enum { TX_ROOM = 1024 };
    size_t room = (size_t)l->count * TX_ROOM / 2, used = 0;
    l->memory = malloc(room + TX_ROOM);
    l->wire = calloc(l->count + 1, sizeof *l->wire);
    l->tried_ns = calloc(l->count + 1, sizeof *l->tried_ns);
    l->frame = malloc(BENCH_BATCH * TX_ROOM);
    ASSERT(l->memory != NULL && l->wire != NULL && l->tried_ns != NULL && l->frame != NULL);
    for (uint32_t i = 0; i < l->count; i++) {
        struct bytes wire;
        size_t mark = arena_mark(&l->s->arena);
        struct bench_sent *x = &l->lane->record[l->first + i];
        uint32_t n = i * l->o->lanes + l->o->number;
        enum bench_kind kind = bench_kind_of(l->o, n);
        TRY(bench_make(l->s, l->o->crowd, kind, n, &l->s->arena, &x->id, &wire));
        x->token = kind == BENCH_MINT;
        x->size = (uint16_t)wire.len;
        ASSERT(wire.len <= TX_ROOM / 2 && used + wire.len <= room);
        memcpy(l->memory + used, wire.ptr, wire.len);
        l->wire[i] = bytes_of(l->memory + used, wire.len);
        used += wire.len;
        arena_release(&l->s->arena, mark);
    }
    return ERR_NONE;
}

/* What is due and was not sent, then what has waited too long for its receipt. */
static uint32_t gather(struct load *l, uint64_t now, uint32_t due, uint32_t *index, struct buf *b)
{
    uint32_t n = 0;
    while (n < BENCH_BATCH && l->next < due) {
        index[n++] = l->next++;
    }
    while (l->low < l->next && atomic_load(&l->lane->record[l->first + l->low].proven_ns) != 0) {
        l->low++;
    }
    for (uint32_t i = l->low; i < l->next && n < BENCH_BATCH; i++) {
        const struct bench_sent *x = &l->lane->record[l->first + i];
        bool open = atomic_load(&x->proven_ns) == 0 && atomic_load(&x->due_ns) != 0;
        if (open && l->tried_ns[i] != 0 &&
            now > l->tried_ns[i] + (uint64_t)BENCH_AGAIN_MS * 1000000) {
            index[n++] = i;
            atomic_fetch_add(&l->lane->again, 1);
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        buf_put_u32(b, (uint32_t)l->wire[index[i]].len);
        buf_put(b, l->wire[index[i]]);
        l->tried_ns[index[i]] = now;
    }
    return n;
}

/* What had no room is tried again in a moment; what is refused is given up. */
static void hear(struct load *l, struct bytes body, const uint32_t *index, uint32_t n)
{
    json_t *j = NULL;
    if (json_read(body, 1 << 20, &j, NULL) != ERR_NONE) {
        return;
    }
    const json_t *refused = json_member(j, "refused");
    for (size_t i = 0; refused != NULL && i < json_size(refused); i++) {
        int64_t at;
        const char *code;
        if (json_get_int(json_at(refused, i), "index", &at) != ERR_NONE || at < 0 || at >= n ||
            json_get_str(json_at(refused, i), "code", &code) != ERR_NONE) {
            continue;
        }
        if (strcmp(code, err_name(ERR_BUSY)) == 0) {
            atomic_fetch_add(&l->lane->busy, 1);
            l->tried_ns[index[at]] -= (uint64_t)(BENCH_AGAIN_MS - 500) * 1000000;
        } else if (strcmp(code, err_name(ERR_DUPLICATE)) != 0) {
            atomic_fetch_add(&l->lane->refused, 1);
            atomic_store(&l->lane->record[l->first + index[at]].due_ns, 0);
        }
    }
    json_free(j);
}

static void send_batch(struct load *l, uint64_t now, uint32_t due)
{
    uint32_t index[BENCH_BATCH];
    struct session_reply r;
    struct buf b = buf_over(l->frame, (size_t)BENCH_BATCH * 1024);
    uint32_t n = gather(l, now, due, index, &b);
    if (n == 0) {
        bench_sleep_until(now + (uint64_t)BENCH_TICK_MS * 1000000);
        return;
    }
    size_t mark = arena_mark(&l->s->arena);
    enum err e = session_request(l->s, "POST", "/v1/txs", buf_bytes(&b), &r);
    if (e == ERR_NONE) {
        hear(l, r.body, index, n);
    } else {
        atomic_fetch_add(&l->lane->busy, n);
        for (uint32_t i = 0; i < n; i++) {
            l->tried_ns[index[i]] -= (uint64_t)(BENCH_AGAIN_MS - 500) * 1000000;
        }
    }
    arena_release(&l->s->arena, mark);
    atomic_store(&l->lane->sent, l->first + l->next);
}

/* Due at its instant whatever was answered before: what is late stays late, and its time counts
 * from when it was due. After the last one the sender stays for what must be sent once more. */
static void send_all(struct load *l, uint64_t begin)
{
    uint64_t step = (uint64_t)(1e9 / l->o->per_s);
    for (uint32_t i = 0; i < l->count; i++) {
        atomic_store(&l->lane->record[l->first + i].due_ns, begin + i * step);
    }
    uint64_t give_up = begin + l->count * step + (uint64_t)BENCH_PATIENCE_MS * 1000000;
    while ((l->next < l->count || l->low < l->count) && bench_now_ns() < give_up) {
        uint64_t now = bench_now_ns(), due = now < begin ? 0 : (now - begin) / step + 1;
        send_batch(l, now, due < l->count ? (uint32_t)due : l->count);
    }
}

/* Open addressing over the ids of one request. */
enum { SLOTS = 4 * BENCH_BATCH };
struct asked {
    uint32_t count;
    uint32_t index[BENCH_BATCH];
    uint32_t slot[SLOTS]; /* 1 + place in index; 0: free */
    uint8_t ids[BENCH_BATCH * HASH_SIZE];
};

static uint32_t slot_of(const struct asked *q, const struct hash *id)
{
    uint32_t at;
    memcpy(&at, id->b, sizeof at);
    at %= SLOTS;
    while (q->slot[at] != 0 &&
           memcmp(&q->ids[(size_t)(q->slot[at] - 1) * HASH_SIZE], id->b, HASH_SIZE) != 0) {
        at = (at + 1) % SLOTS;
    }
    return at;
}

/* Those sent and not proved, the young ones or the old ones: who waits for one that was lost would
 * let the others wait too. */
static void choose(struct bench_lane *lane, uint32_t from, bool old, struct asked *q)
{
    uint64_t now = bench_now_ns(), age = 2 * (uint64_t)BENCH_AGAIN_MS * 1000000;
    uint32_t sent = atomic_load(&lane->sent);
    memset(q, 0, sizeof *q);
    for (uint32_t i = from; i < sent && q->count < BENCH_BATCH; i++) {
        struct bench_sent *x = &lane->record[i];
        uint64_t due = atomic_load(&x->due_ns);
        if (due == 0 || atomic_load(&x->proven_ns) != 0 || (now > due + age) != old) {
            continue;
        }
        q->slot[slot_of(q, &x->id)] = q->count + 1;
        memcpy(&q->ids[(size_t)q->count * HASH_SIZE], x->id.b, HASH_SIZE);
        q->index[q->count++] = i;
    }
}

/* A transaction that failed has its receipt too: it is waited for no longer, and counts apart. */
static void believe(struct session *s, struct bench_lane *lane, const struct asked *q,
                    struct bench_belief *belief, struct bytes proof)
{
    struct proved_block b;
    struct hash first;
    memcpy(first.b, q->ids, HASH_SIZE); /* the oldest: in a block, if any is */
    if (bench_believe(s, belief, proof, &first, &b) != ERR_NONE) {
        return;
    }
    uint64_t now = bench_now_ns();
    for (uint32_t i = 0; i < b.count; i++) {
        uint32_t slot = slot_of(q, &b.tx[i].id);
        if (q->slot[slot] != 0) {
            struct bench_sent *x = &lane->record[q->index[q->slot[slot] - 1]];
            atomic_store(&x->failed, b.receipt[i].status != RECEIPT_OK);
            atomic_store(&x->proven_ns, now);
        }
    }
}

static void ask_proofs(struct session *s, struct bench_lane *lane, const struct asked *q,
                       struct bench_belief *belief, bool old)
{
    struct session_reply r;
    size_t mark = arena_mark(&s->arena);
    const char *path = old ? "/v1/proofs" : "/v1/proofs?wait_ms=150";
    struct bytes ids = bytes_of(q->ids, (size_t)q->count * HASH_SIZE);
    if (session_request(s, "POST", path, ids, &r) == ERR_NONE) {
        struct reader in = reader_over(r.body);
        while (in.left > 0 && !in.bad) {
            size_t one = arena_mark(&s->arena);
            believe(s, lane, q, belief, reader_take(&in, reader_u32(&in)));
            arena_release(&s->arena, one);
        }
    }
    arena_release(&s->arena, mark);
}

static void verify_all(struct session *s, struct bench_lane *lane, uint32_t from)
{
    struct asked *q = malloc(sizeof *q);
    uint64_t old_ns = bench_now_ns(), end_ns = 0;
    struct bench_belief belief;
    enum err e = bench_belief_open(s, &belief);
    ASSERT(q != NULL && e == ERR_NONE);
    for (;;) {
        uint64_t now = bench_now_ns();
        bool old = now > old_ns;
        while (from < atomic_load(&lane->sent) &&
               (atomic_load(&lane->record[from].proven_ns) != 0 ||
                atomic_load(&lane->record[from].due_ns) == 0)) {
            from++;
        }
        bool over = atomic_load(&lane->sender_done);
        end_ns = over && end_ns == 0 ? now + (uint64_t)BENCH_AGAIN_MS * 1000000 : end_ns;
        if (over && (from >= atomic_load(&lane->sent) || now > end_ns)) {
            break;
        }
        old_ns = old ? now + 500000000 : old_ns;
        choose(lane, from, old, q);
        if (q->count > 0) {
            ask_proofs(s, lane, q, &belief, old);
        } else {
            bench_sleep_until(now + 2000000);
        }
    }
    for (uint32_t i = from; i < atomic_load(&lane->sent); i++) {
        const struct bench_sent *x = &lane->record[i];
        bool lost = atomic_load(&x->due_ns) != 0 && atomic_load(&x->proven_ns) == 0;
        atomic_fetch_add(&lane->lost, lost ? 1 : 0);
    }
    free(q);
}

static void child(const struct cli *c, const struct bench_offer *o, struct bench_floor *f,
                  bool sends)
{
    struct cli own;
    struct bench_lane *lane = &f->lane[o->number];
    struct session *s = calloc(1, sizeof *s);
    uint32_t first = atomic_load(&lane->sent);
    struct load l = { .s = s, .o = o, .lane = lane, .first = first, .count = o->count };
    if (s == NULL || bench_open_as(c, o, &own, s) != ERR_NONE ||
        (sends && sign_all(&l) != ERR_NONE)) {
        atomic_store(&lane->sender_done, true);
        atomic_fetch_add(&f->ready, 1);
        _exit(1);
    }
    meet(f);
    uint64_t cpu = bench_own_cpu_ns(); /* opening the key file and signing are no part of it */
    if (sends) {
        send_all(&l, atomic_load(&f->begin_ns));
        atomic_fetch_add(&lane->sender_cpu_ns, bench_own_cpu_ns() - cpu);
        atomic_store(&lane->sender_done, true);
    } else {
        verify_all(s, lane, first);
        atomic_fetch_add(&lane->verifier_cpu_ns, bench_own_cpu_ns() - cpu);
    }
    _exit(0);
}

pid_t bench_fork(void)
{
    pid_t self = getpid(), pid = fork();
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != self) {
            _exit(1); /* it ended before it could be watched */
        }
    }
    return pid;
}

static pid_t start(const struct cli *c, const struct bench_offer *o, struct bench_floor *f,
                   bool sends)
{
    pid_t pid = bench_fork();
    if (pid == 0) {
        child(c, o, f, sends);
    }
    return pid;
}

pid_t bench_sender(const struct cli *c, const struct bench_offer *o, struct bench_floor *f)
{
    return start(c, o, f, true);
}

pid_t bench_verifier(const struct cli *c, const struct bench_offer *o, struct bench_floor *f)
{
    return start(c, o, f, false);
}
