#include "cli/session_internal.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/http_internal.h"
#include "crypto/keyfile.h"
#include "crypto/secret.h"

uint64_t session_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void session_random(struct session *s, void *out, size_t size)
{
    (void)s;
    secret_random(out, size);
}

static enum err read_genesis(struct session *s)
{
    char path[4096];
    uint8_t *file;
    size_t len;
    uint32_t number;
    struct bytes wire;
    cli_path(s->cli, path, sizeof path, "genesis");
    enum err e = cli_read_file(s->cli, path, &file, &len);
    if (e != ERR_NONE) {
        cli_hint(s->cli, "give --dir D, or make a space with carnet net init --dir D");
        return e;
    }
    e = arena_copy(&s->arena, bytes_of(file, len), &wire);
    free(file);
    TRY(e);
    e = genesis_suite(wire, &s->arena, &number);
    if (e == ERR_NONE) {
        s->suite = suite_by_number(number);
        e = s->suite == NULL ? ERR_VERSION : genesis_decode(s->suite, wire, &s->arena, &s->genesis);
    }
    if (e == ERR_ENCODING) {
        cli_hint(s->cli, "give --dir D, or make a space with carnet net init --dir D");
        return cli_fail(s->cli, ERR_UNREADABLE, path, "is not the genesis file of a space");
    }
    return e == ERR_NONE ? e : cli_fail(s->cli, e, path, "%s", err_text(e));
}

static enum err read_node(struct session *s, const json_t *row)
{
    const char *peer, *api;
    int64_t index;
    struct session_node *n = &s->node[s->node_count];
    TRY(json_get_int(row, "index", &index));
    TRY(json_get_hash(row, "participant", &n->participant));
    TRY(json_get_str(row, "peer", &peer));
    TRY(json_get_str(row, "api", &api));
    n->index = (uint32_t)index;
    snprintf(n->peer, sizeof n->peer, "%s", peer);
    snprintf(n->api, sizeof n->api, "%s", api);
    s->node_count++;
    return ERR_NONE;
}

static enum err read_nodes(struct session *s)
{
    char path[4096], why[JSON_ERROR_SIZE] = "";
    uint8_t *file;
    size_t len;
    json_t *j;
    cli_path(s->cli, path, sizeof path, "nodes.json");
    TRY(cli_read_file(s->cli, path, &file, &len));
    enum err e = json_read(bytes_of(file, len), 1 << 20, &j, why);
    free(file);
    if (e != ERR_NONE) {
        return cli_fail(s->cli, e, path, "%s", why);
    }
    const json_t *rows = json_member(j, "nodes");
    for (size_t i = 0; e == ERR_NONE && rows != NULL && i < json_size(rows); i++) {
        e = i < CLI_NODES_MAX ? read_node(s, json_at(rows, i)) : ERR_SIZE;
    }
    json_free(j);
    if (e != ERR_NONE || s->node_count == 0) {
        return cli_fail(s->cli, e != ERR_NONE ? e : ERR_UNREADABLE, path,
                        "is not a list of nodes {index, participant, peer, api}");
    }
    return ERR_NONE;
}

