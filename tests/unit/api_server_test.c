#include "base/json.h"
#include "tests/fixtures/api_rig.h"

TEST(the_status_is_open_to_anybody)
{
    struct rig *r = rig_new();
    CHECK_EQ(ASK("GET", "/v1/status", .as = NOBODY), 200);
    CHECK_STR(said(r, "height"), "41");
    CHECK_STR(said(r, "role"), "validator");
    CHECK_STR(said(r, "primary"), "1");
    CHECK_STR(said(r, "view"), "3");
    CHECK_STR(said(r, "version"), CARNET_VERSION);
    CHECK_EQ(ASK("GET", "/v1/status", .as = NOBODY), 200);
    rig_close(r);
}

TEST(everything_else_wants_a_signature_of_a_participant)
{
    struct rig *r = rig_new();
    CHECK_EQ(ASK("GET", "/v1/genesis", .as = NOBODY), 401);
    CHECK_STR(said(r, "code"), "signature");
    CHECK_STR(said(r, "message"), "the request is not signed");
    CHECK_EQ(ASK("GET", "/v1/genesis", .as = NOBODY, .header = "Carnet-Auth: AAAA"), 401);
    CHECK_STR(said(r, "message"), "Carnet-Auth is malformed");
    CHECK_EQ(ASK("GET", "/v1/genesis", .as = 2), 200);
    CHECK_BYTES(bytes_of(r->body, r->len), bytes_of_str("the genesis file"));
    rig_close(r);
}

TEST(a_signature_over_another_path_or_by_another_key_is_refused)
{
    struct rig *r = rig_new();
    CHECK_EQ(ASK("GET", "/v1/genesis", .as = 1, .sign_as = "/v1/status"), 401);
    CHECK_STR(said(r, "message"), "the signature of the request does not verify");
    r->node.seed[1][0] = 99;
    CHECK_EQ(ASK("GET", "/v1/genesis", .as = 1), 401);
    r->node.seed[1][0] = 2;
    r->node.pki.participant[1].key[0].use = DID_SEAL;
    CHECK_EQ(ASK("GET", "/v1/genesis", .as = 1), 401);
    CHECK_STR(said(r, "message"), "no participant of this space has that DID and signing key");
    rig_close(r);
}

TEST(a_signature_is_good_for_a_minute_on_either_side)
{
    struct rig *r = rig_new();
    CHECK_EQ(ASK("GET", "/v1/genesis", .as = 1, .late_ms = API_CLOCK_SKEW_MS), 200);
    CHECK_EQ(ASK("GET", "/v1/genesis", .as = 1, .late_ms = -API_CLOCK_SKEW_MS), 200);
    CHECK_EQ(ASK("GET", "/v1/genesis", .as = 1, .late_ms = API_CLOCK_SKEW_MS + 1000), 401);
    CHECK_STR(said(r, "message"), "the request was signed 61 s after the node's time");
    CHECK_EQ(ASK("GET", "/v1/genesis", .as = 1, .late_ms = -API_CLOCK_SKEW_MS - 1000), 401);
    CHECK_STR(said(r, "message"), "the request was signed 61 s before the node's time");
    rig_close(r);
}

TEST(the_query_is_part_of_what_is_signed)
{
    struct rig *r = rig_new();
    CHECK_EQ(ASK("GET", "/v1/events?from=7&max=5&subject=" ID, .as = 1), 200);
    CHECK_EQ(ASK("GET", "/v1/events?type=token.minted&until_ms=9", .as = 1), 200);
    CHECK(r->node.filter.of_kind && r->node.filter.contract == CONTRACT_TOKEN);
    CHECK_EQ(r->node.filter.until_ms, 9);
    CHECK(r->node.filter.subject == NULL && r->node.filter.author == NULL);
    CHECK_EQ(ASK("GET", "/v1/txs?author=" ID "&from=7&index=3", .as = 1), 200);
    CHECK(!r->node.filter.of_kind && r->node.filter.author != NULL);
    static const char next[] = "\"next\":{\"from\":7,\"index\":4}", method[] = "\"money.pay\"";
    CHECK(memmem(r->body, r->len, next, sizeof next - 1) != NULL);
    CHECK(memmem(r->body, r->len, method, sizeof method - 1) != NULL);
    CHECK_EQ(ASK("GET", "/v1/events?from=7&max=5", .as = 1, .sign_as = "/v1/events?from=7"), 401);
    CHECK_EQ(ASK("GET", "/v1/events?from=7", .as = 1, .sign_as = "/v1/events"), 401);
    rig_close(r);
}

