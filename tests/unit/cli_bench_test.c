#include <stdlib.h>

#include "cli/cli.h"
#include "crypto/secret.h"
#include "tests/test.h"

/* Shape alone: what a machine can do is no matter for a test. */

static const char *const TOPICS[] = { "crypto", "ledger", "transfer", "comply", "token" };

static const struct cli_command *topic(const char *verb)
{
    for (size_t t = 0; t < CLI_TABLE_COUNT; t++) {
        for (size_t i = 0; i < CLI_TABLES[t]->count; i++) {
            const struct cli_command *x = &CLI_TABLES[t]->command[i];
            if (strcmp(x->noun, "bench") == 0 && x->verb != NULL && strcmp(x->verb, verb) == 0) {
                return x;
            }
        }
    }
    return NULL;
}

static enum err run(const char *verb, const char *seconds, json_t **answer)
{
    struct cli c = { .command = topic(verb), .dir = "." };
    enum err e = secret_init();
    c.text = c.progress = fopen("/dev/null", "w");
    c.answer = json_new_object();
    c.option[c.option_count].name = "--seconds";
    c.option[c.option_count++].value = seconds;
    ASSERT(c.command != NULL && c.text != NULL);
    e = e != ERR_NONE ? e : c.command->run(&c);
    (void)fclose(c.text);
    *answer = c.answer;
    return e;
}

/* A decimal string above zero. */
static bool positive(const json_t *object, const char *key)
{
    const char *text;
    return json_get_str(object, key, &text) == ERR_NONE && strtod(text, NULL) > 0;
}

static bool row_is_whole(const json_t *row)
{
    const char *name, *beside;
    int64_t count;
    bool whole = json_get_str(row, "name", &name) == ERR_NONE && name[0] != '\0' &&
                 json_get_int(row, "count", &count) == ERR_NONE && count > 0 &&
                 positive(row, "per_s") && positive(row, "cpu_us") && positive(row, "p50_us") &&
                 positive(row, "p99_us");
    return whole && (json_get_str(row, "beside", &beside) != ERR_NONE || positive(row, "ratio"));
}

/* What callers read without looking at rows (DESIGN 7). */
static bool figures_are_there(const char *verb, const json_t *j)
{
    if (strcmp(verb, "crypto") == 0) {
        return positive(j, "verify_per_s");
    }
    if (strcmp(verb, "ledger") == 0) {
        return positive(j, "tps") && positive(j, "p50_ms") && positive(j, "p99_ms") &&
               positive(j, "cpu_us_per_tx") && positive(j, "tps_signatures_free") &&
               positive(j, "fsync_p50_ms") && positive(j, "fsync_p99_ms");
    }
    return strcmp(verb, "token") != 0 || (positive(j, "tps") && positive(j, "cpu_us_per_tx"));
}

TEST(each_topic_answers_with_its_figures_the_machine_it_ran_on_and_whole_rows)
{
    for (size_t i = 0; i < COUNT(TOPICS); i++) {
        json_t *j;
        const char *said;
        int64_t cores;
        CHECK_OK(run(TOPICS[i], "1", &j));
        CHECK_OK(json_get_str(j, "topic", &said));
        CHECK_STR(said, TOPICS[i]);
        const json_t *machine = json_member(j, "machine"), *rows = json_member(j, "rows");
        CHECK(machine != NULL && rows != NULL && json_size(rows) >= 2);
        CHECK_OK(json_get_str(machine, "cpu", &said));
        CHECK_OK(json_get_str(machine, "compiler", &said));
        CHECK_OK(json_get_int(machine, "cores", &cores));
        CHECK(cores > 0);
        CHECK(figures_are_there(TOPICS[i], j));
        for (size_t k = 0; k < json_size(rows); k++) {
            CHECK(row_is_whole(json_at(rows, k)));
        }
        json_free(j);
    }
}

TEST(a_time_that_is_none_is_wrong_usage)
{
    json_t *j;
    CHECK_ERR(run("crypto", "0", &j), ERR_USAGE);
    json_free(j);
    CHECK_ERR(run("crypto", "601", &j), ERR_USAGE);
    json_free(j);
}
