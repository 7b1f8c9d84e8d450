#include "ledger/committee.h"

#include <string.h>

void committee_of_genesis(const struct genesis *g, struct committee *out)
{
    ASSERT(g->seat_count <= GENESIS_SEATS_MAX);
    *out = (struct committee){ .count = g->seat_count, .hash = g->committee_hash };
    memcpy(out->seat, g->seat, g->seat_count * sizeof g->seat[0]);
}

uint64_t committee_epoch_end_ms(const struct genesis *g, uint64_t epoch)
{
    return g->start_ms + (epoch + 1) * g->epoch_ms - 1;
}

bool committee_changes(const struct header *h)
{
    return !hash_equal(&h->next_committee_hash, &h->committee_hash);
}

bool committee_closes(const struct genesis *g, const struct header *h)
{
    uint64_t epoch = genesis_epoch(g, h->time_ms);
    return committee_changes(h) && h->time_ms == committee_epoch_end_ms(g, epoch);
}

void committee_follow(const struct suite *s, const struct genesis *g,
                      const struct committee *before, const struct header *closing,
                      const struct seat *seat, uint32_t count, struct committee *out)
{
    ASSERT(committee_closes(g, closing) && count > 0 && count <= GENESIS_SEATS_MAX);
    struct committee c = { .number = before->number + 1,
                           .since_epoch = genesis_epoch(g, closing->time_ms) + 1,
                           .since_height = closing->height + 1,
                           .count = count };
    memcpy(c.seat, seat, count * sizeof seat[0]);
    committee_hash(s, seat, count, &c.hash);
    *out = c;
}

uint32_t committee_seat_of(const struct committee *c, const struct hash *participant)
{
    for (uint32_t i = 0; i < c->count; i++) {
        if (hash_equal(&c->seat[i].participant, participant)) {
            return i;
        }
    }
    return GENESIS_SEATS_MAX;
}

enum err committee_seats_check(const struct genesis *g, const struct seat *seat, uint32_t count)
{
    if (count == 0 || count > GENESIS_SEATS_MAX) {
        return ERR_RANGE;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (genesis_participant(g, &seat[i].participant) == NULL || hash_is_zero(&seat[i].root) ||
            seat[i].weight == 0) {
            return ERR_RANGE;
        }
        for (uint32_t j = 0; j < i; j++) {
            if (hash_equal(&seat[j].participant, &seat[i].participant) ||
                hash_equal(&seat[j].root, &seat[i].root)) {
                return ERR_RANGE;
            }
        }
    }
    return ERR_NONE;
}