TEST(a_client_certificate_of_the_space_speaks_for_its_participant)
{
    struct rig *r = rig_new();
    struct node stranger;
    CHECK_EQ(ASK("GET", "/v1/genesis", .as = 1, .certificate = true), 200);
    CHECK_EQ(ASK("POST", "/v1/fetches/" ID, .as = 0, .certificate = true), 202);
    CHECK_EQ(ASK("POST", "/v1/fetches/" ID, .as = 1, .certificate = true), 403);
    pki_open(&stranger.pki, 9, rig_now());
    r->node.pki.cert[1] = stranger.pki.cert[1];
    r->node.pki.key[1] = stranger.pki.key[1];
    CHECK_EQ(ASK("GET", "/v1/genesis", .as = 1, .certificate = true), 401);
    CHECK_STR(said(r, "message"), "the client certificate: signed by another CA");
    pki_close(&stranger.pki);
    rig_close(r);
}

TEST(unknown_routes_methods_and_members_are_told_apart)
{
    struct rig *r = rig_new();
    CHECK_EQ(ASK("GET", "/v1/nothing", .as = NOBODY), 404);
    CHECK_STR(said(r, "code"), "not_found");
    CHECK_EQ(ASK("DELETE", "/v1/status", .as = NOBODY, .header = "Content-Length: 0"), 405);
    CHECK_EQ(ASK("PUT", "/v1/status", .as = NOBODY, .body = bytes_of_str("x")), 405);
    CHECK_EQ(ASK("GET", "/v1/status?verbose=1", .as = NOBODY), 400);
    CHECK_STR(said(r, "code"), "unknown_word");
    CHECK_EQ(ASK("GET", "/v1/tx/12", .as = 1), 400);
    rig_close(r);
}

TEST(a_path_longer_than_any_of_ours_is_refused)
{
    struct rig *r = rig_new();
    char path[1200] = "/v1/";
    memset(path + 4, 'a', sizeof path - 5);
    path[sizeof path - 1] = '\0';
    CHECK_EQ(ASK("GET", path, .as = NOBODY), 400);
    CHECK_STR(said(r, "message"), "path and query are too long");
    rig_close(r);
}

TEST(a_body_has_the_limit_of_its_route)
{
    struct rig *r = rig_new();
    static uint8_t body[TX_SIZE_MAX + 1] = { 1 };
    CHECK_EQ(ASK("POST", "/v1/tx", .as = 1, .body = bytes_of(body, TX_SIZE_MAX)), 202);
    CHECK_EQ(r->node.submitted, 1);
    CHECK_EQ(ASK("POST", "/v1/tx", .as = 1, .body = bytes_of(body, TX_SIZE_MAX + 1)), 413);
    CHECK_STR(said(r, "message"), "the body has 65537 bytes, at most 65536 are taken");
    CHECK_EQ(ASK("POST", "/v1/tx", .as = 1, .body = bytes_of(body, 0)), 400);
    CHECK_EQ(r->node.submitted, 1);
    rig_close(r);
}

TEST(a_body_far_too_large_is_refused_without_being_kept)
{
    struct rig *r = rig_new();
    size_t size = API_BODY_SIZE_MAX + 1;
    uint8_t *body = calloc(1, size);
    CHECK_EQ(ASK("PUT", "/v1/attachments", .as = 0, .body = bytes_of(body, size)), 413);
    CHECK_EQ(r->node.put, 0);
    free(body);
    CHECK_EQ(ASK("GET", "/v1/status", .as = NOBODY), 200);
    rig_close(r);
}

