#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "node/disk_internal.h"
#include "node/reclog_internal.h"
#include "node/store_internal.h"
#include "tests/fixtures/power_rig.h"
#include "tests/test.h"

/* LMDB itself, and the log it follows: power that fails in any write, and kill -9. A log of changes
 * by height is synced first, the folded view is marked after it, as a node does (FORMATS 17). After
 * any crash the view must equal the replay of the log up to the height it tells. */

enum {
    MAP = 16 * 1024 * 1024,
    KEYS = 160,
    CHANGES_MAX = 12,
    VALUE_MAX = 3000,
    BODY_MAX = CHANGES_MAX * 8,
    HEIGHTS = 40,
    HEIGHTS_KILLED = 4000,
    MEMORY = 256 * 1024
};

static char from[64], to[64];

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void empty_folder(const char *folder, bool itself)
{
    static const char *const NAMES[] = { "data.mdb", "lock.mdb", "blocks.log" };
    char path[96];
    for (size_t i = 0; i < COUNT(NAMES); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, NAMES[i]);
        (void)unlink(path);
    }
    if (itself) {
        (void)rmdir(folder);
    }
}

/* ---- what a log says ------------------------------------------------------------------------- */

/* One change: which key, and from what number its value is made; 0 deletes. */
struct change {
    uint32_t key, value;
};
/* The naive view: what each key holds. */
struct model {
    uint32_t value[KEYS];
    uint64_t height;
};

static size_t draw_body(uint64_t seed, uint64_t height, uint8_t out[BODY_MAX])
{
    uint64_t r = mix(seed * 1000003 + height);
    uint32_t count = 1 + (uint32_t)(r % CHANGES_MAX);
    struct buf b = buf_over(out, BODY_MAX);
    for (uint32_t i = 0; i < count; i++) {
        r = mix(r + i + 1);
        buf_put_u32(&b, (uint32_t)(r % KEYS));
        buf_put_u32(&b, (r >> 32) % 5 == 0 ? 0 : (uint32_t)(r >> 33) | 1);
    }
    return buf_bytes(&b).len;
}

static struct bytes value_of(uint32_t value, uint8_t out[VALUE_MAX])
{
    size_t len = value == 0 ? 0 : 1 + value % VALUE_MAX;
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)(value >> (8 * (i % 4)));
    }
    return bytes_of(out, len);
}

static struct state_change change_at(struct reader *r, uint8_t value[VALUE_MAX],
                                     struct change *plain)
{
    plain->key = reader_u32(r) % KEYS;
    plain->value = reader_u32(r);
    struct state_change c = { .contract = (uint16_t)(1 + plain->key % 3),
                              .stored = value_of(plain->value, value) };
    c.tree_key.b[0] = (uint8_t)mix(plain->key);
    c.tree_key.b[31] = (uint8_t)plain->key;
    return c;
}

static void replay(struct model *m, uint64_t height, struct bytes body)
{
    uint8_t value[VALUE_MAX];
    struct reader r = reader_over(body);
    struct change plain;
    while (r.left > 0) {
        (void)change_at(&r, value, &plain);
        m->value[plain.key] = plain.value;
    }
    m->height = height;
}

static struct bytes header_at(uint64_t height, uint8_t out[40])
{
    struct buf b = buf_over(out, 40);
    for (int i = 0; i < 5; i++) {
        buf_put_u64(&b, mix(height + (uint64_t)i));
    }
    return buf_bytes(&b);
}

/* ---- one machine ----------------------------------------------------------------------------- */

struct machine {
    struct disk disk;
    struct storage port;
    struct reclog log;
    struct store *store;
    uint8_t *memory;
    struct arena arena;
    uint64_t height, marked; /* of the log; of the view */
    struct model logged[2];  /* the replay of the whole log; up to the view's height */
};

static enum err visit(void *user, uint64_t offset, uint64_t height, struct bytes body)
{
    struct machine *m = user;
    (void)offset;
    if (height != m->height + 1) {
        return ERR_CORRUPT;
    }
    m->height = height;
    replay(&m->logged[0], height, body);
    if (height <= m->marked) {
        replay(&m->logged[1], height, body);
    }
    return ERR_NONE;
}

