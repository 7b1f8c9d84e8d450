#include "consensus/pbft_parts_internal.h"

#include <string.h>

/* The pool of proposals: of this view and earlier ones, in one piece of memory that is pushed
 * together when one of them goes. */

struct kept *pbft_keep(struct pbft *p, const struct hash *hash)
{
    for (uint32_t i = 0; i < PBFT_BLOCKS_KEPT_MAX; i++) {
        if (p->kept[i].used && hash_equal(&p->kept[i].hash, hash)) {
            return &p->kept[i];
        }
    }
    return NULL;
}

const struct kept *pbft_kept(const struct pbft *p, const struct hash *hash)
{
    for (uint32_t i = 0; i < PBFT_BLOCKS_KEPT_MAX; i++) {
        if (p->kept[i].used && hash_equal(&p->kept[i].hash, hash)) {
            return &p->kept[i];
        }
    }
    return NULL;
}

struct bytes pbft_kept_block(const struct pbft *p, const struct kept *k)
{
    return bytes_of(p->pool + k->at + 1, k->size - 1);
}

static bool leads_to(const struct pbft *p, const struct kept *k, const struct hash *tip)
{
    const struct kept *at = pbft_kept(p, tip);
    for (uint32_t i = 0; i < PBFT_OPEN_MAX && at != NULL; i++) {
        if (at == k) {
            return true;
        }
        at = pbft_kept(p, &at->previous);
    }
    return false;
}

/* What a replica has voted for or certified it must be able to give away and to vote for again. */
static bool needed(const struct pbft *p, const struct kept *k)
{
    if (k->height <= p->committed.height) {
        return false;
    }
    for (uint32_t i = 0; i < p->chain_count; i++) {
        if (hash_equal(&p->chain[i], &k->hash)) {
            return true;
        }
    }
    uint32_t self = p->config.self;
    for (uint32_t i = 0; i < PBFT_HEIGHTS && self != PBFT_OBSERVER; i++) {
        const struct ballot *b = &p->ballot[VOTE_PREPARE - 1][i][self];
        if (b->cast && hash_equal(&b->block, &k->hash)) {
            return true;
        }
    }
    return (p->prepared.size > 0 && leads_to(p, k, &p->prepared.block)) ||
           (p->based && leads_to(p, k, &p->base));
}

void pbft_discard(struct pbft *p, struct kept *k)
{
    size_t end = k->at + k->size;
    memmove(p->pool + k->at, p->pool + end, p->pool_used - end);
    p->pool_used -= k->size;
    for (uint32_t i = 0; i < PBFT_BLOCKS_KEPT_MAX; i++) {
        if (p->kept[i].used && p->kept[i].at > k->at) {
            p->kept[i].at -= k->size;
        }
    }
    k->used = false;
}

/* The oldest that nobody needs. While the vote log is read, the oldest of all if need be: the log
 * tells of blocks that were committed as it grew, and where the block log has lost its end these
 * seem needed beside all others. Peers have them; refused, the log would count as damaged. */
static bool evict_one(struct pbft *p)
{
    struct kept *worst = NULL, *oldest = NULL;
    for (uint32_t i = 0; i < PBFT_BLOCKS_KEPT_MAX; i++) {
        struct kept *k = &p->kept[i];
        if (k->used && (oldest == NULL || k->order < oldest->order)) {
            oldest = k;
        }
        if (k->used && !needed(p, k) && (worst == NULL || k->order < worst->order)) {
            worst = k;
        }
    }
    if (worst == NULL && !p->started) {
        worst = oldest;
    }
    if (worst == NULL) {
        return false;
    }
    pbft_discard(p, worst);
    return true;
}

static struct kept *free_place(struct pbft *p, size_t size)
{
    for (;;) {
        struct kept *free = NULL;
        for (uint32_t i = 0; i < PBFT_BLOCKS_KEPT_MAX; i++) {
            free = p->kept[i].used ? free : &p->kept[i];
        }
        if (free != NULL && size <= p->config.blocks_bytes - p->pool_used) {
            return free;
        }
        if (!evict_one(p)) {
            return NULL;
        }
    }
}

