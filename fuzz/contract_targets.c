/* Everything that contracts take, keep and say: the first byte of an input chooses the type. */
#include "contract/contract.h"
#include "fuzz/fuzz.h"
#include "tests/fixtures/did_fixture.h"

#define X(name) FUZZ_CODEC(one_##name, name, name##_decode, name##_encode)
CONTRACT_ARGS(X)
CONTRACT_RECORDS(X)
CONTRACT_BODIES(X)
#undef X

typedef void fuzz_one(struct bytes in);
#define X(name) one_##name,
static fuzz_one *const ARGS[] = { CONTRACT_ARGS(X) };
static fuzz_one *const RECORDS[] = { CONTRACT_RECORDS(X) };
static fuzz_one *const BODIES[] = { CONTRACT_BODIES(X) };
#undef X

static void choose(fuzz_one *const *table, size_t count, struct bytes in)
{
    if (in.len > 0) {
        table[in.ptr[0] % count](bytes_of(in.ptr + 1, in.len - 1));
    }
}

static void args(struct bytes in)
{
    choose(ARGS, COUNT(ARGS), in);
}

static void records(struct bytes in)
{
    choose(RECORDS, COUNT(RECORDS), in);
}

static void bodies(struct bytes in)
{
    choose(BODIES, COUNT(BODIES), in);
}

/* The two readers of a participant's record take the same bytes and give the same answers. */
static void document(struct bytes in)
{
    bool taken, agree = did_readers_agree(in, fuzz_arena(), &taken);
    ASSERT(agree);
}

/* A struct with every list empty is a seed for its type's tags, where it encodes. */
#define X(name)                                                   \
    {                                                             \
        struct name x;                                            \
        struct bytes wire;                                        \
        memset(&x, 0, sizeof x);                                  \
        if (name##_encode(&x, fuzz_arena(), &wire) == ERR_NONE) { \
            fuzz_seed_kind(kind, wire);                           \
        }                                                         \
        kind++;                                                   \
    }
static void seed_args(void)
{
    uint8_t kind = 0;
    CONTRACT_ARGS(X)
}

static void seed_records(void)
{
    uint8_t kind = 0;
    CONTRACT_RECORDS(X)
}

static void seed_bodies(void)
{
    uint8_t kind = 0;
    CONTRACT_BODIES(X)
}
#undef X

static void seed_document(void)
{
    static const uint8_t PUBLIC[32] = { 7 };
    struct did_record r = { .height = 300 };
    struct bytes wire;
    for (uint32_t keys = 0; keys <= 4; keys += 2) {
        r.document.key_count = keys;
        for (uint32_t i = 0; i < keys; i++) {
            r.document.key[i] =
                (struct did_key){ i + 1, 1, DID_SIGN, bytes_of(PUBLIC, sizeof PUBLIC) };
        }
        enum err e = did_record_encode(&r, fuzz_arena(), &wire);
        ASSERT(e == ERR_NONE);
        fuzz_seed(wire);
        r.document.id.b[0] = 1;
        r.document.also_known_as.b[0] = 2;
        r.document.jurisdiction = 276;
        r.document.role_count = 2;
        r.document.role[0] = ROLE_MEMBER;
        r.document.role[1] = ROLE_BANK;
    }
}

static const struct fuzz_target ROWS[] = {
    { "contract-args", 4096, args, seed_args },
    { "contract-records", 4096, records, seed_records },
    { "contract-events", 4096, bodies, seed_bodies },
    { "contract-document", 4096, document, seed_document },
};
const struct fuzz_family FUZZ_CONTRACT = { ROWS, COUNT(ROWS) };
