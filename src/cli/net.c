#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "api/api.h"
#include "cli/actions_internal.h"
#include "cli/net_internal.h"
#include "cli/trust_internal.h"
#include "crypto/secret.h"
#include "node/relay.h"

enum { PLAN_ARENA_SIZE = 64 * 1024 * 1024 };

static void pause_ms(unsigned ms)
{
    struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };
    nanosleep(&t, NULL);
}

static enum err check_place(struct cli *c)
{
    struct stat st;
    if (stat(c->dir, &st) != 0) {
        return ERR_NONE;
    }
    if (!S_ISDIR(st.st_mode)) {
        return cli_fail(c, ERR_FAILED, c->dir, "is not a directory");
    }
    if (rmdir(c->dir) != 0) { /* only an empty one can go */
        cli_hint(c, "choose another --dir, or remove this one yourself");
        return cli_fail(c, ERR_DUPLICATE, c->dir, "something is there already");
    }
    return ERR_NONE;
}

enum err net_suite(struct cli *c, const struct suite **out)
{
    const char *name = cli_option(c, "--suite");
    if (name != NULL && strcmp(name, "intl") != 0 && strcmp(name, "gm") != 0) {
        return cli_fail(c, ERR_USAGE, "--suite", "'%s' is neither intl nor gm", name);
    }
    *out = name != NULL && strcmp(name, "gm") == 0 ? suite_gm() : suite_intl();
    return ERR_NONE;
}

static enum err plan_suite(struct cli *c, struct net_plan *p)
{
    TRY(net_suite(c, &p->suite));
    if (p->suite->number == SUITE_GM) {
        fprintf(c->progress, "carnet: %s: a space of suite gm has no seals and no attachments\n",
                c->dir);
    }
    return ERR_NONE;
}

static enum err plan_numbers(struct cli *c, struct net_plan *p)
{
    const uint64_t units = (uint64_t)1 << 48; /* the bound of both parameters */
    uint64_t nodes, observers, port, release, window, epoch;
    TRY(cli_number(c, "--nodes", 1, GENESIS_SEATS_MAX, 4, &nodes));
    TRY(cli_number(c, "--observers", 0, 3, 1, &observers));
    TRY(cli_number(c, "--port", 0, 65000, 0, &port));
    TRY(cli_number(c, "--release-seconds", 1, 24 * 3600, 60, &release));
    TRY(cli_number(c, "--window-seconds", 1, 24 * 3600, 600, &window));
    TRY(cli_number(c, "--idle-ms", 1, 24 * 3600 * 1000, 30000, &p->idle_ms));
    TRY(cli_number(c, "--quota", 1, units, 10000000, &p->quota));
    TRY(cli_number(c, "--signer-quota", 1, units, p->quota, &p->signer_quota));
    TRY(cli_number(c, "--epoch-seconds", 1, 366 * 24 * 3600, 24 * 3600, &epoch));
    p->epoch_ms = epoch * 1000;
    p->nodes = (uint32_t)nodes;
    p->observers = (uint32_t)observers;
    p->port = (uint16_t)port;
    p->release_ms = release * 1000;
    p->window_ms = window * 1000;
    if (nodes < 4) {
        fprintf(c->progress, "carnet: %s: %u validator%s no fault: for development only\n", c->dir,
                p->nodes, nodes == 1 ? " tolerates" : "s tolerate");
    }
    return ERR_NONE;
}

static void answer_space(struct cli *c, const struct net_plan *p)
{
    json_t *nodes = json_new_array();
    for (uint32_t i = 0; i < p->nodes + p->observers; i++) {
        json_t *row = json_new_object();
        json_put(row, "index", json_new_int(i));
        json_put(row, "name", json_new_str(p->who[i].name));
        json_put(row, "did", json_new_hash(&p->who[i].did));
        json_put(row, "role", json_new_str(i < p->nodes ? "validator" : "observer"));
        json_push(nodes, row);
        fprintf(c->text, "%u  %-10s %s\n", i, p->who[i].name,
                i < p->nodes ? "validator" : "observer");
    }
    json_put(c->answer, "space", json_new_hash(&p->genesis.space));
    json_put(c->answer, "nodes", nodes);
    json_put(c->answer, "ok", json_new_bool(true));
}

static enum err init_space(struct cli *c, struct net_plan *p)
{
    char passphrase[CLI_PASSPHRASE_SIZE_MAX];
    size_t len;
    TRY(plan_suite(c, p));
    TRY(plan_numbers(c, p));
    TRY(check_place(c));
    TRY(net_plan_people(p));
    TRY(cli_passphrase(c, "passphrase for the new keys", passphrase, &len));
    TRY(net_make_ca(p));
    TRY(net_make_genesis(p));
    enum err e = net_write(p, bytes_of(passphrase, len));
    secret_wipe(passphrase, sizeof passphrase);
    TRY(e);
    answer_space(c, p);
    return ERR_NONE;
}

