/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A load generator for a Spark standalone master, JVM's or ours: workers and drivers that exist
 * only as connections (load.c). It speaks the deploy protocol of one line, so that both masters are
 * given the very same bytes, and prints one JSON object per measurement. tests/bench/run drives it.
 *
 *     loadgen --master HOST:PORT --pid PID --line 3.5 --workers 4000 --apps 20 --executors 8
 *     loadgen ... --burst 1000 --recover
 *
 * The second form prints when the workers and 1,000 applications with their executors are there,
 * expects the master to be killed, and the pid of its successor, started at the same port, as a
 * line on standard input; then it answers as real peers do until the new master has told all of
 * them that it is there, and has started an executor for a new application.
 *
 * CPU is the master's own, from /proc/PID/schedstat summed over its threads (nanoseconds).
 */

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/limits.h"
#include "base/parse.h"
#include "tests/bench/load.h"

#define WORKERS_WINDOW 64 /* workers between connect and RegisteredWorker at any time */
#define DRIVERS_WINDOW 16 /* drivers between connect and their last ExecutorAdded */
#define STALL_SECONDS  180

static double seconds(uint64_t nsec)
{
        return (double)nsec / 1e9;
}

/* Waits for something to happen; fails the run when nothing does for a long time. */
static void turn(Load *load)
{
        for (int i = 0; i < STALL_SECONDS; i++)
                if (load_turn(load, 1000))
                        return;
        fprintf(stderr, "loadgen: no answer for %d s\n", STALL_SECONDS);
        load->failed = true;
}

/* Waits until the master has used no CPU for a while, so that one measurement's late work is not
 * counted into the next. */
static void settle(Load *load)
{
        uint64_t last = master_cpu_nsec(load);
        for (int quiet = 0; quiet < 3 && !load->failed;) {
                (void)nanosleep(&(struct timespec){ .tv_nsec = 100 * 1000000 }, NULL);
                while (!load->failed && load_turn(load, 0))
                        continue;
                uint64_t cpu = master_cpu_nsec(load);
                quiet = cpu - last < 10 * 1000000 ? quiet + 1 : 0;
                last = cpu;
        }
}

static void measure_registration(Load *load)
{
        uint64_t start = now_nsec(), cpu = master_cpu_nsec(load);
        for (unsigned opened = 0; load->registered < load->n_workers && !load->failed;) {
                while (opened < load->n_workers && opened - load->registered < WORKERS_WINDOW)
                        if (!peer_connect(load, &load->workers[opened++]))
                                die("connect");
                turn(load);
        }
        uint64_t wall = now_nsec() - start;
        settle(load);
        cpu = master_cpu_nsec(load) - cpu;
        printf("{\"measure\": \"register\", \"workers\": %u, \"wall_s\": %.6f, \"cpu_s\": %.6f, "
               "\"rss_kib\": %ld}\n",
               load->registered, seconds(wall), seconds(cpu), master_rss_kib(load));
}

static void measure_heartbeats(Load *load)
{
        uint64_t cpu = master_cpu_nsec(load);
        for (unsigned i = 0; i < load->n_workers; i++)
                heartbeat(load, &load->workers[i]);
        settle(load);
        cpu = master_cpu_nsec(load) - cpu;
        printf("{\"measure\": \"heartbeat\", \"workers\": %u, \"cpu_s\": %.6f}\n", load->n_workers,
               seconds(cpu));
}

/* One application, alone; it is gone afterwards. */
static void measure_application(Load *load)
{
        Peer *p = &load->drivers[0];
        if (!peer_connect(load, p))
                die("connect");
        while (p->state == PEER_VERIFYING && !load->failed)
                turn(load);
        load->first_added_nsec = 0;
        uint64_t start = now_nsec(), cpu = master_cpu_nsec(load);
        register_application(load, p);
        while (p->state != PEER_READY && !load->failed)
                turn(load);
        uint64_t last = now_nsec() - start, last_cpu = master_cpu_nsec(load) - cpu;
        settle(load);
        printf("{\"measure\": \"application\", \"workers\": %u, \"executors\": %u, "
               "\"first_s\": %.6f, \"last_s\": %.6f, \"first_cpu_s\": %.6f, "
               "\"last_cpu_s\": %.6f, \"cpu_s\": %.6f}\n",
               load->n_workers, load->executors, seconds(load->first_added_nsec - start),
               seconds(last), seconds(load->first_added_cpu - cpu), seconds(last_cpu),
               seconds(master_cpu_nsec(load) - cpu));
        unregister_application(load, p);
        settle(load);
        peer_close(load, p);
        settle(load);
}

/* Many applications, some at a time; they stay. */
static void measure_burst(Load *load, unsigned apps)
{
        uint64_t start = now_nsec(), cpu = master_cpu_nsec(load);
        unsigned opened = 0, sent = 0;
        load->served = 0;
        while (load->served < apps && !load->failed) {
                while (opened < apps && opened - load->served < DRIVERS_WINDOW)
                        if (!peer_connect(load, &load->drivers[opened++]))
                                die("connect");
                while (sent < opened && load->drivers[sent].state == PEER_REGISTERING)
                        register_application(load, &load->drivers[sent++]);
                turn(load);
        }
        uint64_t wall = now_nsec() - start;
        settle(load);
        printf("{\"measure\": \"burst\", \"workers\": %u, \"apps\": %u, \"executors\": %u, "
               "\"wall_s\": %.6f, \"cpu_s\": %.6f, \"rss_kib\": %ld}\n",
               load->n_workers, apps, load->executors, seconds(wall),
               seconds(master_cpu_nsec(load) - cpu), master_rss_kib(load));
}

