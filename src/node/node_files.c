#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/json.h"
#include "node/node_internal.h"

/* What a node reads before anything runs: the lock, genesis, nodes.json, keys, certificates. */

enum { TLS_FILE_SIZE_MAX = 64 * 1024 };

enum err node_said(char why[NODE_WHY_SIZE], enum err e, const char *what, const char *hint)
{
    (void)snprintf(why, NODE_WHY_SIZE, "%.120s: %s%s%.100s", what, err_text(e),
                   hint[0] == '\0' ? "" : "; ", hint);
    return e;
}

enum err node_read_file(struct disk *d, const char *name, size_t size_max, struct arena *a,
                        struct bytes *out)
{
    struct storage s = disk_storage(d);
    uint64_t size = 0;
    size_t len = 0;
    TRY(s.size(s.ctx, name, &size));
    if (size > size_max) {
        return ERR_SIZE;
    }
    uint8_t *bytes = arena_alloc(a, (size_t)size + 1);
    if (bytes == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(s.read(s.ctx, name, 0, bytes, (size_t)size, &len));
    *out = bytes_of(bytes, len);
    return ERR_NONE;
}

/* One process a directory. The lock goes with the process, however it ends. flock refuses a second
 * node even in this process; the record lock tells whoever asks (F_GETLK) which process holds it.
 */
static enum err take_lock(struct node *n, char why[NODE_WHY_SIZE])
{
    char path[NODE_PATH_SIZE + 64];
    struct flock named = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    (void)snprintf(path, sizeof path, "%s/node-%u/lock", n->dir, n->index);
    n->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (n->lock < 0) {
        return node_said(why, disk_errno(errno), path, "");
    }
    if (flock(n->lock, LOCK_EX | LOCK_NB) != 0 || fcntl(n->lock, F_SETLK, &named) != 0) {
        return node_said(why, ERR_BUSY, path, "another process runs this node");
    }
    return ERR_NONE;
}

static enum err load_genesis(struct node *n, char why[NODE_WHY_SIZE])
{
    struct storage s = disk_storage(&n->root);
    uint64_t size = 0;
    struct bytes wire;
    uint32_t suite = 0;
    enum err e = s.size(s.ctx, "genesis", &size);
    if (e == ERR_NONE && size > GENESIS_SIZE_MAX) {
        e = ERR_SIZE;
    }
    if (e != ERR_NONE) {
        return node_said(why, e, "genesis", "is this the directory of a space?");
    }
    size_t memory = (size_t)size * 100 + 4 * 1024 * 1024;
    n->genesis_memory = malloc(memory);
    struct arena a = arena_over(n->genesis_memory, memory);
    e = n->genesis_memory == NULL
            ? ERR_NO_SPACE
            : node_read_file(&n->root, "genesis", GENESIS_SIZE_MAX, &a, &wire);
    if (e == ERR_NONE) {
        e = genesis_suite(wire, &a, &suite);
    }
    n->suite = suite_by_number(suite);
    if (e == ERR_NONE) {
        e = n->suite == NULL ? ERR_VERSION : genesis_decode(n->suite, wire, &a, &n->genesis);
    }
    if (e == ERR_ENCODING) {
        return node_said(why, ERR_UNREADABLE, "genesis", "it is not the genesis file of a space");
    }
    return e == ERR_NONE ? e : node_said(why, e, "genesis", "");
}

static bool copy_address(char out[PEER_ADDRESS_SIZE], const char *from)
{
    struct sockaddr_storage at;
    size_t len = strnlen(from, PEER_ADDRESS_SIZE);
    if (len == PEER_ADDRESS_SIZE || conn_parse_address(from, &at) != ERR_NONE) {
        return false;
    }
    memcpy(out, from, len + 1);
    return true;
}

/* {index, participant, peer, api[, bulk]} */
static enum err read_entry(struct node *n, const json_t *j)
{
    static const char *const KNOWN[] = { "index", "participant", "peer", "api", "bulk", NULL };
    const char *stranger, *peer, *api, *bulk = NULL;
    int64_t index;
    struct hash did;
    uint32_t participant;
    TRY(json_only(j, KNOWN, &stranger));
    TRY(json_get_int(j, "index", &index));
    TRY(json_get_hash(j, "participant", &did));
    TRY(json_get_str(j, "peer", &peer));
    TRY(json_get_str(j, "api", &api));
    enum err e = json_get_str(j, "bulk", &bulk);
    if (e != ERR_NONE && e != ERR_NOT_FOUND) {
        return e;
    }
    if (index < 0 || index >= n->entry_count || n->entry[index].used) {
        return ERR_RANGE;
    }
    if (!node_participant(n, &did, &participant) || n->address[participant] != NULL) {
        return ERR_STATE;
    }
    struct node_entry *entry = &n->entry[index];
    if (!copy_address(entry->peer, peer) || !copy_address(entry->api, api) ||
        (bulk != NULL && !copy_address(entry->bulk, bulk))) {
        return ERR_RANGE;
    }
    entry->used = true;
    entry->participant = participant;
    n->address[participant] = entry->peer;
    n->bulk_address[participant] = bulk == NULL ? NULL : entry->bulk;
    return ERR_NONE;
}

static enum err read_nodes(struct node *n, const json_t *root)
{
    const json_t *list = json_member(root, "nodes");
    size_t count = list == NULL ? 0 : json_size(list);
    if (count == 0 || count > n->genesis.participant_count) {
        return ERR_RANGE;
    }
    n->entry = calloc(count, sizeof *n->entry);
    n->address = calloc(n->genesis.participant_count, sizeof *n->address);
    n->bulk_address = calloc(n->genesis.participant_count, sizeof *n->bulk_address);
    if (n->entry == NULL || n->address == NULL || n->bulk_address == NULL) {
        return ERR_NO_SPACE;
    }
    n->entry_count = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        TRY(read_entry(n, json_at(list, i)));
    }
    return ERR_NONE;
}

