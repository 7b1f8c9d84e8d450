#include "consensus/sync.h"

#include <string.h>

enum {
    SNAPSHOT_MEMORY = 1536 * 1024, /* of a snapshot while it is checked and after */
    NOBODY = UINT32_MAX
};

struct sync_peer {
    bool up, liar, tried; /* in this round */
};
struct asked {
    bool used;
    uint32_t piece, tries;
    uint64_t deadline_ms;
};
/* A snapshot that checked, and which of its pieces are kept. */
struct taken {
    struct arena arena;
    struct snapshot snapshot;
    bool known;
    bool have[SNAPSHOT_PIECES_MAX];
};
struct sync {
    struct sync_config config;
    enum sync_phase phase;
    uint64_t now_ms, above, log, deadline_ms;
    uint32_t server, rounds, liars, next_piece, missing;
    bool later;          /* somebody of this round is making one */
    enum proof_step why; /* the newest offer is no good */
    struct sync_peer peer[SYNC_PEERS_MAX];
    struct asked asked[SYNC_WINDOW_MAX];
    struct taken taken[2];
    uint32_t current;
};

size_t sync_memory(void)
{
    return sizeof(struct sync) + 2 * SNAPSHOT_MEMORY + 64;
}

enum err sync_init(const struct sync_config *c, struct arena *a, struct sync **out)
{
    ASSERT(c->peers <= SYNC_PEERS_MAX);
    struct sync *s = ARENA_NEW(a, struct sync);
    if (s == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(arena_split(a, SNAPSHOT_MEMORY, &s->taken[0].arena));
    TRY(arena_split(a, SNAPSHOT_MEMORY, &s->taken[1].arena));
    s->config = *c;
    s->server = NOBODY;
    *out = s;
    return ERR_NONE;
}

static struct taken *current(struct sync *s)
{
    return &s->taken[s->current];
}

const struct snapshot *sync_snapshot(const struct sync *s)
{
    const struct taken *t = &s->taken[s->current];
    return t->known ? &t->snapshot : NULL;
}

enum sync_phase sync_phase_of(const struct sync *s)
{
    return s->phase;
}

uint32_t sync_missing(const struct sync *s)
{
    return s->missing;
}

uint32_t sync_liars(const struct sync *s)
{
    return s->liars;
}

static void emit(struct sync_effects *out, struct sync_effect e)
{
    ASSERT(out->count < SYNC_EFFECTS_MAX);
    out->effect[out->count++] = e;
}

static void forget_asked(struct sync *s)
{
    memset(s->asked, 0, sizeof s->asked);
}

/* Whom to ask next. */

static uint32_t next_peer(const struct sync *s)
{
    for (uint32_t n = 1; n <= s->config.peers; n++) {
        uint32_t i = s->server == NOBODY ? n - 1 : (s->server + n) % s->config.peers;
        const struct sync_peer *p = &s->peer[i];
        if (i != s->config.self && p->up && !p->liar && !p->tried) {
            return i;
        }
    }
    return NOBODY;
}

static void become_idle(struct sync *s)
{
    s->phase = SYNC_IDLE;
    s->server = NOBODY;
    forget_asked(s);
}

static void begin_round(struct sync *s)
{
    for (uint32_t i = 0; i < s->config.peers; i++) {
        s->peer[i].tried = false;
    }
    s->later = false;
    s->rounds++;
}

/* The next peer of this round; after the last one wait for those that are making a snapshot, or
 * give up. */
static void ask_peer(struct sync *s, struct sync_effects *out)
{
    uint32_t peer = next_peer(s);
    forget_asked(s);
    if (peer != NOBODY) {
        s->phase = SYNC_ASKING;
        s->server = peer;
        s->deadline_ms = s->now_ms + 4 * (uint64_t)s->config.retry_ms;
        emit(out, (struct sync_effect){ .kind = SYNC_ASK_SNAPSHOT, .to = peer, .height = s->log });
    } else if (s->later && s->rounds < SYNC_ROUNDS_MAX) {
        s->phase = SYNC_WAITING;
        s->deadline_ms = s->now_ms + s->config.retry_ms;
    } else {
        become_idle(s);
        emit(out, (struct sync_effect){ .kind = SYNC_GIVE_UP });
    }
}

static void leave_server(struct sync *s, struct sync_effects *out)
{
    s->peer[s->server].tried = true;
    ask_peer(s, out);
}

static void catch_liar(struct sync *s, struct sync_effects *out)
{
    s->liars++;
    s->peer[s->server].liar = true;
    emit(out, (struct sync_effect){ .kind = SYNC_LIAR, .to = s->server, .why = s->why });
    leave_server(s, out);
}

/* Pieces. */

static bool is_asked(const struct sync *s, uint32_t piece)
{
    for (uint32_t i = 0; i < SYNC_WINDOW_MAX; i++) {
        if (s->asked[i].used && s->asked[i].piece == piece) {
            return true;
        }
    }
    return false;
}

static void ask_piece(struct sync *s, struct asked *a, struct sync_effects *out)
{
    a->tries++;
    a->deadline_ms = s->now_ms + 4 * (uint64_t)s->config.retry_ms;
    emit(out, (struct sync_effect){ .kind = SYNC_ASK_PIECE,
                                    .to = s->server,
                                    .piece = a->piece,
                                    .height = current(s)->snapshot.header.height });
}

/* Pieces are asked for in order, so each is looked at once a server. */
static void fill_window(struct sync *s, struct sync_effects *out)
{
    const struct taken *t = current(s);
    uint32_t count = 1U << t->snapshot.depth;
    for (uint32_t i = 0; i < SYNC_WINDOW_MAX; i++) {
        while (s->next_piece < count && (t->have[s->next_piece] || is_asked(s, s->next_piece))) {
            s->next_piece++;
        }
        if (!s->asked[i].used && s->next_piece < count) {
            s->asked[i] = (struct asked){ .used = true, .piece = s->next_piece++ };
            ask_piece(s, &s->asked[i], out);
        }
    }
}

static void end_if_whole(struct sync *s, struct sync_effects *out)
{
    if (s->missing == 0) {
        s->phase = SYNC_COMPLETE;
        forget_asked(s);
        emit(out, (struct sync_effect){ .kind = SYNC_DONE });
    }
}

/* What is kept of the snapshot before serves this one where the roots are equal; a piece without
 * leaves needs no fetching. */
static void carry_over(const struct taken *from, struct taken *to, uint32_t *missing)
{
    uint32_t count = 1U << to->snapshot.depth;
    bool same_cut = from->known && from->snapshot.depth == to->snapshot.depth;
    memset(to->have, 0, sizeof to->have);
    *missing = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct hash *root = &to->snapshot.piece[i].root;
        to->have[i] = hash_is_zero(root) || (same_cut && from->have[i] &&
                                             hash_equal(root, &from->snapshot.piece[i].root));
        *missing += to->have[i] ? 0 : 1;
    }
}

