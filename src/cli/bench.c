#include "cli/bench_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "cli/actions_internal.h"

static uint64_t clock_ns(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t bench_now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

void bench_begin(struct bench_meter *m)
{
    m->begun_cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    m->begun_ns = bench_now_ns();
}

/* A full table keeps every so many of those that follow, so that none of its times is favoured. */
static void keep_sample(struct bench_meter *m, uint64_t ns)
{
    if (m->sample_ns != NULL) {
        uint64_t at = m->samples;
        if (at >= BENCH_SAMPLES_MAX) {
            at = at * 0x9e3779b97f4a7c15u >> 48;
        }
        m->sample_ns[at % BENCH_SAMPLES_MAX] = ns;
    }
    m->samples++;
}

void bench_end(struct bench_meter *m, uint64_t count)
{
    uint64_t ns = bench_now_ns() - m->begun_ns;
    m->cpu_ns += clock_ns(CLOCK_PROCESS_CPUTIME_ID) - m->begun_cpu_ns;
    m->wall_ns += ns;
    m->count += count;
    keep_sample(m, ns);
}

static int compare_ns(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

struct bench_row *bench_row_of(struct bench *b, const char *name, struct bench_meter *m,
                               uint64_t bytes)
{
    ASSERT(b->row_count < BENCH_ROWS_MAX);
    struct bench_row *r = &b->row[b->row_count++];
    uint64_t kept = m->samples < BENCH_SAMPLES_MAX ? m->samples : BENCH_SAMPLES_MAX;
    *r = (struct bench_row){ .count = m->count, .bytes = bytes };
    snprintf(r->name, sizeof r->name, "%s", name);
    if (m->wall_ns > 0 && m->count > 0) {
        r->per_s = (double)m->count * 1e9 / (double)m->wall_ns;
        r->cpu_us = (double)m->cpu_ns / 1e3 / (double)m->count;
    }
    if (m->sample_ns != NULL && kept > 0) {
        qsort(m->sample_ns, kept, sizeof *m->sample_ns, compare_ns);
        r->p50_ns = m->sample_ns[kept / 2];
        r->p99_ns = m->sample_ns[kept * 99 / 100];
    }
    return r;
}

void bench_compare(struct bench *b, struct bench_row *r, const char *beside)
{
    for (uint32_t i = 0; i < b->row_count; i++) {
        if (strcmp(b->row[i].name, beside) == 0 && r->cpu_us > 0) {
            snprintf(r->beside, sizeof r->beside, "%s", beside);
            r->ratio = b->row[i].cpu_us / r->cpu_us;
            return;
        }
    }
}

enum err bench_act(struct bench *b, const char *name, const char *beside, uint64_t bytes,
                   enum err (*act)(void *ctx), void *ctx)
{
    struct bench_meter m = { .sample_ns = b->sample_ns };
    uint64_t share = (uint64_t)(b->seconds * 1e9 / b->rows_planned);
    TRY(act(ctx)); /* caches are warm, pages are there */
    clockid_t which = b->sample_cpu ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
    uint64_t cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID), began = bench_now_ns();
    uint64_t now = clock_ns(which);
    while (bench_now_ns() - began < share || m.count == 0) {
        TRY(act(ctx));
        uint64_t then = clock_ns(which);
        keep_sample(&m, then - now);
        now = then;
        m.count++;
    }
    m.wall_ns = bench_now_ns() - began;
    m.cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    struct bench_row *r = bench_row_of(b, name, &m, bytes);
    if (beside != NULL) {
        bench_compare(b, r, beside);
    }
    return ERR_NONE;
}

void bench_put(json_t *object, const char *key, double x)
{
    char text[40];
    snprintf(text, sizeof text, "%.3f", x);
    json_put(object, key, json_new_str(text));
}

/* "model name : X" of /proc/cpuinfo. */
static void cpu_name(char out[128])
{
    char line[256];
    FILE *f = fopen("/proc/cpuinfo", "r");
    snprintf(out, 128, "unknown");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && colon != NULL) {
            snprintf(out, 128, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
            break;
        }
    }
    if (f != NULL) {
        (void)fclose(f);
    }
}

static json_t *machine(FILE *text)
{
    char cpu[128];
    struct utsname u;
    json_t *j = json_new_object();
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    cpu_name(cpu);
    const char *kernel = uname(&u) == 0 ? u.release : "unknown";
#if defined(__SANITIZE_ADDRESS__) || !defined(__OPTIMIZE__)
    const char *build = "not optimised: these figures say nothing";
#else
    const char *build = "optimised";
#endif
    json_put(j, "cpu", json_new_str(cpu));
    json_put(j, "cores", json_new_int(cores));
    json_put(j, "kernel", json_new_str(kernel));
    json_put(j, "compiler", json_new_str(__VERSION__));
    json_put(j, "build", json_new_str(build));
    fprintf(text, "%s, %ld cores, Linux %s, compiler %s, %s\n", cpu, cores, kernel, __VERSION__,
            build);
    return j;
}

static json_t *row_json(const struct bench_row *r)
{
    json_t *j = json_new_object();
    json_put(j, "name", json_new_str(r->name));
    json_put(j, "count", json_new_int((int64_t)r->count));
    bench_put(j, "per_s", r->per_s);
    if (r->bytes > 0) {
        bench_put(j, "mb_per_s", r->per_s * (double)r->bytes / 1e6);
    }
    bench_put(j, "p50_us", (double)r->p50_ns / 1e3);
    bench_put(j, "p99_us", (double)r->p99_ns / 1e3);
    bench_put(j, "cpu_us", r->cpu_us);
    if (r->beside[0] != '\0') {
        json_put(j, "beside", json_new_str(r->beside));
        bench_put(j, "ratio", r->ratio);
    }
    return j;
}

