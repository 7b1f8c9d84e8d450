#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/actions_internal.h"
#include "cli/demo_internal.h"
#include "crypto/secret.h"
#include "data/data.h"

enum { SAMPLE_SEED = 20101201 };

volatile int demo_interrupted;

static void on_signal(int number)
{
    demo_interrupted = number;
}

static void watch_signals(void)
{
    struct sigaction a = { .sa_handler = on_signal };
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
    sigaction(SIGHUP, &a, NULL);
    sigaction(SIGPIPE, &a, NULL); /* nobody reads any more: tidy up all the same */
}

static enum err find_self(struct demo *d)
{
    ssize_t n = readlink("/proc/self/exe", d->carnet, sizeof d->carnet - 1);
    if (n <= 0) {
        return cli_fail(d->cli, ERR_FAILED, "/proc/self/exe", "%s", strerror(errno));
    }
    d->carnet[n] = '\0';
    return ERR_NONE;
}

static enum err find_place(struct demo *d)
{
    const char *given = cli_option(d->cli, "--dir");
    if (given != NULL) {
        struct stat st;
        if (given[0] != '/') {
            char here[2000];
            if (getcwd(here, sizeof here) == NULL) {
                return cli_fail(d->cli, ERR_FAILED, given, "%s", strerror(errno));
            }
            snprintf(d->dir, sizeof d->dir, "%s/%s", here, given);
        } else {
            snprintf(d->dir, sizeof d->dir, "%s", given);
        }
        if (stat(d->dir, &st) == 0 && rmdir(d->dir) != 0) {
            cli_hint(d->cli, "choose another --dir, or remove it yourself");
            return cli_fail(d->cli, ERR_DUPLICATE, given, "something is there already");
        }
    } else {
        const char *tmp = getenv("TMPDIR");
        snprintf(d->temp, sizeof d->temp, "%s/carnet-demo-XXXXXX", tmp != NULL ? tmp : "/tmp");
        if (mkdtemp(d->temp) == NULL) {
            enum err e = cli_fail(d->cli, cli_errno(errno), d->temp, "%s", strerror(errno));
            d->temp[0] = '\0';
            return e;
        }
        snprintf(d->dir, sizeof d->dir, "%.2900s/space", d->temp);
    }
    snprintf(d->work, sizeof d->work, "%s/demo", d->dir);
    return ERR_NONE;
}

/* One passphrase for this run, in memory; children read it through the inherited descriptor. */
static enum err draw_passphrase(struct demo *d)
{
    uint8_t random[18];
    char text[BASE64URL_SIZE(sizeof random) + 1];
    secret_random(random, sizeof random);
    base64url_encode(bytes_of(random, sizeof random), text);
    d->pass_fd = memfd_create("carnet-demo-passphrase", 0);
    bool good = d->pass_fd >= 0 && write(d->pass_fd, text, strlen(text)) == (ssize_t)strlen(text);
    secret_wipe(text, sizeof text);
    snprintf(d->pass_path, sizeof d->pass_path, "/proc/self/fd/%d", d->pass_fd);
    return good ? ERR_NONE : cli_fail(d->cli, ERR_FAILED, "passphrase", "%s", strerror(errno));
}

static enum err given_input(struct demo *d, const char *given)
{
    uint8_t *file;
    size_t len;
    TRY(cli_read_file(d->cli, given, &file, &len));
    free(file);
    if (len == 0) {
        return cli_fail(d->cli, ERR_UNREADABLE, given, "is empty");
    }
    d->input = given;
    d->input_size = len;
    fprintf(d->cli->text, "input: %s\n", given);
    return ERR_NONE;
}

