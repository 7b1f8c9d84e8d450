#include "consensus/pbft_internal.h"
#include "tests/fixtures/consensus_cluster.h"
#include "tests/test.h"

/* What a seat says of the past when it asks for a view. */

TEST(a_seat_that_lost_its_vote_log_speaks_for_what_its_block_log_proves)
{
    struct cluster *c = cluster_new(4, 0, 3);
    for (uint32_t i = 0; i < c->nodes; i++) {
        cluster_start(c, i, true);
    }
    for (int i = 0; i < 3; i++) {
        cluster_submit(c, 1);
        cluster_run(c, 200);
    }
    CHECK(cluster_all_at(c, 3));
    struct cluster_node *n = &c->node[1];
    CHECK(n->certificate[3].len > 0);
    cluster_crash(c, 1);
    n->log_count = 0;
    cluster_start(c, 1, true);
    CHECK_EQ(n->pbft->prepared.size, 0);
    cluster_crash(c, 0);
    cluster_submit(c, 1);
    for (int i = 0; i < 200 && n->pbft->view == 0; i++) {
        cluster_run(c, 20);
    }
    const struct ask *own = &n->pbft->ask[1];
    CHECK(own->heard && own->prepared && own->view == 1);
    CHECK_EQ(own->prepared_height, 3);
    CHECK(hash_equal(&own->block, &c->agreed[3]));
    for (int i = 0; i < 20; i++) {
        cluster_submit(c, 1);
        cluster_run(c, 100);
    }
    CHECK(c->top > 3); /* its peers take that word */
    CHECK_EQ(c->forks, 0);
    cluster_free(c);
}
