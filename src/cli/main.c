#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "crypto/secret.h"

static const struct cli_command *find_command(const char *noun, const char *verb, bool *noun_known)
{
    const struct cli_command *alone = NULL;
    *noun_known = false;
    for (size_t t = 0; t < CLI_TABLE_COUNT; t++) {
        for (size_t i = 0; i < CLI_TABLES[t]->count; i++) {
            const struct cli_command *cmd = &CLI_TABLES[t]->command[i];
            if (strcmp(cmd->noun, noun) != 0) {
                continue;
            }
            *noun_known = true;
            if (cmd->verb == NULL) {
                alone = cmd;
            } else if (verb != NULL && strcmp(cmd->verb, verb) == 0) {
                return cmd;
            }
        }
    }
    return alone;
}

static const struct cli_option *find_option(const struct cli_command *cmd, const char *name)
{
    for (const struct cli_option *o = cmd->options; o != NULL && o->name != NULL; o++) {
        if (strcmp(o->name, name) == 0) {
            return o;
        }
    }
    for (const struct cli_option *o = CLI_COMMON; o->name != NULL; o++) {
        if (strcmp(o->name, name) == 0) {
            return o;
        }
    }
    return NULL;
}

/* Given twice, one of the two would be passed over in silence: which one, nobody would know. A flag
 * says the same twice. */
static enum err check_repeated(struct cli *c, const struct cli_option *o)
{
    size_t len = o->value != NULL ? strlen(o->value) : 0;
    bool may = o->value == NULL || (len > 3 && strcmp(o->value + len - 3, "...") == 0);
    const char *first = cli_option(c, o->name);
    return may || first == NULL
               ? ERR_NONE
               : cli_fail(c, ERR_USAGE, o->name, "is given more than once (first as '%s')", first);
}

/* One word of the command line; *used is how many words it took. */
static enum err parse_word(struct cli *c, int left, char **word, int *used)
{
    *used = 1;
    if (strncmp(word[0], "--", 2) != 0) {
        if (c->arg_count == CLI_ARGS_MAX) {
            return cli_fail(c, ERR_USAGE, word[0], "too many arguments");
        }
        c->arg[c->arg_count++] = word[0];
        return ERR_NONE;
    }
    const struct cli_option *o = find_option(c->command, word[0]);
    if (o == NULL) {
        cli_hint(c, "--help lists the options");
        return cli_fail(c, ERR_USAGE, word[0], "no such option");
    }
    if (o->value != NULL && left < 2) {
        return cli_fail(c, ERR_USAGE, word[0], "takes a value (%s)", o->value);
    }
    TRY(check_repeated(c, o));
    if (c->option_count == CLI_ARGS_MAX) {
        return cli_fail(c, ERR_USAGE, word[0], "too many options");
    }
    c->option[c->option_count].name = o->name;
    c->option[c->option_count++].value = o->value != NULL ? word[1] : "";
    *used = o->value != NULL ? 2 : 1;
    return ERR_NONE;
}

static const char *first_of(const char *a, const char *b, const char *otherwise)
{
    return a != NULL ? a : b != NULL && b[0] != '\0' ? b : otherwise;
}

static enum err parse(struct cli *c, int count, char **word)
{
    for (int i = 0; i < count;) {
        int used;
        TRY(parse_word(c, count - i, word + i, &used));
        i += used;
    }
    if (c->arg_count < c->command->args_min || c->arg_count > c->command->args_max) {
        cli_hint(c, "--help shows what it takes");
        char name[80];
        snprintf(name, sizeof name, "%s%s%s", c->command->noun, c->command->verb != NULL ? " " : "",
                 c->command->verb != NULL ? c->command->verb : "");
        return cli_fail(c, ERR_USAGE, name, "takes %s",
                        c->command->args[0] != '\0' ? c->command->args : "no arguments");
    }
    c->dir = first_of(cli_option(c, "--dir"), getenv("CARNET_DIR"), "./carnet-space");
    if (c->dir[0] == '\0') {
        return cli_fail(c, ERR_USAGE, "--dir", "names no directory");
    }
    if (strlen(c->dir) > CLI_DIR_SIZE_MAX) {
        return cli_fail(c, ERR_USAGE, "--dir", "has more than %d bytes", CLI_DIR_SIZE_MAX);
    }
    c->as = first_of(cli_option(c, "--as"), getenv("CARNET_AS"), NULL);
    c->node = cli_option(c, "--node");
    return ERR_NONE;
}

