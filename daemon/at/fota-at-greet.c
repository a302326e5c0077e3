/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/at/fota-at-line-private.h"

#include <string.h>

#include "plugins/fota-plugin.h"

#define AT_SECONDS 1
#define SETTING_SECONDS 5
#define PAUSE_MS 20
#define QUIET_MS 500
#define UNANSWERED_MAX 3
#define IMEI_TRIES 3
#define IMEI_DIGITS 14

/*
 * TRUE if the module answered at all: a refusal is an answer too. Waits for @seconds, but at most
 * until a second after @deadline, the least time for a command.
 */
static gboolean
greet_ask(FotaAtLine *line, const char *command, guint seconds, gint64 deadline, GStrv *lines,
          GCancellable *cancellable, GError **error)
{
    gint64 left = (deadline - fota_boot_time()) / G_USEC_PER_SEC;
    g_autoptr(GError) local = NULL;
    int cme;

    if (!fota_at_line_settle(line, PAUSE_MS, cancellable, error))
        return FALSE;
    *lines = fota_at_line_ask(line, command, (guint)CLAMP(left, 1, (gint64)seconds), cancellable,
                              &cme, &local);
    if (*lines != NULL ||
        g_error_matches(local, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

static gboolean
greet_set(FotaAtLine *line, const char *command, gint64 deadline, GCancellable *cancellable,
          GError **error)
{
    g_auto(GStrv) lines = NULL;

    return greet_ask(line, command, SETTING_SECONDS, deadline, &lines, cancellable, error);
}

/* Sends AT until it is answered. What speaks meanwhile is not in data mode. */
static gboolean
greet_wake(FotaAtLine *line, gint64 deadline, GCancellable *cancellable, GError **error)
{
    guint unanswered = 0;

    for (;;) {
        guint64 heard = fota_at_line_get_heard(line);
        g_auto(GStrv) lines = NULL;
        g_autoptr(GError) local = NULL;

        if (greet_ask(line, "AT", AT_SECONDS, deadline, &lines, cancellable, &local))
            return TRUE;
        if (!g_error_matches(local, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT) ||
            fota_deadline_passed(deadline)) {
            g_propagate_error(error, g_steal_pointer(&local));
            return FALSE;
        }
        if (fota_at_line_get_heard(line) > heard)
            unanswered = 0;
        else if (++unanswered % UNANSWERED_MAX == 0 &&
                 !fota_at_line_escape(line, cancellable, error))
            return FALSE;
    }
}

/* Whether @text contains a number that begins like @imei. */
static gboolean
holds_imei(const char *text, const char *imei)
{
    gsize digits;

    for (; *text != '\0'; text += MAX(digits, 1)) {
        digits = strspn(text, "0123456789");
        if (digits >= IMEI_DIGITS && strncmp(text, imei, IMEI_DIGITS) == 0)
            return TRUE;
    }
    return FALSE;
}

/*
 * This also synchronises with the module: the first final results may belong to earlier commands,
 * but none of them comes with the IMEI.
 */
static gboolean
check_imei(FotaAtLine *line, gint64 deadline, GCancellable *cancellable, GError **error)
{
    for (guint try = 0; try < IMEI_TRIES; try++) {
        g_auto(GStrv) lines = NULL;

        if (!greet_ask(line, "AT+CGSN", SETTING_SECONDS, deadline, &lines, cancellable, error))
            return FALSE;
        for (GStrv l = lines; l != NULL && *l != NULL; l++) {
            if (holds_imei(*l, line->imei))
                return TRUE;
        }
        /* Another module, or the answer to an earlier command: read all answers. */
        if (!fota_at_line_settle(line, QUIET_MS, cancellable, error))
            return FALSE;
    }
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ANSWER,
                "the module on %s does not report the expected IMEI", line->name);
    return FALSE;
}

gboolean
fota_at_line_greet(FotaAtLine *line, gint64 deadline, GCancellable *cancellable, GError **error)
{
    gboolean done;

    done = greet_wake(line, deadline, cancellable, error) &&
           greet_set(line, "ATE0", deadline, cancellable, error) &&
           greet_set(line, "AT+CMEE=1", deadline, cancellable, error) &&
           check_imei(line, deadline, cancellable, error);
    line->confused = !done;
    return done;
}