/* The master is killed while this waits for the line. */
static void await_successor(Load *load)
{
        char row[32];
        int pid = 0;
        load->down = true;
        if (!fgets(row, sizeof(row), stdin))
                die("standard input ended");
        row[strcspn(row, "\n")] = '\0';
        if (parse_int(row, 1, INT32_MAX, &pid) < 0) {
                errno = EINVAL;
                die(row);
        }
        load->pid = pid;
}

/* Moments in the JSON are of CLOCK_MONOTONIC: who has started the master knows when that was. */
static void measure_recovery(Load *load, unsigned apps)
{
        Peer *probe = &load->drivers[apps];
        uint64_t answered = 0;
        bool asked = false;
        await_successor(load);
        load->first_added_nsec = 0;
        while ((load->told < load->n_workers + apps || load->first_added_nsec == 0) &&
               !load->failed) {
                if (probe->state == PEER_AWAY && !peer_connect(load, probe)) {
                        (void)load_turn(load, 1);
                        continue;
                }
                turn(load);
                if (answered == 0 && probe->state == PEER_REGISTERING)
                        answered = now_nsec();
                /* A JVM master still is a standby when its port opens, and silent then. */
                if (!asked && answered > 0 && load->told > 0) {
                        asked = true;
                        register_application(load, probe);
                }
        }
        settle(load);
        printf("{\"measure\": \"recovery\", \"workers\": %u, \"apps\": %u, \"answered\": %.6f, "
               "\"first_told\": %.6f, \"last_told\": %.6f, \"scheduled\": %.6f, "
               "\"scheduled_cpu_s\": %.6f, \"cpu_s\": %.6f, \"rss_kib\": %ld}\n",
               load->n_workers, apps, seconds(answered), seconds(load->first_told_nsec),
               seconds(load->last_told_nsec), seconds(load->first_added_nsec),
               seconds(load->first_added_cpu), seconds(master_cpu_nsec(load)),
               master_rss_kib(load));
}

typedef struct Arguments {
        HostPort to;
        Line line;
        int pid, workers, apps, burst, executors;
        bool recover;
} Arguments;

static bool parse_arguments(int argc, char *argv[], Arguments *ret)
{
        static const struct option options[] = {
                { "master", required_argument, NULL, 'm' },
                { "pid", required_argument, NULL, 'p' },
                { "line", required_argument, NULL, 'l' },
                { "workers", required_argument, NULL, 'w' },
                { "apps", required_argument, NULL, 'a' },
                { "burst", required_argument, NULL, 'b' },
                { "executors", required_argument, NULL, 'e' },
                { "recover", no_argument, NULL, 'r' },
                { 0 },
        };
        int bad = 0;
        for (int c; (c = getopt_long(argc, argv, "", options, NULL)) >= 0;) {
                if (c == 'm')
                        bad |= host_port_parse(optarg, &ret->to);
                else if (c == 'p')
                        bad |= parse_int(optarg, 1, INT32_MAX, &ret->pid);
                else if (c == 'l')
                        bad |= (ret->line = line_from_version(optarg, NULL)) == LINE_INVALID;
                else if (c == 'w')
                        bad |= parse_int(optarg, 1, PEERS_MAX, &ret->workers);
                else if (c == 'a')
                        bad |= parse_int(optarg, 0, 100000, &ret->apps);
                else if (c == 'b')
                        bad |= parse_int(optarg, 0, PEERS_MAX, &ret->burst);
                else if (c == 'e')
                        bad |= parse_int(optarg, 1, PEERS_MAX * WORKER_CORES, &ret->executors);
                else if (c == 'r')
                        ret->recover = true;
                else
                        bad = 1;
        }
        return !bad && ret->pid != 0 && ret->to.port != 0;
}

int main(int argc, char *argv[])
{
        Arguments a = { .line = LINE_3_5, .workers = 100, .apps = 5, .executors = 8 };
        if (!parse_arguments(argc, argv, &a)) {
                fprintf(stderr,
                        "usage: loadgen --master HOST:PORT --pid PID [--line VERSION] "
                        "[--workers N] [--apps N] [--executors N] [--burst N [--recover]]\n");
                return 64;
        }
        Load load = { .pid = a.pid, .line = a.line, .executors = (unsigned)a.executors };
        struct rlimit files = { (rlim_t)(a.workers + a.burst) + 64,
                                (rlim_t)(a.workers + a.burst) + 64 };
        (void)setrlimit(RLIMIT_NOFILE, &files);
        load.master = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(a.to.port) };
        if (inet_pton(AF_INET, a.to.host, &load.master.sin_addr) != 1)
                die("--master wants an IPv4 address");
        load.master_address = (RpcAddress){ a.to.host, a.to.port };
        load_init(&load, (unsigned)a.workers, (unsigned)a.burst + 1);
        setvbuf(stdout, NULL, _IOLBF, 0);
        measure_registration(&load);
        measure_heartbeats(&load);
        for (int i = 0; i < a.apps && !load.failed; i++)
                measure_application(&load);
        if (a.burst > 0 && !load.failed)
                measure_burst(&load, (unsigned)a.burst);
        if (a.recover && !load.failed)
                measure_recovery(&load, (unsigned)a.burst);
        load_done(&load);
        return load.failed ? 1 : 0;
}
