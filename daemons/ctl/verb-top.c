/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spark-cluster top: asks the master and its workers again and again, and shows what top.c makes of
 * their answers. On a terminal each round is written over the one before.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <time.h>

#include "base/limits.h"
#include "base/parse.h"
#include "base/problem.h"
#include "daemons/ctl/fetch.h"
#include "daemons/ctl/top.h"
#include "daemons/ctl/verb.h"

#define ANSWER_SECONDS      3
#define DEFAULT_DELAY_USEC  (UINT64_C(2) * 1000000)
#define ONCE_DELAY_USEC     UINT64_C(1000000)
#define DELAY_MIN_USEC      UINT64_C(100000)
#define DELAY_MAX_USEC      (UINT64_C(3600) * 1000000)
#define WORKER_ANSWER_BYTES MIB(64)

/* To another screen without a cursor, and back; to its upper left; what is right of the cursor, or
 * below it, away. */
#define SCREEN_ENTER "\033[?1049h\033[?25l"
#define SCREEN_LEAVE "\033[?25h\033[?1049l"
#define SCREEN_HOME  "\033[H"
#define LINE_END     "\033[K"
#define SCREEN_END   "\033[J"

typedef struct Watch {
        char *url;
        bool once, json;
        uint64_t delay_usec;
        TopView view;
        int signals; /* fd */
        bool terminal;
        Top top;
} Watch;

static void watch_done(Watch *w)
{
        if (w->terminal)
                (void)fputs(SCREEN_LEAVE, stdout);
        (void)fflush(stdout);
        top_done(&w->top);
        close_fd(&w->signals);
        free(w->url);
}

static uint64_t clock_usec(clockid_t clock)
{
        struct timespec t = { 0 };

        (void)clock_gettime(clock, &t);
        return (uint64_t)t.tv_sec * UINT64_C(1000000) + (uint64_t)t.tv_nsec / 1000;
}

/* ---- one round ---- */

typedef struct Urls {
        char **items;
        size_t *workers; /* whose they are */
        size_t n;
} Urls;

static void urls_done(Urls *urls)
{
        for (size_t i = 0; i < urls->n; i++)
                free(urls->items[i]);
        free(urls->items);
        free(urls->workers);
}

static int find_urls(Top *t, Urls *ret)
{
        int r = 0;

        ret->items = calloc(t->n_workers + 1, sizeof(*ret->items));
        ret->workers = calloc(t->n_workers + 1, sizeof(*ret->workers));
        if (!ret->items || !ret->workers)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < t->n_workers; i++) {
                if (!t->workers[i].url) {
                        r = top_failed(t, i, "it has no web UI");
                        continue;
                }
                if (asprintf(&ret->items[ret->n], "%s/json/", t->workers[i].url) < 0)
                        return -ENOMEM;
                ret->workers[ret->n++] = i;
        }
        return r;
}

typedef struct Round {
        Top *top;
        const Urls *urls;
} Round;

static int on_fetched(void *user, size_t i, const Buffer *body, const char *problem)
{
        const Round *round = user;
        const size_t worker = round->urls->workers[i];

        if (!body)
                return top_failed(round->top, worker, problem);
        return top_answer(round->top, worker, (const char *)body->data, body->size,
                          clock_usec(CLOCK_MONOTONIC));
}

/* 0; -EIO with *ret_problem; -EINTR by a signal; -ENOMEM. */
static int look(Watch *w, char **ret_problem)
{
        CLEANUP_BUFFER Buffer body = BUFFER_INIT(LIMIT_STATUS_BYTES);
        CLEANUP(urls_done) Urls urls = { 0 };
        char problem[TOP_PROBLEM_MAX] = "";
        const Round round = { .top = &w->top, .urls = &urls };
        int r = verb_fetch_master(w->url, &body, ret_problem);

        if (r < 0)
                return r;
        r = top_begin(&w->top, (const char *)body.data, body.size, problem);
        if (r == -EINVAL)
                return problem_set(ret_problem, -EIO, "the answer of %s/json/ is no master's: %s",
                                   w->url, problem);
        buffer_done(&body);
        if (r == 0)
                r = find_urls(&w->top, &urls);
        if (r == 0)
                r = fetch_all((const char *const *)urls.items, urls.n, ANSWER_SECONDS,
                              WORKER_ANSWER_BYTES, w->signals, on_fetched, (void *)&round);
        top_end(&w->top);
        return r;
}

