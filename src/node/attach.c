#include <string.h>

#include "node/node_internal.h"

/* Attachments (FORMATS 7): sealed bytes as files, pushed to readers until they have them, served to
 * readers, erased when nobody may keep them. Duties are tasks of the index, so they outlive a
 * restart: 'p' ‖ commitment ‖ participant is a push, 'k' ‖ time ‖ commitment a look at that time.
 */

enum { PUSH_KEY = 1 + HASH_SIZE + 4, KEEP_KEY = 1 + 8 + HASH_SIZE };

static const struct hash NOWHERE = { { 0 } }; /* where a batch of tasks begins */

static struct bytes push_key(const struct hash *commitment, uint32_t reader, uint8_t out[PUSH_KEY])
{
    struct buf b = buf_over(out, PUSH_KEY);
    buf_put_u8(&b, 'p');
    buf_put_hash(&b, commitment);
    buf_put_u32(&b, reader);
    return buf_bytes(&b);
}

static struct bytes keep_key(uint64_t when_ms, const struct hash *commitment, uint8_t out[KEEP_KEY])
{
    struct buf b = buf_over(out, KEEP_KEY);
    buf_put_u8(&b, 'k');
    buf_put_u64(&b, when_ms);
    buf_put_hash(&b, commitment);
    return buf_bytes(&b);
}

static void file_name(const struct hash *commitment, char out[STORAGE_NAME_SIZE_MAX])
{
    node_name("attachments", commitment, "", out);
}

static bool file_here(struct node *n, const struct hash *commitment)
{
    char name[STORAGE_NAME_SIZE_MAX];
    uint64_t size;
    struct storage d = node_disk(n);
    file_name(commitment, name);
    return d.size(d.ctx, name, &size) == ERR_NONE;
}

static enum err file_read(struct node *n, const struct hash *commitment, struct arena *a,
                          struct bytes *out)
{
    char name[STORAGE_NAME_SIZE_MAX];
    file_name(commitment, name);
    return node_read_file(&n->disk, name, TRANSFER_SEALED_ATTACHMENT_SIZE_MAX, a, out);
}

static bool lists(const struct hash *list, uint32_t count, const struct hash *did)
{
    for (uint32_t i = 0; i < count; i++) {
        if (hash_equal(&list[i], did)) {
            return true;
        }
    }
    return false;
}

/* What the ledger says of a commitment, for one party. */
struct standing {
    const struct hash *who;
    bool committed, author, reader;
    uint64_t keep_until_ms; /* the latest of all mentions */
    struct hash first_author;
};

static enum err judge(void *user, const struct index_attachment *a, bool *more)
{
    struct standing *s = user;
    if (!s->committed) {
        s->first_author = a->author;
    }
    s->committed = true;
    s->author = s->author || hash_equal(&a->author, s->who);
    s->reader = s->reader || lists(a->reader, a->reader_count, s->who);
    s->keep_until_ms = a->keep_until_ms > s->keep_until_ms ? a->keep_until_ms : s->keep_until_ms;
    *more = true;
    return ERR_NONE;
}

static struct standing standing_of(struct node *n, const struct hash *commitment,
                                   const struct hash *who)
{
    struct standing s = { .who = who };
    if (index_each_attachment(&n->book, commitment, judge, &s) != ERR_NONE) {
        return (struct standing){ .who = who };
    }
    return s;
}

/* Both the ledger and the seal must name a reader: whoever copies a commitment into a transaction
 * of his own does not become one. */
static bool may_read(struct node *n, const struct hash *commitment, struct bytes sealed,
                     const struct hash *who, struct arena *a)
{
    struct sealed_attachment s;
    struct standing at = standing_of(n, commitment, who);
    size_t mark = arena_mark(a);
    bool sealed_to =
        attachment_inspect(sealed, a, &s) == ERR_NONE && lists(s.reader, s.reader_count, who);
    arena_release(a, mark);
    return at.committed && sealed_to && (at.reader || at.author);
}

static void push(struct node *n, const struct hash *commitment, uint32_t reader)
{
    size_t mark = arena_mark(&n->work);
    struct bytes sealed;
    if (reader < n->genesis.participant_count && peers_up(n->peers, reader, PEER_LINK_CONSENSUS) &&
        file_read(n, commitment, &n->work, &sealed) == ERR_NONE &&
        may_read(n, commitment, sealed, node_did(n, reader), &n->work)) {
        struct wire_message m = { .kind = WIRE_ATTACHMENT_PUSH, .id = *commitment };
        m.payload = sealed;
        node_say(n, reader, PEER_LINK_CONSENSUS, &m);
    }
    arena_release(&n->work, mark);
}

