#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "node/archive_internal.h"
#include "node/epoch_file_internal.h"
#include "node/hand_over_file_internal.h"
#include "node/offline_internal.h"
#include "node/replica_internal.h"

/* An archive that was checked goes into a node's directory: blocks into the log, then the state if
 * there is none, so that what a cut leaves behind is a shorter log or one without a state; both are
 * what the next call goes on from. */

enum { WAITING = PBFT_OPEN_MAX + 1, SLOT_SIZE = 6 * 1024 * 1024 };

/* A block waits until those are read that may carry its certificate in their bodies. */
struct waiting {
    struct arena arena;
    struct block block;
    struct bytes certificate;
};

struct import {
    struct offline *o;
    struct arena keep, work;
    struct archive_sum sum;
    struct archive_head head;
    const struct proof_caller *caller;
    struct bytes hand_over[PROOF_HAND_OVERS_MAX];
    uint32_t hand_overs;
    struct waiting slot[WAITING];
    uint64_t next, last; /* to be appended; newest that was read */
    struct store *store; /* open while a state is installed */
    bool install;
    struct snapshot snapshot;
};

static struct waiting *slot_of(struct import *m, uint64_t height)
{
    return &m->slot[height % WAITING];
}

static enum err append_next(struct import *m)
{
    const struct waiting *w = slot_of(m, m->next);
    if (!blocklog_links(&m->o->log, &w->block.header.previous)) {
        return ERR_STATE;
    }
    TRY(blocklog_append(&m->o->log, &w->block, w->certificate));
    m->next++;
    return ERR_NONE;
}

static enum err take_block(struct import *m, struct bytes body)
{
    struct bytes own = { NULL, 0 };
    uint64_t height = m->last + 1;
    m->last = height;
    if (height < m->next) {
        return ERR_NONE; /* the log has it */
    }
    if (height >= m->next + WAITING) {
        TRY(append_next(m));
    }
    struct waiting *w = slot_of(m, height);
    arena_reset(&w->arena);
    w->certificate = (struct bytes){ NULL, 0 };
    TRY(arena_copy(&w->arena, body, &own));
    TRY(block_decode(m->o->node.suite, own, &w->arena, &w->block));
    uint64_t named = w->block.header.last_commit.height;
    if (named >= m->next && named < height && slot_of(m, named)->certificate.len == 0) {
        slot_of(m, named)->certificate = w->block.certificate_bytes;
    }
    if (height == m->sum.to) {
        w->certificate = m->head.certificate;
    }
    return ERR_NONE;
}

static enum err keep_head(struct import *m, struct bytes body)
{
    struct bytes own;
    TRY(arena_copy(&m->keep, body, &own));
    TRY(archive_read_head(own, &m->head));
    m->last = m->head.from - 1;
    return ERR_NONE;
}

static enum err take_hand_over(struct import *m, struct bytes body)
{
    return m->hand_overs < PROOF_HAND_OVERS_MAX
               ? arena_copy(&m->keep, body, &m->hand_over[m->hand_overs++])
               : ERR_INTEGRITY;
}

static enum err take_snapshot(struct import *m, struct bytes body)
{
    enum proof_step step;
    if (!m->install) {
        return ERR_NONE;
    }
    TRY(snapshot_verify(m->o->node.suite, &m->o->node.genesis, m->caller, body, &m->keep,
                        &m->snapshot, &step));
    return store_clear(m->store);
}

static enum err take_piece(struct import *m, struct bytes body)
{
    struct snapshot_entry *entry;
    struct bytes wire;
    uint32_t piece = 0, count = 0;
    if (!m->install) {
        return ERR_NONE;
    }
    TRY(archive_read_piece(body, &piece, &wire));
    TRY(snapshot_piece_verify(m->o->node.suite, &m->snapshot, piece, wire, ARCHIVE_RECORD_MAX,
                              &m->work, &entry, &count));
    for (uint32_t i = 0; i < count; i++) {
        struct state_change c = { entry[i].contract, entry[i].tree_key, entry[i].stored };
        TRY(store_change(m->store, &c));
    }
    return ERR_NONE;
}

/* Each is what the check has seen; one that is not is a file that changed meanwhile. */
static enum err take(void *user, enum archive_kind kind, struct bytes body)
{
    struct import *m = user;
    enum err e = ERR_INTEGRITY;
    size_t mark = arena_mark(&m->work);
    switch (kind) {
    case ARCHIVE_HEAD:
        e = keep_head(m, body);
        break;
    case ARCHIVE_HAND_OVER:
        e = take_hand_over(m, body);
        break;
    case ARCHIVE_SNAPSHOT:
        e = take_snapshot(m, body);
        break;
    case ARCHIVE_PIECE:
        e = take_piece(m, body);
        break;
    case ARCHIVE_BLOCK:
        e = take_block(m, body);
        break;
    }
    arena_release(&m->work, mark);
    return e;
}

