/* policy_lines — scenarios from a file, one a line, and the answer to each. */
#ifndef CARNET_TESTS_UNIT_POLICY_LINES_H
#define CARNET_TESTS_UNIT_POLICY_LINES_H

#include "tests/unit/policy_compare.h"

typedef void on_scenario(const char *id, const json_t *scenario, void *ctx);

/* Calls back for each line of the file; false when it cannot be read. */
static inline bool each_scenario(const char *path, on_scenario *call, void *ctx)
{
    char why[JSON_ERROR_SIZE];
    uint8_t *text;
    size_t len;
    if (!test_read_file(path, &text, &len)) {
        return false;
    }
    for (size_t at = 0; at < len;) {
        const uint8_t *end = memchr(text + at, '\n', len - at);
        size_t line = end == NULL ? len - at : (size_t)(end - (text + at));
        json_t *j;
        const char *id = "?";
        if (line > 0 && json_read(bytes_of(text + at, line), 1 << 16, &j, why) == ERR_NONE) {
            if (json_get_str(j, "id", &id) == ERR_NONE) {
                call(id, j, ctx);
            }
            json_free(j);
        }
        at += line + 1;
    }
    free(text);
    return true;
}

static inline json_t *answer_of(const json_t *scenario, char why[POLICY_WHY_SIZE])
{
    struct policy_check check;
    struct policy_verdict v;
    json_t *answer = NULL;
    enum err err = policy_check_read(rig_book(), scenario, &check, why);
    err = err == ERR_NONE ? policy_answer(rig_book(), &check, &v, &answer, why) : err;
    return err == ERR_NONE ? answer : NULL;
}

/* Prints what differs, with the whole answer. */
static inline void difference_print(const char *id, const char *why, const json_t *answer)
{
    char *text = NULL;
    size_t len = 0;
    if (answer != NULL && json_write_line(answer, &text, &len) == ERR_NONE) {
        printf("# %s: %s\n# %s", id, why, text);
        json_text_free(text);
    } else {
        printf("# %s: %s\n", id, why);
    }
}

#endif