static void ask_for(struct node *n, const struct hash *commitment, const struct hash *author)
{
    uint32_t peer;
    if (node_participant(n, author, &peer) && peer != n->self) {
        struct wire_message m = { .kind = WIRE_ATTACHMENT_GET, .id = *commitment };
        node_say(n, peer, PEER_LINK_CONSENSUS, &m);
    }
}

/* One attachment of a committed transaction: what this node has to do about it. */
static enum err take_on(struct node *n, const struct hash *author, const struct tx_attachment *a)
{
    uint8_t key[KEEP_KEY > PUSH_KEY ? KEEP_KEY : PUSH_KEY];
    const struct hash *self = node_did(n, n->self);
    bool own = hash_equal(author, self);
    bool reader = lists(a->reader, a->reader_count, self);
    struct bytes nothing = { NULL, 0 };
    if (!own && !reader) {
        return ERR_NONE;
    }
    TRY(index_task_put(&n->book, keep_key(a->keep_until_ms, &a->commitment, key), nothing));
    for (uint32_t i = 0; own && i < a->reader_count; i++) {
        uint32_t peer;
        if (node_participant(n, &a->reader[i], &peer) && peer != n->self &&
            n->address[peer] != NULL) {
            TRY(index_task_put(&n->book, push_key(&a->commitment, peer, key), nothing));
        }
    }
    return ERR_NONE;
}

static void act_on(struct node *n, const struct hash *author, const struct tx_attachment *a)
{
    const struct hash *self = node_did(n, n->self);
    bool own = hash_equal(author, self);
    for (uint32_t i = 0; own && i < a->reader_count && n->peers != NULL; i++) {
        uint32_t peer;
        if (node_participant(n, &a->reader[i], &peer) && peer != n->self) {
            push(n, &a->commitment, peer);
        }
    }
    if (!own && n->peers != NULL && lists(a->reader, a->reader_count, self) &&
        !file_here(n, &a->commitment)) {
        ask_for(n, &a->commitment, author);
    }
}

void attach_committed(struct node *n, const struct block *b, const struct replica_commit *c)
{
    for (uint32_t i = 0; i < b->tx_count; i++) {
        struct tx tx;
        size_t mark = arena_mark(&n->work);
        bool done = c->receipt[i].status == RECEIPT_OK &&
                    tx_decode(n->suite, b->tx[i], &n->work, &tx) == ERR_NONE;
        for (uint32_t k = 0; done && k < tx.body.attachment_count; k++) {
            const struct hash *author = &tx.body.signer[0].did;
            enum err e = take_on(n, author, &tx.body.attachment[k]);
            if (e != ERR_NONE) {
                LOG("attachment_task_failed", LOG_ERR(e));
            }
            act_on(n, author, &tx.body.attachment[k]);
        }
        arena_release(&n->work, mark);
    }
}

static enum err store(struct node *n, const struct hash *commitment, struct bytes sealed)
{
    char name[STORAGE_NAME_SIZE_MAX];
    struct storage d = node_disk(n);
    file_name(commitment, name);
    return d.replace(d.ctx, name, sealed);
}

/* Nobody but a reader can tell a right sealed file from a made-up one. So what stands here gives
 * way only to another file from the commitment's first author, and never where we are an author. */
static bool keeps_its_place(struct node *n, uint32_t peer, const struct standing *at,
                            const struct wire_message *m)
{
    struct bytes here;
    size_t mark = arena_mark(&n->work);
    bool stays =
        file_here(n, &m->id) &&
        (at->author || !hash_equal(&at->first_author, node_did(n, peer)) ||
         (file_read(n, &m->id, &n->work, &here) == ERR_NONE && bytes_equal(here, m->payload)));
    arena_release(&n->work, mark);
    return stays;
}

/* A push is taken only for what the ledger says this participant reads, and only from a
 * participant that the ledger names as its author or reader. */
static enum err on_push(struct node *n, uint32_t peer, const struct wire_message *m)
{
    struct sealed_attachment s;
    const struct hash *self = node_did(n, n->self);
    struct standing at = standing_of(n, &m->id, self);
    struct standing sender = standing_of(n, &m->id, node_did(n, peer));
    if (!at.reader && !at.author) {
        return at.committed ? ERR_FORBIDDEN : ERR_NOT_FOUND;
    }
    if (!sender.author && !sender.reader) {
        return ERR_FORBIDDEN;
    }
    if (at.keep_until_ms <= node_now_ms(n)) {
        return ERR_STALE;
    }
    if (keeps_its_place(n, peer, &at, m)) {
        return ERR_NONE;
    }
    TRY(attachment_inspect(m->payload, &n->work, &s));
    if (!hash_equal(&s.commitment, &m->id) || !lists(s.reader, s.reader_count, self)) {
        return ERR_INTEGRITY;
    }
    return store(n, &m->id, m->payload);
}

