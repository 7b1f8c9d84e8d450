/* The whole path of a file: sealed by a provider, fetched over a line that breaks, opened with the
 * key of a wrap, and the same bytes in the end. */
#include <stdlib.h>

#include "data/data.h"
#include "tests/test.h"
#include "transfer/transfer.h"

enum { ROOM = 32 * 1024 * 1024, CHUNKS = 20 };

static const uint8_t CONTENT_KEY[WRAP_KEY_SIZE] = { 0xc0, 0xff, 0xee };

struct path {
    struct arena arena;
    struct bytes file;
    struct manifest m;
    uint32_t sealed_size[CHUNKS];
    struct hash sealed_leaf[CHUNKS];
    uint8_t *sealed[CHUNKS]; /* at the provider */
    uint8_t *stored[CHUNKS]; /* at the consumer, once durable */
    struct bytes wire;       /* the manifest as it is sent */
};

static void provider_seals(struct path *p)
{
    struct digests d;
    data_digest(suite_intl(), p->file, SEALING_CHUNK_MIN, &d);
    p->m = (struct manifest){ .seal = { { 1 } },
                              .asset = { { 2 } },
                              .plain_root = d.plain_root,
                              .plain_sha256 = d.sha256,
                              .suite = SUITE_INTL,
                              .chunk_size = SEALING_CHUNK_MIN,
                              .plain_size = p->file.len,
                              .sealed_size = p->sealed_size,
                              .sealed_leaf = p->sealed_leaf };
    p->m.chunk_count = (uint32_t)((p->file.len + SEALING_CHUNK_MIN - 1) / SEALING_CHUNK_MIN);
    CHECK(p->m.chunk_count >= 8 && p->m.chunk_count <= CHUNKS);
    for (uint32_t i = 0; i < p->m.chunk_count; i++) {
        size_t at = (size_t)i * SEALING_CHUNK_MIN, left = p->file.len - at, len;
        struct bytes plain =
            bytes_of(p->file.ptr + at, left < SEALING_CHUNK_MIN ? left : SEALING_CHUNK_MIN);
        struct bytes aad;
        CHECK_OK(manifest_chunk_aad(&p->m, i, &p->arena, &aad));
        p->sealed[i] = malloc(sealing_size_max(plain.len));
        CHECK_OK(sealing_chunk(CONTENT_KEY, i, aad, plain, &p->arena, p->sealed[i], &len));
        p->sealed_size[i] = (uint32_t)len;
        merkle_leaf(suite_intl(), "carnet/chunk/v1", bytes_of(p->sealed[i], len),
                    &p->sealed_leaf[i]);
    }
    CHECK_OK(manifest_encode(&p->m, &p->arena, &p->wire));
}

/* Carries out effects as a shell would; what is asked for is answered at once, in that order. */
static void carry_out(struct path *p, struct fetch *f, const struct fetch_effects *out,
                      uint32_t *queue, uint32_t *queued)
{
    for (uint32_t i = 0; i < out->count; i++) {
        const struct fetch_effect *e = &out->effect[i];
        if (e->kind == FETCH_ASK) {
            CHECK(p->stored[e->index] == NULL);
            queue[(*queued)++] = e->index;
        } else if (e->kind == FETCH_STORE) {
            struct fetch_event done = { .kind = FETCH_STORED, .index = e->index };
            struct fetch_effects next;
            p->stored[e->index] = malloc(e->chunk.len);
            memcpy(p->stored[e->index], e->chunk.ptr, e->chunk.len);
            CHECK_OK(fetch_step(f, &done, &next));
            CHECK(next.count > 0 && next.effect[0].kind == FETCH_ACK);
            for (uint32_t j = 1; j < next.count; j++) {
                if (next.effect[j].kind == FETCH_ASK) {
                    queue[(*queued)++] = next.effect[j].index;
                }
            }
        }
    }
}

