/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/fake-module.h"

#include <string.h>

#include "daemon/fota-error.h"
#include "tests/unit/fake-methods.h"

/* Each byte of noise takes three seconds, as the C does with which XMODEM is asked for. */
static gint64 noise_seconds;

gint64 __wrap_fota_session_get_time(FotaSession *session);

gint64
__wrap_fota_session_get_time(FotaSession *session)
{
    return noise_seconds;
}

void
module_note(Module *module, const char *what)
{
    g_autofree char *last = g_strconcat(" ", what, NULL);

    if (!g_str_has_suffix(module->log->str, last))
        g_string_append(module->log, last);
}

/* It takes the order: from now on it may leave, and it comes back with the new firmware. */
static void
obey(Module *module, const char *command)
{
    if (g_strcmp0(command, module->leaves_on) != 0)
        return;
    module->leaving = TRUE;
    module->leaves_on = NULL;
    module->silences = module->silent ? 4 : 0;
    module->version = module->in_vain ? OLD : NEW;
}

static GStrv
answer_with(const char *line)
{
    const char *lines[] = {line, NULL};

    return g_strdupv((GStrv)lines);
}

static GStrv
on_command(FotaChannel *channel, const char *command, guint seconds, GCancellable *cancellable,
           int *cme, GError **error)
{
    Module *module = (Module *)channel;
    g_autofree char *told = g_strconcat("+ASK: ", NEW, NULL);
    g_autofree char *question = g_strconcat("+WHAT: ", module->asks, NULL);

    g_assert_cmpuint(seconds, >, 0);
    if (g_strcmp0(command, module->cancelled_at) == 0)
        g_cancellable_cancel(module->cancellable);
    if (g_cancellable_set_error_if_cancelled(cancellable, error))
        return NULL;
    /* As of a session that ModemManager does not leave the port to. */
    if (g_strcmp0(command, module->lost_at) == 0) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_NO_AT_PORT, "lost");
        return NULL;
    }
    module_note(module, command);
    if (module->silences > 0) {
        module->silences--;
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT, "silent");
        return NULL;
    }
    if (g_strcmp0(command, module->refuses) == 0) {
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED, "refused");
        return NULL;
    }
    obey(module, command);
    module->transferred = module->transferred || strcmp(command, "AT+PULL") == 0;
    if (strcmp(command, "AT+LOAD") == 0)
        module->asks = module->then;
    if (module->asks == NULL && module->leaving) {
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_GONE, "gone");
        return NULL;
    }
    return answer_with(strcmp(command, "AT+GMR") == 0        ? module->version
                       : strcmp(command, "AT+ASK") == 0      ? told
                       : strcmp(command, "AT+WHAT?") == 0    ? question
                       : strcmp(command, "AT+CGDCONT?") == 0 ? "+CGDCONT: 1"
                                                             : "");
}

static gboolean
on_raw_begin(FotaChannel *channel, const char *command, const char *const *prompts, guint *which,
             guint seconds, GCancellable *cancellable, int *cme, GError **error)
{
    g_auto(GStrv) lines = on_command(channel, command, seconds, cancellable, cme, error);

    *which = 0;
    return lines != NULL;
}

static gboolean
on_raw_write(FotaChannel *channel, const guint8 *bytes, gsize length, guint seconds,
             GCancellable *cancellable, GError **error)
{
    Module *module = (Module *)channel;

    g_byte_array_append(module->received, bytes, (guint)length);
    return TRUE;
}

static gboolean
on_raw_read(FotaChannel *channel, guint8 *byte, guint seconds, GCancellable *cancellable,
            GError **error)
{
    Module *module = (Module *)channel;

    if (module->raw[0] == DISTURBED) {
        g_cancellable_cancel(module->disturbance);
        return !g_cancellable_set_error_if_cancelled(module->disturbance, error);
    }
    if (module->raw[0] == NOISE) {
        *byte = 'C';
        noise_seconds += 3;
        return TRUE;
    }
    if (module->raw[0] != '\0') {
        *byte = (guint8)*module->raw++;
        return TRUE;
    }
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT, "silent");
    return FALSE;
}

static GStrv
on_raw_end(FotaChannel *channel, guint guard, guint seconds, GCancellable *cancellable, int *cme,
           GError **error)
{
    Module *module = (Module *)channel;
    g_autofree char *data = g_strdup_printf("[%u bytes]", module->received->len);

    module_note(module, data);
    module->transferred = TRUE;
    obey(module, "data");
    return answer_with("");
}

static gboolean
on_wait_gone(FotaChannel *channel, guint seconds, GCancellable *cancellable, GError **error)
{
    Module *module = (Module *)channel;
    gboolean gone = module->leaving && !module->silent;

    if (gone)
        module_note(module, "gone");
    module->leaving = module->leaving && !gone;
    module->away = module->away || gone;
    return module->away;
}

static gboolean
on_wait_back(FotaChannel *channel, guint seconds, GCancellable *cancellable, GError **error)
{
    Module *module = (Module *)channel;

    if (module->off) {
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_NOT_RETURNED, "away");
        return FALSE;
    }
    if (!module->silent)
        module_note(module, "back");
    module->away = FALSE;
    return TRUE;
}

static void
on_close(FotaChannel *channel)
{
}

const FotaChannelClass port = {
    .name = "port",
    .unsolicited = TRUE,
    .command = on_command,
    .raw_begin = on_raw_begin,
    .raw_write = on_raw_write,
    .raw_read = on_raw_read,
    .raw_end = on_raw_end,
    .wait_gone = on_wait_gone,
    .wait_back = on_wait_back,
    .close = on_close,
};