enum err net_init_crowd(struct cli *c, const struct bench_crowd *crowd)
{
    struct net_plan *p = calloc(1, sizeof *p);
    void *memory = malloc(PLAN_ARENA_SIZE);
    ASSERT(p != NULL && memory != NULL);
    p->cli = c;
    p->crowd = crowd;
    p->arena = arena_over(memory, PLAN_ARENA_SIZE);
    p->now_ms = session_now_ms();
    enum err e = init_space(c, p);
    for (uint32_t i = 0; i < NET_PARTICIPANTS_MAX; i++) {
        secret_free(p->who[i].secret);
        secret_free(p->who[i].epoch_seed);
    }
    policy_compiled_free(&p->law);
    secret_wipe(memory, PLAN_ARENA_SIZE);
    free(memory);
    free(p);
    return e;
}

static enum err run_init(struct cli *c)
{
    return net_init_crowd(c, NULL);
}

/* Until every node answers and a quorum can vote. */
static enum err wait_up(struct cli *c, pid_t supervisor)
{
    struct session s;
    TRY(session_open(c, false, &s));
    uint64_t give_up = session_now_ms() + NET_START_MS;
    enum err e = ERR_TIMEOUT;
    while (e == ERR_TIMEOUT && session_now_ms() < give_up) {
        size_t mark = arena_mark(&s.arena);
        json_t *rows = json_new_array();
        uint32_t up = net_ask_all(&s, rows);
        fprintf(c->progress, "\rnodes up %u/%u", up, s.node_count);
        fflush(c->progress);
        if (up == s.node_count) {
            fprintf(c->progress, "\n");
            net_print_rows(c, rows);
            json_put(c->answer, "nodes", rows);
            e = ERR_NONE;
        } else {
            json_free(rows);
            pause_ms(150);
        }
        arena_release(&s.arena, mark);
        if (waitpid(supervisor, NULL, WNOHANG) == supervisor) {
            e = cli_fail(c, ERR_FAILED, c->dir, "the supervisor ended at once: see the logs");
        }
    }
    session_close(&s);
    c->hint[0] = '\0';
    if (e == ERR_TIMEOUT) {
        cli_hint(c, "node-I/node.log says what holds a node back");
        e = cli_fail(c, e, c->dir, "not all nodes answered within %d s", NET_START_MS / 1000);
    }
    return e;
}

static enum err spawn_supervisor(struct cli *c, pid_t *out)
{
    char passphrase[CLI_PASSPHRASE_SIZE_MAX], log[4200], fd_path[32];
    size_t len;
    TRY(cli_passphrase(c, "passphrase of the nodes", passphrase, &len));
    enum err known = net_check_passphrase(c, bytes_of(passphrase, len));
    if (known != ERR_NONE) {
        secret_wipe(passphrase, sizeof passphrase);
        return known;
    }
    int fd = memfd_create("carnet-passphrase", 0);
    bool good =
        fd >= 0 && write(fd, passphrase, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0;
    secret_wipe(passphrase, sizeof passphrase);
    if (!good) {
        return cli_fail(c, ERR_FAILED, "passphrase", "%s", strerror(errno));
    }
    cli_path(c, log, sizeof log, "supervisor.log");
    snprintf(fd_path, sizeof fd_path, "/proc/self/fd/%d", fd);
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        int to = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600), none = open("/dev/null", O_RDWR);
        dup2(none, STDIN_FILENO);
        dup2(to >= 0 ? to : none, STDOUT_FILENO);
        dup2(to >= 0 ? to : none, STDERR_FILENO);
        execl("/proc/self/exe", "carnet", "net", "supervise", "--dir", c->dir, "--passphrase-file",
              fd_path, (char *)NULL);
        _exit(127);
    }
    close(fd);
    *out = pid;
    return pid > 0 ? ERR_NONE : cli_fail(c, ERR_FAILED, "fork", "%s", strerror(errno));
}

static enum err run_start(struct cli *c)
{
    pid_t pid = 0;
    struct session s;
    TRY(session_open(c, false, &s)); /* no space here: said before a passphrase is asked for */
    session_close(&s);
    if (net_lock_holder(c, NET_SUPERVISOR_LOCK) != 0) {
        return cli_fail(c, ERR_DUPLICATE, c->dir, "is running already");
    }
    TRY(spawn_supervisor(c, &pid));
    enum err e = wait_up(c, pid);
    json_put(c->answer, "ok", json_new_bool(e == ERR_NONE));
    if (e != ERR_NONE) {
        kill(pid, SIGTERM);
    }
    return e;
}

