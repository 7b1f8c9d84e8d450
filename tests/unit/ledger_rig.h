/* ledger_rig — what the tests of a ledger share: one of a small space, a clock, and short words for
 * what is done to it (submit, build, commit). One ledger at a time: `f`. */
#ifndef CARNET_TESTS_UNIT_LEDGER_RIG_H
#define CARNET_TESTS_UNIT_LEDGER_RIG_H

#include "ledger/ledger_internal.h"
#include "tests/fixtures/ledger_fixture.h"
#include "tests/test.h"

static struct fixture *f;
static uint64_t now;

static inline void given_a_space(void (*edit)(struct genesis *g))
{
    struct ledger_limits limits = ledger_limits_small();
    f = fixture_open(edit);
    CHECK(f != NULL);
    CHECK_OK(fixture_ledger(f, &limits));
    now = FIXTURE_START_MS + 1000;
}

static inline void given_a_ledger(void)
{
    given_a_space(NULL);
}

static inline enum err submit(struct bytes tx)
{
    struct hash id;
    return ledger_submit(f->ledger, tx, now, &id);
}

static inline struct bytes put(uint32_t author, const char *key, const char *value)
{
    return fixture_put(f, author, FIXTURE_PUT, key, value, now);
}

static inline struct bytes signed_tx(uint32_t author, uint32_t method, struct bytes args)
{
    struct tx_body body = fixture_body(f, author, method, args, now + 60000);
    return fixture_sign(f, &body, &author);
}

/* A second later; the block is the fixture's until the next one. */
static inline enum err build_block(struct bytes *block)
{
    now += 1000;
    return fixture_build(f, now, block);
}

static inline enum err build(void)
{
    struct bytes block;
    return build_block(&block);
}

/* Of the newest block. */
static inline const struct receipt *receipts(uint32_t *count)
{
    const struct receipt *r = NULL;
    struct hash tip = ledger_newest(f->ledger).hash;
    *count = 0;
    enum err e = ledger_receipts(f->ledger, &tip, &r, count);
    test_equal_err(e, ERR_NONE, "receipts", __FILE__, __LINE__);
    return r;
}

static inline void commit(void)
{
    struct hash block = ledger_newest(f->ledger).hash;
    CHECK_OK(fixture_commit(f, &block));
}

static inline struct bytes value_of(const char *key)
{
    struct bytes value = { NULL, 0 };
    return state_get(ledger_state(f->ledger), 1, bytes_of_str(key), &value) == ERR_NONE
               ? value
               : bytes_of(NULL, 0);
}

#endif
