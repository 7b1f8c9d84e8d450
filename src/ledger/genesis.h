/* genesis — the file that a space is: parameters, participants, seats, currencies, the first law.
 *
 * The space id is H('carnet/genesis/v1', file). Nobody's name or address is in it (FORMATS 3).
 * Decoded tables live in the arena. Pure. Page: docs/ledger.md */
#ifndef CARNET_LEDGER_GENESIS_H
#define CARNET_LEDGER_GENESIS_H

#include "base/arena.h"
#include "crypto/suite.h"

enum {
    GENESIS_SIZE_MAX = 16 * 1024 * 1024,
    GENESIS_PARTICIPANTS_MAX = 1024,
    GENESIS_SEATS_MAX = 31,
    GENESIS_CURRENCIES_MAX = 64,
    GENESIS_CA_KEYS_MAX = 16,
    GENESIS_TEMPLATES_MAX = 64,
    DID_KEYS_MAX = 128, /* 4 KiB of a decoded document; did.create takes fewer */
    DID_ROLES_MAX = 8,
    GENESIS_FORMAT = 1,
    VERSION_SET = 1 /* the newest that this release knows; it knows all before */
};
enum genesis_flag { GENESIS_PUBLIC_DIGESTS = 1, GENESIS_DEVELOPMENT = 2 };
enum did_use { DID_SIGN = 1, DID_SEAL = 2 };
enum did_role {
    ROLE_MEMBER = 1,   /* may own tokens and hold rights */
    ROLE_ADMISSION = 2,
    ROLE_REGULATOR = 3,
    ROLE_BANK = 4,
    ROLE_ORACLE = 5
};

/* Parameters: number, name, default. Numbers are never reused; all others are refused. */
#define GENESIS_PARAMS(X)                                                                          \
    X(1, BLOCK_SIZE_MAX, 2 * 1024 * 1024)                                                          \
    X(2, BLOCK_TXS_MAX, 8192)                                                                      \
    X(3, TX_WINDOW_MS, 10 * 60 * 1000)                                                             \
    X(4, TIME_AHEAD_MS, 5000)                                                                      \
    X(5, TIME_BEHIND_MS, 30000)                                                                    \
    X(6, IDLE_BLOCK_MS, 30000)                                                                     \
    X(7, QUOTA_PER_EPOCH, 10000000)                                                                \
    X(8, EPOCH_KEY_LOG2, 12)                                                                       \
    X(9, EVENTS_PER_TX_MAX, 64)                                                                    \
    X(10, RECEIPT_SIZE_MAX, 16384)                                                                 \
    X(11, BLOCK_COST_MAX, 1000000)                                                                 \
    X(12, RELEASE_DEADLINE_MS, 60000)                                                              \
    X(13, QUOTA_PER_SIGNER, (uint64_t)1 << 48)

enum genesis_param {
#define X(number, name, value) PARAM_##name = (number),
    GENESIS_PARAMS(X)
#undef X
    PARAM_END
};

struct did_key {
    uint32_t id;
    uint32_t suite;
    uint32_t use;
    struct bytes public_key;
};
struct did_document {
    struct hash id;
    uint32_t key_count;
    struct did_key key[DID_KEYS_MAX];
    uint32_t jurisdiction; /* ISO 3166-1 numeric */
    uint32_t role_count;
    uint32_t role[DID_ROLES_MAX];
    struct hash also_known_as; /* zero: none */
};
struct seat {
    struct hash participant;
    struct hash root;
    uint64_t weight;
};
struct currency {
    struct hash issuer;
    uint32_t code;
    uint32_t exponent;
};

struct genesis {
    struct bytes wire;
    struct hash space;
    uint32_t format, version_set, suite, flags;
    uint64_t start_ms, epoch_ms, trust_ms;
    uint64_t param[PARAM_END]; /* by number; defaults filled in */
    uint32_t participant_count, seat_count, currency_count, ca_key_count, template_count;
    struct did_document *participant;
    struct seat *seat;
    struct currency *currency;
    struct bytes *ca_key;
    struct bytes pack_set;
    struct hash *template_hash;
    uint8_t salt[16];
    /* H('carnet/committee/v1', seat u32 ‖ participant ‖ root ‖ weight u64 …) */
    struct hash committee_hash;
};

/* `s` must be the suite the file names: callers that accept the simulator's pass its table, all
 * others suite_by_number's. ERR_VERSION: format, version set or suite unknown; ERR_RANGE: a rule of
 * FORMATS 3 broken (no seat, a seat of nobody, an unknown parameter, a duplicate participant …). */
MUST_USE enum err genesis_decode(const struct suite *s, struct bytes wire, struct arena *arena,
                                 struct genesis *out);
/* Encodes the fields (participants' ids are left out: they are derived). */
MUST_USE enum err genesis_encode(const struct genesis *g, struct arena *arena, struct bytes *out);
/* The suite number of a genesis file, to pick the table. ERR_ENCODING: it is none. */
MUST_USE enum err genesis_suite(struct bytes wire, struct arena *arena, uint32_t *out);

/* id = H('carnet/did/v1', canonical document with empty id). */
MUST_USE enum err did_derive(const struct suite *s, const struct did_document *d,
                             struct arena *arena, struct hash *out);
const struct did_document *genesis_participant(const struct genesis *g, const struct hash *did);
uint64_t genesis_epoch(const struct genesis *g, uint64_t time_ms); /* 0 before start */
void committee_hash(const struct suite *s, const struct seat *seat, uint32_t count,
                    struct hash *out);
uint32_t committee_faulty_max(uint32_t seats); /* f: most seats that may be faulty */
uint32_t committee_quorum(uint32_t seats);     /* 2f+1, taken as seats - f */

#endif
