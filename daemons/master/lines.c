/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/master/internal.h"

#include <errno.h>
#include <string.h>

/*
 * Options that Spark's launcher puts before spark.executor.extraJavaOptions by default
 * (SparkContext.supplementJavaModuleOptions), and the lines whose launcher does. Read from
 * org.apache.spark.launcher.JavaModuleOptions in the spark-launcher jars of 3.4.4, 3.5.9, 4.0.2,
 * 4.0.5, 4.1.1, 4.1.4, 4.2.0, 4.2.1 and 4.3.0:
 * - useDirectMethodHandle=false is in all from 3.4 to 4.1, and in none from 4.2 on;
 * - sun-misc-unsafe-memory-access came with 4.2.
 * So 4.1 and 4.2, whose messages look alike, can be told apart. 3.4 and 3.5 have equal lists.
 */
#define LINES_3_5 (LINE_BIT(LINE_3_5) | LINE_BIT(LINE_3_5_SCALA_2_13))

static const struct {
        const char *option;
        LineSet lines;
} java_option_facts[] = {
        { "-Djdk.reflect.useDirectMethodHandle=false",
          LINE_BIT(LINE_3_4) | LINES_3_5 | LINE_BIT(LINE_4_0) | LINE_BIT(LINE_4_1) },
        { "--sun-misc-unsafe-memory-access=allow", LINE_BIT(LINE_4_2) | LINE_BIT(LINE_4_3) },
};

LineSet lines_from_java_opts(const StringSeq *java_opts, LineSet lines)
{
        LineSet narrowed = lines;
        for (size_t i = 0; i < java_opts->length; i++)
                for (size_t k = 0; k < ARRAY_SIZE(java_option_facts); k++)
                        if (java_opts->items[i] &&
                            strcmp(java_opts->items[i], java_option_facts[k].option) == 0)
                                narrowed &= java_option_facts[k].lines;
        /* A user may have given one of these too: then they say nothing. */
        return narrowed ? narrowed : lines;
}

Line line_of_engine(const char *engine)
{
        char version[32];
        const char *slash = strchr(engine, '/');
        size_t n = slash ? (size_t)(slash - engine) : strlen(engine);
        if (n >= sizeof(version))
                return LINE_INVALID;
        memcpy(version, engine, n);
        version[n] = '\0';
        return line_from_version(version, slash ? slash + 1 : NULL);
}

/* An engine named without a Scala version means whichever build the peer has. */
static LineSet lines_of_engine(const char *engine, LineSet shown)
{
        Line line = line_of_engine(engine);
        LineSet lines = line == LINE_INVALID ? 0 : LINE_BIT(line);
        if (!(lines & shown) && !strchr(engine, '/')) {
                line = line_from_version(engine, "2.13");
                lines = line == LINE_INVALID ? 0 : LINE_BIT(line);
        }
        return lines & shown;
}

/* -Dspark.executorEnv.SPARKD_ENGINE=VERSION: in cluster mode all of the application's settings are
 * the driver's Java options, and it is to be of the release that its executors will have. */
static const char *engine_of_java_opts(const StringSeq *java_opts)
{
        static const char option[] = "-Dspark.executorEnv." ENGINE_VARIABLE "=";
        for (size_t i = 0; i < java_opts->length; i++)
                if (java_opts->items[i] &&
                    strncmp(java_opts->items[i], option, strlen(option)) == 0)
                        return java_opts->items[i] + strlen(option);
        return NULL;
}

LineSet lines_of_command(const Command *command, LineSet shown, const char **ret_engine)
{
        *ret_engine = engine_of_java_opts(&command->java_opts);
        for (size_t i = 0; i < command->environment.length; i++) {
                const StringPair *pair = &command->environment.items[i];
                if (pair->key && pair->value && strcmp(pair->key, ENGINE_VARIABLE) == 0)
                        *ret_engine = pair->value;
        }
        if (*ret_engine)
                return lines_of_engine(*ret_engine, shown);
        return lines_from_java_opts(&command->java_opts, shown);
}

void turn_tell_lines(Turn *t, LineSet lines, Command *command)
{
        const StringMap *env = &command->environment;
        StringPair *items = arena_new_array(&t->out->arena, env->length + 1, StringPair);
        const char *names = "";
        if (!items) {
                t->error = -ENOMEM;
                return;
        }
        for (int line = 0; line < LINE_MAX; line++)
                if (lines & LINE_BIT(line))
                        names = turn_printf(t, "%s%s%s", names, *names ? "," : "",
                                            line_name((Line)line));
        if (env->length > 0)
                memcpy(items, env->items, env->length * sizeof(StringPair));
        items[env->length] = (StringPair){ LINES_VARIABLE, names };
        command->environment = (StringMap){ items, env->length + 1 };
}

/* Candidates of a worker that is being identified are those of a family, as its first message tells
 * no less; a family's bit stands for "any one line of it". */
static uint32_t family_bit(Family family)
{
        return UINT32_C(1) << ((unsigned)LINE_MAX + (unsigned)family);
}

uint32_t lines_serve_bits(LineSet lines, bool pending)
{
        if (!pending)
                return lines;
        for (int f = 0; f < FAMILY_MAX; f++)
                if (family_lines((Family)f) == lines)
                        return family_bit((Family)f);
        return 0;
}

uint32_t lines_want_bits(LineSet lines)
{
        uint32_t bits = lines;
        for (int f = 0; f < FAMILY_MAX; f++)
                if (!(family_lines((Family)f) & ~lines))
                        bits |= family_bit((Family)f);
        return bits;
}
