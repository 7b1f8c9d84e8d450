/* Files and requests: keys, certificates, API paths and headers, templates, tables, reports. */
#include <stdlib.h>

#include "api/auth_internal.h"
#include "api/route_internal.h"
#include "audit/audit.h"
#include "crypto/keyfile.h"
#include "data/data.h"
#include "fuzz/fuzz.h"
#include "fuzz/scene.h"
#include "tests/pki.h"

enum { DATA_ROOM = 48 << 20, CHEAP_AT = 13, HEAD_SIZE = 61 };

/* Argon2id at the least cost, where the header's limits are lawful: thousands of tries a second. */
static void keyfile(struct bytes in)
{
    uint8_t file[KEYFILE_SIZE_MAX], plain[KEYFILE_PLAIN_SIZE_MAX];
    size_t len = 77;
    if (in.len > 0) {
        memcpy(file, in.ptr, in.len);
    }
    struct reader r = reader_over(in);
    (void)reader_take(&r, CHEAP_AT);
    uint32_t ops = reader_u32(&r), mem = reader_u32(&r);
    if (ops >= 1 && ops <= KEYFILE_OPS_MAX && mem >= 8 && mem <= KEYFILE_MEM_KIB_MAX) {
        struct buf cheap = buf_over(file + CHEAP_AT, 8);
        buf_put_u32(&cheap, 1);
        buf_put_u32(&cheap, 8);
    }
    enum err e = keyfile_open(KEYFILE_KIND_PARTICIPANT, bytes_of_str("pass"),
                              bytes_of(file, in.len), plain, sizeof plain, &len);
    ASSERT(e != ERR_NONE); /* nobody guesses a passphrase */
    ASSERT(len == 77);
}

static struct pki *pki(void)
{
    static struct pki *made;
    if (made == NULL) {
        made = calloc(1, sizeof *made);
        ASSERT(made != NULL);
        pki_open(made, 3, PKI_NOW_MS);
    }
    return made;
}

/* A certificate that is believed names a participant. Its bytes differ from run to run, because
 * ECDSA draws a number, so they are not compared. */
static void certificate(struct bytes in)
{
    const struct pki *p = pki();
    uint32_t who = 77;
    enum identity_verdict why = IDENTITY_OK;
    if (identity_check(p->trust, in, NULL, PKI_NOW_MS, &who, &why) == ERR_NONE) {
        ASSERT(who < PKI_NODES);
        ASSERT(why == IDENTITY_OK);
    } else {
        ASSERT(why != IDENTITY_OK);
    }
}

static void pem(struct bytes in)
{
    static uint8_t der[IDENTITY_PEM_SIZE_MAX], again[IDENTITY_PEM_SIZE_MAX];
    struct buf out = buf_over(der, sizeof der), twice = buf_over(again, sizeof again);
    if (identity_pem_read(in, &out) == ERR_NONE) {
        enum err e = identity_pem(buf_bytes(&out), &twice);
        ASSERT(e == ERR_NONE || e == ERR_SIZE);
    }
}

static void private_key(struct bytes in)
{
    static uint8_t spki[IDENTITY_KEY_SIZE_MAX];
    struct buf out = buf_over(spki, sizeof spki);
    if (identity_key_public(in, &out) == ERR_NONE) {
        ASSERT(out.len > 0);
    }
}

/* Some method and a target: the first byte chooses. */
static void route(struct bytes in)
{
    static const char *const METHODS[] = { "GET", "POST", "PUT", "DELETE" };
    if (in.len == 0) {
        return;
    }
    size_t count;
    const struct api_route *table = api_routes(&count);
    char *target = fuzz_text(bytes_of(in.ptr + 1, in.len - 1));
    struct api_match m;
    memset(&m, 0, sizeof m);
    if (api_route_match(table, count, METHODS[in.ptr[0] % COUNT(METHODS)], target, &m) ==
        ERR_NONE) {
        ASSERT(m.route != NULL);
        ASSERT(m.args.key_len <= sizeof m.args.key);
    }
    free(target);
}

static void auth(struct bytes in)
{
    struct auth_claim c, untouched;
    memset(&c, FUZZ_UNTOUCHED, sizeof c);
    memset(&untouched, FUZZ_UNTOUCHED, sizeof untouched);
    if (auth_read(suite_intl(), (const char *)in.ptr, in.len, &c) == ERR_NONE) {
        ASSERT(c.signature_len == suite_intl()->signature_size);
    } else {
        ASSERT(memcmp(&c, &untouched, sizeof c) == 0);
    }
}

static void template_file(struct bytes in)
{
    struct template_ *t = NULL;
    char why[CSV_WHY_SIZE] = "";
    if (template_read(in, &t, why) == ERR_NONE) {
        struct hash h;
        template_hash(suite_intl(), t, &h);
        ASSERT(template_name(t) != NULL);
        template_free(t);
    } else {
        ASSERT(t == NULL);
        ASSERT(why[0] != '\0');
    }
}

