/* Reading what happened, from a node: pages that may end inside a block, and one walk over them. */
#include <stdio.h>

#include "cli/actions_internal.h"

enum { EVENTS_PAGE = 1000 };

/* Where an event stands on the ledger; the next page begins with the transaction the last ended in,
 * so that what was seen of it is seen again and passed over. */
struct place {
    int64_t height, index, event;
};

static enum err place_of(const json_t *e, struct place *out)
{
    TRY(json_get_int(e, "height", &out->height));
    TRY(json_get_int(e, "index", &out->index));
    return json_get_int(e, "event", &out->event);
}

static bool after(const struct place *a, const struct place *b)
{
    return a->height != b->height ? a->height > b->height
           : a->index != b->index ? a->index > b->index
                                  : a->event > b->event;
}

enum err action_each_event(struct session *s, const char *subject, action_event_fn *take,
                           void *work)
{
    struct place last = { 0, 0, -1 };
    size_t got = EVENTS_PAGE;
    while (got == EVENTS_PAGE) {
        char path[240];
        json_t *page;
        snprintf(path, sizeof path, "/v1/events?%s%s%sfrom=%lld&index=%lld&max=%d",
                 subject != NULL ? "subject=" : "", subject != NULL ? subject : "",
                 subject != NULL ? "&" : "", (long long)last.height, (long long)last.index,
                 EVENTS_PAGE);
        TRY(session_get_json(s, path, &page));
        const json_t *events = json_member(page, "events");
        (void)!json_get_int(page, "base", &s->events_base);
        enum err e = ERR_NONE;
        got = json_size(events);
        for (size_t i = 0; e == ERR_NONE && i < got; i++) {
            struct place at;
            e = place_of(json_at(events, i), &at);
            if (e == ERR_NONE && after(&at, &last)) {
                last = at;
                e = take(s, json_at(events, i), work);
            }
        }
        json_free(page);
        TRY(e);
    }
    return ERR_NONE;
}