/* Indices are 0 to one less than there are nodes: each is there once. */
static enum err find_self(struct node *n, char why[NODE_WHY_SIZE])
{
    char what[32], known[96];
    if (n->index < n->entry_count) {
        n->self = n->entry[n->index].participant;
        return ERR_NONE;
    }
    (void)snprintf(what, sizeof what, "index %u", n->index);
    (void)snprintf(known, sizeof known, "nodes.json lists 0 to %u, in %.50s", n->entry_count - 1,
                   n->dir);
    return node_said(why, ERR_NOT_FOUND, what, known);
}

static enum err load_nodes(struct node *n, char why[NODE_WHY_SIZE])
{
    char reason[JSON_ERROR_SIZE] = "";
    json_t *root = NULL;
    struct bytes text;
    uint8_t *memory = malloc(NODES_FILE_SIZE_MAX + 64);
    struct arena a = arena_over(memory, NODES_FILE_SIZE_MAX + 64);
    enum err e = memory == NULL
                     ? ERR_NO_SPACE
                     : node_read_file(&n->root, "nodes.json", NODES_FILE_SIZE_MAX, &a, &text);
    if (e == ERR_NONE) {
        e = json_read(text, NODES_FILE_SIZE_MAX, &root, reason);
    }
    if (e == ERR_NONE) {
        e = read_nodes(n, root);
        json_free(root);
    }
    free(memory);
    return e == ERR_NONE ? find_self(n, why) : node_said(why, e, "nodes.json", reason);
}

static enum err read_certificates(struct node *n, struct arena *a)
{
    char name[64];
    struct bytes pem;
    struct buf b = buf_over(n->certificate.bytes, sizeof n->certificate.bytes);
    (void)snprintf(name, sizeof name, "node-%u/tls.pem", n->index);
    TRY(node_read_file(&n->root, "ca.pem", IDENTITY_CA_FILE_SIZE_MAX, a, &pem));
    TRY(identity_trust_open(&n->genesis, pem, &n->trust));
    TRY(node_read_file(&n->root, name, TLS_FILE_SIZE_MAX, a, &pem));
    TRY(identity_pem_read(pem, &b));
    n->certificate.len = b.len;
    return ERR_NONE;
}

/* A node must not start with a certificate that its peers would refuse. */
static enum err load_tls(struct node *n, char why[NODE_WHY_SIZE])
{
    size_t size = IDENTITY_CA_FILE_SIZE_MAX + TLS_FILE_SIZE_MAX + 256;
    uint8_t *memory = malloc(size);
    struct arena a = arena_over(memory, size);
    enum err e = memory == NULL ? ERR_NO_SPACE : read_certificates(n, &a);
    free(memory);
    if (e != ERR_NONE) {
        return node_said(why, e, "the space's CA or this node's certificate", "");
    }
    struct bytes own = bytes_of(n->certificate.bytes, n->certificate.len);
    enum identity_verdict verdict = IDENTITY_OK;
    uint32_t who = 0;
    e = identity_check(n->trust, own, node_did(n, n->self), node_now_ms(n), &who, &verdict);
    if (e != ERR_NONE) {
        return node_said(why, e, "this node's certificate", identity_why(verdict));
    }
    struct tls_config config = { .certificate = own,
                                 .key = bytes_of(n->keystore.keys->transport,
                                                 n->keystore.keys->transport_len),
                                 .trust = n->trust,
                                 .now_ms = log_now_ms };
    e = tls_context_open(&config, &n->tls);
    return e == ERR_NONE ? e : node_said(why, e, "this node's transport key", "");
}