/* The only key in keys/ that is a participant's (it has a NAME.did beside it). */
static enum err only_key(struct session *s, char *out, size_t cap)
{
    char path[4096];
    unsigned found = 0;
    cli_path(s->cli, path, sizeof path, "keys");
    DIR *dir = opendir(path);
    const struct dirent *d;
    while (dir != NULL && (d = readdir(dir)) != NULL) {
        size_t len = strlen(d->d_name);
        if (len > 4 && len - 4 < cap && strcmp(d->d_name + len - 4, ".did") == 0) {
            snprintf(out, cap, "%.*s", (int)(len - 4), d->d_name);
            found++;
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    if (found != 1) {
        cli_hint(s->cli, "give --as NAME or set CARNET_AS");
        return cli_fail(s->cli, found == 0 ? ERR_NOT_FOUND : ERR_USAGE, path,
                        "%u participants have keys here: which one acts?", found);
    }
    return ERR_NONE;
}

/* Which key ids of the genesis document are these secrets'? Keys that came later keep ids 1 and
 * 2. */
static void find_key_ids(struct session *s)
{
    const struct did_document *d = genesis_participant(&s->genesis, &s->did);
    s->sign_key = 1;
    s->seal_key = 2;
    for (uint32_t i = 0; d != NULL && i < d->key_count; i++) {
        if (d->key[i].use == DID_SIGN) {
            s->sign_key = d->key[i].id;
        } else if (d->key[i].use == DID_SEAL) {
            s->seal_key = d->key[i].id;
        }
    }
}

static enum err open_key(struct session *s)
{
    char path[4096], passphrase[CLI_PASSPHRASE_SIZE_MAX];
    uint8_t *file;
    size_t len, plain_len, passphrase_len;
    TRY(session_party(s, s->name, &s->did));
    cli_path(s->cli, path, sizeof path, "keys/%s.key", s->name);
    TRY(cli_read_file(s->cli, path, &file, &len));
    enum err e = cli_passphrase(s->cli, s->name, passphrase, &passphrase_len);
    if (e == ERR_NONE) {
        s->secret = secret_alloc(KEYFILE_PLAIN_SIZE_MAX);
        ASSERT(s->secret != NULL);
        e = keyfile_open(KEYFILE_KIND_PARTICIPANT, bytes_of(passphrase, passphrase_len),
                         bytes_of(file, len), s->secret, KEYFILE_PLAIN_SIZE_MAX, &plain_len);
        secret_wipe(passphrase, sizeof passphrase);
        if (e == ERR_NONE && plain_len != 64) {
            e = ERR_ENCODING;
        }
        if (e != ERR_NONE) {
            e = cli_fail(s->cli, e, path, "%s", err_text(e));
        }
    }
    free(file);
    if (e == ERR_NONE) {
        s->has_keys = true;
        find_key_ids(s);
    }
    return e;
}

static void prefer_own_node(struct session *s)
{
    s->own = CLI_NODES_MAX;
    for (uint32_t i = 0; i < s->node_count; i++) {
        if (s->has_keys && hash_equal(&s->node[i].participant, &s->did)) {
            s->preferred = i;
            s->own = i;
        }
    }
}

enum err session_open(struct cli *c, bool keys, struct session *out)
{
    memset(out, 0, sizeof *out);
    out->cli = c;
    void *memory = mmap(NULL, SESSION_ARENA_SIZE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ASSERT(memory != MAP_FAILED);
    out->arena = arena_over(memory, SESSION_ARENA_SIZE);
    enum err e = read_genesis(out);
    if (e == ERR_NONE) {
        e = read_nodes(out);
    }
    if (e == ERR_NONE && keys) {
        if (c->as != NULL) {
            snprintf(out->name, sizeof out->name, "%s", c->as);
        } else {
            e = only_key(out, out->name, sizeof out->name);
        }
        if (e == ERR_NONE) {
            e = open_key(out);
        }
    }
    if (e == ERR_NONE) {
        char ca[4096];
        cli_path(c, ca, sizeof ca, "ca.pem");
        prefer_own_node(out);
        e = http_open(ca, (struct http **)&out->http);
    }
    if (e != ERR_NONE) {
        session_close(out);
    }
    return e;
}

void session_close(struct session *s)
{
    http_close(s->http);
    secret_free(s->secret);
    if (s->arena.base != NULL) {
        munmap(s->arena.base, s->arena.size);
    }
    memset(s, 0, sizeof *s);
}

enum err session_act(struct cli *c, enum err (*act)(struct session *))
{
    struct session s;
    TRY(session_open(c, true, &s));
    enum err e = act(&s);
    session_close(&s);
    return e;
}

/* A hexadecimal DID, a whole DID of this space, or the name of a key file. */
static enum err party_of_file(struct session *s, const char *name, struct hash *did)
{
    char path[4096];
    uint8_t *file;
    size_t len;
    if (strchr(name, '/') != NULL || name[0] == '.' || strlen(name) >= sizeof s->name) {
        return cli_fail(s->cli, ERR_USAGE, name, "is not a name or a DID");
    }
    cli_path(s->cli, path, sizeof path, "keys/%s.did", name);
    enum err e = cli_read_file(s->cli, path, &file, &len);
    if (e != ERR_NONE) {
        return cli_fail(s->cli, e, name, "no participant of that name has keys in %s", s->cli->dir);
    }
    char hex[65] = "";
    snprintf(hex, sizeof hex, "%.64s", (const char *)file);
    free(file);
    e = hash_from_hex(hex, did);
    return e == ERR_NONE ? e : cli_fail(s->cli, ERR_UNREADABLE, path, "holds no DID");
}

enum err session_party(struct session *s, const char *text, struct hash *did)
{
    if (hash_from_hex(text, did) == ERR_NONE) {
        return ERR_NONE;
    }
    if (strncmp(text, "did:", 4) == 0) {
        const char *last = strrchr(text, ':') + 1;
        char space[HEX_SIZE(HASH_SIZE) + 1], whole[200];
        hex_encode(bytes_of_hash(&s->genesis.space), space);
        snprintf(whole, sizeof whole, "did:carnet:%s:%s", space, last);
        if (strcmp(whole, text) != 0 || hash_from_hex(last, did) != ERR_NONE) {
            return cli_fail(s->cli, ERR_USAGE, text, "is not a DID of this space");
        }
        return ERR_NONE;
    }
    return party_of_file(s, text, did);
}

void session_sealing_private(const struct session *s, uint8_t out[32])
{
    uint8_t public_key[32];
    ASSERT(s->has_keys);
    wrap_x25519_keys(s->secret + 32, out, public_key);
}

enum err session_did_document(struct session *s, const struct hash *did, struct did_document *out)
{
    struct contract_key key = contract_key_did(did);
    struct bytes value;
    struct did_record record;
    TRY(session_state(s, CONTRACT_DID, contract_key_bytes(&key), &value));
    TRY(did_record_decode(value, &s->arena, &record));
    *out = record.document;
    return ERR_NONE;
}

enum err session_reader(struct session *s, const struct hash *did, struct attachment_reader *out)
{
    struct did_document d;
    TRY(session_did_document(s, did, &d));
    for (uint32_t i = 0; i < d.key_count; i++) {
        if (d.key[i].use == DID_SEAL) {
            *out = (struct attachment_reader){ *did, d.key[i].id, d.key[i].suite,
                                               d.key[i].public_key };
            return ERR_NONE;
        }
    }
    return cli_fail(s->cli, ERR_NOT_FOUND, "reader", "its DID document has no sealing key");
}
