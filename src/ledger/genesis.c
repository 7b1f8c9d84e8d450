#include "ledger/genesis.h"

const struct did_document *genesis_participant(const struct genesis *g, const struct hash *did)
{
    for (uint32_t i = 0; i < g->participant_count; i++) {
        if (hash_equal(&g->participant[i].id, did)) {
            return &g->participant[i];
        }
    }
    return NULL;
}

uint64_t genesis_epoch(const struct genesis *g, uint64_t time_ms)
{
    ASSERT(g->epoch_ms > 0);
    return time_ms < g->start_ms ? 0 : (time_ms - g->start_ms) / g->epoch_ms;
}

void committee_hash(const struct suite *s, const struct seat *seat, uint32_t count,
                    struct hash *out)
{
    enum { ROW_SIZE = 4 + HASH_SIZE + HASH_SIZE + 8 };
    uint8_t row[GENESIS_SEATS_MAX * ROW_SIZE];
    struct buf b = buf_over(row, sizeof row);
    ASSERT(count <= GENESIS_SEATS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        buf_put_u32(&b, i);
        buf_put_hash(&b, &seat[i].participant);
        buf_put_hash(&b, &seat[i].root);
        buf_put_u64(&b, seat[i].weight);
    }
    hash_tagged(s, "carnet/committee/v1", buf_bytes(&b), out);
}

uint32_t committee_faulty_max(uint32_t seats)
{
    return seats == 0 ? 0 : (seats - 1) / 3;
}

uint32_t committee_quorum(uint32_t seats)
{
    return seats - committee_faulty_max(seats);
}
