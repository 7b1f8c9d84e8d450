/* The parts of a report, fetched: which tokens, what happened to them, and the proof of each. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "cli/audit_gather_internal.h"
#include "cli/events_internal.h"

enum { GATHER_TRIES = 40, PROOF_WAIT_MS = 500 };

static void pause_ms(unsigned ms)
{
    struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };
    nanosleep(&t, NULL);
}

static enum err add_tx(struct gather *g, const struct hash *id, uint64_t height, uint64_t index)
{
    uint64_t place = height << 32 | index;
    size_t at = g->tx_count;
    for (size_t i = 0; i < g->tx_count; i++) {
        if (hash_equal(&g->tx[i].id, id)) {
            return ERR_NONE;
        }
    }
    if (g->tx_count == AUDIT_TXS_MAX) {
        return cli_fail(g->s->cli, ERR_SIZE, "audit", "more than %d transactions", AUDIT_TXS_MAX);
    }
    while (at > 0 && g->place[at - 1] > place) {
        g->place[at] = g->place[at - 1];
        g->tx[at] = g->tx[at - 1];
        at--;
    }
    g->place[at] = place;
    g->tx[at] = (struct audit_tx){ .id = *id };
    g->tx_count++;
    return ERR_NONE;
}

static enum err add_record(struct gather *g, struct audit_record *list, size_t *count,
                           const struct hash *id)
{
    size_t at = *count;
    for (size_t i = 0; i < *count; i++) {
        if (hash_equal(&list[i].id, id)) {
            return ERR_NONE;
        }
    }
    if (*count == AUDIT_RECORDS_MAX) {
        return cli_fail(g->s->cli, ERR_SIZE, "audit", "more than %d tokens, rights or locks",
                        AUDIT_RECORDS_MAX);
    }
    while (at > 0 && hash_compare(&list[at - 1].id, id) > 0) {
        list[at] = list[at - 1];
        at--;
    }
    list[at] = (struct audit_record){ .id = *id };
    (*count)++;
    return ERR_NONE;
}

static enum err text_bytes(struct session *s, const char *text, struct bytes *out)
{
    size_t len;
    uint8_t *room = arena_alloc(&s->arena, strlen(text) + 1);
    if (room == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(base64url_decode(text, strlen(text), room, strlen(text), &len));
    *out = bytes_of(room, len);
    return ERR_NONE;
}

static enum err member_bytes(struct session *s, const json_t *j, const char *name,
                             struct bytes *out)
{
    const char *text;
    TRY(json_get_str(j, name, &text));
    return text_bytes(s, text, out);
}

/* Of the header that this reply is under. */
static enum err take_hand_overs(struct gather *g, const json_t *reply)
{
    const json_t *list = json_member(reply, "hand_overs");
    g->hand_over_count = 0;
    for (size_t i = 0; i < json_size(list) && i < PROOF_HAND_OVERS_MAX; i++) {
        const char *text = json_text_of(json_at(list, i));
        TRY(text == NULL ? ERR_ENCODING : text_bytes(g->s, text, &g->hand_over[i]));
        g->hand_over_count++;
    }
    return ERR_NONE;
}

/* The lock that a money event names in its body. */
static enum err take_lock(struct gather *g, const json_t *event)
{
    struct money_moved moved;
    struct bytes body;
    enum err e = ERR_NONE;
    size_t mark = arena_mark(&g->s->arena);
    if (member_bytes(g->s, event, "body", &body) == ERR_NONE &&
        money_moved_decode(body, &g->s->arena, &moved) == ERR_NONE && !hash_is_zero(&moved.lock)) {
        e = add_record(g, g->lock, &g->lock_count, &moved.lock);
    }
    arena_release(&g->s->arena, mark);
    return e;
}

/* An event as the API shows it, as far as a report asks. */
struct seen {
    int64_t contract, type, height, index;
    struct hash tx, token;
    const char *second; /* subject, NULL when there is none */
    bool chained;       /* to the token: its first subject, and not just the same 32 bytes */
};

static enum err see(const json_t *event, struct seen *out)
{
    struct seen x = { 0 };
    TRY(json_get_int(event, "contract", &x.contract));
    TRY(json_get_int(event, "type", &x.type));
    TRY(json_get_int(event, "height", &x.height));
    TRY(json_get_int(event, "index", &x.index));
    TRY(json_get_hash(event, "tx", &x.tx));
    const json_t *subjects = json_member(event, "subjects");
    const char *first = json_text_of(json_at(subjects, 0));
    x.second = json_text_of(json_at(subjects, 1));
    x.chained = first != NULL && hash_from_hex(first, &x.token) == ERR_NONE &&
                audit_event_chained((uint32_t)x.contract, (uint32_t)x.type, json_size(subjects));
    *out = x;
    return ERR_NONE;
}

/* One token's events, and which transaction minted it: its first attachment is the metadata. */
struct token_walk {
    struct gather *g;
    struct hash token, minted;
    size_t events;
};

