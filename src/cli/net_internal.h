/* net — making, starting and watching a space of local nodes: what its files share. */
#ifndef CARNET_CLI_NET_INTERNAL_H
#define CARNET_CLI_NET_INTERNAL_H

#include <sys/types.h>

#include "cli/bench_client_internal.h"
#include "cli/session_internal.h"
#include "ledger/genesis.h"
#include "policy/compile/policy_compile.h"

/* Holds the supervisor's pid, for people; the supervisor holds a record lock on it (fcntl). */
#define NET_SUPERVISOR_LOCK "supervisor.pid"

enum { NET_PARTICIPANTS_MAX = 40, NET_RESTART_MS = 300, NET_START_MS = 60000 };

struct net_participant {
    char name[32];
    uint32_t jurisdiction, role;
    uint8_t *secret, *epoch_seed; /* locked */
    uint8_t sign_public[SUITE_KEY_SIZE_MAX], seal_public[32];
    struct hash did, root;
};

/* Everything that `net init` makes, before anything is written. */
struct net_plan {
    struct cli *cli;
    const struct suite *suite;
    struct arena arena;
    uint64_t now_ms;
    uint32_t nodes, observers;
    uint16_t port; /* of the first node; 0: free ones are found */
    uint64_t release_ms, window_ms, idle_ms, epoch_ms;
    uint64_t quota, signer_quota; /* cost units an epoch */
    const struct bench_crowd *crowd; /* NULL: none */
    struct net_participant who[NET_PARTICIPANTS_MAX];
    struct policy_compiled law;
    struct bytes ca_key, ca_cert, ca_spki; /* PKCS#8 DER, PEM, SPKI DER */
    struct bytes genesis_bytes;
    struct genesis genesis;
};
/* net init with these options and a crowd more, for a benchmark. */
MUST_USE enum err net_init_crowd(struct cli *c, const struct bench_crowd *crowd);
/* --suite intl, which is meant when nothing is said, or gm. */
MUST_USE enum err net_suite(struct cli *c, const struct suite **out);
/* The law of this release and, by it, who founds the space: names, places, roles. */
MUST_USE enum err net_plan_people(struct net_plan *p);
MUST_USE enum err net_make_ca(struct net_plan *p);
MUST_USE enum err net_make_genesis(struct net_plan *p);
/* Writes the whole space aside and renames it: nothing half-written. */
MUST_USE enum err net_write(struct net_plan *p, struct bytes passphrase);
/* Does it open node 0's key file? ERR_PASSPHRASE, and said. */
MUST_USE enum err net_check_passphrase(struct cli *c, struct bytes passphrase);
/* Who holds this lock of the space directory: a process id, or 0. */
long net_lock_holder(struct cli *c, const char *name);
long net_node_pid(struct cli *c, uint32_t index);
/* A row of net status for each node; gives back how many answered. */
uint32_t net_ask_all(struct session *s, json_t *rows);
void net_print_rows(struct cli *c, const json_t *rows);
MUST_USE enum err net_run_status(struct cli *c);
/* The supervisor in the foreground. */
MUST_USE enum err net_run_supervise(struct cli *c);

#endif