static enum err sample_input(struct demo *d)
{
    uint8_t *sample;
    size_t len;
    TRY(d->story->sample(SAMPLE_SEED, d->story->sample_rows, &sample, &len));
    int fd = memfd_create("carnet-demo-sample", 0);
    bool good = fd >= 0 && write(fd, sample, len) == (ssize_t)len;
    free(sample);
    snprintf(d->input_path, sizeof d->input_path, "/proc/self/fd/%d", fd);
    d->input = d->input_path;
    d->input_size = len;
    fprintf(d->cli->text,
            "input: a made-up sample in the shape of %s (seed %d); no real data was found beside "
            "this checkout\n",
            d->story->source, SAMPLE_SEED);
    return good ? ERR_NONE : cli_fail(d->cli, ERR_FAILED, "sample", "%s", strerror(errno));
}

/* --input, else the real file beside the checkout, else a seeded sample of the same shape. */
static enum err find_input(struct demo *d)
{
    char root[3000];
    struct stat st;
    const char *given = cli_option(d->cli, "--input");
    if (given != NULL) {
        return given_input(d, given);
    }
    snprintf(root, sizeof root, "%s", d->carnet);
    for (int up = 0; up < 2 && strrchr(root, '/') != NULL; up++) {
        *strrchr(root, '/') = '\0';
    }
    snprintf(d->input_path, sizeof d->input_path, "%s/../shared/data/%s", root, d->story->file);
    if (access(d->input_path, R_OK) != 0 || stat(d->input_path, &st) != 0) {
        return sample_input(d);
    }
    d->input = d->input_path;
    d->input_size = (uint64_t)st.st_size;
    fprintf(d->cli->text, "input: %s, as its source has it\n", d->story->source);
    return ERR_NONE;
}

static enum err play(struct demo *d)
{
    watch_signals();
    TRY(find_self(d));
    TRY(find_input(d));
    TRY(draw_passphrase(d));
    TRY(find_place(d));
    fprintf(d->cli->text, "space: %s\n", d->dir);
    if (d->nodes == 1) {
        fprintf(d->cli->text, "DEVELOPMENT MODE: one node alone decides what is true. No fault is "
                              "tolerated, nobody checks it; never use such a space for real.\n");
    }
    fprintf(d->cli->text, "\n");
    TRY(demo_table(d));
    TRY(demo_space(d));
    TRY(demo_prepare(d));
    TRY(demo_grant(d));
    TRY(demo_cross(d));
    TRY(demo_use(d));
    return demo_audit(d);
}

static enum err show_token(struct demo *d)
{
    int code;
    json_t *j;
    const char *const words[] = { "token", "show", d->token, NULL };
    TRY(demo_run(d, "exporter", words, &code, &j));
    if (code == 0 && j != NULL) {
        json_put(d->cli->answer, "token", json_copy_of(json_member(j, "token")));
    }
    json_free(j);
    return code == 0 ? ERR_NONE : ERR_FAILED;
}

/* What stays with --keep: the space, running, and its passphrase in a file of its own. */
static enum err keep(struct demo *d)
{
    char path[3200], text[CLI_PASSPHRASE_SIZE_MAX];
    TRY(demo_unroute(d));
    ssize_t n = pread(d->pass_fd, text, sizeof text, 0);
    ASSERT(n > 0);
    snprintf(path, sizeof path, "%s/passphrase", d->dir);
    TRY(cli_write_file(d->cli, path, bytes_of(text, (size_t)n), 0600));
    secret_wipe(text, sizeof text);
    fprintf(d->cli->text,
            "\nthe space stays, and runs on. Next:\n"
            "  export CARNET_DIR=%s CARNET_PASSPHRASE_FILE=%s\n"
            "  %s net status\n"
            "  %s console --as regulator\n"
            "  %s token trace %s --as regulator\n"
            "  %s audit verify %s/audit.json --genesis %s/genesis\n"
            "  %s net stop\n"
            "and open %s/audit.html in a browser\n",
            d->dir, path, d->carnet, d->carnet, d->carnet, d->token, d->carnet, d->work, d->dir,
            d->carnet, d->work);
    d->supervisor = 0;
    d->temp[0] = '\0';
    return ERR_NONE;
}

