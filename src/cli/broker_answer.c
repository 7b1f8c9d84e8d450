#include <signal.h>
#include <string.h>

#include "cli/broker_internal.h"

/* One use being answered: the machine, and the bytes that its effects are about. */
struct work {
    struct broker_run *run;
    struct broker machine;
    struct broker_answer answer;
    struct right_record right;
    struct session_tx tx;
};

static struct broker_recent *recent_of(struct broker_run *b, const struct hash *right)
{
    for (uint32_t i = 0; i < BROKER_RECENT_MAX; i++) {
        if (hash_equal(&b->recent[i].right, right)) {
            return &b->recent[i];
        }
    }
    struct broker_recent *r = &b->recent[b->recent_next];
    b->recent_next = (b->recent_next + 1) % BROKER_RECENT_MAX;
    *r = (struct broker_recent){ .right = *right };
    return r;
}

/* For tests/broker_outside.sh: the one honest way to be killed at a point is to be killed there. */
static void point(struct broker_run *b, const char *name)
{
    if (b->stop_at != NULL && strcmp(b->stop_at, name) == 0) {
        raise(SIGKILL);
    }
}

/* The wrap and RELEASE, made once and kept before anybody hears of them. */
static enum err store(struct work *w)
{
    struct session *s = w->run->session;
    struct bytes wrap, args;
    struct right_release release = { .right = w->right.right, .use = w->machine.use };
    struct broker_answer *a = &w->answer;
    session_draw(s, METHOD_RIGHT_RELEASE, &w->tx);
    TRY(action_content_wrap(s, &w->right, release.use, &wrap));
    TRY(action_attach_keep(s, &w->tx, ATTACHMENT_WRAP, MEDIA_CONTENT_WRAP, wrap, &w->right.holder,
                           1, &release.wrap, &a->sealed));
    TRY(right_release_encode(&release, &s->arena, &args));
    TRY(session_sign(s, &w->tx, args));
    a->right = release.right;
    a->use = release.use;
    a->until_ms = w->machine.until_ms;
    a->window_ms = w->tx.body.valid_until_ms;
    a->tx = w->tx.id;
    a->wire = w->tx.wire;
    TRY(broker_file_write(s, a));
    point(w->run, "stored");
    return ERR_NONE;
}

/* To the own node alone, which pushes it and serves it, because RELEASE stands in a block. */
static enum err hand_over(struct work *w)
{
    struct broker_run *b = w->run;
    struct session_reply reply;
    struct broker_recent *r = recent_of(b, &w->answer.right);
    uint64_t now = session_now_ms();
    point(b, "committed");
    if (now < r->delivered_ms + BROKER_AGAIN_MS) {
        return ERR_NONE;
    }
    TRY(session_request_own(b->session, "PUT", "/v1/attachments", w->answer.sealed, &reply));
    if (r->delivered_ms == 0) {
        broker_say(b, "delivered", &w->answer, NULL);
        b->delivered++;
    }
    r->delivered_ms = now;
    return ERR_NONE;
}

/* A pool that finds its window over takes it no more; the ledger says when no block can. */
static enum err submit(struct work *w)
{
    w->run->open++;
    enum err e = session_submit(w->run->session, w->answer.wire);
    if (e == ERR_STALE) {
        return ERR_NONE;
    }
    TRY(e);
    bool first = w->answer.wire.ptr == w->tx.wire.ptr;
    broker_say(w->run, first ? "sent" : "sent_again", &w->answer, NULL);
    point(w->run, "sent");
    return ERR_NONE;
}

static enum err block_time(struct session *s, uint64_t *out)
{
    const char *text;
    json_t *j;
    TRY(session_get_json(s, "/v1/status", &j));
    enum err e = json_get_str(j, "time", &text);
    e = e == ERR_NONE ? clock_parse(text, out) : e;
    json_free(j);
    return e;
}

static void told(struct work *w, enum broker_event_kind kind)
{
    struct broker_run *b = w->run;
    struct broker_recent *r = recent_of(b, &w->answer.right);
    if (kind == BROKER_COMMITTED && r->until_ms != w->answer.until_ms) {
        broker_say(b, "released", &w->answer, NULL);
        b->released++;
        *r = (struct broker_recent){ .right = w->answer.right, .until_ms = w->answer.until_ms };
    } else if (kind == BROKER_REFUSED) {
        broker_say(b, "refused", &w->answer, receipt_name(w->tx.status));
        b->refused++;
        r->refused_ms = session_now_ms();
    }
}

/* What the ledger says of the stored RELEASE. Block time is asked first: a receipt that came
 * between the two questions is then found, and never taken for one that will not come. */
