#include "ledger/mempool_internal.h"

#include <string.h>

/* ---- memory ---------------------------------------------------------------------------------- */

static uint32_t slots_for(uint32_t max)
{
    uint32_t n = 16;
    while (n < 2 * max) {
        n *= 2;
    }
    return n;
}

static uint32_t with_slack(uint32_t max)
{
    return max + max / MEMPOOL_SLACK;
}

size_t mempool_memory(uint32_t txs_max, uint32_t bytes_max)
{
    size_t each = sizeof(uint64_t) + sizeof(struct author) + sizeof(struct pending_signer);
    size_t rounding = 8 * 16;
    return with_slack(txs_max) * sizeof(struct pending) + txs_max * each + with_slack(bytes_max) +
           3 * slots_for(txs_max) * sizeof(struct slot) + rounding;
}

static bool slots_init(struct slots *s, uint32_t max, struct arena *arena)
{
    s->mask = slots_for(max) - 1;
    s->slot = ARENA_ARRAY(arena, struct slot, s->mask + 1);
    return s->slot != NULL;
}

enum err mempool_init(struct mempool *m, uint32_t txs_max, uint32_t bytes_max, struct arena *arena)
{
    ASSERT(txs_max >= MEMPOOL_AUTHOR_SHARE && txs_max < UINT32_MAX / 4);
    ASSERT(bytes_max < UINT32_MAX / 2);
    *m = (struct mempool){ .max = txs_max,
                           .entries_max = with_slack(txs_max),
                           .bytes_max = bytes_max,
                           .room = with_slack(bytes_max) };
    m->entry = ARENA_ARRAY(arena, struct pending, m->entries_max);
    m->bytes = ARENA_ARRAY(arena, uint8_t, m->room);
    m->author = ARENA_ARRAY(arena, struct author, txs_max);
    m->signer = ARENA_ARRAY(arena, struct pending_signer, txs_max);
    m->order = ARENA_ARRAY(arena, uint64_t, txs_max);
    bool all = m->entry != NULL && m->bytes != NULL && m->author != NULL && m->signer != NULL &&
               m->order != NULL && slots_init(&m->ids, txs_max, arena) &&
               slots_init(&m->authors, txs_max, arena) && slots_init(&m->signers, txs_max, arena);
    return all ? ERR_NONE : ERR_NO_SPACE;
}

/* ---- tables ---------------------------------------------------------------------------------- */

static uint32_t hash_of(const struct hash *h)
{
    uint32_t x;
    memcpy(&x, h->b, sizeof x);
    return x;
}

static uint32_t signer_hash(const struct hash *did, uint32_t key)
{
    enum { SPREAD = 0x1e3779b1 };
    return hash_of(did) + key * (uint32_t)SPREAD;
}

static void slots_add(struct slots *s, uint32_t hash, uint32_t item)
{
    uint32_t i = hash & s->mask;
    while (s->slot[i].item != 0) {
        i = (i + 1) & s->mask;
    }
    s->slot[i] = (struct slot){ hash, item + 1 };
}

/* What stands behind it moves up where the way from its home leads over the gap. */
static void slots_remove(struct slots *s, uint32_t hash, uint32_t item)
{
    uint32_t gap = hash & s->mask;
    while (s->slot[gap].item != item + 1) {
        ASSERT(s->slot[gap].item != 0);
        gap = (gap + 1) & s->mask;
    }
    for (uint32_t i = (gap + 1) & s->mask; s->slot[i].item != 0; i = (i + 1) & s->mask) {
        uint32_t home = s->slot[i].hash & s->mask;
        if (((i - home) & s->mask) >= ((i - gap) & s->mask)) {
            s->slot[gap] = s->slot[i];
            gap = i;
        }
    }
    s->slot[gap].item = 0;
}

static const struct slot *next_of(const struct slots *s, uint32_t hash, uint32_t *i)
{
    for (;; *i = (*i + 1) & s->mask) {
        const struct slot *x = &s->slot[*i];
        if (x->item == 0) {
            return NULL;
        }
        if (x->hash == hash) {
            *i = (*i + 1) & s->mask;
            return x;
        }
    }
}

