/* What travels sealed: attachments, wraps, manifests, chunks. */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "transfer/seal_internal.h"

enum { CHUNK_FUZZ_MAX = 16384, RANDOM_SIZE = 64 };

static const uint8_t SEED[WRAP_SEED_SIZE] = { 7 }, KEY[WRAP_KEY_SIZE] = { 9 };
static const struct hash READER = { { 1 } }, SPACE = { { 2 } };

static void must(enum err e)
{
    ASSERT(e == ERR_NONE);
}

FUZZ_CODEC(plain, attachment_plain, plain_decode, plain_encode)
FUZZ_CODEC(envelope, attachment_envelope, envelope_decode, envelope_encode)
FUZZ_CODEC(content_wrap, content_wrap, content_wrap_decode, content_wrap_encode)

static void manifest(struct bytes in)
{
    struct arena *a = fuzz_arena();
    struct manifest m;
    struct bytes again = { NULL, 0 };
    if (manifest_decode(in, a, &m) == ERR_NONE) {
        ASSERT(m.chunk_count <= SEALING_CHUNKS_MAX);
        must(manifest_encode(&m, a, &again));
        ASSERT(bytes_equal(again, in));
    }
}

/* What opens is what was sealed: nobody without the key makes anything else that does. */
static void attachment(struct bytes in)
{
    uint8_t private_key[32], public_key[32];
    struct arena *a = fuzz_arena();
    struct attachment_plain p;
    struct sealed_attachment s;
    wrap_x25519_keys(SEED, private_key, public_key);
    bool inspected = attachment_inspect(in, a, &s) == ERR_NONE;
    if (attachment_open(suite_intl(), &SPACE, in, &READER, bytes_of(private_key, 32), a, &p) ==
        ERR_NONE) {
        ASSERT(inspected);
        struct hash commitment;
        attachment_commit(suite_intl(), &p, &commitment);
        ASSERT(hash_equal(&commitment, &s.commitment));
    }
}

static void wrap(struct bytes in)
{
    uint8_t private_key[32], public_key[32], key[WRAP_KEY_SIZE];
    wrap_x25519_keys(SEED, private_key, public_key);
    memset(key, FUZZ_UNTOUCHED, sizeof key);
    if (wrap_open(WRAP_X25519, bytes_of(private_key, 32), bytes_of_str("aad"), in, key) ==
        ERR_NONE) {
        ASSERT(memcmp(key, KEY, sizeof key) == 0);
    }
}

/* A stranger's chunk that opens (only the seed's does) has the seed's content. */
static void chunk(struct bytes in)
{
    struct arena *a = fuzz_arena();
    uint8_t *out = arena_alloc(a, CHUNK_FUZZ_MAX);
    size_t len = 0;
    ASSERT(out != NULL);
    if (sealing_open(KEY, 3, bytes_of_str("aad"), in, a, out, CHUNK_FUZZ_MAX, &len) == ERR_NONE) {
        ASSERT(bytes_equal(bytes_of(out, len), bytes_of_str("a chunk")));
    }
}

static const uint8_t RANDOM[RANDOM_SIZE] = { 5, 6, 7 };

static void seed_plain(void)
{
    struct attachment_plain p = { .media_type = MEDIA_JSON, .content = bytes_of_str("{\"a\":1}") };
    struct bytes wire;
    must(plain_encode(&p, fuzz_arena(), &wire));
    fuzz_seed(wire);
}

static void seed_attachment(void)
{
    uint8_t private_key[32], public_key[32];
    struct attachment_plain p = { .media_type = MEDIA_JSON, .content = bytes_of_str("{\"a\":1}") };
    struct attachment_reader reader = { .did = READER, .key = 1, .kind = WRAP_X25519 };
    struct bytes wire;
    wrap_x25519_keys(SEED, private_key, public_key);
    reader.public_key = bytes_of(public_key, 32);
    must(attachment_seal(suite_intl(), &SPACE, &p, &reader, 1, bytes_of(RANDOM, sizeof RANDOM),
                         fuzz_arena(), &wire));
    fuzz_seed(wire);
}

static void seed_wrap(void)
{
    uint8_t private_key[32], public_key[32], out[WRAP_SIZE_MAX];
    size_t len = 0;
    wrap_x25519_keys(SEED, private_key, public_key);
    must(wrap_seal(WRAP_X25519, bytes_of(public_key, 32), bytes_of_str("aad"), KEY, RANDOM, out,
                   sizeof out, &len));
    fuzz_seed(bytes_of(out, len));
}

static void seed_content_wrap(void)
{
    uint8_t private_key[32], public_key[32];
    struct content_wrap w = { .token = READER, .right = READER, .seal = READER, .holder = READER };
    struct bytes wire;
    w.use = 1;
    w.key = 1;
    w.kind = WRAP_X25519;
    wrap_x25519_keys(SEED, private_key, public_key);
    must(content_wrap_seal(&w, bytes_of(public_key, 32), KEY, RANDOM, fuzz_arena(), &wire));
    fuzz_seed(wire);
}

static void seed_manifest(void)
{
    uint32_t size[2] = { 4112, 4112 };
    struct hash leaf[2] = { READER, SPACE };
    struct manifest m = { .seal = READER, .asset = SPACE, .plain_root = READER, .suite = 1 };
    struct bytes wire;
    m.plain_sha256 = SPACE;
    m.chunk_size = SEALING_CHUNK_MIN;
    m.chunk_count = 2;
    m.plain_size = SEALING_CHUNK_MIN + 10;
    m.sealed_size = size;
    m.sealed_leaf = leaf;
    must(manifest_encode(&m, fuzz_arena(), &wire));
    fuzz_seed(wire);
}

static void seed_chunk(void)
{
    struct arena *a = fuzz_arena();
    uint8_t *out = arena_alloc(a, CHUNK_FUZZ_MAX);
    size_t len = 0;
    ASSERT(out != NULL);
    must(sealing_chunk(KEY, 3, bytes_of_str("aad"), bytes_of_str("a chunk"), a, out, &len));
    fuzz_seed(bytes_of(out, len));
}

static const struct fuzz_target ROWS[] = {
    { "attachment-plain", 4096, plain, seed_plain },
    { "attachment-envelope", 4096, envelope, seed_attachment },
    { "attachment", 4096, attachment, seed_attachment },
    { "content-wrap", 2048, content_wrap, seed_content_wrap },
    { "wrap", WRAP_SIZE_MAX, wrap, seed_wrap },
    { "manifest", 4096, manifest, seed_manifest },
    { "chunk", CHUNK_FUZZ_MAX, chunk, seed_chunk },
};
const struct fuzz_family FUZZ_TRANSFER = { ROWS, COUNT(ROWS) };
