#include "sim/sim.h"

#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/actions_internal.h"
#include "ledger/genesis.h"
#include "policy/compile/policy_compile.h"

/* `carnet sim`: runs seeds and shows what came of them. */

enum { SEEDS_MAX = 100000, JOBS_MAX = 64 };

struct sim_request {
    struct sim_options options;
    uint64_t count, jobs;
    bool transcript, drawn, steps_given;
    struct policy_compiled law;
};

/* At once: when an assertion ends the process, the lines before it are what one wants to read. */
static void print_line(void *ctx, const char *line)
{
    fprintf(ctx, "%s\n", line);
    (void)fflush(ctx);
}

/* Law is data: with a directory of rule packs tokens and rights are traded too. */
static enum err read_law(struct cli *c, struct sim_request *q)
{
    const char *dir = cli_option(c, "--rules");
    char why[POLICY_WHY_SIZE] = "";
    if (dir == NULL) {
        return ERR_NONE;
    }
    enum err e = policy_compile_dir(dir, suite_intl(), &q->law, why);
    if (e != ERR_NONE) {
        return cli_fail(c, e, dir, "%s", why[0] != '\0' ? why : err_text(e));
    }
    q->options.pack_set = bytes_of(q->law.set, q->law.set_len);
    return ERR_NONE;
}

static enum err parse_request(struct cli *c, struct sim_request *q)
{
    uint64_t nodes = 0, steps = 0;
    const char *faults = cli_option(c, "--faults");
    *q = (struct sim_request){ .transcript = cli_flag(c, "--transcript"),
                               .drawn = cli_flag(c, "--drawn"),
                               .steps_given = cli_option(c, "--steps") != NULL };
    TRY(cli_number(c, "--seed", 0, UINT64_MAX / 4, 1, &q->options.seed));
    TRY(cli_number(c, "--nodes", 1, SIM_NODES_MAX, 4, &nodes));
    TRY(cli_number(c, "--steps", 1, SIM_STEPS_MAX, SIM_STEPS_DEFAULT, &steps));
    TRY(cli_number(c, "--seeds", 1, SEEDS_MAX, 1, &q->count));
    TRY(cli_number(c, "--jobs", 1, JOBS_MAX, 1, &q->jobs));
    TRY(cli_number(c, "--kill-primary", 0, 600000, 0, &q->options.kill_primary_ms));
    TRY(cli_number(c, "--lose-votes", 0, 600000, 0, &q->options.lose_votes_ms));
    q->options.nodes = (uint32_t)nodes;
    q->options.steps = (uint32_t)steps;
    if (faults != NULL) {
        enum err e = sim_faults_parse(faults, &q->options.faults, &q->options.liars);
        if (e != ERR_NONE) {
            cli_hint(
                c, "faults: drop, delay, partition, crash, disk, duplicate, reorder, oneway, deaf, "
                   "skew, torn, slow, lost, misdirect, restore, wipe, prune, false_sync, lonely, "
                   "members, flood, byzantine:F");
            return cli_fail(c, e, faults, "no such fault");
        }
    }
    if (q->options.liars > committee_faulty_max(q->options.nodes)) {
        return cli_fail(c, ERR_USAGE, faults, "of %u nodes at most %u may be byzantine",
                        q->options.nodes, committee_faulty_max(q->options.nodes));
    }
    if ((q->options.faults & SIM_AMONG_F) != 0 &&
        q->options.liars == committee_faulty_max(q->options.nodes)) {
        return cli_fail(c, ERR_USAGE, faults,
                        "lost, misdirect, restore and wipe take one of the %u that may be faulty "
                        "of %u nodes",
                        q->options.liars, q->options.nodes);
    }
    if (q->drawn && (faults != NULL || cli_option(c, "--nodes") != NULL)) {
        return cli_fail(c, ERR_USAGE, "--drawn", "nodes and faults are the seed's own then");
    }
    if (q->drawn && cli_option(c, "--rules") == NULL) {
        return cli_fail(c, ERR_USAGE, "--drawn",
                        "one drawn seed in three trades under a law: --rules says which");
    }
    TRY(read_law(c, q));
    if (q->transcript && q->count > 1) {
        return cli_fail(c, ERR_USAGE, "--transcript", "is of one seed");
    }
    return ERR_NONE;
}

