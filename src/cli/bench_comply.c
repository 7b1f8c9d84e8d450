#include <stdlib.h>

#include "cli/bench_space_internal.h"

/* Checks of several kinds, asked in turn: allowed, with obligations, in need of a mechanism,
 * refused, and one that no pack is there for. */
static const char *const CHECKS[] = {
    "{\"id\":\"a\",\"from\":\"CN\",\"to\":\"DE\",\"sector\":\"retail\",\"classes\":[\"personal\"],"
    "\"subjects\":500,\"date\":\"2026-06-01\"}",
    "{\"id\":\"b\",\"from\":\"CN\",\"to\":\"DE\",\"sector\":\"retail\",\"classes\":[\"personal\"],"
    "\"subjects\":500,\"prior_subjects\":120000,\"purpose\":\"cross_border_shopping\","
    "\"mechanisms\":[\"cn_standard_contract\"],\"date\":\"2026-06-01\"}",
    "{\"id\":\"c\",\"from\":\"CN\",\"to\":\"SG\",\"sector\":\"health\",\"classes\":[\"health\"],"
    "\"subjects\":20000,\"sensitive_subjects\":20000,\"date\":\"2026-06-01\"}",
    "{\"id\":\"d\",\"from\":\"DE\",\"to\":\"CN\",\"sector\":\"retail\",\"classes\":[\"personal\"],"
    "\"subjects\":10,\"date\":\"2026-06-01\"}",
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
    b->rows_planned = 2;
    TRY(bench_act(b, "verdict, as a validator judges", NULL, 0, evaluate, w));
    TRY(bench_act(b, "verdict in words, JSON to JSON", b->row[0].name, 0, whole_answer, w));
    bench_put(b->cli->answer, "verdicts_per_s", b->row[0].per_s);
    bench_put(b->cli->answer, "p50_us", (double)b->row[0].p50_ns / 1e3);
    bench_put(b->cli->answer, "p99_us", (double)b->row[0].p99_ns / 1e3);
    return ERR_NONE;
}

enum err bench_comply(struct bench *b)
{
    struct policy_compiled law;
    char why[POLICY_WHY_SIZE] = "";
    struct comply_work *w = calloc(1, sizeof *w);
    ASSERT(w != NULL);
    enum err e = bench_law(&law, why);
    if (e == ERR_NONE) {
        e = policy_book_open(bytes_of(law.set, law.set_len), bytes_of(law.prose, law.prose_len),
                             suite_intl(), &w->book, why);
        policy_compiled_free(&law);
    }
    if (e == ERR_NONE) {
        e = rows(b, w);
        policy_book_close(w->book);
    } else {
        e = cli_fail(b->cli, e, "rule packs", "%s", why);
    }
    free(w);
    return e;
}
