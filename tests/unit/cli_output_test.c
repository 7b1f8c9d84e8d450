#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/output_internal.h"
#include "crypto/secret.h"
#include "crypto/suite.h"
#include "tests/test.h"

/* A disk on which the n-th call that changes something fails: as a full disk does, with all that
 * come after it, or alone. A failing write leaves half its bytes behind. */
struct failing {
    unsigned calls, fail_at;
    int error;
    bool stays;
    size_t write_most; /* a write takes at most so many bytes; 0: all */
};

static bool fails(struct failing *f)
{
    f->calls++;
    bool now = f->fail_at > 0 && (f->calls == f->fail_at || (f->stays && f->calls > f->fail_at));
    errno = now ? f->error : errno;
    return now;
}

static int failing_create(void *ctx, const char *path, unsigned mode)
{
    return fails(ctx) ? -1 : output_calls_posix()->create(NULL, path, mode);
}

static ssize_t failing_write(void *ctx, int fd, const void *x, size_t len)
{
    struct failing *f = ctx;
    if (fails(f)) {
        if (len > 1 && write(fd, x, len / 2) < 0) {
            abort();
        }
        errno = f->error;
        return f->error == 0 ? 0 : -1;
    }
    return write(fd, x, f->write_most > 0 && len > f->write_most ? f->write_most : len);
}

static int failing_sync(void *ctx, int fd)
{
    return fails(ctx) ? -1 : fsync(fd);
}

static int failing_close(void *ctx, int fd)
{
    struct failing *f = ctx;
    bool now = fails(f);
    int result = close(fd);
    errno = f->error;
    return now ? -1 : result;
}

static int failing_rename(void *ctx, const char *from, const char *to)
{
    return fails(ctx) ? -1 : rename(from, to);
}

static int failing_mkdir(void *ctx, const char *path, unsigned mode)
{
    return fails(ctx) ? -1 : mkdir(path, (mode_t)mode);
}

static struct output_calls failing_calls(struct failing *f)
{
    return (struct output_calls){
        f, failing_create, failing_write, failing_sync, failing_close, failing_rename, failing_mkdir
    };
}

/* A place of its own for each test, with a passphrase and a table. */
struct place {
    char root[64], space[96], pass[96], table[96], out[96];
    FILE *nowhere;
    struct failing disk;
    struct output_calls calls;
    struct cli c;
};

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0) {
        abort();
    }
}

static void enter(struct place *p)
{
    memset(p, 0, sizeof *p);
    test_folder("output", p->root);
    p->nowhere = fopen("/dev/null", "w");
    if (secret_init() != ERR_NONE || p->nowhere == NULL) {
        abort();
    }
    snprintf(p->space, sizeof p->space, "%s/space", p->root);
    snprintf(p->pass, sizeof p->pass, "%s/pass", p->root);
    snprintf(p->table, sizeof p->table, "%s/table.csv", p->root);
    snprintf(p->out, sizeof p->out, "%s/out", p->root);
    put(p->pass, "right horse");
    put(p->table, "InvoiceNo;CustomerID;Quantity\n1;17850;3\n2;17851;4\n");
    p->calls = failing_calls(&p->disk);
}

static void empty(const char *folder)
{
    DIR *d = opendir(folder);
    const struct dirent *e;
    while (d != NULL && (e = readdir(d)) != NULL) {
        char path[600];
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
            if (unlink(path) != 0) {
                empty(path);
            }
        }
    }
    if (d != NULL) {
        closedir(d);
    }
    rmdir(folder);
}

static void leave(struct place *p)
{
    (void)fclose(p->nowhere);
    empty(p->root);
}

/* All names below a folder with their kinds and bytes, in any order. */
static void digest_into(const char *folder, struct hash *sum, unsigned *count)
{
    DIR *d = opendir(folder);
    const struct dirent *e;
    while (d != NULL && (e = readdir(d)) != NULL) {
        char path[600], text[1024];
        struct hash one;
        size_t got = 0;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) {
            continue;
        }
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        int n = snprintf(text, 600, "%s|", path);
        FILE *f = fopen(path, "r");
        got = f != NULL ? fread(text + n, 1, sizeof text - (size_t)n, f) : 0;
        if (f != NULL) {
            (void)fclose(f);
        }
        hash_plain(suite_intl(), bytes_of(text, (size_t)n + got), &one);
        for (size_t i = 0; i < sizeof one; i++) {
            ((uint8_t *)sum)[i] ^= ((const uint8_t *)&one)[i];
        }
        ++*count;
        digest_into(path, sum, count);
    }
    if (d != NULL) {
        closedir(d);
    }
}