static void print_row(FILE *to, const struct bench_row *r)
{
    char rate[32];
    if (r->bytes > 0) {
        snprintf(rate, sizeof rate, "%.0f MB/s", r->per_s * (double)r->bytes / 1e6);
    } else {
        snprintf(rate, sizeof rate, "%.0f /s", r->per_s);
    }
    fprintf(to, "%-46s %12s %10.1f %10.1f %10.1f", r->name, rate, (double)r->p50_ns / 1e3,
            (double)r->p99_ns / 1e3, r->cpu_us);
    if (r->beside[0] != '\0') {
        fprintf(to, "   %.2f of %s", r->ratio, r->beside);
    }
    fprintf(to, "\n");
}

static void answer(struct bench *b)
{
    struct cli *c = b->cli;
    json_t *rows = json_new_array();
    fprintf(c->text, "%-46s %12s %10s %10s %10s\n", c->command->verb, "rate", "p50 us", "p99 us",
            "cpu us");
    for (uint32_t i = 0; i < b->row_count; i++) {
        print_row(c->text, &b->row[i]);
        json_push(rows, row_json(&b->row[i]));
    }
    json_put(c->answer, "rows", rows);
    json_put(c->answer, "ok", json_new_bool(true));
}

static enum err run_topic(struct cli *c, enum err (*topic)(struct bench *))
{
    uint64_t seconds;
    TRY(cli_number(c, "--seconds", 1, 600, 3, &seconds));
    struct bench *b = calloc(1, sizeof *b);
    uint64_t *sample = calloc(BENCH_SAMPLES_MAX, sizeof *sample);
    ASSERT(b != NULL && sample != NULL);
    b->cli = c;
    b->seconds = (double)seconds;
    b->sample_ns = sample;
    json_put(c->answer, "topic", json_new_str(c->command->verb));
    json_put(c->answer, "seconds", json_new_int((int64_t)seconds));
    json_put(c->answer, "machine", machine(c->text));
    enum err e = topic(b);
    if (e == ERR_NONE) {
        answer(b);
    } else if (c->what[0] == '\0') {
        e = cli_fail(c, e, c->command->verb, "%s", err_text(e));
    }
    free(sample);
    free(b);
    return e;
}

static enum err run_crypto(struct cli *c)
{
    return run_topic(c, bench_crypto);
}

static enum err run_ledger(struct cli *c)
{
    TRY(bench_ledger_check(c));
    return run_topic(c, bench_ledger);
}

static enum err run_transfer(struct cli *c)
{
    return run_topic(c, bench_transfer);
}

static enum err run_comply(struct cli *c)
{
    return run_topic(c, bench_comply);
}

static enum err run_token(struct cli *c)
{
    return run_topic(c, bench_token);
}

static enum err run_cluster(struct cli *c)
{
    TRY(bench_cluster_check(c));
    return run_topic(c, bench_cluster);
}

static const struct cli_option CLUSTER_OPTIONS[] = {
    { "--seconds", "S", "how long each of its two phases lasts (3)" },
    { "--rate", "N", "transactions a second that the flood offers (4000)" },
    { "--clients", "N", "pairs of processes, one that sends and one that verifies, 1 to 8 (2)" },
    { "--suite", "S", "of signatures and hashes: intl or gm (intl)" },
    { "--tokens", "N", "of a hundred transactions so many are mints, else payments (25; gm 0)" },
    { "--participants", "N", "whose keys sign, 100 each, 2 to 1000 (1000)" },
    { "--state", "N", "records put into the state before, at most 1900000 (0)" },
    { "--keep", "DIR", "the space is kept there, with its state, and used again" },
    { "--quick", NULL, "20 participants, 200 a second: whether it works, not how fast" },
    { NULL, NULL, NULL },
};
static const struct cli_option LEDGER_OPTIONS[] = {
    { "--seconds", "S", "how long it measures (3)" },
    { "--suite", "S", "of signatures and hashes: intl or gm (intl)" },
    { "--keys", "N", "of each participant's document, 1 to 128; several sign in turn (1)" },
    { NULL, NULL, NULL },
};
static const struct cli_option OPTIONS[] = {
    { "--seconds", "S", "how long it measures (3)" },
    { NULL, NULL, NULL },
};
static const struct cli_command COMMANDS[] = {
    { "bench", "crypto", "", 0, 0, "signatures, hashes and ciphers beside those of the libraries",
      "carnet bench crypto --seconds 5", OPTIONS, run_crypto },
    { "bench", "ledger", "", 0, 0, "transactions a second: admitted, built, executed; a cluster",
      "carnet bench ledger --seconds 5", LEDGER_OPTIONS, run_ledger },
    { "bench", "cluster", "", 0, 0,
      "four validator processes under clients who verify every receipt",
      "carnet bench cluster --seconds 60", CLUSTER_OPTIONS, run_cluster },
    { "bench", "transfer", "", 0, 0, "sealing and opening chunks beside the bare cipher",
      "carnet bench transfer --seconds 5", OPTIONS, run_transfer },
    { "bench", "comply", "", 0, 0, "verdicts a second", "carnet bench comply --seconds 5", OPTIONS,
      run_comply },
    { "bench", "token", "", 0, 0, "mint, seal, grant and use through the contracts",
      "carnet bench token --seconds 5", OPTIONS, run_token },
};
const struct cli_table CLI_BENCH = { COMMANDS, COUNT(COMMANDS) };
