#include "base/canon.h"
#include "carnet/v1/peer.pb-c.h"
#include "node/replica_codec_internal.h"

/* The messages by which a snapshot travels (FORMATS 15). */

enum err peer_snapshot_decode(struct bytes wire, size_t size_max, struct arena *a,
                              struct peer_message *out)
{
    ProtobufCMessage *base = NULL;
    TRY(canon_decode(&carnet__v1__peer_message__descriptor, wire, size_max, a, &base));
    const Carnet__V1__PeerMessage *m = (const Carnet__V1__PeerMessage *)base;
    struct peer_message o = { .kind = (enum peer_kind)m->kind_case };
    switch ((int)m->kind_case) {
    case PEER_SNAPSHOT_GET:
        o.from = m->snapshot_get->above;
        break;
    case PEER_SNAPSHOT:
        o.body = bytes_of_field(m->snapshot->snapshot);
        break;
    case PEER_PIECE_GET:
        o.height = m->piece_get->height;
        o.piece = m->piece_get->piece;
        break;
    case PEER_PIECE:
        o.height = m->piece->height;
        o.piece = m->piece->piece;
        o.body = bytes_of_field(m->piece->entries);
        break;
    default:
        return ERR_UNSUPPORTED;
    }
    *out = o;
    return ERR_NONE;
}

enum err peer_snapshot_encode(const struct peer_message *m, size_t size_max, struct arena *a,
                              struct bytes *out)
{
    Carnet__V1__PeerMessage w = CARNET__V1__PEER_MESSAGE__INIT;
    Carnet__V1__SnapshotGet get = CARNET__V1__SNAPSHOT_GET__INIT;
    Carnet__V1__SnapshotOffer offer = CARNET__V1__SNAPSHOT_OFFER__INIT;
    Carnet__V1__PieceGet piece_get = CARNET__V1__PIECE_GET__INIT;
    Carnet__V1__Piece piece = CARNET__V1__PIECE__INIT;
    get.above = m->from;
    offer.snapshot = field_of_bytes(m->body);
    piece_get.height = piece.height = m->height;
    piece_get.piece = piece.piece = m->piece;
    piece.entries = field_of_bytes(m->body);
    w.kind_case = (Carnet__V1__PeerMessage__KindCase)m->kind;
    switch ((int)m->kind) {
    case PEER_SNAPSHOT_GET:
        w.snapshot_get = &get;
        break;
    case PEER_SNAPSHOT:
        w.snapshot = &offer;
        break;
    case PEER_PIECE_GET:
        w.piece_get = &piece_get;
        break;
    case PEER_PIECE:
        w.piece = &piece;
        break;
    default:
        return ERR_UNSUPPORTED;
    }
    return canon_encode(&w.base, size_max, a, out);
}
