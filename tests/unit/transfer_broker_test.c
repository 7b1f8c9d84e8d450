/* The broker of brokered rights: every cell of its table, and a walk over all its crashes. */
#include "tests/test.h"
#include "transfer/broker.h"

enum { USE = 3, UNTIL_MS = 1000, WINDOW_MS = 5000 };

static const char *const STATE[] = { "free", "storing", "sent", "released" };
static const char *const EVENT[] = { "pending", "stored",   "committed", "refused", "unknown",
                                     "asked",   "answered", "revoked",   "tick",    "restarted" };
static const char *const EFFECT[] = { "store", "submit", "ask", "deliver", "forget" };
_Static_assert(COUNT(STATE) == BROKER_STATE_END, "every state has a name");
_Static_assert(COUNT(EVENT) == BROKER_EVENT_END, "every event has a name");

static struct broker in_state(enum broker_state s)
{
    struct broker b = { .state = s };
    if (s != BROKER_FREE) {
        b.use = USE;
        b.until_ms = UNTIL_MS;
        b.window_ms = s == BROKER_STORING ? 0 : WINDOW_MS;
    }
    return b;
}

/* An event as it usually is: in time, and of the use after the present one. */
static struct broker_event usual(enum broker_event_kind kind)
{
    return (struct broker_event){ .kind = kind,
                                  .durable = true,
                                  .use = kind == BROKER_PENDING ? USE + 1 : USE,
                                  .until_ms = UNTIL_MS,
                                  .window_ms = WINDOW_MS,
                                  .now_ms = UNTIL_MS - 1 };
}

static void say(char *text, size_t cap, const char *more)
{
    size_t len = strlen(text);
    snprintf(text + len, cap - len, "%s", more);
}

static void tell(char *text, size_t cap, struct broker b, const struct broker_event *ev)
{
    struct broker_effects out;
    struct broker before = b;
    char line[160];
    enum err e = broker_step(&b, ev, &out);
    snprintf(line, sizeof line, "%s %s -> %s", STATE[before.state], EVENT[ev->kind],
             e == ERR_NONE ? STATE[b.state] : err_name(e));
    say(text, cap, line);
    for (uint32_t i = 0; i < out.count; i++) {
        snprintf(line, sizeof line, "; %s", EFFECT[out.effect[i]]);
        say(text, cap, line);
    }
    say(text, cap, "\n");
    if (e != ERR_NONE) {
        CHECK_EQ(out.count, 0);
        CHECK(memcmp(&b, &before, sizeof b) == 0);
    }
}

TEST(formats_19_every_event_in_every_state)
{
    char text[4096] = "";
    for (int s = 0; s < BROKER_STATE_END; s++) {
        for (int k = 0; k < BROKER_EVENT_END; k++) {
            struct broker_event ev = usual((enum broker_event_kind)k);
            tell(text, sizeof text, in_state((enum broker_state)s), &ev);
        }
    }
    CHECK_STR(text, "free pending -> storing; store\n"
                    "free stored -> state\n"
                    "free committed -> state\n"
                    "free refused -> state\n"
                    "free unknown -> state\n"
                    "free asked -> state\n"
                    "free answered -> state\n"
                    "free revoked -> state\n"
                    "free tick -> state\n"
                    "free restarted -> sent; ask\n"
                    "storing pending -> state\n"
                    "storing stored -> sent; submit\n"
                    "storing committed -> state\n"
                    "storing refused -> state\n"
                    "storing unknown -> state\n"
                    "storing asked -> state\n"
                    "storing answered -> state\n"
                    "storing revoked -> free; forget\n"
                    "storing tick -> storing\n"
                    "storing restarted -> sent; ask\n"
                    "sent pending -> state\n"
                    "sent stored -> state\n"
                    "sent committed -> released; deliver\n"
                    "sent refused -> free; forget\n"
                    "sent unknown -> sent; submit\n"
                    "sent asked -> state\n"
                    "sent answered -> state\n"
                    "sent revoked -> sent\n"
                    "sent tick -> sent; ask\n"
                    "sent restarted -> sent; ask\n"
                    "released pending -> storing; store\n"
                    "released stored -> state\n"
                    "released committed -> state\n"
                    "released refused -> state\n"
                    "released unknown -> state\n"
                    "released asked -> released; deliver\n"
                    "released answered -> free; forget\n"
                    "released revoked -> released\n"
                    "released tick -> released\n"
                    "released restarted -> sent; ask\n");
}

