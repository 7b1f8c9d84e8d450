/* What `carnet help` prints, from the tables of commands alone. */
#include <string.h>

#include "cli/cli.h"

const struct cli_option CLI_COMMON[] = {
    { "--json", NULL, "answer with one JSON document" },
    { "--dir", "D", "space directory (else CARNET_DIR, else ./carnet-space)" },
    { "--as", "NAME", "participant to act as (else CARNET_AS, else the only key)" },
    { "--node", "URL", "node to ask (else those of nodes.json in turn)" },
    { "--passphrase-file", "F",
      "file with the passphrase (else CARNET_PASSPHRASE_FILE, else asked)" },
    { "--help", NULL, "this text" },
    { NULL, NULL, NULL },
};

static void print_options(FILE *to, const struct cli_option *o)
{
    for (; o != NULL && o->name != NULL; o++) {
        char left[80];
        snprintf(left, sizeof left, "%s%s%s", o->name, o->value != NULL ? " " : "",
                 o->value != NULL ? o->value : "");
        fprintf(to, "  %-28s %s\n", left, o->help);
    }
}

void cli_help_command(FILE *to, const struct cli_command *cmd)
{
    fprintf(to, "carnet %s%s%s%s%s\n  %s\n", cmd->noun, cmd->verb != NULL ? " " : "",
            cmd->verb != NULL ? cmd->verb : "", cmd->args[0] != '\0' ? " " : "", cmd->args,
            cmd->help);
    print_options(to, cmd->options);
    print_options(to, CLI_COMMON);
    if (cmd->example != NULL) {
        fprintf(to, "example:\n  %s\n", cmd->example);
    }
}

size_t cli_help_list(FILE *to, const char *noun)
{
    size_t found = 0;
    for (size_t t = 0; t < CLI_TABLE_COUNT; t++) {
        for (size_t i = 0; i < CLI_TABLES[t]->count; i++) {
            const struct cli_command *cmd = &CLI_TABLES[t]->command[i];
            char left[80];
            if (noun != NULL && strcmp(cmd->noun, noun) != 0) {
                continue;
            }
            snprintf(left, sizeof left, "%s%s%s %s", cmd->noun, cmd->verb != NULL ? " " : "",
                     cmd->verb != NULL ? cmd->verb : "", cmd->args);
            fprintf(to, "  %-34s %s\n", left, cmd->help);
            found++;
        }
    }
    return found;
}

void cli_help(FILE *to)
{
    fprintf(to, "carnet: a cross-border trusted data space\n\nusage: carnet <noun> <verb> ...\n\n");
    (void)cli_help_list(to, NULL);
    fprintf(to, "\ncarnet <noun> <verb> --help says more, with an example.\n");
}