static void answer(struct demo *d, enum err e)
{
    struct cli *c = d->cli;
    json_put(c->answer, "ok", json_new_bool(e == ERR_NONE));
    json_put(c->answer, "scenario", json_new_str(d->story->name));
    json_put(c->answer, "nodes", json_new_int(d->nodes + d->observers));
    json_put(c->answer, "dir", json_new_str(d->dir));
    json_put(c->answer, "steps", d->steps);
    if (e == ERR_NONE) {
        fprintf(c->text,
                "\n%zu steps in %.1f s: the data crossed, lawfully, once paid, and every "
                "step can be checked\n",
                json_size(d->steps), (double)(demo_now_ms() - d->started_ms) / 1000);
    }
}

static enum err run_demo(struct cli *c)
{
    const char *scenario = cli_option(c, "--scenario");
    const struct demo_scenario *story = demo_scenario(scenario != NULL ? scenario : "ecommerce");
    uint64_t nodes, scale;
    if (story == NULL) {
        return cli_fail(c, ERR_USAGE, scenario, "no such scenario: ecommerce, medical, finance");
    }
    TRY(cli_number(c, "--nodes", 1, 13, 4, &nodes));
    if (nodes == 2 || nodes == 3) {
        cli_hint(c, "4 or more, or 1 for development");
        return cli_fail(c, ERR_USAGE, "--nodes", "%u validators tolerate no fault",
                        (unsigned)nodes);
    }
    TRY(cli_number(c, "--timer-scale", 1, 100, 1, &scale));
    struct demo *d = calloc(1, sizeof *d);
    ASSERT(d != NULL);
    d->cli = c;
    d->story = story;
    d->nodes = (uint32_t)nodes;
    d->observers = nodes == 1 ? 3 : 1; /* importer and bank have no seat then */
    d->scale = (uint32_t)scale;
    d->keep = cli_flag(c, "--keep");
    d->steps = json_new_array();
    d->started_ms = demo_now_ms();
    enum err e = play(d);
    e = e != ERR_NONE ? e : show_token(d);
    answer(d, e);
    if (e == ERR_NONE && d->keep) {
        e = keep(d);
    } else if (e == ERR_NONE && d->temp[0] == '\0') {
        fprintf(c->text, "its files stay in %s; nothing of it runs\n", d->dir);
    } else if (e == ERR_NONE) {
        fprintf(c->text, "nothing is left of it; carnet demo --keep leaves the space running\n");
    }
    demo_clean(d);
    if (e != ERR_NONE && c->json) { /* the table of steps says how far it came */
        char *text;
        size_t len;
        if (json_write_pretty(c->answer, &text, &len) == ERR_NONE) {
            fputs(text, stdout);
            json_text_free(text);
        }
    }
    free(d);
    return e;
}

static const struct cli_option OPTIONS[] = {
    { "--scenario", "S", "ecommerce, medical or finance (ecommerce)" },
    { "--input", "FILE.csv", "the data (else public data of that field, else a sample)" },
    { "--nodes", "N", "validators: 4 to 13, or 1 for development (4)" },
    { "--keep", NULL, "leave the space running, and say what to type next" },
    { "--timer-scale", "N", "slow timers down, for instrumented builds (1)" },
    { "--hold-at-use", "FILE", "keep the opened bytes in memory until FILE exists (for tests)" },
    { "--broker-stop-at", "POINT",
      "the first broker ends there: stored, sent, committed (for tests)" },
    { NULL, NULL, NULL },
};
static const struct cli_command COMMANDS[] = {
    { "demo", NULL, "", 0, 0, "one dataset crosses one border with its carnet, end to end",
      "carnet demo --keep --dir my-space", OPTIONS, run_demo },
};
const struct cli_table CLI_DEMO = { COMMANDS, COUNT(COMMANDS) };