/* What cannot be profiled is refused with a reason. */
static void profile(struct bytes in)
{
    static struct profile *p, *again;
    if (p == NULL) {
        p = malloc(sizeof *p);
        again = malloc(sizeof *again);
        ASSERT(p != NULL);
        ASSERT(again != NULL);
    }
    struct arena *a = fuzz_arena(), scratch;
    char why[CSV_WHY_SIZE] = "";
    enum err e = arena_split(a, DATA_ROOM, &scratch);
    ASSERT(e == ERR_NONE);
    if (data_profile(in, scratch, p, why) != ERR_NONE) {
        ASSERT(why[0] != '\0');
        return;
    }
    ASSERT(p->columns > 0);
}

/* Nobody here signs a report, so that none may be believed. */
static void report(struct bytes in)
{
    static struct audit_result result;
    enum err e = audit_verify(in, scene()->f->genesis.wire, &result);
    ASSERT(e == ERR_NONE || e == ERR_NO_SPACE);
    ASSERT(!result.ok);
}

static void seed_keyfile(void)
{
    uint8_t file[HEAD_SIZE + 80] = "carnet-key/1";
    file[12] = KEYFILE_KIND_PARTICIPANT;
    file[16] = 1;
    file[20] = 8;
    fuzz_seed(bytes_of(file, sizeof file));
}

static void seed_certificate(void)
{
    fuzz_seed(der_bytes(&pki()->cert[0]));
    fuzz_seed(der_bytes(&pki()->ca));
}

static void seed_pem(void)
{
    fuzz_seed(der_bytes(&pki()->ca_pem));
}

static void seed_private_key(void)
{
    fuzz_seed(der_bytes(&pki()->ca_key));
}

static void seed_route(void)
{
#define ID "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
    static const char *const TARGETS[] = {
        "/v1/status",
        "/v1/tx/" ID "?wait_ms=100",
        "/v1/state/2/" ID "/proof",
        "/v1/blocks/7",
        "/v1/events?subject=" ID "&from=1&max=10",
        "/v1/seals/" ID "/chunks/3",
    };
#undef ID
    for (size_t i = 0; i < COUNT(TARGETS); i++) {
        fuzz_seed_kind(0, bytes_of_str(TARGETS[i]));
    }
}

static void seed_auth(void)
{
    uint8_t raw[HASH_SIZE + 4 + 8 + 64] = { 1, 2, 3 };
    char text[BASE64URL_SIZE(sizeof raw) + 1];
    base64url_encode(bytes_of(raw, sizeof raw), text);
    fuzz_seed(bytes_of_str(text));
}

static void seed_template(void)
{
    fuzz_seed_file("templates/ecommerce.json");
}

static void seed_profile(void)
{
    fuzz_seed(bytes_of_str("InvoiceNo;Price;CustomerID;mail\r\n1;2,5;17850;a@b.de\r\n"
                           "C2;1.234,5;;\"x\"\"y\"\r\n"));
    fuzz_seed(bytes_of_str("id,date,iban\n1,2026-01-02,DE89370400440532013000\n"));
}

static void seed_report(void)
{
    fuzz_seed(bytes_of_str(
        "{\"body\":{\"attachments\":[],\"checked\":{\"proofs\":0,\"receipts\":0,\"signatures\":0},"
        "\"header\":\"AA\",\"height\":2,\"locks\":[],\"made\":\"2026-11-20T08:00:00.000Z\","
        "\"reporter\":{\"did\":\"00\",\"record\":\"AA\"},\"rights\":[],\"space\":\"00\","
        "\"statements\":[],\"tokens\":[],\"transactions\":[],\"version\":1},"
        "\"signature\":{\"did\":\"00\",\"key\":1,\"value\":\"AA\"}}\n"));
}

static const struct fuzz_target ROWS[] = {
    { "keyfile", KEYFILE_SIZE_MAX, keyfile, seed_keyfile },
    { "certificate-x509", IDENTITY_CERT_SIZE_MAX, certificate, seed_certificate },
    { "pem", IDENTITY_PEM_SIZE_MAX, pem, seed_pem },
    { "private-key", IDENTITY_KEY_SIZE_MAX, private_key, seed_private_key },
    { "api-route", API_TARGET_SIZE_MAX + 64, route, seed_route },
    { "api-auth", 512, auth, seed_auth },
    { "template", 8192, template_file, seed_template },
    { "table", 4096, profile, seed_profile },
    { "audit-report", 8192, report, seed_report },
};
const struct fuzz_family FUZZ_SHELL = { ROWS, COUNT(ROWS) };
