/* reclog — an append-only log of checked records (FORMATS 17), the shape of block log and vote log.
 *
 * A record is {4-byte length, CRC-32C, 8-byte height, bytes}; the checksum covers length, height
 * and bytes. What is appended waits in memory until reclog_flush writes it at once and syncs once,
 * or until reclog_depart writes it and somebody else syncs. Bytes stay in memory until the sync has
 * succeeded, so a failed append or sync loses nothing: the tail of unknown content is cut and
 * written again. */
#ifndef CARNET_NODE_RECLOG_INTERNAL_H
#define CARNET_NODE_RECLOG_INTERNAL_H

#include "base/arena.h"
#include "base/storage.h"

enum { RECLOG_HEAD_SIZE = 16 };

struct reclog {
    const struct storage *disk;
    const char *name;
    size_t record_max;  /* of a record's bytes */
    struct buf pending; /* what follows `durable`, or the whole new file when `replace` is set */
    size_t flight;      /* bytes of it, from the first, that are written and being synced */
    uint64_t durable;   /* bytes on the disk that a sync has covered */
    bool replace;       /* the next flush replaces the whole log */
    bool suspect;       /* a write failed: what lies after `durable` on the disk is unknown */
};

/* How a log ended when it was read at start. */
enum reclog_end {
    RECLOG_CLEAN,
    RECLOG_TORN,   /* the last record was not finished: nobody has seen its effect */
    RECLOG_DAMAGED /* a bad record with others after it: all from there on is dropped */
};

typedef enum err reclog_visit(void *user, uint64_t offset, uint64_t height, struct bytes body);

MUST_USE enum err reclog_init(struct reclog *log, const struct storage *disk, const char *name,
                              size_t record_max, size_t pending_max, struct arena *a);
/* Visit all good records, oldest first, and cut the log behind the last one. A visit that says
 * ERR_CORRUPT makes its record a bad one; any other error ends the scan. Scratch is used and given
 * back. */
MUST_USE enum err reclog_open(struct reclog *log, struct arena *scratch, void *user,
                              reclog_visit *visit, enum reclog_end *end);
bool reclog_has_room(const struct reclog *log, size_t body_size);
/* The body is the parts one after the other. ERR_NO_SPACE: flush first. *offset is where it begins.
 */
MUST_USE enum err reclog_append(struct reclog *log, uint64_t height, const struct bytes *part,
                                size_t count, uint64_t *offset);
/* Forget all records: what is appended from now on is the whole log after the next flush. */
void reclog_restart(struct reclog *log);
bool reclog_dirty(const struct reclog *log);
/* Write and sync. Not while a sync is under way. */
MUST_USE enum err reclog_flush(struct reclog *log);
/* Write all that waits. *sync: the log must now be synced, and reclog_land told how that went;
 * records may be appended meanwhile, and wait for the next. A whole new file is durable at once. */
MUST_USE enum err reclog_depart(struct reclog *log, bool *sync);
void reclog_land(struct reclog *log, enum err e);
/* One record by its offset, from memory or disk. ERR_CORRUPT: its checksum is wrong. */
MUST_USE enum err reclog_read(const struct reclog *log, uint64_t offset, struct arena *a,
                              uint64_t *height, struct bytes *body);

#endif
