/* broker — how a provider answers one brokered use: a pure state machine (FORMATS 19).
 *
 * RELEASE is durable before it is sent, sent again under the same transaction id until the ledger
 * has said what became of it, and the wrap leaves only after RELEASE has committed. So a broker
 * that is down costs nothing, one that crashes loses nothing, and a use is counted once.
 * Page: docs/transfer.md */
#ifndef CARNET_TRANSFER_BROKER_H
#define CARNET_TRANSFER_BROKER_H

#include <stdint.h>

#include "base/err.h"

enum broker_state {
    BROKER_FREE,     /* nothing is being answered */
    BROKER_STORING,  /* wrap and transaction are made, not durable, nothing has been sent */
    BROKER_SENT,     /* durable; sent or about to be; the ledger has the word */
    BROKER_RELEASED, /* committed; the wrap is on its way until the holder answers */
    BROKER_STATE_END
};
enum broker_event_kind {
    BROKER_PENDING,   /* the ledger shows use `use`, pending until `until_ms` */
    BROKER_STORED,    /* wrap and transaction are durable; it is good until `window_ms` */
    BROKER_COMMITTED, /* the receipt of RELEASE says ok */
    BROKER_REFUSED,   /* its receipt says anything else */
    BROKER_UNKNOWN,   /* it is in no block up to block time `now_ms` */
    BROKER_ASKED,     /* the holder has no wrap yet */
    BROKER_ANSWERED,  /* the holder's ACK or REJECT has committed */
    BROKER_REVOKED,   /* the right, or its token, may not be used any more */
    BROKER_TICK,      /* it is `now_ms` */
    BROKER_RESTARTED, /* after a crash: `durable` says whether the stored answer was found */
    BROKER_EVENT_END
};
struct broker_event {
    enum broker_event_kind kind;
    bool durable;
    uint32_t use;
    uint64_t until_ms, window_ms, now_ms;
};

enum { BROKER_EFFECTS_MAX = 2 };
enum broker_effect {
    BROKER_STORE,   /* make the wrap and RELEASE for `use`, keep them, sync, then say STORED */
    BROKER_SUBMIT,  /* send the stored RELEASE: always the same bytes */
    BROKER_ASK,     /* ask the ledger for its receipt: COMMITTED, REFUSED or UNKNOWN */
    BROKER_DELIVER, /* hand the stored wrap over, again if need be */
    BROKER_FORGET   /* drop what is stored */
};
struct broker_effects {
    uint32_t count;
    enum broker_effect effect[BROKER_EFFECTS_MAX];
};

struct broker { /* zeroed: FREE */
    enum broker_state state;
    uint32_t use;
    uint64_t until_ms, window_ms;
};

/* On an error there are no effects and nothing moved: ERR_STATE no meaning here, ERR_STALE a
 * pending use that is over or was released, ERR_RANGE a number or a window that is none. */
MUST_USE enum err broker_step(struct broker *b, const struct broker_event *ev,
                              struct broker_effects *out);

#endif
