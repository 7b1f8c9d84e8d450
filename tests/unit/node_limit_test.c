#include "node/node_internal.h"
#include "node/replica_codec_internal.h"
#include "tests/test.h"

/* Limits of the node that nothing else reaches (DESIGN 9). */

static uint8_t scratch[1 << 20];

static void hear(void *user, uint64_t height)
{
    (void)user, (void)height;
}

TEST(so_many_watchers_hear_of_commits_and_no_more)
{
    static struct node n;
    for (uint32_t i = 0; i < NODE_WATCHERS_MAX; i++) {
        CHECK_OK(node_watch(&n, hear, NULL));
    }
    CHECK_ERR(node_watch(&n, hear, NULL), ERR_BUSY);
}

static void put_varint(struct buf *b, size_t x)
{
    for (; x >= 0x80; x >>= 7) {
        buf_put_u8(b, (uint8_t)(x | 0x80));
    }
    buf_put_u8(b, (uint8_t)x);
}

/* A message of this kind whose repeated field `field` holds `count` times one byte. */
static enum err decoded(enum peer_kind kind, uint8_t field, uint32_t count, struct bytes tail)
{
    static uint8_t memory[16 * 1024];
    struct buf b = buf_over(memory, sizeof memory);
    struct arena a = arena_over(scratch, sizeof scratch);
    struct peer_message m;
    put_varint(&b, (size_t)kind << 3 | 2);
    put_varint(&b, 3 * (size_t)count + tail.len);
    for (uint32_t i = 0; i < count; i++) {
        buf_put_u8(&b, (uint8_t)(field << 3 | 2));
        buf_put_u8(&b, 1);
        buf_put_u8(&b, 'x');
    }
    buf_put(&b, tail);
    return peer_decode(buf_bytes(&b), sizeof memory, &a, &m);
}

TEST(a_message_of_gossip_holds_so_many_transactions_and_no_more)
{
    CHECK_OK(decoded(PEER_TRANSACTIONS, 1, PEER_TXS_MAX, bytes_of(NULL, 0)));
    CHECK_ERR(decoded(PEER_TRANSACTIONS, 1, PEER_TXS_MAX + 1, bytes_of(NULL, 0)), ERR_ENCODING);
}

/* Behind the blocks the empty list of keys, which is always there. */
TEST(a_message_of_chain_sync_holds_so_many_blocks_and_no_more)
{
    static const uint8_t no_keys[] = { 4 << 3 | 2, 0 };
    struct bytes keys = bytes_of(no_keys, sizeof no_keys);
    CHECK_OK(decoded(PEER_CHAIN, 2, PEER_CHAIN_MAX, keys));
    CHECK_ERR(decoded(PEER_CHAIN, 2, PEER_CHAIN_MAX + 1, keys), ERR_ENCODING);
}
