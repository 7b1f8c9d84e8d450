#include "node/events.h"

#include "ledger/proof.h"
#include "node/node_internal.h"

/* Pages of the index: the narrowest list is walked, the rest of the filter judged on the way. */

struct gather {
    struct node *node;
    const struct node_filter *filter;
    struct arena *arena;
    struct node_event *event; /* NULL: transactions are asked for, */
    struct node_listed *tx;   /* and else this is */
    uint32_t count, max, looked;
    size_t bytes; /* of receipts */
    bool more, begun;
    struct node_place next;
    struct receipt receipt; /* of the transaction before `next` */
};

static bool tx_matches(const struct node_filter *f, const struct index_tx *tx)
{
    return (f->author == NULL || hash_equal(f->author, &tx->author)) &&
           (f->method == 0 || f->method == tx->method) && tx->time_ms >= f->since_ms;
}

static bool event_matches(const struct node_filter *f, const struct event *e)
{
    return !f->of_kind || (e->contract == f->contract && e->type == f->type);
}

/* Once a transaction, however many of its events are asked for. */
static enum err read_receipt(struct gather *g, const struct index_tx *tx)
{
    struct bytes wire;
    struct receipt r;
    TRY(arena_copy(g->arena, tx->receipt, &wire));
    TRY(receipt_decode(wire, g->arena, &r));
    g->bytes += wire.len;
    g->receipt = r;
    return ERR_NONE;
}

static void add_event(struct gather *g, const struct index_tx *tx, uint32_t number)
{
    const struct event *e = &g->receipt.event[number];
    if (event_matches(g->filter, e)) {
        ASSERT(g->count < g->max + NODE_EVENTS_TX_MAX);
        g->event[g->count++] = (struct node_event){ .height = tx->height,
                                                    .time_ms = tx->time_ms,
                                                    .index = tx->index,
                                                    .event_index = number,
                                                    .tx = tx->id,
                                                    .event = *e };
    }
}

static enum err take_events(struct gather *g, const struct index_tx *tx, uint32_t number,
                            bool another)
{
    if (another) {
        TRY(read_receipt(g, tx));
    }
    if (number == INDEX_EVERY) {
        for (uint32_t i = 0; i < g->receipt.event_count; i++) {
            add_event(g, tx, i);
        }
        return ERR_NONE;
    }
    if (number >= g->receipt.event_count) {
        return ERR_CORRUPT;
    }
    add_event(g, tx, number);
    return ERR_NONE;
}

static void take_tx(struct gather *g, const struct index_tx *tx)
{
    g->tx[g->count++] = (struct node_listed){ .height = tx->height,
                                              .time_ms = tx->time_ms,
                                              .index = tx->index,
                                              .status = tx->status,
                                              .method = tx->method,
                                              .tx = tx->id,
                                              .author = tx->author };
}

static bool is_full(const struct gather *g)
{
    return g->count >= g->max || g->looked >= NODE_EVENTS_LOOK_MAX ||
           g->bytes >= NODE_EVENTS_SIZE_MAX;
}

/* A page ends between two transactions, never within one. */
static enum err visit(void *user, const struct index_tx *tx, uint32_t number, bool *more)
{
    struct gather *g = user;
    const struct node_filter *f = g->filter;
    bool another = !g->begun || tx->height != g->next.height || tx->index + 1 != g->next.index;
    bool late = f->until_ms != 0 && tx->time_ms >= f->until_ms;
    g->more = !late && another && is_full(g);
    *more = !late && !g->more;
    if (!*more) {
        return ERR_NONE;
    }
    g->begun = true;
    g->next = (struct node_place){ tx->height, tx->index + 1 };
    g->looked++;
    if (!tx_matches(f, tx)) {
        return ERR_NONE;
    }
    if (g->tx != NULL) {
        take_tx(g, tx);
        return ERR_NONE;
    }
    return take_events(g, tx, number, another);
}

static struct index_list narrowest(const struct node_filter *f)
{
    return f->subject != NULL  ? index_of_subject(f->subject)
           : f->author != NULL ? index_of_author(f->author)
           : f->of_kind        ? index_of_kind(f->contract, f->type)
           : f->method != 0    ? index_of_method(f->method)
                               : index_all();
}

static enum err walk(struct gather *g, struct node_place from)
{
    struct index_list list = narrowest(g->filter);
    uint64_t first = 0;
    g->next = from;
    if (g->filter->since_ms > 0) {
        TRY(index_height_since(&g->node->book, g->filter->since_ms, &first));
    }
    if (first == UINT64_MAX) {
        return ERR_NONE;
    }
    struct node_place begin = first > from.height ? (struct node_place){ first, 0 } : from;
    return index_each(&g->node->book, &list, begin.height, begin.index, visit, g);
}

static uint32_t page_max(uint32_t max)
{
    return max > NODE_EVENTS_MAX || max == 0 ? NODE_EVENTS_MAX : max;
}

enum err node_events(struct node *n, const struct node_filter *f, struct node_place from,
                     uint32_t max, struct arena *a, struct node_events *out)
{
    struct gather g = { .node = n, .filter = f, .arena = a, .max = page_max(max) };
    g.event = ARENA_ARRAY(a, struct node_event, g.max + NODE_EVENTS_TX_MAX);
    if (g.event == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(walk(&g, from));
    *out = (struct node_events){ g.event, g.count, g.more, g.next };
    return ERR_NONE;
}

enum err node_txs(struct node *n, const struct node_filter *f, struct node_place from, uint32_t max,
                  struct arena *a, struct node_txs *out)
{
    struct gather g = { .node = n, .filter = f, .arena = a, .max = page_max(max) };
    ASSERT(f->subject == NULL && !f->of_kind);
    g.tx = ARENA_ARRAY(a, struct node_listed, g.max);
    if (g.tx == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(walk(&g, from));
    *out = (struct node_txs){ g.tx, g.count, g.more, g.next };
    return ERR_NONE;
}
