#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/demo_internal.h"

enum { BROKER_REST_MS = 1000 }; /* between two starts of a broker that dies at once */

uint64_t demo_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void demo_pause_ms(unsigned ms)
{
    struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };
    nanosleep(&t, NULL);
}

/* Words of one command: this program, the words, then what every command of the demo takes. */
static void full_words(struct demo *d, const char *as, const char *const *words,
                       const char *out[DEMO_WORDS_MAX])
{
    int n = 0;
    out[n++] = d->carnet;
    while (*words != NULL) {
        ASSERT(n < DEMO_WORDS_MAX - 8);
        out[n++] = *words++;
    }
    out[n++] = "--dir";
    out[n++] = d->dir;
    if (as != NULL) {
        out[n++] = "--as";
        out[n++] = as;
    }
    out[n++] = "--passphrase-file";
    out[n++] = d->pass_path;
    out[n++] = "--json";
    out[n] = NULL;
}

enum err demo_spawn(struct demo *d, const char *as, const char *const *words, int *out, pid_t *pid)
{
    const char *full[DEMO_WORDS_MAX];
    int both[2];
    full_words(d, as, words, full);
    if (pipe2(both, O_CLOEXEC) != 0) {
        return cli_fail(d->cli, ERR_FAILED, words[0], "%s", strerror(errno));
    }
    pid_t child = fork();
    if (child == 0) {
        int none = open("/dev/null", O_RDWR);
        if (!d->keep) {
            prctl(PR_SET_PDEATHSIG, SIGTERM);
        }
        setpgid(0, 0); /* Ctrl-C is for the demo; it ends its children in order */
        dup2(none, STDIN_FILENO);
        dup2(both[1], STDOUT_FILENO);
        dup2(both[1], STDERR_FILENO);
        execv(d->carnet, (char *const *)(uintptr_t)full);
        _exit(127);
    }
    close(both[1]);
    if (child < 0) {
        close(both[0]);
        return cli_fail(d->cli, ERR_FAILED, words[0], "%s", strerror(errno));
    }
    *out = both[0];
    *pid = child;
    return ERR_NONE;
}

enum err demo_start_broker(struct demo *d)
{
    const char *at = d->broker_began_ms == 0 ? cli_option(d->cli, "--broker-stop-at") : NULL;
    d->broker_began_ms = demo_now_ms();
    TRY(demo_spawn(d, "exporter",
                   at != NULL ? WORDS("broker", "run", "--stop-at", at) : WORDS("broker", "run"),
                   &d->broker_out, &d->broker));
    return ERR_NONE;
}

/* A broker that died is started again: what it had begun lies on the exporter's disk. */
static void watch_broker(struct demo *d)
{
    if (d->broker <= 0 || demo_now_ms() < d->broker_began_ms + BROKER_REST_MS ||
        waitpid(d->broker, NULL, WNOHANG) != d->broker) {
        return;
    }
    close(d->broker_out);
    d->broker = 0;
    if (!demo_interrupted && demo_start_broker(d) == ERR_NONE) {
        d->broker_restarts++;
    }
}

static char *read_all(struct demo *d, int fd, size_t *len, pid_t pid)
{
    size_t cap = 1 << 16, used = 0;
    char *text = malloc(cap + 1);
    ASSERT(text != NULL);
    struct pollfd p = { .fd = fd, .events = POLLIN };
    for (;;) {
        if (demo_interrupted) {
            kill(pid, SIGTERM);
        }
        watch_broker(d);
        int ready = poll(&p, 1, 100);
        if (ready <= 0) {
            continue;
        }
        ssize_t got = read(fd, text + used, cap - used);
        if (got <= 0) {
            break;
        }
        used += (size_t)got;
        if (used == cap && cap < DEMO_OUTPUT_MAX) {
            cap *= 2;
            char *bigger = realloc(text, cap + 1);
            ASSERT(bigger != NULL);
            text = bigger;
        }
    }
    text[used] = '\0';
    *len = used;
    return text;
}

/* The document begins at the first '{' of a line: notes for people may stand before it. */
static json_t *document_of(const char *text, size_t len)
{
    json_t *j = NULL;
    const char *start = text;
    while (start != NULL && *start != '{') {
        start = strchr(start, '\n');
        start = start != NULL ? start + 1 : NULL;
    }
    if (start == NULL || json_read(bytes_of(start, len - (size_t)(start - text)), DEMO_OUTPUT_MAX,
                                   &j, NULL) != ERR_NONE) {
        return NULL;
    }
    return j;
}

