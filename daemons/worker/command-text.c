/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/command-text.h"

#include <errno.h>
#include <string.h>

#include "base/buffer.h"
#include "daemons/worker/executor-command.h"

#define HIDDEN "*********(redacted)"

int redaction_init(Redaction *r, const char *pattern)
{
        int flags = REG_EXTENDED | REG_NOSUB, error;

        if (strncmp(pattern, "(?i)", 4) == 0) {
                pattern += 4;
                flags |= REG_ICASE;
        }
        error = regcomp(&r->regex, pattern, flags);
        if (error)
                return error == REG_ESPACE ? -ENOMEM : -EINVAL;
        r->ready = true;
        return 0;
}

void redaction_done(Redaction *r)
{
        if (r->ready)
                regfree(&r->regex);
        r->ready = false;
}

bool redaction_hides(const Redaction *r, const char *key, const char *value)
{
        return r->ready && (regexec(&r->regex, key, 0, NULL, 0) == 0 ||
                            regexec(&r->regex, value, 0, NULL, 0) == 0);
}

/* An argument; -Dkey=value with a hidden value if need be. */
static void put_argument(Buffer *out, const Redaction *r, const char *argument)
{
        const char *equals = strchr(argument, '=');

        if (strncmp(argument, "-D", 2) == 0 && equals > argument + 2 && equals[1]) {
                CLEANUP_FREE char *key = strndup(argument + 2, (size_t)(equals - argument - 2));

                if (!key) {
                        out->failed = true;
                        return;
                }
                if (redaction_hides(r, key, equals + 1)) {
                        buffer_printf(out, "-D%s=" HIDDEN, key);
                        return;
                }
        }
        buffer_put_text(out, argument);
}

char *command_line_text(const Redaction *r, const Strv *argv)
{
        Buffer out = BUFFER_INIT(0);

        for (size_t i = 0; i < argv->length; i++) {
                buffer_put_text(&out, i ? " \"" : "\"");
                put_argument(&out, r, argv->items[i]);
                buffer_put_text(&out, "\"");
        }
        return buffer_take_text(&out);
}

static void put_seq(Buffer *out, const Redaction *r, const char *type, const StringSeq *seq)
{
        buffer_printf(out, ",%s(", type);
        for (size_t i = 0; i < seq->length; i++) {
                buffer_put_text(out, i ? ", " : "");
                put_argument(out, r, seq->items[i] ? seq->items[i] : "null");
        }
        buffer_put_text(out, ")");
}

char *command_text(const Redaction *r, const Command *command)
{
        Buffer out = BUFFER_INIT(0);
        const char *gap = "";

        buffer_printf(&out, "Command(%s", command->main_class ? command->main_class : "null");
        put_seq(&out, r, "List", &command->arguments);
        buffer_put_text(&out, ",Map(");
        for (size_t i = 0; i < command->environment.length; i++) {
                const StringPair *pair = &command->environment.items[i];
                const char *key = pair->key ? pair->key : "null";
                const char *value = pair->value ? pair->value : "null";

                if (strcmp(key, ENV_LINES) == 0)
                        continue; /* our master's word to us, not the application's */
                buffer_printf(&out, "%s%s -> %s", gap, key,
                              redaction_hides(r, key, value) ? HIDDEN : value);
                gap = ", ";
        }
        buffer_put_text(&out, ")");
        put_seq(&out, r, "ArraySeq", &command->class_path_entries);
        put_seq(&out, r, "ArraySeq", &command->library_path_entries);
        put_seq(&out, r, "ArraySeq", &command->java_opts);
        buffer_put_text(&out, ")");
        return buffer_take_text(&out);
}