static struct pending *entry_of(const struct mempool *m, const struct hash *id)
{
    uint32_t i = hash_of(id) & m->ids.mask;
    const struct slot *x;
    while ((x = next_of(&m->ids, hash_of(id), &i)) != NULL) {
        if (hash_equal(&m->entry[x->item - 1].id, id)) {
            return &m->entry[x->item - 1];
        }
    }
    return NULL;
}

static struct author *author_of(const struct mempool *m, const struct hash *did)
{
    uint32_t i = hash_of(did) & m->authors.mask;
    const struct slot *x;
    while ((x = next_of(&m->authors, hash_of(did), &i)) != NULL) {
        if (hash_equal(&m->author[x->item - 1].did, did)) {
            return &m->author[x->item - 1];
        }
    }
    return NULL;
}

static struct pending_signer *signer_of(const struct mempool *m, const struct hash *did,
                                        uint32_t key)
{
    uint32_t hash = signer_hash(did, key), i = hash & m->signers.mask;
    const struct slot *x;
    while ((x = next_of(&m->signers, hash, &i)) != NULL) {
        struct pending_signer *s = &m->signer[x->item - 1];
        if (s->key == key && hash_equal(&s->did, did)) {
            return s;
        }
    }
    return NULL;
}

static struct author *author_met(struct mempool *m, const struct hash *did)
{
    struct author *a = author_of(m, did);
    if (a != NULL) {
        return a;
    }
    uint32_t at = m->author_free > 0 ? m->author_free - 1 : m->author_end++;
    m->author_free = m->author_free > 0 ? m->author[at].next_free : 0;
    m->author[at] = (struct author){ .did = *did };
    slots_add(&m->authors, hash_of(did), at);
    return &m->author[at];
}

static struct pending_signer *signer_met(struct mempool *m, const struct hash *did, uint32_t key)
{
    struct pending_signer *s = signer_of(m, did, key);
    if (s != NULL) {
        return s;
    }
    uint32_t at = m->signer_free > 0 ? m->signer_free - 1 : m->signer_end++;
    m->signer_free = m->signer_free > 0 ? m->signer[at].next_free : 0;
    m->signer[at] = (struct pending_signer){ .did = *did, .key = key };
    slots_add(&m->signers, signer_hash(did, key), at);
    return &m->signer[at];
}

/* ---- shares ---------------------------------------------------------------------------------- */

/* What an author holds, in places and in bytes, as one number: its larger part of the pool. */
static uint64_t share(const struct mempool *m, uint64_t count, uint64_t bytes)
{
    uint64_t places = count * m->bytes_max / m->max;
    return places > bytes ? places : bytes;
}

static uint64_t share_of(const struct mempool *m, const struct author *a)
{
    return a == NULL ? 0 : share(m, a->count, a->bytes);
}

static bool is_full(const struct mempool *m, uint32_t size)
{
    return m->count == m->max || size > m->bytes_max - m->held;
}

static bool has_its_share(const struct mempool *m, const struct author *a, uint32_t size)
{
    uint32_t count = a == NULL ? 0 : a->count, held = a == NULL ? 0 : a->bytes;
    return count >= m->max / MEMPOOL_AUTHOR_SHARE ||
           held + size > m->bytes_max / MEMPOOL_AUTHOR_SHARE;
}

/* What others may keep when this author brings one more. That it is twice its own share keeps a
 * crowd of equals from pushing one another out for ever. */
static uint64_t enough_for(const struct mempool *m, const struct author *own, uint32_t size)
{
    uint64_t count = own == NULL ? 0 : own->count, bytes = own == NULL ? 0 : own->bytes;
    return share(m, 2 * count + 2, 2 * (bytes + size));
}

bool mempool_may_take(struct mempool *m, const struct hash *author, uint32_t size, uint64_t now_ms)
{
    const struct author *own = author_of(m, author);
    if (m->count > 0 && m->expiry_ms <= now_ms) {
        return true; /* a sweep makes room */
    }
    return !has_its_share(m, own, size) &&
           (!is_full(m, size) || m->share_max > enough_for(m, own, size));
}

uint64_t mempool_cost(const struct mempool *m, const struct hash *author)
{
    const struct author *a = author_of(m, author);
    return a == NULL ? 0 : a->cost;
}

uint64_t mempool_signer_cost(const struct mempool *m, const struct hash *author, uint32_t key)
{
    const struct pending_signer *s = signer_of(m, author, key);
    return s == NULL ? 0 : s->cost;
}

