/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/job/fota-first-aid.h"

#include <syslog.h>

#include "daemon/fota-error.h"
#include "daemon/fota-log.h"
#include "daemon/job/fota-command.h"
#include "daemon/job/fota-report.h"

/* 27.007 8.2: full functionality, after a reset. */
#define RESTART "AT+CFUN=1,1"

gboolean
fota_first_aid_is_needed(const GError *error)
{
    return g_error_matches(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_GONE) ||
           g_error_matches(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_NOT_RETURNED) ||
           g_error_matches(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT);
}

/* Nothing is switched off that the next start would not switch on. */
static gboolean
note_power_off(const FotaFirstAid *aid, GError **error)
{
    if (aid->session == NULL ||
        g_strcmp0(fota_session_recall(aid->session, FOTA_JOB_POWER), "1") == 0)
        return TRUE;
    fota_session_remember(aid->session, FOTA_JOB_POWER, "1");
    return fota_session_save(aid->session, error);
}

static void
note_power_on(const FotaFirstAid *aid)
{
    if (aid->session == NULL)
        return;
    fota_session_remember(aid->session, FOTA_JOB_POWER, "");
    fota_session_save(aid->session, NULL);
}

gboolean
fota_first_aid_cycle_power(const FotaFirstAid *aid, GError **error)
{
    g_autofree char *imei = g_strconcat("FOTA_IMEI=", aid->imei, NULL);
    g_autofree char *device = g_strconcat("FOTA_DEVICE=", aid->device, NULL);
    const char *environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", imei, device, NULL};

    if (aid->command == NULL) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_FIRST_AID_FAILED,
                    "no [FirstAid] PowerCycle= is set");
        return FALSE;
    }
    if (!note_power_off(aid, error) ||
        !fota_command_run(aid->command, environment, aid->command_seconds, aid->cancellable, error))
        return FALSE;
    note_power_on(aid);
    return TRUE;
}

gboolean
fota_first_aid_restart(const FotaFirstAid *aid, GError **error)
{
    FotaLogContext context = {.imei = aid->imei, .result = fota_rung_get_name(FOTA_RUNG_CFUN)};

    if ((aid->facts.allowed & 1u << FOTA_RUNG_CFUN) == 0) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_FIRST_AID_FAILED,
                    "the module answers, but ModemManager has lost it, and a restart is not "
                    "allowed now ([FirstAid] Rungs=, or an installation whose end is not known); "
                    "go on with the entry mute-module of first-aid.md");
        return FALSE;
    }
    fota_log(LOG_WARNING, FOTA_EVENT_FIRST_AID, &context,
             "first aid, cfun: the module answers, but ModemManager has lost it");
    return fota_session_shout(aid->session, RESTART, error);
}

/* FALSE: it could not be done; that is no end of the ladder. */
static gboolean
rung_take(const FotaFirstAid *aid, FotaRung rung, GError **error)
{
    switch (rung) {
    case FOTA_RUNG_AT_AGAIN:
        return TRUE;
    case FOTA_RUNG_OTHER_PORT:
        return fota_session_switch_port(aid->session, error);
    case FOTA_RUNG_CFUN:
        return fota_session_shout(aid->session, RESTART, error);
    case FOTA_RUNG_MM_RESET:
        return aid->reset(aid->user_data, error);
    case FOTA_RUNG_COMMAND:
        return fota_first_aid_cycle_power(aid, error);
    case FOTA_N_RUNGS:
        break;
    }
    g_return_val_if_reached(FALSE);
}

static void
log_rung(const FotaFirstAid *aid, FotaRung rung, const char *what)
{
    FotaLogContext context = {.imei = aid->imei, .result = fota_rung_get_name(rung)};

    fota_log(LOG_WARNING, FOTA_EVENT_FIRST_AID, &context, "first aid, %s: %s",
             fota_rung_get_name(rung), what);
}

/* One rung, and whether the module answers afterwards. */
static gboolean
try_rung(FotaFirstAid *aid, FotaRung rung, GError **error)
{
    g_autoptr(GError) local_error = NULL;
    g_autofree char *what = NULL;

    log_rung(aid, rung, "begins");
    if (rung_take(aid, rung, &local_error) &&
        fota_session_answers(aid->session, aid->seconds, &local_error)) {
        log_rung(aid, rung, "the module answers");
        return TRUE;
    }
    if (g_error_matches(local_error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        g_propagate_error(error, g_steal_pointer(&local_error));
        return FALSE;
    }
    if (fota_first_aid_is_needed(local_error))
        aid->facts.away = !fota_session_is_mute(aid->session, local_error);
    what = g_strdup_printf("did not help: %s", local_error->message);
    log_rung(aid, rung, what);
    return FALSE;
}

static void
add_to_error(GError **error, const char *text)
{
    char *message = g_strdup_printf("%s; %s", (*error)->message, text);

    g_free((*error)->message);
    (*error)->message = message;
}

static void
end_in_vain(const FotaFirstAid *aid, const char *tried, GError **error)
{
    FotaLogContext context = {.imei = aid->imei};
    const char *runbook = fota_first_aid_get_runbook(&aid->facts);
    g_autofree char *text = g_strdup_printf(
        "first aid %s%s; go on with the entry %s of first-aid.md",
        tried[0] != '\0' ? "did not help, tried: " : "is not allowed now", tried, runbook);

    add_to_error(error, text);
    fota_log(LOG_ERR, FOTA_EVENT_FIRST_AID_FAILED, &context, "%s", (*error)->message);
}

gboolean
fota_first_aid_give(FotaFirstAid *aid, GError **error)
{
    g_autoptr(GString) tried = g_string_new(NULL);
    g_autofree char *text = NULL;
    FotaRung rung;

    aid->facts.away = !fota_session_is_mute(aid->session, *error);
    while ((rung = fota_first_aid_next(&aid->facts)) != FOTA_N_RUNGS) {
        g_autoptr(GError) cancelled = NULL;

        g_string_append_printf(tried, "%s%s", tried->len > 0 ? ", " : "", fota_rung_get_name(rung));
        aid->facts.taken |= 1u << rung;
        if (try_rung(aid, rung, &cancelled)) {
            text = g_strdup_printf("first aid has brought the module back: %s", tried->str);
            add_to_error(error, text);
            return TRUE;
        }
        if (cancelled != NULL) {
            g_clear_error(error);
            g_propagate_error(error, g_steal_pointer(&cancelled));
            return FALSE;
        }
    }
    end_in_vain(aid, tried->str, error);
    return FALSE;
}
