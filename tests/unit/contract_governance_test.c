/* Decisions of many: pieces of a pack set, proposals, approvals, and the law they bring into force.
 */
#include "tests/fixtures/contract_fixture.h"

#include "policy/compile/policy_compile.h"

/* Another law: the shipped one with one byte of its prose hash changed, so that it opens and has
 * another name. */
struct law {
    uint8_t *bytes;
    size_t len;
    struct hash hash;
};

static struct law other_law(struct lab *l)
{
    struct law law = { arena_alloc(&l->arena, l->genesis.pack_set.len),
                       l->genesis.pack_set.len,
                       { { 0 } } };
    const struct hash *prose = policy_set_prose_hash(l->env.set);
    ASSERT(law.bytes != NULL);
    memcpy(law.bytes, l->genesis.pack_set.ptr, law.len);
    for (size_t i = 0; i + HASH_SIZE <= law.len; i++) {
        if (memcmp(law.bytes + i, prose->b, HASH_SIZE) == 0) {
            law.bytes[i] ^= 1;
            break;
        }
    }
    contract_pack_hash(l->suite, bytes_of(law.bytes, law.len), &law.hash);
    ASSERT(!hash_equal(&law.hash, &l->pack_set));
    return law;
}

static enum receipt_status put(struct lab *l, uint32_t actor, const struct law *law, uint32_t index)
{
    uint32_t count = (uint32_t)((law->len + CONTRACT_PIECE_SIZE_MAX - 1) / CONTRACT_PIECE_SIZE_MAX);
    size_t from = (size_t)index * CONTRACT_PIECE_SIZE_MAX, left = law->len - from;
    size_t len = left < CONTRACT_PIECE_SIZE_MAX ? left : CONTRACT_PIECE_SIZE_MAX;
    return LAB(l, actor, METHOD_PACK_PUT, pack_put, law->hash, index, count,
               bytes_of(law->bytes + from, len));
}

static void put_all(struct lab *l, const struct law *law)
{
    for (uint32_t i = 0; i * (size_t)CONTRACT_PIECE_SIZE_MAX < law->len; i++) {
        ASSERT(put(l, OWNER, law, i) == RECEIPT_OK);
    }
    lab_clear(l);
}

static struct hash propose(struct lab *l, uint32_t actor, const struct hash *set, uint64_t height)
{
    struct hash id;
    LAB(l, actor, METHOD_GOVERNANCE_PROPOSE, proposal_make, SUBJECT_PACK_SET, *set, height);
    contract_proposal_id(l->suite, &l->did[actor], set, l->tx.body.nonce, &id);
    return id;
}

static enum receipt_status approve(struct lab *l, uint32_t actor, const struct hash *proposal)
{
    return LAB(l, actor, METHOD_GOVERNANCE_APPROVE, proposal_approve, *proposal);
}

static struct pack_active_record active(struct lab *l)
{
    struct pack_active_record r;
    enum err e = pack_active_record_decode(lab_get(l, contract_key_pack_active()), &l->arena, &r);
    ASSERT(e == ERR_NONE);
    return r;
}

TEST(formats_9_a_pack_set_comes_into_force_at_the_named_height_when_more_than_two_thirds_approve)
{
    struct lab *l = lab_open();
    struct law law = other_law(l);
    struct hash token = lab_id(1);
    put_all(l, &law);
    struct hash id = propose(l, OWNER, &law.hash, 10);
    approve(l, OWNER, &id);
    approve(l, OWNER, &id);
    approve(l, REGULATOR, &id);
    approve(l, HOLDER, &id);
    struct pack_active_record before = active(l);
    CHECK(hash_is_zero(&before.next));
    approve(l, BANK, &id);
    approve(l, ADMIN, &id);
    LAB_EXPECT(l, "owner governance.propose -> ok; governance.proposed\n"
                  "owner governance.approve -> ok; governance.approved\n"
                  "owner governance.approve -> exists\n"
                  "regulator governance.approve -> forbidden\n"
                  "holder governance.approve -> ok; governance.approved\n"
                  "bank governance.approve -> ok; governance.approved; governance.activated\n"
                  "admin governance.approve -> state\n");
    struct pack_active_record after = active(l);
    CHECK(hash_equal(contract_pack_at(&after, 9), &l->pack_set));
    CHECK(hash_equal(contract_pack_at(&after, 10), &law.hash));
    l->height = 9;
    lab_mint(l, &token);
    token = lab_id(2);
    l->height = 10;
    lab_mint(l, &token); /* pins the law that was in force before */
    l->pack_set = law.hash;
    lab_mint(l, &token);
    LAB_EXPECT(l, "owner token.mint -> ok; token.minted\n"
                  "owner token.mint -> state\n"
                  "owner token.mint -> ok; token.minted\n");
    lab_close(l);
}

