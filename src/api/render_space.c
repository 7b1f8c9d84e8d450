/* The space as JSON: who is in it, its money, its nodes. */
#include "api/render_internal.h"

static uint32_t seat_of(const struct node *n, uint32_t participant)
{
    return committee_seat_of(node_committee(n), &node_genesis(n)->participant[participant].id);
}

json_t *render_nodes(const struct node *n)
{
    const struct genesis *g = node_genesis(n);
    json_t *list = json_new_array();
    uint32_t primary = node_status(n).pbft.primary;
    for (uint32_t i = 0; i < g->participant_count && i < REPLICA_PEERS_MAX; i++) {
        if (node_address(n, i, false) == NULL) {
            continue; /* a participant without a node */
        }
        struct replica_seen seen = node_seen(n, i);
        uint32_t seat = seat_of(n, i);
        json_t *j = json_new_object();
        json_put(j, "index", json_new_int(i));
        json_put(j, "participant", json_new_hash(&g->participant[i].id));
        json_put(j, "role", json_new_str(seat < GENESIS_SEATS_MAX ? "validator" : "observer"));
        json_put(j, "primary", json_new_bool(seat < GENESIS_SEATS_MAX && seat == primary));
        json_put(j, "up", json_new_bool(seen.up));
        json_put(j, "height", json_new_int((int64_t)seen.height));
        json_put(j, "view", json_new_int((int64_t)seen.view));
        json_push(list, j);
    }
    return list;
}

static json_t *roles_of(const struct did_document *d)
{
    static const char *const N[] = {
        "unknown", "member", "admission", "regulator", "bank", "oracle"
    };
    json_t *list = json_new_array();
    for (uint32_t i = 0; i < d->role_count; i++) {
        json_push(list, json_new_str(N[d->role[i] < COUNT(N) ? d->role[i] : 0]));
    }
    return list;
}

json_t *render_participants(const struct genesis *g, const struct names *names)
{
    json_t *list = json_new_array();
    for (uint32_t i = 0; i < g->participant_count; i++) {
        json_t *j = json_new_object();
        json_put(j, "index", json_new_int(i));
        json_put(j, "id", json_new_hash(&g->participant[i].id));
        json_put(j, "jurisdiction", json_new_int(g->participant[i].jurisdiction));
        json_put(j, "roles", roles_of(&g->participant[i]));
        const char *name = names != NULL ? names_of(names, &g->participant[i].id) : NULL;
        if (name != NULL) {
            json_put(j, "name", json_new_text(bytes_of_str(name)));
        }
        json_push(list, j);
    }
    return list;
}

json_t *render_currencies(const struct genesis *g)
{
    json_t *list = json_new_array();
    for (uint32_t i = 0; i < g->currency_count; i++) {
        json_t *j = json_new_object();
        json_put(j, "code", json_new_int(g->currency[i].code));
        json_put(j, "exponent", json_new_int(g->currency[i].exponent));
        json_put(j, "issuer", json_new_hash(&g->currency[i].issuer));
        json_push(list, j);
    }
    return list;
}

json_t *render_place(struct node_place p)
{
    json_t *j = json_new_object();
    json_put(j, "from", json_new_int((int64_t)p.height));
    json_put(j, "index", json_new_int(p.index));
    return j;
}

json_t *render_listed(const struct node_listed *tx)
{
    json_t *j = json_new_object();
    json_put(j, "height", json_new_int((int64_t)tx->height));
    json_put(j, "index", json_new_int(tx->index));
    json_put(j, "tx", json_new_hash(&tx->tx));
    json_put(j, "time", json_new_time(tx->time_ms));
    json_put(j, "author", json_new_hash(&tx->author));
    json_put(j, "method", json_new_str(contract_method_name(tx->method)));
    json_put(j, "status", json_new_int(tx->status));
    json_put(j, "status_text", json_new_str(receipt_text(tx->status)));
    return j;
}
