#include <stdlib.h>
#include <string.h>

#include "cli/actions_internal.h"
#include "crypto/secret.h"

/* One sealing: the asset's bytes, its manifest, the key. */
struct seal_work {
    struct action_asset asset;
    struct manifest manifest;
    struct bytes manifest_bytes;
    uint8_t *file;
    uint8_t **sealed; /* one a chunk, until it is at the node */
    size_t len;
    uint8_t key[AEAD_KEY_SIZE];
    struct token_record token;
};

static enum err prepare(struct session *s, struct seal_work *w)
{
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    uint64_t chunk_size;
    struct manifest *m = &w->manifest;
    TRY(action_token(s, s->cli->arg[0], &w->token));
    hex_encode(bytes_of_hash(&w->token.asset), hex);
    TRY(action_asset_read(s, hex, &w->asset));
    TRY(cli_number(s->cli, "--chunk-size", SEALING_CHUNK_MIN, SEALING_CHUNK_MAX,
                   w->asset.chunk_size, &chunk_size));
    TRY(cli_read_file(s->cli, w->asset.path, &w->file, &w->len));
    session_random(s, m->seal.b, sizeof m->seal.b);
    TRY(action_content_key(s, &m->seal, w->key));
    m->asset = w->token.asset;
    m->suite = s->suite->number;
    m->chunk_size = (uint32_t)chunk_size;
    m->plain_size = w->len;
    m->chunk_count = w->len == 0 ? 1 : (uint32_t)((w->len + chunk_size - 1) / chunk_size);
    m->sealed_size = ARENA_ARRAY(&s->arena, uint32_t, m->chunk_count);
    m->sealed_leaf = ARENA_ARRAY(&s->arena, struct hash, m->chunk_count);
    w->sealed = calloc(m->chunk_count, sizeof *w->sealed);
    ASSERT(w->sealed != NULL);
    return m->sealed_size == NULL || m->sealed_leaf == NULL ? ERR_NO_SPACE : ERR_NONE;
}

/* What the opener checks at the end: the digests of the plaintext. */
static enum err digest_plain(struct session *s, struct seal_work *w)
{
    struct manifest *m = &w->manifest;
    struct hash *leaf = ARENA_ARRAY(&s->arena, struct hash, m->chunk_count);
    if (leaf == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t i = 0; i < m->chunk_count; i++) {
        size_t at = (size_t)i * m->chunk_size;
        size_t size = w->len - at < m->chunk_size ? w->len - at : m->chunk_size;
        merkle_leaf(s->suite, "carnet/plain/v1", bytes_of(w->file + at, size), &leaf[i]);
    }
    merkle_root(s->suite, leaf, m->chunk_count, &m->plain_root);
    hash_plain(suite_intl(), bytes_of(w->file, w->len), &m->plain_sha256);
    return ERR_NONE;
}

/* The manifest lists all sealed chunks, so they are made first and go to the node after it. */
static enum err seal_chunk(struct session *s, struct seal_work *w, uint32_t i)
{
    struct manifest *m = &w->manifest;
    struct bytes aad;
    size_t mark = arena_mark(&s->arena), at = (size_t)i * m->chunk_size, sealed_len;
    size_t size = w->len - at < m->chunk_size ? w->len - at : m->chunk_size;
    w->sealed[i] = malloc(sealing_size_max(size));
    ASSERT(w->sealed[i] != NULL);
    TRY(manifest_chunk_aad(m, i, &s->arena, &aad));
    TRY(sealing_chunk(w->key, i, aad, bytes_of(w->file + at, size), &s->arena, w->sealed[i],
                      &sealed_len));
    m->sealed_size[i] = (uint32_t)sealed_len;
    merkle_leaf(s->suite, "carnet/chunk/v1", bytes_of(w->sealed[i], sealed_len),
                &m->sealed_leaf[i]);
    arena_release(&s->arena, mark);
    return ERR_NONE;
}

static enum err offer_chunk(struct session *s, struct seal_work *w, uint32_t i)
{
    const struct manifest *m = &w->manifest;
    struct session_reply reply;
    size_t mark = arena_mark(&s->arena);
    char path[160], hex[HEX_SIZE(HASH_SIZE) + 1];
    hex_encode(bytes_of_hash(&m->seal), hex);
    snprintf(path, sizeof path, "/v1/seals/%s/chunks/%u", hex, i);
    TRY(session_request_own(s, "PUT", path, bytes_of(w->sealed[i], m->sealed_size[i]), &reply));
    arena_release(&s->arena, mark);
    fprintf(s->cli->progress, "\rsealed %u/%u", i + 1, m->chunk_count);
    return ERR_NONE;
}

