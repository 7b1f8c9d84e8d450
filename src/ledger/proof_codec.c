/* Proofs to and from their canonical messages (FORMATS 2, 11, 13, 15). */
#include "base/canon.h"
#include "carnet/v1/proof.pb-c.h"
#include "ledger/proof_internal.h"

#include <string.h>

enum { EPOCH_KEY_SIZE_MAX = 128 + MERKLE_PATH_MAX * (HASH_SIZE + 2) + SUITE_KEY_SIZE_MAX };

static enum err siblings_from(size_t count, const ProtobufCBinaryData *sibling,
                              struct merkle_path *out)
{
    if (count > MERKLE_PATH_MAX) {
        return ERR_ENCODING;
    }
    out->count = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        TRY(hash_of_field(sibling[i], &out->sibling[i]));
    }
    return ERR_NONE;
}

static enum err siblings_to(const struct hash *sibling, uint32_t count, struct arena *a,
                            ProtobufCBinaryData **out)
{
    ProtobufCBinaryData *field = ARENA_ARRAY(a, ProtobufCBinaryData, count);
    if (field == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t i = 0; i < count; i++) {
        field[i] = field_of_hash(&sibling[i]);
    }
    *out = field;
    return ERR_NONE;
}

/* Epoch keys. */

static enum err epoch_key_from(const Carnet__V1__EpochKey *m, struct epoch_key_proof *out)
{
    if (m->public_key.len == 0 || m->public_key.len > SUITE_KEY_SIZE_MAX) {
        return ERR_ENCODING;
    }
    out->seat = m->seat;
    out->epoch = m->epoch;
    out->public_key = bytes_of_field(m->public_key);
    return siblings_from(m->n_path, m->path, &out->path);
}

enum err epoch_key_decode(struct bytes wire, struct arena *a, struct epoch_key_proof *out)
{
    ProtobufCMessage *base;
    struct epoch_key_proof k;
    TRY(canon_decode(&carnet__v1__epoch_key__descriptor, wire, EPOCH_KEY_SIZE_MAX, a, &base));
    TRY(epoch_key_from((const Carnet__V1__EpochKey *)base, &k));
    *out = k;
    return ERR_NONE;
}

enum err epoch_key_encode(const struct epoch_key_proof *k, struct arena *a, struct bytes *out)
{
    Carnet__V1__EpochKey m = CARNET__V1__EPOCH_KEY__INIT;
    m.seat = k->seat;
    m.epoch = k->epoch;
    m.public_key = field_of_bytes(k->public_key);
    m.n_path = k->path.count;
    TRY(siblings_to(k->path.sibling, k->path.count, a, &m.path));
    return canon_encode(&m.base, EPOCH_KEY_SIZE_MAX, a, out);
}

/* Certified headers. */

static enum err certified_from(const Carnet__V1__CertifiedHeader *m, struct arena *a,
                               struct certified_header *out)
{
    if (m->keys == NULL || m->keys->n_keys > GENESIS_SEATS_MAX) {
        return ERR_ENCODING;
    }
    out->header_bytes = bytes_of_field(m->header);
    TRY(header_decode(out->header_bytes, a, &out->header));
    TRY(certificate_decode(bytes_of_field(m->certificate), a, &out->certificate));
    out->key_count = (uint32_t)m->keys->n_keys;
    out->key = ARENA_ARRAY(a, struct epoch_key_proof, m->keys->n_keys);
    if (out->key == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t i = 0; i < out->key_count; i++) {
        TRY(epoch_key_from(m->keys->keys[i], &out->key[i]));
    }
    return ERR_NONE;
}

enum err certified_header_decode(struct bytes wire, struct arena *a, struct certified_header *out)
{
    ProtobufCMessage *base;
    TRY(canon_decode(&carnet__v1__certified_header__descriptor, wire, PROOF_SIZE_MAX, a, &base));
    return certified_from((const Carnet__V1__CertifiedHeader *)base, a, out);
}