static enum err run_stop(struct cli *c)
{
    long pid = net_lock_holder(c, NET_SUPERVISOR_LOCK);
    json_put(c->answer, "ok", json_new_bool(true));
    if (pid == 0 && access(c->dir, F_OK) != 0) {
        return cli_fail(c, cli_errno(errno), c->dir, "%s", strerror(errno));
    }
    if (pid == 0) {
        fprintf(c->text, "nothing runs in %s\n", c->dir);
        return ERR_NONE;
    }
    kill((pid_t)pid, SIGTERM);
    for (int i = 0; i < 120; i++) {
        if (net_lock_holder(c, NET_SUPERVISOR_LOCK) != pid) {
            fprintf(c->text, "stopped\n");
            return ERR_NONE;
        }
        pause_ms(100);
    }
    return cli_fail(c, ERR_TIMEOUT, c->dir, "the supervisor (pid %ld) did not end in 12 s", pid);
}

static enum err signal_node(struct cli *c, int signal_number)
{
    char *end;
    unsigned long index = strtoul(c->arg[0], &end, 10);
    if (*end != '\0' || index >= NET_PARTICIPANTS_MAX) {
        return cli_fail(c, ERR_USAGE, c->arg[0], "is not a node's index");
    }
    long pid = net_node_pid(c, (uint32_t)index);
    if (pid == 0) {
        return cli_fail(c, ERR_NOT_FOUND, c->arg[0], "this node does not run in %s", c->dir);
    }
    kill((pid_t)pid, signal_number);
    json_put(c->answer, "index", json_new_int((int64_t)index));
    json_put(c->answer, "pid", json_new_int(pid));
    json_put(c->answer, "ok", json_new_bool(true));
    fprintf(c->text, "node %lu (pid %ld) was sent %s\n", index, pid,
            signal_number == SIGKILL ? "SIGKILL" : "SIGTERM");
    return ERR_NONE;
}

static enum err run_kill(struct cli *c)
{
    return signal_node(c, SIGKILL);
}

static enum err run_restart(struct cli *c)
{
    return signal_node(c, SIGTERM);
}

/* For benchmarks: what a slower disk would do. */
static uint32_t slower_ms(void)
{
    const char *text = getenv("CARNET_BENCH_SYNC_SLOWER_MS");
    unsigned long ms = text == NULL ? 0 : strtoul(text, NULL, 10);
    return ms > 1000 ? 1000 : (uint32_t)ms;
}

/* The node copies its anchors: the files need not stay. */
static enum err open_anchored(struct cli *c, struct node_options *o, struct node **n,
                              char why[NODE_WHY_SIZE])
{
    struct trust_files trust;
    struct node_anchor anchor[TRUST_ANCHORS_MAX];
    char passphrase[CLI_PASSPHRASE_SIZE_MAX];
    size_t len;
    TRY(trust_open_anchors(c, &trust));
    for (uint32_t i = 0; i < trust.caller.anchor_count; i++) {
        anchor[i] = (struct node_anchor){ cli_option_at(c, "--anchor", (int)i), trust.anchor[i] };
    }
    o->anchor = anchor;
    o->anchor_count = trust.caller.anchor_count;
    enum err e = cli_passphrase(c, "passphrase of the node", passphrase, &len);
    if (e == ERR_NONE) {
        o->passphrase = bytes_of(passphrase, len);
        e = node_open(o, n, why);
        secret_wipe(passphrase, sizeof passphrase);
        e = e == ERR_NONE ? e : cli_fail(c, e, "node", "%s", why[0] != '\0' ? why : err_text(e));
    }
    trust_close(&trust);
    return e;
}

static enum err run_node(struct cli *c)
{
    char why[NODE_WHY_SIZE] = "";
    uint64_t index, scale, gap;
    struct node *n;
    struct api *api;
    TRY(cli_number(c, "--index", 0, NET_PARTICIPANTS_MAX - 1, 0, &index));
    TRY(cli_number(c, "--timer-scale", 1, 100, 1, &scale));
    TRY(cli_number(c, "--snapshot-gap", 1, UINT32_MAX, NODE_SNAPSHOT_GAP, &gap));
    struct node_options o = { .dir = c->dir,
                              .index = (uint32_t)index,
                              .timer_scale = (uint32_t)scale,
                              .sync_slower_ms = slower_ms(),
                              .snapshot_gap = gap };
    TRY(open_anchored(c, &o, &n, why));
    enum err e = api_open(n, &api, why);
    if (e == ERR_NONE) {
        c->exit_code = node_run(n);
        api_close(api);
    } else {
        e = cli_fail(c, e, "api", "%s", why[0] != '\0' ? why : err_text(e));
    }
    node_close(n);
    return e;
}

