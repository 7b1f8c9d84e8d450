/* The rules of FORMATS 3 that an encoding cannot say. */
#include "ledger/committee.h"
#include "ledger/genesis_internal.h"

enum { EPOCH_MS_MIN = 1000, COUNTRY_NUMBER_MAX = 999, CURRENCY_NUMBER_MAX = 999 };
enum { CURRENCY_EXPONENT_MAX = 18, DID_KEY_SIZE_MAX = 2048, CA_KEY_SIZE_MAX = 1024 };
/* Far enough for any space, near enough that no sum of times overflows. */
static const uint64_t TIME_MS_MAX = (uint64_t)1 << 48;

/* What governance may choose. The upper bounds are the sizes that memory and frames are made for.
 */
static const struct {
    uint64_t min, max;
} PARAM_BOUNDS[PARAM_END] = {
    [PARAM_BLOCK_SIZE_MAX] = { 128 * 1024, 2 * 1024 * 1024 },
    [PARAM_BLOCK_TXS_MAX] = { 1, 8192 },
    [PARAM_TX_WINDOW_MS] = { 1000, 24 * 60 * 60 * 1000 },
    [PARAM_TIME_AHEAD_MS] = { 1, 60 * 60 * 1000 },
    [PARAM_TIME_BEHIND_MS] = { 1, 60 * 60 * 1000 },
    [PARAM_IDLE_BLOCK_MS] = { 1, 24 * 60 * 60 * 1000 },
    [PARAM_QUOTA_PER_EPOCH] = { 1, (uint64_t)1 << 48 },
    [PARAM_EPOCH_KEY_LOG2] = { 1, 16 },
    [PARAM_EVENTS_PER_TX_MAX] = { 1, 64 },
    [PARAM_RECEIPT_SIZE_MAX] = { 256, 16384 },
    [PARAM_BLOCK_COST_MAX] = { 1, (uint64_t)1 << 48 },
    [PARAM_RELEASE_DEADLINE_MS] = { 1, 24 * 60 * 60 * 1000 },
    [PARAM_QUOTA_PER_SIGNER] = { 1, (uint64_t)1 << 48 },
};

bool genesis_param_known(uint32_t number, uint64_t *initial, uint64_t *min, uint64_t *max)
{
    static const uint64_t INITIAL[PARAM_END] = {
#define X(param_number, name, value) [param_number] = (value),
        GENESIS_PARAMS(X)
#undef X
    };
    if (number == 0 || number >= PARAM_END) {
        return false;
    }
    *initial = INITIAL[number];
    *min = PARAM_BOUNDS[number].min;
    *max = PARAM_BOUNDS[number].max;
    return true;
}

static bool key_fits(const struct suite *s, const struct did_key *k)
{
    if (k->use == DID_SIGN) {
        return k->suite == s->number && k->public_key.len == s->public_size;
    }
    return k->use == DID_SEAL && k->suite != 0 && k->public_key.len > 0 &&
           k->public_key.len <= DID_KEY_SIZE_MAX;
}

enum err did_check(const struct suite *s, const struct did_document *d)
{
    bool signs = false;
    for (uint32_t i = 0; i < d->key_count; i++) {
        if (!key_fits(s, &d->key[i]) || (i > 0 && d->key[i].id <= d->key[i - 1].id)) {
            return ERR_RANGE;
        }
        signs = signs || d->key[i].use == DID_SIGN;
    }
    for (uint32_t i = 0; i < d->role_count; i++) {
        if (d->role[i] == 0 || d->role[i] > ROLE_ORACLE ||
            (i > 0 && d->role[i] <= d->role[i - 1])) {
            return ERR_RANGE;
        }
    }
    bool country = d->jurisdiction > 0 && d->jurisdiction <= COUNTRY_NUMBER_MAX;
    return signs && country ? ERR_NONE : ERR_RANGE;
}

static enum err participants_check(const struct suite *s, const struct genesis *g)
{
    for (uint32_t i = 0; i < g->participant_count; i++) {
        TRY(did_check(s, &g->participant[i]));
        if (genesis_participant(g, &g->participant[i].id) != &g->participant[i]) {
            return ERR_RANGE; /* the same document twice */
        }
    }
    return g->participant_count > 0 ? ERR_NONE : ERR_RANGE;
}

static enum err currencies_check(const struct genesis *g)
{
    for (uint32_t i = 0; i < g->currency_count; i++) {
        const struct currency *c = &g->currency[i];
        if (genesis_participant(g, &c->issuer) == NULL || c->code == 0 ||
            c->code > CURRENCY_NUMBER_MAX || c->exponent > CURRENCY_EXPONENT_MAX) {
            return ERR_RANGE;
        }
        for (uint32_t j = 0; j < i; j++) {
            if (g->currency[j].code == c->code && hash_equal(&g->currency[j].issuer, &c->issuer)) {
                return ERR_RANGE;
            }
        }
    }
    return ERR_NONE;
}

static enum err times_check(const struct genesis *g)
{
    if (g->start_ms == 0 || g->start_ms > TIME_MS_MAX) {
        return ERR_RANGE;
    }
    if (g->epoch_ms < EPOCH_MS_MIN || g->epoch_ms > TIME_MS_MAX) {
        return ERR_RANGE;
    }
    return g->trust_ms >= g->epoch_ms && g->trust_ms <= TIME_MS_MAX ? ERR_NONE : ERR_RANGE;
}

static enum err lists_check(const struct genesis *g)
{
    for (uint32_t i = 0; i < g->ca_key_count; i++) {
        if (g->ca_key[i].len == 0 || g->ca_key[i].len > CA_KEY_SIZE_MAX) {
            return ERR_RANGE;
        }
    }
    for (uint32_t i = 1; i < g->template_count; i++) {
        if (hash_compare(&g->template_hash[i - 1], &g->template_hash[i]) >= 0) {
            return ERR_RANGE;
        }
    }
    return (g->flags & ~(uint32_t)(GENESIS_PUBLIC_DIGESTS | GENESIS_DEVELOPMENT)) == 0 ? ERR_NONE
                                                                                       : ERR_RANGE;
}

enum err genesis_check(const struct suite *s, const struct genesis *g)
{
    if (g->format != GENESIS_FORMAT || g->version_set == 0 || g->version_set > VERSION_SET ||
        g->suite != s->number) {
        return ERR_VERSION;
    }
    TRY(times_check(g));
    TRY(participants_check(s, g));
    /* A seat is one vote, and its root signs for it alone. */
    TRY(committee_seats_check(g, g->seat, g->seat_count));
    TRY(currencies_check(g));
    return lists_check(g);
}
