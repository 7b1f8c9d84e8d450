/* conservation — value is never made or lost by anything but the issuer (DESIGN 8). */
#include "contract/key_internal.h"

#include <string.h>

void contract_conservation_init(struct contract_conservation *w, uint32_t currency_count)
{
    ASSERT(currency_count <= GENESIS_CURRENCIES_MAX);
    w->currency_count = currency_count;
    for (uint32_t i = 0; i < currency_count; i++) {
        w->held[i] = w->issued[i] = amount_zero(i);
    }
}

static enum err add(struct contract_conservation *w, struct amount *sum, const struct amount *a)
{
    if (a->currency >= w->currency_count || amount_sign(a) < 0) {
        return ERR_INTEGRITY;
    }
    return amount_add(&sum[a->currency], a, &sum[a->currency]);
}

static enum err add_balance(struct contract_conservation *w, struct amount *sum, uint32_t currency,
                            struct bytes value, struct arena *scratch)
{
    struct balance_record r;
    struct amount a = amount_zero(currency);
    TRY(balance_record_decode(value, scratch, &r));
    memcpy(a.value, r.value, sizeof(a.value));
    return add(w, sum, &a);
}

static enum err add_lock(struct contract_conservation *w, struct bytes value, struct arena *scratch)
{
    struct lock_record l;
    struct money_exchange x;
    TRY(lock_record_decode(value, scratch, &l));
    if (l.state != LOCK_OPEN) {
        return ERR_NONE;
    }
    TRY(add(w, w->held, &l.amount));
    if (l.exchange.len == 0) {
        return ERR_NONE;
    }
    TRY(money_exchange_decode(l.exchange, scratch, &x));
    return add(w, w->held, &x.amount);
}

/* The currency of a balance or of what was issued ends its key. */
static enum err add_record(struct contract_conservation *w, struct bytes key, struct bytes value,
                           struct arena *scratch)
{
    struct reader tail = reader_over(bytes_of(key.ptr + key.len - 4, 4));
    uint32_t currency = reader_u32(&tail);
    switch (key.ptr[0]) {
    case KEY_MAIN:
        return add_balance(w, w->held, currency, value, scratch);
    case KEY_LOCK:
        return add_lock(w, value, scratch);
    case KEY_ISSUED:
        return add_balance(w, w->issued, currency, value, scratch);
    case KEY_QUOTE:
    case KEY_QUOTE_RING:
    case KEY_QUOTE_SLOT:
        return ERR_NONE; /* no money */
    default:
        return ERR_INTEGRITY;
    }
}

enum err contract_conservation_add(struct contract_conservation *w, uint16_t contract,
                                   struct bytes stored, struct arena *scratch)
{
    if (contract != CONTRACT_MONEY) {
        return ERR_NONE;
    }
    struct reader r = reader_over(stored);
    struct bytes key = reader_take(&r, reader_u8(&r));
    struct bytes value = reader_take(&r, r.left);
    TRY(reader_done(&r));
    if (key.len < 5) {
        return ERR_INTEGRITY;
    }
    size_t mark = arena_mark(scratch);
    enum err e = add_record(w, key, value, scratch);
    arena_release(scratch, mark);
    return e;
}

enum err contract_conservation_check(const struct contract_conservation *w)
{
    for (uint32_t i = 0; i < w->currency_count; i++) {
        int order;
        TRY(amount_compare(&w->held[i], &w->issued[i], &order));
        if (order != 0) {
            return ERR_INTEGRITY;
        }
    }
    return ERR_NONE;
}