TEST(a_large_body_arrives_whole)
{
    struct rig *r = rig_new();
    size_t size = SEALING_CHUNK_MAX + 100;
    uint8_t *body = calloc(1, size);
    CHECK_EQ(ASK("PUT", "/v1/seals/" ID "/chunks/3", .as = 0, .body = bytes_of(body, size)), 200);
    CHECK_EQ(r->node.put_len, size);
    CHECK_STR(said(r, "index"), "3");
    body[size - 1] = 1;
    CHECK_EQ(ASK("PUT", "/v1/seals/" ID "/chunks/3", .as = 1, .body = bytes_of(body, size)), 403);
    CHECK_STR(said(r, "code"), "forbidden");
    CHECK_EQ(r->node.put, 1);
    free(body);
    rig_close(r);
}

TEST(a_large_answer_arrives_whole_and_only_at_a_reader)
{
    struct rig *r = rig_new();
    r->node.big = 3 * 1024 * 1024 + 17;
    CHECK_EQ(ASK("GET", "/v1/attachments/" ID, .as = 1), 200);
    CHECK_EQ(r->len, r->node.big);
    for (size_t i = 0; i < r->len; i += 997) {
        CHECK_EQ(r->body[i], (uint8_t)(i * 7 + i / 4096));
    }
    CHECK_EQ(ASK("GET", "/v1/attachments/" ID, .as = 0), 403);
    rig_close(r);
}

TEST(a_body_without_its_length_ends_the_connection_with_an_answer)
{
    struct rig *r = rig_new();
    CHECK_EQ(ASK("POST", "/v1/tx", .as = 1, .body = bytes_of_str("x"),
                 .header = "Transfer-Encoding: chunked"),
             400);
    CHECK_STR(said(r, "message"), "a body must say its length");
    CHECK_EQ(ASK("GET", "/v1/status", .as = NOBODY), 200);
    rig_close(r);
}

TEST(waiting_ends_when_the_time_is_up)
{
    struct rig *r = rig_new();
    CHECK_EQ(ASK("GET", "/v1/tx/" ID, .as = 1), 404);
    uint64_t before = rig_now();
    CHECK_EQ(ASK("GET", "/v1/tx/" ID "?wait_ms=300", .as = 1), 504);
    CHECK(rig_now() - before >= 300);
    CHECK_STR(said(r, "code"), "timeout");
    CHECK_EQ(ASK("GET", "/v1/tx/" ID "?wait_ms=0", .as = 1), 504);
    rig_close(r);
}

static uint8_t ledger_memory[256 * 1024];

/* The smallest transaction that decodes: its method and id are rendered. */
static struct bytes small_tx(const struct rig *r, struct arena *a)
{
    static const uint8_t zeros[SUITE_SIGNATURE_SIZE_MAX];
    struct bytes wire, signature = bytes_of(zeros, suite_intl()->signature_size);
    struct tx_body body = { .space = r->node.pki.genesis.space,
                            .valid_until_ms = 1,
                            .signer_count = 1,
                            .method = METHOD_TOKEN_MINT };
    body.signer[0].did = r->node.pki.participant[0].id;
    pki_must(tx_encode_body(&body, a, &wire));
    pki_must(tx_encode(wire, &signature, 1, a, &wire));
    return wire;
}

static void commit_later(struct rig *r, uint64_t in_ms, bool ours)
{
    struct arena a = arena_over(ledger_memory, sizeof ledger_memory);
    r->node.tx = small_tx(r, &a);
    r->commit_at_ms = rig_now() + in_ms;
    r->commits_ours = ours;
}

TEST(waiting_ends_with_the_commit)
{
    struct rig *r = rig_new();
    uint64_t before = rig_now();
    commit_later(r, 200, false); /* another transaction's */
    CHECK_EQ(ASK("GET", "/v1/tx/" ID "?wait_ms=600", .as = 1), 504);
    CHECK(rig_now() - before >= 600);
    before = rig_now();
    commit_later(r, 200, true);
    CHECK_EQ(ASK("GET", "/v1/tx/" ID "?wait_ms=20000", .as = 1), 200);
    CHECK(rig_now() - before < 10000);
    CHECK_STR(said(r, "height"), "43");
    CHECK_STR(said(r, "method"), "token.mint");
    CHECK_STR(said(r, "status_text"), "done");
    rig_close(r);
}

