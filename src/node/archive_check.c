#include "node/archive_internal.h"

#include <stdarg.h>

/* What makes an archive true, from the genesis file, the time and anchors. */

struct check {
    const struct suite *suite;
    const struct genesis *genesis;
    const struct proof_caller *caller;
    struct arena *keep, work;
    char *why;
    bool begun, carries, matched; /* matched: the snapshot's block has come by */
    struct archive_head head;
    struct bytes hand_over[PROOF_HAND_OVERS_MAX];
    uint32_t hand_overs;
    struct snapshot snapshot;
    uint32_t pieces;
    uint64_t next; /* height of the block that must come */
    struct hash first, last;
    struct bytes last_header;
};

__attribute__((format(printf, 2, 3))) static enum err no(struct check *c, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    (void)vsnprintf(c->why, ARCHIVE_WHY_SIZE, format, list);
    va_end(list);
    return ERR_INTEGRITY;
}

/* What the head holds is needed until the end, beyond the life of its record. */
static enum err keep_head(struct check *c, const struct archive_head *h)
{
    c->head = *h;
    TRY(arena_copy(c->keep, h->certificate, &c->head.certificate));
    for (uint32_t i = 0; i < h->key_count; i++) {
        TRY(arena_copy(c->keep, h->key[i], &c->head.key[i]));
    }
    c->next = h->from;
    c->begun = true;
    return ERR_NONE;
}

static enum err take_head(struct check *c, struct bytes body)
{
    struct archive_head h;
    if (archive_read_head(body, &h) != ERR_NONE) {
        return no(c, "its head cannot be read");
    }
    if (!hash_equal(&h.space, &c->genesis->space)) {
        return no(c, "it is of another space than this genesis file");
    }
    return keep_head(c, &h);
}

static enum err take_hand_over(struct check *c, struct bytes body)
{
    if (c->hand_overs == PROOF_HAND_OVERS_MAX) {
        return no(c, "it has more than %d hand-overs", (int)PROOF_HAND_OVERS_MAX);
    }
    return arena_copy(c->keep, body, &c->hand_over[c->hand_overs++]);
}

static enum err take_snapshot(struct check *c, struct bytes body)
{
    enum proof_step step;
    enum err e =
        snapshot_verify(c->suite, c->genesis, c->caller, body, c->keep, &c->snapshot, &step);
    if (e == ERR_NO_SPACE) {
        return e;
    }
    c->carries = e == ERR_NONE;
    uint64_t at = c->snapshot.header.height;
    if (e != ERR_NONE || at < c->head.from || at > c->head.to ||
        c->snapshot.first.height < c->head.from) {
        return no(c,
                  "its snapshot is not one that a committee certified which this genesis file, the "
                  "time and the anchors lead to");
    }
    return ERR_NONE;
}

static enum err take_piece(struct check *c, struct bytes body)
{
    struct snapshot_entry *entry;
    struct bytes wire;
    uint32_t number = 0, count = 0;
    TRY(archive_read_piece(body, &number, &wire));
    if (number != c->pieces) {
        return no(c, "piece %u of the snapshot stands where %u should", number, c->pieces);
    }
    enum err e = snapshot_piece_verify(c->suite, &c->snapshot, number, wire, ARCHIVE_RECORD_MAX,
                                       &c->work, &entry, &count);
    if (e != ERR_NONE) {
        return e == ERR_NO_SPACE ? e : no(c, "piece %u of the snapshot is not the one", number);
    }
    c->pieces++;
    return ERR_NONE;
}

/* The first block names the one below it, and the frontier is the one its header commits to. */
static enum err begin_blocks(struct check *c, const struct block *b)
{
    struct hash root;
    if (c->carries && c->pieces >> c->snapshot.depth == 0) {
        return no(c, "piece %u of the snapshot is missing", c->pieces);
    }
    merkle_frontier_root(c->suite, &c->head.before, &root);
    if (!hash_equal(&root, &b->header.history_root)) {
        return no(c, "the history below block %llu is not the one that it names",
                  (unsigned long long)c->head.from);
    }
    c->first = c->last = b->header.previous;
    return ERR_NONE;
}

