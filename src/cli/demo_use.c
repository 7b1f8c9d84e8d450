#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <unistd.h>

#include "cli/demo_internal.h"

static enum err open_step(struct demo *d, const char *sealed, const char *opened)
{
    int code;
    json_t *j = NULL;
    char sha256[65] = "";
    const char *hold = cli_option(d->cli, "--hold-at-use");
    uint64_t began = demo_begin(d, "open and use");
    enum err e =
        hold != NULL
            ? demo_run(d, "importer",
                       WORDS("open", sealed, "--right", d->right, "--use", "--out", opened,
                             "--hold", hold),
                       &code, &j)
            : demo_run(d, "importer",
                       WORDS("open", sealed, "--right", d->right, "--use", "--out", opened), &code,
                       &j);
    e = e == ERR_NONE && code != 0 ? ERR_FAILED : e;
    demo_member(j, "sha256", sha256);
    if (j != NULL && d->story->brokered) {
        json_put(j, "broker_restarts", json_new_int(d->broker_restarts));
    }
    if (e == ERR_NONE && strcmp(sha256, d->sha256) != 0) {
        e = cli_fail(d->cli, ERR_INTEGRITY, "open", "what came out is not what was put in");
    }
    return demo_end(d, "open and use", began, e, j, "sha256 %.16s, as it was put; use 1 of 3",
                    sha256);
}

/* A use that the ledger refuses: exit code 3, said by name, and no file. */
static enum err refused_use(struct demo *d, const char *sealed, const char *when, char line[400],
                            json_t **j)
{
    int code;
    const char *message = "";
    char again[3200];
    snprintf(again, sizeof again, "%s/again.csv", d->work);
    TRY(demo_run(d, "importer", WORDS("open", sealed, "--right", d->right, "--use", "--out", again),
                 &code, j));
    if (code != 3) {
        return cli_fail(d->cli, ERR_FAILED, "use", "a use after %s ended with %d, not 3", when,
                        code);
    }
    if (access(again, F_OK) == 0) {
        return cli_fail(d->cli, ERR_FAILED, "use", "a refused use left a file");
    }
    const json_t *inner = *j != NULL ? json_member(*j, "error") : NULL;
    if (inner != NULL) {
        (void)!json_get_str(inner, "message", &message);
    }
    snprintf(line, 400, "%s", message);
    return ERR_NONE;
}

