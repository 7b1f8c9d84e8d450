#include "cli/bench_client_internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/session_internal.h"

static uint64_t own_cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
    uint64_t now = bench_now_ns();
    if (ns > now) {
        struct timespec t = { (time_t)((ns - now) / 1000000000), (long)((ns - now) % 1000000000) };
        nanosleep(&t, NULL);
    }
}

/* The command as this participant would give it, in a process of its own. */
static enum err open_as(const struct cli *c, const struct bench_offer *o, struct cli *own,
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
    return session_open(own, true, s);
}

static enum err pay_one(struct session *s, const struct hash *to, struct session_tx *t)
{
    struct money_pay x = { .to = *to, .amount = amount_from_i64(0, 1) };
    uint8_t signature[SUITE_SIGNATURE_SIZE_MAX];
    struct bytes body, one = bytes_of(signature, s->suite->signature_size);
    session_draw(s, METHOD_MONEY_PAY, t);
    TRY(money_pay_encode(&x, &s->arena, &t->body.args));
    TRY(tx_encode_body(&t->body, &s->arena, &body));
    tx_id(s->suite, body, &t->id);
    suite_sign_tagged(s->suite, s->secret, "carnet/tx/v1", body, signature);
    return tx_encode(body, &one, 1, &s->arena, &t->wire);
}

/* Due at its instant whether or not the one before was answered: what is late stays late, and its
 * time counts from when it was due. */
static void send_all(struct session *s, const struct bench_offer *o, struct bench_lane *lane)
{
    struct hash to;
    uint64_t began = bench_now_ns(), until = began + o->seconds * 1000000000;
    uint32_t first = atomic_load(&lane->sent);
    if (session_party(s, o->to, &to) != ERR_NONE) {
        return;
    }
    for (uint32_t i = first; i < BENCH_SENT_MAX && bench_now_ns() < until; i++) {
        struct session_tx t;
        struct session_reply r;
        size_t mark = arena_mark(&s->arena);
        uint64_t due = began + (uint64_t)((double)(i - first) * 1e9 / o->per_s);
        sleep_until(due);
        enum err e = pay_one(s, &to, &t);
        e = e != ERR_NONE ? e : session_request(s, "POST", "/v1/tx", t.wire, &r);
        arena_release(&s->arena, mark);
        lane->record[i].id = t.id;
        lane->record[i].due_ns = due;
        if (e != ERR_NONE && e != ERR_DUPLICATE) {
            atomic_fetch_add(e == ERR_BUSY ? &lane->busy : &lane->refused, 1);
            lane->record[i].due_ns = 0; /* nothing to wait for */
        }
        atomic_store(&lane->sent, i + 1);
    }
}

static enum err prove(struct session *s, struct bench_sent *x)
{
    char hex[HEX_SIZE(HASH_SIZE) + 1], path[160];
    struct session_reply r;
    struct proved_tx p;
    enum proof_step step;
    hex_encode(bytes_of_hash(&x->id), hex);
    snprintf(path, sizeof path, "/v1/tx/%s/proof", hex);
    TRY(session_request(s, "GET", path, bytes_of(NULL, 0), &r));
    TRY(proof_verify_tx(s->suite, &s->genesis, r.body, &s->arena, &p, &step));
    return hash_equal(&p.tx.id, &x->id) && p.receipt.status == RECEIPT_OK ? ERR_NONE : ERR_PROOF;
}

static void prove_until(struct session *s, struct bench_sent *x, struct bench_lane *lane)
{
    uint64_t give_up = bench_now_ns() + (uint64_t)BENCH_PATIENCE_MS * 1000000;
    while (x->due_ns != 0 && bench_now_ns() < give_up) {
        size_t mark = arena_mark(&s->arena);
        enum err e = prove(s, x);
        arena_release(&s->arena, mark);
        if (e == ERR_NONE) {
            atomic_store(&x->proven_ns, bench_now_ns());
            return;
        }
        sleep_until(bench_now_ns() + 2000000);
    }
    atomic_fetch_add(&lane->lost, x->due_ns != 0 ? 1 : 0);
}

/* In the order of sending: a receipt is verified at the latest when those before it are. */
static void verify_all(struct session *s, struct bench_lane *lane, uint32_t from)
{
    for (uint32_t i = from; i < BENCH_SENT_MAX; i++) {
        while (i == atomic_load(&lane->sent)) {
            if (atomic_load(&lane->sender_done) && i == atomic_load(&lane->sent)) {
                return;
            }
            sleep_until(bench_now_ns() + 1000000);
        }
        prove_until(s, &lane->record[i], lane);
    }
}

static void child(const struct cli *c, const struct bench_offer *o, struct bench_lane *lane,
                  bool sends, uint32_t from)
{
    struct cli own;
    struct session *s = calloc(1, sizeof *s);
    if (s == NULL || open_as(c, o, &own, s) != ERR_NONE) {
        atomic_store(&lane->sender_done, true);
        _exit(1);
    }
    uint64_t cpu = own_cpu_ns(); /* opening the key file is no part of it */
    if (sends) {
        send_all(s, o, lane);
        atomic_fetch_add(&lane->sender_cpu_ns, own_cpu_ns() - cpu);
        atomic_store(&lane->sender_done, true);
    } else {
        verify_all(s, lane, from);
        atomic_fetch_add(&lane->verifier_cpu_ns, own_cpu_ns() - cpu);
    }
    _exit(0);
}

pid_t bench_sender(const struct cli *c, const struct bench_offer *o, struct bench_lane *lane)
{
    atomic_store(&lane->sender_done, false);
    pid_t pid = fork();
    if (pid == 0) {
        child(c, o, lane, true, 0);
    }
    return pid;
}

pid_t bench_verifier(const struct cli *c, const struct bench_offer *o, struct bench_lane *lane)
{
    uint32_t from = atomic_load(&lane->sent);
    pid_t pid = fork();
    if (pid == 0) {
        child(c, o, lane, false, from);
    }
    return pid;
}
