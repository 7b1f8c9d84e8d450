#include <string.h>
#include <time.h>

#include "cli/actions_internal.h"

/* The holder's side of a brokered right. Whatever was begun is taken up, so that running a command
 * again after any interruption asks for the same use and never for one more. */

enum { LOOK_MS = 250, GRACE_MS = 2000, WRAP_ROUNDS = 3, REJECT_CODE = 1 };

static enum err look_again(struct session *s, struct right_record *r)
{
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    hex_encode(bytes_of_hash(&r->right), hex);
    return action_right(s, hex, r);
}

static bool is_mine(const struct session *s, const struct hash *list, uint32_t count)
{
    bool found = false;
    for (uint32_t i = 0; i < count; i++) {
        found = found || hash_equal(&list[i], &s->did);
    }
    return found;
}

/* A wrap was released, and nobody has said yet what became of it. */
static enum err is_unanswered(struct session *s, const struct right_record *r, bool *out)
{
    struct contract_key key = contract_key_attachment(&r->release, r->wrap_index);
    struct attachment_record a;
    struct bytes value;
    if (hash_is_zero(&r->release)) {
        *out = false;
        return ERR_NONE;
    }
    TRY(session_state(s, key.contract, contract_key_bytes(&key), &value));
    TRY(attachment_record_decode(value, &s->arena, &a));
    *out = !is_mine(s, a.acked, a.acked_count) && !is_mine(s, a.rejected, a.rejected_count);
    return ERR_NONE;
}

static bool is_pending(const struct right_record *r)
{
    return r->pending == r->used + 1 && session_now_ms() < r->pending_until_ms;
}

/* Another command of the same holder may have asked in between: its use is this one too. */
static enum err ask_for_use(struct session *s, struct right_record *r)
{
    struct session_tx t;
    enum err e = action_use(s, r, &t);
    if (e == ERR_REFUSED && t.status == RECEIPT_STATE) {
        TRY(look_again(s, r));
        return is_pending(r) ? ERR_NONE : e;
    }
    TRY(e);
    action_answer_tx(s->cli, &t);
    return look_again(s, r);
}

/* What ended the use before the provider could: it costs nothing, and waiting is of no use. */
static enum err need_alive(struct session *s, const struct right_record *r)
{
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    struct token_record t;
    hex_encode(bytes_of_hash(&r->token), hex);
    TRY(action_token(s, hex, &t));
    if (r->state == RIGHT_ACTIVE && t.state == TOKEN_ACTIVE) {
        return ERR_NONE;
    }
    return cli_fail(s->cli, ERR_REVOKED, "right.use",
                    "the %s is %s: the pending use was not released and costs nothing",
                    r->state != RIGHT_ACTIVE ? "right" : "token",
                    r->state != RIGHT_ACTIVE ? action_right_status(r->state)
                                             : action_token_status(t.state));
}

static enum err not_released(struct session *s, const struct right_record *r)
{
    char left[32] = "not counted";
    if (r->uses != 0) {
        snprintf(left, sizeof left, "%u", r->uses - r->used);
    }
    cli_hint(s->cli, "the provider's broker must run (carnet broker run); then ask again");
    return cli_fail(s->cli, ERR_TIMEOUT, "right.use",
                    "the provider's broker did not release use %u in time: it costs nothing, left "
                    "%s",
                    r->used + 1, left);
}

static void rest(void)
{
    struct timespec t = { 0, LOOK_MS * 1000000L };
    nanosleep(&t, NULL);
}

static enum err wait_for_release(struct session *s, struct right_record *r)
{
    uint32_t before = r->used;
    while (r->used == before) {
        uint64_t now = session_now_ms(), until = r->pending_until_ms;
        if (now >= until + GRACE_MS) {
            return not_released(s, r);
        }
        fprintf(s->cli->progress, "\ruse %u is pending: waiting for the provider's broker, %llu s ",
                before + 1, (unsigned long long)(now < until ? (until - now) / 1000 : 0));
        fflush(s->cli->progress);
        size_t mark = arena_mark(&s->arena);
        rest();
        TRY(look_again(s, r));
        if (r->used == before) {
            TRY(need_alive(s, r));
        }
        arena_release(&s->arena, mark);
    }
    fprintf(s->cli->progress, "\n");
    return ERR_NONE;
}

/* What was released does not open: the provider is told, and the next use may be asked for. */
static enum err reject(struct session *s, const struct right_record *r)
{
    struct attachment_reject args = { { r->release, r->wrap_index }, REJECT_CODE };
    struct session_tx t;
    struct bytes wire;
    session_draw(s, METHOD_ATTACHMENT_REJECT, &t);
    TRY(attachment_reject_encode(&args, &s->arena, &wire));
    return session_do(s, &t, wire);
}

static enum err receive(struct session *s, const struct right_record *r, uint8_t key[AEAD_KEY_SIZE])
{
    enum err e = ERR_NOT_FOUND;
    for (int i = 0; i < WRAP_ROUNDS && e == ERR_NOT_FOUND; i++) {
        fprintf(s->cli->progress, "\ruse %u is released: waiting for its key\n", r->used);
        e = action_wrap_open(s, r, &r->release, r->used, key);
    }
    if (e == ERR_NOT_FOUND) {
        cli_hint(s->cli, "run the same command again: it takes up this use and counts no other");
        return cli_fail(s->cli, ERR_TIMEOUT, "right.use",
                        "use %u is released and counted, and its key has not come yet", r->used);
    }
    if (e == ERR_INTEGRITY) {
        TRY(reject(s, r));
    }
    return e;
}

enum err action_brokered_use(struct session *s, struct right_record *r, uint8_t key[AEAD_KEY_SIZE])
{
    bool unanswered;
    TRY(is_unanswered(s, r, &unanswered));
    if (!unanswered) {
        if (!is_pending(r)) {
            TRY(ask_for_use(s, r));
        }
        TRY(wait_for_release(s, r));
    }
    return receive(s, r, key);
}

enum err action_brokered_ack(struct session *s, const struct right_record *r)
{
    struct attachment_ack args = { .points_count = 1, .points = { { r->release, r->wrap_index } } };
    struct session_tx t;
    struct bytes wire;
    session_draw(s, METHOD_ATTACHMENT_ACK, &t);
    TRY(attachment_ack_encode(&args, &s->arena, &wire));
    enum err e = session_do(s, &t, wire);
    return e == ERR_DUPLICATE ? ERR_NONE : e;
}
