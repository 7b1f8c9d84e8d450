/* contract_money — what the money contract takes and keeps (args.proto, record.proto, FORMATS 20).
 *
 * Part of contract_args.h and contract_records.h, whose rules hold here. Page: docs/contract.md */
#ifndef CARNET_CONTRACT_CONTRACT_MONEY_H
#define CARNET_CONTRACT_CONTRACT_MONEY_H

#include "base/amount.h"
#include "ledger/contract_table.h"

enum {
    CONTRACT_LOCK_DAYS_MAX = 366,        /* money is never out of reach for longer */
    CONTRACT_QUOTE_HOURS_MAX = 24,       /* before it expires: remembered for a day at most */
    CONTRACT_QUOTES_MAX = 1024,          /* used and unexpired, of one oracle: 200 KiB of state */
    CONTRACT_SERIAL_SIZE = TX_NONCE_SIZE /* of a quote */
};
enum contract_lock_state { LOCK_OPEN = 1, LOCK_SETTLED, LOCK_REFUNDED };

/* What methods take. */
struct money_issue {
    struct hash to;
    struct amount amount;
};
struct money_pay {
    struct hash to;
    struct amount amount;
};
struct money_quote { /* FORMATS 20; signed by contract_quote_sign */
    struct hash space, oracle;
    uint32_t key, from, to;
    uint64_t num, den;              /* smallest units of `to` for one of `from` */
    uint8_t max[AMOUNT_VALUE_SIZE]; /* of `from` */
    uint64_t until_ms;              /* taken before it */
    uint64_t hold_until_ms;         /* the lock ends by then */
    uint8_t serial[CONTRACT_SERIAL_SIZE];
};
struct money_lock {
    struct hash payee;
    struct amount amount;
    struct hash token;
    uint64_t until_ms;
    struct bytes quote, signature; /* canonical money_quote; empty: one currency */
};
struct money_settle {
    struct hash lock;
};
struct money_refund {
    struct hash lock;
};

/* What state keeps. */
struct balance_record { /* also of what was issued */
    uint8_t value[AMOUNT_VALUE_SIZE];
};
struct lock_record {
    struct hash lock, payer, payee;
    struct amount amount;
    struct hash token;
    uint64_t until_ms;
    uint32_t state;
    struct hash right;     /* zero until GRANT binds it */
    struct bytes exchange; /* canonical money_exchange; empty: one currency */
};
struct money_exchange { /* the other leg of a lock */
    struct hash oracle; /* pays `amount`, receives the payer's, owns the remainder */
    struct amount amount;
    uint64_t num, den;
    struct hash quote; /* contract_quote_id */
};
struct quote_record { /* a used quote that has not expired */
    struct hash quote;
    uint64_t until_ms;
};
struct quote_ring_record {
    uint64_t used; /* quotes of one oracle: the next slot is this modulo CONTRACT_QUOTES_MAX */
};

#endif