TEST(a_fetch_is_followed_by_its_participant_alone_until_it_moves)
{
    struct rig *r = rig_new();
    CHECK_EQ(ASK("GET", "/v1/fetches/" ID, .as = 0), 404);
    CHECK_EQ(ASK("POST", "/v1/fetches/" ID, .as = 1), 403);
    CHECK_EQ(ASK("POST", "/v1/fetches/" ID, .as = 0), 202);
    CHECK_STR(said(r, "state"), "running");
    CHECK_EQ(ASK("GET", "/v1/fetches/" ID "?wait_ms=200", .as = 0), 200);
    CHECK_STR(said(r, "durable"), "0");
    CHECK_STR(said(r, "bytes"), "0");
    r->node.fetch.status.state = FETCH_DONE;
    uint64_t before = rig_now();
    CHECK_EQ(ASK("GET", "/v1/fetches/" ID "?wait_ms=20000", .as = 0), 200);
    CHECK_STR(said(r, "state"), "done");
    CHECK(rig_now() - before < 10000);
    rig_close(r);
}

TEST(a_block_lists_its_transactions)
{
    struct rig *r = rig_new();
    struct arena a = arena_over(ledger_memory, sizeof ledger_memory);
    struct header header = { .version_set = VERSION_SET, .height = 9, .tx_count = 2 };
    struct bytes head, tx[2];
    struct tx decoded;
    json_t *j;
    CHECK_EQ(ASK("GET", "/v1/blocks/9", .as = 2), 404);
    header.time_ms = 1800000000250;
    tx[0] = small_tx(r, &a);
    tx[1] = tx[0];
    CHECK_OK(header_encode(&header, &a, &head));
    CHECK_OK(block_encode(head, bytes_of(NULL, 0), tx, 2, &a, &r->node.block));
    CHECK_OK(tx_decode(suite_intl(), tx[0], &a, &decoded));
    CHECK_EQ(ASK("GET", "/v1/blocks/9", .as = 2), 200);
    CHECK_STR(said(r, "height"), "9");
    CHECK_STR(said(r, "time"), "2027-01-15T08:00:00.250Z");
    CHECK_OK(json_read(bytes_of(r->body, r->len), REPLY_MAX, &j, NULL));
    CHECK_EQ(json_size(json_member(j, "txs")), 2);
    json_free(j);
    rig_close(r);
}

TEST(events_are_rendered_with_their_subjects)
{
    static const char WANT[] = "{\"events\":[{\"height\":7,\"index\":0,\"event\":0,\"time\":";
    struct rig *r = rig_new();
    CHECK_EQ(ASK("GET", "/v1/events?from=7&subject=" ID, .as = 1), 200);
    CHECK(r->len > sizeof WANT && memcmp(r->body, WANT, sizeof WANT - 1) == 0);
    r->body[r->len] = '\0';
    CHECK(strstr((const char *)r->body, "\"subjects\":[\"" ID "\"],\"body\":\"\"") != NULL);
    rig_close(r);
}

/* To the grantor alone, while the use is pending, and not after its deadline. */
TEST(pending_uses_are_listed_to_whoever_granted_the_right)
{
    struct rig *r = rig_new();
    struct hash some = { { 7 } };
    struct right_record right = { .right = some,
                                  .token = some,
                                  .grantor = r->node.pki.participant[1].id,
                                  .holder = r->node.pki.participant[2].id,
                                  .seal = some,
                                  .grant = some,
                                  .custody = CUSTODY_BROKERED,
                                  .state = RIGHT_ACTIVE,
                                  .pending = 3,
                                  .pending_until_ms = r->node.clock_ms + 60000 };
    static const struct {
        uint32_t as, state, pending;
        int64_t late_ms;
        bool listed;
    } ROWS[] = {
        { 1, RIGHT_ACTIVE, 3, 60000, true },   { 2, RIGHT_ACTIVE, 3, 60000, false },
        { 1, RIGHT_REVOKED, 3, 60000, false }, { 1, RIGHT_ACTIVE, 0, 60000, false },
        { 1, RIGHT_ACTIVE, 3, -60000, false },
    };
    CHECK_EQ(ASK("GET", "/v1/pending", .as = NOBODY), 401);
    r->node.right = &right;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        right.state = ROWS[i].state;
        right.pending = ROWS[i].pending;
        right.pending_until_ms = (uint64_t)((int64_t)r->node.clock_ms + ROWS[i].late_ms);
        CHECK_EQ(ASK("GET", "/v1/pending?from=7", .as = ROWS[i].as), 200);
        r->body[r->len] = '\0';
        CHECK_EQ(strstr((const char *)r->body, "\"use\":3") != NULL, ROWS[i].listed);
        CHECK_STR(said(r, "next"), "7");
    }
    rig_close(r);
}

