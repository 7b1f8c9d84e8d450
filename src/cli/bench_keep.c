/* Where a measured cluster lives, and what takes a space that is kept: a large state, a restart. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/bench_cluster_internal.h"

/* In a process of its own: it draws and wipes keys, and talks. */
static enum err make_genesis(struct cluster *k)
{
    int status = -1;
    pid_t pid = bench_fork();
    if (pid == 0) {
        struct cli own = *k->b->cli;
        own.dir = k->dir;
        own.answer = json_new_object();
        own.text = own.progress = fopen("/dev/null", "w");
        const char *suite = cli_option(&own, "--suite");
        own.option_count = suite != NULL ? 3 : 2;
        own.option[0].name = "--passphrase-file";
        own.option[0].value = k->pass;
        own.option[1].name = "--nodes";
        own.option[1].value = "4";
        own.option[2].name = "--suite";
        own.option[2].value = suite;
        _exit(net_init_crowd(&own, &k->crowd) == ERR_NONE ? 0 : 1);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    bool good = pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    return good ? ERR_NONE : cli_fail(k->b->cli, ERR_FAILED, "cluster", "no space could be made");
}

static enum err net(struct cluster *k, const char *verb)
{
    const char *words[] = { "net", verb, NULL };
    return cluster_run_self(k, words);
}

/* The file that says how a kept space goes on: whose keys its crowd has, what its state holds. */
enum err cluster_note(const struct cluster *k)
{
    if (k->o.keep == NULL) {
        return ERR_NONE;
    }
    char path[CLI_DIR_SIZE_MAX + 48], hex[HEX_SIZE(sizeof k->crowd.seed) + 1];
    snprintf(path, sizeof path, "%s/bench", k->base);
    hex_encode(bytes_of(k->crowd.seed, sizeof k->crowd.seed), hex);
    FILE *f = fopen(path, "w");
    bool good = f != NULL &&
                fprintf(f, "{\"minted\":%llu,\"participants\":%u,\"seed\":\"%s\",\"state\":%llu}\n",
                        (unsigned long long)k->minted, k->crowd.count, hex,
                        (unsigned long long)k->state) > 0;
    if (f != NULL) {
        good = fclose(f) == 0 && good;
    }
    return good ? ERR_NONE : cli_fail(k->b->cli, ERR_FAILED, path, "cannot be written");
}

static enum err read_note(struct cluster *k)
{
    char path[CLI_DIR_SIZE_MAX + 48];
    uint8_t *file;
    size_t len;
    json_t *j = NULL;
    const char *hex;
    int64_t people = 0, state = 0, minted = 0;
    struct hash seed;
    snprintf(path, sizeof path, "%s/bench", k->base);
    if (access(path, R_OK) != 0) {
        return ERR_NOT_FOUND;
    }
    TRY(cli_read_file(k->b->cli, path, &file, &len));
    enum err e = json_read(bytes_of(file, len), 4096, &j, NULL);
    e = e != ERR_NONE ? e : json_get_int(j, "participants", &people);
    e = e != ERR_NONE ? e : json_get_int(j, "state", &state);
    e = e != ERR_NONE ? e : json_get_str(j, "seed", &hex);
    e = e != ERR_NONE ? e : hash_from_hex(hex, &seed);
    if (json_member(j, "minted") != NULL) { /* else of a bench that sent no tokens */
        e = e != ERR_NONE ? e : json_get_int(j, "minted", &minted);
    }
    if (e == ERR_NONE && people > 0 && people <= BENCH_CROWD_MAX && state >= 0 && minted >= 0) {
        k->crowd.count = (uint32_t)people;
        k->state = (uint64_t)state;
        k->minted = (uint64_t)minted;
        memcpy(k->crowd.seed, seed.b, sizeof k->crowd.seed);
        k->kept = true;
    }
    json_free(j);
    free(file);
    return k->kept ? ERR_NONE : cli_fail(k->b->cli, ERR_CORRUPT, path, "is no note of a bench");
}

static enum err choose_base(struct cluster *k)
{
    if (k->o.keep != NULL) {
        snprintf(k->base, sizeof k->base, "%s", k->o.keep);
        if (mkdir(k->base, 0700) != 0 && errno != EEXIST) {
            return cli_fail(k->b->cli, cli_errno(errno), k->base, "%s", strerror(errno));
        }
        return ERR_NONE;
    }
    const char *where = access(k->b->cli->dir, W_OK) == 0 ? k->b->cli->dir : "/tmp";
    snprintf(k->base, sizeof k->base, "%.*s/carnet-bench-XXXXXX", CLI_DIR_SIZE_MAX - 1, where);
    bool made = mkdtemp(k->base) != NULL;
    return made ? ERR_NONE : cli_fail(k->b->cli, cli_errno(errno), k->base, "%s", strerror(errno));
}

static enum err make_space(struct cluster *k)
{
    int fd = open(k->pass, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write(fd, "bench\n", 6) == 6;
    if (fd >= 0) {
        close(fd);
    }
    if (!good) {
        return cli_fail(k->b->cli, ERR_FAILED, k->pass, "cannot be written");
    }
    return make_genesis(k);
}

static void remove_tree(const char *path)
{
    pid_t pid = fork();
    if (pid == 0) {
        execlp("rm", "rm", "-rf", "--", path, (char *)NULL);
        _exit(127);
    }
    (void)waitpid(pid, NULL, 0);
}

static void tidy_up(struct cluster *k)
{
    (void)!net(k, "stop");
    if (k->o.keep == NULL) {
        remove_tree(k->base);
    }
}

/* A process that waits for the end of this one, by Ctrl-C or whatever else, and tidies up after
 * it: in a session of its own, so that no terminal interrupts it. -1: there is none. */
static pid_t watch(struct cluster *k)
{
    sigset_t set;
    int number;
    pid_t self = getpid(), pid = fork();
    if (pid != 0) {
        return pid;
    }
    int none = open("/dev/null", O_RDWR);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        dup2(none, fd); /* who reads what this program says does not wait for the end of this */
    }
    (void)setsid();
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    while (getppid() == self) {
        (void)sigwait(&set, &number);
    }
    sleep(1); /* a supervisor that was just started has its lock by then */
    tidy_up(k);
    _exit(0);
}

enum err cluster_open(struct cluster *k)
{
    TRY(choose_base(k));
    snprintf(k->pass, sizeof k->pass, "%s/pass", k->base);
    snprintf(k->dir, sizeof k->dir, "%s/space", k->base);
    k->watcher = watch(k);
    enum err e = k->o.keep != NULL ? read_note(k) : ERR_NOT_FOUND;
    if (e == ERR_NOT_FOUND) {
        e = make_space(k);
    }
    return e != ERR_NONE ? e : net(k, "start");
}

void cluster_close(struct cluster *k)
{
    if (k->dir[0] == '\0') {
        return;
    }
    tidy_up(k);
    if (k->watcher > 0) {
        (void)kill(k->watcher, SIGKILL);
        (void)waitpid(k->watcher, NULL, 0);
    }
}

/* Records that are there are of no more interest: the lanes begin again. */
static void clear_lanes(struct cluster *k)
{
    for (uint32_t i = 0; i < k->lanes; i++) {
        struct bench_lane *lane = &k->lane[i];
        memset(lane->record, 0, lane->sent * sizeof lane->record[0]);
        lane->sent = 0;
    }
}

enum err cluster_fill(struct cluster *k, uint64_t state)
{
    struct phase p;
    double rate = CLUSTER_STATE_RATE;
    while (k->state < state) {
        uint64_t left = state - k->state;
        double count = (double)(left < CLUSTER_ROUND ? left : CLUSTER_ROUND);
        clear_lanes(k);
        TRY(cluster_phase(k, BENCH_ANCHOR, count, rate, false, &p));
        rate = 1.25 * p.tps < CLUSTER_STATE_RATE ? 1.25 * p.tps + 1 : CLUSTER_STATE_RATE;
        k->state += (uint64_t)p.proven;
        fprintf(k->b->cli->progress, "state %llu of %llu\n", (unsigned long long)k->state,
                (unsigned long long)state);
        TRY(cluster_note(k));
    }
    clear_lanes(k);
    return cluster_note(k);
}

enum err cluster_slower(struct cluster *k, double rate, struct phase *p)
{
    char ms[8];
    snprintf(ms, sizeof ms, "%d", CLUSTER_SLOWER_MS);
    clear_lanes(k);
    TRY(net(k, "stop"));
    setenv("CARNET_BENCH_SYNC_SLOWER_MS", ms, 1);
    enum err e = net(k, "start");
    unsetenv("CARNET_BENCH_SYNC_SLOWER_MS");
    TRY(e);
    TRY(cluster_phase(k, BENCH_PAY, rate * k->b->seconds, rate, false, p));
    cluster_say(k, "slower_tps", "receipts verified, each sync slower by 2 ms", p->tps, "tx/s");
    cluster_mix_say(k, p, "slower_");
    cluster_say(k, "slower_lost", "without a receipt after 15 s", (double)p->lost, "tx");
    return ERR_NONE;
}

/* What a node has of the space but its keys; it has no seat, so it owes nobody its memory. */
static void wipe(struct cluster *k, uint32_t node)
{
    char path[CLI_DIR_SIZE_MAX + 96];
    snprintf(path, sizeof path, "%s/node-%u/spaces", k->dir, node);
    remove_tree(path);
}

enum err cluster_sync(struct cluster *k)
{
    TRY(net(k, "stop"));
    wipe(k, CLUSTER_OBSERVER);
    uint64_t began = bench_now_ns(), give_up = began + CLUSTER_SYNC_WAIT_S * UINT64_C(1000000000);
    TRY(net(k, "start"));
    int64_t target = cluster_status(k, 0, "height"), height = -1;
    while (height < target && bench_now_ns() < give_up) {
        bench_sleep_until(bench_now_ns() + 50000000);
        height = cluster_status(k, CLUSTER_OBSERVER, "height");
    }
    if (height < target || target < 0) {
        return cli_fail(k->b->cli, ERR_TIMEOUT, "sync", "height %lld of %lld", (long long)height,
                        (long long)target);
    }
    cluster_say(k, "sync_s", "a wiped node came up to the others in",
                (double)(bench_now_ns() - began) / 1e9, "s");
    cluster_say(k, "sync_blocks", "  blocks", (double)target, "");
    cluster_say(k, "sync_records", "  records of the bench's making in them, at least",
                (double)k->state, "");
    cluster_say(k, "sync_tokens", "  tokens in them, at least", (double)k->minted, "");
    return ERR_NONE;
}