enum offered { OFFER_USELESS, OFFER_EARLY, OFFER_SAME, OFFER_FRESH };
/* Check a snapshot beside the one at hand; of use and new, it becomes the current one. An old one
 * is of use only to a log that ends below it: who wants no progress says it again and again. */
static enum err take_snapshot(struct sync *s, const struct sync_event *ev, enum offered *what)
{
    struct taken *now = current(s), *next = &s->taken[1 - s->current];
    struct snapshot x;
    arena_reset(&next->arena);
    next->known = false;
    struct proof_caller caller = { ev->now_ms, s->config.anchor_count, s->config.anchor };
    TRY(snapshot_verify(s->config.suite, s->config.genesis, &caller, ev->bytes, &next->arena, &x,
                        &s->why));
    bool of_use = x.header.height > s->above || x.first.height > s->log + 1;
    bool same = now->known && bytes_equal(now->snapshot.wire, x.wire);
    *what = !of_use ? OFFER_USELESS : same ? OFFER_SAME : OFFER_FRESH;
    *what = ev->kind == SYNC_OFFER && x.header.height > ev->height ? OFFER_EARLY : *what;
    if (*what == OFFER_FRESH) {
        next->snapshot = x;
        next->known = true;
        carry_over(now, next, &s->missing);
        s->current = 1 - s->current;
    }
    return ERR_NONE;
}

typedef enum err sync_fn(struct sync *s, const struct sync_event *ev, struct arena *work,
                         struct sync_effects *out);

