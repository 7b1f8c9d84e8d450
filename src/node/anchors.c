#include "node/anchors_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/log_internal.h"

enum { READ_SIZE = 1024 * 1024 }; /* of one anchor, of at most 31 signers, decoded */

static enum err copy(struct anchors *x, const struct node_options *o)
{
    size_t size = 1;
    for (uint32_t i = 0; i < o->anchor_count; i++) {
        if (o->anchor[i].certified.len > PROOF_HAND_OVER_SIZE_MAX) {
            x->count = i;
            return ERR_SIZE;
        }
        size += o->anchor[i].certified.len;
    }
    x->memory = malloc(size);
    if (x->memory == NULL) {
        return ERR_NO_SPACE;
    }
    uint8_t *at = x->memory;
    for (uint32_t i = 0; i < o->anchor_count; i++) {
        struct bytes from = o->anchor[i].certified;
        if (from.len > 0) {
            memcpy(at, from.ptr, from.len);
        }
        x->certified[i] = bytes_of(at, from.len);
        at += from.len;
    }
    x->count = o->anchor_count;
    return ERR_NONE;
}

static enum err refuse(const struct anchors *x, enum err e, uint32_t which, uint32_t against,
                       enum proof_step step, char why[NODE_WHY_SIZE])
{
    const char *name = x->name[which];
    switch ((int)e) {
    case ERR_ENCODING:
    case ERR_SIZE:
        (void)snprintf(why, NODE_WHY_SIZE,
                       "anchor %s: it is no certified header; `carnet audit anchor` writes one",
                       name);
        return ERR_UNREADABLE;
    case ERR_INTEGRITY:
        (void)snprintf(why, NODE_WHY_SIZE,
                       "anchor %s contradicts anchor %s: both are certified, and no chain has both",
                       name, x->name[against]);
        return e;
    case ERR_NO_SPACE:
        (void)snprintf(why, NODE_WHY_SIZE, "anchors: %s", err_text(e));
        return e;
    default:
        (void)snprintf(why, NODE_WHY_SIZE, "anchor %s: it is not certified in this space (%s): %s",
                       name, proof_step_name(step), err_text(e));
        return e;
    }
}

enum err anchors_open(struct anchors *x, const struct suite *s, const struct genesis *g,
                      const struct node_options *o, char why[NODE_WHY_SIZE])
{
    struct trust_anchor read[TRUST_ANCHORS_MAX];
    uint32_t which = 0, against = 0;
    enum proof_step step = PROOF_ENCODING;
    if (o->anchor_count == 0) {
        return ERR_NONE;
    }
    if (o->anchor_count > TRUST_ANCHORS_MAX) {
        (void)snprintf(why, NODE_WHY_SIZE, "anchors: at most %d", TRUST_ANCHORS_MAX);
        return ERR_SIZE;
    }
    for (uint32_t i = 0; i < o->anchor_count; i++) {
        (void)snprintf(x->name[i], sizeof x->name[i], "%s", o->anchor[i].name);
    }
    enum err e = copy(x, o);
    if (e != ERR_NONE) {
        return refuse(x, e, x->count, 0, step, why);
    }
    void *memory = malloc(READ_SIZE);
    struct arena a = arena_over(memory, READ_SIZE);
    e = memory == NULL
            ? ERR_NO_SPACE
            : trust_anchors_read(s, g, x->certified, x->count, &a, read, &which, &against, &step);
    free(memory);
    return e == ERR_NONE ? e : refuse(x, e, which, against, step, why);
}

void anchors_close(struct anchors *x)
{
    free(x->memory);
    x->memory = NULL;
    x->count = 0;
}

static void hex_of(const struct hash *h, char out[HEX_SIZE(HASH_SIZE) + 1])
{
    hex_encode(bytes_of_hash(h), out);
}

/* The log names both blocks whole: an operator has to find out which of them is true. */
void anchors_told(struct anchors *x, const struct replica_anchor *told)
{
    static const char *const EFFECT[] = {
        [REPLICA_ANCHOR_WANTED] = "its snapshot is not taken: give this node a newer --anchor",
        [REPLICA_ANCHOR_REFUSED] = "its snapshot is not taken: it is not of the anchors' chain",
        [REPLICA_ANCHOR_PEER] = "its blocks are not taken, and others are asked",
        [REPLICA_ANCHOR_LOG] = "this node does not start",
        [REPLICA_ANCHOR_APART] = "the log here is of another chain: this node does not go on",
        [REPLICA_ANCHOR_BLOCK] = "the committee certified another block: this node does not go on",
    };
    const char *name = x->name[told->number];
    if (told->kind == REPLICA_ANCHOR_WANTED || told->kind == REPLICA_ANCHOR_REFUSED) {
        LOG(told->kind == REPLICA_ANCHOR_WANTED ? "anchor_wanted" : "anchor_contradicted",
            LOG_NUM("peer", told->peer), LOG_STR("effect", EFFECT[told->kind]));
        return;
    }
    char pinned[HEX_SIZE(HASH_SIZE) + 1], found[HEX_SIZE(HASH_SIZE) + 1];
    if (told->kind == REPLICA_ANCHOR_BELOW) {
        LOG("anchor_not_compared", LOG_STR("anchor", name), LOG_NUM("height", told->height),
            LOG_STR("reason", "this node keeps no block of that height"));
        return;
    }
    if (told->kind == REPLICA_ANCHOR_LOG) {
        hex_of(&told->pinned, pinned);
        hex_of(&told->found, found);
        (void)snprintf(x->said, sizeof x->said, "anchor %s: block %llu is %s, and in this log %s",
                       name, (unsigned long long)told->height, pinned, found);
    }
    struct log_field field[] = { LOG_STR("anchor", name),
                                 LOG_NUM("height", told->height),
                                 LOG_HASH("pinned", &told->pinned),
                                 LOG_HASH("found", &told->found),
                                 LOG_STR("effect", EFFECT[told->kind]),
                                 { .kind = LOG_KIND_END },
                                 { .kind = LOG_KIND_END },
                                 { .kind = LOG_KIND_END } };
    if (told->kind == REPLICA_ANCHOR_PEER || told->kind == REPLICA_ANCHOR_APART) {
        field[5] = LOG_NUM("peer", told->peer);
    }
    if (told->kind == REPLICA_ANCHOR_APART) {
        field[6] = LOG_NUM("at", told->tip);
    }
    log_write("anchor_contradicted", field);
}
