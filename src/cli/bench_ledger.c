#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/bench_space_internal.h"
#include "cli/net_internal.h"
#include "sim/sim.h"

enum { CLUSTER_STEPS = 4000, DISK_RECORD = 4096 };

struct bench_meters *bench_meters_new(void)
{
    struct bench_meters *m = calloc(1, sizeof *m);
    ASSERT(m != NULL);
    struct bench_meter *all[] = { &m->sign, &m->admit, &m->build, &m->execute, &m->commit };
    for (size_t i = 0; i < COUNT(all); i++) {
        all[i]->sample_ns = calloc(BENCH_SAMPLES_MAX, sizeof *all[i]->sample_ns);
        ASSERT(all[i]->sample_ns != NULL);
    }
    return m;
}

void bench_meters_free(struct bench_meters *m)
{
    free(m->sign.sample_ns);
    free(m->admit.sample_ns);
    free(m->build.sample_ns);
    free(m->execute.sample_ns);
    free(m->commit.sample_ns);
    free(m);
}

void bench_meters_rows(struct bench *b, struct bench_meters *m, const char *what, double *cpu_us,
                       double *wall_us)
{
    struct bench_meter *all[] = { &m->sign, &m->admit, &m->build, &m->execute, &m->commit };
    static const char *const NAMES[] = { "signed by a client", "admitted", "built (p50 of blocks)",
                                         "executed (p50 of blocks)", "committed (p50 of blocks)" };
    *cpu_us = *wall_us = 0;
    for (size_t i = 0; i < COUNT(all); i++) {
        char name[80];
        snprintf(name, sizeof name, "%s, %s", what, NAMES[i]);
        const struct bench_row *r = bench_row_of(b, name, all[i], 0);
        if (all[i] == &m->admit || all[i] == &m->execute || all[i] == &m->commit) {
            *cpu_us += r->cpu_us;
            *wall_us += r->per_s > 0 ? 1e6 / r->per_s : 0;
        }
    }
}

/* Money that goes from one account to another: the smallest thing that has a meaning. */
static enum err pay_block(struct bench_space *s)
{
    struct money_pay x = { .to = s->did[SPACE_HOLDER], .amount = amount_from_i64(0, 1) };
    for (uint32_t i = 0; i < SPACE_BLOCK_TXS; i++) {
        struct bytes args;
        TRY(money_pay_encode(&x, &s->work, &args));
        struct tx_body body = bench_space_body(s, SPACE_OWNER, METHOD_MONEY_PAY, args);
        TRY(bench_space_add(s, SPACE_OWNER, &body));
    }
    return bench_space_block(s);
}

static enum err issue(struct bench_space *s)
{
    struct money_issue x = { .to = s->did[SPACE_OWNER] };
    struct bytes args;
    x.amount = amount_from_i64(0, INT64_C(1000000000000));
    TRY(money_issue_encode(&x, &s->work, &args));
    struct tx_body body = bench_space_body(s, SPACE_BANK, METHOD_MONEY_ISSUE, args);
    TRY(bench_space_add(s, SPACE_BANK, &body));
    return bench_space_block(s);
}

static enum err payments(struct bench *b, const struct suite *real, uint32_t keys, double *cpu_us,
                         double *wall_us)
{
    char why[POLICY_WHY_SIZE] = "";
    struct bench_space *s;
    struct bench_meters *m = bench_meters_new(), *first = bench_meters_new();
    enum err e = bench_space_open(real, keys, first, &s, why);
    if (e == ERR_NONE) {
        e = issue(s);
        e = e != ERR_NONE ? e : pay_block(s); /* warm */
        s->m = m;
        uint64_t until = bench_now_ns() + (uint64_t)(b->seconds * 1e9 / 4);
        while (e == ERR_NONE && (m->execute.count == 0 || bench_now_ns() < until)) {
            e = pay_block(s);
        }
        bench_space_close(s);
    }
    if (e == ERR_NONE) {
        bench_meters_rows(b, m, real != NULL ? "pay" : "pay, signatures free", cpu_us, wall_us);
    } else if (why[0] != '\0') {
        e = cli_fail(b->cli, e, "ledger", "%s", why);
    }
    bench_meters_free(m);
    bench_meters_free(first);
    return e;
}