TEST(what_is_over_or_was_released_is_stale_and_what_is_no_use_is_out_of_range)
{
    char text[1024] = "";
    struct broker_event ev = usual(BROKER_PENDING);
    ev.now_ms = UNTIL_MS;
    tell(text, sizeof text, in_state(BROKER_FREE), &ev);
    ev = usual(BROKER_PENDING);
    ev.use = 0;
    tell(text, sizeof text, in_state(BROKER_FREE), &ev);
    ev.use = USE;
    tell(text, sizeof text, in_state(BROKER_RELEASED), &ev);
    ev = usual(BROKER_TICK);
    ev.now_ms = UNTIL_MS;
    tell(text, sizeof text, in_state(BROKER_STORING), &ev);
    ev = usual(BROKER_UNKNOWN);
    ev.now_ms = WINDOW_MS;
    tell(text, sizeof text, in_state(BROKER_SENT), &ev);
    ev.now_ms = WINDOW_MS + 1;
    tell(text, sizeof text, in_state(BROKER_SENT), &ev);
    ev = usual(BROKER_STORED);
    ev.window_ms = 0;
    tell(text, sizeof text, in_state(BROKER_STORING), &ev);
    ev = usual(BROKER_RESTARTED);
    ev.durable = false;
    tell(text, sizeof text, in_state(BROKER_STORING), &ev);
    ev = usual(BROKER_RESTARTED);
    ev.window_ms = 0;
    tell(text, sizeof text, in_state(BROKER_FREE), &ev);
    ev.kind = BROKER_EVENT_END;
    CHECK_STR(text, "free pending -> stale\n"
                    "free pending -> range\n"
                    "released pending -> stale\n"
                    "storing tick -> free; forget\n"
                    "sent unknown -> sent; submit\n"
                    "sent unknown -> free; forget\n"
                    "storing stored -> range\n"
                    "storing restarted -> free\n"
                    "free restarted -> range\n");
    struct broker b = in_state(BROKER_FREE);
    struct broker_effects out;
    CHECK_ERR(broker_step(&b, &ev, &out), ERR_STATE);
}

/* A ledger, a disk and a holder beside the machine, as small as they can be. A step of the walk is
 * one thing that can happen next; all orders up to a depth are walked, so that a crash comes at
 * every point. Time stands still until EXPIRE and CLOSE say otherwise. */
enum thing {
    HOLDER_USES,
    POLL,
    SYNC,
    SEND,
    BLOCK,
    LOOK,
    CRASH,
    EXPIRE,
    REVOKE,
    HOLDER_ACKS,
    THINGS
};
enum { DEPTH = 6, NO_WRAP = 0 };

struct model {
    struct broker broker;
    bool to_store, to_submit, to_ask;         /* effects not carried out yet */
    uint32_t durable_use, durable_wrap, made; /* the disk; wraps are numbered as they are made */
    uint32_t pool_wrap, pool_use;             /* RELEASE on its way to a block */
    bool in_pool;
    uint32_t done_wrap; /* a RELEASE that is in a block */
    bool done_ok;
    uint32_t used, pending, released_wrap, held_wrap, releases;
    bool revoked, answered;
};

static void carry(struct model *m, const struct broker_effects *out)
{
    for (uint32_t i = 0; i < out->count; i++) {
        switch (out->effect[i]) {
        case BROKER_STORE:
            m->to_store = true;
            break;
        case BROKER_SUBMIT:
            m->to_submit = true;
            break;
        case BROKER_ASK:
            m->to_ask = true;
            break;
        case BROKER_DELIVER:
            /* The one thing that must never be early. */
            CHECK(m->durable_wrap == m->released_wrap && m->durable_use == m->used);
            m->held_wrap = m->durable_wrap;
            break;
        case BROKER_FORGET:
            m->durable_use = m->durable_wrap = 0;
            m->to_submit = m->to_ask = false; /* nothing is left to send or ask for */
            break;
        }
    }
}

static void feed(struct model *m, struct broker_event ev)
{
    struct broker_effects out;
    if (broker_step(&m->broker, &ev, &out) == ERR_NONE) {
        carry(m, &out);
    }
}

static void poll_ledger(struct model *m)
{
    if (m->pending != 0 && !m->revoked) {
        feed(m, (struct broker_event){
                    .kind = BROKER_PENDING, .use = m->pending, .until_ms = UNTIL_MS });
    }
    if (m->broker.state == BROKER_RELEASED && m->answered) {
        feed(m, (struct broker_event){ .kind = BROKER_ANSWERED });
    }
    if (m->broker.state == BROKER_SENT) {
        feed(m, (struct broker_event){ .kind = BROKER_TICK });
    }
}