enum err pbft_decode_block(struct pbft *p, struct bytes wire, struct block *out)
{
    /* A proposal is said again in a message, so two of them must fit one step. */
    if (wire.len > (p->config.message_bytes - PBFT_STEP_RESERVE) / 2 ||
        wire.len + 1 > p->config.blocks_bytes) {
        return ERR_SIZE;
    }
    struct block b;
    TRY(block_decode(p->config.suite, wire, &p->step, &b));
    struct hash hash = { { 0 } };
    if (b.certificate_bytes.len > 0) {
        certificate_hash(p->config.suite, b.certificate_bytes, &hash);
    }
    bool some = b.header.last_commit.height > 0;
    if (some != (b.certificate_bytes.len > 0) ||
        (some && !hash_equal(&hash, &b.header.last_commit.certificate_hash))) {
        return ERR_PROOF;
    }
    *out = b;
    return ERR_NONE;
}

/* Blocks move in memory here, so it comes before any effect of a step that borrows one. */
enum err pbft_store(struct pbft *p, const struct block *b)
{
    ASSERT(p->out->count == 0);
    if (pbft_kept(p, &b->hash) != NULL) {
        return ERR_NONE;
    }
    struct kept *k = free_place(p, b->wire.len + 1);
    if (k == NULL) {
        return ERR_BUSY;
    }
    bool ends = committee_closes(p->config.genesis, &b->header);
    *k = (struct kept){
        .used = true,
        .hash = b->hash,
        .previous = b->header.previous,
        .state_root = b->header.state_root,
        .committee_hash = b->header.committee_hash,
        .height = b->header.height,
        .time_ms = b->header.time_ms,
        .epoch = genesis_epoch(p->config.genesis, b->header.time_ms),
        .ends = ends,
        .undated = ends && b->tx_count == 0,
        .arrived_ms = p->now_ms,
        .order = p->order++,
        .txs = b->tx_count,
        .at = p->pool_used,
        .size = b->wire.len + 1,
        .certificate_height = b->header.last_commit.height,
        .certificate_size = b->certificate_bytes.len,
    };
    if (b->certificate_bytes.len > 0) {
        k->certificate_at = (size_t)(b->certificate_bytes.ptr - b->wire.ptr);
    }
    p->pool[k->at] = RECORD_BLOCK;
    memcpy(p->pool + k->at + 1, b->wire.ptr, b->wire.len);
    p->pool_used += k->size;
    return ERR_NONE;
}

static bool voted_for(const struct pbft *p, uint32_t seat, const struct hash *hash)
{
    for (uint32_t h = 0; h < PBFT_HEIGHTS; h++) {
        const struct ballot *b = &p->ballot[VOTE_PREPARE - 1][h][seat];
        if (b->cast && hash_equal(&b->block, hash)) {
            return true;
        }
    }
    return false;
}

/* The next seat in turn; the first time that a block is asked for, one that voted for it. Only the
 * first time: a liar votes for everything and gives nothing. */
static uint32_t seat_to_ask(const struct pbft *p, const struct hash *hash, bool first)
{
    uint32_t seat = PBFT_OBSERVER;
    for (uint32_t i = 0; i < p->seats; i++) {
        uint32_t s = (p->fetch_seat + i) % p->seats;
        if (s == p->config.self) {
            continue;
        }
        seat = seat == PBFT_OBSERVER ? s : seat;
        if (first && voted_for(p, s, hash)) {
            return s;
        }
    }
    return seat;
}

static bool is_for(const struct want *w, const struct hash *hash)
{
    return w->open && hash_equal(&w->hash, hash);
}

/* Each purpose has one block asked for at a time, of one seat at a time. */
void pbft_want(struct pbft *p, enum want_for purpose, const struct hash *hash)
{
    struct want *w = &p->want[purpose];
    bool asked = is_for(w, hash), spoilt = is_for(&p->spoilt, hash);
    if ((asked && p->now_ms < w->again_ms) || (spoilt && p->now_ms < p->spoilt.again_ms)) {
        return;
    }
    uint32_t seat = seat_to_ask(p, hash, !asked && !spoilt);
    *w = (struct want){ .open = true, .hash = *hash, .again_ms = p->now_ms + p->config.resend_ms };
    if (seat != PBFT_OBSERVER) {
        p->fetch_seat = (seat + 1) % p->seats;
        pbft_send(p, seat, &(struct message){ .kind = MESSAGE_GET_BLOCK, .hash = *hash });
    }
}

/* Is this block asked for? Then it is no more. */
bool pbft_wanted(struct pbft *p, const struct hash *hash)
{
    bool wanted = false;
    for (uint32_t i = 0; i < WANT_PURPOSES; i++) {
        struct want *w = &p->want[i];
        if (is_for(w, hash)) {
            wanted = true;
            w->open = false;
        }
    }
    return wanted;
}
