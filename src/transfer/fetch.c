#include <string.h>

#include "transfer/transfer.h"

/* What a place of the window is busy with. A chunk that is being stored keeps its place: that is
 * the back-pressure of a slow disk, and bounds the memory of chunks on their way to it. */
enum slot_use { SLOT_FREE, SLOT_ASKED, SLOT_STORING };
struct slot {
    enum slot_use use;
    uint32_t index;
    uint64_t deadline_ms; /* asked again after this instant */
};

struct fetch {
    const struct suite *suite;
    const uint32_t *sealed_size;
    const struct hash *sealed_leaf;
    uint8_t *durable; /* a bit a chunk; a bit once set stays set */
    uint32_t chunk_count, durable_count, resumed_from;
    uint32_t next; /* no chunk below it waits to be asked for */
    uint32_t blames, timeout_ms;
    enum fetch_state state;
    struct slot slot[FETCH_WINDOW];
};

/* A reconnect, and a stored chunk that frees a place and ends the fetch, are the largest steps. */
_Static_assert(FETCH_EFFECTS_MAX >= FETCH_WINDOW + 2, "the effects of any step fit");

static bool is_durable(const struct fetch *f, uint32_t index)
{
    return (f->durable[index / 8] >> (index % 8) & 1) != 0;
}

static void set_durable(struct fetch *f, uint32_t index)
{
    ASSERT(!is_durable(f, index));
    f->durable[index / 8] = (uint8_t)(f->durable[index / 8] | 1u << (index % 8));
    f->durable_count++;
}

enum err fetch_init(const struct suite *s, const struct manifest *m, const uint8_t *have,
                    uint32_t timeout_ms, struct arena *a, struct fetch **out)
{
    if (m->chunk_count == 0 || m->chunk_count > SEALING_CHUNKS_MAX || timeout_ms == 0) {
        return ERR_RANGE;
    }
    size_t mark = arena_mark(a);
    struct fetch *f = ARENA_NEW(a, struct fetch);
    uint8_t *durable = arena_alloc(a, (m->chunk_count + 7) / 8);
    if (f == NULL || durable == NULL) {
        arena_release(a, mark);
        return ERR_NO_SPACE;
    }
    *f = (struct fetch){ .suite = s,
                         .sealed_size = m->sealed_size,
                         .sealed_leaf = m->sealed_leaf,
                         .durable = durable,
                         .chunk_count = m->chunk_count,
                         .timeout_ms = timeout_ms,
                         .state = FETCH_WAITING };
    for (uint32_t i = 0; have != NULL && i < m->chunk_count; i++) {
        if ((have[i / 8] >> (i % 8) & 1) != 0) {
            set_durable(f, i);
        }
    }
    *out = f;
    return ERR_NONE;
}

static void emit(struct fetch_effects *out, enum fetch_effect_kind kind, uint32_t index,
                 struct bytes chunk)
{
    ASSERT(out->count < FETCH_EFFECTS_MAX);
    out->effect[out->count++] = (struct fetch_effect){ kind, index, chunk };
}

static struct slot *slot_of(struct fetch *f, uint32_t index)
{
    for (uint32_t i = 0; i < FETCH_WINDOW; i++) {
        if (f->slot[i].use != SLOT_FREE && f->slot[i].index == index) {
            return &f->slot[i];
        }
    }
    return NULL;
}

static void ask(struct fetch *f, struct slot *slot, uint32_t index, uint64_t now_ms,
                struct fetch_effects *out)
{
    ASSERT(!is_durable(f, index));
    bool late = now_ms > UINT64_MAX - f->timeout_ms;
    uint64_t deadline_ms = late ? UINT64_MAX : now_ms + f->timeout_ms;
    *slot = (struct slot){ SLOT_ASKED, index, deadline_ms };
    emit(out, FETCH_ASK, index, bytes_of(NULL, 0));
}

/* Fills the free places of the window, lowest chunk first. */
static void ask_more(struct fetch *f, uint64_t now_ms, struct fetch_effects *out)
{
    for (uint32_t i = 0; i < FETCH_WINDOW; i++) {
        while (f->next < f->chunk_count &&
               (is_durable(f, f->next) || slot_of(f, f->next) != NULL)) {
            f->next++;
        }
        if (f->next == f->chunk_count) {
            return;
        }
        if (f->slot[i].use == SLOT_FREE) {
            ask(f, &f->slot[i], f->next, now_ms, out);
        }
    }
}

/* What was asked over a link that is gone will not come; what is being stored will be. */
static void forget_asked(struct fetch *f)
{
    for (uint32_t i = 0; i < FETCH_WINDOW; i++) {
        if (f->slot[i].use == SLOT_ASKED) {
            f->slot[i].use = SLOT_FREE;
        }
    }
    f->next = 0;
}

typedef enum err fetch_fn(struct fetch *f, const struct fetch_event *ev, struct fetch_effects *out);

/* Also when one is up: then it is a new one, and what was asked over the old one is lost. */
static enum err link_up(struct fetch *f, const struct fetch_event *ev, struct fetch_effects *out)
{
    forget_asked(f);
    f->state = FETCH_RUNNING;
    f->resumed_from = f->durable_count;
    ask_more(f, ev->now_ms, out);
    return ERR_NONE;
}