bool mempool_has(const struct mempool *m, const struct hash *id)
{
    return entry_of(m, id) != NULL;
}

struct bytes mempool_bytes(const struct mempool *m, uint32_t index)
{
    ASSERT(index < m->end);
    return bytes_of(m->bytes + m->entry[index].at, m->entry[index].size);
}

const struct pending *mempool_oldest(struct mempool *m)
{
    while (m->first < m->end && m->entry[m->first].gone) {
        m->first++;
    }
    return m->count == 0 ? NULL : &m->entry[m->first];
}

/* ---- in and out ------------------------------------------------------------------------------ */

/* Behind the newest of its author. */
static void join(struct mempool *m, uint32_t index)
{
    struct pending *p = &m->entry[index];
    struct author *a = &m->author[p->author_at];
    p->older = a->newest;
    p->newer = 0;
    if (a->newest > 0) {
        m->entry[a->newest - 1].newer = index + 1;
    }
    a->newest = index + 1;
}

/* Close the gaps: entries are others afterwards, authors and signers the same. */
static void close_up(struct mempool *m)
{
    uint32_t kept = 0, used = 0;
    memset(m->ids.slot, 0, ((size_t)m->ids.mask + 1) * sizeof *m->ids.slot);
    for (uint32_t i = 0; i < m->author_end; i++) {
        m->author[i].newest = 0;
    }
    for (uint32_t i = m->first; i < m->end; i++) {
        struct pending *p = &m->entry[kept];
        if (m->entry[i].gone) {
            continue;
        }
        *p = m->entry[i];
        memmove(m->bytes + used, m->bytes + p->at, p->size);
        p->at = used;
        used += p->size;
        slots_add(&m->ids, hash_of(&p->id), kept);
        join(m, kept++);
    }
    ASSERT(kept == m->count && used == m->held);
    m->first = 0;
    m->end = kept;
    m->used = used;
}

enum err mempool_add(struct mempool *m, struct pending p, struct bytes wire)
{
    ASSERT(p.order_class < MEMPOOL_CLASSES);
    if (mempool_has(m, &p.id)) {
        return ERR_DUPLICATE;
    }
    uint32_t size = (uint32_t)wire.len;
    if (is_full(m, size) || has_its_share(m, author_of(m, &p.author), size)) {
        return ERR_BUSY;
    }
    if (m->end == m->entries_max || size > m->room - m->used) {
        close_up(m);
    }
    struct author *a = author_met(m, &p.author);
    struct pending_signer *s = signer_met(m, &p.author, p.key);
    uint32_t index = m->end++;
    p.at = m->used;
    p.size = size;
    p.gone = false;
    p.author_at = (uint32_t)(a - m->author);
    p.signer_at = (uint32_t)(s - m->signer);
    memcpy(m->bytes + m->used, wire.ptr, wire.len);
    m->entry[index] = p;
    m->used += size;
    m->held += size;
    a->count++;
    a->bytes += size;
    a->cost += p.cost;
    s->count++;
    s->cost += p.cost;
    join(m, index);
    slots_add(&m->ids, hash_of(&p.id), index);
    bool sooner = m->count++ == 0 || p.valid_until_ms < m->expiry_ms;
    m->expiry_ms = sooner ? p.valid_until_ms : m->expiry_ms;
    m->share_max = share_of(m, a) > m->share_max ? share_of(m, a) : m->share_max;
    return ERR_NONE;
}

static void leave_author(struct mempool *m, const struct pending *p)
{
    struct author *a = &m->author[p->author_at];
    if (p->newer > 0) {
        m->entry[p->newer - 1].older = p->older;
    } else {
        a->newest = p->older;
    }
    if (p->older > 0) {
        m->entry[p->older - 1].newer = p->newer;
    }
    a->bytes -= p->size;
    a->cost -= p->cost;
    if (--a->count == 0) {
        slots_remove(&m->authors, hash_of(&a->did), p->author_at);
        a->next_free = m->author_free;
        m->author_free = p->author_at + 1;
    }
}