static enum err epoch_keys_to(const struct bytes *wire, uint32_t count, struct arena *a,
                              Carnet__V1__EpochKeys *out)
{
    out->keys = ARENA_ARRAY(a, Carnet__V1__EpochKey *, count);
    if (out->keys == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t i = 0; i < count; i++) {
        ProtobufCMessage *base;
        TRY(canon_decode(&carnet__v1__epoch_key__descriptor, wire[i], EPOCH_KEY_SIZE_MAX, a,
                         &base));
        out->keys[out->n_keys++] = (Carnet__V1__EpochKey *)base;
    }
    return ERR_NONE;
}

enum err proof_encode_certified(struct bytes header, struct bytes certificate,
                                const struct bytes *epoch_key, uint32_t count, struct arena *a,
                                struct bytes *out)
{
    Carnet__V1__CertifiedHeader m = CARNET__V1__CERTIFIED_HEADER__INIT;
    Carnet__V1__EpochKeys keys = CARNET__V1__EPOCH_KEYS__INIT;
    TRY(epoch_keys_to(epoch_key, count, a, &keys));
    m.header = field_of_bytes(header);
    m.certificate = field_of_bytes(certificate);
    m.keys = &keys;
    return canon_encode(&m.base, PROOF_SIZE_MAX, a, out);
}

/* Hand-overs. */

static enum err hand_over_from(const Carnet__V1__HandOver *m, struct arena *a,
                               struct hand_over *out)
{
    if (m->closing == NULL || m->n_seats == 0 || m->n_seats > GENESIS_SEATS_MAX) {
        return ERR_ENCODING;
    }
    out->count = (uint32_t)m->n_seats;
    for (uint32_t i = 0; i < out->count; i++) {
        TRY(hash_of_field(m->seats[i]->participant, &out->seat[i].participant));
        TRY(hash_of_field(m->seats[i]->root, &out->seat[i].root));
        out->seat[i].weight = m->seats[i]->weight;
    }
    return certified_from(m->closing, a, &out->closing);
}

enum err hand_over_decode(struct bytes wire, struct arena *a, struct hand_over *out)
{
    ProtobufCMessage *base;
    TRY(canon_decode(&carnet__v1__hand_over__descriptor, wire, PROOF_HAND_OVER_SIZE_MAX, a, &base));
    return hand_over_from((const Carnet__V1__HandOver *)base, a, out);
}

static enum err bytes_list_from(size_t count, const ProtobufCBinaryData *field, struct arena *a,
                                const struct bytes **out, uint32_t *out_count)
{
    struct bytes *list = ARENA_ARRAY(a, struct bytes, count);
    if (count > PROOF_HAND_OVERS_MAX) {
        return ERR_ENCODING;
    }
    if (list == NULL) {
        return ERR_NO_SPACE;
    }
    for (size_t i = 0; i < count; i++) {
        list[i] = bytes_of_field(field[i]);
    }
    *out = list;
    *out_count = (uint32_t)count;
    return ERR_NONE;
}

enum err proof_encode_hand_over(struct bytes certified_header, const struct committee *next,
                                struct arena *a, struct bytes *out)
{
    Carnet__V1__HandOver m = CARNET__V1__HAND_OVER__INIT;
    Carnet__V1__Seat seat[GENESIS_SEATS_MAX], *seats[GENESIS_SEATS_MAX];
    ProtobufCMessage *closing;
    TRY(canon_decode(&carnet__v1__certified_header__descriptor, certified_header, PROOF_SIZE_MAX, a,
                     &closing));
    for (uint32_t i = 0; i < next->count; i++) {
        carnet__v1__seat__init(&seat[i]);
        seat[i].participant = field_of_hash(&next->seat[i].participant);
        seat[i].root = field_of_hash(&next->seat[i].root);
        seat[i].weight = next->seat[i].weight;
        seats[i] = &seat[i];
    }
    m.closing = (Carnet__V1__CertifiedHeader *)closing;
    m.n_seats = next->count;
    m.seats = seats;
    return canon_encode(&m.base, PROOF_HAND_OVER_SIZE_MAX, a, out);
}