static enum err open_machine(struct machine *m, const char *folder)
{
    enum reclog_end end;
    struct bytes header;
    struct merkle_frontier history;
    uint8_t want[40];
    memset(m, 0, sizeof *m);
    m->memory = malloc(MEMORY);
    m->arena = arena_over(m->memory, MEMORY);
    TRY(disk_open(folder, disk_calls_posix(), &m->disk));
    m->port = disk_storage(&m->disk);
    TRY(store_open(folder, MAP, &m->store));
    enum err e = store_tip(m->store, &m->marked, &header, &history);
    if (e != ERR_NONE && e != ERR_NOT_FOUND) {
        return e;
    }
    if (e == ERR_NONE && !bytes_equal(header, header_at(m->marked, want))) {
        return ERR_CORRUPT;
    }
    TRY(reclog_init(&m->log, &m->port, "blocks.log", BODY_MAX, 4 * BODY_MAX, &m->arena));
    return reclog_open(&m->log, &m->arena, m, visit, &end);
}

static void close_machine(struct machine *m)
{
    store_close(m->store);
    disk_close(&m->disk);
    free(m->memory);
}

static enum err fold(struct machine *m, struct bytes body)
{
    uint8_t value[VALUE_MAX];
    struct reader r = reader_over(body);
    struct change plain;
    while (r.left > 0) {
        struct state_change c = change_at(&r, value, &plain);
        TRY(store_change(m->store, &c));
    }
    return ERR_NONE;
}

static enum err mark(struct machine *m, uint64_t height)
{
    struct merkle_frontier history;
    uint8_t header[40];
    merkle_frontier_init(&history);
    TRY(store_mark(m->store, height, header_at(height, header), &history));
    TRY(store_commit(m->store));
    m->marked = height;
    return ERR_NONE;
}

/* The log, durably; then the view; every third height it is marked. */
static enum err next_block(struct machine *m, uint64_t seed)
{
    uint8_t raw[BODY_MAX];
    uint64_t offset, height = m->height + 1;
    struct bytes body = bytes_of(raw, draw_body(seed, height, raw));
    TRY(reclog_append(&m->log, height, &body, 1, &offset));
    TRY(reclog_flush(&m->log));
    m->height = height;
    return fold(m, body);
}

static enum err collect(void *user, uint16_t contract, const struct hash *key, struct bytes stored)
{
    struct model *seen = user;
    uint8_t want[VALUE_MAX];
    uint32_t k = key->b[31];
    if (k >= KEYS || contract != 1 + k % 3 || key->b[0] != (uint8_t)mix(k) ||
        !bytes_equal(stored, value_of(seen->value[k], want))) {
        return ERR_CORRUPT;
    }
    seen->value[k] = 0; /* met: what remains afterwards is missing from the view */
    return ERR_NONE;
}

static bool holds(struct machine *m, const struct model *model)
{
    struct model left = *model;
    struct state_store reads = store_reads(m->store);
    if (reads.each(reads.ctx, &left, collect) != ERR_NONE) {
        return false;
    }
    for (uint32_t k = 0; k < KEYS; k++) {
        if (left.value[k] != 0) {
            return false;
        }
    }
    return true;
}

static enum err fold_record(void *user, uint64_t offset, uint64_t height, struct bytes body)
{
    struct machine *m = user;
    (void)offset;
    return height <= m->marked ? ERR_NONE : fold(m, body);
}

/* What is wrong with the folder after a crash; NULL: nothing. */
static const char *look(const char *folder, uint64_t logged, uint64_t marked)
{
    struct machine m;
    const char *wrong = NULL;
    enum reclog_end end;
    enum err e = open_machine(&m, folder);
    if (e != ERR_NONE) {
        wrong = "it does not open";
    } else if (m.height < logged) {
        wrong = "the log has lost what was synced";
    } else if (m.marked < marked) {
        wrong = "the view has lost what was marked";
    } else if (m.marked > m.height) {
        wrong = "the view is ahead of the log";
    } else if (!holds(&m, &m.logged[1])) {
        wrong = "the view is not the replay of the log";
    } else if (reclog_open(&m.log, &m.arena, &m, fold_record, &end) != ERR_NONE ||
               mark(&m, m.height) != ERR_NONE || !holds(&m, &m.logged[0])) {
        wrong = "the rest of the log does not fold";
    }
    close_machine(&m);
    return wrong;
}

/* ---- power ----------------------------------------------------------------------------------- */

struct moment {
    uint32_t logged, marked; /* calls after which this height was durable; 0: never marked */
};

static enum err live(uint64_t seed, struct moment moment[HEIGHTS + 1])
{
    struct machine m;
    memset(moment, 0, (HEIGHTS + 1) * sizeof *moment);
    power_record(from);
    enum err e = open_machine(&m, from);
    for (uint64_t h = 1; e == ERR_NONE && h <= HEIGHTS; h++) {
        e = next_block(&m, seed);
        moment[h].logged = power_calls();
        if (e == ERR_NONE && mix(seed + h) % 3 == 0) {
            e = mark(&m, h);
            moment[h].marked = power_calls();
        }
    }
    close_machine(&m);
    power_stop();
    return e;
}