TEST(a_proposal_is_refused_for_each_thing_that_is_wrong_with_it)
{
    struct lab *l = lab_open();
    struct law law = other_law(l);
    struct hash unknown = lab_id(0x77);
    propose(l, OWNER, &law.hash, 10);
    LAB_EXPECT(l, "owner governance.propose -> not_found\n");
    put_all(l, &law);
    propose(l, REGULATOR, &law.hash, 10);
    propose(l, OWNER, &law.hash, l->height);
    LAB(l, OWNER, METHOD_GOVERNANCE_PROPOSE, proposal_make, 4, law.hash, 10);
    approve(l, OWNER, &unknown);
    struct hash id = propose(l, OWNER, &law.hash, 2);
    l->height = 2;
    approve(l, OWNER, &id);
    l->height = 1;
    approve(l, OWNER, &id);
    LAB_EXPECT(l, "regulator governance.propose -> forbidden\n"
                  "owner governance.propose -> expired\n"
                  "owner governance.propose -> args\n"
                  "owner governance.approve -> not_found\n"
                  "owner governance.propose -> ok; governance.proposed\n"
                  "owner governance.approve -> expired\n"
                  "owner governance.approve -> ok; governance.approved\n");
    lab_close(l);
}

/* The last approval proves that the set is whole, or changes nothing. */
TEST(a_set_that_is_not_whole_is_not_activated)
{
    struct lab *l = lab_open();
    struct law law = other_law(l);
    ASSERT(put(l, OWNER, &law, 0) == RECEIPT_OK);
    law.bytes[law.len - 1] ^= 1;
    struct law wrong = law;
    contract_pack_hash(l->suite, bytes_of(law.bytes, law.len), &wrong.hash);
    wrong.bytes = arena_alloc(&l->arena, law.len);
    memcpy(wrong.bytes, law.bytes, law.len);
    wrong.bytes[0] ^= 1; /* pieces that are not what they are named */
    put_all(l, &wrong);
    struct hash id = propose(l, OWNER, &wrong.hash, 10);
    approve(l, OWNER, &id);
    approve(l, HOLDER, &id);
    approve(l, BANK, &id);
    LAB_EXPECT(l, "owner governance.propose -> ok; governance.proposed\n"
                  "owner governance.approve -> ok; governance.approved\n"
                  "holder governance.approve -> ok; governance.approved\n"
                  "bank governance.approve -> state\n");
    struct pack_active_record r = active(l);
    CHECK(hash_is_zero(&r.next));
    lab_close(l);
}

TEST(one_decided_change_of_law_is_not_replaced_before_it_is_in_force)
{
    struct lab *l = lab_open();
    struct law law = other_law(l);
    put_all(l, &law);
    struct hash first = propose(l, OWNER, &law.hash, 10);
    struct hash second = propose(l, OWNER, &l->pack_set, 20);
    approve(l, OWNER, &first);
    approve(l, HOLDER, &first);
    approve(l, BANK, &first);
    approve(l, OWNER, &second);
    approve(l, HOLDER, &second);
    lab_clear(l);
    l->height = 9;
    approve(l, BANK, &second);
    l->height = 10;
    approve(l, BANK, &second);
    LAB_EXPECT(l, "bank governance.approve -> state\n"
                  "bank governance.approve -> ok; governance.approved; governance.activated\n");
    struct pack_active_record r = active(l);
    CHECK(hash_equal(&r.set, &law.hash));
    CHECK_EQ(r.height, 10);
    CHECK(hash_equal(contract_pack_at(&r, 20), &l->pack_set));
    lab_close(l);
}

