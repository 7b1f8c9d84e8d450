#include <stdlib.h>
#include <unistd.h>

#include "cli/bench_space_internal.h"

/* Checks of several kinds, asked in turn: allowed, with obligations, in need of a mechanism,
 * refused, one that no pack is there for, and long ways through many laws with much to be tried. */
#define CHECK_OF(id, from, to, sector, more)                                          \
    "{\"id\":\"" id "\",\"from\":\"" from "\",\"to\":\"" to "\",\"sector\":\"" sector \
    "\",\"date\":\"2026-06-01\"," more "}"
static const char *const CHECKS[] = {
    CHECK_OF("a", "CN", "DE", "retail", "\"classes\":[\"personal\"],\"subjects\":500"),
    CHECK_OF("b", "CN", "DE", "retail",
             "\"classes\":[\"personal\"],\"subjects\":500,\"prior_subjects\":120000,"
             "\"purpose\":\"cross_border_shopping\",\"mechanisms\":[\"cn_standard_contract\"]"),
    CHECK_OF("c", "CN", "SG", "health",
             "\"classes\":[\"health\"],\"subjects\":20000,\"sensitive_subjects\":20000"),
    CHECK_OF("d", "DE", "CN", "retail", "\"classes\":[\"personal\"],\"subjects\":10"),
    CHECK_OF("e", "US", "CN", "health", "\"classes\":[\"health\"],\"subjects\":5000"),
    CHECK_OF("f", "BT", "JP", "travel", "\"classes\":[\"passport\"],\"subjects\":40"),
    CHECK_OF("g", "SG", "JP", "finance",
             "\"classes\":[\"financial\"],\"subjects\":40,\"via\":[\"HK\"]"),
    CHECK_OF("h", "CN", "VN", "health",
             "\"classes\":[\"hgr\",\"genomic\"],\"subjects\":10000,"
             "\"purpose\":\"medical_research\",\"via\":[\"TH\",\"ZA\",\"DE\"]"),
};

struct comply_work {
    struct policy_book *book;
    struct policy_check check[COUNT(CHECKS)];
    struct policy_verdict verdict;
    size_t next;
};

static enum err evaluate(void *ctx)
{
    struct comply_work *w = ctx;
    const struct policy_check *k = &w->check[w->next++ % COUNT(CHECKS)];
    return policy_evaluate(policy_book_set(w->book), &k->facts, k->day, NULL, 0, &w->verdict);
}

/* What a line of `comply batch` costs: JSON in, words to numbers, verdict, words, JSON out. */
static enum err whole_answer(void *ctx)
{
    struct comply_work *w = ctx;
    const char *text = CHECKS[w->next++ % COUNT(CHECKS)];
    char why[POLICY_WHY_SIZE] = "", *line;
    struct policy_check check;
    json_t *in, *out;
    size_t len;
    TRY(json_read(bytes_of_str(text), 1 << 16, &in, NULL));
    enum err e = policy_check_read(w->book, in, &check, why);
    json_free(in);
    TRY(e);
    TRY(policy_answer(w->book, &check, &w->verdict, &out, why));
    e = json_write_line(out, &line, &len);
    json_free(out);
    TRY(e);
    json_text_free(line);
    return ERR_NONE;
}

static enum err rows(struct bench *b, struct comply_work *w)
{
    char why[POLICY_WHY_SIZE] = "";
    for (size_t i = 0; i < COUNT(CHECKS); i++) {
        json_t *in;
        TRY(json_read(bytes_of_str(CHECKS[i]), 1 << 16, &in, why));
        enum err e = policy_check_read(w->book, in, &w->check[i], why);
        json_free(in);
        if (e != ERR_NONE) {
            return cli_fail(b->cli, e, "check", "%s", why);
        }
    }
    b->rows_planned = 3;
    TRY(bench_act(b, "verdict, as a validator judges", NULL, 0, evaluate, w));
    TRY(bench_act(b, "verdict in words, JSON to JSON", b->row[0].name, 0, whole_answer, w));
    b->sample_cpu = true;
    TRY(bench_act(b, "the same, p50 and p99 of processor time", b->row[1].name, 0, whole_answer,
                  w));
    bench_put(b->cli->answer, "verdicts_per_s", b->row[0].per_s);
    bench_put(b->cli->answer, "p50_us", (double)b->row[0].p50_ns / 1e3);
    bench_put(b->cli->answer, "p99_us", (double)b->row[0].p99_ns / 1e3);
    bench_put(b->cli->answer, "answer_p99_us", (double)b->row[1].p99_ns / 1e3);
    bench_put(b->cli->answer, "answer_p99_cpu_us", (double)b->row[2].p99_ns / 1e3);
    return ERR_NONE;
}

/* Resident memory of this process, in MB; 0 where /proc does not say. */
static double resident_mb(void)
{
    unsigned long resident = 0;
    char line[128], *end = line;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f != NULL) {
        if (fgets(line, sizeof line, f) != NULL) {
            (void)strtoul(line, &end, 10); /* the whole size, in pages */
            resident = strtoul(end, NULL, 10);
        }
        (void)fclose(f);
    }
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

/* All packs of this release: compiled, then opened with their words, as a command does it. */
static enum err load(struct bench *b, struct comply_work *w)
{
    struct policy_compiled law;
    char why[POLICY_WHY_SIZE] = "";
    double before = resident_mb();
    uint64_t began = bench_now_ns();
    enum err e = bench_law(&law, why);
    uint64_t compiled = bench_now_ns();
    if (e == ERR_NONE) {
        e = policy_book_open(bytes_of(law.set, law.set_len), bytes_of(law.prose, law.prose_len),
                             suite_intl(), &w->book, why);
        policy_compiled_free(&law);
    }
    if (e != ERR_NONE) {
        return cli_fail(b->cli, e, "rule packs", "%s", why);
    }
    bench_put(b->cli->answer, "compile_ms", (double)(compiled - began) / 1e6);
    bench_put(b->cli->answer, "open_ms", (double)(bench_now_ns() - compiled) / 1e6);
    bench_put(b->cli->answer, "load_mb", resident_mb() - before);
    return ERR_NONE;
}

enum err bench_comply(struct bench *b)
{
    struct comply_work *w = calloc(1, sizeof *w);
    ASSERT(w != NULL);
    enum err e = load(b, w);
    if (e == ERR_NONE) {
        e = rows(b, w);
        policy_book_close(w->book);
    }
    free(w);
    return e;
}
