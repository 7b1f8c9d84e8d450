#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/log_internal.h"
#include "node/relay.h"
#include "tests/test.h"

/* A relay process between this test and a listening socket of its own. */
struct weather {
    pid_t pid;
    int server;
    uint16_t port;
    char log[TEST_FOLDER_SIZE + 8];
};

static uint16_t port_of(int fd)
{
    struct sockaddr_in at;
    socklen_t len = sizeof at;
    (void)getsockname(fd, (struct sockaddr *)&at, &len);
    return ntohs(at.sin_port);
}

static bool log_counts(const struct weather *w, const char *text, unsigned times)
{
    uint8_t *bytes = NULL;
    size_t len = 0, found = 0;
    if (test_read_file(w->log, &bytes, &len)) {
        for (const uint8_t *p = bytes; len > 0 && p != NULL;) {
            p = memmem(p, len - (size_t)(p - bytes), text, strlen(text));
            found += p != NULL ? 1 : 0;
            p = p == NULL ? NULL : p + 1;
        }
        free(bytes);
    }
    return found >= times;
}

static bool log_has(const struct weather *w, const char *text, unsigned times)
{
    for (int i = 0; i < 500; i++) {
        if (log_counts(w, text, times)) {
            return true;
        }
        (void)usleep(10000);
    }
    return false;
}

/* The number after the last `"key":` of the log. */
static uint64_t log_last(const struct weather *w, const char *key)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    uint64_t out = 0;
    char text[1 << 16];
    if (test_read_file(w->log, &bytes, &len)) {
        size_t n = len < sizeof text - 1 ? len : sizeof text - 1;
        memcpy(text, bytes + len - n, n);
        text[n] = '\0';
        for (const char *p = text; (p = strstr(p, key)) != NULL; p++) {
            out = strtoull(p + strlen(key), NULL, 10);
        }
        free(bytes);
    }
    return out;
}

static bool weather_open(struct weather *w, unsigned delay_ms, unsigned rate)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    char folder[TEST_FOLDER_SIZE];
    test_folder("relay", folder);
    (void)snprintf(w->log, sizeof w->log, "%s/log", folder);
    struct timeval limit = { 5, 0 }; /* of accept too */
    w->server = socket(AF_INET, SOCK_STREAM, 0);
    (void)setsockopt(w->server, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (w->server < 0 || bind(w->server, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(w->server, 16) != 0) {
        return false;
    }
    w->pid = fork();
    if (w->pid == 0) {
        char to[32];
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nothing behind */
        (void)snprintf(to, sizeof to, "127.0.0.1:%u", port_of(w->server));
        struct relay_options o = { "127.0.0.1:0", to, w->log, delay_ms, rate };
        _exit(relay_run(&o) == ERR_NONE ? 0 : 1);
    }
    if (!log_has(w, "\"event\":\"listen\"", 1)) {
        return false;
    }
    w->port = (uint16_t)log_last(w, "\"address\":\"127.0.0.1:");
    return true;
}

static int weather_close(struct weather *w)
{
    int status = -1;
    (void)kill(w->pid, SIGTERM);
    (void)waitpid(w->pid, &status, 0);
    (void)close(w->server);
    return status;
}

static int dial(const struct weather *w)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                              .sin_port = htons(w->port) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct timeval limit = { 5, 0 };
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return connect(fd, (struct sockaddr *)&at, sizeof at) == 0 ? fd : -1;
}

static bool read_all(int fd, void *out, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = read(fd, (uint8_t *)out + done, len - done);
        if (n <= 0) {
            return false;
        }
        done += (size_t)n;
    }
    return true;
}

TEST(bytes_pass_both_ways_and_the_log_has_their_totals)
{
    struct weather w;
    char got[16];
    CHECK(weather_open(&w, 0, 0));
    int client = dial(&w), server = accept(w.server, NULL, NULL);
    CHECK(client >= 0 && server >= 0);
    CHECK_EQ(write(client, "upwards", 7), 7);
    CHECK(read_all(server, got, 7));
    CHECK_BYTES(bytes_of(got, 7), bytes_of_str("upwards"));
    CHECK_EQ(write(server, "down", 4), 4);
    CHECK(read_all(client, got, 4));
    (void)close(client);
    CHECK(log_has(&w, "\"event\":\"close\",\"conn\":1,\"up\":7,\"down\":4}", 1));
    CHECK(log_has(&w, "\"event\":\"open\",\"conn\":1,\"up\":0,\"down\":0}", 1));
    (void)close(server);
    CHECK_EQ(weather_close(&w), 0);
}

TEST(a_cut_closes_all_refuses_new_ones_and_a_heal_lets_them_in)
{
    struct weather w;
    char byte;
    CHECK(weather_open(&w, 0, 0));
    int client = dial(&w), server = accept(w.server, NULL, NULL);
    CHECK_EQ(write(client, "x", 1), 1);
    CHECK(read_all(server, &byte, 1));
    CHECK_EQ(kill(w.pid, SIGUSR1), 0);
    CHECK(!read_all(client, &byte, 1) && !read_all(server, &byte, 1));
    CHECK(log_has(&w, "\"event\":\"cut\"", 1));
    int second = dial(&w);
    CHECK(second < 0 || !read_all(second, &byte, 1));
    CHECK_EQ(kill(w.pid, SIGUSR2), 0);
    CHECK(log_has(&w, "\"event\":\"heal\"", 1));
    int third = dial(&w), again = accept(w.server, NULL, NULL);
    CHECK_EQ(write(third, "y", 1), 1);
    CHECK(read_all(again, &byte, 1) && byte == 'y');
    (void)close(client);
    (void)close(server);
    (void)close(second);
    (void)close(third);
    (void)close(again);
    CHECK_EQ(weather_close(&w), 0);
}

