/* node_internal — what the files of the daemon share: the node itself, attachments and bulk. */
#ifndef CARNET_NODE_NODE_INTERNAL_H
#define CARNET_NODE_NODE_INTERNAL_H

#include "node/anchors_internal.h"
#include "node/batch_internal.h"
#include "node/delivery_internal.h"
#include "node/disk_internal.h"
#include "node/index_internal.h"
#include "node/keystore_internal.h"
#include "node/log_internal.h"
#include "node/meter_internal.h"
#include "node/node.h"
#include "node/peer_internal.h"
#include "node/syncer_internal.h"
#include "node/verify_internal.h"

enum {
    NODE_LEAVES_MAX = 2 * 1024 * 1024,  /* of the state tree: 120 bytes each when used */
    NODE_CHANGES_MAX = 128 * 1024, NODE_REPLAY_MAX = 1024 * 1024, /* open; ids of ten minutes */
    NODE_WORK_SIZE = 192 * 1024 * 1024, /* one event's scratch; pages cost memory when touched */
    NODE_MAP_GIB = 8, /* addresses of each view: files grow as they are filled */
    NODE_PATH_SIZE = 4096,
    NODE_HEIGHTS_MAX = 1 << 26, /* blocks kept: five a second for 155 days without a prune */
    NODE_WATCHERS_MAX = 64, NODES_FILE_SIZE_MAX = 1024 * 1024
};

struct node_entry {
    bool used;
    uint32_t participant;
    char peer[PEER_ADDRESS_SIZE], api[PEER_ADDRESS_SIZE], bulk[PEER_ADDRESS_SIZE];
};
struct node_watch_slot {
    node_watcher *fn;
    void *user;
};

struct node {
    uint32_t index, self;        /* of nodes.json, of genesis.participants */
    struct node_options options; /* numbers only: what they point to may be gone */
    bool link_up[REPLICA_PEERS_MAX], greeted[REPLICA_PEERS_MAX]; /* greeted: with our Hello */
    uint32_t timer_scale;
    char dir[NODE_PATH_SIZE];
    char space_dir[NODE_PATH_SIZE]; /* node-I/spaces/<space id> */
    struct disk root, disk;         /* of dir, of space_dir */
    int lock, exit_code;
    uint8_t *genesis_memory;
    struct genesis genesis;
    const struct suite *suite;
    uint32_t entry_count;
    struct node_entry *entry;             /* by index of nodes.json */
    const char **address, **bulk_address; /* by participant */
    struct keystore keystore;
    struct der_file {
        uint8_t bytes[IDENTITY_CERT_SIZE_MAX];
        size_t len;
    } certificate;
    struct identity_trust *trust;
    struct tls_context *tls;
    struct peers *peers;
    uv_loop_t loop;
    uv_timer_t timer, tick;
    uv_prepare_t settle;
    uv_signal_t signals[2];
    bool loop_open, handles_open, stopping, disk_told, settle_due, next_refused, take_over_told;
    struct store *store;
    struct index book;
    uint64_t mark_height; /* the state is to be marked once the index is there; else UINT64_MAX */
    struct contract_env env;
    uint8_t *contract_memory;
    struct contract_table contracts;
    struct hash *epoch_leaves, *next_leaves, next_root; /* of the keystore's two seeds */
    uint8_t *region, *work_memory;
    size_t region_size;
    struct arena work;
    struct replica *replica;
    struct verify_pool *verify;
    struct syncer *syncer;
    struct meter meter; /* of the loop's thread */
    uint32_t healed_ticks, version_told, push_cursor_reader;
    struct node_watch_slot watch[NODE_WATCHERS_MAX];
    uint64_t view_told, heeded, attach_ms, attach_cursor_ms; /* told; versions at; sweep at, from */
    struct hash attach_cursor, push_cursor;
    struct bulk_fetch fetch[BULK_FETCHES_MAX];
    struct scrub scrub;
    struct batches batches;
    struct anchors anchors;
};

struct storage node_disk(struct node *n);
const struct hash *node_did(const struct node *n, uint32_t participant);
bool node_participant(const struct node *n, const struct hash *did, uint32_t *out);
void node_tell_watchers(struct node *n);
/* At the end of this turn of the loop the replica is flushed, and its timer set. */
void node_settle(struct node *n);
void node_say(struct node *n, uint32_t peer, enum peer_link link, const struct wire_message *m);
/* "PREFIX/<hex>" and, with a suffix that is not empty, "/SUFFIX". */
void node_name(const char *prefix, const struct hash *h, const char *suffix,
               char out[STORAGE_NAME_SIZE_MAX]);
/* A whole file of the space's folder into the arena. */
MUST_USE enum err node_read_file(struct disk *d, const char *name, size_t size_max, struct arena *a,
                                 struct bytes *out);
/* Fills *why with "what: why; hint" and gives e back. */
enum err node_said(char why[NODE_WHY_SIZE], enum err e, const char *what, const char *hint);
/* node_files.c: what is read before anything runs. */
MUST_USE enum err node_files_open(struct node *n, const struct node_options *o,
                                  char why[NODE_WHY_SIZE]);
void node_files_close(struct node *n);
/* Genesis, lock and the space's folder: for who opens no key and no port. */
MUST_USE enum err node_files_offline(struct node *n, const char *dir, uint32_t index,
                                     char why[NODE_WHY_SIZE]);
/* node_space.c: store, index, contracts, replica. */
MUST_USE enum err node_space_open(struct node *n, const struct node_options *o,
                                  char why[NODE_WHY_SIZE]);
void node_space_close(struct node *n);
MUST_USE enum err node_remove_views(struct node *n);
/* From the disk, over the views that are open; also once more, after a snapshot was taken. */
MUST_USE enum err node_replica_open(struct node *n, const struct node_options *o);

#endif
