#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/actions_internal.h"
#include "cli/asset_internal.h"
#include "cli/output_internal.h"
#include "data/data.h"

enum err asset_read_input(struct cli *c, const char *path, uint8_t **file, size_t *len)
{
    TRY(cli_read_file(c, path, file, len));
    if (*len == 0) {
        free(*file);
        return cli_fail(c, ERR_UNREADABLE, path, "is empty: there is nothing to put");
    }
    return ERR_NONE;
}

static void answer_digests(struct cli *c, const struct digests *d)
{
    json_put(c->answer, "cid", json_new_str(d->cid));
    json_put(c->answer, "sha256", json_new_hash(&d->sha256));
    json_put(c->answer, "plain_root", json_new_hash(&d->plain_root));
    json_put(c->answer, "bytes", json_new_u64(d->bytes));
}

static enum err run_cid(struct cli *c)
{
    uint8_t *file;
    size_t len;
    struct digests d;
    TRY(asset_read_input(c, c->arg[0], &file, &len));
    data_digest(suite_intl(), bytes_of(file, len), SEALING_CHUNK_DEFAULT, &d);
    free(file);
    answer_digests(c, &d);
    fprintf(c->text, "%s\n", d.cid);
    return ERR_NONE;
}

/* The bytes, then the document that names them: an asset is there with both or not at all. */
static enum err store_pair(struct cli *c, const char *dir, const char *asset, struct bytes file,
                           struct bytes document)
{
    char bin[4200], json[4200];
    snprintf(bin, sizeof bin, "%s/%s.bin", dir, asset);
    snprintf(json, sizeof json, "%s/%s.json", dir, asset);
    enum err e = output_folders(c, dir);
    e = e != ERR_NONE ? e : cli_write_file(c, bin, file, 0600);
    e = e != ERR_NONE ? e : cli_write_file(c, json, document, 0600);
    if (e != ERR_NONE) {
        output_remove(json, 0);
        output_remove(bin, 3); /* assets, NAME, local */
    }
    return e;
}

/* asset = commitment of (sha256 ‖ plain root ‖ size) under a fresh salt: public digests would let
 * anybody who has a candidate file recognise it on the ledger (FORMATS 18). */
static enum err store_asset(struct session *s, struct bytes file, const struct digests *d,
                            uint32_t chunk_size, struct hash *asset)
{
    uint8_t salt[COMMIT_SALT_SIZE], what[2 * HASH_SIZE + 8];
    struct buf b = buf_over(what, sizeof what);
    char dir[4096], hex[HEX_SIZE(HASH_SIZE) + 1];
    char *text;
    size_t len;
    session_random(s, salt, sizeof salt);
    buf_put_hash(&b, &d->sha256);
    buf_put_hash(&b, &d->plain_root);
    buf_put_u64(&b, d->bytes);
    TRY(buf_done(&b));
    hash_commit(s->suite, salt, buf_bytes(&b), asset);
    hex_encode(bytes_of_hash(asset), hex);
    cli_path(s->cli, dir, sizeof dir, "local/%s/assets", s->name);
    json_t *j = json_new_object();
    json_put(j, "asset", json_new_hash(asset));
    json_put(j, "salt", json_new_hex(bytes_of(salt, sizeof salt)));
    json_put(j, "cid", json_new_str(d->cid));
    json_put(j, "sha256", json_new_hash(&d->sha256));
    json_put(j, "plain_root", json_new_hash(&d->plain_root));
    json_put(j, "bytes", json_new_u64(d->bytes));
    json_put(j, "chunk_size", json_new_int(chunk_size));
    enum err e = json_write_pretty(j, &text, &len);
    json_free(j);
    TRY(e);
    e = store_pair(s->cli, dir, hex, file, bytes_of(text, len));
    json_text_free(text);
    return e;
}

static enum err put_file(struct session *s, struct bytes file, uint32_t chunk_size)
{
    struct digests d;
    struct hash asset;
    data_digest(s->suite, file, chunk_size, &d);
    TRY(store_asset(s, file, &d, chunk_size, &asset));
    json_put(s->cli->answer, "asset", json_new_hash(&asset));
    answer_digests(s->cli, &d);
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    hex_encode(bytes_of_hash(&asset), hex);
    fprintf(s->cli->text, "asset  %s\ncid    %s\nbytes  %llu\n", hex, d.cid,
            (unsigned long long)d.bytes);
    return ERR_NONE;
}