/* The line breaks once, after half of the chunks; answers on their way are lost with it. */
static void consumer_fetches(struct path *p, const struct manifest *m)
{
    struct fetch *f;
    struct fetch_effects out;
    uint32_t queue[4 * CHUNKS], queued = 0, at = 0, durable = 0;
    struct fetch_event up = { .kind = FETCH_LINK_UP }, down = { .kind = FETCH_LINK_DOWN };
    bool cut = false;
    CHECK_OK(fetch_init(suite_intl(), m, NULL, 1000, &p->arena, &f));
    CHECK_OK(fetch_step(f, &up, &out));
    carry_out(p, f, &out, queue, &queued);
    while (at < queued && !test_failing()) {
        uint32_t i = queue[at++];
        struct fetch_event ev = { .kind = FETCH_CHUNK,
                                  .index = i,
                                  .chunk = bytes_of(p->sealed[i], p->sealed_size[i]) };
        CHECK_OK(fetch_step(f, &ev, &out));
        carry_out(p, f, &out, queue, &queued);
        if (!cut && fetch_status(f).durable >= m->chunk_count / 2) {
            cut = true;
            at = queued;
            durable = fetch_status(f).durable;
            CHECK_OK(fetch_step(f, &down, &out));
            CHECK_OK(fetch_step(f, &up, &out));
            carry_out(p, f, &out, queue, &queued);
        }
    }
    CHECK(cut && fetch_status(f).state == FETCH_DONE);
    CHECK_EQ(fetch_status(f).resumed_from, durable);
}

static void consumer_opens(struct path *p, const struct manifest *m, const uint8_t *key)
{
    uint8_t *opened = malloc((size_t)m->plain_size + 1);
    size_t total = 0;
    for (uint32_t i = 0; i < m->chunk_count; i++) {
        struct bytes aad, sealed = bytes_of(p->stored[i], m->sealed_size[i]);
        size_t len, left = (size_t)m->plain_size - total;
        CHECK_OK(manifest_chunk_aad(m, i, &p->arena, &aad));
        CHECK_OK(sealing_open(key, i, aad, sealed, &p->arena, opened + total,
                              left < m->chunk_size ? left : m->chunk_size, &len));
        total += len;
    }
    struct digests d;
    data_digest(suite_intl(), bytes_of(opened, total), m->chunk_size, &d);
    CHECK(hash_equal(&d.sha256, &m->plain_sha256) && hash_equal(&d.plain_root, &m->plain_root));
    CHECK_BYTES(bytes_of(opened, total), p->file);
    free(opened);
}

TEST(formats_18_a_file_is_sealed_fetched_over_a_broken_line_and_opened_with_its_wrap)
{
    static const uint8_t RANDOM[32] = { 5 };
    struct path p = { .arena = arena_over(malloc(ROOM), ROOM) };
    uint8_t *file, seed[WRAP_SEED_SIZE] = { 1 }, private_key[32], public_key[32];
    uint8_t key[WRAP_KEY_SIZE];
    struct content_wrap w = { .token = { { 3 } },
                              .right = { { 4 } },
                              .seal = { { 1 } },
                              .holder = { { 5 } },
                              .key = 2,
                              .kind = WRAP_X25519 };
    struct manifest m;
    struct bytes wrap;
    CHECK_OK(data_sample_retail(1, 10000, &file, &p.file.len));
    p.file.ptr = file;
    provider_seals(&p);
    wrap_x25519_keys(seed, private_key, public_key);
    CHECK_OK(content_wrap_seal(&w, bytes_of(public_key, 32), CONTENT_KEY, RANDOM, &p.arena, &wrap));

    CHECK_OK(manifest_decode(p.wire, &p.arena, &m));
    consumer_fetches(&p, &m);
    CHECK_OK(content_wrap_open(wrap, bytes_of(private_key, 32), &p.arena, &w, key));
    consumer_opens(&p, &m, key);
    for (uint32_t i = 0; i < CHUNKS; i++) {
        free(p.sealed[i]);
        free(p.stored[i]);
    }
    free(file);
    free(p.arena.base);
}
