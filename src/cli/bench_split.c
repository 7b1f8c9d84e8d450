/* Where a validator's processor time goes: by thread, as the kernel says, and of the loop's thread
 * by what it was busy with, as the validator says. */
#include "cli/bench_cluster_internal.h"

static void add_activity(struct cluster *k, uint32_t node, struct bench_threads *t)
{
    json_t *j;
    size_t mark = arena_mark(&k->session->arena);
    k->cli.node = k->session->node[node].api;
    if (session_get_json(k->session, "/v1/status", &j) == ERR_NONE) {
        const json_t *by = json_member(j, "processor_us");
        for (int a = 0; a < ACTIVITY_END; a++) {
            int64_t us = 0;
            (void)!json_get_int(by, activity_name((enum activity)a), &us);
            t->activity_us[a] += (double)us;
        }
        json_free(j);
    }
    arena_release(&k->session->arena, mark);
}

struct bench_threads cluster_split(struct cluster *k)
{
    struct bench_threads t = { 0 };
    for (uint32_t i = 0; i < CLUSTER_VALIDATORS; i++) {
        bench_process_us(net_node_pid(&k->cli, i), &t);
        add_activity(k, i, &t);
    }
    return t;
}

struct bench_threads cluster_split_since(struct cluster *k, const struct bench_threads *before,
                                         double receipts)
{
    struct bench_threads now = cluster_split(k);
    double share = 1 / (CLUSTER_VALIDATORS * receipts);
    now.loop_us = (now.loop_us - before->loop_us) * share;
    now.verify_us = (now.verify_us - before->verify_us) * share;
    now.sync_us = (now.sync_us - before->sync_us) * share;
    for (int a = 0; a < ACTIVITY_END; a++) {
        now.activity_us[a] = (now.activity_us[a] - before->activity_us[a]) * share;
    }
    return now;
}

void cluster_split_say(struct cluster *k, const struct bench_threads *t)
{
    static const char *const WORDS[] = {
        [ACTIVITY_NETWORK] = "    network: sockets, TLS, the loop itself",
        [ACTIVITY_CONSENSUS] = "    consensus: votes, views, gossip",
        [ACTIVITY_EXECUTE] = "    execute: read, admit, build, run",
        [ACTIVITY_HASH] = "    hash: the roots of blocks",
        [ACTIVITY_DISK] = "    disk: logs, state, index, without syncs",
        [ACTIVITY_REQUESTS] = "    requests of clients: proofs",
    };
    double all = t->loop_us + t->verify_us + t->sync_us;
    cluster_say(k, "validator_us_per_tx", "a validator's processor time a receipt", all, "us");
    cluster_say(k, "verify_us_per_tx", "  verify: workers", t->verify_us, "us");
    cluster_say(k, "sync_us_per_tx", "  disk: threads that sync", t->sync_us, "us");
    cluster_say(k, "loop_us_per_tx", "  the loop: all else", t->loop_us, "us");
    for (int a = 0; a < ACTIVITY_END; a++) {
        char key[40];
        snprintf(key, sizeof key, "%s_us_per_tx", activity_name((enum activity)a));
        cluster_say(k, key, WORDS[a], t->activity_us[a], "us");
    }
}