static enum err on_want(struct sync *s, const struct sync_event *ev, struct arena *work,
                        struct sync_effects *out)
{
    (void)work;
    s->above = ev->height;
    s->log = ev->log;
    s->rounds = 0;
    begin_round(s);
    ask_peer(s, out);
    return ERR_NONE;
}

static enum err on_want_again(struct sync *s, const struct sync_event *ev, struct arena *work,
                              struct sync_effects *out)
{
    (void)work;
    (void)out;
    s->above = ev->height > s->above ? ev->height : s->above;
    s->log = ev->log > s->log ? ev->log : s->log;
    return ERR_NONE;
}

static enum err on_stop(struct sync *s, const struct sync_event *ev, struct arena *work,
                        struct sync_effects *out)
{
    (void)ev, (void)work, (void)out;
    become_idle(s);
    current(s)->known = false;
    s->missing = 0;
    return ERR_NONE;
}

/* A new connection is a new chance. */
static enum err on_peer(struct sync *s, const struct sync_event *ev, struct arena *work,
                        struct sync_effects *out)
{
    (void)work;
    s->peer[ev->from] = (struct sync_peer){ .up = ev->yes };
    bool lost = !ev->yes && ev->from == s->server;
    if (lost && (s->phase == SYNC_ASKING || s->phase == SYNC_FETCHING)) {
        leave_server(s, out);
    }
    return ERR_NONE;
}

static enum err on_offer(struct sync *s, const struct sync_event *ev, struct arena *work,
                         struct sync_effects *out)
{
    enum offered what = OFFER_USELESS;
    (void)work;
    if (ev->from != s->server) {
        return ERR_STALE;
    }
    if (ev->bytes.len == 0) {
        s->later = true;
        leave_server(s, out);
        return ERR_NONE;
    }
    enum err e = take_snapshot(s, ev, &what);
    if (e != ERR_NONE) {
        catch_liar(s, out);
        return e;
    }
    if (what == OFFER_USELESS || what == OFFER_EARLY) {
        s->later = s->later || what == OFFER_EARLY;
        leave_server(s, out);
        return ERR_STALE;
    }
    if (what == OFFER_FRESH) {
        emit(out, (struct sync_effect){ .kind = SYNC_KEEP_SNAPSHOT,
                                        .height = current(s)->snapshot.header.height,
                                        .bytes = current(s)->snapshot.wire });
    }
    s->phase = SYNC_FETCHING;
    s->next_piece = 0;
    fill_window(s, out);
    end_if_whole(s, out);
    return ERR_NONE;
}

static struct asked *asked_for(struct sync *s, uint32_t piece)
{
    for (uint32_t i = 0; i < SYNC_WINDOW_MAX; i++) {
        if (s->asked[i].used && s->asked[i].piece == piece) {
            return &s->asked[i];
        }
    }
    return NULL;
}

static enum err check_piece(struct sync *s, const struct sync_event *ev, struct arena *work)
{
    struct snapshot_entry *entry;
    uint32_t count = 0;
    size_t mark = arena_mark(work);
    enum err e = snapshot_piece_verify(s->config.suite, &current(s)->snapshot, ev->piece, ev->bytes,
                                       s->config.piece_max, work, &entry, &count);
    arena_release(work, mark);
    return e;
}

static enum err on_piece(struct sync *s, const struct sync_event *ev, struct arena *work,
                         struct sync_effects *out)
{
    struct asked *a = asked_for(s, ev->piece);
    if (ev->from != s->server || a == NULL || ev->height != current(s)->snapshot.header.height) {
        return ERR_STALE;
    }
    if (ev->bytes.len == 0) {
        leave_server(s, out);
        return ERR_NONE;
    }
    enum err e = check_piece(s, ev, work);
    if (e == ERR_NO_SPACE) {
        return e; /* ours */
    }
    if (e != ERR_NONE) {
        catch_liar(s, out);
        return e;
    }
    *a = (struct asked){ .used = false };
    current(s)->have[ev->piece] = true;
    s->missing--;
    emit(out, (struct sync_effect){ .kind = SYNC_KEEP_PIECE,
                                    .piece = ev->piece,
                                    .height = ev->height,
                                    .bytes = ev->bytes });
    fill_window(s, out);
    end_if_whole(s, out);
    return ERR_NONE;
}

static enum err on_resume(struct sync *s, const struct sync_event *ev, struct arena *work,
                          struct sync_effects *out)
{
    (void)work;
    (void)out;
    return take_snapshot(s, ev, &(enum offered){ OFFER_USELESS });
}