static void leave_signer(struct mempool *m, const struct pending *p)
{
    struct pending_signer *s = &m->signer[p->signer_at];
    s->cost -= p->cost;
    if (--s->count == 0) {
        slots_remove(&m->signers, signer_hash(&s->did, s->key), p->signer_at);
        s->next_free = m->signer_free;
        m->signer_free = p->signer_at + 1;
    }
}

static void leave(struct mempool *m, struct pending *p)
{
    ASSERT(!p->gone);
    slots_remove(&m->ids, hash_of(&p->id), (uint32_t)(p - m->entry));
    leave_author(m, p);
    leave_signer(m, p);
    p->gone = true;
    m->count--;
    m->held -= p->size;
}

void mempool_remove(struct mempool *m, const struct hash *id)
{
    struct pending *p = entry_of(m, id);
    if (p != NULL) {
        leave(m, p);
    }
}

void mempool_sweep(struct mempool *m, uint64_t time_ms)
{
    uint64_t next = UINT64_MAX;
    if (m->count == 0 || m->expiry_ms > time_ms) {
        return;
    }
    for (uint32_t i = m->first; i < m->end; i++) {
        struct pending *p = &m->entry[i];
        if (p->gone) {
            continue;
        }
        if (p->valid_until_ms <= time_ms) {
            leave(m, p);
        } else {
            next = p->valid_until_ms < next ? p->valid_until_ms : next;
        }
    }
    m->expiry_ms = next;
}

static struct author *who_holds_most(struct mempool *m)
{
    struct author *most = NULL;
    for (uint32_t i = 0; i < m->author_end; i++) {
        struct author *a = &m->author[i];
        most = a->count > 0 && share_of(m, a) > share_of(m, most) ? a : most;
    }
    m->share_max = share_of(m, most);
    return most;
}

bool mempool_make_room(struct mempool *m, const struct hash *author, uint32_t size)
{
    const struct author *own = author_of(m, author);
    uint64_t enough = enough_for(m, own, size);
    if (m->share_max <= enough) {
        return false;
    }
    struct author *most = who_holds_most(m);
    if (most == NULL || most == own) {
        return false;
    }
    uint64_t goal = share(m, m->max / MEMPOOL_ROOM_SHARE, m->bytes_max / MEMPOOL_ROOM_SHARE);
    uint64_t begun = share_of(m, most);
    uint32_t before = m->count;
    while (most->count > 0 && share_of(m, most) > enough) {
        uint64_t freed = begun - share_of(m, most);
        if (freed >= goal && freed > 0) {
            break;
        }
        leave(m, &m->entry[most->newest - 1]);
    }
    return m->count < before;
}

/* ---- order ----------------------------------------------------------------------------------- */

/* Heap sort: in place, no recursion, no worst case that an author could choose. */
static void sift(uint64_t *x, uint32_t root, uint32_t count)
{
    for (;;) {
        uint32_t child = 2 * root + 1;
        if (child >= count) {
            return;
        }
        if (child + 1 < count && x[child + 1] > x[child]) {
            child++;
        }
        if (x[root] >= x[child]) {
            return;
        }
        uint64_t swap = x[root];
        x[root] = x[child];
        x[child] = swap;
        root = child;
    }
}

static void sort(uint64_t *x, uint32_t count)
{
    for (uint32_t i = count / 2; i-- > 0;) {
        sift(x, i, count);
    }
    for (uint32_t end = count; end-- > 1;) {
        uint64_t swap = x[0];
        x[0] = x[end];
        x[end] = swap;
        sift(x, 0, end);
    }
}

enum { ORDER_CLASS_SHIFT = 60, ORDER_RANK_SHIFT = 32 };

const uint64_t *mempool_order(struct mempool *m)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->author_end; i++) {
        memset(m->author[i].rank, 0, sizeof m->author[i].rank);
    }
    for (uint32_t i = m->first; i < m->end; i++) {
        const struct pending *p = &m->entry[i];
        if (p->gone) {
            continue;
        }
        uint64_t rank = m->author[p->author_at].rank[p->order_class]++;
        m->order[n++] =
            (uint64_t)p->order_class << ORDER_CLASS_SHIFT | rank << ORDER_RANK_SHIFT | i;
    }
    ASSERT(n == m->count);
    sort(m->order, n);
    return m->order;
}

uint32_t mempool_order_index(uint64_t element)
{
    return (uint32_t)element;
}
