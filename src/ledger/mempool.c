#include "ledger/mempool_internal.h"

#include <string.h>

static uint32_t slots_for(uint32_t max)
{
    uint32_t n = 16;
    while (n < 2 * max) {
        n *= 2;
    }
    return n;
}

size_t mempool_memory(uint32_t txs_max, uint32_t bytes_max)
{
    size_t slots = slots_for(txs_max), rounding = 6 * 16;
    size_t slot = sizeof(uint32_t) + sizeof(struct author) + sizeof(struct pending_signer);
    return txs_max * (sizeof(struct pending) + sizeof(uint64_t)) + bytes_max + slots * slot +
           rounding;
}

enum err mempool_init(struct mempool *m, uint32_t txs_max, uint32_t bytes_max, struct arena *arena)
{
    ASSERT(txs_max >= MEMPOOL_AUTHOR_SHARE && txs_max < UINT32_MAX / 4);
    uint32_t slots = slots_for(txs_max);
    *m = (struct mempool){ .max = txs_max, .bytes_max = bytes_max, .mask = slots - 1 };
    m->entry = ARENA_ARRAY(arena, struct pending, txs_max);
    m->bytes = ARENA_ARRAY(arena, uint8_t, bytes_max);
    m->id_slot = ARENA_ARRAY(arena, uint32_t, slots);
    m->author = ARENA_ARRAY(arena, struct author, slots);
    m->signer = ARENA_ARRAY(arena, struct pending_signer, slots);
    m->order = ARENA_ARRAY(arena, uint64_t, txs_max);
    return m->entry != NULL && m->bytes != NULL && m->id_slot != NULL && m->author != NULL &&
                   m->signer != NULL && m->order != NULL
               ? ERR_NONE
               : ERR_NO_SPACE;
}

static uint32_t home(const struct mempool *m, const struct hash *h)
{
    uint32_t x;
    memcpy(&x, h->b, sizeof x);
    return x & m->mask;
}

static uint32_t id_find(const struct mempool *m, const struct hash *id)
{
    uint32_t i = home(m, id);
    while (m->id_slot[i] != 0 && !hash_equal(&m->entry[m->id_slot[i] - 1].id, id)) {
        i = (i + 1) & m->mask;
    }
    return i;
}

/* An author without transactions has count 0 and its slot is free. */
static struct author *author_find(struct mempool *m, const struct hash *did)
{
    uint32_t i = home(m, did);
    while (m->author[i].count != 0 && !hash_equal(&m->author[i].did, did)) {
        i = (i + 1) & m->mask;
    }
    return &m->author[i];
}

/* As with authors. */
static struct pending_signer *signer_find(struct mempool *m, const struct hash *did, uint32_t key)
{
    enum { SPREAD = 0x1e3779b1 };
    uint32_t i = (home(m, did) + key * (uint32_t)SPREAD) & m->mask;
    while (m->signer[i].count != 0 &&
           (m->signer[i].key != key || !hash_equal(&m->signer[i].did, did))) {
        i = (i + 1) & m->mask;
    }
    return &m->signer[i];
}

uint64_t mempool_signer_cost(struct mempool *m, const struct hash *author, uint32_t key)
{
    const struct pending_signer *s = signer_find(m, author, key);
    return s->count == 0 ? 0 : s->cost;
}

uint64_t mempool_cost(struct mempool *m, const struct hash *author)
{
    const struct author *a = author_find(m, author);
    return a->count == 0 ? 0 : a->cost;
}

bool mempool_has(const struct mempool *m, const struct hash *id)
{
    return m->id_slot[id_find(m, id)] != 0;
}

struct bytes mempool_bytes(const struct mempool *m, uint32_t index)
{
    ASSERT(index < m->count);
    return bytes_of(m->bytes + m->entry[index].at, m->entry[index].size);
}

/* What an author holds, in places and in bytes, as one number: its larger part of the pool. */
static uint64_t share(const struct mempool *m, uint64_t count, uint64_t bytes)
{
    uint64_t places = count * m->bytes_max / m->max;
    return places > bytes ? places : bytes;
}

/* Enter the entry at `index`, which lies in its place, into the tables. */
static void index_entry(struct mempool *m, uint32_t index)
{
    const struct pending *p = &m->entry[index];
    m->id_slot[id_find(m, &p->id)] = index + 1;
    struct author *a = author_find(m, &p->author);
    a->did = p->author;
    a->count++;
    a->bytes += p->size;
    a->cost += p->cost;
    struct pending_signer *s = signer_find(m, &p->author, p->key);
    s->did = p->author;
    s->key = p->key;
    s->count++;
    s->cost += p->cost;
    uint64_t held = share(m, a->count, a->bytes);
    m->share_max = held > m->share_max ? held : m->share_max;
    bool sooner = index == 0 || p->valid_until_ms < m->expiry_ms;
    m->expiry_ms = sooner ? p->valid_until_ms : m->expiry_ms;
}

static bool is_full(const struct mempool *m, uint32_t size)
{
    return m->count == m->max || size > m->bytes_max - m->used;
}

