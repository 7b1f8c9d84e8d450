#include <stdio.h>
#include <stdlib.h>

#include "node/archive_internal.h"
#include "node/epoch_file_internal.h"
#include "node/hand_over_file_internal.h"
#include "node/offline_internal.h"
#include "node/pieces_internal.h"
#include "node/replica_parts_internal.h"

/* A directory's blocks, and its folded state where it is asked for, as one archive. */

_Static_assert(4 + BLOCK_SIZE_MAX <= (int)ARCHIVE_RECORD_MAX &&
                   SNAPSHOT_SIZE_MAX <= (int)ARCHIVE_RECORD_MAX,
               "a numbered piece, a block and a snapshot are records");

struct export
{
    struct offline *o;
    FILE *file;
    struct store *store;
    struct archive_head head;
    struct snapshot snapshot; /* depth and pieces once they are known */
    struct bytes hand_over[PROOF_HAND_OVERS_MAX];
    struct trust trust; /* the committees that these lead to */
    struct arena keep;
};

static enum err read_block(struct export *x, uint64_t height, struct arena *a, struct block *out,
                           struct bytes *certificate)
{
    struct bytes wire = { NULL, 0 };
    TRY(blocklog_read(&x->o->log, height, a, &wire, certificate));
    return block_decode(x->o->node.suite, wire, a, out);
}

/* A block's commit certificate: beside it in the log, or in the body of one soon after it. */
static enum err certificate_of(struct export *x, uint64_t height, struct arena *a,
                               struct bytes *out)
{
    const struct blocklog *log = &x->o->log;
    for (uint64_t h = height; h <= log->height && h <= height + PBFT_OPEN_MAX; h++) {
        struct block b;
        struct bytes beside = { NULL, 0 };
        TRY(read_block(x, h, a, &b, &beside));
        struct bytes found = h == height                             ? beside
                             : b.header.last_commit.height == height ? b.certificate_bytes
                                                                     : (struct bytes){ NULL, 0 };
        if (found.len > 0) {
            *out = found;
            return ERR_NONE;
        }
    }
    return ERR_NOT_FOUND;
}

/* All committees of this space, as far as this node has kept who handed over to whom. */
static enum err find_committees(struct export *x)
{
    const struct node *n = &x->o->node;
    struct storage d = node_disk(&x->o->node);
    enum proof_step step;
    uint32_t count = 0;
    TRY(hand_over_file_read(&d, &n->genesis, &x->keep, x->hand_over, &count));
    return proof_follow(n->suite, &n->genesis, x->hand_over, count, &x->keep, &x->trust, &step);
}

/* Who certified this block; ERR_NOT_FOUND: a committee that was handed over to since. */
static enum err who_sat(const struct export *x, const struct header *h,
                        const struct committee **out)
{
    uint32_t i = x->trust.count - 1;
    while (i > 0 && h->height < x->trust.committee[i].since_height) {
        i--;
    }
    *out = &x->trust.committee[i];
    return hash_equal(&h->committee_hash, &(*out)->hash) ? ERR_NONE : ERR_NOT_FOUND;
}

/* How many of the hand-overs lead to it. */
static enum err hand_overs_to(const struct export *x, const struct header *h, uint32_t *count)
{
    const struct committee *sat;
    TRY(who_sat(x, h, &sat));
    *count = (uint32_t)sat->number;
    return ERR_NONE;
}

/* The keys of a certificate's signers, in seat order. */
struct signers {
    const struct node *node;
    const struct committee *sat;
    const struct certificate *certificate;
    struct arena *arena;
    struct bytes *key; /* of each seat */
};

