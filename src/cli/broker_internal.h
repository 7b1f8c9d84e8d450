/* broker — the provider's broker at the command line: what it keeps, and how it answers one use. */
#ifndef CARNET_CLI_BROKER_INTERNAL_H
#define CARNET_CLI_BROKER_INTERNAL_H

#include "cli/actions_internal.h"
#include "transfer/broker.h"

enum {
    BROKER_ANSWERS_MAX = 4096, /* rights answered at once; one file each */
    BROKER_RECENT_MAX = 256,   /* of them remembered beside the disk, to be gentle to the nodes */
    BROKER_AGAIN_MS = 5000,    /* a wrap nobody acknowledged, a RELEASE that was refused */
    BROKER_REST_FIRST_MS = 250,
    BROKER_REST_LAST_MS = 8000
};

/* One answer as it is on disk: local/NAME/broker/<right>.use, whole, synced, replaced at once. */
struct broker_answer {
    struct hash right, tx;
    uint32_t use;
    uint64_t until_ms, window_ms;
    struct bytes wire, sealed; /* RELEASE; the wrap, sealed to the holder */
};
MUST_USE enum err broker_file_open(struct session *s,
                                   int *lock); /* ERR_BUSY: another broker runs */
MUST_USE enum err broker_file_write(struct session *s, const struct broker_answer *a);
/* ERR_NOT_FOUND; ERR_CORRUPT. The bytes are in the session's arena. */
MUST_USE enum err broker_file_read(struct session *s, const struct hash *right,
                                   struct broker_answer *out);
MUST_USE enum err broker_file_remove(struct session *s, const struct hash *right);
/* The rights that have a file. */
MUST_USE enum err broker_file_list(struct session *s, struct hash *out, uint32_t cap,
                                   uint32_t *count);

/* What this process did lately for a right; forgetting it costs a request, never a use. */
struct broker_recent {
    struct hash right;
    uint64_t until_ms, refused_ms, delivered_ms;
};
struct broker_run {
    struct session *session;
    const char *stop_at; /* a point of broker_answer.c at which to end like kill -9 */
    uint64_t from;       /* height from which pending uses are looked for */
    uint32_t open;       /* answers of this pass whose outcome is not known yet */
    uint64_t released, delivered, refused;
    uint32_t recent_next;
    struct broker_recent recent[BROKER_RECENT_MAX];
};
/* Take up what is on disk for a right: ask, send again, hand over, drop. */
MUST_USE enum err broker_take_up(struct broker_run *b, const struct hash *right);
/* Answer a use that the ledger shows as pending. */
MUST_USE enum err broker_begin(struct broker_run *b, const struct hash *right, uint32_t use,
                               uint64_t until_ms);
/* One line to the user: an event of a use; `why` may be NULL. */
void broker_say(struct broker_run *b, const char *event, const struct broker_answer *a,
                const char *why);

#endif