static void sync_disk(struct model *m)
{
    if (m->to_store) {
        m->to_store = false;
        m->durable_use = m->broker.use;
        m->durable_wrap = ++m->made;
        feed(m, (struct broker_event){ .kind = BROKER_STORED, .window_ms = WINDOW_MS });
    }
}

static void send(struct model *m)
{
    if (m->to_submit) {
        m->to_submit = false;
        CHECK(m->durable_wrap != 0);
        if (m->done_wrap != m->durable_wrap) { /* the ledger takes an id once */
            m->in_pool = true;
            m->pool_wrap = m->durable_wrap;
            m->pool_use = m->durable_use;
        }
    }
}

static void block(struct model *m)
{
    if (m->in_pool) {
        m->in_pool = false;
        m->done_wrap = m->pool_wrap;
        m->done_ok = m->pending == m->pool_use && !m->revoked;
        if (m->done_ok) {
            m->used++;
            m->releases++;
            m->pending = 0;
            m->released_wrap = m->pool_wrap;
            m->answered = false;
        }
    }
}

static void look(struct model *m)
{
    if (m->to_ask) {
        m->to_ask = false;
        bool known = m->done_wrap == m->durable_wrap;
        feed(m, (struct broker_event){ .kind = !known       ? BROKER_UNKNOWN
                                               : m->done_ok ? BROKER_COMMITTED
                                                            : BROKER_REFUSED });
    }
}

static void crash(struct model *m)
{
    m->to_store = m->to_submit = m->to_ask = false;
    feed(m, (struct broker_event){ .kind = BROKER_RESTARTED,
                                   .durable = m->durable_use != 0,
                                   .use = m->durable_use,
                                   .until_ms = UNTIL_MS,
                                   .window_ms = WINDOW_MS });
}

static void happen(struct model *m, enum thing t)
{
    switch (t) {
    case HOLDER_USES:
        if (m->pending == 0 && !m->revoked && (m->used == 0 || m->answered)) {
            m->pending = m->used + 1;
        }
        break;
    case POLL:
        poll_ledger(m);
        break;
    case SYNC:
        sync_disk(m);
        break;
    case SEND:
        send(m);
        break;
    case BLOCK:
        block(m);
        break;
    case LOOK:
        look(m);
        break;
    case CRASH:
        crash(m);
        break;
    case EXPIRE:
        m->pending = 0;
        break;
    case REVOKE:
        m->revoked = true;
        break;
    case HOLDER_ACKS:
        m->answered = m->answered || (m->held_wrap != NO_WRAP && m->held_wrap == m->released_wrap);
        break;
    case THINGS:
        break;
    }
}

/* Whatever happened, the broker comes back, is let work, and the holder has what was counted. */
static bool heals(struct model m)
{
    static const enum thing REST[] = { CRASH, LOOK, SEND,  BLOCK, POLL, LOOK,
                                       SYNC,  SEND, BLOCK, POLL,  LOOK };
    for (size_t i = 0; i < COUNT(REST); i++) {
        happen(&m, REST[i]);
    }
    return m.used == m.releases && (m.used == 0 || m.held_wrap == m.released_wrap);
}

static bool sound(const struct model *m)
{
    return m->used == m->releases && (m->held_wrap == NO_WRAP || m->used > 0);
}

TEST(formats_19_no_crash_at_any_point_loses_or_doubles_a_use)
{
    /* A use in full takes seven things, so the walk starts both at none and in the middle. */
    static const enum thing BEFORE[][4] = { { THINGS, THINGS, THINGS, THINGS },
                                            { HOLDER_USES, POLL, SYNC, SEND },
                                            { HOLDER_USES, POLL, SYNC, CRASH } };
    uint64_t walks = 0, released = 0;
    for (size_t start = 0; start < COUNT(BEFORE); start++) {
        uint32_t digit[DEPTH] = { 0 };
        for (bool more = true; more && !test_failing();) {
            struct model m = { .revoked = false };
            for (size_t i = 0; i < COUNT(BEFORE[start]); i++) {
                happen(&m, BEFORE[start][i]);
            }
            bool good = true;
            for (int i = 0; i < DEPTH; i++) {
                happen(&m, (enum thing)digit[i]);
                good = good && sound(&m);
            }
            CHECK(good && heals(m));
            walks++;
            released += m.used;
            more = false;
            for (int i = 0; i < DEPTH && !more; i++) {
                digit[i] = (digit[i] + 1) % THINGS;
                more = digit[i] != 0;
            }
        }
    }
    CHECK_EQ(walks, 3u * 1000000u);
    CHECK(released > 1000);
}
