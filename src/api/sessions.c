#include "api/sessions_internal.h"

#include <string.h>

static struct hash digest(const struct sessions *s, const struct session_word *word)
{
    struct hash h;
    hash_plain(s->suite, bytes_of(word->b, sizeof word->b), &h);
    return h;
}

/* A clock that was set back makes no session older, and none younger than it is. */
static bool over(const struct session_slot *x, uint64_t now_ms)
{
    uint64_t idle = now_ms > x->seen_ms ? now_ms - x->seen_ms : 0;
    uint64_t age = now_ms > x->opened_ms ? now_ms - x->opened_ms : 0;
    return idle >= API_SESSION_IDLE_MS || age >= API_SESSION_LIFE_MS;
}

static void sweep(struct sessions *s, uint64_t now_ms)
{
    for (uint32_t i = 0; i < API_SESSIONS_MAX; i++) {
        if (s->slot[i].used && over(&s->slot[i], now_ms)) {
            s->slot[i] = (struct session_slot){ 0 };
        }
    }
}

/* The participant's own, used longest ago, when it has as many as it may. */
static struct session_slot *own_oldest(struct sessions *s, const struct hash *participant)
{
    struct session_slot *oldest = NULL;
    uint32_t count = 0;
    for (uint32_t i = 0; i < API_SESSIONS_MAX; i++) {
        struct session_slot *x = &s->slot[i];
        if (x->used && hash_equal(&x->participant, participant)) {
            count++;
            oldest = oldest == NULL || x->seen_ms < oldest->seen_ms ? x : oldest;
        }
    }
    return count >= API_SESSIONS_EACH_MAX ? oldest : NULL;
}

static struct session_slot *free_slot(struct sessions *s)
{
    for (uint32_t i = 0; i < API_SESSIONS_MAX; i++) {
        if (!s->slot[i].used) {
            return &s->slot[i];
        }
    }
    return NULL;
}

enum err sessions_open(struct sessions *s, const struct hash *participant,
                       const struct session_word *word, uint64_t now_ms)
{
    sweep(s, now_ms);
    struct session_slot *x = own_oldest(s, participant);
    x = x != NULL ? x : free_slot(s);
    if (x == NULL) {
        return ERR_BUSY;
    }
    *x = (struct session_slot){ .used = true,
                                .word = digest(s, word),
                                .participant = *participant,
                                .opened_ms = now_ms,
                                .seen_ms = now_ms };
    return ERR_NONE;
}

static struct session_slot *find(struct sessions *s, const struct session_word *word)
{
    struct hash h = digest(s, word);
    for (uint32_t i = 0; i < API_SESSIONS_MAX; i++) {
        if (s->slot[i].used && hash_equal(&s->slot[i].word, &h)) {
            return &s->slot[i];
        }
    }
    return NULL;
}

enum err sessions_use(struct sessions *s, const struct session_word *word, uint64_t now_ms,
                      struct hash *participant)
{
    sweep(s, now_ms);
    struct session_slot *x = find(s, word);
    if (x == NULL) {
        return ERR_NOT_FOUND;
    }
    x->seen_ms = now_ms > x->seen_ms ? now_ms : x->seen_ms;
    *participant = x->participant;
    return ERR_NONE;
}

void sessions_end(struct sessions *s, const struct session_word *word)
{
    struct session_slot *x = find(s, word);
    if (x != NULL) {
        *x = (struct session_slot){ 0 };
    }
}

void sessions_expiry(uint64_t now_ms, uint64_t *idle_ms, uint64_t *latest_ms)
{
    *idle_ms = now_ms + API_SESSION_IDLE_MS;
    *latest_ms = now_ms + API_SESSION_LIFE_MS;
}

enum err session_word_read(const char *text, size_t len, struct session_word *out)
{
    struct session_word w = { { 0 } };
    size_t size;
    if (base64url_decode(text, len, w.b, sizeof w.b, &size) != ERR_NONE || size != sizeof w.b) {
        return ERR_ENCODING;
    }
    *out = w;
    return ERR_NONE;
}
