#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/actions_internal.h"
#include "crypto/secret.h"

/* A sealed file being opened by the holder of a right. */
struct open_work {
    uint8_t *file;
    size_t len;
    struct bytes chunks, manifest_bytes;
    struct manifest manifest;
    struct right_record right;
    struct token_record token;
    uint8_t *key; /* locked */
    uint8_t *plain;
};

static enum err read_bundle(struct session *s, struct open_work *w)
{
    size_t magic = strlen(ACTION_BUNDLE_MAGIC);
    TRY(cli_read_file(s->cli, s->cli->arg[0], &w->file, &w->len));
    struct reader r = reader_over(bytes_of(w->file, w->len));
    struct bytes head = reader_take(&r, magic);
    uint32_t size = reader_u32(&r);
    w->manifest_bytes = reader_take(&r, size);
    if (r.bad || !bytes_equal(head, bytes_of_str(ACTION_BUNDLE_MAGIC)) ||
        manifest_decode(w->manifest_bytes, &s->arena, &w->manifest) != ERR_NONE) {
        return cli_fail(s->cli, ERR_INTEGRITY, s->cli->arg[0], "is not a file of sealed bytes");
    }
    w->chunks = bytes_of(r.ptr, r.left);
    return ERR_NONE;
}

/* The ledger, not the file, says which manifest and which chunks belong to this right's seal. */
static enum err check_against_ledger(struct session *s, struct open_work *w)
{
    char token[HEX_SIZE(HASH_SIZE) + 1];
    struct hash hash, root;
    hex_encode(bytes_of_hash(&w->right.token), token);
    TRY(action_token(s, token, &w->token));
    manifest_hash(s->suite, w->manifest_bytes, &hash);
    manifest_root(s->suite, &w->manifest, &root);
    for (uint32_t i = 0; i < w->token.seals_count; i++) {
        const struct seal_entry *e = &w->token.seals[i];
        if (hash_equal(&e->seal, &w->right.seal) && hash_equal(&e->manifest_hash, &hash) &&
            hash_equal(&e->sealed_root, &root)) {
            return ERR_NONE;
        }
    }
    return cli_fail(s->cli, ERR_INTEGRITY, s->cli->arg[0],
                    "its manifest is not the one on the ledger for this right");
}

/* Before a use is declared: a file that cannot be opened must not cost one. */
static enum err check_chunks(struct session *s, const struct open_work *w)
{
    const struct manifest *m = &w->manifest;
    struct reader r = reader_over(w->chunks);
    for (uint32_t i = 0; i < m->chunk_count; i++) {
        struct bytes sealed = reader_take(&r, m->sealed_size[i]);
        struct hash leaf;
        merkle_leaf(s->suite, "carnet/chunk/v1", sealed, &leaf);
        if (r.bad || !hash_equal(&leaf, &m->sealed_leaf[i])) {
            return cli_fail(s->cli, ERR_INTEGRITY, s->cli->arg[0],
                            "chunk %u is not what was sealed", i);
        }
    }
    return reader_done(&r) == ERR_NONE
               ? ERR_NONE
               : cli_fail(s->cli, ERR_INTEGRITY, s->cli->arg[0], "has bytes after the last chunk");
}

static enum err open_chunks(struct session *s, struct open_work *w)
{
    const struct manifest *m = &w->manifest;
    struct reader r = reader_over(w->chunks);
    size_t used = 0;
    w->plain = malloc(m->plain_size + 1);
    if (w->plain == NULL) {
        return cli_fail(s->cli, ERR_NO_SPACE, s->cli->arg[0], "%llu bytes do not fit into memory",
                        (unsigned long long)m->plain_size);
    }
    for (uint32_t i = 0; i < m->chunk_count; i++) {
        size_t mark = arena_mark(&s->arena), len;
        struct bytes aad, sealed = reader_take(&r, m->sealed_size[i]);
        TRY(manifest_chunk_aad(m, i, &s->arena, &aad));
        enum err e = sealing_open(w->key, i, aad, sealed, &s->arena, w->plain + used,
                                  m->plain_size - used, &len);
        arena_release(&s->arena, mark);
        if (e != ERR_NONE) {
            return cli_fail(s->cli, e, s->cli->arg[0], "chunk %u does not open", i);
        }
        used += len;
    }
    struct hash sha256;
    hash_plain(suite_intl(), bytes_of(w->plain, used), &sha256);
    if (reader_done(&r) != ERR_NONE || used != m->plain_size ||
        !hash_equal(&sha256, &m->plain_sha256)) {
        return cli_fail(s->cli, ERR_INTEGRITY, s->cli->arg[0], "the opened bytes do not match");
    }
    return ERR_NONE;
}