/* Power fails in every call of a life: how many images are broken, and what was said of the first.
 */
static uint32_t fail_everywhere(uint64_t seed, enum power_syncs syncs, const char **first)
{
    struct moment moment[HEIGHTS + 1];
    uint32_t broken = 0;
    *first = live(seed, moment) == ERR_NONE ? NULL : "it did not live";
    uint32_t calls = power_calls();
    for (uint32_t at = 1; at <= calls && *first == NULL; at++) {
        uint64_t logged = 0, marked = 0;
        for (uint64_t h = 1; h <= HEIGHTS; h++) {
            logged = moment[h].logged < at ? h : logged;
            marked = moment[h].marked > 0 && moment[h].marked < at ? h : marked;
        }
        power_image(at, mix(seed ^ at), syncs, to);
        const char *wrong = look(to, logged, marked);
        broken += wrong != NULL ? 1 : 0;
        if (wrong != NULL && syncs == POWER_SYNCS_HOLD) {
            printf("# seed %llu, call %u of %u: %s\n", (unsigned long long)seed, at, calls, wrong);
            *first = wrong;
        }
    }
    power_forget();
    return broken;
}

static uint64_t seeds(void)
{
    const char *text = getenv("CARNET_POWER_SEEDS");
    uint64_t n = text == NULL ? 0 : strtoull(text, NULL, 10);
    return n == 0 ? 2 : n;
}

TEST(formats_17_power_that_fails_in_any_write_leaves_a_view_that_equals_the_replay_of_the_log)
{
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        const char *wrong = NULL;
        test_folder_in_memory("power", from);
        test_folder_in_memory("power", to);
        uint32_t broken = fail_everywhere(seed, POWER_SYNCS_HOLD, &wrong);
        empty_folder(from, true);
        empty_folder(to, true);
        CHECK_EQ(broken, 0);
        CHECK_STR(wrong == NULL ? "" : wrong, "");
    }
}

/* Such a file may even be shorter than LMDB believes, which ends the process that reads it. */
TEST(canary_a_disk_whose_syncs_promise_nothing_is_found_out)
{
    int status = 0;
    test_folder_in_memory("power", from);
    test_folder_in_memory("power", to);
    pid_t child = fork();
    if (child == 0) {
        const char *wrong = NULL;
        (void)close(STDERR_FILENO); /* a sanitizer would tell at length what was meant to happen */
        _exit(fail_everywhere(1, POWER_SYNCS_LIE, &wrong) > 20 ? 3 : 0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(status != 0);
    empty_folder(from, true);
    empty_folder(to, true);
}

/* ---- kill -9 --------------------------------------------------------------------------------- */

/* What the one who is killed has finished. */
struct told {
    volatile uint64_t logged, marked;
};

static void work_until_killed(struct told *told)
{
    struct machine m;
    enum reclog_end end;
    enum err e = open_machine(&m, from);
    if (e == ERR_NONE && m.height > m.marked) {
        e = reclog_open(&m.log, &m.arena, &m, fold_record, &end);
    }
    while (e == ERR_NONE && m.height < HEIGHTS_KILLED) {
        e = next_block(&m, 7);
        told->logged = m.height;
        if (e == ERR_NONE && m.height % 3 == 0) {
            e = mark(&m, m.height);
            told->marked = m.height;
        }
    }
    _exit(e == ERR_NONE ? 0 : 1);
}

TEST(a_node_that_is_killed_at_any_moment_finds_its_view_equal_to_the_replay_of_its_log)
{
    struct told *told =
        mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const char *wrong = NULL;
    CHECK(told != MAP_FAILED);
    test_folder_in_memory("power", from);
    for (uint64_t i = 0; i < 12 * seeds() && wrong == NULL; i++) {
        int status = 0;
        pid_t child = fork();
        if (child == 0) {
            work_until_killed(told);
        }
        struct timespec pause = { .tv_nsec = (long)(mix(i) % 12000000) };
        (void)nanosleep(&pause, NULL);
        (void)kill(child, SIGKILL);
        CHECK_EQ(waitpid(child, &status, 0), child);
        wrong = WIFEXITED(status) && WEXITSTATUS(status) != 0
                    ? "the writer failed"
                    : look(from, told->logged, told->marked);
    }
    printf("# killed at height %llu, marked at %llu\n", (unsigned long long)told->logged,
           (unsigned long long)told->marked);
    CHECK_STR(wrong == NULL ? "" : wrong, "");
    CHECK(told->marked > 0);
    empty_folder(from, true);
    (void)munmap(told, sizeof *told);
}
