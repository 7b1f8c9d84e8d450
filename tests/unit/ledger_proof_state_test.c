/* The light client's other half: what the state holds, and what it does not. */
#include "ledger/proof_internal.h"
#include "tests/fixtures/ledger_fixture.h"
#include "tests/test.h"

#include <stdlib.h>

enum { TXS = 5 };

static struct fixture *f;

/* One committed block, which puts "value" under "a" to "e". */
static void given_a_state(void)
{
    struct ledger_limits limits = ledger_limits_small();
    uint64_t now = FIXTURE_START_MS + 1000;
    struct bytes block;
    struct hash id;
    f = fixture_open(NULL);
    CHECK_OK(fixture_ledger(f, &limits));
    for (uint32_t i = 0; i < TXS; i++) {
        char key[2] = { (char)('a' + i), 0 };
        struct bytes put = fixture_put(f, i % 4, FIXTURE_PUT, key, "value", now);
        CHECK_OK(ledger_submit(f->ledger, put, now - 1, &id));
    }
    CHECK_OK(fixture_build(f, now, &block));
    id = ledger_newest(f->ledger).hash;
    CHECK_OK(fixture_commit(f, &id));
}

static uint16_t proved_contract;
static enum err state_proved(struct bytes proof, struct bytes *key, struct bytes *value)
{
    struct hash root = ledger_committed(f->ledger).state_root;
    return proof_verify_state(f->suite, &root, proof, &f->arena, &proved_contract, key, value);
}

TEST(formats_15_a_value_is_proved_and_so_is_its_absence)
{
    struct bytes proof, key, value;
    given_a_state();
    for (uint32_t i = 0; i < 40; i++) {
        uint8_t name = (uint8_t)('a' + i);
        CHECK_OK(proof_encode_state(f->ledger, 1, bytes_of(&name, 1), &f->arena, &proof));
        CHECK_OK(state_proved(proof, &key, &value));
        CHECK_BYTES(key, bytes_of(&name, 1));
        CHECK_EQ(value.ptr != NULL, i < TXS);
        if (i < TXS) {
            CHECK_BYTES(value, bytes_of("value", 5));
        }
    }
    fixture_close(f);
}

TEST(formats_15_every_single_byte_change_of_a_state_proof_is_refused)
{
    given_a_state();
    for (uint32_t i = 0; i < 24; i += 3) {
        uint8_t name = (uint8_t)('a' + i);
        struct bytes proof, key, value;
        CHECK_OK(proof_encode_state(f->ledger, 1, bytes_of(&name, 1), &f->arena, &proof));
        uint8_t *copy = malloc(proof.len);
        memcpy(copy, proof.ptr, proof.len);
        for (size_t at = 0; at < proof.len; at++) {
            size_t mark = arena_mark(&f->arena);
            copy[at] ^= (uint8_t)(1U << (at % 8));
            enum err e = state_proved(bytes_of(copy, proof.len), &key, &value);
            /* A proof of absence stands for every key that would be in the same empty place:
             * what is then proved is another key's absence. */
            bool same = bytes_equal(key, bytes_of(&name, 1)) && proved_contract == 1;
            CHECK(e != ERR_NONE || (i >= TXS && value.ptr == NULL && !same));
            copy[at] ^= (uint8_t)(1U << (at % 8));
            arena_release(&f->arena, mark);
        }
        free(copy);
    }
    fixture_close(f);
}

TEST(formats_15_a_proof_shows_the_committed_state_while_blocks_are_open)
{
    struct bytes block, proof, key, value;
    struct hash id, before, after;
    given_a_state();
    uint64_t now = FIXTURE_START_MS + 10000;
    struct bytes change = fixture_put(f, 0, FIXTURE_PUT, "a", "changed", now);
    CHECK_OK(ledger_submit(f->ledger, change, now, &id));
    CHECK_OK(fixture_build(f, now, &block));
    state_root(ledger_state(f->ledger), &before);
    CHECK_OK(proof_encode_state(f->ledger, 1, bytes_of("a", 1), &f->arena, &proof));
    CHECK_OK(state_proved(proof, &key, &value));
    CHECK_BYTES(value, bytes_of("value", 5));
    state_root(ledger_state(f->ledger), &after);
    CHECK(hash_equal(&before, &after));
    id = ledger_newest(f->ledger).hash;
    CHECK_OK(fixture_commit(f, &id));
    CHECK_ERR(state_proved(proof, &key, &value), ERR_PROOF);
    CHECK_OK(proof_encode_state(f->ledger, 1, bytes_of("a", 1), &f->arena, &proof));
    CHECK_OK(state_proved(proof, &key, &value));
    CHECK_BYTES(value, bytes_of("changed", 7));
    fixture_close(f);
}

/* Contract 1, key "a", a value, and a sibling of one byte. */
TEST(a_state_proof_that_does_not_decode_leaves_the_output_as_it_was)
{
    static const char WIRE[] = "\x08\x01\x12\x01"
                               "a\x1a\x01v\x2a\x01s";
    static uint8_t memory[64 * 1024];
    struct arena a = arena_over(memory, sizeof memory);
    struct value_proof p, before;
    memset(&p, 0x5a, sizeof p);
    memset(&before, 0x5a, sizeof before);
    CHECK_ERR(value_proof_decode(bytes_of(WIRE, sizeof WIRE - 1), &a, &p), ERR_ENCODING);
    CHECK(memcmp(&p, &before, sizeof p) == 0);
}
