#include "api/stream_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/render_internal.h"

enum { STREAM_EVENTS = 128, STREAM_ARENA = 16 * 1024 * 1024 };

enum err stream_open(struct stream *s, struct stream_seats *seats, const struct hash *participant,
                     uint64_t from, uint32_t index, uint64_t now_ms)
{
    uint32_t own = 0, free_seat = API_STREAMS_MAX;
    for (uint32_t i = 0; i < API_STREAMS_MAX; i++) {
        own += hash_equal(&seats->participant[i], participant);
        free_seat = hash_is_zero(&seats->participant[i]) ? i : free_seat;
    }
    if (free_seat == API_STREAMS_MAX || own >= API_STREAMS_EACH_MAX) {
        return ERR_BUSY;
    }
    seats->participant[free_seat] = *participant;
    *s = (struct stream){
        .on = true, .seat = free_seat, .from = from, .index = index, .opened_ms = now_ms
    };
    return ERR_NONE;
}

void stream_close(struct stream *s, struct stream_seats *seats)
{
    if (s->on) {
        seats->participant[s->seat] = (struct hash){ 0 };
        free(s->nodes);
    }
    *s = (struct stream){ 0 };
}

/* Bytes that grow up to API_STREAM_PIECE_SIZE, after room for whoever frames them. */
struct piece {
    uint8_t *memory;
    size_t headroom, len;
};

/* False: it does not fit beside what is there. */
static bool put(struct piece *p, const char *head, const char *text, size_t len)
{
    size_t head_len = strlen(head);
    size_t room = API_STREAM_PIECE_SIZE - p->len;
    if (head_len + len + 1 > room) {
        return false;
    }
    uint8_t *at = p->memory + p->headroom + p->len;
    memcpy(at, head, head_len);
    memcpy(at + head_len, text, len);
    at[head_len + len] = '\n'; /* json_write_line ends its line: this one ends the message */
    p->len += head_len + len + 1;
    return true;
}

/* One message a transaction, so that (height, index) is where to go on. */
static json_t *transaction_json(const struct node *n, const struct node_event *e, uint32_t count,
                                struct arena *scratch)
{
    json_t *j = json_new_object(), *events = json_new_array();
    json_put(j, "space", json_new_hash(&node_genesis(n)->space));
    json_put(j, "height", json_new_int((int64_t)e->height));
    json_put(j, "index", json_new_int(e->index));
    for (uint32_t i = 0; i < count; i++) {
        json_push(events, render_event(n, &e[i], scratch));
    }
    json_put(j, "events", events);
    return j;
}

static enum err say_transaction(struct piece *p, const struct node *n, const struct node_event *e,
                                uint32_t count, struct arena *scratch, bool *fits)
{
    char head[96], *text;
    size_t len;
    json_t *j = transaction_json(n, e, count, scratch);
    enum err err = json_write_line(j, &text, &len);
    json_free(j);
    TRY(err);
    (void)snprintf(head, sizeof head,
                   "event: tx\nid: %llu.%u\ndata: ", (unsigned long long)e->height, e->index);
    *fits = put(p, head, text, len);
    json_text_free(text);
    return ERR_NONE;
}

static enum err say_events(struct stream *s, struct piece *p, struct node *n, struct arena *a)
{
    const struct node_filter all = { 0 };
    struct node_events page;
    bool fits = true;
    TRY(node_events(n, &all, (struct node_place){ s->from, s->index }, STREAM_EVENTS, a, &page));
    const struct node_event *e = page.event;
    for (uint32_t i = 0, end; i < page.count && fits; i = end) {
        for (end = i + 1;
             end < page.count && e[end].height == e[i].height && e[end].index == e[i].index;
             end++) {
        }
        TRY(say_transaction(p, n, &e[i], end - i, a, &fits));
        if (fits) {
            s->from = e[i].height;
            s->index = e[i].index + 1;
        }
    }
    if (fits) {
        s->from = page.next.height; /* past transactions without events, too */
        s->index = page.next.index;
    }
    /* A message that does not fit an empty piece would never be said. */
    return fits || p->len > 0 ? ERR_NONE : ERR_SIZE;
}

/* The nodes, when anything of them has changed since they were said. */
static enum err say_nodes(struct stream *s, struct piece *p, const struct node *n)
{
    char *text;
    size_t len;
    json_t *j = json_new_object();
    struct replica_status st = node_status(n);
    json_put(j, "height", json_new_int((int64_t)st.tip.height));
    json_put(j, "view", json_new_int((int64_t)st.pbft.view));
    json_put(j, "time", json_new_time(st.tip.time_ms));
    json_put(j, "nodes", render_nodes(n));
    enum err e = json_write_line(j, &text, &len);
    json_free(j);
    TRY(e);
    if (s->nodes != NULL && strcmp(s->nodes, text) == 0) {
        json_text_free(text);
        return ERR_NONE;
    }
    if (!put(p, "event: nodes\ndata: ", text, len)) {
        json_text_free(text);
        return ERR_SIZE;
    }
    char *copy = malloc(len + 1);
    ASSERT(copy != NULL);
    memcpy(copy, text, len + 1);
    json_text_free(text);
    free(s->nodes);
    s->nodes = copy;
    return ERR_NONE;
}

static enum err say(struct stream *s, struct piece *p, struct node *n, uint64_t now_ms)
{
    void *memory = malloc(STREAM_ARENA);
    ASSERT(memory != NULL);
    struct arena a = arena_over(memory, STREAM_ARENA);
    enum err e = say_nodes(s, p, n);
    e = e != ERR_NONE ? e : say_events(s, p, n, &a);
    free(memory);
    TRY(e);
    if (p->len == 0 && now_ms - s->said_ms >= API_STREAM_QUIET_MS) {
        (void)!put(p, ":\n", "", 0); /* a comment: the line is alive */
    }
    return ERR_NONE;
}

enum err stream_next(struct stream *s, struct node *n, uint64_t now_ms, uint8_t **out,
                     size_t headroom, size_t *len)
{
    struct piece p = { .memory = malloc(headroom + API_STREAM_PIECE_SIZE), .headroom = headroom };
    ASSERT(p.memory != NULL);
    enum err e = say(s, &p, n, now_ms);
    if (e != ERR_NONE || p.len == 0) {
        free(p.memory);
        p.memory = NULL;
    }
    TRY(e);
    s->said_ms = p.len > 0 ? now_ms : s->said_ms;
    *out = p.memory;
    *len = p.len;
    return ERR_NONE;
}