TEST(formats_9_a_piece_is_replaced_only_while_the_set_is_not_what_it_is_named)
{
    struct lab *l = lab_open();
    struct law law = other_law(l), wrong = law;
    wrong.bytes = arena_alloc(&l->arena, law.len);
    memcpy(wrong.bytes, law.bytes, law.len);
    wrong.bytes[3] ^= 1;
    put(l, REGULATOR, &law, 0);
    put(l, OWNER, &wrong, 0);
    put(l, HOLDER, &wrong, 0);
    put(l, HOLDER, &law, 0);
    for (uint32_t i = 1; i * (size_t)CONTRACT_PIECE_SIZE_MAX < law.len; i++) {
        ASSERT(put(l, OWNER, &law, i) == RECEIPT_OK);
    }
    put(l, OWNER, &wrong, 0);
    CHECK(strstr(l->trace, "regulator pack.put -> forbidden\n"
                           "owner pack.put -> ok\n"
                           "holder pack.put -> exists\n"
                           "holder pack.put -> ok\n") == l->trace);
    CHECK(strstr(l->trace, "owner pack.put -> exists\n") != NULL);
    lab_close(l);
}

TEST(formats_9_pieces_are_cut_in_one_way)
{
    static uint8_t piece[CONTRACT_PIECE_SIZE_MAX + 1];
    static const struct {
        uint32_t index, count;
        size_t len;
        enum receipt_status status;
    } ROWS[] = {
        { 0, 1, 0, RECEIPT_ARGS },
        { 0, 1, 1, RECEIPT_OK },
        { 0, 0, 1, RECEIPT_ARGS },
        { 1, 1, 1, RECEIPT_ARGS },
        { 0, 2, CONTRACT_PIECE_SIZE_MAX - 1, RECEIPT_ARGS },
        { 0, 2, CONTRACT_PIECE_SIZE_MAX, RECEIPT_OK },
        { 1, 2, CONTRACT_PIECE_SIZE_MAX, RECEIPT_OK },
        { 1, 2, CONTRACT_PIECE_SIZE_MAX + 1, RECEIPT_ARGS },
        { CONTRACT_PIECES_MAX - 1, CONTRACT_PIECES_MAX, 1, RECEIPT_OK },
        { CONTRACT_PIECES_MAX, CONTRACT_PIECES_MAX + 1, 1, RECEIPT_ARGS },
    };
    struct lab *l = lab_open();
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        enum receipt_status s = LAB(l, OWNER, METHOD_PACK_PUT, pack_put, lab_id((uint8_t)(i + 1)),
                                    ROWS[i].index, ROWS[i].count, bytes_of(piece, ROWS[i].len));
        CHECK_STR(receipt_name(s), receipt_name(ROWS[i].status));
    }
    lab_close(l);
}

/* Three pieces of bytes that are no law: joined in order, complete or not, and never in force. */
TEST(formats_9_a_set_of_many_pieces_is_whole_when_all_of_them_are_there)
{
    struct lab *l = lab_open();
    struct law law = { .len = 2 * CONTRACT_PIECE_SIZE_MAX + 7 }, other;
    law.bytes = arena_alloc(&l->arena, law.len);
    for (size_t i = 0; i < law.len; i++) {
        law.bytes[i] = (uint8_t)(i * 31 >> 3);
    }
    contract_pack_hash(l->suite, bytes_of(law.bytes, law.len), &law.hash);
    other = law;
    other.bytes = arena_alloc(&l->arena, law.len);
    memset(other.bytes, 7, law.len);
    put(l, OWNER, &law, 2);
    put(l, OWNER, &other, 0);
    put(l, OWNER, &law, 0);
    struct hash id = propose(l, OWNER, &law.hash, 10);
    approve(l, OWNER, &id);
    approve(l, HOLDER, &id);
    approve(l, BANK, &id);
    put(l, OWNER, &law, 1);
    put(l, OWNER, &other, 1);
    approve(l, BANK, &id);
    LAB_EXPECT(l, "owner pack.put -> ok\n"
                  "owner pack.put -> ok\n"
                  "owner pack.put -> ok\n"
                  "owner governance.propose -> ok; governance.proposed\n"
                  "owner governance.approve -> ok; governance.approved\n"
                  "holder governance.approve -> ok; governance.approved\n"
                  "bank governance.approve -> not_found\n"
                  "owner pack.put -> ok\n"
                  "owner pack.put -> exists\n"
                  "bank governance.approve -> state\n");
    /* The law in force is opened again after all that. */
    struct hash token = lab_id(1);
    CHECK_EQ(lab_mint(l, &token), RECEIPT_OK);
    lab_close(l);
}