static enum err ask(struct work *w, struct broker_event *next)
{
    struct session *s = w->run->session;
    uint64_t now;
    TRY(block_time(s, &now));
    w->tx.id = w->answer.tx;
    enum err e = session_receipt(s, &w->tx);
    if (e == ERR_NOT_FOUND) {
        *next = (struct broker_event){ .kind = BROKER_UNKNOWN, .now_ms = now };
        return ERR_NONE;
    }
    TRY(e);
    bool good = w->tx.status == RECEIPT_OK;
    *next = (struct broker_event){ .kind = good ? BROKER_COMMITTED : BROKER_REFUSED };
    told(w, next->kind);
    return ERR_NONE;
}

/* Effects in their order; at most one of them brings the next event. */
static enum err carry_out(struct work *w, const struct broker_effects *out,
                          struct broker_event *next, bool *more)
{
    *more = false;
    for (uint32_t i = 0; i < out->count; i++) {
        switch (out->effect[i]) {
        case BROKER_STORE:
            TRY(store(w));
            *next =
                (struct broker_event){ .kind = BROKER_STORED, .window_ms = w->answer.window_ms };
            *more = true;
            break;
        case BROKER_SUBMIT:
            TRY(submit(w));
            break;
        case BROKER_ASK:
            TRY(ask(w, next));
            *more = true;
            break;
        case BROKER_DELIVER:
            TRY(hand_over(w));
            break;
        case BROKER_FORGET:
            TRY(broker_file_remove(w->run->session, &w->answer.right));
            break;
        }
    }
    return ERR_NONE;
}

static enum err feed(struct work *w, struct broker_event ev)
{
    bool more = true;
    while (more) {
        struct broker_effects out;
        TRY(broker_step(&w->machine, &ev, &out));
        TRY(carry_out(w, &out, &ev, &more));
    }
    return ERR_NONE;
}

static enum err right_of(struct session *s, const struct hash *id, struct right_record *out)
{
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    hex_encode(bytes_of_hash(id), hex);
    return action_right(s, hex, out);
}

/* The holder's word on the wrap of this answer: the RELEASE has one attachment. */
static enum err was_answered(struct session *s, const struct broker_answer *a, bool *out)
{
    struct contract_key key = contract_key_attachment(&a->tx, 0);
    struct attachment_record r;
    struct bytes value;
    TRY(session_state(s, key.contract, contract_key_bytes(&key), &value));
    TRY(attachment_record_decode(value, &s->arena, &r));
    *out = r.acked_count > 0 || r.rejected_count > 0;
    return ERR_NONE;
}

/* Every pass begins as after a crash: from the disk. There is no other way through this code, so
 * the way after a crash is the one that is always taken. */
enum err broker_take_up(struct broker_run *b, const struct hash *right)
{
    struct work w = { .run = b };
    bool answered;
    TRY(broker_file_read(b->session, right, &w.answer));
    TRY(feed(&w, (struct broker_event){ .kind = BROKER_RESTARTED,
                                        .durable = true,
                                        .use = w.answer.use,
                                        .until_ms = w.answer.until_ms,
                                        .window_ms = w.answer.window_ms }));
    if (w.machine.state != BROKER_RELEASED) {
        return ERR_NONE;
    }
    TRY(was_answered(b->session, &w.answer, &answered));
    if (!answered) {
        return ERR_NONE;
    }
    broker_say(b, "answered", &w.answer, NULL);
    return feed(&w, (struct broker_event){ .kind = BROKER_ANSWERED });
}

/* A token that is frozen or a right that ended would refuse RELEASE: then none is made. */
static enum err may_be_used(struct session *s, const struct right_record *r, bool *out)
{
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    struct token_record t;
    hex_encode(bytes_of_hash(&r->token), hex);
    TRY(action_token(s, hex, &t));
    *out = t.state == TOKEN_ACTIVE && r->state == RIGHT_ACTIVE;
    return ERR_NONE;
}

enum err broker_begin(struct broker_run *b, const struct hash *right, uint32_t use,
                      uint64_t until_ms)
{
    struct work w = { .run = b };
    struct session *s = b->session;
    struct broker_answer at_work;
    bool usable;
    uint64_t now = session_now_ms();
    enum err e = broker_file_read(s, right, &at_work);
    if (e != ERR_NOT_FOUND) {
        b->open += e == ERR_NONE ? 1 : 0;
        return e; /* one answer a right: it is taken up with the next pass */
    }
    TRY(right_of(s, right, &w.right));
    TRY(may_be_used(s, &w.right, &usable));
    if (!usable || now >= until_ms || now < recent_of(b, right)->refused_ms + BROKER_AGAIN_MS) {
        return ERR_NONE;
    }
    w.answer.right = *right;
    w.answer.use = use;
    broker_say(b, "pending", &w.answer, NULL);
    return feed(&w, (struct broker_event){
                        .kind = BROKER_PENDING, .use = use, .until_ms = until_ms, .now_ms = now });
}