/* Manifest, chunks, and only then the word on the ledger: what is offered is there. */
static enum err offer(struct session *s, struct seal_work *w)
{
    struct session_reply reply;
    char path[160], hex[HEX_SIZE(HASH_SIZE) + 1];
    TRY(manifest_encode(&w->manifest, &s->arena, &w->manifest_bytes));
    hex_encode(bytes_of_hash(&w->manifest.seal), hex);
    snprintf(path, sizeof path, "/v1/seals/%s/manifest", hex);
    TRY(session_request_own(s, "PUT", path, w->manifest_bytes, &reply));
    for (uint32_t i = 0; i < w->manifest.chunk_count; i++) {
        TRY(offer_chunk(s, w, i));
    }
    return ERR_NONE;
}

static enum err commit_seal(struct session *s, struct seal_work *w)
{
    struct manifest *m = &w->manifest;
    struct session_tx t;
    struct bytes args;
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    hex_encode(bytes_of_hash(&m->seal), hex);
    struct token_seal seal = { .token = w->token.token,
                               .seal = m->seal,
                               .suite = m->suite,
                               .chunk_size = m->chunk_size,
                               .chunk_count = m->chunk_count };
    manifest_root(s->suite, m, &seal.sealed_root);
    manifest_hash(s->suite, w->manifest_bytes, &seal.manifest_hash);
    session_draw(s, METHOD_TOKEN_SEAL, &t);
    TRY(token_seal_encode(&seal, &s->arena, &args));
    TRY(session_do(s, &t, args));
    action_answer_tx(s->cli, &t);
    json_put(s->cli->answer, "seal", json_new_hash(&m->seal));
    json_put(s->cli->answer, "chunks", json_new_int(m->chunk_count));
    json_put(s->cli->answer, "bytes", json_new_u64(m->plain_size));
    json_put(s->cli->answer, "sha256", json_new_hash(&m->plain_sha256));
    fprintf(s->cli->text, "\rseal    %s\nchunks  %u\n", hex, m->chunk_count);
    return ERR_NONE;
}

static enum err seal(struct session *s, struct seal_work *w)
{
    TRY(prepare(s, w));
    TRY(digest_plain(s, w));
    for (uint32_t i = 0; i < w->manifest.chunk_count; i++) {
        TRY(seal_chunk(s, w, i));
    }
    TRY(offer(s, w));
    return commit_seal(s, w);
}

static enum err run_seal(struct cli *c)
{
    struct session s;
    TRY(session_open(c, true, &s));
    struct seal_work *w = calloc(1, sizeof *w);
    ASSERT(w != NULL);
    enum err e = seal(&s, w);
    secret_wipe(w->key, sizeof w->key);
    for (uint32_t i = 0; w->sealed != NULL && i < w->manifest.chunk_count; i++) {
        free(w->sealed[i]);
    }
    free(w->sealed);
    free(w->file);
    free(w);
    session_close(&s);
    return e;
}

/* The owner may take its key out of the program: for escrow, or to look for it where it must not
 * be. */
static enum err run_key(struct cli *c)
{
    struct session s;
    struct token_record t;
    uint8_t key[AEAD_KEY_SIZE];
    char hex[HEX_SIZE(AEAD_KEY_SIZE) + 1];
    TRY(session_open(c, true, &s));
    enum err e = action_token(&s, c->arg[0], &t);
    if (e == ERR_NONE && (!hash_equal(&t.owner, &s.did) || t.seals_count == 0)) {
        e = cli_fail(c, ERR_FORBIDDEN, c->arg[0], "only its owner has the key, once it is sealed");
    }
    e = e != ERR_NONE ? e : action_content_key(&s, &t.seals[t.seals_count - 1].seal, key);
    if (e == ERR_NONE) {
        hex_encode(bytes_of(key, sizeof key), hex);
        json_put(c->answer, "key", json_new_str(hex));
        fprintf(c->text, "%s\n", hex);
        secret_wipe(key, sizeof key);
        secret_wipe(hex, sizeof hex);
    }
    session_close(&s);
    return e;
}

static const struct cli_option OPTIONS[] = {
    { "--chunk-size", "BYTES", "plaintext bytes of a chunk (the asset's)" },
    { NULL, NULL, NULL },
};
static const struct cli_command COMMANDS[] = {
    { "token", "seal", "TOKEN", 1, 1, "seal the asset's bytes and offer them at the own node",
      "carnet token seal $TOKEN --as exporter", OPTIONS, run_seal },
    { "token", "key", "TOKEN", 1, 1, "print the content key of the newest seal (the owner, escrow)",
      "carnet token key $TOKEN --as exporter", NULL, run_key },
};
const struct cli_table CLI_SEAL = { COMMANDS, COUNT(COMMANDS) };