/* A log of pieces may hold some of an older snapshot: those that fit are kept, others do not
 * matter. */
static enum err on_kept(struct sync *s, const struct sync_event *ev, struct arena *work,
                        struct sync_effects *out)
{
    struct taken *t = current(s);
    (void)out;
    if (!t->known || ev->piece >> t->snapshot.depth != 0 || t->have[ev->piece]) {
        return ERR_STALE;
    }
    TRY(check_piece(s, ev, work));
    t->have[ev->piece] = true;
    s->missing--;
    return ERR_NONE;
}

static enum err asking_tick(struct sync *s, const struct sync_event *ev, struct arena *work,
                            struct sync_effects *out)
{
    (void)ev;
    (void)work;
    if (s->now_ms >= s->deadline_ms) {
        s->later = true; /* silence may be loss */
        leave_server(s, out);
    }
    return ERR_NONE;
}

static enum err waiting_tick(struct sync *s, const struct sync_event *ev, struct arena *work,
                             struct sync_effects *out)
{
    (void)ev;
    (void)work;
    if (s->now_ms >= s->deadline_ms) {
        begin_round(s);
        ask_peer(s, out);
    }
    return ERR_NONE;
}

static enum err fetching_tick(struct sync *s, const struct sync_event *ev, struct arena *work,
                              struct sync_effects *out)
{
    (void)ev;
    (void)work;
    for (uint32_t i = 0; i < SYNC_WINDOW_MAX; i++) {
        struct asked *a = &s->asked[i];
        if (!a->used || s->now_ms < a->deadline_ms) {
            continue;
        }
        if (a->tries >= SYNC_TRIES_MAX) {
            s->later = true;
            leave_server(s, out);
            return ERR_NONE;
        }
        ask_piece(s, a, out);
    }
    return ERR_NONE;
}

/* An empty cell is ERR_STALE: nobody waits for it. */
static sync_fn *const TRANSITION[SYNC_PHASE_END][SYNC_EVENT_END] = {
    [SYNC_IDLE] = { [SYNC_WANT] = on_want,
                    [SYNC_STOP] = on_stop,
                    [SYNC_PEER] = on_peer,
                    [SYNC_RESUME] = on_resume,
                    [SYNC_KEPT] = on_kept },
    [SYNC_ASKING] = { [SYNC_WANT] = on_want_again,
                      [SYNC_STOP] = on_stop,
                      [SYNC_PEER] = on_peer,
                      [SYNC_OFFER] = on_offer,
                      [SYNC_TICK] = asking_tick },
    [SYNC_WAITING] = { [SYNC_WANT] = on_want_again,
                       [SYNC_STOP] = on_stop,
                       [SYNC_PEER] = on_peer,
                       [SYNC_TICK] = waiting_tick },
    [SYNC_FETCHING] = { [SYNC_WANT] = on_want_again,
                        [SYNC_STOP] = on_stop,
                        [SYNC_PEER] = on_peer,
                        [SYNC_PIECE] = on_piece,
                        [SYNC_TICK] = fetching_tick },
    [SYNC_COMPLETE] = { [SYNC_STOP] = on_stop, [SYNC_PEER] = on_peer },
};

enum err sync_step(struct sync *s, const struct sync_event *ev, struct arena *work,
                   struct sync_effects *out)
{
    ASSERT(ev->kind < SYNC_EVENT_END);
    out->count = 0;
    if (ev->from >= s->config.peers) {
        return ERR_RANGE;
    }
    s->now_ms = ev->now_ms > s->now_ms ? ev->now_ms : s->now_ms;
    sync_fn *fn = TRANSITION[s->phase][ev->kind];
    return fn == NULL ? ERR_STALE : fn(s, ev, work, out);
}

uint64_t sync_deadline(const struct sync *s)
{
    uint64_t at = UINT64_MAX;
    if (s->phase == SYNC_ASKING || s->phase == SYNC_WAITING) {
        at = s->deadline_ms;
    }
    for (uint32_t i = 0; s->phase == SYNC_FETCHING && i < SYNC_WINDOW_MAX; i++) {
        if (s->asked[i].used && s->asked[i].deadline_ms < at) {
            at = s->asked[i].deadline_ms;
        }
    }
    return at;
}
