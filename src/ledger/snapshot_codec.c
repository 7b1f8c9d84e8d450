/* Snapshots and their pieces to and from their canonical messages (FORMATS 2, 15). */
#include "base/canon.h"
#include "carnet/v1/proof.pb-c.h"
#include "ledger/snapshot_internal.h"

static enum err hashes_to(const struct hash *hash, uint32_t count, struct arena *a,
                          ProtobufCBinaryData **out)
{
    ProtobufCBinaryData *field = ARENA_ARRAY(a, ProtobufCBinaryData, count);
    if (field == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t i = 0; i < count; i++) {
        field[i] = field_of_hash(&hash[i]);
    }
    *out = field;
    return ERR_NONE;
}

static enum err hashes_from(size_t count, const ProtobufCBinaryData *field,
                            struct hash out[MERKLE_PATH_MAX], uint32_t *out_count)
{
    if (count > MERKLE_PATH_MAX) {
        return ERR_ENCODING;
    }
    for (size_t i = 0; i < count; i++) {
        TRY(hash_of_field(field[i], &out[i]));
    }
    *out_count = (uint32_t)count;
    return ERR_NONE;
}

enum err snapshot_parts_encode(const struct snapshot_parts *p, struct arena *a, struct bytes *out)
{
    Carnet__V1__Snapshot m = CARNET__V1__SNAPSHOT__INIT;
    m.certified = field_of_bytes(p->certified);
    m.first = field_of_bytes(p->first);
    m.n_first_path = p->first_path.count;
    TRY(hashes_to(p->first_path.sibling, p->first_path.count, a, &m.first_path));
    m.n_first_peaks = p->before.count;
    TRY(hashes_to(p->before.peak, p->before.count, a, &m.first_peaks));
    m.n_peaks = p->history.count;
    TRY(hashes_to(p->history.peak, p->history.count, a, &m.peaks));
    m.depth = p->depth;
    m.roots = field_of_bytes(p->roots);
    m.singles = field_of_bytes(p->singles);
    ProtobufCBinaryData hand_over[PROOF_HAND_OVERS_MAX];
    TRY(p->hand_over_count <= PROOF_HAND_OVERS_MAX ? ERR_NONE : ERR_SIZE);
    for (uint32_t i = 0; i < p->hand_over_count; i++) {
        hand_over[i] = field_of_bytes(p->hand_over[i]);
    }
    m.n_hand_overs = p->hand_over_count;
    m.hand_overs = hand_over;
    return canon_encode(&m.base, SNAPSHOT_SIZE_MAX, a, out);
}

enum err snapshot_parts_decode(struct bytes wire, struct arena *a, struct snapshot_parts *out)
{
    ProtobufCMessage *base;
    TRY(canon_decode(&carnet__v1__snapshot__descriptor, wire, SNAPSHOT_SIZE_MAX, a, &base));
    const Carnet__V1__Snapshot *m = (const Carnet__V1__Snapshot *)base;
    struct snapshot_parts *p = ARENA_NEW(a, struct snapshot_parts);
    if (p == NULL) {
        return ERR_NO_SPACE;
    }
    p->certified = bytes_of_field(m->certified);
    p->first = bytes_of_field(m->first);
    p->depth = m->depth;
    p->roots = bytes_of_field(m->roots);
    p->singles = bytes_of_field(m->singles);
    if (m->n_hand_overs > PROOF_HAND_OVERS_MAX) {
        return ERR_ENCODING;
    }
    p->hand_over_count = (uint32_t)m->n_hand_overs;
    for (uint32_t i = 0; i < p->hand_over_count; i++) {
        p->hand_over[i] = bytes_of_field(m->hand_overs[i]);
    }
    TRY(hashes_from(m->n_first_path, m->first_path, p->first_path.sibling, &p->first_path.count));
    TRY(hashes_from(m->n_first_peaks, m->first_peaks, p->before.peak, &p->before.count));
    TRY(hashes_from(m->n_peaks, m->peaks, p->history.peak, &p->history.count));
    *out = *p;
    return ERR_NONE;
}

enum err snapshot_piece_encode(const struct snapshot_entry *entry, uint32_t count, size_t size_max,
                               struct arena *a, struct bytes *out)
{
    Carnet__V1__StatePiece m = CARNET__V1__STATE_PIECE__INIT;
    Carnet__V1__StateEntry *list = ARENA_ARRAY(a, Carnet__V1__StateEntry, count);
    m.entries = ARENA_ARRAY(a, Carnet__V1__StateEntry *, count);
    if (list == NULL || m.entries == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t i = 0; i < count; i++) {
        carnet__v1__state_entry__init(&list[i]);
        list[i].contract = entry[i].contract;
        list[i].stored = field_of_bytes(entry[i].stored);
        m.entries[i] = &list[i];
    }
    m.n_entries = count;
    return canon_encode(&m.base, size_max, a, out);
}

enum err snapshot_entries_decode(struct bytes wire, size_t size_max, struct arena *a,
                                 struct snapshot_entry **out, uint32_t *count)
{
    ProtobufCMessage *base;
    TRY(canon_decode(&carnet__v1__state_piece__descriptor, wire, size_max, a, &base));
    const Carnet__V1__StatePiece *m = (const Carnet__V1__StatePiece *)base;
    if (m->n_entries > SNAPSHOT_ENTRIES_MAX) {
        return ERR_SIZE;
    }
    struct snapshot_entry *list = ARENA_ARRAY(a, struct snapshot_entry, m->n_entries);
    if (list == NULL) {
        return ERR_NO_SPACE;
    }
    for (size_t i = 0; i < m->n_entries; i++) {
        if (m->entries[i]->contract > UINT16_MAX) {
            return ERR_ENCODING;
        }
        list[i].contract = (uint16_t)m->entries[i]->contract;
        list[i].stored = bytes_of_field(m->entries[i]->stored);
    }
    *out = list;
    *count = (uint32_t)m->n_entries;
    return ERR_NONE;
}
