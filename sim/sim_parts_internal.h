/* sim_parts — the functions that the files of the simulator offer each other. */
#ifndef CARNET_SIM_SIM_PARTS_INTERNAL_H
#define CARNET_SIM_SIM_PARTS_INTERNAL_H

#include "sim/sim_codec_internal.h"
#include "sim/sim_internal.h"

/* sim_setup.c */
MUST_USE enum err sim_world_open(struct world *w, const struct sim_options *o,
                                 struct sim_result *result);
void sim_world_close(struct world *w);
/* sim_run.c: both phases and the checks, the world left open to be looked at. */
MUST_USE enum err sim_world_run(struct world *w);

/* sim_world.c: events and nodes; sim_net.c: the network */
/* Bytes on their way, through weather and cuts; `lie`: 0, or 1 + what it is. */
void sim_send(struct world *w, uint32_t from, uint32_t to, struct bytes message, uint32_t lie);
void sim_schedule(struct world *w, struct sim_event e);
bool sim_pop(struct world *w, struct sim_event *out);
struct replica_config sim_node_config(struct world *w, struct sim_node *n);
void sim_node_start(struct world *w, uint32_t index);
void sim_node_crash(struct world *w, uint32_t index);
void sim_after(struct world *w, struct sim_node *n); /* a call returned: tick, flush, or die */
void sim_handle(struct world *w, struct sim_event *e);

/* sim_harm.c, sim_harm_node.c: what goes wrong, and when */
void sim_harm(struct world *w);
void sim_heal(struct world *w);
void sim_harm_late(struct world *w);
bool sim_asked(const struct world *w, enum sim_fault f);
bool sim_strikes(struct world *w, enum sim_fault f, uint32_t per_thousand);
void sim_harm_nodes(struct world *w);
/* sim_net.c: from now on one seat alone hears of commits. */
void sim_make_lonely(struct world *w);
void sim_harm_off(struct world *w, struct sim_node *n); /* while the machine is off */
void sim_choose_victims(struct world *w);
/* sim_liar.c: the Byzantine seats, drawn when the world opens */
MUST_USE enum err sim_liars_open(struct world *w);
void sim_liars_close(struct world *w);
void sim_liar_sends(struct sim_node *n, uint32_t peer, struct bytes message);
/* What a copy hears; *message may become something else. */
void sim_liar_hears(struct sim_node *n, uint32_t from, struct bytes *message);
void sim_liar_acts(struct world *w, uint32_t number);
/* Which slots of this liar hear that participant, as bits 0 and 1. */
uint32_t sim_liar_copies(const struct sim_liar *l, uint32_t from);
uint32_t sim_liar_slot(const struct sim_liar *l, uint32_t copy);
/* sim_syncs.c: a sync that lasts while its node goes on */
enum err sim_port_sync(void *ctx, const char *const *log, uint32_t count);
enum err sim_port_sync_wait(void *ctx);
void sim_synced(struct world *w, struct sim_node *n, const struct sim_event *e, uint64_t now_ms);
/* sim_sync.c */
void sim_wipe(struct world *w);
void sim_prune(struct world *w, struct sim_node *n);
/* One bit of what a server serves to slot `to`; false: it is as it was. */
bool sim_tamper(struct world *w, uint32_t from, uint32_t to, uint8_t *message, size_t len);
void sim_check_stand(struct world *w, uint32_t node);
void sim_check_lies(struct world *w);
void sim_choose_server(struct world *w);
void sim_wipe_disk(struct sim_node *n);
/* sim_client.c */
void sim_client(struct world *w);
enum sim_order_kind {
    SIM_ORDER_ANY,
    SIM_ORDER_USE,
    SIM_ORDER_ACK,
    SIM_ORDER_RELEASE,
    SIM_ORDER_SEAT,
    SIM_ORDER_FLOOD
};
/* One more transaction of a client; `r` is what the last three kinds are about. */
void sim_new_tx(struct world *w, const struct sim_right *r, enum sim_order_kind kind);
uint32_t sim_waiting(const struct world *w); /* accepted, valid, not committed */
bool sim_probed(const struct world *w);      /* one that was made after the healing is committed */

/* sim_broker.c: brokered rights, told by committed receipts, and again by the replay's */
void sim_brokers(struct world *w);
void sim_broker_told(struct world *w, const struct receipt *receipt);
void sim_broker_replayed(struct world *w, const struct receipt *receipt);
void sim_broker_end(struct world *w);

/* sim_check.c */
void sim_violation(struct world *w, enum sim_invariant i, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void sim_check_commit(struct world *w, uint32_t node, const struct replica_commit *c);
void sim_check_start(struct world *w, uint32_t node);
void sim_check_sent(struct world *w, uint32_t node, struct bytes message);
void sim_check_end(struct world *w);
void sim_check_replay(struct world *w);                    /* sim_replay.c */
bool sim_log_reaches(struct world *w, struct sim_node *n); /* the log is as high as the node is */
void sim_forge(struct world *w); /* sim_forge.c: to each node that has not refused such a vote */
void sim_check_forged(struct world *w);
/* sim_transcript.c */
void sim_line(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "7b": the second block seen at height 7. */
const char *sim_label(struct world *w, uint64_t height, const struct hash *block, char out[24]);

/* sim_work.c: what clients ask for. Gives body.method, args, attachments; `from` signs. */
struct sim_order {
    uint32_t from;
    struct tx_body body;
    struct sim_token *granted; /* this is the grant that its lock pays for; else NULL */
};
MUST_USE enum err sim_work(struct world *w, struct arena *a, struct sim_order *out);
MUST_USE enum err sim_flood(struct world *w, struct arena *a, struct sim_order *out);
struct hash sim_hash(struct world *w); /* drawn */
MUST_USE enum err sim_attach(struct sim_order *o, struct arena *a, enum attachment_kind kind,
                             const struct hash *commitment, const struct hash *reader,
                             uint64_t until_ms);
/* sim_money.c */
const struct did_document *sim_document(const struct world *w, uint32_t i);
MUST_USE enum err sim_issue(struct world *w, struct arena *a, struct sim_order *o);
MUST_USE enum err sim_pay(struct world *w, struct arena *a, struct sim_order *o);
MUST_USE enum err sim_grant(struct world *w, struct arena *a, struct sim_order *o,
                            struct sim_token *t, uint32_t to, const struct hash *lock);
MUST_USE enum err sim_deal(struct world *w, struct arena *a, struct sim_order *o);
MUST_USE enum err sim_refund(struct world *w, struct arena *a, struct sim_order *o);
MUST_USE enum err sim_work_right(struct world *w, struct arena *a, const struct sim_right *r,
                                 enum sim_order_kind kind, struct sim_order *out);

#endif
