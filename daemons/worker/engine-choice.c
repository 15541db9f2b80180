/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/engine-choice.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "daemons/worker/java-command.h"

static const char *from_command(const Command *command, const char *name)
{
        for (size_t i = command->environment.length; i > 0; i--) {
                const StringPair *pair = &command->environment.items[i - 1];

                if (pair->key && pair->value && *pair->value && strcmp(pair->key, name) == 0)
                        return pair->value;
        }
        return NULL;
}

/* A cluster-mode driver has all of the application's settings as Java options, and is to be of the
 * release that the executors will have. */
static const char *from_java_opts(const Command *command)
{
        static const char option[] = "-Dspark.executorEnv." ENV_ENGINE "=";

        for (size_t i = command->java_opts.length; i > 0; i--) {
                const char *item = command->java_opts.items[i - 1];

                if (item && strncmp(item, option, strlen(option)) == 0 && item[strlen(option)])
                        return item + strlen(option);
        }
        return NULL;
}

/* "3.5,3.4" to lines; names that are not known are passed over. */
static LineSet parse_lines(const char *text)
{
        LineSet lines = 0;

        while (*text) {
                size_t n = strcspn(text, ",");

                for (int line = 0; line < LINE_MAX; line++) {
                        const char *name = line_name((Line)line);

                        if (strlen(name) == n && strncmp(name, text, n) == 0)
                                lines |= LINE_BIT(line);
                }
                text += n + (text[n] == ',');
        }
        return lines;
}

EngineWish engine_wish(const Command *command, bool sparkd, LineSet master_lines)
{
        const char *lines = from_command(command, ENV_LINES);
        EngineWish wish = { .exact = from_command(command, ENV_ENGINE), .lines = LINES_ALL };

        if (!wish.exact)
                wish.exact = from_java_opts(command);
        if (!sparkd)
                wish.lines = master_lines;
        else if (lines)
                wish.lines = parse_lines(lines);
        return wish;
}

/* The lines of a version, whatever Scala it was built for. */
static LineSet lines_of_version(const char *version)
{
        static const char *const scalas[] = { NULL, "2.12", "2.13" };
        LineSet lines = 0;

        for (size_t i = 0; i < ARRAY_SIZE(scalas); i++) {
                Line line = line_from_version(version, scalas[i]);

                if (line != LINE_INVALID)
                        lines |= LINE_BIT(line);
        }
        return lines;
}

bool engine_wish_is_open(const EngineWish *wish, const Engines *engines)
{
        const Engine *first = NULL;

        if (wish->exact)
                return false;
        for (size_t i = 0; i < engines->length; i++) {
                const Engine *e = &engines->items[i];

                if (e->line == LINE_INVALID || !(wish->lines & LINE_BIT(e->line)))
                        continue;
                if (first && (first->line != e->line || strcmp(first->version, e->version) != 0))
                        return true;
                first = first ? first : e;
        }
        return false;
}

const Engine *engine_for(const EngineWish *wish, const char *version, const Engines *engines)
{
        const Engine *e;
        LineSet lines = wish->lines;

        if (wish->exact) {
                e = engine_choose(engines, LINES_ALL, wish->exact);
                return e && strcmp(e->version, wish->exact) == 0 ? e : NULL;
        }
        if (version && *version)
                lines &= lines_of_version(version);
        else
                version = NULL;
        return lines ? engine_choose(engines, lines, version) : NULL;
}

char *engine_missing_text(const EngineWish *wish, const char *version, const Engines *engines)
{
        Buffer out = BUFFER_INIT(0);
        char lines[LINES_TEXT_MAX];
        const char *what = lines_text(wish->lines, lines);

        if (wish->exact)
                what = wish->exact;
        else if (version && *version)
                what = version;
        buffer_printf(&out, "no engine for Spark %s on this worker (", what);
        if (engines->length == 0)
                buffer_put_text(&out, "it has none");
        for (size_t i = 0; i < engines->length; i++)
                buffer_printf(&out, "%s%s", i ? ", " : "it has ", engines->items[i].version);
        buffer_put_text(&out, ")");
        return buffer_take_text(&out);
}

int engine_names(const Engines *engines, Strv *ret)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < engines->length; i++) {
                const Engine *e = &engines->items[i];

                if (e->line == LINE_INVALID)
                        continue;
                if (line_from_version(e->version, NULL) == e->line)
                        r = strv_add(ret, e->version);
                else
                        r = strv_addf(ret, "%s/%s", e->version, e->scala);
        }
        return r;
}