static bool has_its_share(const struct mempool *m, const struct author *a, uint32_t size)
{
    uint32_t held = a->count == 0 ? 0 : a->bytes;
    return a->count >= m->max / MEMPOOL_AUTHOR_SHARE ||
           held + size > m->bytes_max / MEMPOOL_AUTHOR_SHARE;
}

/* What others may keep when this author brings one more. That it is twice its own share keeps a
 * crowd of equals from pushing one another out for ever. */
static uint64_t enough_for(const struct mempool *m, const struct author *own, uint32_t size)
{
    uint64_t count = own->count == 0 ? 0 : own->count, bytes = own->count == 0 ? 0 : own->bytes;
    return share(m, 2 * count + 2, 2 * (bytes + size));
}

bool mempool_may_take(struct mempool *m, const struct hash *author, uint32_t size, uint64_t now_ms)
{
    const struct author *own = author_find(m, author);
    if (m->marked || (m->count > 0 && m->expiry_ms <= now_ms)) {
        return true; /* a sweep makes room */
    }
    return !has_its_share(m, own, size) &&
           (!is_full(m, size) || m->share_max > enough_for(m, own, size));
}

enum err mempool_add(struct mempool *m, struct pending p, struct bytes wire)
{
    ASSERT(p.order_class < MEMPOOL_CLASSES);
    if (mempool_has(m, &p.id)) {
        return ERR_DUPLICATE;
    }
    uint32_t size = (uint32_t)wire.len;
    if (is_full(m, size) || has_its_share(m, author_find(m, &p.author), size)) {
        return ERR_BUSY;
    }
    p.at = m->used;
    p.size = (uint32_t)wire.len;
    p.gone = false;
    memcpy(m->bytes + m->used, wire.ptr, wire.len);
    m->used += p.size;
    m->entry[m->count++] = p;
    index_entry(m, m->count - 1);
    return ERR_NONE;
}

bool mempool_make_room(struct mempool *m, const struct hash *author, uint32_t size)
{
    const struct author *own = author_find(m, author), *most = NULL;
    uint64_t enough = enough_for(m, own, size);
    if (m->share_max <= enough) {
        return false;
    }
    for (uint32_t i = 0; i < m->count; i++) {
        const struct author *a = author_find(m, &m->entry[i].author);
        if (most == NULL || share(m, a->count, a->bytes) > share(m, most->count, most->bytes)) {
            most = a;
        }
    }
    m->share_max = most == NULL ? 0 : share(m, most->count, most->bytes);
    if (most == NULL || most == own) {
        return false;
    }
    struct author left = *most;
    uint64_t goal = share(m, m->max / MEMPOOL_ROOM_SHARE, m->bytes_max / MEMPOOL_ROOM_SHARE);
    uint64_t begun = share(m, left.count, left.bytes);
    for (uint32_t i = m->count; i-- > 0;) {
        struct pending *p = &m->entry[i];
        uint64_t now = share(m, left.count, left.bytes);
        if (now <= enough || (begun - now >= goal && begun > now)) {
            break;
        }
        if (!p->gone && hash_equal(&p->author, &left.did)) {
            p->gone = m->marked = true;
            left.count--;
            left.bytes -= p->size;
        }
    }
    uint32_t before = m->count;
    mempool_sweep(m, 0);
    return m->count < before;
}

void mempool_mark(struct mempool *m, const struct hash *id)
{
    uint32_t slot = m->id_slot[id_find(m, id)];
    if (slot != 0) {
        m->entry[slot - 1].gone = m->marked = true;
    }
}

void mempool_sweep(struct mempool *m, uint64_t time_ms)
{
    uint32_t kept = 0, used = 0;
    if (m->count == 0 || (!m->marked && m->expiry_ms > time_ms)) {
        return;
    }
    m->marked = false;
    for (uint32_t i = 0; i < m->count; i++) {
        struct pending p = m->entry[i];
        if (p.gone || p.valid_until_ms <= time_ms) {
            continue;
        }
        memmove(m->bytes + used, m->bytes + p.at, p.size);
        p.at = used;
        used += p.size;
        m->entry[kept++] = p;
    }
    if (kept == m->count) {
        return;
    }
    m->count = kept;
    m->used = used;
    m->share_max = 0;
    memset(m->id_slot, 0, ((size_t)m->mask + 1) * sizeof *m->id_slot);
    memset(m->author, 0, ((size_t)m->mask + 1) * sizeof *m->author);
    memset(m->signer, 0, ((size_t)m->mask + 1) * sizeof *m->signer);
    for (uint32_t i = 0; i < kept; i++) {
        index_entry(m, i);
    }
}

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
    for (uint32_t i = 0; i < m->count; i++) {
        struct author *a = author_find(m, &m->entry[i].author);
        memset(a->rank, 0, sizeof a->rank);
    }
    for (uint32_t i = 0; i < m->count; i++) {
        const struct pending *p = &m->entry[i];
        uint64_t rank = author_find(m, &p->author)->rank[p->order_class]++;
        m->order[i] = (uint64_t)p->order_class << ORDER_CLASS_SHIFT | rank << ORDER_RANK_SHIFT | i;
    }
    sort(m->order, m->count);
    return m->order;
}

uint32_t mempool_order_index(uint64_t element)
{
    return (uint32_t)element;
}