/* Transactions. */

static enum err path_from(const Carnet__V1__MerklePath *m, struct indexed_path *out)
{
    if (m == NULL) {
        return ERR_ENCODING;
    }
    out->index = m->index;
    out->count = m->count;
    return siblings_from(m->n_siblings, m->siblings, &out->path);
}

static enum err path_to(uint64_t index, uint64_t count, const struct merkle_path *path,
                        struct arena *a, Carnet__V1__MerklePath *m)
{
    carnet__v1__merkle_path__init(m);
    m->index = index;
    m->count = count;
    m->n_siblings = path->count;
    return siblings_to(path->sibling, path->count, a, &m->siblings);
}

/* A header that is the certified one has no path, one below it has. */
static enum err header_proof_from(const Carnet__V1__HeaderProof *m, struct arena *a,
                                  struct tx_proof *out)
{
    if (m == NULL || m->certified == NULL || (m->header.len == 0) != (m->path == NULL)) {
        return ERR_ENCODING;
    }
    out->header = bytes_of_field(m->header);
    if (m->path != NULL) {
        TRY(path_from(m->path, &out->header_path));
    }
    return certified_from(m->certified, a, &out->certified);
}

enum err tx_proof_decode(struct bytes wire, struct arena *a, struct tx_proof *out)
{
    ProtobufCMessage *base;
    TRY(canon_decode(&carnet__v1__tx_proof__descriptor, wire, PROOF_SIZE_MAX, a, &base));
    const Carnet__V1__TxProof *m = (const Carnet__V1__TxProof *)base;
    out->tx = bytes_of_field(m->tx);
    out->receipt = bytes_of_field(m->receipt);
    TRY(path_from(m->tx_path, &out->tx_path));
    TRY(path_from(m->receipt_path, &out->receipt_path));
    TRY(bytes_list_from(m->n_hand_overs, m->hand_overs, a, &out->hand_over, &out->hand_over_count));
    return header_proof_from(m->header, a, out);
}

static enum err header_proof_to(const struct proof_parts *p, struct arena *a,
                                Carnet__V1__MerklePath *path, Carnet__V1__HeaderProof *out)
{
    ProtobufCMessage *certified;
    TRY(canon_decode(&carnet__v1__certified_header__descriptor, p->certified_header, PROOF_SIZE_MAX,
                     a, &certified));
    out->certified = (Carnet__V1__CertifiedHeader *)certified;
    out->header = field_of_bytes(p->header);
    if (p->header.len > 0) {
        TRY(path_to(p->header_index, p->header_count, &p->header_path, a, path));
        out->path = path;
    }
    return ERR_NONE;
}

enum err proof_encode_tx(const struct proof_parts *p, struct arena *a, struct bytes *out)
{
    Carnet__V1__TxProof m = CARNET__V1__TX_PROOF__INIT;
    Carnet__V1__HeaderProof header = CARNET__V1__HEADER_PROOF__INIT;
    Carnet__V1__MerklePath paths[3];
    TRY(header_proof_to(p, a, &paths[0], &header));
    TRY(path_to(p->index, p->count, &p->tx_path, a, &paths[1]));
    TRY(path_to(p->index, p->count, &p->receipt_path, a, &paths[2]));
    m.header = &header;
    m.tx = field_of_bytes(p->tx);
    m.tx_path = &paths[1];
    m.receipt = field_of_bytes(p->receipt);
    m.receipt_path = &paths[2];
    ProtobufCBinaryData hand_over[PROOF_HAND_OVERS_MAX];
    TRY(p->hand_over_count <= PROOF_HAND_OVERS_MAX ? ERR_NONE : ERR_SIZE);
    for (uint32_t i = 0; i < p->hand_over_count; i++) {
        hand_over[i] = field_of_bytes(p->hand_over[i]);
    }
    m.n_hand_overs = p->hand_over_count;
    m.hand_overs = hand_over;
    return canon_encode(&m.base, PROOF_SIZE_MAX, a, out);
}

