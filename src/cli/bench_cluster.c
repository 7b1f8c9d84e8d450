/* A cluster of processes under load: four validators as `net start` runs them, clients beside. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/bench_cluster_internal.h"
#include "crypto/secret.h"

enum { AFTER_KILL_MS = 2000, ISSUE_RATE = 1000 };

/* For who watches: what goes on now. */
static const char *const PHASE_NAME[] = {
    [BENCH_PAY] = "flood", [BENCH_ANCHOR] = "state", [BENCH_ISSUE] = "money"
};

enum err cluster_run_self(struct cluster *k, const char *const *words)
{
    const char *full[32] = { "carnet" };
    int n = 1, status = -1;
    while (*words != NULL) {
        full[n++] = *words++;
    }
    const char *rest[] = { "--dir", k->dir, "--passphrase-file", k->pass, "--json", NULL };
    memcpy(&full[n], rest, sizeof rest);
    pid_t pid = bench_fork();
    if (pid == 0) {
        int none = open("/dev/null", O_RDWR);
        dup2(none, STDIN_FILENO);
        dup2(none, STDOUT_FILENO);
        dup2(none, STDERR_FILENO);
        execv("/proc/self/exe", (char *const *)(uintptr_t)full);
        _exit(127);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    bool good = pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    return good ? ERR_NONE : cli_fail(k->b->cli, ERR_FAILED, full[1], "%s failed", full[2]);
}

int64_t cluster_status(struct cluster *k, uint32_t node, const char *member)
{
    json_t *j;
    int64_t x = -1;
    size_t mark = arena_mark(&k->session->arena);
    k->cli.node = k->session->node[node].api;
    if (session_get_json(k->session, "/v1/status", &j) == ERR_NONE) {
        (void)!json_get_int(j, member, &x);
        json_free(j);
    }
    arena_release(&k->session->arena, mark);
    return x;
}

/* All that went over the loopback device of this machine, others' included. */
static double loopback_bytes(void)
{
    char line[512];
    double bytes = 0;
    FILE *f = fopen("/proc/net/dev", "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        const char *at = strstr(line, "lo:");
        bytes = at != NULL ? strtod(at + 3, NULL) : bytes;
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    return bytes;
}

static double clients_us(const struct cluster *k)
{
    double ns = 0;
    for (uint32_t i = 0; i < k->lanes; i++) {
        ns += (double)(k->lane[i].sender_cpu_ns + k->lane[i].verifier_cpu_ns);
    }
    return ns / 1e3;
}

static void kill_primary(struct cluster *k, struct phase *p, uint64_t at_ns)
{
    uint64_t now = bench_now_ns();
    if (at_ns > now) {
        usleep((useconds_t)((at_ns - now) / 1000));
    }
    int64_t primary = cluster_status(k, 0, "primary");
    primary = primary < 0 || primary >= CLUSTER_VALIDATORS ? 0 : primary;
    long pid = net_node_pid(&k->cli, (uint32_t)primary);
    if (pid > 0 && kill((pid_t)pid, SIGKILL) == 0) {
        p->killed_ns = bench_now_ns();
        p->killed = (uint32_t)primary;
    }
}

void cluster_tally(const struct cluster *k, const uint32_t *from, struct phase *p)
{
    uint64_t first = UINT64_MAX, last = 0;
    for (uint32_t l = 0; l < k->lanes; l++) {
        const struct bench_lane *lane = &k->lane[l];
        p->offered += lane->sent - from[l];
        p->refused += lane->refused;
        p->busy += lane->busy;
        p->again += lane->again;
        p->lost += lane->lost;
        for (uint32_t i = from[l]; i < lane->sent; i++) {
            const struct bench_sent *x = &lane->record[i];
            if (x->proven_ns == 0) {
                continue;
            }
            if (x->failed) {
                p->failed++;
                continue;
            }
            first = x->due_ns < first ? x->due_ns : first;
            cluster_mix_count(p, x);
            last = x->proven_ns > last ? x->proven_ns : last;
            if (p->killed_ns != 0 && x->due_ns > p->killed_ns &&
                (p->back_ns == 0 || x->proven_ns < p->back_ns)) {
                p->back_ns = x->proven_ns;
            }
        }
    }
    p->seconds = last > first ? (double)(last - first) / 1e9 : 0;
    p->tps = p->seconds > 0 ? p->proven / p->seconds : 0;
}

/* Senders and verifiers of all lanes; they begin together when all have signed what they send. */
static enum err start_phase(struct cluster *k, const struct bench_offer *what, uint32_t *from,
                            pid_t *child)
{
    static struct bench_offer offer[BENCH_LANES_MAX];
    atomic_store(&k->floor->ready, 0);
    atomic_store(&k->floor->begin_ns, 0);
    for (uint32_t i = 0; i < k->lanes; i++) {
        struct bench_lane *lane = &k->lane[i];
        from[i] = lane->sent;
        lane->refused = lane->busy = lane->again = lane->lost = 0;
        lane->sender_done = false;
        offer[i] = *what;
        offer[i].number = i;
        offer[i].lanes = k->lanes;
        offer[i].per_s = what->per_s / k->lanes;
        offer[i].count = what->count / k->lanes;
        child[2 * i] = bench_sender(k->b->cli, &offer[i], k->floor);
        child[2 * i + 1] = bench_verifier(k->b->cli, &offer[i], k->floor);
        if (child[2 * i] < 0 || child[2 * i + 1] < 0) {
            return ERR_FAILED;
        }
    }
    while (atomic_load(&k->floor->ready) < 2 * k->lanes) {
        bench_sleep_until(bench_now_ns() + 10000000);
    }
    return ERR_NONE;
}

enum err cluster_phase(struct cluster *k, enum bench_kind kind, double count, double per_s,
                       bool kills, struct phase *p)
{
    pid_t child[2 * BENCH_LANES_MAX];
    uint32_t from[BENCH_LANES_MAX];
    double most = (double)k->lanes * (BENCH_SENT_MAX - 1 - k->lane[0].sent);
    count = count < most ? count : most;
    struct bench_offer what = { .dir = k->dir,
                                .pass_path = k->pass,
                                .as = kind == BENCH_ISSUE ? "bank" : "exporter",
                                .crowd = &k->crowd,
                                .kind = kind,
                                .tokens = (uint32_t)k->o.tokens,
                                .count = (uint32_t)count,
                                .per_s = per_s };
    TRY(start_phase(k, &what, from, child));
    fprintf(k->b->cli->progress, "%s\n", PHASE_NAME[kind]);
    fflush(k->b->cli->progress);
    struct bench_threads validators = cluster_split(k);
    double clients = clients_us(k), wire = loopback_bytes();
    *p = (struct phase){ .began_ns = bench_now_ns() };
    atomic_store(&k->floor->begin_ns, p->began_ns);
    if (kills) {
        kill_primary(k, p, p->began_ns + (uint64_t)(count / per_s * 5e8));
    }
    for (uint32_t i = 0; i < 2 * k->lanes; i++) {
        while (waitpid(child[i], NULL, 0) < 0 && errno == EINTR) {
        }
    }
    cluster_tally(k, from, p);
    if (p->proven == 0) {
        return cli_fail(
            k->b->cli, ERR_UNAVAILABLE, "cluster",
            "no receipt of a transaction that succeeded was verified, of %llu that failed",
            (unsigned long long)p->failed);
    }
    k->minted += (uint64_t)p->token.proven;
    p->validator = cluster_split_since(k, &validators, p->proven);
    p->client_us = (clients_us(k) - clients) / p->proven;
    p->wire_bytes = (loopback_bytes() - wire) / p->proven;
    for (uint32_t i = 0; i < CLUSTER_VALIDATORS; i++) {
        int64_t verified = cluster_status(k, i, "signatures_verified");
        p->verified[i] = verified < 0 ? 0 : (uint64_t)verified;
    }
    return ERR_NONE;
}

static int compare_u64(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* Times from due to verified, of what was due outside or inside the two seconds after the kill. */
static void answer_times(struct cluster *k, const struct phase *p, bool after_kill)
{
    static const struct {
        const char *name;
        unsigned per_mille;
    } MARKS[] = { { "p50", 500 }, { "p99", 990 }, { "p99_9", 999 } };
    uint64_t *ns = calloc((size_t)BENCH_LANES_MAX * BENCH_SENT_MAX, sizeof *ns);
    size_t n = 0;
    ASSERT(ns != NULL);
    for (uint32_t l = 0; l < k->lanes; l++) {
        for (uint32_t i = 0; i < k->lane[l].sent; i++) {
            const struct bench_sent *x = &k->lane[l].record[i];
            bool near = p->killed_ns != 0 && x->due_ns + 1000000 > p->killed_ns &&
                        x->due_ns < p->killed_ns + (uint64_t)AFTER_KILL_MS * 1000000;
            if (x->proven_ns != 0 && !x->failed && x->due_ns >= p->began_ns && near == after_kill) {
                ns[n++] = x->proven_ns - x->due_ns;
            }
        }
    }
    qsort(ns, n, sizeof *ns, compare_u64);
    fprintf(k->b->cli->text, "%-46s",
            after_kill ? "due in the 2 s after the kill" : "due at other times");
    for (size_t i = 0; n > 0 && i < COUNT(MARKS); i++) {
        char key[40];
        size_t at = n * MARKS[i].per_mille / 1000;
        double ms = (double)ns[at] / 1e6;
        snprintf(key, sizeof key, "%s%s_ms", MARKS[i].name, after_kill ? "_after_kill" : "");
        bench_put(k->b->cli->answer, key, ms);
        fprintf(k->b->cli->text, "  %s %.0f ms", MARKS[i].name, ms);
    }
    fprintf(k->b->cli->text, "  of %zu\n", n);
    free(ns);
}

void cluster_say(struct cluster *k, const char *key, const char *words, double x, const char *unit)
{
    bench_put(k->b->cli->answer, key, x);
    fprintf(k->b->cli->text, "%-46s %12.1f %s\n", words, x, unit);
}

static void answer_flood(struct cluster *k, const struct phase *p, double ceiling)
{
    cluster_say(k, "participants", "participants that sign", k->crowd.count, "");
    cluster_say(k, "keys", "keys that sign", (double)k->crowd.count * BENCH_CROWD_KEYS, "");
    cluster_say(k, "offered_per_s", "offered, flood", p->offered / k->b->seconds, "tx/s");
    cluster_say(k, "tps", "receipts verified, flood", p->tps, "tx/s");
    cluster_mix_say(k, p, "");
    cluster_mix_sizes(k, p);
    cluster_say(k, "ceiling_tps", "ceiling: all cores verifying, for 4 validators", ceiling,
                "tx/s");
    cluster_say(k, "share_of_ceiling", "share of the ceiling", 100 * p->tps / ceiling, "%");
    cluster_split_say(k, &p->validator);
    cluster_say(k, "client_us_per_tx", "clients' processor time a receipt", p->client_us, "us");
    cluster_say(k, "wire_bytes_per_tx", "bytes over loopback a receipt", p->wire_bytes, "B");
    cluster_say(k, "busy", "told to come again", (double)p->busy, "tx");
    cluster_say(k, "again", "sent once more for want of a receipt", (double)p->again, "tx");
    cluster_say(k, "refused", "refused", (double)p->refused, "tx");
    cluster_say(k, "lost", "without a receipt after 15 s", (double)p->lost, "tx");
    for (uint32_t i = 0; i < CLUSTER_VALIDATORS; i++) {
        char key[40];
        snprintf(key, sizeof key, "verified_by_%u", i);
        cluster_say(k, key, "signatures verified by a validator so far", (double)p->verified[i],
                    "");
    }
    cluster_say(k, "sync_p50_ms", "a sync of a log in a validator, p50",
                (double)cluster_status(k, 0, "sync_p50_us") / 1e3, "ms");
    cluster_say(k, "sync_p99_ms", "a sync of a log in a validator, p99",
                (double)cluster_status(k, 0, "sync_p99_us") / 1e3, "ms");
}

static void answer_load(struct cluster *k, const struct phase *p)
{
    cluster_say(k, "load_tps", "receipts verified at 60 % of that", p->tps, "tx/s");
    cluster_mix_say(k, p, "load_");
    cluster_say(k, "load_lost", "without a receipt after 15 s", (double)p->lost, "tx");
    answer_times(k, p, false);
    if (p->killed_ns != 0) {
        answer_times(k, p, true);
        double back = p->back_ns > p->killed_ns ? (double)(p->back_ns - p->killed_ns) / 1e6 : 0;
        cluster_say(k, "back_after_kill_ms", "first receipt of what was due after the kill", back,
                    "ms");
        cluster_say(k, "killed",
                    p->killed < k->lanes ? "killed: a validator with a client"
                                         : "killed: a validator without clients",
                    p->killed, "");
    }
}

/* One transaction at a time on an idle network, and what it cannot be faster than. */
static enum err answer_lone(struct cluster *k)
{
    int64_t primary = cluster_status(k, 0, "primary");
    struct bench_offer o = { .dir = k->dir,
                             .pass_path = k->pass,
                             .as = "exporter",
                             .crowd = &k->crowd,
                             .number = primary < 0 ? 0 : (uint32_t)primary };
    TRY(bench_lone(k->b->cli, &o, k->floor));
    double sync = (double)cluster_status(k, 0, "sync_p50_us") / 1e3;
    double way = (double)k->floor->ping_p50_ns / 2e6;
    cluster_say(k, "lone_ms", "a lone transaction, sent to verified, p50",
                (double)k->floor->lone_p50_ns / 1e6, "ms");
    cluster_say(k, "lone_floor_ms", "three ways, two syncs, no execution", 3 * way + 2 * sync,
                "ms");
    cluster_say(k, "lone_ours_ms", "our five ways and three syncs, one by one", 5 * way + 3 * sync,
                "ms");
    return ERR_NONE;
}

/* The ceiling: all cores verifying, in this very run, for so many validators. */
static enum err answer_ceiling(struct cluster *k, double *ceiling)
{
    double best = 0;
    k->b->rows_planned = 12;
    TRY(bench_verify(k->b));
    for (uint32_t i = 0; i < k->b->row_count; i++) {
        double us = k->b->row[i].cpu_us;
        best = best == 0 || us < best ? us : best;
    }
    *ceiling = (double)sysconf(_SC_NPROCESSORS_ONLN) * 1e6 / best / CLUSTER_VALIDATORS;
    return ERR_NONE;
}

static const char *suite_name(const struct suite *s)
{
    return s->number == SUITE_GM ? "gm" : "intl";
}

static void answer_suite(struct cluster *k)
{
    struct cli *c = k->b->cli;
    const char *name = suite_name(k->session->suite);
    json_put(c->answer, "suite", json_new_str(name));
    fprintf(c->text, "%-46s %s\n", "suite", name);
}

/* Money for everybody, a state of some size, then one alone, the flood, the load, the flood over a
 * slower disk, and a node that begins anew. */
static enum err measure(struct cluster *k, struct phase *p)
{
    double ceiling, seconds = k->b->seconds, rate = (double)k->o.rate;
    answer_suite(k);
    TRY(cluster_mix_open(k));
    TRY(answer_ceiling(k, &ceiling));
    if (!k->kept) {
        TRY(cluster_phase(k, BENCH_ISSUE, k->crowd.count, ISSUE_RATE, false, p));
    }
    TRY(cluster_fill(k, k->o.state));
    cluster_say(k, "state", "records of the bench's making before it begins",
                (double)(k->state + k->minted * CLUSTER_TOKEN_RECORDS) + 2.0 * k->crowd.count, "");
    TRY(answer_lone(k));
    TRY(cluster_phase(k, BENCH_PAY, rate * seconds, rate, false, p));
    answer_flood(k, p, ceiling);
    double load = 0.6 * p->tps;
    TRY(cluster_phase(k, BENCH_PAY, load * seconds, load, true, p));
    answer_load(k, p);
    TRY(cluster_slower(k, rate, p));
    TRY(cluster_note(k));
    return cluster_sync(k);
}

static enum err read_options(struct cli *c, struct cluster_options *o)
{
    bool quick = cli_flag(c, "--quick");
    TRY(cli_number(c, "--rate", 1, 100000, quick ? 200 : 4000, &o->rate));
    TRY(cli_number(c, "--clients", 1, BENCH_LANES_MAX, quick ? 1 : 2, &o->lanes));
    TRY(cli_number(c, "--participants", 2, BENCH_CROWD_MAX, quick ? 20 : BENCH_CROWD_MAX,
                   &o->people));
    TRY(cli_number(c, "--state", 0, BENCH_STATE_MAX, 0, &o->state));
    o->keep = cli_option(c, "--keep");
    if (o->keep != NULL && strlen(o->keep) >= CLI_DIR_SIZE_MAX) {
        return cli_fail(c, ERR_USAGE, "--keep", "the name is too long");
    }
    return cluster_mix_read(c, o);
}

/* A space that is kept has the suite that it was made with. One that cannot be opened says why when
 * it is used. */
static enum err check_kept(struct cli *c, struct cluster_options *o)
{
    char dir[CLI_DIR_SIZE_MAX + 48];
    struct cli own = *c;
    struct session s;
    const struct suite *asked;
    TRY(net_suite(c, &asked));
    if (o->keep == NULL ||
        (cli_option(c, "--suite") == NULL && cli_option(c, "--tokens") == NULL)) {
        return ERR_NONE;
    }
    snprintf(dir, sizeof dir, "%s/space", o->keep);
    own.dir = dir;
    if (session_open(&own, false, &s) != ERR_NONE) {
        return ERR_NONE;
    }
    const struct suite *kept = s.suite;
    session_close(&s);
    if (cli_option(c, "--suite") != NULL && kept != asked) {
        return cli_fail(c, ERR_USAGE, "--suite", "the space that is kept is of suite %s",
                        suite_name(kept));
    }
    return cluster_mix_suite(c, kept, o);
}

enum err bench_cluster_check(struct cli *c)
{
    struct cluster_options o;
    TRY(read_options(c, &o));
    return check_kept(c, &o);
}

static enum err run_cluster(struct cluster *k)
{
    struct phase *p = calloc(1, sizeof *p);
    ASSERT(p != NULL);
    enum err e = cluster_open(k);
    if (e == ERR_NONE) {
        k->cli = *k->b->cli;
        k->cli.dir = k->dir;
        e = session_open(&k->cli, false, k->session);
        e = e != ERR_NONE ? e : measure(k, p);
        session_close(k->session);
    }
    cluster_close(k);
    free(p);
    return e;
}

enum err bench_cluster(struct bench *b)
{
    struct cluster *k = calloc(1, sizeof *k);
    ASSERT(k != NULL);
    k->session = calloc(1, sizeof *k->session);
    k->floor = mmap(NULL, sizeof *k->floor, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ASSERT(k->session != NULL && k->floor != MAP_FAILED);
    k->b = b;
    k->lane = k->floor->lane;
    enum err e = read_options(b->cli, &k->o);
    k->lanes = (uint32_t)k->o.lanes;
    k->crowd.count = (uint32_t)k->o.people;
    k->crowd.first = CLUSTER_VALIDATORS + 1; /* behind the validators and the observer */
    secret_random(k->crowd.seed, sizeof k->crowd.seed);
    e = e != ERR_NONE ? e : run_cluster(k);
    munmap(k->floor, sizeof *k->floor);
    free(k->session);
    free(k);
    return e;
}