TEST(a_far_end_that_dies_in_the_middle_takes_its_connection_with_it_and_not_the_relay)
{
    struct weather w;
    char byte;
    static const uint8_t FILL[4096];
    CHECK(weather_open(&w, 0, 20000));
    struct timeval limit = { 5, 0 };
    (void)setsockopt(w.server, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    for (int round = 0; round < 5; round++) {
        int client = dial(&w), server = accept(w.server, NULL, NULL);
        CHECK(client >= 0 && server >= 0);
        CHECK_EQ(send(client, "x", 1, MSG_NOSIGNAL), 1);
        CHECK(read_all(server, &byte, 1));
        /* What it sent is still on the slow line when it is gone, and the near end goes on. */
        CHECK(send(server, FILL, sizeof FILL, MSG_NOSIGNAL) > 0);
        (void)usleep(20000);
        (void)close(server);
        for (int i = 0; i < 10; i++) {
            (void)!send(client, FILL, 100, MSG_NOSIGNAL);
            (void)usleep(5000);
        }
        (void)close(client);
    }
    CHECK(log_has(&w, "\"event\":\"close\"", 5));
    CHECK_EQ(weather_close(&w), 0);
}

TEST(a_throttled_line_takes_its_time_and_reports_while_it_moves)
{
    static uint8_t sent[100000], got[100000];
    struct weather w;
    CHECK(weather_open(&w, 0, 200000)); /* half a second for 100,000 bytes */
    int client = dial(&w), server = accept(w.server, NULL, NULL);
    for (size_t i = 0; i < sizeof sent; i++) {
        sent[i] = (uint8_t)(i * 7);
    }
    uint64_t begin = log_now_ms();
    CHECK_EQ(write(client, sent, sizeof sent), sizeof sent);
    CHECK(read_all(server, got, sizeof got));
    uint64_t took = log_now_ms() - begin;
    CHECK(took >= 250 && took < 5000);
    CHECK_BYTES(bytes_of(got, sizeof got), bytes_of(sent, sizeof sent));
    CHECK(log_has(&w, "\"event\":\"bytes\",\"conn\":1", 3));
    (void)close(client);
    (void)close(server);
    CHECK_EQ(weather_close(&w), 0);
}

TEST(a_delayed_line_delays_each_way)
{
    struct weather w;
    char byte;
    CHECK(weather_open(&w, 100, 0));
    int client = dial(&w), server = accept(w.server, NULL, NULL);
    uint64_t begin = log_now_ms();
    CHECK_EQ(write(client, "x", 1), 1);
    CHECK(read_all(server, &byte, 1));
    uint64_t half = log_now_ms() - begin;
    CHECK_EQ(write(server, "x", 1), 1);
    CHECK(read_all(client, &byte, 1));
    uint64_t both = log_now_ms() - begin;
    CHECK(half >= 99 && both >= 198 && both < 5000);
    (void)close(client);
    (void)close(server);
    CHECK_EQ(weather_close(&w), 0);
}

TEST(a_relay_that_cannot_listen_says_why)
{
    struct weather w;
    char listen_at[32];
    CHECK(weather_open(&w, 0, 0));
    (void)snprintf(listen_at, sizeof listen_at, "127.0.0.1:%u", w.port);
    struct relay_options o = { listen_at, "127.0.0.1:9", "/dev/null", 0, 0 };
    CHECK_ERR(relay_run(&o), ERR_PORT_IN_USE);
    o.listen = "here";
    CHECK_ERR(relay_run(&o), ERR_USAGE);
    CHECK_EQ(weather_close(&w), 0);
}

/* Dials once more; whether its byte comes out at the far side. */
static bool passes(const struct weather *w, int *client, int *server)
{
    char byte = 0;
    *client = dial(w);
    *server = *client < 0 ? -1 : accept(w->server, NULL, NULL);
    return *server >= 0 && write(*client, "x", 1) == 1 && read_all(*server, &byte, 1) &&
           byte == 'x';
}

TEST(so_many_connections_pass_one_more_ends_at_once_and_there_is_room_again_afterwards)
{
    struct weather w;
    static int client[RELAY_CONNS_MAX], server[RELAY_CONNS_MAX];
    char byte;
    CHECK(weather_open(&w, 0, 0));
    for (uint32_t i = 0; i < RELAY_CONNS_MAX; i++) {
        CHECK(passes(&w, &client[i], &server[i]));
    }
    int more = dial(&w);
    CHECK(more >= 0);
    CHECK_EQ(read(more, &byte, 1), 0); /* the relay closes it */
    CHECK(!log_counts(&w, "\"event\":\"open\"", RELAY_CONNS_MAX + 1));
    (void)close(more);
    CHECK_EQ(write(server[0], "y", 1), 1); /* those that were there notice nothing */
    CHECK(read_all(client[0], &byte, 1) && byte == 'y');
    (void)close(client[1]);
    CHECK(!read_all(server[1], &byte, 1));
    (void)close(server[1]);
    CHECK(log_has(&w, "\"event\":\"close\"", 1));
    CHECK(passes(&w, &client[1], &server[1]));
    for (uint32_t i = 0; i < RELAY_CONNS_MAX; i++) {
        (void)close(client[i]);
        (void)close(server[i]);
    }
    CHECK_EQ(weather_close(&w), 0);
}