static struct hash digest(const struct place *p, unsigned *count)
{
    struct hash sum = { 0 };
    *count = 0;
    digest_into(p->root, &sum, count);
    return sum;
}

static const struct cli_command *command(const char *noun, const char *verb)
{
    for (size_t t = 0; t < CLI_TABLE_COUNT; t++) {
        for (size_t i = 0; i < CLI_TABLES[t]->count; i++) {
            const struct cli_command *x = &CLI_TABLES[t]->command[i];
            if (strcmp(x->noun, noun) == 0 && x->verb != NULL && strcmp(x->verb, verb) == 0) {
                return x;
            }
        }
    }
    abort();
}

/* What `carnet noun verb arg --option value...` does, on the failing disk; options end with
 * NULL. */
static enum err act(struct place *p, const char *noun, const char *verb, const char *arg,
                    const char *const *option)
{
    memset(&p->c, 0, sizeof p->c);
    p->c.command = command(noun, verb);
    p->c.dir = p->space;
    p->c.as = "exporter";
    p->c.text = p->c.progress = p->nowhere;
    p->c.output = &p->calls;
    p->c.answer = json_new_object();
    p->c.arg_count = arg != NULL ? 1 : 0;
    p->c.arg[0] = arg;
    p->c.option[p->c.option_count].name = "--passphrase-file";
    p->c.option[p->c.option_count++].value = p->pass;
    for (; *option != NULL; option += 2) {
        p->c.option[p->c.option_count].name = option[0];
        p->c.option[p->c.option_count++].value = option[1];
    }
    enum err e = p->c.command->run(&p->c);
    json_free(p->c.answer);
    return e;
}

/* One line that says what and why, and the exit code of a disk that is full. */
static bool told(const struct place *p, enum err e)
{
    bool one_line = strchr(p->c.what, '\n') == NULL && strchr(p->c.why, '\n') == NULL;
    int code = p->disk.error == EIO ? 1 : 6;
    return one_line && p->c.what[0] != '\0' && p->c.why[0] != '\0' && err_exit_code(e) == code;
}

/* Fails the n-th call for every n until a run is clean. After a failure everything is as it was,
 * or, when only the last sync of a folder failed, whole: `add` names more than before. Leaves the
 * result of the clean run. */
static void fail_every(struct place *p, int error, bool stays, unsigned least, unsigned add,
                       const char *const words[3], const char *const *option)
{
    unsigned before_count, after_count, n;
    struct hash before = digest(p, &before_count);
    for (n = 1;; n++) {
        p->disk = (struct failing){ .fail_at = n, .error = error, .stays = stays };
        enum err e = act(p, words[0], words[1], words[2], option);
        struct hash after = digest(p, &after_count);
        if (e == ERR_NONE) {
            break;
        }
        CHECK(told(p, e));
        CHECK(p->disk.calls >= n);
        bool whole = after_count == before_count + add && strstr(p->c.why, "folder") != NULL;
        if (!whole) {
            CHECK_EQ(after_count, before_count);
            CHECK(hash_equal(&before, &after));
        }
        if (whole) {
            return; /* it stands, and cannot be made again */
        }
    }
    CHECK(n > least);
    CHECK_EQ(after_count, before_count + add);
}

static const char *const NO_OPTIONS[] = { NULL };
static const char *const SMALL[] = { "--nodes", "1", "--observers", "0", NULL };

static enum err make_space(struct place *p)
{
    p->disk = (struct failing){ 0 };
    return act(p, "net", "init", NULL, SMALL);
}