/* Memory is sized at start: a law that does not fit ends the start, not the program. */
TEST(a_cache_too_small_for_the_law_is_told_at_genesis)
{
    struct lab *l = lab_open();
    l->env.cache = arena_over(l->env.cache.base, 64 * 1024);
    CHECK_ERR(l->table.genesis(l->ctx), ERR_NO_SPACE);
    l->env.cache = arena_over(l->env.cache.base, 512 * 1024);
    CHECK_OK(l->table.genesis(l->ctx));
    lab_close(l);
}

static struct hash version_value(uint32_t number, uint32_t major, uint32_t minor)
{
    struct version_set v = { .number = number, .major = major, .minor = minor };
    struct hash out;
    contract_version_value(&v, &out);
    return out;
}

static enum receipt_status propose_version(struct lab *l, const struct hash *value, uint64_t height,
                                           struct hash *id)
{
    enum receipt_status status = LAB(l, OWNER, METHOD_GOVERNANCE_PROPOSE, proposal_make,
                                     SUBJECT_VERSION_SET, *value, height);
    contract_proposal_id(l->suite, &l->did[OWNER], value, l->tx.body.nonce, id);
    return status;
}

static void check_versions(struct lab *l, uint64_t height, uint32_t now, uint32_t next)
{
    struct version_set a, b;
    CHECK_OK(l->table.version_sets(l->ctx, height, &a, &b));
    CHECK_EQ(a.number, now);
    CHECK_EQ(b.number, next);
}

TEST(a_version_set_comes_into_force_at_the_named_height_and_names_the_release_that_knows_it)
{
    struct lab *l = lab_open();
    struct hash value = version_value(2, 1, 4), id;
    struct version_set now, next;
    check_versions(l, 1, 1, 0);
    CHECK_EQ(propose_version(l, &value, l->height + 10, &id), RECEIPT_OK);
    uint64_t height = l->height + 10;
    approve(l, OWNER, &id);
    approve(l, HOLDER, &id);
    check_versions(l, height, 1, 0);
    CHECK_EQ(approve(l, BANK, &id), RECEIPT_OK);
    check_versions(l, height - 1, 1, 2);
    check_versions(l, height, 2, 0);
    CHECK_OK(l->table.version_sets(l->ctx, height - 1, &now, &next));
    CHECK_EQ(next.major, 1);
    CHECK_EQ(next.minor, 4);
    CHECK_EQ(next.height, height);
    lab_close(l);
}

TEST(a_version_set_is_never_taken_back_and_one_change_waits_at_a_time)
{
    struct lab *l = lab_open();
    struct hash id, other, two = version_value(2, 1, 0), three = version_value(3, 1, 1);
    struct hash same = version_value(1, 0, 1), none = version_value(0, 0, 1), odd = two;
    odd.b[3] = 1;
    CHECK_EQ(propose_version(l, &same, 100, &id), RECEIPT_STATE);
    CHECK_EQ(propose_version(l, &none, 100, &id), RECEIPT_ARGS);
    CHECK_EQ(propose_version(l, &odd, 100, &id), RECEIPT_ARGS);
    CHECK_EQ(propose_version(l, &two, l->height, &id), RECEIPT_EXPIRED);
    CHECK_EQ(LAB(l, OTHER, METHOD_GOVERNANCE_PROPOSE, proposal_make, SUBJECT_VERSION_SET, two, 100),
             RECEIPT_FORBIDDEN);
    CHECK_EQ(propose_version(l, &two, 100, &id), RECEIPT_OK);
    CHECK_EQ(propose_version(l, &three, 200, &other), RECEIPT_OK);
    for (uint32_t who = OWNER; who <= BANK; who++) {
        CHECK_EQ(approve(l, who, &id), RECEIPT_OK);
    }
    approve(l, OWNER, &other);
    approve(l, HOLDER, &other);
    CHECK_EQ(approve(l, BANK, &other), RECEIPT_STATE); /* the first has not come yet */
    l->height = 150;
    check_versions(l, 150, 2, 0);
    CHECK_EQ(approve(l, BANK, &other), RECEIPT_OK);
    check_versions(l, 199, 2, 3);
    check_versions(l, 200, 3, 0);
    CHECK_EQ(propose_version(l, &two, 300, &id), RECEIPT_STATE);
    lab_close(l);
}