TEST(proofs_come_as_bytes_and_as_json_or_are_not_yet_there)
{
    struct rig *r = rig_new();
    CHECK_EQ(ASK("GET", "/v1/tx/" ID "/proof", .as = 1), 503);
    CHECK_EQ(ASK("GET", "/v1/state/1/00ff/proof", .as = 1), 503);
    r->node.proof = bytes_of_str("proof");
    CHECK_EQ(ASK("GET", "/v1/tx/" ID "/proof", .as = 1), 200);
    CHECK_BYTES(bytes_of(r->body, r->len), bytes_of_str("proof"));
    CHECK_EQ(ASK("GET", "/v1/state/1/00ff/proof", .as = 1), 200);
    CHECK_STR(said(r, "proof"), "cHJvb2Y");
    CHECK_STR(said(r, "certified"), "AP8");
    rig_close(r);
}

TEST(a_record_of_state_comes_with_its_key_and_height)
{
    struct rig *r = rig_new();
    char path[400], hex[2 * STATE_KEY_SIZE_MAX + 1];
    struct contract_key k = contract_key_did(&r->node.pki.participant[1].id);
    hex_encode(contract_key_bytes(&k), hex);
    (void)snprintf(path, sizeof path, "/v1/state/%u/%s", k.contract, hex);
    CHECK_EQ(ASK("GET", path, .as = 1), 200);
    CHECK_STR(said(r, "key"), hex);
    CHECK_STR(said(r, "height"), "41");
    CHECK_EQ(ASK("GET", "/v1/state/1/00", .as = 1), 404);
    rig_close(r);
}

/* An attachment and a manifest that are not canonical never reach the node. */
TEST(what_is_put_is_decoded_first)
{
    struct rig *r = rig_new();
    CHECK_EQ(ASK("PUT", "/v1/attachments", bytes_of_str("no protobuf"), .as = 0), 400);
    CHECK_STR(said(r, "code"), "encoding");
    CHECK_EQ(ASK("PUT", "/v1/seals/" ID "/manifest", bytes_of_str("no protobuf"), .as = 0), 400);
    CHECK_EQ(r->node.put, 0);
    rig_close(r);
}

TEST(a_manifest_is_put_under_its_own_seal_alone)
{
    struct rig *r = rig_new();
    struct arena a = arena_over(ledger_memory, sizeof ledger_memory);
    uint32_t size = SEALING_PAD + AEAD_TAG_SIZE;
    struct hash leaf = { { 3 } };
    struct manifest m = { .suite = 1,
                          .chunk_size = SEALING_CHUNK_DEFAULT,
                          .chunk_count = 1,
                          .plain_size = 5,
                          .sealed_size = &size,
                          .sealed_leaf = &leaf };
    struct bytes wire;
    CHECK_OK(hash_from_hex(ID, &m.seal));
    m.asset = m.plain_root = m.plain_sha256 = leaf;
    CHECK_OK(manifest_encode(&m, &a, &wire));
    CHECK_EQ(ASK("PUT", "/v1/seals/" ID "/manifest", wire, .as = 0), 200);
    CHECK_STR(said(r, "seal"), ID);
    CHECK_EQ(r->node.put_len, wire.len);
    m.seal.b[0] ^= 1;
    CHECK_OK(manifest_encode(&m, &a, &wire));
    CHECK_EQ(ASK("PUT", "/v1/seals/" ID "/manifest", wire, .as = 0), 422);
    CHECK_STR(said(r, "message"), "the manifest is of another seal");
    CHECK_EQ(r->node.put, 1);
    rig_close(r);
}