static void refuse(struct node *n, uint32_t peer, const struct hash *id, enum err e)
{
    struct wire_message m = { .kind = WIRE_REFUSAL, .id = *id, .index = (uint32_t)e };
    node_say(n, peer, PEER_LINK_CONSENSUS, &m);
}

static enum err on_get(struct node *n, uint32_t peer, const struct hash *commitment)
{
    struct bytes sealed;
    TRY(file_read(n, commitment, &n->work, &sealed));
    if (!may_read(n, commitment, sealed, node_did(n, peer), &n->work)) {
        return ERR_FORBIDDEN;
    }
    struct wire_message m = { .kind = WIRE_ATTACHMENT_PUSH, .id = *commitment, .payload = sealed };
    node_say(n, peer, PEER_LINK_CONSENSUS, &m);
    return ERR_NONE;
}

void attach_message(struct node *n, uint32_t peer, const struct wire_message *m)
{
    uint8_t key[PUSH_KEY];
    enum err e = ERR_NONE;
    if (m->kind == WIRE_ATTACHMENT_PUSH) {
        e = on_push(n, peer, m);
        if (e == ERR_NONE) {
            struct wire_message have = { .kind = WIRE_ATTACHMENT_HAVE, .id = m->id };
            node_say(n, peer, PEER_LINK_CONSENSUS, &have);
            node_tell_watchers(n);
        }
    } else if (m->kind == WIRE_ATTACHMENT_HAVE) {
        (void)!index_task_del(&n->book, push_key(&m->id, peer, key));
    } else if (m->kind == WIRE_ATTACHMENT_GET) {
        e = on_get(n, peer, &m->id);
    }
    if (e != ERR_NONE) {
        LOG("attachment_refused", LOG_NUM("peer", peer), LOG_HASH("commitment", &m->id),
            LOG_ERR(e));
        refuse(n, peer, &m->id, e);
    }
}

/* Tasks are collected first: a visitor must not write. */
struct batch {
    uint8_t kind;
    uint64_t now_ms;
    uint32_t only; /* pushes to this peer; UINT32_MAX: to any */
    uint32_t count;
    struct hash commitment[ATTACH_TASKS_A_TICK];
    uint32_t reader[ATTACH_TASKS_A_TICK];
    uint64_t when_ms[ATTACH_TASKS_A_TICK];
};

static enum err gather(void *user, struct bytes key, struct bytes value, bool *more)
{
    struct batch *b = user;
    struct reader r = reader_over(key);
    (void)value;
    if (reader_u8(&r) != b->kind) {
        *more = false;
        return ERR_NONE;
    }
    uint64_t when = b->kind == 'k' ? reader_u64(&r) : 0;
    struct hash commitment = reader_hash(&r);
    uint32_t reader = b->kind == 'p' ? reader_u32(&r) : 0;
    if (b->kind == 'p' && b->only != UINT32_MAX && reader != b->only) {
        return ERR_NONE;
    }
    b->commitment[b->count] = commitment;
    b->reader[b->count] = reader;
    b->when_ms[b->count++] = when;
    *more = b->count < ATTACH_TASKS_A_TICK;
    return ERR_NONE;
}

/* To one peer, from the first task; to all, a bounded batch from where the last one stopped, so
 * that readers who never take theirs hold up nobody else's. */
static void push_again(struct node *n, uint32_t only, uint64_t now_ms)
{
    struct batch b = { .kind = 'p', .now_ms = now_ms, .only = only };
    uint8_t key[PUSH_KEY];
    struct bytes from = only != UINT32_MAX ? bytes_of("p", 1)
                                           : push_key(&n->push_cursor, n->push_cursor_reader, key);
    if (index_each_task(&n->book, from, gather, &b) != ERR_NONE) {
        return;
    }
    if (only == UINT32_MAX) {
        bool end = b.count < ATTACH_TASKS_A_TICK;
        n->push_cursor = end ? NOWHERE : b.commitment[b.count - 1];
        n->push_cursor_reader = end ? 0 : b.reader[b.count - 1];
    }
    for (uint32_t i = 0; i < b.count; i++) {
        const struct hash *c = &b.commitment[i];
        if (standing_of(n, c, node_did(n, n->self)).keep_until_ms <= now_ms) {
            (void)!index_task_del(&n->book, push_key(c, b.reader[i], key));
            continue;
        }
        push(n, c, b.reader[i]);
    }
}