/* For the scanner of tests/demo_outside.sh: hold key and rows in memory until a file appears. */
static void hold(struct cli *c)
{
    const char *path = cli_option(c, "--hold");
    for (int i = 0; path != NULL && i < 600; i++) {
        FILE *f = fopen(path, "r");
        if (f != NULL) {
            (void)fclose(f);
            return;
        }
        struct timespec t = { 0, 100 * 1000000L };
        nanosleep(&t, NULL);
    }
}

/* Released: the wrap before the use, for without it the use would be spent for nothing. Brokered:
 * the use before the wrap, for without it there is none. */
static enum err get_key(struct session *s, struct open_work *w)
{
    struct session_tx t = { 0 };
    bool use = cli_flag(s->cli, "--use");
    if (w->right.custody == CUSTODY_BROKERED) {
        if (!use) {
            cli_hint(s->cli, "give --use: each opening under a brokered right is a use");
            return cli_fail(s->cli, ERR_USAGE, "--right", "the right is brokered");
        }
        TRY(action_brokered_use(s, &w->right, w->key));
        json_put(s->cli->answer, "use", json_new_int(w->right.used));
        return ERR_NONE;
    }
    TRY(action_wrap_open(s, &w->right, &w->right.grant, 0, w->key));
    if (use) {
        TRY(action_use(s, &w->right, &t));
        action_answer_tx(s->cli, &t);
    }
    return ERR_NONE;
}

static enum err open_file(struct session *s, struct open_work *w)
{
    const char *out, *right;
    TRY(cli_required(s->cli, "--out", &out));
    TRY(cli_required(s->cli, "--right", &right));
    TRY(read_bundle(s, w));
    TRY(action_right(s, right, &w->right));
    TRY(check_against_ledger(s, w));
    TRY(check_chunks(s, w));
    TRY(get_key(s, w));
    TRY(open_chunks(s, w));
    hold(s->cli);
    TRY(cli_write_file(s->cli, out, bytes_of(w->plain, w->manifest.plain_size), 0600));
    bool brokered = w->right.custody == CUSTODY_BROKERED;
    if (brokered) {
        TRY(action_brokered_ack(s, &w->right)); /* last: until then the same use is taken up */
    }
    json_put(s->cli->answer, "bytes", json_new_u64(w->manifest.plain_size));
    json_put(s->cli->answer, "sha256", json_new_hash(&w->manifest.plain_sha256));
    json_put(s->cli->answer, "chunks", json_new_int(w->manifest.chunk_count));
    json_put(s->cli->answer, "custody", json_new_str(brokered ? "brokered" : "released"));
    json_put(s->cli->answer, "ok", json_new_bool(true));
    fprintf(s->cli->text, "opened %llu bytes\n", (unsigned long long)w->manifest.plain_size);
    return ERR_NONE;
}

static enum err run_open(struct cli *c)
{
    struct session s;
    TRY(session_open(c, true, &s));
    struct open_work *w = calloc(1, sizeof *w);
    ASSERT(w != NULL);
    w->key = secret_alloc(AEAD_KEY_SIZE);
    ASSERT(w->key != NULL);
    enum err e = open_file(&s, w);
    secret_free(w->key);
    free(w->file);
    free(w->plain);
    free(w);
    session_close(&s);
    return e;
}

static const struct cli_option OPTIONS[] = {
    { "--right", "ID", "the right that is used" },
    { "--out", "FILE", "where the bytes go" },
    { "--use", NULL, "make a use: declared, or brokered and received" },
    { "--hold", "FILE", "keep the opened bytes in memory until FILE exists (at most a minute)" },
    { NULL, NULL, NULL },
};
static const struct cli_command COMMANDS[] = {
    { "open", NULL, "SEALED", 1, 1, "verify and open sealed bytes with a right's key",
      "carnet open orders.sealed --right $RIGHT --use --out orders.csv --as importer", OPTIONS,
      run_open },
};
const struct cli_table CLI_OPEN = { COMMANDS, COUNT(COMMANDS) };
