/* sessions — who may look at the console: random words that stand for a participant for a while.
 *
 * A participant asks for one with a signed request; a browser, which can sign nothing, then shows
 * the word instead of a signature, and may only read. The node keeps the word's hash, in memory
 * alone: a restart ends them all, and a core file shows none. Page: docs/console.md */
#ifndef CARNET_API_SESSIONS_INTERNAL_H
#define CARNET_API_SESSIONS_INTERNAL_H

#include "api/api.h"

struct session_slot {
    bool used;
    struct hash word; /* its plain hash */
    struct hash participant;
    uint64_t opened_ms, seen_ms;
};
struct sessions {
    const struct suite *suite;
    struct session_slot slot[API_SESSIONS_MAX];
};

/* The word of a session, as bytes: 256 random bits that the caller drew. */
struct session_word {
    uint8_t b[API_SESSION_WORD_SIZE];
};

/* ERR_BUSY: API_SESSIONS_MAX are open. A participant's own API_SESSIONS_EACH_MAX-th but one ends
 * its own that was used longest ago, so that lost links lock nobody out. */
MUST_USE enum err sessions_open(struct sessions *s, const struct hash *participant,
                                const struct session_word *word, uint64_t now_ms);
/* Whose it is; using it puts off its idle end. ERR_NOT_FOUND: never there, ended, or too old. */
MUST_USE enum err sessions_use(struct sessions *s, const struct session_word *word, uint64_t now_ms,
                               struct hash *participant);
void sessions_end(struct sessions *s, const struct session_word *word);
/* When it ends if nobody uses it, and when whatever happens. */
void sessions_expiry(uint64_t now_ms, uint64_t *idle_ms, uint64_t *latest_ms);
/* Exactly a base64url word, or ERR_ENCODING. */
MUST_USE enum err session_word_read(const char *text, size_t len, struct session_word *out);

#endif
