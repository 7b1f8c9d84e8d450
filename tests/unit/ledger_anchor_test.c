#include "tests/fixtures/sync_fixture.h"
#include "tests/test.h"

/* Anchors, read with the genesis file alone: block 2 is the last of the committee of genesis, block
 * 3 the first of the next one. */

static struct sync_bench b;
static struct bytes closing, later;

static void given_a_change(void)
{
    sync_bench_open_changed(&b);
    closing = fixture_certified(b.f, b.header[2], 0xB);
    later = fixture_certified(b.f, b.header[3], 0x7);
}

static enum err read_anchors(const struct bytes *anchor, uint32_t count, struct trust_anchor *out,
                             uint32_t *which, enum proof_step *step)
{
    uint32_t against = 0;
    return trust_anchors_read(b.f->suite, &b.f->genesis, anchor, count, &b.f->arena, out, which,
                              &against, step);
}

/* The header of height 3 with something else in it, as well certified. */
static struct bytes another(void (*change)(struct header *h))
{
    struct bytes wire = { NULL, 0 };
    struct header h;
    enum err e = header_decode(b.header[3], &b.f->arena, &h);
    ASSERT(e == ERR_NONE);
    change(&h);
    e = header_encode(&h, &b.f->arena, &wire);
    ASSERT(e == ERR_NONE);
    return fixture_certified(b.f, wire, 0x7);
}

static void other_state(struct header *h)
{
    h->state_root.b[0] ^= 1;
}

static void other_parent(struct header *h)
{
    h->previous.b[0] ^= 1;
}

static void far_above(struct header *h)
{
    h->height += 2;
    h->time_ms += 2;
}

static void no_later(struct header *h)
{
    h->height += 2;
}

static void far_above_and_not_later(struct header *h)
{
    h->height += 4;
    h->time_ms += 1;
}

TEST(formats_13_an_anchor_of_a_committee_that_is_not_known_yet_is_read_too)
{
    struct trust_anchor x[2];
    enum proof_step step;
    uint32_t which;
    given_a_change();
    struct hash third;
    header_hash(b.f->suite, b.header[3], &third);
    const struct bytes order[][2] = { { closing, later }, { later, closing } };
    for (int i = 0; i < 2; i++) {
        CHECK_OK(read_anchors(order[i], 2, x, &which, &step));
        CHECK_EQ(x[i].height, 2);
        CHECK_EQ(x[1 - i].height, 3);
        CHECK(hash_equal(&x[1 - i].previous, &x[i].hash));
        CHECK(hash_equal(&x[1 - i].hash, &third));
    }
    CHECK_OK(read_anchors(NULL, 0, x, &which, &step));
    sync_bench_close(&b);
}

TEST(anchors_that_no_chain_can_hold_together_contradict_each_other)
{
    enum proof_step step;
    struct trust_anchor x[3];
    uint32_t which = 0;
    given_a_change();
    const struct {
        struct bytes one, two;
        enum err want;
    } ROW[] = {
        { later, later, ERR_NONE },
        { later, another(other_state), ERR_INTEGRITY },
        { closing, another(other_parent), ERR_INTEGRITY },
        { later, another(far_above), ERR_NONE },
        { later, another(no_later), ERR_INTEGRITY },
        { another(far_above), another(far_above_and_not_later), ERR_INTEGRITY },
    };
    for (size_t i = 0; i < COUNT(ROW); i++) {
        struct bytes anchors[] = { closing, ROW[i].one, ROW[i].two };
        CHECK_ERR(read_anchors(anchors, 3, x, &which, &step), ROW[i].want);
        CHECK_EQ(which, 2);
        CHECK_EQ(step, PROOF_OK);
    }
    sync_bench_close(&b);
}

TEST(an_anchor_of_another_space_or_of_too_few_is_none)
{
    enum proof_step step;
    struct trust_anchor x[2];
    uint32_t which;
    given_a_change();
    struct bytes few[] = { closing, fixture_certified(b.f, b.header[3], 0x5) };
    CHECK_ERR(read_anchors(few, 2, x, &which, &step), ERR_PROOF);
    CHECK_EQ(which, 1);
    CHECK_EQ(step, PROOF_CERTIFICATE);
    b.f->genesis.space.b[0] ^= 1;
    CHECK_ERR(read_anchors(&closing, 1, x, &which, &step), ERR_PROOF);
    CHECK_EQ(step, PROOF_CERTIFICATE);
    CHECK_ERR(read_anchors(&later, 1, x, &which, &step), ERR_PROOF);
    CHECK_EQ(step, PROOF_CERTIFICATE);
    sync_bench_close(&b);
}

TEST(every_single_byte_change_of_an_anchor_by_the_committee_of_genesis_is_refused)
{
    enum proof_step step;
    struct trust_anchor x;
    uint32_t which;
    uint8_t memory[16 * 1024];
    given_a_change();
    CHECK(closing.len < sizeof memory);
    for (size_t at = 0; at < closing.len; at++) {
        struct bytes wrong = bytes_of(memory, closing.len);
        size_t mark = arena_mark(&b.f->arena);
        memcpy(memory, closing.ptr, closing.len);
        memory[at] ^= 1;
        CHECK(read_anchors(&wrong, 1, &x, &which, &step) != ERR_NONE);
        arena_release(&b.f->arena, mark);
    }
    sync_bench_close(&b);
}