/* How the archive meets what the directory holds. */

static enum err folded(struct import *m, bool *there)
{
    struct bytes header;
    struct merkle_frontier history;
    uint64_t height = 0;
    TRY(offline_store(m->o, &m->store));
    enum err e = store_tip(m->store, &height, &header, &history);
    *there = e == ERR_NONE && height > 0;
    return e == ERR_NOT_FOUND ? ERR_NONE : e;
}

/* The blocks that both have are the same if the last of them is. */
static enum err same_blocks(struct import *m)
{
    const struct blocklog *log = &m->o->log;
    struct hash leaf;
    if (m->sum.to > log->height || m->sum.to <= log->base) {
        return ERR_NONE; /* the first block that is appended shows it */
    }
    proof_header_leaf(m->o->node.suite, &m->sum.last, &leaf);
    return hash_equal(&leaf, blocklog_leaf(log, m->sum.to)) ? ERR_NONE : ERR_STATE;
}

static enum err join(struct import *m, char why[NODE_WHY_SIZE])
{
    const struct blocklog *log = &m->o->log;
    bool there = false;
    enum err e = folded(m, &there);
    if (e != ERR_NONE) {
        return node_said(why, e, "the folded state", "");
    }
    bool fresh = log->height == 0 && !there;
    if (same_blocks(m) != ERR_NONE) {
        return node_said(why, ERR_STATE, "the archive", "this node has another last block there");
    }
    /* What begins at genesis needs no state: the next start executes it all. */
    m->install = m->sum.carries && m->sum.from > 1 && !there &&
                 (fresh || (log->base + 1 == m->sum.from && log->base > 0));
    if (m->sum.from > log->height + 1 && !(fresh && m->install)) {
        (void)snprintf(why, NODE_WHY_SIZE,
                       "the archive begins at block %llu, and this node has blocks up to %llu%s",
                       (unsigned long long)m->sum.from, (unsigned long long)log->height,
                       fresh ? "; take one that begins at 1 or carries a state" : "");
        return ERR_STATE;
    }
    return ERR_NONE;
}

static enum err begin_log(struct import *m)
{
    struct blocklog *log = &m->o->log;
    if (m->sum.from > log->height + 1) {
        TRY(blocklog_restart(log, m->sum.from - 1, &m->sum.first, &m->sum.before));
    }
    m->next = log->height + 1;
    return ERR_NONE;
}

/* All is in the log: what is durable there is followed by the state, and only then does the
 * directory hold more than a log. */
static enum err install_state(struct import *m)
{
    struct index book;
    char path[NODE_PATH_SIZE + 16];
    const struct snapshot *s = &m->snapshot;
    (void)snprintf(path, sizeof path, "%s/index", m->o->node.space_dir);
    TRY(disk_folder(&m->o->node.disk, "index"));
    TRY(index_open(&book, path, (size_t)NODE_MAP_GIB << 30));
    enum err e = index_restart(&book, s->header.height);
    e = e == ERR_NONE ? index_commit(&book) : e;
    index_close(&book);
    TRY(e);
    TRY(store_mark(m->store, s->header.height, s->header_bytes, &s->history));
    return store_commit(m->store);
}

/* The keys of the last certificate's signers, for a directory that knows none. */
static enum err keep_keys(struct import *m)
{
    struct storage d = node_disk(&m->o->node);
    uint64_t size = 0;
    if (d.size(d.ctx, EPOCH_FILE, &size) != ERR_NOT_FOUND) {
        return ERR_NONE;
    }
    size_t max = epoch_file_size_max(m->o->node.suite, m->head.key_count);
    uint8_t *memory = arena_alloc(&m->work, max);
    if (memory == NULL) {
        return ERR_NO_SPACE;
    }
    struct buf b = buf_over(memory, max);
    for (uint32_t i = 0; i < m->head.key_count; i++) {
        struct epoch_key_proof k;
        TRY(epoch_key_decode(m->head.key[i], &m->work, &k));
        epoch_file_put(&b, &k);
    }
    epoch_file_end(&b);
    return d.replace(d.ctx, EPOCH_FILE, buf_bytes(&b));
}