static enum err take_block(struct check *c, struct bytes body)
{
    struct block b;
    unsigned long long height = c->next;
    if (c->next > c->head.to) {
        return no(c, "there is more than its head names");
    }
    enum err e = block_decode(c->suite, body, &c->work, &b);
    if (e != ERR_NONE || b.header.height != c->next) {
        return e == ERR_NO_SPACE ? e : no(c, "what stands for block %llu is not one", height);
    }
    if (c->next == c->head.from) {
        TRY(begin_blocks(c, &b));
    }
    if (!hash_equal(&b.header.previous, &c->last)) {
        return no(c, "block %llu does not follow the one before it", height);
    }
    e = proof_verify_body(c->suite, &b, &c->work);
    if (e != ERR_NONE) {
        return e == ERR_NO_SPACE ? e : no(c, "block %llu holds not what its header names", height);
    }
    if (c->carries && c->next == c->snapshot.header.height) {
        c->matched = hash_equal(&b.hash, &c->snapshot.hash);
    }
    if (c->next == c->head.to) {
        TRY(arena_copy(c->keep, b.header_bytes, &c->last_header));
    }
    c->last = b.hash;
    c->next++;
    return ERR_NONE;
}

static enum err take(void *user, enum archive_kind kind, struct bytes body)
{
    struct check *c = user;
    enum err e;
    size_t mark = arena_mark(&c->work);
    bool blocks = c->begun && c->next > c->head.from;
    if (kind == ARCHIVE_HEAD && !c->begun) {
        e = take_head(c, body);
    } else if (kind == ARCHIVE_HAND_OVER && c->begun && !blocks && !c->carries) {
        e = take_hand_over(c, body);
    } else if (kind == ARCHIVE_SNAPSHOT && c->begun && !blocks && !c->carries) {
        e = take_snapshot(c, body);
    } else if (kind == ARCHIVE_PIECE && c->carries && !blocks) {
        e = take_piece(c, body);
    } else if (kind == ARCHIVE_BLOCK && c->begun) {
        e = take_block(c, body);
    } else {
        e = no(c, "a record of kind %d has no place where it stands", (int)kind);
    }
    arena_release(&c->work, mark);
    return e;
}

static enum err by_a_committee(struct check *c, struct bytes certified, enum proof_step *step)
{
    struct trust trust;
    struct header header;
    struct hash hash;
    TRY(proof_follow(c->suite, c->genesis, c->hand_over, c->hand_overs, &c->work, &trust, step));
    TRY(proof_verify_header_by(c->suite, c->genesis, &trust, c->caller, certified, &c->work,
                               &header, &hash, step));
    *step = PROOF_CERTIFICATE;
    return hash_equal(&hash, &c->last) ? ERR_NONE : ERR_PROOF;
}

/* Nothing of an archive is believed before this: a quorum signed its last block, and all others
 * hash into that. */
static enum err certified(struct check *c)
{
    struct bytes wire = { NULL, 0 };
    enum proof_step step = PROOF_ENCODING;
    enum err e = proof_encode_certified(c->last_header, c->head.certificate, c->head.key,
                                        c->head.key_count, &c->work, &wire);
    e = e == ERR_NONE ? by_a_committee(c, wire, &step) : e;
    if (e == ERR_NONE || e == ERR_NO_SPACE) {
        return e;
    }
    return no(c, "the certificate of block %llu does not verify: %s%s",
              (unsigned long long)c->head.to, proof_step_name(step),
              step == PROOF_TRUST ? "; give a newer anchor" : "");
}

static enum err finish(struct check *c)
{
    if (!c->begun) {
        return no(c, "it is empty");
    }
    if (c->next <= c->head.to) {
        return no(c, "it breaks off before block %llu of %llu", (unsigned long long)c->next,
                  (unsigned long long)c->head.to);
    }
    if (c->carries && !c->matched) {
        return no(c, "its snapshot is not that of its block %llu",
                  (unsigned long long)c->snapshot.header.height);
    }
    return certified(c);
}

enum err archive_check(FILE *f, const struct suite *s, const struct genesis *g,
                       const struct proof_caller *caller, struct arena *a, struct archive_sum *out,
                       char why[ARCHIVE_WHY_SIZE])
{
    enum { KEEP = 8 * 1024 * 1024, WORK = 64 * 1024 * 1024 };
    struct arena keep;
    struct check *c = ARENA_NEW(a, struct check);
    if (c == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(arena_split(a, KEEP, &keep));
    *c = (struct check){ .suite = s, .genesis = g, .caller = caller, .keep = &keep, .why = why };
    TRY(arena_split(a, WORK, &c->work));
    TRY(archive_each(f, a, why, c, take));
    TRY(finish(c));
    *out = (struct archive_sum){ .from = c->head.from,
                                 .to = c->head.to,
                                 .snapshot = c->carries ? c->snapshot.header.height : 0,
                                 .first = c->first,
                                 .last = c->last,
                                 .before = c->head.before,
                                 .carries = c->carries };
    return ERR_NONE;
}