static enum err link_down(struct fetch *f, const struct fetch_event *ev, struct fetch_effects *out)
{
    (void)ev;
    (void)out;
    forget_asked(f);
    f->state = FETCH_WAITING;
    return ERR_NONE;
}

static bool matches_leaf(const struct fetch *f, uint32_t index, struct bytes chunk)
{
    struct hash leaf;
    if (chunk.len != f->sealed_size[index]) {
        return false;
    }
    merkle_leaf(f->suite, "carnet/chunk/v1", chunk, &leaf);
    return hash_equal(&leaf, &f->sealed_leaf[index]);
}

/* A source that keeps on sending what is not the chunk is not worth asking for ever. */
static void blame(struct fetch *f, struct slot *slot, uint64_t now_ms, struct fetch_effects *out)
{
    f->blames++;
    emit(out, FETCH_BLAME, slot->index, bytes_of(NULL, 0));
    if (f->blames == FETCH_BLAMES_MAX) {
        forget_asked(f);
        f->state = FETCH_FAILED;
        return;
    }
    ask(f, slot, slot->index, now_ms, out);
}

static enum err chunk_arrived(struct fetch *f, const struct fetch_event *ev,
                              struct fetch_effects *out)
{
    if (ev->index >= f->chunk_count) {
        return ERR_RANGE;
    }
    struct slot *slot = slot_of(f, ev->index);
    if (slot == NULL || slot->use != SLOT_ASKED) {
        return ERR_STALE; /* an answer come twice, or to a question of before the cut */
    }
    if (!matches_leaf(f, ev->index, ev->chunk)) {
        blame(f, slot, ev->now_ms, out);
        return ERR_NONE;
    }
    slot->use = SLOT_STORING;
    emit(out, FETCH_STORE, ev->index, ev->chunk);
    return ERR_NONE;
}

/* The acknowledgement comes after the chunk is durable, never before (FORMATS 18). */
static enum err chunk_stored(struct fetch *f, const struct fetch_event *ev,
                             struct fetch_effects *out)
{
    if (ev->index >= f->chunk_count) {
        return ERR_RANGE;
    }
    struct slot *slot = slot_of(f, ev->index);
    if (slot == NULL || slot->use != SLOT_STORING) {
        return ERR_STATE; /* nobody was told to store it */
    }
    slot->use = SLOT_FREE;
    set_durable(f, ev->index);
    emit(out, FETCH_ACK, ev->index, bytes_of(NULL, 0));
    if (f->state == FETCH_RUNNING) {
        ask_more(f, ev->now_ms, out);
    }
    return ERR_NONE;
}

static enum err time_passed(struct fetch *f, const struct fetch_event *ev,
                            struct fetch_effects *out)
{
    for (uint32_t i = 0; i < FETCH_WINDOW; i++) {
        struct slot *slot = &f->slot[i];
        if (slot->use == SLOT_ASKED && ev->now_ms >= slot->deadline_ms) {
            ask(f, slot, slot->index, ev->now_ms, out);
        }
    }
    return ERR_NONE;
}

enum { FETCH_STATES = FETCH_FAILED + 1, FETCH_EVENTS = FETCH_TICK + 1 };

/* The whole protocol. An empty cell means: refuse with ERR_STATE. */
static fetch_fn *const TRANSITION[FETCH_STATES][FETCH_EVENTS] = {
    [FETCH_WAITING] = { [FETCH_LINK_UP] = link_up,
                        [FETCH_STORED] = chunk_stored,
                        [FETCH_CHUNK] = chunk_arrived,
                        [FETCH_TICK] = time_passed },
    [FETCH_RUNNING] = { [FETCH_LINK_UP] = link_up,
                        [FETCH_LINK_DOWN] = link_down,
                        [FETCH_CHUNK] = chunk_arrived,
                        [FETCH_STORED] = chunk_stored,
                        [FETCH_TICK] = time_passed },
};

enum err fetch_step(struct fetch *f, const struct fetch_event *ev, struct fetch_effects *out)
{
    out->count = 0;
    if ((unsigned)ev->kind >= FETCH_EVENTS || TRANSITION[f->state][ev->kind] == NULL) {
        return ERR_STATE;
    }
    TRY(TRANSITION[f->state][ev->kind](f, ev, out));
    if (f->state != FETCH_FAILED && f->durable_count == f->chunk_count) {
        f->state = FETCH_DONE; /* no cell leads out of it: FINISH is said once */
        emit(out, FETCH_FINISH, 0, bytes_of(NULL, 0));
    }
    return ERR_NONE;
}

struct fetch_status fetch_status(const struct fetch *f)
{
    struct fetch_status s = { .state = f->state,
                              .chunks = f->chunk_count,
                              .durable = f->durable_count,
                              .resumed_from = f->resumed_from };
    for (uint32_t i = 0; i < FETCH_WINDOW; i++) {
        if (f->slot[i].use != SLOT_ASKED) {
            continue;
        }
        bool first = s.asked == 0 || f->slot[i].deadline_ms < s.deadline_ms;
        s.deadline_ms = first ? f->slot[i].deadline_ms : s.deadline_ms;
        s.asked++;
    }
    return s;
}