/* Those that a directory has not got; the keys in them may be forgotten everywhere else. */
static enum err keep_hand_overs(struct import *m)
{
    struct storage d = node_disk(&m->o->node);
    struct bytes list[PROOF_HAND_OVERS_MAX];
    uint32_t count = 0;
    TRY(hand_over_file_read(&d, &m->o->node.genesis, &m->work, list, &count));
    return count < m->hand_overs ? hand_over_file_write(&d, m->hand_over, m->hand_overs, &m->work)
                                 : ERR_NONE;
}

static enum err take_all(struct import *m, FILE *from)
{
    char where[ARCHIVE_WHY_SIZE] = "";
    struct blocklog *log = &m->o->log;
    TRY(begin_log(m));
    TRY(archive_each(from, &m->o->work, where, m, take));
    while (m->next <= m->last) {
        TRY(append_next(m));
    }
    TRY(reclog_flush(&log->log));
    if (log->height == m->sum.to && !hash_equal(&log->tip, &m->sum.last)) {
        return ERR_INTEGRITY;
    }
    TRY(keep_keys(m));
    TRY(keep_hand_overs(m));
    return m->install ? install_state(m) : ERR_NONE;
}

static enum err import_all(struct import *m, FILE *from, char why[NODE_WHY_SIZE])
{
    char where[ARCHIVE_WHY_SIZE] = "";
    const struct node *n = &m->o->node;
    struct arena *all = &m->o->work;
    enum err e = archive_check(from, n->suite, &n->genesis, m->caller, all, &m->sum, where);
    arena_reset(all);
    if (e != ERR_NONE) {
        return node_said(why, e, "the archive", where);
    }
    TRY(join(m, why));
    for (uint32_t i = 0; i < WAITING; i++) {
        TRY(arena_split(all, SLOT_SIZE, &m->slot[i].arena));
    }
    TRY(arena_split(all, 8 * 1024 * 1024, &m->keep));
    TRY(arena_split(all, 64 * 1024 * 1024, &m->work));
    e = take_all(m, from);
    const char *hint = e == ERR_STATE       ? "its blocks do not follow those of this node"
                       : e == ERR_INTEGRITY ? "the file changed while it was read"
                                            : "";
    return e == ERR_NONE ? e : node_said(why, e, "the node's directory", hint);
}

enum err offline_import(const char *dir, uint32_t index, FILE *from,
                        const struct proof_caller *caller, struct offline_archive *out,
                        uint64_t *height, char why[NODE_WHY_SIZE])
{
    struct import *m = calloc(1, sizeof *m);
    ASSERT(m != NULL);
    m->caller = caller;
    enum err e = offline_open(dir, index, &m->o, why);
    if (e == ERR_NONE) {
        e = import_all(m, from, why);
        if (m->store != NULL) {
            store_close(m->store);
        }
        if (e == ERR_NONE) {
            *out = (struct offline_archive){ m->sum.from, m->sum.to, m->sum.snapshot };
            *height = m->o->log.height;
        }
        offline_close(m->o);
    }
    free(m);
    return e;
}

static enum err check_alone(struct bytes wire, FILE *from, const struct proof_caller *caller,
                            struct arena *a, struct offline_archive *out, char why[NODE_WHY_SIZE])
{
    struct genesis g;
    struct archive_sum sum;
    uint32_t number = 0;
    char where[ARCHIVE_WHY_SIZE] = "";
    enum err e = genesis_suite(wire, a, &number);
    const struct suite *s = e == ERR_NONE ? suite_by_number(number) : NULL;
    if (s == NULL || genesis_decode(s, wire, a, &g) != ERR_NONE) {
        (void)snprintf(why, NODE_WHY_SIZE,
                       "the genesis file is not one that this release knows: give the file "
                       "genesis of the space's directory");
        return ERR_INTEGRITY;
    }
    e = archive_check(from, s, &g, caller, a, &sum, where);
    if (e != ERR_NONE) {
        return node_said(why, e, "the archive", where);
    }
    *out = (struct offline_archive){ sum.from, sum.to, sum.snapshot };
    return ERR_NONE;
}

enum err offline_check(struct bytes genesis, FILE *from, const struct proof_caller *caller,
                       struct offline_archive *out, char why[NODE_WHY_SIZE])
{
    size_t size = NODE_WORK_SIZE + genesis.len * 100;
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        return node_said(why, ERR_NO_SPACE, "memory", "");
    }
    struct arena a = arena_over(memory, size);
    enum err e = check_alone(genesis, from, caller, &a, out, why);
    (void)munmap(memory, size);
    return e;
}