static enum err take_event(struct session *s, const json_t *event, void *work)
{
    struct token_walk *w = work;
    struct seen e;
    (void)s;
    TRY(see(event, &e));
    if (!e.chained || !hash_equal(&e.token, &w->token)) {
        return ERR_NONE;
    }
    w->events++;
    if (e.contract == CONTRACT_TOKEN && e.type == EVENT_TOKEN_MINTED) {
        w->minted = e.tx;
    }
    if (e.contract == CONTRACT_RIGHT && e.type == EVENT_RIGHT_GRANTED && e.second != NULL) {
        struct hash right;
        TRY(hash_from_hex(e.second, &right));
        TRY(add_record(w->g, w->g->right, &w->g->right_count, &right));
    }
    if (e.contract == CONTRACT_MONEY) {
        TRY(take_lock(w->g, event));
    }
    return add_tx(w->g, &e.tx, (uint64_t)e.height, (uint64_t)e.index);
}

struct range_walk {
    struct gather *g;
    size_t events;
};

static enum err take_in_range(struct session *s, const json_t *event, void *work)
{
    struct range_walk *w = work;
    const char *time;
    uint64_t ms;
    struct seen e;
    (void)s;
    TRY(see(event, &e));
    TRY(json_get_str(event, "time", &time));
    TRY(clock_parse(time, &ms));
    uint32_t day = clock_day_at(ms, 0);
    if (!e.chained || day < w->g->from_day || day > w->g->to_day) {
        return ERR_NONE;
    }
    w->events++;
    return add_record(w->g, w->g->token, &w->g->token_count, &e.token);
}

static uint64_t day_ms(uint32_t day)
{
    return (uint64_t)day * 24 * 60 * 60 * 1000;
}

enum err gather_range(struct gather *g, uint32_t from_day, uint32_t to_day)
{
    struct range_walk w = { .g = g };
    g->ranged = true;
    g->from_day = from_day;
    g->to_day = to_day;
    struct action_filter days = { .since_ms = day_ms(from_day), .until_ms = day_ms(to_day + 1) };
    TRY(action_each_event(g->s, &days, take_in_range, &w));
    return w.events > 0 ? ERR_NONE
                        : cli_fail(g->s->cli, ERR_NOT_FOUND, "audit",
                                   "nothing happened to any token in that time");
}

/* --tx: receipts of failed transactions leave no event; whoever asks for them names them. */
static enum err gather_named(struct gather *g)
{
    const char *text;
    for (int i = 0; (text = cli_option_at(g->s->cli, "--tx", i)) != NULL; i++) {
        struct hash id;
        char path[160];
        json_t *j;
        int64_t height = 0, index = 0;
        if (text[0] == '\0') {
            continue;
        }
        TRY(cli_hash(g->s->cli, "--tx", text, &id));
        snprintf(path, sizeof path, "/v1/tx/%s", text);
        TRY(session_get_json(g->s, path, &j));
        enum err e = json_get_int(j, "height", &height);
        e = e != ERR_NONE ? e : json_get_int(j, "index", &index);
        json_free(j);
        TRY(e);
        TRY(add_tx(g, &id, (uint64_t)height, (uint64_t)index));
    }
    return ERR_NONE;
}

static enum err gather_proofs(struct gather *g)
{
    for (size_t i = 0; i < g->tx_count; i++) {
        char path[160], hex[HEX_SIZE(HASH_SIZE) + 1];
        struct session_reply r;
        enum err e = ERR_UNAVAILABLE;
        hex_encode(bytes_of_hash(&g->tx[i].id), hex);
        snprintf(path, sizeof path, "/v1/tx/%s/proof", hex);
        for (int t = 0; e == ERR_UNAVAILABLE && t < GATHER_TRIES; t++) {
            if (t > 0) {
                pause_ms(PROOF_WAIT_MS); /* until a certificate covers it */
            }
            e = session_request(g->s, "GET", path, bytes_of(NULL, 0), &r);
        }
        TRY(e);
        g->tx[i].proof = r.body;
    }
    return ERR_NONE;
}

/* A record's proof; ERR_STATE when the ledger moved on since the first one. */
static enum err prove_record(struct gather *g, const struct contract_key *key, struct bytes *proof)
{
    char hex[HEX_SIZE(STATE_KEY_SIZE_MAX) + 1], path[400];
    struct bytes certified;
    json_t *j;
    hex_encode(contract_key_bytes(key), hex);
    snprintf(path, sizeof path, "/v1/state/%u/%s/proof", key->contract, hex);
    TRY(session_get_json(g->s, path, &j));
    enum err e = member_bytes(g->s, j, "certified", &certified);
    e = e != ERR_NONE ? e : take_hand_overs(g, j);
    e = e != ERR_NONE ? e : member_bytes(g->s, j, "proof", proof);
    json_free(j);
    TRY(e);
    if (g->certified.len == 0) {
        g->certified = certified;
    }
    return bytes_equal(g->certified, certified) ? ERR_NONE : ERR_STATE;
}

/* Whether the header stands at or above every transaction; a node that was started again may be
 * behind the one that told of them. */