static enum err run_put(struct cli *c)
{
    struct session s;
    uint8_t *file;
    size_t len;
    uint64_t chunk_size;
    TRY(cli_number(c, "--chunk-size", SEALING_CHUNK_MIN, SEALING_CHUNK_MAX, SEALING_CHUNK_DEFAULT,
                   &chunk_size));
    TRY(asset_read_input(c, c->arg[0], &file, &len));
    enum err e = session_open(c, true, &s);
    if (e == ERR_NONE) {
        e = put_file(&s, bytes_of(file, len), (uint32_t)chunk_size);
        session_close(&s);
    }
    free(file);
    return e;
}

enum err action_asset_read(struct session *s, const char *text, struct action_asset *out)
{
    char path[4096];
    struct hash id;
    uint8_t *file;
    size_t len;
    json_t *j;
    int64_t chunk_size = 0;
    TRY(cli_hash(s->cli, "asset", text, &id));
    cli_path(s->cli, path, sizeof path, "local/%s/assets/%s.json", s->name, text);
    enum err e = cli_read_file(s->cli, path, &file, &len);
    if (e != ERR_NONE) {
        cli_hint(s->cli, "carnet asset put FILE puts a file into the local catalogue");
        return cli_fail(s->cli, e, text, "no such asset in the catalogue of %s", s->name);
    }
    e = json_read(bytes_of(file, len), 1 << 16, &j, NULL);
    free(file);
    TRY(e);
    e = json_get_hash(j, "asset", &out->asset);
    e = e != ERR_NONE ? e : json_get_hash(j, "sha256", &out->sha256);
    e = e != ERR_NONE ? e : json_get_hash(j, "plain_root", &out->plain_root);
    e = e != ERR_NONE ? e : json_get_u64(j, "bytes", &out->bytes);
    e = e != ERR_NONE ? e : json_get_int(j, "chunk_size", &chunk_size);
    json_free(j);
    out->chunk_size = (uint32_t)chunk_size;
    cli_path(s->cli, out->path, sizeof out->path, "local/%s/assets/%s.bin", s->name, text);
    return e;
}

static const struct cli_option PUT_OPTIONS[] = {
    { "--chunk-size", "BYTES", "plaintext bytes of a chunk, 65536 to 4194304 (1048576)" },
    { NULL, NULL, NULL },
};
static const struct cli_option CLASSIFY_OPTIONS[] = {
    { "--template", "NAME", "also say what this template would do (ecommerce, medical, finance)" },
    { NULL, NULL, NULL },
};
static const struct cli_option DEIDENTIFY_OPTIONS[] = {
    { "--template", "NAME", "which template says what may leave (ecommerce, medical, finance)" },
    { "--out", "FILE", "where the result goes" },
    { "--key-file", "FILE", "key of pseudonyms: 32 bytes or 64 hex digits (drawn and forgotten)" },
    { NULL, NULL, NULL },
};

static const struct cli_command COMMANDS[] = {
    { "asset", "put", "FILE", 1, 1, "put a file into the local catalogue",
      "carnet asset put orders.csv --as exporter", PUT_OPTIONS, run_put },
    { "asset", "cid", "FILE", 1, 1, "print a file's digests", "carnet asset cid orders.csv", NULL,
      run_cid },
    { "asset", "classify", "FILE.csv", 1, 1, "type and classify the columns of a table",
      "carnet asset classify orders.csv --template ecommerce", CLASSIFY_OPTIONS,
      asset_run_classify },
    { "asset", "deidentify", "FILE.csv", 1, 1, "write it again as it may leave",
      "carnet asset deidentify orders.csv --template ecommerce --out lawful.csv",
      DEIDENTIFY_OPTIONS, asset_run_deidentify },
};
const struct cli_table CLI_ASSET = { COMMANDS, COUNT(COMMANDS) };
