#include "node/replica_codec_internal.h"

#include "base/canon.h"
#include "carnet/v1/peer.pb-c.h"

/* A field's tag: number << 3 | wire type. Type 0 is a varint, 2 is length-delimited. */
static uint64_t take_varint(struct reader *r)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = reader_u8(r);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return value;
        }
    }
    r->bad = true;
    return 0;
}

enum peer_kind peer_kind_of(struct bytes wire)
{
    struct reader r = reader_over(wire);
    uint64_t tag = take_varint(&r);
    uint64_t number = tag >> 3;
    if (r.bad || (tag & 7) != 2 || number == 0 || number >= PEER_KIND_END) {
        return PEER_NONE;
    }
    return (enum peer_kind)number;
}

/* Walk to the first field of this number. Length-delimited: *body; varint: *value. */
static bool find_field(struct bytes message, uint32_t number, struct bytes *body, uint64_t *value)
{
    struct reader r = reader_over(message);
    while (r.left > 0 && !r.bad) {
        uint64_t tag = take_varint(&r);
        uint64_t type = tag & 7;
        if (type != 0 && type != 2) {
            return false;
        }
        uint64_t x = take_varint(&r);
        struct bytes b = { NULL, 0 };
        if (type == 2) {
            if (x > r.left) {
                return false;
            }
            b = reader_take(&r, (size_t)x);
        }
        if (!r.bad && tag >> 3 == number) {
            *body = b;
            *value = type == 0 ? x : 0;
            return true;
        }
    }
    return false;
}

struct bytes peer_field(struct bytes message, uint32_t number)
{
    struct bytes body = { NULL, 0 };
    uint64_t value = 0;
    return find_field(message, number, &body, &value) ? body : (struct bytes){ NULL, 0 };
}

uint64_t peer_field_u64(struct bytes message, uint32_t number)
{
    struct bytes body = { NULL, 0 };
    uint64_t value = 0;
    return find_field(message, number, &body, &value) ? value : 0;
}

enum err peer_vote_of(struct bytes wire, struct bytes *vote, uint32_t *seat)
{
    enum peer_kind kind = peer_kind_of(wire);
    if (kind != PEER_VOTE && kind != PEER_NEW_VIEW) {
        return ERR_NOT_FOUND;
    }
    struct bytes body = peer_field(wire, (uint32_t)kind);
    struct bytes signed_vote = kind == PEER_VOTE ? body : peer_field(body, 3);
    if (signed_vote.len == 0) {
        return ERR_NOT_FOUND;
    }
    *vote = peer_field(signed_vote, 1);
    *seat = (uint32_t)peer_field_u64(signed_vote, 2);
    return ERR_NONE;
}

static enum err key_in(const Carnet__V1__EpochKey *in, struct epoch_key_proof *out)
{
    *out = (struct epoch_key_proof){ .seat = in->seat,
                                     .epoch = in->epoch,
                                     .public_key = bytes_of_field(in->public_key) };
    if (in->n_path > MERKLE_PATH_MAX) {
        return ERR_ENCODING;
    }
    out->path.count = (uint32_t)in->n_path;
    for (size_t i = 0; i < in->n_path; i++) {
        TRY(hash_of_field(in->path[i], &out->path.sibling[i]));
    }
    return ERR_NONE;
}

static enum err keys_in(Carnet__V1__EpochKey *const *in, size_t count, struct peer_keys *out)
{
    if (count > PEER_KEYS_MAX) {
        return ERR_ENCODING;
    }
    out->count = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        TRY(key_in(in[i], &out->key[i]));
    }
    return ERR_NONE;
}

/* A mark without a kind of vote would be a second way to say that there is none. */
static enum err mark_in(const Carnet__V1__LastVote *v, struct vote_mark *out)
{
    if (v->kind != VOTE_PREPARE && v->kind != VOTE_COMMIT) {
        return ERR_ENCODING;
    }
    *out = (struct vote_mark){ v->epoch, v->view, v->height, v->kind };
    return ERR_NONE;
}

