#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "node/disk_internal.h"
#include "node/log_internal.h"
#include "tests/test.h"

/* A disk on which the n-th call that changes something fails; a write leaves half its bytes. */
struct failing {
    unsigned calls, fail_at;
    int error;
};

static bool fails(void *ctx)
{
    struct failing *f = ctx;
    if (++f->calls != f->fail_at) {
        return false;
    }
    errno = f->error;
    return true;
}

static ssize_t failing_pwrite(void *ctx, int fd, const void *x, size_t len, off_t offset)
{
    if (fails(ctx)) {
        struct failing *f = ctx;
        if (pwrite(fd, x, len / 2, offset) < 0) {
            abort();
        }
        errno = f->error;
        return -1;
    }
    return pwrite(fd, x, len, offset);
}

static int failing_sync(void *ctx, int fd)
{
    return fails(ctx) ? -1 : fdatasync(fd);
}

static int failing_truncate(void *ctx, int fd, off_t size)
{
    return fails(ctx) ? -1 : ftruncate(fd, size);
}

static int failing_rename(void *ctx, int folder, const char *from, const char *to)
{
    return fails(ctx) ? -1 : renameat(folder, from, folder, to);
}

static struct disk_calls failing_calls(struct failing *f)
{
    return (struct disk_calls){ f, failing_pwrite, failing_sync, failing_truncate, failing_rename };
}

static char folder[64];

static struct storage fresh(struct disk *d, const struct disk_calls *calls)
{
    test_folder("disk", folder);
    if (disk_open(folder, calls, d) != ERR_NONE) {
        abort();
    }
    return disk_storage(d);
}

static void drop(struct disk *d)
{
    struct storage s = disk_storage(d);
    static const char *const NAMES[] = { "log", "file", "other", "sub/file" };
    for (size_t i = 0; i < COUNT(NAMES); i++) {
        (void)!s.remove(s.ctx, NAMES[i]);
    }
    (void)unlinkat(d->folder, "sub", AT_REMOVEDIR);
    disk_close(d);
    if (rmdir(folder) != 0) {
        test_fail(__FILE__, __LINE__, "something was left behind in the folder");
    }
}

static struct bytes text(const char *t)
{
    return bytes_of_str(t);
}

static bool holds(struct storage s, const char *name, const char *want)
{
    uint8_t got[256];
    size_t len = 0;
    if (s.read(s.ctx, name, 0, got, sizeof got, &len) != ERR_NONE) {
        return want == NULL;
    }
    return want != NULL && bytes_equal(bytes_of(got, len), text(want));
}

TEST(what_is_appended_is_read_back_and_its_offset_is_told)
{
    struct disk d;
    struct storage s = fresh(&d, disk_calls_posix());
    uint64_t at = 99, size = 0;
    CHECK_OK(s.append(s.ctx, "log", text("one"), &at));
    CHECK_EQ(at, 0);
    CHECK_OK(s.append(s.ctx, "log", text("two"), &at));
    CHECK_EQ(at, 3);
    CHECK_OK(s.sync(s.ctx, "log"));
    CHECK_OK(s.size(s.ctx, "log", &size));
    CHECK_EQ(size, 6);
    CHECK(holds(s, "log", "onetwo"));
    disk_close(&d);
    CHECK_OK(disk_open(folder, disk_calls_posix(), &d));
    s = disk_storage(&d);
    CHECK(holds(s, "log", "onetwo"));
    CHECK_OK(s.append(s.ctx, "log", text("!"), &at));
    CHECK_EQ(at, 6);
    drop(&d);
}

TEST(a_log_is_cut_and_goes_on_from_there)
{
    struct disk d;
    struct storage s = fresh(&d, disk_calls_posix());
    CHECK_OK(s.append(s.ctx, "log", text("abcdef"), NULL));
    CHECK_OK(s.truncate(s.ctx, "log", 2));
    CHECK_ERR(s.truncate(s.ctx, "log", 3), ERR_RANGE);
    CHECK_OK(s.append(s.ctx, "log", text("X"), NULL));
    CHECK(holds(s, "log", "abX"));
    drop(&d);
}

TEST(a_file_is_replaced_whole_and_removed_twice)
{
    struct disk d;
    struct storage s = fresh(&d, disk_calls_posix());
    CHECK_OK(s.replace(s.ctx, "file", text("old")));
    CHECK_OK(s.replace(s.ctx, "file", text("new and longer")));
    CHECK(holds(s, "file", "new and longer"));
    CHECK_OK(disk_folder(&d, "sub"));
    CHECK_OK(disk_folder(&d, "sub"));
    CHECK_OK(s.replace(s.ctx, "sub/file", text("x")));
    CHECK(holds(s, "sub/file", "x"));
    CHECK_OK(s.remove(s.ctx, "file"));
    CHECK_OK(s.remove(s.ctx, "file"));
    uint64_t size;
    CHECK_ERR(s.size(s.ctx, "file", &size), ERR_NOT_FOUND);
    drop(&d);
}

