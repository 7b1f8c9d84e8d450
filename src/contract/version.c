/* version — which versions of all that decides are in force, and which come: decided by governance,
 * read by the ledger before every block (DESIGN 4). */
#include "contract/contract_internal.h"

enum { VALUE_ZEROS = HASH_SIZE - 12 };

void contract_version_value(const struct version_set *v, struct hash *out)
{
    struct hash h = { { 0 } };
    struct buf b = buf_over(h.b + VALUE_ZEROS, HASH_SIZE - VALUE_ZEROS);
    buf_put_u32(&b, v->major);
    buf_put_u32(&b, v->minor);
    buf_put_u32(&b, v->number);
    *out = h;
}

bool contract_version_read(const struct hash *value, struct version_set *out)
{
    struct reader r = reader_over(bytes_of(value->b + VALUE_ZEROS, HASH_SIZE - VALUE_ZEROS));
    struct version_set v = { .major = reader_u32(&r) };
    struct hash same;
    v.minor = reader_u32(&r);
    v.number = reader_u32(&r);
    contract_version_value(&v, &same);
    if (!hash_equal(&same, value) || v.number == 0) {
        return false;
    }
    *out = v;
    return true;
}

static struct version_set of_genesis(const struct genesis *g)
{
    return (struct version_set){ .number = g->version_set };
}

void contract_version_at(const struct pack_active_record *r, uint64_t height,
                         struct version_set *now, struct version_set *next)
{
    struct version_set v;
    if (contract_version_read(&r->set, &v)) {
        v.height = r->height;
        *now = v;
    }
    if (contract_version_read(&r->next, &v)) {
        v.height = r->next_height;
        *(height >= v.height ? now : next) = v;
    }
}

enum err contract_version_sets(struct contract_ctx *c, uint64_t height, struct version_set *now,
                               struct version_set *next)
{
    struct pack_active_record r;
    struct contract_key key = contract_key_versions();
    struct bytes wire;
    *now = of_genesis(ctx_genesis(c));
    *next = (struct version_set){ .number = 0 };
    enum err e = ctx_get(c, key.contract, contract_key_bytes(&key), &wire);
    if (e != ERR_NONE) {
        return e == ERR_NOT_FOUND ? ERR_NONE : e;
    }
    TRY(pack_active_record_decode(wire, ctx_arena(c), &r) == ERR_NONE ? ERR_NONE : ERR_CORRUPT);
    contract_version_at(&r, height, now, next);
    return ERR_NONE;
}

/* A set only ever makes room for a later one, and one change waits at a time. */
static enum err need_later(struct contract_call *k, const struct hash *value)
{
    struct version_set now, next, v = { 0 };
    TRY(contract_need(k, contract_version_read(value, &v), RECEIPT_ARGS));
    TRY(contract_version_sets(k->ctx, k->height, &now, &next));
    TRY(contract_need(k, next.number == 0, RECEIPT_STATE));
    return contract_need(k, v.number > now.number, RECEIPT_STATE);
}

enum err version_propose(struct contract_call *k, const struct hash *value)
{
    return need_later(k, value);
}

enum err version_activate(struct contract_call *k, const struct hash *value, uint64_t height)
{
    struct pack_active_record r;
    struct contract_key key = contract_key_versions();
    TRY(need_later(k, value));
    enum err e = pack_active_record_load(k, key, &r);
    if (e == ERR_NOT_FOUND) {
        r = (struct pack_active_record){ .height = 0 };
    } else {
        TRY(e);
    }
    if (!hash_is_zero(&r.next)) {
        r.set = r.next;
        r.height = r.next_height;
    }
    r.next = *value;
    r.next_height = height;
    return pack_active_record_store(k, key, &r);
}
