#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

const char *cli_option_at(const struct cli *c, const char *name, int index)
{
    for (int i = 0; i < c->option_count; i++) {
        if (strcmp(c->option[i].name, name) == 0 && index-- == 0) {
            return c->option[i].value;
        }
    }
    return NULL;
}

const char *cli_option(const struct cli *c, const char *name)
{
    return cli_option_at(c, name, 0);
}

bool cli_flag(const struct cli *c, const char *name)
{
    return cli_option(c, name) != NULL;
}

enum err cli_fail(struct cli *c, enum err e, const char *what, const char *why, ...)
{
    ASSERT(e != ERR_NONE);
    va_list args;
    snprintf(c->what, sizeof c->what, "%s", what);
    va_start(args, why);
    vsnprintf(c->why, sizeof c->why, why, args);
    va_end(args);
    return e;
}

void cli_hint(struct cli *c, const char *hint)
{
    snprintf(c->hint, sizeof c->hint, "%s", hint);
}

enum err cli_later(struct cli *c)
{
    return cli_fail(c, ERR_UNSUPPORTED, c->command->verb, "not implemented");
}

enum err cli_number(struct cli *c, const char *name, uint64_t min, uint64_t max, uint64_t fallback,
                    uint64_t *out)
{
    const char *text = cli_option(c, name);
    if (text == NULL) {
        *out = fallback;
        return ERR_NONE;
    }
    char *end;
    errno = 0;
    unsigned long long x = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || x < min || x > max) {
        return cli_fail(c, ERR_USAGE, name, "'%s' is not a whole number from %llu to %llu", text,
                        (unsigned long long)min, (unsigned long long)max);
    }
    *out = x;
    return ERR_NONE;
}

enum err cli_required(struct cli *c, const char *name, const char **out)
{
    const char *text = cli_option(c, name);
    if (text == NULL || text[0] == '\0') {
        cli_hint(c, "--help shows what it takes");
        return cli_fail(c, ERR_USAGE, name, "is required");
    }
    *out = text;
    return ERR_NONE;
}

enum err cli_hash(struct cli *c, const char *what, const char *text, struct hash *out)
{
    if (hash_from_hex(text, out) != ERR_NONE) {
        return cli_fail(c, ERR_USAGE, what, "'%s' is not 64 lowercase hexadecimal digits", text);
    }
    return ERR_NONE;
}

static enum err read_all(struct cli *c, const char *path, int fd, size_t size, uint8_t **out,
                         size_t *len)
{
    uint8_t *memory = malloc(size + 1);
    ASSERT(memory != NULL);
    size_t used = 0;
    ssize_t got = 1;
    while (used < size && (got = read(fd, memory + used, size - used)) > 0) {
        used += (size_t)got;
    }
    if (got < 0) {
        int why = errno;
        free(memory);
        return cli_fail(c, ERR_FAILED, path, "%s", strerror(why));
    }
    memory[used] = 0;
    *out = memory;
    *len = used;
    return ERR_NONE;
}

enum err cli_read_file(struct cli *c, const char *path, uint8_t **out, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        int why = errno;
        return cli_fail(c, cli_errno(why), path, "%s", strerror(why));
    }
    struct stat st;
    enum err e = ERR_NONE;
    if (fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
        e = cli_fail(c, ERR_FAILED, path, "is a directory");
    } else if (!S_ISREG(st.st_mode)) {
        /* A pipe doesn't say its size beforehand. */
        e = read_all(c, path, fd, CLI_PIPE_SIZE_MAX + 1, out, len);
        if (e == ERR_NONE && *len > CLI_PIPE_SIZE_MAX) {
            free(*out);
            e = cli_fail(c, ERR_SIZE, path, "has more than %d MiB", CLI_PIPE_SIZE_MAX >> 20);
        }
    } else if (st.st_size > CLI_FILE_SIZE_MAX) {
        e = cli_fail(c, ERR_SIZE, path, "has more than %d MiB", CLI_FILE_SIZE_MAX >> 20);
    } else {
        e = read_all(c, path, fd, (size_t)st.st_size, out, len);
    }
    close(fd);
    return e;
}

void cli_path(const struct cli *c, char *out, size_t cap, const char *format, ...)
{
    va_list args;
    int used = snprintf(out, cap, "%s/", c->dir);
    ASSERT(used > 0 && (size_t)used < cap);
    va_start(args, format);
    int more = vsnprintf(out + used, cap - (size_t)used, format, args);
    va_end(args);
    ASSERT(more >= 0 && (size_t)more < cap - (size_t)used);
}

static enum err ask_passphrase(struct cli *c, const char *prompt, char *out, size_t *len)
{
    FILE *tty = fopen("/dev/tty", "r+");
    if (tty == NULL) {
        cli_hint(c, "give --passphrase-file F or set CARNET_PASSPHRASE_FILE");
        return cli_fail(c, ERR_PASSPHRASE, prompt, "no passphrase and no terminal to ask at");
    }
    struct termios quiet, before;
    tcgetattr(fileno(tty), &before);
    quiet = before;
    quiet.c_lflag &= (tcflag_t)~ECHO;
    tcsetattr(fileno(tty), TCSAFLUSH, &quiet);
    fprintf(tty, "%s: ", prompt);
    fflush(tty);
    bool got = fgets(out, CLI_PASSPHRASE_SIZE_MAX, tty) != NULL;
    tcsetattr(fileno(tty), TCSAFLUSH, &before);
    fprintf(tty, "\n");
    (void)fclose(tty);
    if (!got) {
        return cli_fail(c, ERR_PASSPHRASE, prompt, "none was given");
    }
    *len = strcspn(out, "\n");
    out[*len] = '\0';
    return ERR_NONE;
}

enum err cli_passphrase(struct cli *c, const char *prompt, char out[CLI_PASSPHRASE_SIZE_MAX],
                        size_t *len)
{
    const char *path = cli_option(c, "--passphrase-file");
    if (path == NULL) {
        path = getenv("CARNET_PASSPHRASE_FILE");
    }
    if (path == NULL || path[0] == '\0') {
        return ask_passphrase(c, prompt, out, len);
    }
    uint8_t *text;
    size_t size;
    TRY(cli_read_file(c, path, &text, &size));
    if (size > 0 && text[size - 1] == '\n') {
        size--;
    }
    enum err e = ERR_NONE;
    if (size == 0 || size >= CLI_PASSPHRASE_SIZE_MAX) {
        e = cli_fail(c, ERR_PASSPHRASE, path, "holds no passphrase of 1 to %d bytes",
                     CLI_PASSPHRASE_SIZE_MAX - 1);
    } else {
        memcpy(out, text, size);
        out[size] = '\0';
        *len = size;
    }
    explicit_bzero(text, size);
    free(text);
    return e;
}