/* ---- the screen ---- */

/* Characters that fit `columns`, in bytes. Every one is taken for one column wide. */
static size_t cut(const char *line, size_t size, size_t columns)
{
        size_t i = 0;

        for (size_t n = 0; i < size; i++)
                if ((line[i] & 0xc0) != 0x80 && n++ == columns)
                        break;
        return i;
}

/* As many lines as there are, as long as they may be: a longer one would move the others. */
static void write_screen(const char *text)
{
        struct winsize size = { .ws_row = 24, .ws_col = 80 };
        unsigned rows, columns;

        (void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
        rows = size.ws_row > 1 ? size.ws_row : 24;
        columns = size.ws_col > 0 ? size.ws_col : 80;
        (void)fputs(SCREEN_HOME, stdout);
        for (unsigned row = 0; *text && row + 1 < rows; row++) {
                const size_t n = strcspn(text, "\n");

                (void)fwrite(text, 1, cut(text, n, columns), stdout);
                (void)fputs(LINE_END "\n", stdout);
                text += n + (text[n] == '\n');
        }
        (void)fputs(SCREEN_END, stdout);
}

static int write_text(const Watch *w, Buffer *out)
{
        CLEANUP_FREE char *text = buffer_take_text(out);

        if (!text)
                return -ENOMEM;
        if (w->terminal)
                write_screen(text);
        else
                (void)fputs(text, stdout);
        return fflush(stdout) == 0 ? 0 : -EPIPE;
}

static int show(Watch *w)
{
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);
        int r;

        w->view.wall_seconds = clock_usec(CLOCK_REALTIME) / 1000000;
        r = w->json ? top_put_json(&w->top, &w->view, &out) : top_put_text(&w->top, &w->view, &out);
        if (r == 0 && !w->once && !w->json && !w->terminal)
                buffer_put_text(&out, "\n"); /* between rounds */
        return r == 0 ? write_text(w, &out) : r;
}

/* A master that does not answer for a while is what one may be watching for. */
static int show_problem(const Watch *w, const char *problem)
{
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);

        buffer_printf(&out, "spark-cluster: %s\n", problem);
        if (w->terminal)
                return write_text(w, &out);
        (void)fprintf(stderr, "spark-cluster: %s\n", problem);
        return 0;
}

/* ---- again and again ---- */

/* -EINTR when a signal came. */
static int pause_until(const Watch *w, uint64_t until)
{
        struct pollfd wake = { .fd = w->signals, .events = POLLIN };
        const uint64_t now = clock_usec(CLOCK_MONOTONIC);
        const uint64_t left = until > now ? until - now : 0;
        const struct timespec wait = { .tv_sec = (time_t)(left / 1000000),
                                       .tv_nsec = (long)(left % 1000000) * 1000 };

        return ppoll(&wake, 1, &wait, NULL) > 0 ? -EINTR : 0;
}

/* Two looks, because figures per time need two. */
static int watch_once(Watch *w, char **ret_problem)
{
        int r = look(w, ret_problem);

        if (r == 0)
                r = pause_until(w, clock_usec(CLOCK_MONOTONIC) + w->delay_usec);
        if (r == 0)
                r = look(w, ret_problem);
        return r == 0 ? show(w) : r;
}

static int watch(Watch *w, char **ret_problem)
{
        uint64_t next = clock_usec(CLOCK_MONOTONIC);
        bool seen = false;
        int r = 0;

        while (r == 0) {
                next = MAX_OF(next + w->delay_usec, clock_usec(CLOCK_MONOTONIC));
                r = look(w, ret_problem);
                if (r == -EIO && seen) {
                        r = show_problem(w, *ret_problem);
                        free(TAKE_PTR(*ret_problem));
                } else if (r == 0) {
                        if (!seen && w->terminal)
                                (void)fputs(SCREEN_ENTER, stdout);
                        seen = true;
                        r = show(w);
                }
                if (r == 0)
                        r = pause_until(w, next);
        }
        w->terminal = w->terminal && seen;
        return r;
}