static json_t *json_of(const struct sim_result *r, uint32_t cpu)
{
    json_t *o = json_new_object(), *violations = json_new_array(), *delivered = json_new_object();
    json_t *asked = json_new_array();
    for (uint32_t i = 0; i < r->violation_count && i < SIM_VIOLATIONS_MAX; i++) {
        json_push(violations, json_new_str(r->violation[i]));
    }
    for (uint32_t f = 0; f < SIM_FAULT_END; f++) {
        json_put(delivered, sim_fault_name((enum sim_fault)f),
                 json_new_int((int64_t)r->delivered[f]));
        if ((r->faults >> f & 1) != 0) {
            json_push(asked, json_new_str(sim_fault_name((enum sim_fault)f)));
        }
    }
    json_t *lies = json_new_object(), *broken = json_new_array();
    for (uint32_t l = 0; l < SIM_LIE_END; l++) {
        json_put(lies, sim_lie_name((enum sim_lie)l), json_new_int((int64_t)r->lies[l]));
    }
    for (uint32_t i = 0; i < SIM_INVARIANT_END; i++) {
        if ((r->broken >> i & 1) != 0) {
            json_push(broken, json_new_str(sim_invariant_name((enum sim_invariant)i)));
        }
    }
    json_put(o, "ok", json_new_bool(r->ok));
    json_put(o, "seed", json_new_u64(r->seed));
    json_put(o, "nodes", json_new_int(r->nodes));
    json_put(o, "liars", json_new_int(r->liars));
    json_put(o, "asked", asked);
    json_put(o, "orders", json_new_int(r->orders));
    json_put(o, "cpu_ms", json_new_int(cpu));
    json_put(o, "trace_hash", json_new_hash(&r->trace_hash));
    json_put(o, "height", json_new_int((int64_t)r->height));
    json_put(o, "view_changes", json_new_int(r->view_changes));
    json_put(o, "suite", json_new_int(r->suite));
    json_put(o, "transactions", json_new_int((int64_t)r->txs));
    json_put(o, "applied", json_new_int((int64_t)r->applied));
    json_put(o, "settled", json_new_int((int64_t)r->settled));
    json_put(o, "refunded", json_new_int((int64_t)r->refunded));
    json_put(o, "steps", json_new_int((int64_t)r->steps));
    json_put(o, "virtual_ms", json_new_int((int64_t)r->virtual_ms));
    json_put(o, "snapshots", json_new_int(r->snapshots));
    json_put(o, "logs", json_new_int(r->logs));
    json_put(o, "guarded", json_new_bool(r->guarded));
    json_put(o, "law", json_new_bool(r->law));
    json_put(o, "released", json_new_int((int64_t)r->released));
    json_put(o, "uses", json_new_int((int64_t)r->uses));
    json_put(o, "stops", json_new_int((int64_t)r->stops));
    json_put(o, "stopped", json_new_int((int64_t)r->stopped));
    json_put(o, "violations", violations);
    json_put(o, "broken", broken);
    json_put(o, "delivered", delivered);
    json_put(o, "lies", lies);
    json_put(o, "forged_votes", json_new_int((int64_t)r->forged[SIM_FORGED_VOTE]));
    json_put(o, "forged_changes", json_new_int((int64_t)r->forged[SIM_FORGED_CHANGE]));
    return o;
}

static const char *outcome_text(enum err e)
{
    return e == ERR_NONE          ? "ok"
           : e == ERR_INTEGRITY   ? "VIOLATION"
           : e == ERR_UNAVAILABLE ? "a requested fault was never delivered"
                                  : err_text(e);
}

static void print_text(struct cli *c, const struct sim_result *r, enum err e)
{
    fprintf(c->text,
            "seed %llu, %u nodes: %s, height %llu, %llu transactions, %u view changes, faults",
            (unsigned long long)r->seed, r->nodes, outcome_text(e), (unsigned long long)r->height,
            (unsigned long long)r->txs, r->view_changes);
    for (uint32_t f = 0; f < SIM_FAULT_END; f++) {
        if (r->delivered[f] > 0 || (r->faults >> f & 1) != 0) {
            fprintf(c->text, " %s %llu", sim_fault_name((enum sim_fault)f),
                    (unsigned long long)r->delivered[f]);
        }
    }
    for (uint32_t l = 0; l < SIM_LIE_END && r->liars > 0; l++) {
        fprintf(c->text, "%s %s %llu", l == 0 ? ", lies" : "", sim_lie_name((enum sim_lie)l),
                (unsigned long long)r->lies[l]);
    }
    fprintf(c->text, ", refused %llu forged votes and %llu forged view changes\n",
            (unsigned long long)r->forged[SIM_FORGED_VOTE],
            (unsigned long long)r->forged[SIM_FORGED_CHANGE]);
    if (r->violation_count > 0) {
        fprintf(c->text, "the last events of seed %llu:\n", (unsigned long long)r->seed);
        for (uint32_t i = 0; i < r->line_count; i++) {
            fprintf(c->text, "  %s\n", r->line[i]);
        }
        fprintf(c->text, "violations:\n");
        for (uint32_t i = 0; i < r->violation_count && i < SIM_VIOLATIONS_MAX; i++) {
            fprintf(c->text, "  %s\n", r->violation[i]);
        }
    }
}

struct outcome {
    enum err err;
    uint32_t cpu_ms;
    struct sim_result result;
};

static uint64_t cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void run_seed(const struct sim_request *q, uint64_t i, struct outcome *o)
{
    struct sim_options options = q->options;
    options.seed += i;
    if (q->drawn) {
        sim_draw(options.seed, &options);
        options.steps = q->steps_given ? q->options.steps : options.steps;
    }
    uint64_t began = cpu_ms();
    o->err = sim_run(&options, &o->result);
    o->cpu_ms = (uint32_t)(cpu_ms() - began);
}

