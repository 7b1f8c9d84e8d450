/* sim_internal — what the files of the simulator share: the world and its nodes. */
#ifndef CARNET_SIM_SIM_INTERNAL_H
#define CARNET_SIM_SIM_INTERNAL_H

#include "sim/sim.h"
#include "sim/sim_broker_internal.h"
#include "sim/sim_client_internal.h"
#include "sim/sim_event_internal.h"
#include "sim/sim_node_internal.h"
#include "sim/sim_records_internal.h"
#include "sim/sim_uses_internal.h"

enum {
    SIM_PARTICIPANTS_MAX = SIM_NODES_MAX + 1,
    SIM_LIARS_MAX = (SIM_NODES_MAX - 1) / 3,
    SIM_SLOTS_MAX = SIM_PARTICIPANTS_MAX + SIM_LIARS_MAX, /* each liar has a second copy */
    SIM_TXS_MAX = 4096,
    SIM_TXS_KEPT = 64, /* for what is asked for after the healing */
    SIM_HEIGHTS_MAX = 8192,
    SIM_EVENTS_MAX = 1 << 17,
    SIM_VOTES_MAX = 1 << 17,
    SIM_SEAT_KEY_LOG2 = 5,
    SIM_TOKENS_MAX = SIM_USES_TOKENS_MAX,
    SIM_LABELS_MAX = 64,
    SIM_LAW_CACHE = 6 * 1024 * 1024, /* opens the shipped law; the same for every node */
    SIM_EPOCH_MS = 40000,
    SIM_EPOCH_SHORT_MS = 12000, /* with `members`: an epoch for each change */
    SIM_KEYS_MANY_LOG2 = 6
};

struct world {
    struct sim_options options;
    struct sim_result *result;
    struct sim_random random;
    const struct suite *suite;
    struct suite *own_suite; /* NULL for intl */
    struct genesis genesis;
    struct hash law; /* of the pack set in genesis; zero: none */
    uint32_t token_count;
    struct sim_token token[SIM_TOKENS_MAX];
    struct sim_token *deal;      /* whose step is next; NULL: none yet */
    uint32_t deal_step, deal_tx; /* and the transaction of the step before */
    struct sim_uses *uses;
    uint32_t right_count;
    struct sim_right right[SIM_RIGHTS_MAX];
    uint8_t *genesis_memory, *scratch_memory;
    struct arena genesis_arena, scratch;
    struct replica_config config;
    uint32_t seats, nodes, slots;
    bool syncs_apart; /* syncs go on beside the nodes, as in the daemon; else a flush waits */
    uint32_t pace;    /* many seats live through less time: trouble comes faster */
    uint32_t told_lies, liars_found, pruned;
    uint32_t true_server;       /* nobody falsifies what this one serves; UINT32_MAX: no such */
    uint32_t false_thousandths; /* of what the others serve */
    struct sim_lonely lonely;
    bool guarded;              /* in this seed only who steps has memory that can be written */
    struct sim_node *stepping; /* NULL: the rig itself */
    struct sim_node *open;     /* guarded: the only one whose memory can be written; or NULL */
    uint32_t first_probe;      /* transactions from here on were made after the healing */
    uint8_t participant_seed[SIM_PARTICIPANTS_MAX][SUITE_SECRET_SIZE];
    struct epoch_seed first_seed[SIM_PARTICIPANTS_MAX];
    struct hash *leaves[SIM_PARTICIPANTS_MAX];
    struct epoch_seed
        next_seed[SIM_PARTICIPANTS_MAX]; /* with `members`: keys that come, or change */
    struct hash *next_leaves[SIM_PARTICIPANTS_MAX];
    struct hash root[SIM_PARTICIPANTS_MAX], next_root[SIM_PARTICIPANTS_MAX];
    struct sim_members members;
    struct sim_node node[SIM_SLOTS_MAX]; /* participants in order, then the liars' second copies */
    uint32_t liars, victims;
    struct sim_liar *liar[SIM_LIARS_MAX];

    uint64_t now_ms, start_ms, order, deal_until_ms, window_ms;
    struct sim_event *event; /* a heap by (at_ms, order) */
    uint32_t event_count;
    bool healed, late; /* late: only what has not come yet is still done */
    uint32_t flood, flooder; /* transactions that this participant is going to send at once */
    uint32_t drop_thousandths, delay_max_ms, double_thousandths, jitter_ms;
    uint32_t deaf_thousandths;
    uint64_t cut_until_ms[SIM_PARTICIPANTS_MAX][SIM_PARTICIPANTS_MAX];
    bool votes_lost, wiped; /* lose_votes_ms, wipe_ms have passed */
    uint32_t dead_primary;  /* of kill_primary_ms; UINT32_MAX: nobody */

    struct sim_tx *tx;
    uint32_t tx_count;
    struct sim_block *block; /* by height: what the first node to commit it said */
    uint64_t height, tip_ms; /* the newest block that somebody has told, and its time */
    struct sim_vote *vote; /* open addressing */
    uint32_t vote_count;
    struct hasher trace;
    uint32_t label_count;
    struct sim_label label[SIM_LABELS_MAX]; /* a ring: the newest are spoken of */
    uint32_t line_count;
    char line[SIM_LINES_MAX][SIM_LINE_SIZE];
};

#endif
