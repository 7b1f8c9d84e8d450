/* A transaction that comes alone on an idle network: how long from sent to verified. */
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/bench_client_internal.h"

enum { TIMES = 21, PAUSE_MS = 100 };

static int compare_u64(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static enum err one(struct session *s, const struct bench_crowd *c, uint32_t n,
                    struct bench_belief *belief, uint64_t *ns)
{
    struct hash id;
    struct bytes wire;
    struct session_reply r;
    struct proved_block b;
    TRY(bench_make(s, c, BENCH_PAY, n, &s->arena, &id, &wire));
    uint64_t began = bench_now_ns();
    TRY(session_request(s, "POST", "/v1/tx", wire, &r));
    TRY(session_request(s, "POST", "/v1/proofs?wait_ms=5000", bytes_of_hash(&id), &r));
    struct reader in = reader_over(r.body);
    struct bytes proof = reader_take(&in, reader_u32(&in));
    TRY(bench_believe(s, belief, proof, &id, &b));
    *ns = bench_now_ns() - began;
    bool paid = b.count == 1 && hash_equal(&b.tx[0].id, &id) && b.receipt[0].status == RECEIPT_OK;
    return paid ? ERR_NONE : ERR_REFUSED;
}

static enum err ping(struct session *s, uint64_t *ns)
{
    struct session_reply r;
    uint64_t began = bench_now_ns();
    TRY(session_request(s, "GET", "/v1/status", bytes_of(NULL, 0), &r));
    *ns = bench_now_ns() - began;
    return ERR_NONE;
}

static enum err all(struct session *s, const struct bench_offer *o, struct bench_floor *f)
{
    uint64_t lone[TIMES], way[TIMES];
    struct bench_belief belief;
    TRY(bench_belief_open(s, &belief));
    for (uint32_t i = 0; i < TIMES; i++) {
        size_t mark = arena_mark(&s->arena);
        bench_sleep_until(bench_now_ns() + (uint64_t)PAUSE_MS * 1000000);
        TRY(ping(s, &way[i]));
        TRY(one(s, o->crowd, i, &belief, &lone[i]));
        arena_release(&s->arena, mark);
    }
    qsort(lone, TIMES, sizeof *lone, compare_u64);
    qsort(way, TIMES, sizeof *way, compare_u64);
    atomic_store(&f->lone_p50_ns, lone[TIMES / 2]);
    atomic_store(&f->ping_p50_ns, way[TIMES / 2]);
    return ERR_NONE;
}

enum err bench_lone(const struct cli *c, const struct bench_offer *o, struct bench_floor *f)
{
    int status = -1;
    pid_t pid = bench_fork();
    if (pid == 0) {
        struct cli own;
        struct session *s = calloc(1, sizeof *s);
        bool good =
            s != NULL && bench_open_as(c, o, &own, s) == ERR_NONE && all(s, o, f) == ERR_NONE;
        _exit(good ? 0 : 1);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? ERR_NONE : ERR_UNAVAILABLE;
}