enum err demo_chunk_path(struct demo *d, char *out, size_t cap)
{
    char pattern[3400];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/node-0/spaces/*/seals/%s/0", d->dir, d->seal);
    if (glob(pattern, 0, NULL, &found) != 0) {
        return cli_fail(d->cli, ERR_NOT_FOUND, pattern, "the provider's chunk is not there");
    }
    snprintf(out, cap, "%s", found.gl_pathv[0]);
    globfree(&found);
    return ERR_NONE;
}

/* One byte of one chunk, on the disk of the provider's node. */
static enum err damage(struct demo *d)
{
    char path[3600];
    uint8_t byte;
    TRY(demo_chunk_path(d, path, sizeof path));
    int fd = open(path, O_RDWR | O_CLOEXEC);
    bool good = fd >= 0 && pread(fd, &byte, 1, 100) == 1;
    if (good) {
        byte ^= 1;
        good = pwrite(fd, &byte, 1, 100) == 1;
    }
    if (fd >= 0) {
        close(fd);
    }
    return good ? ERR_NONE : cli_fail(d->cli, ERR_FAILED, path, "%s", strerror(errno));
}

/* Anything that does not match freezes the token. */
static enum err scrub_step(struct demo *d, const char *sealed)
{
    int code = 0;
    json_t *j = NULL, *use = NULL;
    char line[400] = "";
    uint64_t began = demo_begin(d, "scrub");
    enum err e = damage(d);
    e = e != ERR_NONE ? e : demo_run(d, "exporter", WORDS("token", "verify", d->token), &code, &j);
    if (e == ERR_NONE && code != 4) {
        e = cli_fail(d->cli, ERR_FAILED, "scrub", "a flipped byte ended with %d, not 4", code);
    }
    e = e != ERR_NONE ? e : refused_use(d, sealed, "a freeze", line, &use);
    if (j != NULL && use != NULL) {
        json_put(j, "use", use);
        use = NULL;
    }
    json_free(use);
    return demo_end(d, "scrub", began, e, j, "one byte flipped on disk: found, frozen; %s", line);
}

static enum err restore_step(struct demo *d)
{
    json_t *j = NULL;
    uint64_t began = demo_begin(d, "restore");
    enum err e = demo_do(d, "exporter", WORDS("token", "restore", d->token), NULL);
    e = e != ERR_NONE ? e : demo_do(d, "exporter", WORDS("token", "verify", d->token), &j);
    e = e != ERR_NONE ? e : demo_do(d, "exporter", WORDS("token", "thaw", d->token), NULL);
    return demo_end(d, "restore", began, e, j, "sealed again, every chunk matches; thawed");
}

static enum err revoke_step(struct demo *d, const char *sealed)
{
    json_t *j = NULL;
    char line[400] = "";
    uint64_t began = demo_begin(d, "revoke");
    enum err e = demo_do(d, "exporter", WORDS("right", "revoke", d->right), NULL);
    e = e != ERR_NONE ? e : refused_use(d, sealed, "revoke", line, &j);
    return demo_end(d, "revoke", began, e, j, "%s", line);
}

enum err demo_use(struct demo *d)
{
    char sealed[3200], opened[3200];
    snprintf(sealed, sizeof sealed, "%s/received.sealed", d->work);
    snprintf(opened, sizeof opened, "%s/opened.csv", d->work);
    TRY(open_step(d, sealed, opened));
    if (d->story->brokered) {
        TRY(demo_settle(d));
    }
    TRY(scrub_step(d, sealed));
    TRY(restore_step(d));
    return revoke_step(d, sealed);
}

static enum err verify_step(struct demo *d, const char *report)
{
    int code;
    json_t *j = NULL;
    bool ok = false;
    char genesis[3200];
    snprintf(genesis, sizeof genesis, "%s/genesis", d->dir);
    uint64_t began = demo_begin(d, "verify");
    enum err e =
        demo_run(d, NULL, WORDS("audit", "verify", report, "--genesis", genesis), &code, &j);
    if (e == ERR_NONE &&
        (code != 0 || j == NULL || json_get_bool(j, "ok", &ok) != ERR_NONE || !ok)) {
        e = cli_fail(d->cli, ERR_INTEGRITY, "audit", "the report does not verify");
    }
    json_t *audit = json_new_object();
    json_put(audit, "report", json_new_str(report));
    json_put(audit, "genesis", json_new_str(genesis));
    json_put(audit, "verified", json_new_bool(ok));
    json_put(d->cli->answer, "audit", audit);
    return demo_end(d, "verify", began, e, j, "with the report and the genesis file, nothing else");
}

static enum err write_report(struct demo *d, const char *format, const char *report, json_t **j)
{
    return demo_do(
        d, "regulator",
        WORDS("audit", "report", "--token", d->token, "--format", format, "--out", report), j);
}

enum err demo_audit(struct demo *d)
{
    json_t *j = NULL;
    char report[3200], page[3200];
    snprintf(report, sizeof report, "%s/audit.json", d->work);
    snprintf(page, sizeof page, "%s/audit.html", d->work);
    uint64_t began = demo_begin(d, "audit");
    enum err e = write_report(d, "json", report, &j);
    e = e != ERR_NONE ? e : write_report(d, "html", page, NULL);
    TRY(demo_end(d, "audit", began, e, j,
                 "written by the observer, who never saw the data; as a page too"));
    return verify_step(d, report);
}