TEST(only_the_owner_learns_which_chunks_are_not_whole)
{
    struct rig *r = rig_new();
    CHECK_EQ(ASK("GET", "/v1/seals/" ID "/scrub/0", .as = 0), 200);
    CHECK_STR(said(r, "seal"), ID);
    CHECK_STR(said(r, "next"), "5");
    CHECK_EQ(ASK("GET", "/v1/seals/" ID "/scrub/5", .as = 0), 400);
    CHECK_EQ(ASK("GET", "/v1/seals/" ID "/scrub/0", .as = 1), 403);
    CHECK_EQ(ASK("GET", "/v1/status", .as = NOBODY), 200);
    CHECK_STR(said(r, "scrubbed"), "12");
    CHECK_STR(said(r, "wrong_chunks"), "1");
    rig_close(r);
}

TEST(an_attachment_is_answered_with_its_commitment)
{
    struct rig *r = rig_new();
    struct arena a = arena_over(ledger_memory, sizeof ledger_memory);
    uint8_t private_key[32], public_key[32], seed[WRAP_SEED_SIZE] = { 5 }, random[64] = { 1 };
    struct attachment_plain plain = { .media_type = MEDIA_TEXT, .content = bytes_of_str("hello") };
    struct attachment_reader reader = { .did = r->node.pki.participant[1].id,
                                        .key = 2,
                                        .kind = WRAP_X25519,
                                        .public_key = bytes_of(public_key, 32) };
    struct bytes sealed;
    struct hash commitment;
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    random[32] = 9;
    wrap_x25519_keys(seed, private_key, public_key);
    CHECK_OK(attachment_seal(suite_intl(), &r->node.pki.genesis.space, &plain, &reader, 1,
                             bytes_of(random, sizeof random), &a, &sealed));
    attachment_commit(suite_intl(), &plain, &commitment);
    hex_encode(bytes_of_hash(&commitment), hex);
    /* Whoever else could, would fill the disk, or put a made-up file where the right one goes. */
    CHECK_EQ(ASK("PUT", "/v1/attachments", sealed, .as = 2), 403);
    CHECK_EQ(r->node.put, 0);
    CHECK_EQ(ASK("PUT", "/v1/attachments", sealed, .as = 0), 200);
    CHECK_STR(said(r, "commitment"), hex);
    CHECK_EQ(r->node.put_len, sealed.len);
    rig_close(r);
}

TEST(a_taken_port_is_said_to_be_taken)
{
    struct rig *r = rig_new();
    struct node other;
    struct api *api = NULL;
    char why[NODE_WHY_SIZE];
    double_open(&other, rig_now());
    (void)snprintf(other.address, sizeof other.address, "127.0.0.1:%u", api_port(r->api));
    CHECK_ERR(api_open(&other, &api, why), ERR_PORT_IN_USE);
    CHECK(strstr(why, "nodes.json") != NULL);
    (void)snprintf(other.address, sizeof other.address, "nowhere");
    CHECK_ERR(api_open(&other, &api, why), ERR_UNREADABLE);
    CHECK(api == NULL);
    double_close(&other);
    rig_close(r);
}

TEST(the_openapi_document_has_every_route)
{
    json_t *j;
    char *text;
    size_t len;
    api_openapi(&j);
    CHECK_OK(json_write_canonical(j, &text, &len));
    const json_t *paths = json_member(j, "paths");
    CHECK_EQ(json_size(paths), 29);
    const json_t *fetches = json_member(paths, "/v1/fetches/{right}");
    CHECK_EQ(json_size(fetches), 2);
    const json_t *get = json_member(fetches, "get");
    CHECK_EQ(json_size(json_member(get, "parameters")), 2);
    CHECK_EQ(json_size(json_member(get, "security")), 3);
    const json_t *sessions = json_member(paths, "/v1/sessions");
    CHECK_EQ(json_size(json_member(json_member(sessions, "post"), "security")), 2);
    CHECK_EQ(json_size(json_member(json_member(sessions, "delete"), "security")), 1);
    const json_t *status = json_member(json_member(paths, "/v1/status"), "get");
    CHECK_EQ(json_size(json_member(status, "security")), 0);
    json_text_free(text);
    json_free(j);
}