static enum err make_space_dir(struct node *n, char why[NODE_WHY_SIZE])
{
    char hex[HEX_SIZE(HASH_SIZE) + 1], name[STORAGE_NAME_SIZE_MAX];
    hex_encode(bytes_of_hash(&n->genesis.space), hex);
    (void)snprintf(name, sizeof name, "node-%u/spaces", n->index);
    enum err e = disk_folder(&n->root, name);
    (void)snprintf(name, sizeof name, "node-%u/spaces/%s", n->index, hex);
    if (e == ERR_NONE) {
        e = disk_folder(&n->root, name);
    }
    int len = snprintf(n->space_dir, sizeof n->space_dir, "%.2047s/%s", n->dir, name);
    if (e == ERR_NONE && (len < 0 || (size_t)len >= sizeof n->space_dir)) {
        e = ERR_SIZE;
    }
    if (e == ERR_NONE) {
        e = disk_open(n->space_dir, disk_calls_posix(), &n->disk);
    }
    return e == ERR_NONE ? e : node_said(why, e, name, "");
}

static enum err open_dir(struct node *n, const char *dir, uint32_t index, char why[NODE_WHY_SIZE])
{
    n->lock = n->root.folder = n->disk.folder = -1;
    n->index = index;
    if (strnlen(dir, NODE_PATH_SIZE / 2) == NODE_PATH_SIZE / 2) {
        return node_said(why, ERR_SIZE, "the directory's name", "");
    }
    memcpy(n->dir, dir, strlen(dir) + 1);
    enum err e = disk_open(n->dir, disk_calls_posix(), &n->root);
    if (e != ERR_NONE) {
        return node_said(why, e, n->dir, "make a space with `carnet net init`");
    }
    return load_genesis(n, why);
}

static enum err make_node_dir(struct node *n, char why[NODE_WHY_SIZE])
{
    char name[64];
    (void)snprintf(name, sizeof name, "node-%u", n->index);
    enum err e = disk_folder(&n->root, name);
    return e == ERR_NONE ? e : node_said(why, e, name, "");
}

enum err node_files_offline(struct node *n, const char *dir, uint32_t index,
                            char why[NODE_WHY_SIZE])
{
    char path[NODE_PATH_SIZE + 64];
    TRY(open_dir(n, dir, index, why));
    (void)snprintf(path, sizeof path, "%s/node-%u", dir, index);
    if (access(path, F_OK) != 0) { /* a slip of the number must not leave another node's folder */
        return node_said(why, ERR_NOT_FOUND, path, "this space has no such node here");
    }
    TRY(take_lock(n, why));
    return make_space_dir(n, why);
}

enum err node_files_open(struct node *n, const struct node_options *o, char why[NODE_WHY_SIZE])
{
    char name[64];
    TRY(open_dir(n, o->dir, o->index, why));
    TRY(anchors_open(&n->anchors, n->suite, &n->genesis, o, why));
    TRY(load_nodes(n, why));
    TRY(make_node_dir(n, why));
    TRY(take_lock(n, why));
    (void)snprintf(name, sizeof name, "keys/node-%u.key", n->index);
    enum err e = keystore_open(&n->keystore, &n->root, n->index, o->passphrase);
    if (e != ERR_NONE) {
        return node_said(why, e, name, "");
    }
    TRY(load_tls(n, why));
    return make_space_dir(n, why);
}

void node_files_close(struct node *n)
{
    anchors_close(&n->anchors);
    tls_context_close(n->tls);
    identity_trust_close(n->trust);
    keystore_close(&n->keystore);
    disk_close(&n->disk);
    disk_close(&n->root);
    if (n->lock >= 0) {
        (void)close(n->lock);
    }
    free(n->bulk_address);
    free(n->address);
    free(n->entry);
    free(n->genesis_memory);
}
