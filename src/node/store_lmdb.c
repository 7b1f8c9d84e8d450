#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/store_internal.h"

struct kv {
    MDB_env *env;
    MDB_txn *pinned; /* NULL: none */
    MDB_txn *txn;    /* NULL after a failure: nothing moves any more */
    uint32_t count;
    MDB_dbi table[STORE_TABLES_MAX];
};

static enum err kv_error(int rc)
{
    if (rc == MDB_NOTFOUND) {
        return ERR_NOT_FOUND;
    }
    if (rc == ENOSPC || rc == EDQUOT || rc == MDB_MAP_FULL) {
        return ERR_DISK_FULL;
    }
    return rc == MDB_CORRUPTED || rc == MDB_PAGE_NOTFOUND || rc == MDB_INVALID ||
                   rc == MDB_VERSION_MISMATCH
               ? ERR_CORRUPT
               : ERR_FAILED;
}

static MDB_val to_val(struct bytes x)
{
    /* LMDB takes void * for what it only reads. */
    union {
        const uint8_t *in;
        void *out;
    } p = { x.ptr };
    return (MDB_val){ x.len, p.out };
}

/* Open tables need a transaction of their own before their handles last. */
static enum err open_tables(struct kv *kv, const char *const *tables)
{
    int rc = mdb_txn_begin(kv->env, NULL, 0, &kv->txn);
    for (uint32_t i = 0; rc == 0 && i < kv->count; i++) {
        rc = mdb_dbi_open(kv->txn, tables[i], MDB_CREATE, &kv->table[i]);
    }
    if (rc == 0) {
        rc = mdb_txn_commit(kv->txn);
        kv->txn = NULL;
    }
    if (rc == 0) {
        rc = mdb_txn_begin(kv->env, NULL, 0, &kv->txn);
    }
    return rc == 0 ? ERR_NONE : kv_error(rc);
}

/* LMDB writes its two first pages without a sync: power that fails then leaves a file that is none.
 * One that is no longer than that has never held a value. */
static void forget_unbegun(const char *folder)
{
    char path[4096];
    struct stat st;
    int n = snprintf(path, sizeof path, "%s/data.mdb", folder);
    if (n > 0 && (size_t)n < sizeof path && stat(path, &st) == 0 &&
        st.st_size <= 2 * sysconf(_SC_PAGESIZE)) {
        (void)unlink(path);
    }
}

enum err kv_open(const char *folder, const char *const *tables, uint32_t count, size_t map_size,
                 struct kv **out)
{
    ASSERT(count <= STORE_TABLES_MAX);
    struct kv *kv = calloc(1, sizeof *kv);
    if (kv == NULL) {
        return ERR_FAILED;
    }
    kv->count = count;
    forget_unbegun(folder);
    int rc = mdb_env_create(&kv->env);
    if (rc == 0) {
        rc = mdb_env_set_maxdbs(kv->env, count);
    }
    if (rc == 0) {
        rc = mdb_env_set_mapsize(kv->env, map_size);
    }
    if (rc == 0) {
        rc = mdb_env_open(kv->env, folder, MDB_NOTLS | MDB_NORDAHEAD, 0600);
    }
    if (rc == 0) {
        rc = mdb_env_sync(kv->env, 1); /* the first pages before anything that relies on them */
    }
    enum err e = rc == 0 ? open_tables(kv, tables) : kv_error(rc);
    if (e != ERR_NONE) {
        kv_close(kv);
        return e;
    }
    *out = kv;
    return ERR_NONE;
}

void kv_close(struct kv *kv)
{
    if (kv == NULL) {
        return;
    }
    kv_unpin(kv);
    if (kv->txn != NULL) {
        mdb_txn_abort(kv->txn);
    }
    if (kv->env != NULL) {
        mdb_env_close(kv->env);
    }
    free(kv);
}

enum err kv_get(struct kv *kv, uint32_t table, struct bytes key, struct bytes *value)
{
    MDB_val k = to_val(key), v;
    if (kv->txn == NULL) {
        return ERR_FAILED;
    }
    int rc = mdb_get(kv->txn, kv->table[table], &k, &v);
    if (rc != 0) {
        return kv_error(rc);
    }
    *value = bytes_of(v.mv_data, v.mv_size);
    return ERR_NONE;
}

