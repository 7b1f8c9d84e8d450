#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/actions_internal.h"
#include "cli/net_internal.h"
#include "cli/output_internal.h"
#include "crypto/keyfile.h"
#include "crypto/secret.h"
#include "identity/identity.h"

/* The writer keeps one folder aside; its files appear all at once by a rename. */
struct net_writer {
    struct net_plan *plan;
    struct bytes passphrase;
    char aside[4096];
    uint16_t port[2 * NET_PARTICIPANTS_MAX];
};

static enum err put_file(struct net_writer *w, unsigned mode, struct bytes x, const char *name)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", w->aside, name);
    return cli_write_file(w->plan->cli, path, x, mode);
}

/* Where free ports are looked for: above the services that systems know, below those that kernels
 * lend to outgoing connections (32768 on Linux), one of which could stand there when a node that
 * ended wants its port again. */
enum { PORT_FIRST = 10240, PORT_END = 32768, PORT_TRIES = 200 };

/* A socket that holds this port of the loopback address; -1: errno says why. */
static int hold_port(uint16_t port)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons(port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) != 0) {
        int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

static int hold_some_port(uint16_t *port)
{
    int fd = -1;
    for (int tries = 0; fd < 0 && tries < PORT_TRIES; tries++) {
        uint8_t random[4];
        secret_random(random, sizeof random);
        struct reader r = reader_over(bytes_of(random, sizeof random));
        *port = (uint16_t)(PORT_FIRST + reader_u32(&r) % (PORT_END - PORT_FIRST));
        fd = hold_port(*port);
    }
    return fd;
}

/* All are held open until the last one is found. */
static enum err find_ports(struct net_writer *w, uint32_t count)
{
    int fd[2 * NET_PARTICIPANTS_MAX];
    enum err e = ERR_NONE;
    uint32_t held = 0;
    for (; held < count; held++) {
        w->port[held] = (uint16_t)(w->plan->port + held);
        fd[held] = w->plan->port != 0 ? hold_port(w->port[held]) : hold_some_port(&w->port[held]);
        if (fd[held] < 0) {
            e = cli_fail(w->plan->cli, errno == EADDRINUSE ? ERR_PORT_IN_USE : ERR_FAILED, "ports",
                         "%u: %s", w->port[held], strerror(errno));
            break;
        }
    }
    for (uint32_t i = 0; i < held; i++) {
        close(fd[i]);
    }
    return e;
}

static enum err write_nodes(struct net_writer *w)
{
    struct net_plan *p = w->plan;
    uint32_t count = p->nodes + p->observers;
    char *text, address[32];
    size_t len;
    TRY(find_ports(w, 2 * count));
    json_t *rows = json_new_array();
    for (uint32_t i = 0; i < count; i++) {
        json_t *row = json_new_object();
        json_put(row, "index", json_new_int(i));
        json_put(row, "participant", json_new_hash(&p->who[i].did));
        snprintf(address, sizeof address, "127.0.0.1:%u", w->port[2 * i]);
        json_put(row, "peer", json_new_str(address));
        snprintf(address, sizeof address, "127.0.0.1:%u", w->port[2 * i + 1]);
        json_put(row, "api", json_new_str(address));
        json_push(rows, row);
    }
    json_t *j = json_new_object();
    json_put(j, "nodes", rows);
    enum err e = json_write_pretty(j, &text, &len);
    json_free(j);
    TRY(e);
    e = put_file(w, 0644, bytes_of(text, len), "nodes.json");
    json_text_free(text);
    return e;
}

static enum err seal_key(struct net_writer *w, uint8_t kind, struct bytes plain, const char *name)
{
    uint8_t sealed[KEYFILE_SIZE_MAX];
    size_t len;
    TRY(keyfile_seal(kind, w->passphrase, plain, sealed, &len));
    return put_file(w, 0600, bytes_of(sealed, len), name);
}

static void draw_validity(const struct net_plan *p, struct identity_validity *v)
{
    secret_random(v->serial, sizeof v->serial);
    v->from_ms = p->now_ms - 3600 * 1000;
    v->until_ms = p->now_ms + 825ull * 24 * 3600 * 1000;
}

/* Transport key, certificate, and the node's key file: u64 epoch ‖ seed ‖ PKCS#8. */
static enum err write_node(struct net_writer *w, uint32_t i)
{
    struct net_plan *p = w->plan;
    uint8_t random[IDENTITY_SEED_SIZE], key[IDENTITY_KEY_SIZE_MAX], spki[IDENTITY_KEY_SIZE_MAX];
    uint8_t der[IDENTITY_CERT_SIZE_MAX], pem[IDENTITY_PEM_SIZE_MAX];
    uint8_t plain[8 + SUITE_SECRET_SIZE + IDENTITY_KEY_SIZE_MAX];
    struct buf k = buf_over(key, sizeof key), s = buf_over(spki, sizeof spki);
    struct buf d = buf_over(der, sizeof der), m = buf_over(pem, sizeof pem);
    struct buf all = buf_over(plain, sizeof plain);
    struct identity_validity v;
    char dir[4200], name[64];
    secret_random(random, sizeof random);
    draw_validity(p, &v);
    TRY(identity_key(random, &k));
    TRY(identity_key_public(buf_bytes(&k), &s));
    TRY(identity_issue(p->ca_key, p->ca_cert, buf_bytes(&s), &p->genesis.space, &p->who[i].did, &v,
                       &d));
    TRY(identity_pem(buf_bytes(&d), &m));
    snprintf(dir, sizeof dir, "%s/node-%u", w->aside, i);
    TRY(output_folder(p->cli, dir));
    snprintf(name, sizeof name, "node-%u/tls.pem", i);
    TRY(put_file(w, 0644, buf_bytes(&m), name));
    buf_put_u64(&all, 0);
    buf_put(&all, bytes_of(p->who[i].epoch_seed, SUITE_SECRET_SIZE));
    buf_put(&all, buf_bytes(&k));
    snprintf(name, sizeof name, "keys/node-%u.key", i);
    enum err e = seal_key(w, KEYFILE_KIND_NODE, buf_bytes(&all), name);
    secret_wipe(plain, sizeof plain);
    secret_wipe(key, sizeof key);
    secret_wipe(random, sizeof random);
    return e;
}

static enum err write_participant(struct net_writer *w, const struct net_participant *who)
{
    char name[64], hex[HEX_SIZE(HASH_SIZE) + 2];
    snprintf(name, sizeof name, "keys/%s.key", who->name);
    TRY(seal_key(w, KEYFILE_KIND_PARTICIPANT, bytes_of(who->secret, 64), name));
    hex_encode(bytes_of_hash(&who->did), hex);
    memcpy(hex + HEX_SIZE(HASH_SIZE), "\n", 2);
    snprintf(name, sizeof name, "keys/%s.did", who->name);
    return put_file(w, 0644, bytes_of_str(hex), name);
}

static enum err write_all(struct net_writer *w)
{
    struct net_plan *p = w->plan;
    uint8_t pem[IDENTITY_PEM_SIZE_MAX];
    struct buf m = buf_over(pem, sizeof pem);
    char keys[4200];
    snprintf(keys, sizeof keys, "%s/keys", w->aside);
    TRY(output_folder(p->cli, keys));
    TRY(put_file(w, 0644, p->genesis_bytes, "genesis"));
    TRY(put_file(w, 0644, bytes_of(p->law.prose, p->law.prose_len), "prose.json"));
    TRY(identity_pem(p->ca_cert, &m));
    TRY(put_file(w, 0644, buf_bytes(&m), "ca.pem"));
    TRY(seal_key(w, KEYFILE_KIND_CA, p->ca_key, "keys/ca.key"));
    TRY(write_nodes(w));
    for (uint32_t i = 0; i < p->nodes + p->observers; i++) {
        TRY(write_node(w, i));
        TRY(write_participant(w, &p->who[i]));
        fprintf(p->cli->progress, "\rsealing keys %u/%u", i + 1, p->nodes + p->observers);
        fflush(p->cli->progress);
    }
    fprintf(p->cli->progress, "\r                    \r");
    return ERR_NONE;
}

/* Only what this program wrote aside is removed: four levels, whatever lies there. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static void remove_tree(const char *path, int depth)
{
    DIR *dir = depth < 4 ? opendir(path) : NULL;
    const struct dirent *d;
    while (dir != NULL && (d = readdir(dir)) != NULL) {
        char inner[4500];
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0 ||
            snprintf(inner, sizeof inner, "%s/%s", path, d->d_name) >= (int)sizeof inner) {
            continue;
        }
        if (unlink(inner) != 0) {
            remove_tree(inner, depth + 1);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    rmdir(path);
}

enum err net_write(struct net_plan *p, struct bytes passphrase)
{
    struct net_writer *w = calloc(1, sizeof *w);
    ASSERT(w != NULL);
    w->plan = p;
    w->passphrase = passphrase;
    snprintf(w->aside, sizeof w->aside, "%s.new-%ld", p->cli->dir, (long)getpid());
    enum err e = output_folder(p->cli, w->aside);
    if (e == ERR_NONE) {
        e = write_all(w);
        /* An empty folder may stand there already: rename replaces it. */
        e = e != ERR_NONE ? e : output_rename(p->cli, w->aside, p->cli->dir);
        if (e != ERR_NONE) {
            remove_tree(w->aside, 0);
        }
    }
    free(w);
    return e;
}

enum err net_make_ca(struct net_plan *p)
{
    uint8_t random[IDENTITY_SEED_SIZE], *room = arena_alloc(&p->arena, 3 * IDENTITY_CERT_SIZE_MAX);
    struct identity_validity v;
    ASSERT(room != NULL);
    struct buf key = buf_over(room, IDENTITY_CERT_SIZE_MAX);
    struct buf spki = buf_over(room + IDENTITY_CERT_SIZE_MAX, IDENTITY_CERT_SIZE_MAX);
    struct buf cert = buf_over(room + 2 * IDENTITY_CERT_SIZE_MAX, IDENTITY_CERT_SIZE_MAX);
    secret_random(random, sizeof random);
    draw_validity(p, &v);
    v.until_ms = p->now_ms + 3650ull * 24 * 3600 * 1000;
    TRY(identity_key(random, &key));
    secret_wipe(random, sizeof random);
    TRY(identity_key_public(buf_bytes(&key), &spki));
    TRY(identity_ca(buf_bytes(&key), &v, &cert));
    p->ca_key = buf_bytes(&key);
    p->ca_spki = buf_bytes(&spki);
    p->ca_cert = buf_bytes(&cert);
    return ERR_NONE;
}
