/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/common/options-help.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"

#define HELP_COLUMN 30
#define HELP_WIDTH  80

/* `text` word by word from HELP_COLUMN on; the cursor stands at `column`. */
static void put_wrapped(Buffer *b, size_t column, const char *text)
{
        if (column + 1 >= HELP_COLUMN) {
                buffer_put_text(b, "\n");
                column = 0;
        }
        buffer_printf(b, "%*s", (int)(HELP_COLUMN - column), "");
        column = HELP_COLUMN;
        while (*text) {
                size_t size = strcspn(text, " ");
                if (column > HELP_COLUMN && column + 1 + size >= HELP_WIDTH) {
                        buffer_printf(b, "\n%*s", HELP_COLUMN, "");
                        column = HELP_COLUMN;
                } else if (column > HELP_COLUMN) {
                        buffer_put_text(b, " ");
                        column++;
                }
                buffer_put(b, text, size);
                column += size;
                text += size + strspn(text + size, " ");
        }
        buffer_put_text(b, "\n");
}

/* The help sentence, and in brackets what else sets it and what it is otherwise. */
static void put_setting_text(Buffer *b, size_t column, const Setting *s)
{
        CLEANUP_BUFFER Buffer text = BUFFER_INIT(0);
        const char *gap = " [";
        buffer_put_text(&text, s->help);
        const char *names[] = { s->env, s->properties[0] };
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                if (!names[i])
                        continue;
                buffer_printf(&text, "%s%s", gap, names[i]);
                gap = "; ";
        }
        if (s->fallback) {
                buffer_printf(&text, "%sdefault %s", gap, s->fallback);
                gap = "; ";
        }
        if (gap[0] == ';')
                buffer_put_text(&text, "]");
        CLEANUP_FREE char *words = buffer_take_text(&text);
        if (words)
                put_wrapped(b, column, words);
        else
                b->failed = true;
}

static void put_option(Buffer *b, const Setting *s)
{
        size_t start = b->size;
        const char *value = s->value ? s->value : "VALUE";
        if (s->letter)
                buffer_printf(b, "  -%c, --%s", s->letter, s->option);
        else
                buffer_printf(b, "      --%s", s->option);
        buffer_printf(b, s->type == SETTING_BOOL ? "[=%s]" : "=%s", value);
        put_setting_text(b, b->size - start, s);
}

static void put_plain(Buffer *b, const char *option, const char *text)
{
        size_t start = b->size;
        buffer_printf(b, "      --%s", option);
        put_wrapped(b, b->size - start, text);
}

static void put_files(Buffer *b, const OptionsSpec *spec)
{
        CLEANUP_BUFFER Buffer text = BUFFER_INIT(0);
        const char *dir = options_config_dir(spec);
        buffer_printf(&text,
                      "Spark properties [default spark-defaults.conf in $SPARK_CONF_DIR, "
                      "$SPARK_HOME/conf or %s]",
                      dir);
        buffer_put_u8(&text, 0);
        size_t second = text.size;
        buffer_printf(&text, "configuration; FILE.d/*.conf are read after it [default %s/%s.conf]",
                      dir, spec->program);
        buffer_put_u8(&text, 0);
        if (text.failed) {
                b->failed = true;
                return;
        }
        put_plain(b, "properties-file=FILE", (const char *)text.data);
        put_plain(b, "config=FILE", (const char *)text.data + second);
}

/* Settings that no option sets: by the name they have in our file, or in Spark's. */
static void put_file_settings(Buffer *b, const OptionsSpec *spec)
{
        bool any = false;
        for (size_t i = 0; i < spec->n_settings; i++) {
                const Setting *s = &spec->settings[i];
                if (s->option)
                        continue;
                if (!any)
                        buffer_printf(b,
                                      "\nFurther settings, for the section [%s] of the "
                                      "configuration file:\n",
                                      spec->section);
                any = true;
                size_t start = b->size;
                buffer_printf(b, "  %s", s->key ? s->key : "");
                put_setting_text(b, b->size - start, s);
        }
}

char *options_help_text(const OptionsSpec *spec)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        buffer_printf(&b, "Usage: %s [OPTION]...%s%s\n\n%s\n\n", spec->program,
                      spec->arguments ? " " : "", spec->arguments ? spec->arguments : "",
                      spec->summary);
        for (size_t i = 0; i < spec->n_settings; i++)
                if (spec->settings[i].option)
                        put_option(&b, &spec->settings[i]);
        put_files(&b, spec);
        put_plain(&b, "check-config", "only read all settings, and say whether they are right");
        put_plain(&b, "help", "show this text");
        put_plain(&b, "version", "show the version");
        put_file_settings(&b, spec);
        return buffer_take_text(&b);
}

const char *options_config_dir(const OptionsSpec *spec)
{
        return spec->config_dir ? spec->config_dir : SYSCONFDIR "/spark";
}

char *options_version_text(const OptionsSpec *spec)
{
        char *text;
        return asprintf(&text, "%s (%s) %s\n", spec->program, PACKAGE_NAME, PACKAGE_VERSION) < 0
                       ? NULL
                       : text;
}

char *options_quantity_text(SettingType type, uint64_t v, char buffer[static OPTIONS_QUANTITY_MAX])
{
        static const struct {
                const char *suffix;
                uint64_t factor;
        } memory[] = {
                { "g", UINT64_C(1) << 30 },
                { "m", UINT64_C(1) << 20 },
                { "k", UINT64_C(1) << 10 },
                { "b", 1 },
        }, time[] = {
                { "h", UINT64_C(3600) * 1000000 },
                { "s", 1000000 },
                { "ms", 1000 },
                { "us", 1 },
        };
        size_t i = 0;
        while ((type == SETTING_MEMORY ? v % memory[i].factor : v % time[i].factor) != 0)
                i++;
        uint64_t factor = type == SETTING_MEMORY ? memory[i].factor : time[i].factor;
        (void)snprintf(buffer, OPTIONS_QUANTITY_MAX, "%" PRIu64 "%s", v / factor,
                       type == SETTING_MEMORY ? memory[i].suffix : time[i].suffix);
        return buffer;
}