/* A transaction that failed half-way may hold half a change: it must never be marked. */
static enum err changed(struct kv *kv, int rc)
{
    if (rc == 0) {
        return ERR_NONE;
    }
    mdb_txn_abort(kv->txn);
    kv->txn = NULL;
    return kv_error(rc);
}

enum err kv_put(struct kv *kv, uint32_t table, struct bytes key, struct bytes value)
{
    MDB_val k = to_val(key), v = to_val(value);
    if (kv->txn == NULL) {
        return ERR_FAILED;
    }
    ASSERT(key.len > 0 && key.len <= STORE_KEY_SIZE_MAX);
    return changed(kv, mdb_put(kv->txn, kv->table[table], &k, &v, 0));
}

enum err kv_del(struct kv *kv, uint32_t table, struct bytes key)
{
    MDB_val k = to_val(key);
    if (kv->txn == NULL) {
        return ERR_FAILED;
    }
    int rc = mdb_del(kv->txn, kv->table[table], &k, NULL);
    return rc == MDB_NOTFOUND ? ERR_NONE : changed(kv, rc);
}

enum err kv_mark(struct kv *kv)
{
    if (kv->txn == NULL) {
        return ERR_FAILED;
    }
    int rc = mdb_txn_commit(kv->txn);
    kv->txn = NULL;
    if (rc != 0) {
        return kv_error(rc);
    }
    rc = mdb_txn_begin(kv->env, NULL, 0, &kv->txn);
    if (rc != 0) {
        kv->txn = NULL;
        return kv_error(rc);
    }
    return ERR_NONE;
}

static enum err each(MDB_txn *txn, MDB_dbi table, struct bytes from, kv_visit *visit, void *user)
{
    MDB_cursor *cursor = NULL;
    MDB_val k = to_val(from), v;
    if (txn == NULL) {
        return ERR_FAILED;
    }
    int rc = mdb_cursor_open(txn, table, &cursor);
    if (rc != 0) {
        return kv_error(rc);
    }
    enum err e = ERR_NONE;
    bool more = true;
    rc = mdb_cursor_get(cursor, &k, &v, from.len == 0 ? MDB_FIRST : MDB_SET_RANGE);
    while (rc == 0 && more && e == ERR_NONE) {
        e = visit(user, bytes_of(k.mv_data, k.mv_size), bytes_of(v.mv_data, v.mv_size), &more);
        rc = more && e == ERR_NONE ? mdb_cursor_get(cursor, &k, &v, MDB_NEXT) : rc;
    }
    mdb_cursor_close(cursor);
    if (e == ERR_NONE && rc != 0 && rc != MDB_NOTFOUND) {
        e = kv_error(rc);
    }
    return e;
}

enum err kv_each(struct kv *kv, uint32_t table, struct bytes from, kv_visit *visit, void *user)
{
    return each(kv->txn, kv->table[table], from, visit, user);
}

enum err kv_clear(struct kv *kv, uint32_t table)
{
    return kv->txn == NULL ? ERR_FAILED : changed(kv, mdb_drop(kv->txn, kv->table[table], 0));
}

enum err kv_pin(struct kv *kv)
{
    kv_unpin(kv);
    int rc = mdb_txn_begin(kv->env, NULL, MDB_RDONLY, &kv->pinned);
    if (rc != 0) {
        kv->pinned = NULL;
        return kv_error(rc);
    }
    return ERR_NONE;
}

void kv_unpin(struct kv *kv)
{
    if (kv->pinned != NULL) {
        mdb_txn_abort(kv->pinned);
        kv->pinned = NULL;
    }
}

enum err kv_pinned_get(struct kv *kv, uint32_t table, struct bytes key, struct bytes *value)
{
    MDB_val k = to_val(key), v;
    if (kv->pinned == NULL) {
        return ERR_FAILED;
    }
    int rc = mdb_get(kv->pinned, kv->table[table], &k, &v);
    if (rc != 0) {
        return kv_error(rc);
    }
    *value = bytes_of(v.mv_data, v.mv_size);
    return ERR_NONE;
}

enum err kv_pinned_each(struct kv *kv, uint32_t table, struct bytes from, kv_visit *visit,
                        void *user)
{
    return each(kv->pinned, kv->table[table], from, visit, user);
}