/* Seeds that end in 7 run with real signatures and an observer beside the seats. All nodes share
 * this one core and this one clock: a cluster of machines has a core each. */
static enum err cluster(struct bench *b, uint32_t nodes)
{
    struct bench_meter m = { .sample_ns = b->sample_ns };
    struct sim_result *r = calloc(1, sizeof *r);
    char name[64];
    ASSERT(r != NULL);
    uint64_t until = bench_now_ns() + (uint64_t)(b->seconds * 1e9 / 6);
    enum err e = ERR_NONE;
    for (uint64_t seed = 7; e == ERR_NONE && (m.count == 0 || bench_now_ns() < until); seed += 10) {
        struct sim_options o = { .seed = seed, .nodes = nodes, .steps = CLUSTER_STEPS };
        bench_begin(&m);
        e = sim_run(&o, r);
        bench_end(&m, r->txs);
    }
    free(r);
    snprintf(name, sizeof name, "simulated cluster of %u (p50 of runs)", nodes);
    bench_row_of(b, name, &m, 0);
    return e;
}

/* What a validator waits for before it votes, on the disk of --dir, else of the current folder. */
static enum err disk(struct bench *b)
{
    char path[CLI_DIR_SIZE_MAX + 40];
    uint8_t record[DISK_RECORD];
    struct bench_meter m = { .sample_ns = b->sample_ns };
    const char *dir = access(b->cli->dir, W_OK) == 0 ? b->cli->dir : ".";
    snprintf(path, sizeof path, "%s/.carnet-bench-%ld", dir, (long)getpid());
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        int why = errno;
        return cli_fail(b->cli, cli_errno(why), path, "%s", strerror(why));
    }
    unlink(path);
    memset(record, 0x5a, sizeof record);
    uint64_t until = bench_now_ns() + (uint64_t)(b->seconds * 1e9 / 8);
    bool good = true;
    while (good && (m.count == 0 || bench_now_ns() < until)) {
        bench_begin(&m);
        good = write(fd, record, sizeof record) == (ssize_t)sizeof record && fdatasync(fd) == 0;
        bench_end(&m, 1);
    }
    int why = errno;
    close(fd);
    if (!good) {
        return cli_fail(b->cli, cli_errno(why), path, "%s", strerror(why));
    }
    const struct bench_row *r = bench_row_of(b, "4 KiB appended and fsynced", &m, 0);
    bench_put(b->cli->answer, "fsync_p50_ms", (double)r->p50_ns / 1e6);
    bench_put(b->cli->answer, "fsync_p99_ms", (double)r->p99_ns / 1e6);
    return ERR_NONE;
}

static enum err read_options(struct cli *c, const struct suite **suite, uint64_t *keys)
{
    TRY(cli_number(c, "--keys", 1, DID_KEYS_MAX, 1, keys));
    return net_suite(c, suite);
}

enum err bench_ledger_check(struct cli *c)
{
    const struct suite *suite;
    uint64_t keys;
    return read_options(c, &suite, &keys);
}

enum err bench_ledger(struct bench *b)
{
    json_t *answer = b->cli->answer;
    double cpu_us, wall_us, free_cpu_us, free_wall_us;
    const struct suite *suite;
    uint64_t keys;
    TRY(read_options(b->cli, &suite, &keys));
    TRY(payments(b, suite, (uint32_t)keys, &cpu_us, &wall_us));
    const struct bench_row *block = &b->row[3];
    bench_put(answer, "tps", 1e6 / wall_us);
    bench_put(answer, "p50_ms", (double)block->p50_ns / 1e6);
    bench_put(answer, "p99_ms", (double)block->p99_ns / 1e6);
    bench_put(answer, "cpu_us_per_tx", cpu_us);
    TRY(payments(b, NULL, (uint32_t)keys, &free_cpu_us, &free_wall_us));
    bench_put(answer, "tps_signatures_free", 1e6 / free_wall_us);
    bench_put(answer, "cpu_us_per_tx_signatures_free", free_cpu_us);
    TRY(cluster(b, 4));
    bench_put(answer, "cluster_4_tps", b->row[b->row_count - 1].per_s);
    TRY(cluster(b, 7));
    bench_put(answer, "cluster_7_tps", b->row[b->row_count - 1].per_s);
    return disk(b);
}