/* Several transactions of one block. */

static enum err hashes_from(size_t count, const ProtobufCBinaryData *field, struct arena *a,
                            struct hash **out)
{
    struct hash *h = ARENA_ARRAY(a, struct hash, count);
    if (h == NULL) {
        return ERR_NO_SPACE;
    }
    for (size_t i = 0; i < count; i++) {
        TRY(hash_of_field(field[i], &h[i]));
    }
    *out = h;
    return ERR_NONE;
}

enum err block_proof_decode(struct bytes wire, struct arena *a, struct block_proof *out)
{
    ProtobufCMessage *base;
    struct block_proof p = { 0 };
    TRY(canon_decode(&carnet__v1__block_proof__descriptor, wire, PROOF_BLOCK_SIZE_MAX, a, &base));
    const Carnet__V1__BlockProof *m = (const Carnet__V1__BlockProof *)base;
    if (m->n_txs == 0 || m->n_txs > PROOF_BLOCK_TXS_MAX) {
        return ERR_ENCODING;
    }
    p.count = (uint32_t)m->n_txs;
    p.entry = ARENA_ARRAY(a, struct proof_entry, p.count);
    if (p.entry == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t i = 0; i < p.count; i++) {
        p.entry[i] = (struct proof_entry){ m->txs[i]->index, bytes_of_field(m->txs[i]->tx),
                                           bytes_of_field(m->txs[i]->receipt) };
    }
    p.tx_siblings = m->n_tx_siblings;
    p.receipt_siblings = m->n_receipt_siblings;
    TRY(hashes_from(m->n_tx_siblings, m->tx_siblings, a, &p.tx_sibling));
    TRY(hashes_from(m->n_receipt_siblings, m->receipt_siblings, a, &p.receipt_sibling));
    TRY(header_proof_from(m->header, a, &p.head));
    *out = p;
    return ERR_NONE;
}