/* A key is a seat's if it leads to the root of that seat; the number beside it is the file's. */
static void take_key(void *user, const struct epoch_key_proof *k)
{
    const struct signers *s = user;
    const struct suite *suite = s->node->suite;
    struct hash root;
    if (k->epoch != s->certificate->epoch) {
        return;
    }
    epoch_key_root(suite, k->epoch, k->public_key, &k->path, &root);
    for (uint32_t seat = 0; seat < s->sat->count; seat++) {
        struct epoch_key_proof own = *k;
        own.seat = seat;
        bool wanted =
            (s->certificate->seats >> seat & 1) != 0 && hash_equal(&root, &s->sat->seat[seat].root);
        if (wanted && epoch_key_encode(&own, s->arena, &s->key[seat]) != ERR_NONE) {
            s->key[seat] = (struct bytes){ NULL, 0 };
        }
    }
}

static enum err find_keys(struct export *x, const struct header *of, struct bytes certificate,
                          struct arena *a, struct bytes key[GENESIS_SEATS_MAX], uint32_t *count)
{
    struct bytes of_seat[GENESIS_SEATS_MAX] = { { NULL, 0 } }, file;
    struct certificate c;
    const struct node *n = &x->o->node;
    struct signers s = { n, NULL, &c, a, of_seat };
    uint32_t found = 0;
    TRY(who_sat(x, of, &s.sat));
    TRY(certificate_decode(certificate, a, &c));
    size_t max = epoch_file_size_max(n->suite, replica_rows_max(&n->genesis) * REPLICA_KEY_EPOCHS);
    TRY(node_read_file(&x->o->node.disk, EPOCH_FILE, max, a, &file));
    TRY(epoch_file_each(n->suite, file, &s, take_key));
    for (uint32_t seat = 0; seat < GENESIS_SEATS_MAX; seat++) {
        if ((c.seats >> seat & 1) != 0 && of_seat[seat].len == 0) {
            return ERR_NOT_FOUND;
        }
        if ((c.seats >> seat & 1) != 0) {
            key[found++] = of_seat[seat];
        }
    }
    *count = found;
    return ERR_NONE;
}

static enum err end_at(struct export *x, uint64_t height)
{
    struct block b;
    struct bytes beside;
    x->head.to = height;
    TRY(read_block(x, height, &x->keep, &b, &beside));
    return find_keys(x, &b.header, x->head.certificate, &x->keep, x->head.key, &x->head.key_count);
}

/* The first block from `height` on that has a certificate, else the last one below it. */
static enum err find_end(struct export *x, uint64_t height)
{
    const struct blocklog *log = &x->o->log;
    for (int down = 0; down < 2; down++) {
        uint64_t h = height;
        while (h > log->base && h <= log->height) {
            size_t mark = arena_mark(&x->keep);
            enum err e = certificate_of(x, h, &x->keep, &x->head.certificate);
            if (e == ERR_NONE) {
                return end_at(x, h);
            }
            arena_release(&x->keep, mark);
            TRY(e == ERR_NOT_FOUND ? ERR_NONE : e);
            h += down != 0 ? UINT64_MAX : 1;
        }
    }
    return ERR_NOT_FOUND;
}

static enum err port_piece(void *ctx, uint32_t depth, uint32_t piece, void *user,
                           enum err (*visit)(void *user, uint16_t contract,
                                             const struct hash *tree_key, struct bytes stored))
{
    return store_piece(ctx, depth, piece, user, visit);
}

static enum err count_one(void *user, uint16_t contract, const struct hash *tree_key,
                          struct bytes stored)
{
    uint32_t *count = user;
    (void)contract;
    (void)tree_key;
    (void)stored;
    ++*count;
    return ERR_NONE;
}

static enum err make_piece(struct export *x, uint32_t piece, struct state_subtree *root,
                           struct bytes *wire)
{
    struct replica_ports p = { .ctx = x->store, .store_piece = port_piece };
    return pieces_make(&p, x->o->node.suite, x->snapshot.depth, piece, BLOCK_SIZE_MAX, &x->o->work,
                       root, wire);
}