TEST(no_name_leaves_the_folder)
{
    static const char *const BAD[] = { "",        "..",    "../x",  "a/../b", "/etc/x", "a//b",
                                       ".hidden", "UPPER", "sp ce", "a/",     "sub/.x", "a\nb" };
    struct disk d;
    struct storage s = fresh(&d, disk_calls_posix());
    for (size_t i = 0; i < COUNT(BAD); i++) {
        uint8_t byte;
        size_t len;
        CHECK_ERR(s.append(s.ctx, BAD[i], text("x"), NULL), ERR_RANGE);
        CHECK_ERR(s.replace(s.ctx, BAD[i], text("x")), ERR_RANGE);
        CHECK_ERR(s.remove(s.ctx, BAD[i]), ERR_RANGE);
        CHECK_ERR(s.read(s.ctx, BAD[i], 0, &byte, 1, &len), ERR_RANGE);
        CHECK_ERR(disk_folder(&d, BAD[i]), ERR_RANGE);
    }
    char longest[STORAGE_NAME_SIZE_MAX + 1];
    memset(longest, 'a', STORAGE_NAME_SIZE_MAX);
    longest[STORAGE_NAME_SIZE_MAX] = '\0';
    CHECK_ERR(s.replace(s.ctx, longest, text("x")), ERR_RANGE);
    drop(&d);
}

TEST(more_logs_than_are_kept_open_still_append)
{
    struct disk d;
    struct storage s = fresh(&d, disk_calls_posix());
    char name[8];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < DISK_LOGS_MAX + 3; i++) {
            (void)snprintf(name, sizeof name, "log%d", i);
            CHECK_OK(s.append(s.ctx, name, text("x"), NULL));
        }
    }
    for (int i = 0; i < DISK_LOGS_MAX + 3; i++) {
        (void)snprintf(name, sizeof name, "log%d", i);
        CHECK(holds(s, name, "xx"));
        CHECK_OK(s.remove(s.ctx, name));
    }
    drop(&d);
}

/* One history of six steps; how far it came is judged against what the disk holds. */
struct story {
    enum err e;
    unsigned done;
};
static struct story tell(struct storage s)
{
    struct story t = { ERR_NONE, 0 };
    for (unsigned step = 0; step < 6 && t.e == ERR_NONE; step++) {
        switch (step) {
        case 0:
            t.e = s.append(s.ctx, "log", text("first record "), NULL);
            break;
        case 1:
            t.e = s.sync(s.ctx, "log");
            break;
        case 2:
            t.e = s.replace(s.ctx, "file", text("old content"));
            break;
        case 3:
            t.e = s.append(s.ctx, "log", text("second record"), NULL);
            break;
        case 4:
            t.e = s.replace(s.ctx, "file", text("new content"));
            break;
        default:
            t.e = s.truncate(s.ctx, "log", 13);
            break;
        }
        t.done += t.e == ERR_NONE ? 1 : 0;
    }
    return t;
}

/* Whole states only: each name holds what it held before the failed step, or what that step gives.
 */
static bool whole(struct storage s, unsigned done)
{
    static const char *const LOG[] = { NULL,
                                       "first record ",
                                       "first record ",
                                       "first record ",
                                       "first record second record",
                                       "first record second record",
                                       "first record " };
    static const char *const FILE_[] = { NULL,          NULL,          NULL,         "old content",
                                         "old content", "new content", "new content" };
    unsigned next = done < 6 ? done + 1 : 6;
    bool log = holds(s, "log", LOG[done]) || holds(s, "log", LOG[next]) ||
               (done == 0 && holds(s, "log", ""));
    return log && (holds(s, "file", FILE_[done]) || holds(s, "file", FILE_[next]));
}

static void enospc_at_every_call(int error, enum err want)
{
    unsigned n = 1;
    for (bool failed = true; failed; n++) {
        struct failing f = { 0, n, error };
        struct disk_calls calls = failing_calls(&f);
        struct disk d;
        struct storage s = fresh(&d, &calls);
        struct story t = tell(s);
        failed = t.e != ERR_NONE;
        if (failed) {
            CHECK_ERR(t.e, want);
        }
        CHECK(whole(s, t.done));
        disk_close(&d);
        CHECK_OK(disk_open(folder, disk_calls_posix(), &d));
        s = disk_storage(&d);
        CHECK(whole(s, t.done));
        drop(&d);
    }
    CHECK(n > 12); /* the story has at least this many places to fail */
}

TEST(a_full_disk_at_the_nth_write_for_every_n_leaves_nothing_half_written)
{
    enospc_at_every_call(ENOSPC, ERR_DISK_FULL);
}

TEST(a_failing_disk_at_the_nth_write_for_every_n_leaves_nothing_half_written)
{
    enospc_at_every_call(EIO, ERR_FAILED);
}

TEST(after_a_failed_append_that_could_not_be_cut_the_next_one_cuts_first)
{
    struct failing f = { 0, 0, ENOSPC };
    struct disk_calls calls = failing_calls(&f);
    struct disk d;
    struct storage s = fresh(&d, &calls);
    CHECK_OK(s.append(s.ctx, "log", text("kept"), NULL));
    d.log[0].torn = true;
    CHECK_EQ(pwrite(d.log[0].fd, "torn", 4, 4), 4);
    CHECK(holds(s, "log", "kept"));
    CHECK_OK(s.append(s.ctx, "log", text("!"), NULL));
    CHECK(holds(s, "log", "kept!"));
    drop(&d);
}

TEST(a_log_line_escapes_what_a_peer_could_forge)
{
    char line[LOG_LINE_SIZE_MAX];
    struct log_field fields[] = { LOG_STR("why", "a\"b\\c\n\x1b"),
                                  LOG_NUM("n", 7),
                                  { .kind = LOG_KIND_END } };
    size_t len = log_format(line, 12, "peer_refused", fields);
    static const char WANT[] = "{\"t\":12,\"event\":\"peer_refused\",\"why\":\"a\\\"b\\\\c\\u000a"
                               "\\u001b\",\"n\":7}\n";
    CHECK_BYTES(bytes_of(line, len), text(WANT));
}