/* One process runs every jobs-th seed and writes the outcomes in order. */
static void run_share(const struct sim_request *q, uint64_t share, int to)
{
    struct outcome o;
    for (uint64_t i = share; i < q->count; i += q->jobs) {
        run_seed(q, i, &o);
        const uint8_t *p = (const uint8_t *)&o;
        for (size_t done = 0; done < sizeof o;) {
            ssize_t n = write(to, p + done, sizeof o - done);
            if (n <= 0) {
                _exit(1);
            }
            done += (size_t)n;
        }
    }
    _exit(0);
}

static enum err start_jobs(struct cli *c, const struct sim_request *q, int from[JOBS_MAX])
{
    for (uint64_t j = 0; j < q->jobs; j++) {
        int ends[2];
        if (pipe(ends) != 0) {
            return cli_fail(c, ERR_FAILED, "--jobs", "no pipe");
        }
        pid_t child = fork();
        if (child < 0) {
            return cli_fail(c, ERR_FAILED, "--jobs", "no process");
        }
        if (child == 0) {
            close(ends[0]);
            run_share(q, j, ends[1]);
        }
        close(ends[1]);
        from[j] = ends[0];
    }
    return ERR_NONE;
}

static enum err read_outcome(struct cli *c, int from, struct outcome *o)
{
    uint8_t *p = (uint8_t *)o;
    for (size_t done = 0; done < sizeof *o;) {
        ssize_t n = read(from, p + done, sizeof *o - done);
        if (n <= 0) {
            return cli_fail(c, ERR_FAILED, "sim", "a job ended early");
        }
        done += (size_t)n;
    }
    return ERR_NONE;
}

static void tell(struct cli *c, const struct sim_request *q, const struct outcome *o, json_t *runs,
                 bool *ok)
{
    int code = err_exit_code(o->err);
    /* A violation outweighs a fault that was not delivered. */
    bool worse = code == 4 || (code != 0 && c->exit_code == 0);
    c->exit_code = worse ? code : c->exit_code;
    *ok = *ok && o->result.ok;
    print_text(c, &o->result, o->err);
    if (q->count == 1) {
        json_free(c->answer);
        c->answer = json_of(&o->result, o->cpu_ms);
    } else {
        json_push(runs, json_of(&o->result, o->cpu_ms));
    }
}

static enum err run_jobs(struct cli *c, const struct sim_request *q, json_t *runs, bool *ok)
{
    int from[JOBS_MAX] = { 0 };
    struct outcome o;
    TRY(start_jobs(c, q, from));
    for (uint64_t i = 0; i < q->count; i++) {
        TRY(read_outcome(c, from[i % q->jobs], &o));
        tell(c, q, &o, runs, ok);
    }
    for (uint64_t j = 0; j < q->jobs; j++) {
        close(from[j]);
        (void)wait(NULL);
    }
    return ERR_NONE;
}

static enum err run_here(struct cli *c, struct sim_request *q, json_t *runs, bool *ok)
{
    struct outcome o;
    if (q->transcript) {
        q->options.line = print_line;
        q->options.line_ctx = c->text;
    }
    for (uint64_t i = 0; i < q->count; i++) {
        run_seed(q, i, &o);
        tell(c, q, &o, runs, ok);
    }
    return ERR_NONE;
}

static enum err run_sim(struct cli *c)
{
    struct sim_request q;
    bool ok = true;
    TRY(parse_request(c, &q));
    json_t *runs = json_new_array();
    enum err e = q.jobs > 1 ? run_jobs(c, &q, runs, &ok) : run_here(c, &q, runs, &ok);
    policy_compiled_free(&q.law);
    if (e != ERR_NONE || q.count == 1) {
        json_free(runs);
        return e;
    }
    json_put(c->answer, "ok", json_new_bool(ok));
    json_put(c->answer, "runs", runs);
    return ERR_NONE;
}

static const struct cli_option OPTIONS[] = {
    { "--seed", "S", "the (first) seed, 1 unless given" },
    { "--seeds", "COUNT", "run seeds S to S+COUNT-1" },
    { "--nodes", "N", "seats, 4 unless given" },
    { "--drawn", NULL, "nodes, steps, faults and whether the law holds come from each seed" },
    { "--steps", "K", "events of the harmful phase" },
    { "--faults", "LIST", "of docs/simulator.md, as drop,crash,byzantine:1: each must happen" },
    { "--rules", "DIR", "rule packs: tokens and rights are traded under this law too" },
    { "--kill-primary", "MS", "the first leader dies at this instant" },
    { "--lose-votes", "MS", "node 1 crashes at this instant and loses its vote log" },
    { "--transcript", NULL, "print what consensus does, line by line" },
    { "--jobs", "J", "processes that share the seeds" },
    { NULL, NULL, NULL },
};

static const struct cli_command COMMANDS[] = {
    { "sim", NULL, "", 0, 0, "run a whole space in one process, from a seed, with faults",
      "carnet sim --seed 7 --nodes 4 --faults drop,delay,partition,crash,disk", OPTIONS, run_sim },
};
const struct cli_table CLI_SIM = { COMMANDS, COUNT(COMMANDS) };