enum err demo_collect(struct demo *d, pid_t pid, int fd, int *code, json_t **answer)
{
    size_t len;
    int status = 0;
    char *text = read_all(d, fd, &len, pid);
    close(fd);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    json_t *j = document_of(text, len);
    free(text);
    if (answer != NULL) {
        *answer = j;
    } else {
        json_free(j);
    }
    if (demo_interrupted) {
        return cli_fail(d->cli, ERR_FAILED, "demo", "interrupted");
    }
    return ERR_NONE;
}

static enum err err_named(const char *name)
{
    enum err found = ERR_FAILED;
    for (int e = ERR_NONE + 1; e < ERR_END; e++) {
        found = strcmp(err_name((enum err)e), name) == 0 ? (enum err)e : found;
    }
    return found;
}

/* What a failed command said becomes what the demo says, its exit code too. */
static enum err repeat_error(struct demo *d, const json_t *answer, const char *verb)
{
    const json_t *inner = answer != NULL ? json_member(answer, "error") : NULL;
    const char *message = "it failed without saying why", *code = "", *hint = "";
    char what[300];
    if (inner == NULL) {
        return cli_fail(d->cli, ERR_FAILED, verb, "%s", message);
    }
    (void)!json_get_str(inner, "message", &message);
    (void)!json_get_str(inner, "code", &code);
    (void)!json_get_str(inner, "hint", &hint);
    const char *why = strstr(message, ": ");
    snprintf(what, sizeof what, "%.*s", why != NULL ? (int)(why - message) : 0, message);
    cli_hint(d->cli, hint);
    return cli_fail(d->cli, err_named(code), why != NULL ? what : verb, "%s",
                    why != NULL ? why + 2 : message);
}

enum err demo_run(struct demo *d, const char *as, const char *const *words, int *code,
                  json_t **answer)
{
    int fd;
    pid_t pid;
    json_t *j = NULL;
    *code = -1;
    cli_hint(d->cli, ""); /* that of a command which was to be refused */
    TRY(demo_spawn(d, as, words, &fd, &pid));
    TRY(demo_collect(d, pid, fd, code, &j));
    d->failed = *code != 0 ? repeat_error(d, j, words[0]) : ERR_NONE;
    if (answer != NULL) {
        *answer = j;
    } else {
        json_free(j);
    }
    return ERR_NONE;
}

uint64_t demo_begin(struct demo *d, const char *name)
{
    fprintf(d->cli->text, "  %-22s ", name);
    fflush(d->cli->text);
    return demo_now_ms();
}

enum err demo_end(struct demo *d, const char *name, uint64_t began, enum err e, json_t *evidence,
                  const char *line, ...)
{
    va_list args;
    uint64_t ms = demo_now_ms() - began;
    json_t *step = json_new_object();
    json_put(step, "name", json_new_str(name));
    json_put(step, "ok", json_new_bool(e == ERR_NONE));
    json_put(step, "ms", json_new_int((int64_t)ms));
    json_put(step, "evidence", evidence != NULL ? evidence : json_new_object());
    json_push(d->steps, step);
    fprintf(d->cli->text, "%6llu ms  %s  ", (unsigned long long)ms,
            e == ERR_NONE ? "ok" : "FAILED");
    va_start(args, line);
    if (e == ERR_NONE) {
        vfprintf(d->cli->text, line, args);
    }
    va_end(args);
    fprintf(d->cli->text, "\n");
    fflush(d->cli->text);
    return e;
}

void demo_member(const json_t *j, const char *key, char out[65])
{
    const char *text = "";
    if (j != NULL) {
        (void)!json_get_str(j, key, &text);
    }
    snprintf(out, 65, "%s", text);
}

static void end_process(pid_t *pid, unsigned patience_ms)
{
    if (*pid <= 0) {
        return;
    }
    kill(*pid, SIGTERM);
    for (unsigned waited = 0; waited < patience_ms; waited += 50) {
        struct timespec t = { 0, 50 * 1000000L };
        if (waitpid(*pid, NULL, WNOHANG) == *pid) {
            *pid = 0;
            return;
        }
        nanosleep(&t, NULL);
    }
    kill(*pid, SIGKILL);
    waitpid(*pid, NULL, 0);
    *pid = 0;
}

void demo_clean(struct demo *d)
{
    end_process(&d->fetch, 1000);
    end_process(&d->broker, 3000);
    end_process(&d->supervisor, 12000);
    end_process(&d->relay, 1000);
    if (d->lawful[0] != '\0') {
        (void)unlink(d->lawful);
    }
    if (d->temp[0] != '\0') {
        pid_t pid = fork();
        if (pid == 0) {
            setpgid(0, 0); /* a second Ctrl-C must not leave half of it */
            execlp("rm", "rm", "-rf", "--", d->temp, (char *)NULL);
            _exit(127);
        }
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
}
