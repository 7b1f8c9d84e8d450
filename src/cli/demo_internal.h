/* demo — one dataset crosses one border with its carnet: what the demo's files share.
 *
 * The demo holds no key but the passphrase; it gives orders by the command line only, as a
 * person would. */
#ifndef CARNET_CLI_DEMO_INTERNAL_H
#define CARNET_CLI_DEMO_INTERNAL_H

#include <sys/types.h>

#include "cli/cli.h"

enum { DEMO_STEPS_MAX = 40, DEMO_WORDS_MAX = 48, DEMO_OUTPUT_MAX = 8 * 1024 * 1024 };

/* One story (demo_scenario.c). Lists of words end with NULL. */
struct demo_scenario {
    const char *name;
    const char *file, *source; /* the public data: below shared/data, and whose it is */
    enum err (*sample)(uint64_t seed, uint32_t rows, uint8_t **out, size_t *len);
    uint32_t sample_rows;
    const char *places; /* of exporter, importer, bank, carrier */
    const char *template_, *title, *onward;
    const char *const *facts;      /* declared in both grants */
    bool row_is_person;            /* the rows that leave are declared as the persons concerned */
    const char *const *instrument; /* what the lawful one declares besides */
    const char *instrument_said;
    const char *paid, *earned; /* currencies of importer and exporter */
    const char *rate, *price;  /* of the bank; in the importer's currency */
    bool brokered;
};
/* NULL: there is no such story. */
const struct demo_scenario *demo_scenario(const char *name);

struct demo_words {
    const char *word[DEMO_WORDS_MAX]; /* ended by NULL once something was added */
    int count;
};
/* Words of a command, ended by NULL. */
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
void demo_words_add(struct demo_words *w, const char *const *more);

struct demo {
    struct cli *cli;
    const struct demo_scenario *story;
    char dir[3000];    /* the space */
    char work[3100];   /* files of the demo: dir/demo */
    char temp[3000];   /* removed at the end; empty: the caller chose the place */
    char lawful[3100]; /* what may leave, until there is a space to put it into; empty: none */
    char carnet[3000]; /* this program */
    char pass_path[64];
    int pass_fd;
    const char *input;     /* the CSV */
    char input_path[3300]; /* where it is not the caller's */
    uint64_t input_size;
    uint32_t nodes, observers; /* validators; nodes without a seat, the regulator's is the last */
    uint32_t scale;            /* of timers and patience: instrumented builds are slow */
    pid_t supervisor, relay, fetch, broker;
    int fetch_out, broker_out;
    uint64_t broker_began_ms;
    unsigned broker_restarts;
    long relay_seen; /* size of the relay's log when the fetch began */
    json_t *steps;
    uint64_t started_ms;
    char token[65], right[65], asset[65], lock[65], mint_tx[65], grant_tx[65], refused_tx[65];
    char sha256[65], seal[65], rows[65];
    int64_t chunks;
    enum err failed; /* what the last command ended with */
    bool keep; /* the space outlives the demo */
};

uint64_t demo_now_ms(void);
void demo_pause_ms(unsigned ms);
extern volatile int demo_interrupted;

/* A command of this program with --json, waited for. words end with NULL. *answer (if not NULL)
 * is the JSON on stdout, or of the error on stderr; the exit code is *code. ERR_FAILED: it could
 * not be run. */
MUST_USE enum err demo_run(struct demo *d, const char *as, const char *const *words, int *code,
                           json_t **answer);
/* One that must end with 0; else its error is ours. */
MUST_USE enum err demo_do(struct demo *d, const char *as, const char *const *words,
                          json_t **answer);
/* The same in the background: *out is where its standard output can be read. */
MUST_USE enum err demo_spawn(struct demo *d, const char *as, const char *const *words, int *out,
                             pid_t *pid);
/* The exporter's broker; while commands are waited for, one that died is started again. */
MUST_USE enum err demo_start_broker(struct demo *d);
MUST_USE enum err demo_collect(struct demo *d, pid_t pid, int fd, int *code, json_t **answer);

/* A step of the table: begin, then end with what was proved (owned) and one line for people. */
uint64_t demo_begin(struct demo *d, const char *name);
__attribute__((format(printf, 6, 7))) enum err demo_end(struct demo *d, const char *name,
                                                        uint64_t began, enum err e,
                                                        json_t *evidence, const char *line, ...);
void demo_member(const json_t *j, const char *key, char out[65]);
/* Processes, files: nothing is left. */
void demo_clean(struct demo *d);

/* The acts, in order (demo_acts.c, demo_crossing.c). */
MUST_USE enum err demo_table(struct demo *d);
MUST_USE enum err demo_space(struct demo *d);
/* Nodes go the straight way again, so that what is kept needs no relay. */
MUST_USE enum err demo_unroute(struct demo *d);
MUST_USE enum err demo_prepare(struct demo *d);
MUST_USE enum err demo_grant(struct demo *d);
MUST_USE enum err demo_cross(struct demo *d);
/* Of a released right before the crossing, of a brokered one after its first use. */
MUST_USE enum err demo_settle(struct demo *d);
/* Where the provider's node keeps the first chunk. ERR_NOT_FOUND. */
MUST_USE enum err demo_chunk_path(struct demo *d, char *out, size_t cap);
MUST_USE enum err demo_use(struct demo *d);
MUST_USE enum err demo_audit(struct demo *d);

#endif
