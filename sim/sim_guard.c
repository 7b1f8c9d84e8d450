#include <signal.h>
#include <sys/mman.h>

#include "sim/sim_parts_internal.h"

/* Nodes share no mutable object. Each node's arena lies on pages of its own, and in one seed of
 * fifty these can only be read while another node steps: who writes there all the same is caught by
 * the machine, at the very write. */

/* The one thing that is not the world's: a signal handler is told an address and nothing else. */
static struct {
    struct world *world;
    struct sigaction before;
    volatile sig_atomic_t owner, stepping; /* 1 + slots: whose memory, written by whom */
} guard;

/* Closing and opening costs by the page: huge ones, where the system has them. */
enum { HUGE_PAGE = 2 * 1024 * 1024 };

enum err sim_home_open(struct sim_node *n, size_t memory_size, bool huge)
{
    size_t fixed = (sizeof(struct sim_home) + 63) / 64 * 64, law = SIM_LAW_CACHE;
    size_t size = (fixed + law + memory_size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    uint8_t *p =
        mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        return ERR_NO_SPACE;
    }
    n->mapping = p;
    n->mapping_size = size + HUGE_PAGE;
    p += (HUGE_PAGE - (uintptr_t)p % HUGE_PAGE) % HUGE_PAGE;
    if (huge) {
        (void)madvise(p, size, MADV_HUGEPAGE);
    }
    n->home = (struct sim_home *)(void *)p;
    n->home_size = size;
    n->law_memory = p + fixed;
    n->memory = p + fixed + law;
    n->memory_size = memory_size;
    return ERR_NONE;
}

void sim_home_close(struct sim_node *n)
{
    if (n->mapping != NULL) {
        (void)munmap(n->mapping, n->mapping_size);
        n->mapping = NULL;
        n->home = NULL;
    }
}

static void protect(const struct sim_node *n, int how)
{
    int rc = mprotect(n->home, n->home_size, how);
    ASSERT(rc == 0);
}

/* The write is let through, so that the run ends in words; sim_guard_look says what happened. */
static void on_write(int number, siginfo_t *info, void *context)
{
    const uint8_t *at = info->si_addr;
    struct world *w = guard.world;
    (void)context;
    for (uint32_t i = 0; w != NULL && i < w->slots; i++) {
        const uint8_t *home = (const uint8_t *)w->node[i].home;
        if (home != NULL && at >= home && at < home + w->node[i].home_size) {
            guard.owner = (sig_atomic_t)(1 + i);
            guard.stepping = w->open == NULL ? 0 : (sig_atomic_t)(1 + w->open->slot);
            (void)mprotect(w->node[i].home, w->node[i].home_size, PROT_READ | PROT_WRITE);
            return;
        }
    }
    (void)sigaction(number, &guard.before, NULL); /* not ours: it happens again, and is told */
}

bool sim_guard_open(struct world *w)
{
    struct sigaction act = { .sa_sigaction = on_write, .sa_flags = SA_SIGINFO };
    if (!sim_guarded(w->options.seed)) {
        return false;
    }
    ASSERT(guard.world == NULL);
    (void)sigemptyset(&act.sa_mask);
    int rc = sigaction(SIGSEGV, &act, &guard.before);
    ASSERT(rc == 0);
    guard.world = w;
    guard.owner = guard.stepping = 0;
    for (uint32_t i = 0; i < w->slots; i++) {
        protect(&w->node[i], PROT_READ);
    }
    return true;
}

void sim_guard_close(struct world *w)
{
    for (uint32_t i = 0; w->guarded && i < w->slots; i++) {
        protect(&w->node[i], PROT_READ | PROT_WRITE);
    }
    if (w->guarded) {
        w->guarded = false;
        guard.world = NULL;
        (void)sigaction(SIGSEGV, &guard.before, NULL);
    }
}

/* The one that stepped last stays open until another does: that is all the rule asks, at half the
 * cost. */
static void open_only(struct world *w, struct sim_node *n)
{
    if (w->guarded && w->open != n) {
        if (w->open != NULL) {
            protect(w->open, PROT_READ);
        }
        w->open = n;
        protect(n, PROT_READ | PROT_WRITE);
    }
}

struct sim_node *sim_enter(struct world *w, struct sim_node *n)
{
    struct sim_node *before = w->stepping;
    open_only(w, n);
    w->stepping = n;
    return before;
}

void sim_leave(struct world *w, struct sim_node *before)
{
    if (before != NULL) {
        open_only(w, before);
    }
    w->stepping = before;
}

/* Invariant "isolation". */
void sim_guard_look(struct world *w)
{
    if (w->guarded && guard.owner > 0) {
        sim_violation(w, SIM_ISOLATION, "memory of n%u is written while n%u steps",
                      w->node[guard.owner - 1].index,
                      guard.stepping > 0 ? w->node[guard.stepping - 1].index : UINT32_MAX);
        struct sim_node *owner = &w->node[guard.owner - 1];
        protect(owner, PROT_READ);
        w->open = w->open == owner ? NULL : w->open;
        guard.owner = 0;
    }
}