static enum err gaps_to(const struct suite *s, const struct hash *leaf, uint64_t leaves,
                        const uint64_t *index, uint32_t count, struct arena *a,
                        ProtobufCBinaryData **field, size_t *fields)
{
    struct hash *sibling = ARENA_ARRAY(a, struct hash, leaves);
    if (sibling == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(merkle_prove_many(s, leaf, leaves, index, count, sibling, leaves, fields));
    return siblings_to(sibling, (uint32_t)*fields, a, field);
}

static enum err entries_to(const struct proof_entry *entry, uint32_t count, struct arena *a,
                           Carnet__V1__BlockProof *m)
{
    Carnet__V1__ProvedTx *tx = ARENA_ARRAY(a, Carnet__V1__ProvedTx, count);
    m->txs = ARENA_ARRAY(a, Carnet__V1__ProvedTx *, count);
    if (tx == NULL || m->txs == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t i = 0; i < count; i++) {
        carnet__v1__proved_tx__init(&tx[i]);
        tx[i].index = entry[i].index;
        tx[i].tx = field_of_bytes(entry[i].tx);
        tx[i].receipt = field_of_bytes(entry[i].receipt);
        m->txs[i] = &tx[i];
    }
    m->n_txs = count;
    return ERR_NONE;
}

enum err proof_encode_block(const struct suite *s, const struct proof_parts *p,
                            const struct proof_entry *entry, uint32_t entries,
                            const struct hash *tx_leaf, const struct hash *receipt_leaf,
                            struct arena *a, struct bytes *out)
{
    Carnet__V1__BlockProof m = CARNET__V1__BLOCK_PROOF__INIT;
    Carnet__V1__HeaderProof header = CARNET__V1__HEADER_PROOF__INIT;
    Carnet__V1__MerklePath path;
    uint64_t index[PROOF_BLOCK_TXS_MAX];
    if (entries == 0 || entries > PROOF_BLOCK_TXS_MAX) {
        return ERR_SIZE;
    }
    for (uint32_t i = 0; i < entries; i++) {
        index[i] = entry[i].index;
    }
    TRY(header_proof_to(p, a, &path, &header));
    TRY(entries_to(entry, entries, a, &m));
    TRY(gaps_to(s, tx_leaf, p->count, index, entries, a, &m.tx_siblings, &m.n_tx_siblings));
    TRY(gaps_to(s, receipt_leaf, p->count, index, entries, a, &m.receipt_siblings,
                &m.n_receipt_siblings));
    m.header = &header;
    return canon_encode(&m.base, PROOF_BLOCK_SIZE_MAX, a, out);
}

/* Values of the state. */

static enum err state_proof_from(const Carnet__V1__StateProof *m, struct state_proof *out)
{
    if (m->n_siblings > STATE_TREE_DEPTH_MAX) {
        return ERR_ENCODING;
    }
    out->present = m->presence_case == CARNET__V1__STATE_PROOF__PRESENCE_VALUE;
    out->other = m->other_case == CARNET__V1__STATE_PROOF__OTHER_OTHER_LEAF;
    if (out->present && out->other) {
        return ERR_ENCODING;
    }
    if (out->other) {
        TRY(hash_of_field(m->other_leaf->key, &out->other_key));
        TRY(hash_of_field(m->other_leaf->value, &out->other_value));
    }
    out->count = (uint32_t)m->n_siblings;
    for (uint32_t i = 0; i < out->count; i++) {
        TRY(hash_of_field(m->siblings[i], &out->sibling[i]));
    }
    return ERR_NONE;
}

enum err value_proof_decode(struct bytes wire, struct arena *a, struct value_proof *out)
{
    ProtobufCMessage *base;
    TRY(canon_decode(&carnet__v1__state_proof__descriptor, wire, PROOF_SIZE_MAX, a, &base));
    const Carnet__V1__StateProof *m = (const Carnet__V1__StateProof *)base;
    if (m->contract > UINT16_MAX || m->key.len == 0 || m->key.len > STATE_KEY_SIZE_MAX) {
        return ERR_ENCODING;
    }
    struct value_proof got;
    memset(&got, 0, sizeof got);
    TRY(state_proof_from(m, &got.proof));
    got.contract = (uint16_t)m->contract;
    got.key = bytes_of_field(m->key);
    got.stored = got.proof.present ? bytes_of_field(m->value) : bytes_of(NULL, 0);
    *out = got;
    return ERR_NONE;
}

enum err value_proof_encode(const struct value_proof *p, struct arena *a, struct bytes *out)
{
    Carnet__V1__StateProof m;
    Carnet__V1__StateLeaf other = CARNET__V1__STATE_LEAF__INIT;
    carnet__v1__state_proof__init(&m);
    m.contract = p->contract;
    m.key = field_of_bytes(p->key);
    if (p->proof.present) {
        m.presence_case = CARNET__V1__STATE_PROOF__PRESENCE_VALUE;
        m.value = field_of_bytes(p->stored);
    }
    if (p->proof.other) {
        other.key = field_of_hash(&p->proof.other_key);
        other.value = field_of_hash(&p->proof.other_value);
        m.other_case = CARNET__V1__STATE_PROOF__OTHER_OTHER_LEAF;
        m.other_leaf = &other;
    }
    m.n_siblings = p->proof.count;
    TRY(siblings_to(p->proof.sibling, p->proof.count, a, &m.siblings));
    return canon_encode(&m.base, PROOF_SIZE_MAX, a, out);
}
