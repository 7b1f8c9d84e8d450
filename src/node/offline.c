#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "node/offline_internal.h"
#include "node/replica_internal.h"

void offline_close(struct offline *o)
{
    if (o->memory != NULL) {
        (void)munmap(o->memory, o->size);
    }
    node_files_close(&o->node);
    free(o);
}

static enum err open_log(struct offline *o)
{
    enum reclog_end end;
    uint64_t block = o->node.genesis.param[PARAM_BLOCK_SIZE_MAX];
    size_t record =
        (block < BLOCK_SIZE_MAX ? (size_t)block : (size_t)BLOCK_SIZE_MAX) + REPLICA_SMALL_MESSAGES;
    o->disk = node_disk(&o->node);
    struct blocklog_config c = { .disk = &o->disk,
                                 .suite = o->node.suite,
                                 .record_max = record,
                                 .pending_max = 2 * record,
                                 .heights_max = NODE_HEIGHTS_MAX };
    o->size = blocklog_memory(&c) + NODE_WORK_SIZE + 4096;
    o->memory = mmap(NULL, o->size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (o->memory == MAP_FAILED) {
        o->memory = NULL;
        return ERR_NO_SPACE;
    }
    struct arena region = arena_over(o->memory, o->size);
    TRY(arena_split(&region, NODE_WORK_SIZE, &o->work));
    TRY(blocklog_init(&o->log, &c, &region));
    TRY(blocklog_load_base(&o->log));
    return blocklog_open(&o->log, &o->work, &end);
}

enum err offline_open(const char *dir, uint32_t index, struct offline **out,
                      char why[NODE_WHY_SIZE])
{
    struct offline *o = calloc(1, sizeof *o);
    if (o == NULL) {
        return ERR_FAILED;
    }
    enum err e = node_files_offline(&o->node, dir, index, why);
    if (e == ERR_NONE) {
        e = open_log(o);
        e = e == ERR_NONE ? e : node_said(why, e, "the block log", "");
    }
    if (e != ERR_NONE) {
        offline_close(o);
        return e;
    }
    *out = o;
    return ERR_NONE;
}

enum err offline_store(struct offline *o, struct store **out)
{
    char path[NODE_PATH_SIZE + 16];
    (void)snprintf(path, sizeof path, "%s/state", o->node.space_dir);
    TRY(disk_folder(&o->node.disk, "state"));
    return store_open(path, (size_t)NODE_MAP_GIB << 30, out);
}

/* The folded state must stand at the base or above it: the blocks after it are replayed. */
static enum err folded_height(struct offline *o, uint64_t *height)
{
    struct store *s = NULL;
    struct bytes header;
    struct merkle_frontier history;
    TRY(offline_store(o, &s));
    enum err e = store_tip(s, height, &header, &history);
    store_close(s);
    if (e == ERR_NOT_FOUND) {
        *height = 0;
        return ERR_NONE;
    }
    return e;
}

enum err offline_prune(const char *dir, uint32_t index, uint64_t keep, struct offline_kept *out,
                       char why[NODE_WHY_SIZE])
{
    struct offline *o = NULL;
    uint64_t folded = 0, base = 0;
    TRY(offline_open(dir, index, &o, why));
    enum err e = folded_height(o, &folded);
    if (e == ERR_NONE) {
        e = blocklog_prune_old(&o->log, &o->node.genesis, folded, keep, &o->work, &base);
    }
    if (e == ERR_NONE) {
        *out = (struct offline_kept){ base, o->log.height };
    } else {
        e = node_said(why, e, "the block log", "");
    }
    offline_close(o);
    return e;
}

/* The state cannot be made without all blocks, so only the index goes: it begins where the state
 * stands, and keeps what it had to do. */
static enum err forget_index(struct offline *o, uint64_t *from)
{
    struct index book;
    char path[NODE_PATH_SIZE + 16];
    uint64_t height = 0;
    (void)snprintf(path, sizeof path, "%s/index", o->node.space_dir);
    TRY(folded_height(o, &height));
    if (height < o->log.base) {
        return ERR_CORRUPT;
    }
    TRY(index_open(&book, path, (size_t)NODE_MAP_GIB << 30));
    enum err e = index_restart(&book, height);
    e = e == ERR_NONE ? index_commit(&book) : e;
    index_close(&book);
    TRY(e);
    *from = height;
    return ERR_NONE;
}

enum err offline_reindex(const char *dir, uint32_t index, bool forget, uint64_t *from,
                         char why[NODE_WHY_SIZE])
{
    struct offline *o = NULL;
    uint64_t begins = 0;
    enum err e;
    TRY(offline_open(dir, index, &o, why));
    if (o->log.base == 0) {
        e = node_remove_views(&o->node);
    } else if (forget) {
        e = forget_index(o, &begins);
    } else {
        e = ERR_PRUNED;
    }
    if (e == ERR_NONE) {
        *from = begins;
    } else {
        e = node_said(why, e, "the index",
                      "it is made from all blocks, and this node does not keep them all; --forget "
                      "begins it at the state");
    }
    offline_close(o);
    return e;
}