static enum err run_relay(struct cli *c)
{
    struct relay_options o = { .log = cli_option(c, "--log") };
    uint64_t delay, rate;
    TRY(cli_required(c, "--listen", &o.listen));
    TRY(cli_required(c, "--to", &o.to));
    TRY(cli_number(c, "--delay-ms", 0, 60000, 0, &delay));
    TRY(cli_number(c, "--rate", 0, UINT32_MAX, 0, &rate));
    o.delay_ms = (unsigned)delay;
    o.rate_bytes_s = (unsigned)rate;
    enum err e = relay_run(&o);
    if (e == ERR_USAGE) {
        cli_hint(c, "an address is a number and a port, as 127.0.0.1:7000");
        return cli_fail(c, e, "--listen, --to", "'%s', '%s': not two addresses", o.listen, o.to);
    }
    return e == ERR_NONE ? e : cli_fail(c, e, o.listen, "%s", err_text(e));
}

static const struct cli_option INIT_OPTIONS[] = {
    { "--nodes", "N", "validators, 1 to 31 (4)" },
    { "--observers", "N", "nodes without a seat, 0 to 3; the last one is the regulator's (1)" },
    { "--places", "A,B", "of exporter, importer, bank, and so on (CN,DE,SG,MY)" },
    { "--suite", "S", "of signatures and hashes: intl, or gm for SM2 and SM3 (intl)" },
    { "--port", "P", "first port; 0 finds free ones (0)" },
    { "--epoch-seconds", "N", "how long an epoch lasts: keys change, and committees may (a day)" },
    { "--release-seconds", "N", "how long a brokered use may be pending (60)" },
    { "--window-seconds", "N", "how long a transaction may wait to be committed (600)" },
    { "--idle-ms", "N", "after how long an idle space commits an empty block (30000)" },
    { "--quota", "N", "cost units that a participant may use in a day (10000000)" },
    { "--signer-quota", "N", "of these, what one of its keys may use (all of them)" },
    { NULL, NULL, NULL },
};
static const struct cli_option STATUS_OPTIONS[] = {
    { "--check", NULL,
      "compare what the nodes hold too, and exit 6 unless all is well (needs --as)" },
    { NULL, NULL, NULL },
};
static const struct cli_option SUPERVISE_OPTIONS[] = {
    { "--die-with-parent", NULL, "end when the process that started it ends" },
    { "--timer-scale", "N", "slow timers down, for instrumented builds (1)" },
    { NULL, NULL, NULL },
};
static const struct cli_option NODE_OPTIONS[] = {
    { "--index", "I", "which node of nodes.json" },
    { "--timer-scale", "N", "slow timers down, for instrumented builds (1)" },
    { "--snapshot-gap", "BLOCKS", "behind by more, take a snapshot (4096)" },
    TRUST_ANCHOR_OPTION,
    { NULL, NULL, NULL },
};
static const struct cli_option RELAY_OPTIONS[] = {
    { "--listen", "HOST:PORT", "where it listens; port 0 finds a free one" },
    { "--to", "HOST:PORT", "where it relays to" },
    { "--log", "FILE", "JSON lines of what crossed (else standard output)" },
    { "--delay-ms", "N", "one way (0)" },
    { "--rate", "BYTES", "a second, each direction of each connection; 0: no limit (0)" },
    { NULL, NULL, NULL },
};

static const struct cli_command COMMANDS[] = {
    { "net", "init", "", 0, 0, "make a space: genesis, keys, certificates, addresses",
      "carnet net init --dir my-space --passphrase-file pass", INIT_OPTIONS, run_init },
    { "net", "start", "", 0, 0, "start all nodes, and start again what dies",
      "carnet net start --dir my-space --passphrase-file pass", NULL, run_start },
    { "net", "stop", "", 0, 0, "stop all nodes", "carnet net stop --dir my-space", NULL, run_stop },
    { "net", "status", "", 0, 0, "what each node says of itself",
      "carnet net status --dir my-space", STATUS_OPTIONS, net_run_status },
    { "net", "kill", "INDEX", 1, 1, "kill -9 one node", "carnet net kill 3", NULL, run_kill },
    { "net", "restart", "INDEX", 1, 1, "restart one node", "carnet net restart 3", NULL,
      run_restart },
    { "net", "supervise", "", 0, 0, "what net start leaves running, in the foreground",
      "carnet net supervise --dir my-space --passphrase-file pass", SUPERVISE_OPTIONS,
      net_run_supervise },
    { "net", "relay", "", 0, 0, "a TCP relay that delays, throttles and cuts (for tests)",
      "carnet net relay --listen 127.0.0.1:0 --to 127.0.0.1:7000 --rate 200000", RELAY_OPTIONS,
      run_relay },
    { "node", "run", "", 0, 0, "run one node in the foreground",
      "carnet node run --dir my-space --index 0 --passphrase-file pass", NODE_OPTIONS, run_node },
};
const struct cli_table CLI_NET = { COMMANDS, COUNT(COMMANDS) };