TEST(a_file_is_old_or_new_and_never_between_whatever_call_fails)
{
    static const int ERRORS[] = { ENOSPC, EDQUOT, EIO };
    struct place p;
    enter(&p);
    for (size_t i = 0; i < COUNT(ERRORS); i++) {
        for (unsigned n = 1;; n++) {
            char text[64] = "";
            unsigned count;
            put(p.out, "the old file, which is longer than the new one");
            p.disk = (struct failing){ .fail_at = n, .error = ERRORS[i], .stays = true };
            memset(&p.c, 0, sizeof p.c);
            p.c.output = &p.calls;
            enum err e = cli_write_file(&p.c, p.out, bytes_of_str("the new file"), 0600);
            FILE *f = fopen(p.out, "r");
            CHECK(f != NULL);
            CHECK(fgets(text, sizeof text, f) != NULL);
            (void)fclose(f);
            digest(&p, &count);
            CHECK_EQ(count, 3);
            bool renamed = n > 5;
            CHECK_STR(text,
                      renamed ? "the new file" : "the old file, which is longer than the new one");
            if (e == ERR_NONE) {
                CHECK_EQ(n, 7); /* create, write, sync, close, rename, sync of the folder */
                break;
            }
            CHECK(told(&p, e));
            CHECK_STR(p.c.what, p.out);
        }
    }
    leave(&p);
}

TEST(a_short_write_is_carried_on_and_one_of_nothing_is_a_full_disk)
{
    struct place p;
    char text[64] = "";
    enter(&p);
    p.disk.write_most = 3;
    p.c.output = &p.calls;
    CHECK_OK(cli_write_file(&p.c, p.out, bytes_of_str("one two three four"), 0600));
    FILE *f = fopen(p.out, "r");
    CHECK(f != NULL && fgets(text, sizeof text, f) != NULL);
    (void)fclose(f);
    CHECK_STR(text, "one two three four");
    p.disk = (struct failing){ .fail_at = 2, .error = 0 };
    CHECK_ERR(cli_write_file(&p.c, p.table, bytes_of_str("one two three four"), 0600),
              ERR_DISK_FULL);
    leave(&p);
}

TEST(what_is_no_file_is_not_replaced_and_a_link_keeps_pointing)
{
    struct place p;
    char link_path[96], to[96];
    struct stat st;
    enter(&p);
    p.c.output = &p.calls;
    CHECK_ERR(cli_write_file(&p.c, p.root, bytes_of_str("x"), 0600), ERR_FAILED);
    CHECK_STR(p.c.why, "is a directory");
    CHECK_OK(cli_write_file(&p.c, "/dev/null", bytes_of_str("x"), 0600));
    CHECK(stat("/dev/null", &st) == 0 && S_ISCHR(st.st_mode));
    CHECK_ERR(cli_write_file(&p.c, "/dev/full", bytes_of_str("x"), 0600), ERR_DISK_FULL);
    snprintf(link_path, sizeof link_path, "%s/link", p.root);
    CHECK(symlink(p.table, link_path) == 0);
    CHECK_OK(cli_write_file(&p.c, link_path, bytes_of_str("x"), 0600));
    CHECK(readlink(link_path, to, sizeof to) > 0);
    CHECK(stat(p.table, &st) == 0 && st.st_size == 1);
    CHECK_ERR(cli_write_file(&p.c, "/tmp/no/such/folder", bytes_of_str("x"), 0600), ERR_NOT_FOUND);
    leave(&p);
}

TEST(a_space_is_made_whole_or_not_at_all_on_a_disk_that_fills_at_any_write)
{
    struct place p;
    enter(&p);
    fail_every(&p, ENOSPC, true, 60, 12, (const char *const[]){ "net", "init", NULL }, SMALL);
    leave(&p);
}

TEST(an_asset_is_put_whole_or_not_at_all_whatever_call_fails)
{
    struct place p;
    const char *const words[] = { "asset", "put", p.table };
    enter(&p);
    CHECK_OK(make_space(&p));
    fail_every(&p, ENOSPC, true, 15, 5, words, NO_OPTIONS);
    fail_every(&p, EIO, false, 10, 2, words, NO_OPTIONS); /* its folders are there now */
    leave(&p);
}

TEST(a_table_is_deidentified_whole_or_not_at_all_whatever_call_fails)
{
    struct place p;
    enter(&p);
    const char *const options[] = { "--template", "ecommerce", "--out", p.out, NULL };
    fail_every(&p, ENOSPC, true, 5, 1, (const char *const[]){ "asset", "deidentify", p.table },
               options);
    leave(&p);
}

TEST(rules_are_compiled_whole_or_not_at_all_whatever_call_fails)
{
    struct place p;
    enter(&p);
    const char *const options[] = { "--out", p.out, NULL };
    fail_every(&p, EDQUOT, false, 5, 1,
               (const char *const[]){ "rules", "compile", CARNET_SOURCE_DIR "/rules" }, options);
    leave(&p);
}