static void print_error(const struct cli *c, enum err e)
{
    if (!c->json) {
        fprintf(stderr, "carnet: %s: %s\n", c->what[0] != '\0' ? c->what : "error",
                c->why[0] != '\0' ? c->why : err_text(e));
        if (c->hint[0] != '\0') {
            fprintf(stderr, "  hint: %s\n", c->hint);
        }
        return;
    }
    char message[2 * CLI_WHY_SIZE + 4];
    snprintf(message, sizeof message, "%s: %s", c->what, c->why[0] != '\0' ? c->why : err_text(e));
    json_t *inner = json_new_object();
    json_put(inner, "code", json_new_str(err_name(e)));
    json_put(inner, "message", json_new_str(message));
    json_put(inner, "hint", json_new_str(c->hint));
    json_t *outer = json_new_object();
    json_put(outer, "error", inner);
    char *text;
    size_t len;
    if (json_write_line(outer, &text, &len) == ERR_NONE) {
        fputs(text, stderr);
        json_text_free(text);
    }
    json_free(outer);
}

static int finish(struct cli *c, enum err e)
{
    int code = e != ERR_NONE ? err_exit_code(e) : c->exit_code;
    if (e != ERR_NONE) {
        print_error(c, e);
    } else if (c->json && c->answer != NULL && json_size(c->answer) > 0) {
        char *text;
        size_t len;
        if (json_write_pretty(c->answer, &text, &len) == ERR_NONE) {
            fputs(text, stdout);
            json_text_free(text);
        }
    }
    if ((fflush(stdout) != 0 || ferror(stdout)) && code == 0) {
        e = cli_fail(c, cli_errno(errno), "standard output", "%s", strerror(errno));
        print_error(c, e);
        code = err_exit_code(e);
    }
    json_free(c->answer);
    if (c->json) {
        (void)fclose(c->text);
    }
    return code;
}

static bool wants_json(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            return true;
        }
    }
    return false;
}

static enum err locate(struct cli *c, int argc, char **argv, int *from)
{
    bool noun_known;
    if (strcmp(argv[1], "help") == 0 && argc > 2) {
        argv++; /* help of what is not there */
        argc--;
    }
    const char *verb = argc > 2 && argv[2][0] != '-' ? argv[2] : NULL;
    c->command = find_command(argv[1], verb, &noun_known);
    if (c->command == NULL) {
        char hint[128];
        snprintf(hint, sizeof hint, "carnet help%s%.40s lists the commands", noun_known ? " " : "",
                 noun_known ? argv[1] : "");
        cli_hint(c, hint);
        return noun_known ? cli_fail(c, ERR_USAGE, argv[1], "no such verb: %s",
                                     verb != NULL ? verb : "(none given)")
                          : cli_fail(c, ERR_USAGE, argv[1], "no such command");
    }
    *from = c->command->verb != NULL ? 3 : 2;
    return ERR_NONE;
}

/* help [NOUN [VERB]], NOUN --help, --version: answered without looking at anything. -1: something
 * else was asked. */
static int ask_help(int argc, char **argv)
{
    bool noun_known;
    if (argc < 2) {
        cli_help(stderr);
        return err_exit_code(ERR_USAGE);
    }
    if (strcmp(argv[1], "version") == 0 || strcmp(argv[1], "--version") == 0) {
        printf("carnet %s\n", CARNET_VERSION);
        return 0;
    }
    bool alone = argc == 3 && strcmp(argv[2], "--help") == 0;
    bool asked = strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0;
    const char *noun = alone ? argv[1] : asked && argc > 2 ? argv[2] : NULL;
    const char *verb = asked && argc > 3 ? argv[3] : NULL;
    if (asked && noun == NULL) {
        cli_help(stdout);
        return 0;
    }
    if (noun == NULL) {
        return -1;
    }
    const struct cli_command *cmd = find_command(noun, verb, &noun_known);
    if (cmd != NULL) {
        cli_help_command(stdout, cmd);
    } else if (noun_known && verb == NULL) {
        (void)cli_help_list(stdout, noun);
    } else {
        return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct cli c = { .json = wants_json(argc, argv), .text = stdout };
    int helped = ask_help(argc, argv);
    if (helped >= 0) {
        c.json = false;
        c.exit_code = helped;
        return finish(&c, ERR_NONE);
    }
    int from = 0;
    if (c.json) {
        c.text = fopen("/dev/null", "w");
        ASSERT(c.text != NULL);
    }
    c.progress = !c.json || isatty(STDERR_FILENO) ? stderr : c.text;
    c.answer = json_new_object();
    enum err e = secret_init();
    if (e == ERR_NONE) {
        e = locate(&c, argc, argv, &from);
    }
    if (e == ERR_NONE) {
        for (int i = from; i < argc; i++) {
            if (strcmp(argv[i], "--help") == 0) {
                cli_help_command(stdout, c.command);
                return finish(&c, ERR_NONE);
            }
        }
        e = parse(&c, argc - from, argv + from);
    }
    if (e == ERR_NONE) {
        e = c.command->run(&c);
    }
    return finish(&c, e);
}
