/* syncer — the loop's hands at the disk: fdatasync in threads of their own, one a log, told on the
 * loop when all are done. One request at a time.
 *
 * libuv's workers are not used, because a sync would stand in line behind signatures; a vote waits
 * for it. Page: docs/node.md */
#ifndef CARNET_NODE_SYNCER_INTERNAL_H
#define CARNET_NODE_SYNCER_INTERNAL_H

#include <uv.h>

#include "node/disk_internal.h"

#define SYNCER_THREAD "carnet-sync" /* their name, for who measures */

enum {
    SYNCER_FDS_MAX = 2,
    SYNCER_TIMES = 4096 /* of the newest syncs, for who asks how long they take */
};

struct syncer;
struct syncer_config {
    uv_loop_t *loop;
    const struct disk_calls *calls;
    uint32_t slower_ms; /* added to every sync, to see what a slow disk does */
    void *user;
    void (*done)(void *user, enum err e); /* on the loop */
};
/* ERR_FAILED: no thread. */
MUST_USE enum err syncer_open(const struct syncer_config *config, struct syncer **out);
/* The descriptors are the syncer's and closed by it. Nothing may be under way. */
void syncer_start(struct syncer *s, const int *fd, uint32_t count);
bool syncer_busy(const struct syncer *s); /* started, and neither told nor waited for */
/* Waits for what is under way, which is then not told. */
enum err syncer_wait(struct syncer *s);
/* Waits for what is under way and tells nothing. Turn the loop until it is gone. */
void syncer_close(struct syncer *s);

struct syncer_status {
    uint64_t syncs;
    uint64_t p50_us, p99_us; /* of the newest */
};
struct syncer_status syncer_status(const struct syncer *s);

#endif