static enum err hello_in(const Carnet__V1__Hello *h, struct arena *a, struct peer_hello **out)
{
    struct peer_hello *o = ARENA_NEW(a, struct peer_hello);
    if (o == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(hash_of_field(h->space, &o->space));
    TRY(hash_of_field(h->node, &o->node));
    o->purpose = h->purpose;
    o->boot = h->boot;
    o->height = h->height;
    if (h->vote_case == CARNET__V1__HELLO__VOTE_LAST_VOTE) {
        TRY(mark_in(h->last_vote, &o->vote));
    }
    TRY(keys_in(h->keys, h->n_keys, &o->keys));
    *out = o;
    return ERR_NONE;
}

static enum err answer_in(const Carnet__V1__HelloAnswer *h, struct arena *a,
                          struct peer_hello_answer **out)
{
    struct peer_hello_answer *o = ARENA_NEW(a, struct peer_hello_answer);
    if (o == NULL) {
        return ERR_NO_SPACE;
    }
    o->boot = h->boot;
    o->objection = h->objection;
    if (h->vote_case == CARNET__V1__HELLO_ANSWER__VOTE_LAST_VOTE) {
        TRY(mark_in(h->last_vote, &o->vote));
    }
    *out = o;
    return ERR_NONE;
}

static enum err chain_in(const Carnet__V1__Chain *c, struct arena *a, struct peer_chain **out)
{
    struct peer_chain *o = ARENA_NEW(a, struct peer_chain);
    if (o == NULL) {
        return ERR_NO_SPACE;
    }
    /* The keys stand there even when there are none of them: one way to say it. */
    if (c->n_blocks > PEER_CHAIN_MAX || c->keys == NULL) {
        return ERR_ENCODING;
    }
    o->from = c->from;
    o->committed = c->committed;
    o->count = (uint32_t)c->n_blocks;
    for (size_t i = 0; i < c->n_blocks; i++) {
        o->block[i] = bytes_of_field(c->blocks[i]);
    }
    o->certificate = bytes_of_field(c->certificate);
    TRY(keys_in(c->keys->keys, c->keys->n_keys, &o->keys));
    *out = o;
    return ERR_NONE;
}

static enum err txs_in(const Carnet__V1__Transactions *t, struct arena *a, struct peer_txs **out)
{
    struct peer_txs *o = ARENA_NEW(a, struct peer_txs);
    if (o == NULL) {
        return ERR_NO_SPACE;
    }
    if (t->n_txs > PEER_TXS_MAX) {
        return ERR_ENCODING;
    }
    o->count = (uint32_t)t->n_txs;
    for (size_t i = 0; i < t->n_txs; i++) {
        o->tx[i] = bytes_of_field(t->txs[i]);
    }
    *out = o;
    return ERR_NONE;
}

static enum err epoch_keys_in(const Carnet__V1__EpochKeys *k, struct arena *a,
                              struct peer_keys **out)
{
    struct peer_keys *o = ARENA_NEW(a, struct peer_keys);
    if (o == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(keys_in(k->keys, k->n_keys, o));
    *out = o;
    return ERR_NONE;
}

enum err peer_decode(struct bytes wire, size_t size_max, struct arena *a, struct peer_message *out)
{
    ProtobufCMessage *base = NULL;
    if (peer_kind_of(wire) >= PEER_SNAPSHOT_GET) {
        return peer_snapshot_decode(wire, size_max, a, out);
    }
    TRY(canon_decode(&carnet__v1__peer_message__descriptor, wire, size_max, a, &base));
    const Carnet__V1__PeerMessage *m = (const Carnet__V1__PeerMessage *)base;
    struct peer_message o = { .kind = (enum peer_kind)m->kind_case };
    switch ((int)m->kind_case) {
    case PEER_HELLO:
        TRY(hello_in(m->hello, a, &o.hello));
        break;
    case PEER_HELLO_ANSWER:
        TRY(answer_in(m->hello_answer, a, &o.answer));
        break;
    case PEER_GET_BLOCK:
        TRY(hash_of_field(m->get_block->block, &o.block));
        break;
    case PEER_GET_CHAIN:
        o.from = m->get_chain->from;
        o.count = m->get_chain->count;
        break;
    case PEER_CHAIN:
        TRY(chain_in(m->chain, a, &o.chain));
        break;
    case PEER_TRANSACTIONS:
        TRY(txs_in(m->transactions, a, &o.txs));
        break;
    case PEER_EPOCH_KEYS:
        TRY(epoch_keys_in(m->epoch_keys, a, &o.keys));
        break;
    default:
        return ERR_UNSUPPORTED;
    }
    *out = o;
    return ERR_NONE;
}

static enum err key_out(const struct epoch_key_proof *k, struct arena *a,
                        Carnet__V1__EpochKey **out)
{
    Carnet__V1__EpochKey *o = ARENA_NEW(a, Carnet__V1__EpochKey);
    ProtobufCBinaryData *path = ARENA_ARRAY(a, ProtobufCBinaryData, k->path.count);
    if (o == NULL || path == NULL) {
        return ERR_NO_SPACE;
    }
    carnet__v1__epoch_key__init(o);
    o->seat = k->seat;
    o->epoch = k->epoch;
    o->public_key = field_of_bytes(k->public_key);
    o->n_path = k->path.count;
    o->path = path;
    for (uint32_t i = 0; i < k->path.count; i++) {
        path[i] = field_of_hash(&k->path.sibling[i]);
    }
    *out = o;
    return ERR_NONE;
}

static enum err keys_out(const struct peer_keys *k, struct arena *a, Carnet__V1__EpochKey ***out)
{
    Carnet__V1__EpochKey **list = ARENA_ARRAY(a, Carnet__V1__EpochKey *, k->count);
    if (list == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t i = 0; i < k->count; i++) {
        TRY(key_out(&k->key[i], a, &list[i]));
    }
    *out = list;
    return ERR_NONE;
}

static enum err binaries_out(const struct bytes *x, uint32_t count, struct arena *a,
                             ProtobufCBinaryData **out)
{
    ProtobufCBinaryData *list = ARENA_ARRAY(a, ProtobufCBinaryData, count);
    if (list == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t i = 0; i < count; i++) {
        list[i] = field_of_bytes(x[i]);
    }
    *out = list;
    return ERR_NONE;
}

static void mark_out(const struct vote_mark *v, Carnet__V1__LastVote *out)
{
    carnet__v1__last_vote__init(out);
    out->epoch = v->epoch;
    out->view = v->view;
    out->height = v->height;
    out->kind = v->kind;
}

static enum err finish(Carnet__V1__PeerMessage *m, enum peer_kind kind, size_t size_max,
                       struct arena *a, struct bytes *out)
{
    m->kind_case = (Carnet__V1__PeerMessage__KindCase)kind;
    return canon_encode(&m->base, size_max, a, out);
}

static enum err encode_hello(const struct peer_hello *h, size_t max, struct arena *a,
                             struct bytes *out)
{
    Carnet__V1__PeerMessage m = CARNET__V1__PEER_MESSAGE__INIT;
    Carnet__V1__Hello o = CARNET__V1__HELLO__INIT;
    Carnet__V1__LastVote mark;
    o.space = field_of_hash(&h->space);
    o.node = field_of_hash(&h->node);
    o.purpose = h->purpose;
    o.boot = h->boot;
    o.height = h->height;
    if (h->vote.kind != 0) {
        mark_out(&h->vote, &mark);
        o.vote_case = CARNET__V1__HELLO__VOTE_LAST_VOTE;
        o.last_vote = &mark;
    }
    o.n_keys = h->keys.count;
    TRY(keys_out(&h->keys, a, &o.keys));
    m.hello = &o;
    return finish(&m, PEER_HELLO, max, a, out);
}

static enum err encode_answer(const struct peer_hello_answer *h, size_t max, struct arena *a,
                              struct bytes *out)
{
    Carnet__V1__PeerMessage m = CARNET__V1__PEER_MESSAGE__INIT;
    Carnet__V1__HelloAnswer o = CARNET__V1__HELLO_ANSWER__INIT;
    Carnet__V1__LastVote mark;
    o.boot = h->boot;
    o.objection = h->objection;
    if (h->vote.kind != 0) {
        mark_out(&h->vote, &mark);
        o.vote_case = CARNET__V1__HELLO_ANSWER__VOTE_LAST_VOTE;
        o.last_vote = &mark;
    }
    m.hello_answer = &o;
    return finish(&m, PEER_HELLO_ANSWER, max, a, out);
}

static enum err encode_chain(const struct peer_chain *c, size_t max, struct arena *a,
                             struct bytes *out)
{
    Carnet__V1__PeerMessage m = CARNET__V1__PEER_MESSAGE__INIT;
    Carnet__V1__Chain o = CARNET__V1__CHAIN__INIT;
    Carnet__V1__EpochKeys keys = CARNET__V1__EPOCH_KEYS__INIT;
    o.from = c->from;
    o.committed = c->committed;
    o.n_blocks = c->count;
    TRY(binaries_out(c->block, c->count, a, &o.blocks));
    o.certificate = field_of_bytes(c->certificate);
    keys.n_keys = c->keys.count;
    TRY(keys_out(&c->keys, a, &keys.keys));
    o.keys = &keys;
    m.chain = &o;
    return finish(&m, PEER_CHAIN, max, a, out);
}

static enum err encode_keys(const struct peer_keys *k, size_t max, struct arena *a,
                            struct bytes *out)
{
    Carnet__V1__PeerMessage m = CARNET__V1__PEER_MESSAGE__INIT;
    Carnet__V1__EpochKeys o = CARNET__V1__EPOCH_KEYS__INIT;
    o.n_keys = k->count;
    TRY(keys_out(k, a, &o.keys));
    m.epoch_keys = &o;
    return finish(&m, PEER_EPOCH_KEYS, max, a, out);
}

static enum err encode_txs(const struct peer_txs *t, size_t max, struct arena *a, struct bytes *out)
{
    Carnet__V1__PeerMessage m = CARNET__V1__PEER_MESSAGE__INIT;
    Carnet__V1__Transactions o = CARNET__V1__TRANSACTIONS__INIT;
    o.n_txs = t->count;
    TRY(binaries_out(t->tx, t->count, a, &o.txs));
    m.transactions = &o;
    return finish(&m, PEER_TRANSACTIONS, max, a, out);
}

static enum err encode_get_chain(uint64_t from, uint32_t count, size_t max, struct arena *a,
                                 struct bytes *out)
{
    Carnet__V1__PeerMessage m = CARNET__V1__PEER_MESSAGE__INIT;
    Carnet__V1__GetChain o = CARNET__V1__GET_CHAIN__INIT;
    o.from = from;
    o.count = count;
    m.get_chain = &o;
    return finish(&m, PEER_GET_CHAIN, max, a, out);
}

enum err peer_encode_block(struct bytes block, struct arena *a, struct bytes *out)
{
    Carnet__V1__PeerMessage m = CARNET__V1__PEER_MESSAGE__INIT;
    Carnet__V1__BlockReply o = CARNET__V1__BLOCK_REPLY__INIT;
    o.block = field_of_bytes(block);
    m.block = &o;
    return finish(&m, PEER_BLOCK, block.len + 64, a, out);
}

enum err peer_encode(const struct peer_message *m, size_t max, struct arena *a, struct bytes *out)
{
    switch ((int)m->kind) {
    case PEER_HELLO:
        return encode_hello(m->hello, max, a, out);
    case PEER_HELLO_ANSWER:
        return encode_answer(m->answer, max, a, out);
    case PEER_GET_CHAIN:
        return encode_get_chain(m->from, m->count, max, a, out);
    case PEER_CHAIN:
        return encode_chain(m->chain, max, a, out);
    case PEER_TRANSACTIONS:
        return encode_txs(m->txs, max, a, out);
    case PEER_EPOCH_KEYS:
        return encode_keys(m->keys, max, a, out);
    default:
        return m->kind >= PEER_SNAPSHOT_GET ? peer_snapshot_encode(m, max, a, out)
                                            : ERR_UNSUPPORTED;
    }
}
