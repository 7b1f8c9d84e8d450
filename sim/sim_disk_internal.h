/* sim_disk — a disk and a folded store in memory that crash as real ones do.
 *
 * Logs keep what a sync has covered; of the rest a crash keeps a random prefix, whose last bytes
 * may be garbage. The store keeps what a mark has covered. Faults are switched on by the world. */
#ifndef CARNET_SIM_SIM_DISK_INTERNAL_H
#define CARNET_SIM_SIM_DISK_INTERNAL_H

#include "base/storage.h"
#include "ledger/state.h"

enum { SIM_FILES_MAX = 288, SIM_STORE_SLOTS = 1 << 14 };

struct sim_file {
    char name[STORAGE_NAME_SIZE_MAX];
    bool used;
    uint8_t *data;
    size_t len, cap, synced;
    bool syncing; /* a sync is under way, of the first sync_len bytes */
    size_t sync_len;
};

struct sim_disk {
    struct sim_file file[SIM_FILES_MAX];
    bool sync_lies;       /* canary */
    bool full;            /* appends write a part and say ERR_DISK_FULL */
    bool sync_fails;      /* syncs say ERR_FAILED */
    uint32_t part;        /* how much of a failing append lands, in thousandths */
    uint64_t faults;      /* calls that failed by our will */
    uint64_t misdirected; /* appends that went elsewhere */
    bool misdirect;       /* the next append does */
    uint64_t where;
    uint64_t crash_after; /* calls until the machine stops; 0: it does not */
    bool crashed;
};
void sim_disk_port(struct sim_disk *d, struct storage *out);
/* A sync that takes its time: what is appended between the two is not covered. */
void sim_disk_sync_begin(struct sim_disk *d, const char *name);
MUST_USE enum err sim_disk_sync_end(struct sim_disk *d); /* of all that have begun */
/* random: a function of the world's seed. Lose what is not synced. */
bool sim_disk_crash(struct sim_disk *d, uint64_t random); /* true: a torn tail remains */
const struct sim_file *sim_disk_find(const struct sim_disk *d, const char *name);
void sim_disk_remove(struct sim_disk *d, const char *name);
/* Change one synced byte of a file whose name begins so; false when there is none. */
bool sim_disk_rot(struct sim_disk *d, const char *prefix, uint64_t random);
/* Cut what was synced of a file whose name begins so; false when there is nothing. */
bool sim_disk_lose(struct sim_disk *d, const char *prefix, uint64_t random);
/* What a backup would hold of a machine that is off. The copy owns its memory. */
void sim_disk_copy(const struct sim_disk *from, struct sim_disk *to);
void sim_disk_free(struct sim_disk *d);

struct sim_slot {
    bool used;
    uint16_t contract;
    struct hash key;
    uint8_t *value; /* NULL: deleted */
    size_t len;
};
struct sim_undo {
    uint32_t slot;
    uint8_t *value;
    size_t len;
};
struct sim_store {
    struct sim_slot *slot;
    uint32_t count;
    struct sim_undo *undo;
    uint32_t undo_count, undo_cap;
    bool marked;
    uint64_t height;
    uint8_t header[512];
    size_t header_len;
    struct merkle_frontier history;
    struct sim_slot *pin; /* a copy that stands still; NULL: none */
    uint32_t pin_count;
};
MUST_USE enum err sim_store_open(struct sim_store *s);
void sim_store_free(struct sim_store *s);
MUST_USE enum err sim_store_copy(const struct sim_store *from, struct sim_store *to);
void sim_store_crash(struct sim_store *s); /* back to the last mark */
struct state_store sim_store_port(struct sim_store *s);
MUST_USE enum err sim_store_change(struct sim_store *s, const struct state_change *c);
MUST_USE enum err sim_store_mark(struct sim_store *s, uint64_t height, struct bytes header,
                                 const struct merkle_frontier *history);
MUST_USE enum err sim_store_pin(struct sim_store *s, uint64_t *height);
MUST_USE enum err sim_store_piece(struct sim_store *s, uint32_t depth, uint32_t piece, void *user,
                                  enum err (*visit)(void *user, uint16_t contract,
                                                    const struct hash *tree_key,
                                                    struct bytes stored));
void sim_store_unpin(struct sim_store *s);
MUST_USE enum err sim_store_reset(struct sim_store *s);
MUST_USE enum err sim_store_tip(struct sim_store *s, uint64_t *height, struct bytes *header,
                                struct merkle_frontier *history);

#endif
