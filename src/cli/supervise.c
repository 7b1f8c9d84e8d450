#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/actions_internal.h"
#include "cli/net_internal.h"
#include "crypto/keyfile.h"
#include "crypto/secret.h"

enum { RESTART_FIRST_MS = 200, RESTART_LAST_MS = 1500, HEALTHY_MS = 5000, STOP_MS = 8000 };
enum { LOG_SIZE_MAX = 64 * 1024 * 1024, LOG_LOOK_MS = 2000 };

/* The supervisor: one child a node, started again within two seconds of its death. */
struct supervisor {
    struct cli *cli;
    pid_t self;
    uint32_t count;
    int passphrase_fd;
    FILE *log; /* supervisor.log: JSON lines, because nobody may be reading standard error */
    pid_t pid[NET_PARTICIPANTS_MAX];
    uint64_t started_ms[NET_PARTICIPANTS_MAX], again_ms[NET_PARTICIPANTS_MAX];
    uint32_t delay_ms[NET_PARTICIPANTS_MAX];
    uint64_t look_ms; /* when the sizes of the logs are looked at next */
    bool stopping;
};

static uint64_t monotonic_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* In the child: become the node, or die saying why into its log. */
__attribute__((noreturn)) static void become_node(const struct supervisor *s, uint32_t i)
{
    char index[16], fd_path[32], log[4200];
    const char *scale = cli_option(s->cli, "--timer-scale");
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != s->self) {
        _exit(0); /* it died before it could be watched */
    }
    snprintf(index, sizeof index, "%u", i);
    snprintf(fd_path, sizeof fd_path, "/proc/self/fd/%d", s->passphrase_fd);
    cli_path(s->cli, log, sizeof log, "node-%u/node.log", i);
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd >= 0) {
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
    }
    lseek(s->passphrase_fd, 0, SEEK_SET);
    execl("/proc/self/exe", "carnet", "node", "run", "--dir", s->cli->dir, "--index", index,
          "--passphrase-file", fd_path, "--timer-scale", scale != NULL ? scale : "1", (char *)NULL);
    _exit(127);
}

static void start_node(struct supervisor *s, uint32_t i)
{
    pid_t pid = fork();
    if (pid == 0) {
        become_node(s, i);
    }
    s->pid[i] = pid > 0 ? pid : 0;
    s->started_ms[i] = monotonic_ms();
}

/* A node that keeps dying young is started ever later, but never later than RESTART_LAST_MS. */
static void reap(struct supervisor *s)
{
    int status;
    pid_t pid;
    uint64_t now = monotonic_ms();
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (uint32_t i = 0; i < s->count; i++) {
            if (s->pid[i] != pid) {
                continue;
            }
            bool young = now - s->started_ms[i] < HEALTHY_MS;
            s->delay_ms[i] = young && s->delay_ms[i] > 0 ? 2 * s->delay_ms[i] : RESTART_FIRST_MS;
            if (s->delay_ms[i] > RESTART_LAST_MS) {
                s->delay_ms[i] = RESTART_LAST_MS;
            }
            s->pid[i] = 0;
            s->again_ms[i] = now + s->delay_ms[i];
            fprintf(s->log, "{\"event\":\"node_ended\",\"index\":%u,\"pid\":%ld,\"status\":%d}\n",
                    i, (long)pid, status);
            fflush(s->log);
        }
    }
}

static uint32_t running(const struct supervisor *s)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->count; i++) {
        n += s->pid[i] != 0 ? 1 : 0;
    }
    return n;
}

static void signal_all(const struct supervisor *s, int signal_number)
{
    for (uint32_t i = 0; i < s->count; i++) {
        if (s->pid[i] != 0) {
            kill(s->pid[i], signal_number);
        }
    }
}

static bool copy_log(int from, const char *path)
{
    ssize_t n = 1;
    int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    while (to >= 0 && n > 0) {
        n = sendfile(to, from, NULL, LOG_SIZE_MAX);
    }
    bool whole = to >= 0 && n == 0;
    return to >= 0 && close(to) == 0 && whole;
}

/* A log that is long becomes node.log.1, in place of the one before. It is copied and cut, because
 * the node goes on writing at the end of the file that it has; a line may be lost in between. */
static void turn_log(const struct supervisor *s, uint32_t i)
{
    char path[4200], older[4200];
    struct stat st;
    cli_path(s->cli, path, sizeof path, "node-%u/node.log", i);
    cli_path(s->cli, older, sizeof older, "node-%u/node.log.1", i);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    bool turned = fstat(fd, &st) == 0 && st.st_size > LOG_SIZE_MAX && copy_log(fd, older) &&
                  ftruncate(fd, 0) == 0;
    if (turned) {
        fprintf(s->log, "{\"event\":\"log_turned\",\"index\":%u}\n", i);
        fflush(s->log);
    }
    close(fd);
}

