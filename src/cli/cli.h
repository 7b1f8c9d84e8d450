/* cli — the command line: one table of commands, one parser, one way to fail, one way to answer.
 *
 * A command is a row: noun, verb, what it takes, help, example, function. It answers by filling
 * `c->answer` (a JSON document) and `c->text` (what people read); main prints one or the other.
 * On error it returns the error after cli_fail said what, why and what to do; exit codes are
 * DESIGN 7's. Page: docs/cli.md */
#ifndef CARNET_CLI_CLI_H
#define CARNET_CLI_CLI_H

#include <stdio.h>

#include "base/json.h"

enum {
    CLI_ARGS_MAX = 64,
    CLI_WHY_SIZE = 512,
    CLI_FILE_SIZE_MAX = 256 * 1024 * 1024,
    CLI_PIPE_SIZE_MAX = 1024 * 1024, /* what is no regular file */
    CLI_DIR_SIZE_MAX = 2000,         /* leaves room for every name below it */
    CLI_PASSPHRASE_SIZE_MAX = 1024,
    CLI_NODES_MAX = 128
};

struct cli_option {
    const char *name;  /* "--to" */
    const char *value; /* "DID"; NULL: a flag; "ID...": may be given again */
    const char *help;
};

struct cli;
struct output_calls;
struct cli_command {
    const char *noun, *verb; /* verb NULL: the noun alone ("fetch") */
    const char *args;        /* "FILE" */
    int args_min, args_max;
    const char *help;                 /* one line */
    const char *example;              /* a whole command line that works in the demo's space */
    const struct cli_option *options; /* ends with name NULL; NULL: none but the common ones */
    enum err (*run)(struct cli *c);
};

struct cli {
    const struct cli_command *command;
    const char *arg[CLI_ARGS_MAX]; /* positional */
    int arg_count;
    struct {
        const char *name, *value;
    } option[CLI_ARGS_MAX];
    int option_count;
    bool json;
    const char *dir, *as, *node;
    json_t *answer; /* owned; an object */
    FILE *text;     /* for people: stdout, or /dev/null with --json */
    FILE *progress; /* stderr when it is a terminal or not --json */
    char what[CLI_WHY_SIZE], why[CLI_WHY_SIZE], hint[CLI_WHY_SIZE];
    const struct output_calls *output; /* the disk; NULL: the real one */
    int exit_code; /* set by commands whose exit code is not an error's (0 otherwise) */
};

/* The options that every command takes; ends with name NULL. */
extern const struct cli_option CLI_COMMON[];
/* Help of everything, of one command, of a noun's commands (how many there are). */
void cli_help(FILE *to);
void cli_help_command(FILE *to, const struct cli_command *cmd);
size_t cli_help_list(FILE *to, const char *noun);

/* All commands, one table a file: cli/commands.c lists the tables. */
struct cli_table {
    const struct cli_command *command;
    size_t count;
};
extern const struct cli_table *const CLI_TABLES[];
extern const size_t CLI_TABLE_COUNT;

/* An option's value, or NULL; flags give "". Repeated options: cli_option_at counts from 0. */
const char *cli_option(const struct cli *c, const char *name);
const char *cli_option_at(const struct cli *c, const char *name, int index);
bool cli_flag(const struct cli *c, const char *name);
/* Numbers: ERR_USAGE with a message when it is not one or out of range; `fallback` when absent. */
MUST_USE enum err cli_number(struct cli *c, const char *name, uint64_t min, uint64_t max,
                             uint64_t fallback, uint64_t *out);
MUST_USE enum err cli_required(struct cli *c, const char *name, const char **out);
MUST_USE enum err cli_hash(struct cli *c, const char *what, const char *text, struct hash *out);

/* Say what failed, why, and what to do (hint may be NULL); gives back `e` for `return
 * cli_fail(…)`. */
__attribute__((format(printf, 4, 5))) enum err cli_fail(struct cli *c, enum err e, const char *what,
                                                        const char *why, ...);
void cli_hint(struct cli *c, const char *hint);
/* The function of a command that is named but not there yet: ERR_UNSUPPORTED, and says so. */
MUST_USE enum err cli_later(struct cli *c);

/* What errno says: ERR_NOT_FOUND, ERR_DISK_FULL (ENOSPC, EDQUOT), else ERR_FAILED. */
enum err cli_errno(int error);
/* A whole file: ERR_NOT_FOUND, ERR_FAILED (a directory), ERR_SIZE; malloc'ed. */
MUST_USE enum err cli_read_file(struct cli *c, const char *path, uint8_t **out, size_t *len);
/* Write aside, sync, rename, sync the folder: nothing half-written. mode as open(2). What is no
 * regular file (a pipe, /dev/null) is written as it stands. ERR_DISK_FULL. */
MUST_USE enum err cli_write_file(struct cli *c, const char *path, struct bytes x, unsigned mode);
/* Path below the space directory, in a static-free way: writes to out. */
void cli_path(const struct cli *c, char *out, size_t cap, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* --passphrase-file, CARNET_PASSPHRASE_FILE, the terminal; a final newline is not part of it. */
MUST_USE enum err cli_passphrase(struct cli *c, const char *prompt,
                                 char out[CLI_PASSPHRASE_SIZE_MAX], size_t *len);

#endif