void attach_peer_up(struct node *n, uint32_t peer)
{
    push_again(n, peer, node_now_ms(n));
}

/* A wiped reader gets its attachments back: a bounded walk over all that it keeps, from where the
 * last one stopped, asks for what is not here. */
static void ask_for_lost(struct node *n, uint64_t now_ms)
{
    struct batch b = { .kind = 'k', .now_ms = now_ms };
    uint8_t key[KEEP_KEY];
    struct bytes from = keep_key(n->attach_cursor_ms, &n->attach_cursor, key);
    if (index_each_task(&n->book, from, gather, &b) != ERR_NONE) {
        return;
    }
    bool end = b.count < ATTACH_TASKS_A_TICK;
    n->attach_cursor_ms = end ? 0 : b.when_ms[b.count - 1];
    n->attach_cursor = end ? NOWHERE : b.commitment[b.count - 1];
    for (uint32_t i = 0; i < b.count; i++) {
        const struct hash *c = &b.commitment[i];
        struct standing at = standing_of(n, c, node_did(n, n->self));
        if (b.when_ms[i] > now_ms && at.reader && !at.author && !file_here(n, c)) {
            ask_for(n, c, &at.first_author);
        }
    }
}

/* What is past its time goes, unless a later transaction keeps it longer. The first tasks in order
 * are the oldest, so that a bounded batch is enough. */
static void sweep_kept(struct node *n, uint64_t now_ms)
{
    struct batch b = { .kind = 'k', .now_ms = now_ms };
    struct storage d = node_disk(n);
    uint8_t key[KEEP_KEY];
    char name[STORAGE_NAME_SIZE_MAX];
    if (index_each_task(&n->book, bytes_of("k", 1), gather, &b) != ERR_NONE) {
        return;
    }
    for (uint32_t i = 0; i < b.count && b.when_ms[i] <= now_ms; i++) {
        const struct hash *c = &b.commitment[i];
        struct standing at = standing_of(n, c, node_did(n, n->self));
        (void)!index_task_del(&n->book, keep_key(b.when_ms[i], c, key));
        if (at.keep_until_ms > now_ms) {
            (void)!index_task_put(&n->book, keep_key(at.keep_until_ms, c, key),
                                  (struct bytes){ NULL, 0 });
            continue;
        }
        file_name(c, name);
        if (d.remove(d.ctx, name) == ERR_NONE) {
            LOG("attachment_erased", LOG_HASH("commitment", c));
        }
    }
}

void attach_tick(struct node *n, uint64_t now_ms)
{
    if (now_ms < n->attach_ms) {
        return;
    }
    n->attach_ms = now_ms + (uint64_t)ATTACH_RETRY_MS * n->timer_scale;
    push_again(n, UINT32_MAX, now_ms);
    sweep_kept(n, now_ms);
    ask_for_lost(n, now_ms);
}

enum err attach_open(struct node *n)
{
    return disk_folder(&n->disk, "attachments");
}

enum err node_attachment_put(struct node *n, struct bytes sealed)
{
    struct sealed_attachment s;
    uint8_t key[KEEP_KEY];
    if (sealed.len > TRANSFER_SEALED_ATTACHMENT_SIZE_MAX) {
        return ERR_SIZE;
    }
    size_t mark = arena_mark(&n->work);
    enum err e = attachment_inspect(sealed, &n->work, &s);
    arena_release(&n->work, mark);
    TRY(e);
    if (file_here(n, &s.commitment)) {
        return ERR_NONE;
    }
    TRY(store(n, &s.commitment, sealed));
    uint64_t when = node_now_ms(n) + ATTACH_ORPHAN_MS;
    return index_task_put(&n->book, keep_key(when, &s.commitment, key), (struct bytes){ NULL, 0 });
}

enum err node_attachment_get(struct node *n, const struct hash *commitment,
                             const struct hash *reader, struct arena *a, struct bytes *sealed)
{
    struct standing at = standing_of(n, commitment, reader);
    struct bytes found;
    if (!at.committed) {
        return ERR_NOT_FOUND;
    }
    if (!at.reader && !at.author) {
        return ERR_FORBIDDEN;
    }
    enum err e = file_read(n, commitment, a, &found);
    if (e == ERR_NOT_FOUND) {
        ask_for(n, commitment, &at.first_author);
    }
    TRY(e);
    if (!may_read(n, commitment, found, reader, a)) {
        return ERR_FORBIDDEN;
    }
    *sealed = found;
    return ERR_NONE;
}