static void turn_logs(struct supervisor *s, uint64_t now)
{
    for (uint32_t i = 0; i < s->count && now >= s->look_ms; i++) {
        turn_log(s, i);
    }
    s->look_ms = now >= s->look_ms ? now + LOG_LOOK_MS : s->look_ms;
}

static void loop(struct supervisor *s, int signals)
{
    uint64_t stop_by = 0;
    struct signalfd_siginfo info;
    struct pollfd p = { .fd = signals, .events = POLLIN };
    while (!s->stopping || running(s) > 0) {
        if (poll(&p, 1, 100) > 0 && read(signals, &info, sizeof info) == sizeof info &&
            info.ssi_signo != SIGCHLD && !s->stopping) {
            s->stopping = true;
            stop_by = monotonic_ms() + STOP_MS;
            signal_all(s, SIGTERM);
        }
        reap(s);
        uint64_t now = monotonic_ms();
        turn_logs(s, now);
        for (uint32_t i = 0; i < s->count && !s->stopping; i++) {
            if (s->pid[i] == 0 && now >= s->again_ms[i]) {
                start_node(s, i);
            }
        }
        if (s->stopping && now > stop_by) {
            signal_all(s, SIGKILL);
        }
    }
}

/* The passphrase reaches the nodes through an anonymous file in memory, never the command line. */
static enum err hold_passphrase(struct cli *c, int *fd)
{
    char passphrase[CLI_PASSPHRASE_SIZE_MAX];
    size_t len;
    TRY(cli_passphrase(c, "passphrase of the nodes", passphrase, &len));
    *fd = memfd_create("carnet-passphrase", 0);
    bool good = *fd >= 0 && write(*fd, passphrase, len) == (ssize_t)len;
    secret_wipe(passphrase, sizeof passphrase);
    return good ? ERR_NONE : cli_fail(c, ERR_FAILED, "passphrase", "%s", strerror(errno));
}

static enum err open_log(struct supervisor *v)
{
    char path[4200];
    cli_path(v->cli, path, sizeof path, "supervisor.log");
    v->log = fopen(path, "ae");
    return v->log != NULL ? ERR_NONE
                          : cli_fail(v->cli, cli_errno(errno), path, "%s", strerror(errno));
}

/* One supervisor a space. The lock goes with this process, however it ends; nodes don't inherit it.
 */
static enum err take_lock(struct cli *c, char *path, size_t cap, int *fd)
{
    char text[32];
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    cli_path(c, path, cap, "%s", NET_SUPERVISOR_LOCK);
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (*fd < 0) {
        return cli_fail(c, cli_errno(errno), path, "%s", strerror(errno));
    }
    if (fcntl(*fd, F_SETLK, &lock) != 0) {
        close(*fd);
        return cli_fail(c, ERR_DUPLICATE, c->dir, "is running already");
    }
    int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(*fd, 0) != 0 || write(*fd, text, (size_t)len) != len) {
        enum err e = cli_fail(c, cli_errno(errno), path, "%s", strerror(errno));
        close(*fd);
        return e;
    }
    return ERR_NONE;
}

/* A wrong passphrase is told here and now, not by nodes that end again and again. */
enum err net_check_passphrase(struct cli *c, struct bytes passphrase)
{
    char path[4200];
    uint8_t *file, *plain = secret_alloc(KEYFILE_PLAIN_SIZE_MAX);
    size_t len, plain_len;
    ASSERT(plain != NULL);
    cli_path(c, path, sizeof path, "keys/node-0.key");
    enum err e = cli_read_file(c, path, &file, &len);
    if (e == ERR_NONE) {
        e = keyfile_open(KEYFILE_KIND_NODE, passphrase, bytes_of(file, len), plain,
                         KEYFILE_PLAIN_SIZE_MAX, &plain_len);
        free(file);
        e = e == ERR_NONE ? e : cli_fail(c, e, path, "%s", err_text(e));
    }
    secret_free(plain);
    return e;
}

enum err net_run_supervise(struct cli *c)
{
    struct session s;
    struct supervisor *v = calloc(1, sizeof *v);
    char lock_path[4200];
    int lock = -1;
    sigset_t set;
    ASSERT(v != NULL);
    v->cli = c;
    v->self = getpid();
    if (cli_flag(c, "--die-with-parent")) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
    }
    enum err e = session_open(c, false, &s);
    if (e == ERR_NONE) {
        v->count = s.node_count;
        session_close(&s);
        e = hold_passphrase(c, &v->passphrase_fd);
    }
    e = e != ERR_NONE ? e : take_lock(c, lock_path, sizeof lock_path, &lock);
    e = e != ERR_NONE ? e : open_log(v);
    if (e == ERR_NONE) {
        sigemptyset(&set);
        sigaddset(&set, SIGCHLD);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        sigprocmask(SIG_BLOCK, &set, NULL);
        int signals = signalfd(-1, &set, SFD_CLOEXEC);
        ASSERT(signals >= 0);
        loop(v, signals);
        unlink(lock_path);
        (void)fclose(v->log);
    }
    if (lock >= 0) {
        close(lock);
    }
    free(v);
    return e;
}