static enum err high_enough(struct gather *g)
{
    struct header header;
    struct hash hash;
    enum proof_step step = PROOF_OK;
    struct trust trust;
    struct proof_caller caller = { .now_ms = session_now_ms() };
    TRY(proof_follow(g->s->suite, &g->s->genesis, g->hand_over, g->hand_over_count, &g->s->arena,
                     &trust, &step));
    TRY(proof_verify_header_by(g->s->suite, &g->s->genesis, &trust, &caller, g->certified,
                               &g->s->arena, &header, &hash, &step));
    uint64_t newest = g->tx_count > 0 ? g->place[g->tx_count - 1] >> 32 : 0;
    return header.height >= newest ? ERR_NONE : ERR_STATE;
}

static enum err prove_all(struct gather *g)
{
    struct contract_key key = contract_key_did(&g->s->did);
    g->certified = bytes_of(NULL, 0);
    TRY(prove_record(g, &key, &g->reporter_proof));
    TRY(high_enough(g));
    for (size_t i = 0; i < g->token_count; i++) {
        key = contract_key_token(&g->token[i].id);
        TRY(prove_record(g, &key, &g->token[i].proof));
    }
    for (size_t i = 0; i < g->right_count; i++) {
        key = contract_key_right(&g->right[i].id);
        TRY(prove_record(g, &key, &g->right[i].proof));
    }
    for (size_t i = 0; i < g->lock_count; i++) {
        key = contract_key_lock(&g->lock[i].id);
        TRY(prove_record(g, &key, &g->lock[i].proof));
    }
    return ERR_NONE;
}

/* All at one height: begun again when a block comes in between. */
static enum err gather_records(struct gather *g)
{
    enum err e = ERR_STATE;
    for (int t = 0; (e == ERR_STATE || e == ERR_UNAVAILABLE) && t < GATHER_TRIES; t++) {
        size_t mark = arena_mark(&g->s->arena);
        if (t > 0) {
            pause_ms(PROOF_WAIT_MS / 2);
        }
        e = prove_all(g);
        if (e != ERR_NONE) {
            arena_release(&g->s->arena, mark);
        }
    }
    return e == ERR_STATE ? cli_fail(g->s->cli, ERR_TIMEOUT, "audit",
                                     "the ledger moves faster than its records can be proved")
                          : e;
}

/* The metadata, when the reporter is among its readers. */
static enum err gather_metadata(struct gather *g, const struct hash *minted)
{
    struct attachment_record record;
    struct attachment_plain plain;
    size_t at = g->attachment_count;
    if (hash_is_zero(minted)) {
        return ERR_NONE;
    }
    enum err e = action_attachment_open(g->s, minted, 0, &record, &plain);
    if (e == ERR_FORBIDDEN || e == ERR_NOT_FOUND) {
        return ERR_NONE;
    }
    TRY(e);
    while (at > 0 && hash_compare(&g->attachment[at - 1].transaction, minted) > 0) {
        g->attachment[at] = g->attachment[at - 1];
        at--;
    }
    g->attachment[at] = (struct audit_attachment){ .transaction = *minted,
                                                   .media_type = plain.media_type,
                                                   .content = plain.content };
    memcpy(g->attachment[at].salt, plain.salt, sizeof plain.salt);
    g->attachment_count++;
    return ERR_NONE;
}

static enum err gather_token(struct gather *g, const struct hash *id)
{
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    struct token_walk w = { .g = g, .token = *id };
    hex_encode(bytes_of_hash(id), hex);
    struct action_filter of = { .subject = hex };
    TRY(action_each_event(g->s, &of, take_event, &w));
    return w.events > 0 ? gather_metadata(g, &w.minted)
                        : cli_fail(g->s->cli, ERR_NOT_FOUND, hex, "no such token here");
}

enum err gather_all(struct gather *g)
{
    for (size_t i = 0; i < g->token_count; i++) {
        TRY(gather_token(g, &g->token[i].id));
    }
    TRY(gather_named(g));
    TRY(gather_proofs(g));
    return gather_records(g);
}

static void *many(size_t count, size_t size)
{
    void *room = calloc(count, size);
    ASSERT(room != NULL);
    return room;
}

void gather_open(struct gather *g, struct session *s)
{
    *g = (struct gather){ .s = s };
    g->token = many(AUDIT_RECORDS_MAX, sizeof *g->token);
    g->right = many(AUDIT_RECORDS_MAX, sizeof *g->right);
    g->lock = many(AUDIT_RECORDS_MAX, sizeof *g->lock);
    g->attachment = many(AUDIT_RECORDS_MAX, sizeof *g->attachment);
    g->tx = many(AUDIT_TXS_MAX, sizeof *g->tx);
    g->place = many(AUDIT_TXS_MAX, sizeof *g->place);
}

void gather_close(struct gather *g)
{
    free(g->token);
    free(g->right);
    free(g->lock);
    free(g->attachment);
    free(g->tx);
    free(g->place);
}

void gather_add_token(struct gather *g, const struct hash *id)
{
    g->token[g->token_count++].id = *id;
}
