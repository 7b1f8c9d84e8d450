#include "cli/committee_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/epoch_key.h"
#include "crypto/keyfile.h"
#include "crypto/secret.h"
#include "node/node.h"

static enum err need_own_node(struct session *s)
{
    return s->own < CLI_NODES_MAX
               ? ERR_NONE
               : cli_fail(s->cli, ERR_NOT_FOUND, s->name, "has no node in nodes.json");
}

static uint64_t key_count(const struct session *s)
{
    return (uint64_t)1 << s->genesis.param[PARAM_EPOCH_KEY_LOG2];
}

/* They lie beside the key file; a node of an earlier release has them in its folder of the space.
 */
static enum err leaves_path(struct session *s, char *out, size_t cap)
{
    char space[HEX_SIZE(HASH_SIZE) + 1], before[4096];
    uint32_t node = s->node[s->own].index;
    hex_encode(bytes_of_hash(&s->genesis.space), space);
    cli_path(s->cli, before, sizeof before, "node-%u/spaces/%s/epoch-leaves", node, space);
    cli_path(s->cli, out, cap, "keys/node-%u.leaves", node);
    if (access(out, F_OK) == 0) {
        return ERR_NONE;
    }
    if (access(before, F_OK) != 0) {
        cli_hint(s->cli, "where it was lost since: --new-keys");
        return cli_fail(s->cli, ERR_NOT_FOUND, out,
                        "node %u makes it at its first start, here: start it, and ask again", node);
    }
    cli_path(s->cli, out, cap, "node-%u/spaces/%s/epoch-leaves", node, space);
    return ERR_NONE;
}

enum err committee_own_root(struct session *s, struct hash *out)
{
    char path[4096];
    uint8_t *file;
    size_t len;
    TRY(need_own_node(s));
    TRY(leaves_path(s, path, sizeof path));
    TRY(cli_read_file(s->cli, path, &file, &len));
    struct hash *leaf = ARENA_ARRAY(&s->arena, struct hash, key_count(s));
    bool fits = leaf != NULL && len == key_count(s) * HASH_SIZE;
    if (fits) {
        memcpy(leaf, file, len);
        merkle_root(s->suite, leaf, key_count(s), out);
    }
    free(file);
    return fits ? ERR_NONE : cli_fail(s->cli, ERR_SIZE, path, "is not the leaves of a key tree");
}

static enum err read_keys(struct session *s, const char *path, struct bytes passphrase,
                          struct node_keys *out)
{
    uint8_t *file;
    size_t len;
    TRY(cli_read_file(s->cli, path, &file, &len));
    enum err e = node_keys_open(bytes_of(file, len), passphrase, out);
    free(file);
    return e == ERR_NONE ? e : cli_fail(s->cli, e, path, "%s", err_text(e));
}

static enum err draw_keys(struct session *s, const char *path, struct bytes passphrase,
                          struct node_keys *keys)
{
    uint8_t sealed[KEYFILE_SIZE_MAX];
    size_t len;
    keys->seed.epoch = 0;
    secret_random(keys->seed.seed, sizeof keys->seed.seed);
    TRY(node_keys_seal(keys, passphrase, sealed, &len));
    return cli_write_file(s->cli, path, bytes_of(sealed, len), 0600);
}

/* The node will open the new file with the passphrase of the present one, so that comes first. What
 * waits already is not drawn again: a change may have been decided for its root. */
static enum err find_keys(struct session *s, struct bytes passphrase, struct node_keys *keys)
{
    char path[4096], next[4096];
    uint32_t index = s->node[s->own].index;
    cli_path(s->cli, path, sizeof path, "keys/node-%u.key", index);
    cli_path(s->cli, next, sizeof next, "keys/node-%u-next.key", index);
    TRY(read_keys(s, path, passphrase, keys));
    if (access(next, F_OK) != 0) {
        return draw_keys(s, next, passphrase, keys);
    }
    TRY(read_keys(s, next, passphrase, keys));
    return keys->seed.epoch == 0
               ? ERR_NONE
               : cli_fail(s->cli, ERR_STATE, next, "its keys have been used: they are not new");
}

enum err committee_new_root(struct session *s, struct hash *out)
{
    char passphrase[CLI_PASSPHRASE_SIZE_MAX];
    size_t len;
    TRY(need_own_node(s));
    struct hash *leaf = ARENA_ARRAY(&s->arena, struct hash, key_count(s));
    struct node_keys *keys = secret_alloc(sizeof *keys);
    if (leaf == NULL || keys == NULL) {
        secret_free(keys);
        return ERR_NO_SPACE;
    }
    enum err e = cli_passphrase(s->cli, "passphrase of the node", passphrase, &len);
    if (e == ERR_NONE) {
        e = find_keys(s, bytes_of(passphrase, len), keys);
        secret_wipe(passphrase, sizeof passphrase);
    }
    if (e == ERR_NONE) {
        epoch_key_generate(s->suite, keys->seed.seed,
                           (unsigned)s->genesis.param[PARAM_EPOCH_KEY_LOG2], leaf, out);
    }
    secret_free(keys);
    return e;
}