static int run(Watch *w)
{
        CLEANUP_FREE char *problem = NULL;
        sigset_t set;
        int r;

        (void)sigemptyset(&set);
        (void)sigaddset(&set, SIGINT);
        (void)sigaddset(&set, SIGTERM);
        (void)sigaddset(&set, SIGHUP);
        (void)sigaddset(&set, SIGPIPE);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return verb_out_of_memory();
        w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (w->signals < 0)
                return verb_out_of_memory();
        w->terminal = !w->once && !w->json && isatty(STDOUT_FILENO);
        r = w->once ? watch_once(w, &problem) : watch(w, &problem);
        if (r == -EIO) {
                (void)fprintf(stderr, "spark-cluster: %s\n", problem);
                w->terminal = false; /* it was not entered */
                return EXIT_FAILURE;
        }
        /* who reads us, or who started us, has had enough */
        return r == 0 || r == -EINTR || r == -EPIPE ? EXIT_SUCCESS : verb_out_of_memory();
}

/* ---- the command line ---- */

static void print_help(void)
{
        (void)printf("spark-cluster top [OPTION...]\n\n"
                     "Shows what the executors and drivers of all workers use, again and again.\n\n"
                     "  --master WHERE  as for the other verbs\n"
                     "  --delay TIME    between two looks (default: 2s)\n"
                     "  --once          look twice, show once, and end\n"
                     "  --json          a line of JSON for each look\n"
                     "  --sort KEY      share (of the memory limit, the default), cpu, memory,\n"
                     "                  peak, throttled, pressure, oom or id\n"
                     "  --app APP       only this application, by id or name\n"
                     "  --help          this text\n\n"
                     "See spark-cluster(1).\n");
}

static int wrong(const char *word, const char *what)
{
        (void)fprintf(stderr, "spark-cluster: '%s' %s\n", word, what);
        return EX_USAGE;
}

/* 0 or an exit code, -1 for help. */
static int read_options(Watch *w, const char **master, int argc, char **argv)
{
        static const struct option options[] = {
                { "master", required_argument, NULL, 'm' },
                { "delay", required_argument, NULL, 'd' },
                { "once", no_argument, NULL, 'o' },
                { "json", no_argument, NULL, 'j' },
                { "sort", required_argument, NULL, 's' },
                { "app", required_argument, NULL, 'a' },
                { "help", no_argument, NULL, 'h' },
                {},
        };
        int c;

        while ((c = getopt_long(argc, argv, "+m:d:s:a:h", options, NULL)) >= 0) {
                switch (c) {
                case 'm':
                        *master = optarg;
                        break;
                case 'd':
                        if (parse_time(optarg, 1000000, &w->delay_usec) < 0 ||
                            w->delay_usec < DELAY_MIN_USEC || w->delay_usec > DELAY_MAX_USEC)
                                return wrong(optarg, "is no time from 100ms to 1h");
                        break;
                case 'o':
                        w->once = true;
                        break;
                case 'j':
                        w->json = true;
                        break;
                case 's':
                        if (top_order_from_name(optarg, &w->view.order) < 0)
                                return wrong(optarg, "is no order; see --help");
                        break;
                case 'a':
                        w->view.app = optarg;
                        break;
                case 'h':
                        return -1;
                default:
                        return EX_USAGE; /* getopt_long() said it */
                }
        }
        return optind < argc ? wrong(argv[optind], "is one argument too many") : 0;
}

int verb_top(int argc, char **argv)
{
        CLEANUP(watch_done) Watch w = { .signals = -1 };
        const char *master = NULL;
        int r = read_options(&w, &master, argc, argv);

        if (r < 0) {
                print_help();
                return EXIT_SUCCESS;
        }
        if (r == 0)
                r = verb_master_url(master, &w.url);
        if (r != 0)
                return r;
        if (w.delay_usec == 0)
                w.delay_usec = w.once ? ONCE_DELAY_USEC : DEFAULT_DELAY_USEC;
        return run(&w);
}
