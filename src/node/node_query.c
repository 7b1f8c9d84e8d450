#include "ledger/proof.h"
#include "node/node_internal.h"

/* Queries of the API: committed state, transactions, events, and the proofs of each. */

struct replica_status node_status(const struct node *n)
{
    struct replica_status s = replica_status(n->replica);
    s.disk_failed = s.disk_failed || n->disk_told;
    s.index_base = n->book.base;
    (void)!ledger_versions(replica_ledger(n->replica), &s.version, &s.version_next);
    s.voting = s.voting && !s.disk_failed;
    return s;
}

struct node_syncs node_syncs(const struct node *n)
{
    struct syncer_status s = syncer_status(n->syncer);
    return (struct node_syncs){ s.syncs, s.p50_us, s.p99_us };
}

void node_activity(const struct node *n, uint64_t us[ACTIVITY_END])
{
    meter_read(&n->meter, us);
}

enum activity node_turn(struct node *n, enum activity to)
{
    return meter_turn(&n->meter, to);
}

uint32_t node_index(const struct node *n)
{
    return n->index;
}

const struct genesis *node_genesis(const struct node *n)
{
    return &n->genesis;
}

const struct suite *node_suite(const struct node *n)
{
    return n->suite;
}

const char *node_address(const struct node *n, uint32_t index, bool api)
{
    if (index >= n->entry_count) {
        return NULL;
    }
    return api ? n->entry[index].api : n->entry[index].peer;
}

struct bytes node_tls_key(const struct node *n)
{
    return bytes_of(n->keystore.keys->transport, n->keystore.keys->transport_len);
}

struct bytes node_tls_certificate(const struct node *n)
{
    return bytes_of(n->certificate.bytes, n->certificate.len);
}

const struct identity_trust *node_trust(const struct node *n)
{
    return n->trust;
}

const char *node_dir(const struct node *n)
{
    return n->dir;
}

struct replica_seen node_seen(const struct node *n, uint32_t participant)
{
    return replica_seen(n->replica, participant);
}

const struct committee *node_committee(const struct node *n)
{
    return replica_committee(n->replica);
}

enum err node_state(struct node *n, uint16_t contract, struct bytes key, struct bytes *value)
{
    return state_get_committed(ledger_state(replica_ledger(n->replica)), contract, key, value);
}

/* The proof is against the committed state's root, so the header must be the tip's own. */
enum err node_state_proof(struct node *n, uint16_t contract, struct bytes key, struct arena *a,
                          struct bytes *proof, struct bytes *certified)
{
    uint64_t tip = replica_status(n->replica).tip.height, at = 0;
    struct bytes p, c;
    enum err e = replica_certified(n->replica, tip, a, &c, &at);
    if (e == ERR_NOT_FOUND || (e == ERR_NONE && at != tip)) {
        return ERR_UNAVAILABLE;
    }
    TRY(e);
    TRY(proof_encode_state(replica_ledger(n->replica), contract, key, a, &p));
    *proof = p;
    *certified = c;
    return ERR_NONE;
}

enum err node_submit(struct node *n, struct bytes tx, struct hash *id)
{
    enum err e = replica_submit(n->replica, node_now_ms(n), tx, id);
    node_settle(n);
    return e;
}

enum err node_block(struct node *n, uint64_t height, struct arena *a, struct bytes *block,
                    struct bytes *certificate)
{
    return replica_block(n->replica, height, a, block, certificate);
}

static enum err decoded_block(struct node *n, uint64_t height, struct arena *a, struct block *out)
{
    struct bytes wire, certificate;
    TRY(replica_block(n->replica, height, a, &wire, &certificate));
    return block_decode(n->suite, wire, a, out);
}

/* The block is read into work memory, and of it the one transaction is kept. */
static enum err tx_of_block(struct node *n, const struct index_tx *at, struct arena *a,
                            struct bytes *out)
{
    struct block b;
    size_t mark = arena_mark(&n->work);
    enum err e = decoded_block(n, at->height, &n->work, &b);
    if (e == ERR_NONE) {
        e = at->index < b.tx_count ? arena_copy(a, b.tx[at->index], out) : ERR_CORRUPT;
    }
    arena_release(&n->work, mark);
    return e;
}

enum err node_tx(struct node *n, const struct hash *id, struct arena *a, struct node_tx *out)
{
    struct index_tx found;
    struct bytes tx, receipt;
    TRY(index_find_tx(&n->book, id, &found));
    TRY(arena_copy(a, found.receipt, &receipt));
    TRY(tx_of_block(n, &found, a, &tx));
    *out = (struct node_tx){ .height = found.height,
                             .time_ms = found.time_ms,
                             .index = found.index,
                             .status = found.status,
                             .tx = tx,
                             .receipt = receipt };
    return ERR_NONE;
}