/* The roots of all pieces; a piece that is too large is cut finer. */
static enum err find_roots(struct export *x)
{
    struct state_subtree *root = ARENA_ARRAY(&x->keep, struct state_subtree, SNAPSHOT_PIECES_MAX);
    uint32_t leaves = 0;
    if (root == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(store_piece(x->store, 0, 0, &leaves, count_one));
    x->snapshot.depth = pieces_depth(leaves);
    for (uint32_t i = 0; i >> x->snapshot.depth == 0; i++) {
        struct bytes wire = { NULL, 0 };
        size_t mark = arena_mark(&x->o->work);
        enum err e = make_piece(x, i, &root[i], &wire);
        arena_release(&x->o->work, mark);
        if (e == ERR_SIZE && x->snapshot.depth < SNAPSHOT_DEPTH_MAX) {
            x->snapshot.depth++;
            i = UINT32_MAX;
            continue;
        }
        TRY(e);
    }
    x->snapshot.piece = root;
    return ERR_NONE;
}

/* The folded state stands at this block: certified by itself, and described. */
static enum err describe(struct export *x, uint64_t height)
{
    struct block b;
    struct bytes beside, certificate, certified, key[GENESIS_SEATS_MAX];
    uint32_t count = 0;
    enum err e = certificate_of(x, height, &x->keep, &certificate);
    TRY(e == ERR_NOT_FOUND ? ERR_UNAVAILABLE : e);
    TRY(read_block(x, height, &x->keep, &b, &beside));
    TRY(find_keys(x, &b.header, certificate, &x->keep, key, &count));
    x->snapshot.hand_over = x->hand_over;
    TRY(hand_overs_to(x, &b.header, &x->snapshot.hand_over_count));
    TRY(proof_encode_certified(b.header_bytes, certificate, key, count, &x->keep, &certified));
    TRY(pieces_describe(&x->o->log, &x->o->node.genesis, &b.header, certified, &x->keep,
                        &x->o->work, &x->snapshot));
    return find_roots(x);
}

static enum err open_state(struct export *x, uint64_t *height)
{
    TRY(offline_store(x->o, &x->store));
    enum err e = store_pin(x->store, height);
    return e == ERR_NOT_FOUND || (e == ERR_NONE && *height < 2) ? ERR_UNAVAILABLE : e;
}

static enum err write_state(struct export *x)
{
    struct bytes wire = { NULL, 0 };
    TRY(snapshot_encode(&x->snapshot, &x->o->work, &wire));
    TRY(archive_put(x->file, ARCHIVE_SNAPSHOT, &wire, 1));
    for (uint32_t i = 0; i >> x->snapshot.depth == 0; i++) {
        struct state_subtree root;
        uint8_t number[4];
        struct buf b = buf_over(number, sizeof number);
        struct bytes part[2];
        size_t mark = arena_mark(&x->o->work);
        buf_put_u32(&b, i);
        part[0] = buf_bytes(&b);
        TRY(make_piece(x, i, &root, &part[1]));
        TRY(archive_put(x->file, ARCHIVE_PIECE, part, 2));
        arena_release(&x->o->work, mark);
    }
    return ERR_NONE;
}

/* The state's own go with it, so these are for the last block. */
static enum err write_hand_overs(struct export *x)
{
    struct block b;
    struct bytes beside;
    uint32_t count = 0;
    size_t mark = arena_mark(&x->o->work);
    TRY(read_block(x, x->head.to, &x->o->work, &b, &beside));
    TRY(hand_overs_to(x, &b.header, &count));
    arena_release(&x->o->work, mark);
    for (uint32_t i = 0; i < count; i++) {
        TRY(archive_put(x->file, ARCHIVE_HAND_OVER, &x->hand_over[i], 1));
    }
    return ERR_NONE;
}

static enum err write_blocks(struct export *x)
{
    for (uint64_t h = x->head.from; h <= x->head.to; h++) {
        struct bytes wire = { NULL, 0 }, certificate = { NULL, 0 };
        size_t mark = arena_mark(&x->o->work);
        TRY(blocklog_read(&x->o->log, h, &x->o->work, &wire, &certificate));
        TRY(archive_put(x->file, ARCHIVE_BLOCK, &wire, 1));
        arena_release(&x->o->work, mark);
    }
    return ERR_NONE;
}

/* Where it begins and ends, and whether the state goes with it. */
static enum err choose(struct export *x, const struct offline_archive *want, uint64_t *state,
                       char why[NODE_WHY_SIZE])
{
    const struct blocklog *log = &x->o->log;
    if (log->height == log->base) {
        return node_said(why, ERR_NOT_FOUND, "the block log", "it is empty");
    }
    if (want->from != 0 && want->from <= log->base) {
        return node_said(why, ERR_PRUNED, "--from", "the node keeps newer blocks only");
    }
    if (want->from > log->height || want->to > log->height ||
        (want->to != 0 && want->to < want->from)) {
        return node_said(why, ERR_RANGE, "--from, --to", "the node has no such blocks");
    }
    enum err e = find_committees(x);
    if (e != ERR_NONE) {
        return node_said(why, e, "the hand-overs", "the file is not of this space");
    }
    e = find_end(x, want->to == 0 ? log->height : want->to);
    if (e != ERR_NONE) {
        return node_said(why, e, "the certificate of the last block",
                         "the keys of its epoch are kept for 64 epochs, and hand-overs by who "
                         "was there");
    }
    x->head.from = want->from != 0 ? want->from : log->base + 1;
    bool with = want->state != 0 || (want->from == 0 && log->base > 0);
    if (!with) {
        return ERR_NONE;
    }
    e = open_state(x, state);
    e = e == ERR_NONE ? describe(x, *state) : e;
    if (e == ERR_NONE && (*state > x->head.to || x->snapshot.first.height < x->head.from)) {
        e = ERR_RANGE;
    }
    if (e == ERR_NONE && want->state != 0 && want->from == 0) {
        x->head.from = x->snapshot.first.height;
    }
    return e == ERR_NONE ? e
                         : node_said(why, e, "the folded state",
                                     "without it: --from and the first block kept");
}

static enum err write_all(struct export *x, const struct offline_archive *want,
                          struct offline_archive *out, char why[NODE_WHY_SIZE])
{
    uint64_t state = 0;
    x->head.space = x->o->node.genesis.space;
    TRY(choose(x, want, &state, why));
    blocklog_frontier(&x->o->log, x->head.from - 1, &x->head.before);
    enum err e = archive_begin(x->file);
    e = e == ERR_NONE ? archive_put_head(x->file, &x->head, &x->o->work) : e;
    e = e == ERR_NONE ? write_hand_overs(x) : e;
    e = e == ERR_NONE && state != 0 ? write_state(x) : e;
    e = e == ERR_NONE ? write_blocks(x) : e;
    if (e != ERR_NONE) {
        return node_said(why, e, "the archive", "");
    }
    *out = (struct offline_archive){ x->head.from, x->head.to, state };
    return ERR_NONE;
}

enum err offline_export(const char *dir, uint32_t index, const struct offline_archive *want,
                        FILE *to, struct offline_archive *out, char why[NODE_WHY_SIZE])
{
    enum { KEEP = 32 * 1024 * 1024 };
    struct export *x = calloc(1, sizeof *x);
    ASSERT(x != NULL);
    x->file = to;
    enum err e = offline_open(dir, index, &x->o, why);
    if (e == ERR_NONE) {
        e = arena_split(&x->o->work, KEEP, &x->keep);
        e = e == ERR_NONE ? write_all(x, want, out, why) : e;
        if (x->store != NULL) {
            store_unpin(x->store);
            store_close(x->store);
        }
        offline_close(x->o);
    }
    free(x);
    return e;
}
