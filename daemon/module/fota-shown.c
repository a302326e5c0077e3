/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-shown.h"

#include <string.h>
#include <syslog.h>

#include "daemon/fota-error.h"
#include "daemon/fota-log.h"
#include "daemon/module/fota-view.h"
#include "policy/fota-policy-error.h"

/* What the parts know, as it was last looked at. */
typedef enum {
    TEXT_MANUFACTURER,
    TEXT_MODEL,
    TEXT_REVISION,
    TEXT_PLUGIN,
    TEXT_MODEM,
    N_TEXTS,
} Text;

typedef enum {
    NUMBER_PROGRESS,
    NUMBER_BYTES_RECEIVED,
    NUMBER_BYTES_TOTAL,
    NUMBER_LAST_CHECK,
    NUMBER_NEXT_CHECK,
    N_NUMBERS,
} Number;

struct _FotaShown {
    void (*changed)(const char *property, gpointer user_data);
    gpointer user_data;
    FotaState state;
    GStrv blockers;
    char *error_name;
    char *error_text;
    GVariant *update;
    char *texts[N_TEXTS];
    guint64 numbers[N_NUMBERS];
};

static GVariant *
make_empty(void)
{
    GVariantDict empty;

    g_variant_dict_init(&empty, NULL);
    return g_variant_ref_sink(g_variant_dict_end(&empty));
}

FotaShown *
fota_shown_new(void (*changed)(const char *property, gpointer user_data), gpointer user_data)
{
    FotaShown *shown = g_new0(FotaShown, 1);

    shown->changed = changed;
    shown->user_data = user_data;
    shown->state = FOTA_STATE_ABSENT;
    shown->blockers = g_new0(char *, 1);
    shown->error_name = g_strdup("");
    shown->error_text = g_strdup("");
    shown->update = make_empty();
    for (guint i = 0; i < N_TEXTS; i++)
        shown->texts[i] = g_strdup("");
    return shown;
}

void
fota_shown_free(FotaShown *shown)
{
    g_strfreev(shown->blockers);
    g_free(shown->error_name);
    g_free(shown->error_text);
    g_variant_unref(shown->update);
    for (guint i = 0; i < N_TEXTS; i++)
        g_free(shown->texts[i]);
    g_free(shown);
}

void
fota_shown_set_state(FotaShown *shown, FotaState state)
{
    if (shown->state == state)
        return;
    shown->state = state;
    shown->changed("State", shown->user_data);
}

void
fota_shown_set_blockers(FotaShown *shown, const char *const *blockers)
{
    if (g_strv_equal((const char *const *)shown->blockers, blockers))
        return;
    g_strfreev(shown->blockers);
    shown->blockers = g_strdupv((char **)blockers);
    shown->changed("Blockers", shown->user_data);
}

void
fota_shown_set_error_text(FotaShown *shown, const char *name, const char *text)
{
    if (strcmp(shown->error_name, name) == 0 && strcmp(shown->error_text, text) == 0)
        return;
    fota_record_set(&shown->error_name, name);
    fota_record_set(&shown->error_text, text);
    shown->changed("LastError", shown->user_data);
}

void
fota_shown_set_error(FotaShown *shown, const GError *error)
{
    fota_shown_set_error_text(shown, error != NULL ? fota_error_get_name(error) : "",
                              error != NULL ? error->message : "");
}

void
fota_shown_set_update(FotaShown *shown, GVariant *update)
{
    g_autoptr(GVariant) taken = update != NULL ? g_variant_ref_sink(update) : make_empty();

    if (g_variant_equal(shown->update, taken))
        return;
    g_variant_unref(shown->update);
    shown->update = g_steal_pointer(&taken);
    shown->changed("Update", shown->user_data);
}

const char *
fota_shown_get_plugin(const FotaParts *parts)
{
    const FotaPlugin *plugin = fota_parts_get_plugin(parts);

    return plugin != NULL ? plugin->name : "";
}

const char *
fota_shown_get_modem(const FotaParts *parts)
{
    return fota_presence_get(parts->presence) == FOTA_PRESENCE_HERE
               ? fota_presence_get_facts(parts->presence)->path
               : "/";
}

void
fota_shown_look(FotaShown *shown, const FotaParts *parts)
{
    static const char *const text_names[N_TEXTS] = {"Manufacturer", "Model", "Revision", "Plugin",
                                                    "Modem"};
    static const char *const number_names[N_NUMBERS] = {"Progress", "BytesReceived", "BytesTotal",
                                                        "LastCheck", "NextCheck"};
    const char *const texts[N_TEXTS] = {
        [TEXT_MANUFACTURER] = parts->record->manufacturer,
        [TEXT_MODEL] = parts->record->model,
        [TEXT_REVISION] = parts->record->revision,
        [TEXT_PLUGIN] = fota_shown_get_plugin(parts),
        [TEXT_MODEM] = fota_shown_get_modem(parts),
    };
    const guint64 numbers[N_NUMBERS] = {
        [NUMBER_PROGRESS] = fota_run_get_progress(parts->run),
        [NUMBER_BYTES_RECEIVED] = fota_run_get_bytes_received(parts->run),
        [NUMBER_BYTES_TOTAL] = fota_run_get_bytes_total(parts->run),
        [NUMBER_LAST_CHECK] = fota_poller_get_last_check(parts->poller),
        [NUMBER_NEXT_CHECK] = fota_poller_get_next_check(parts->poller),
    };

    for (guint i = 0; i < N_TEXTS; i++) {
        if (strcmp(shown->texts[i], texts[i]) == 0)
            continue;
        fota_record_set(&shown->texts[i], texts[i]);
        shown->changed(text_names[i], shown->user_data);
    }
    for (guint i = 0; i < N_NUMBERS; i++) {
        if (shown->numbers[i] == numbers[i])
            continue;
        shown->numbers[i] = numbers[i];
        shown->changed(number_names[i], shown->user_data);
    }
}

FotaState
fota_shown_get_state(FotaShown *shown)
{
    return shown->state;
}

const char *const *
fota_shown_get_blockers(FotaShown *shown)
{
    return (const char *const *)shown->blockers;
}

const char *
fota_shown_get_error_name(FotaShown *shown)
{
    return shown->error_name;
}

const char *
fota_shown_get_error_text(FotaShown *shown)
{
    return shown->error_text;
}

GVariant *
fota_shown_get_update(FotaShown *shown)
{
    return shown->update;
}

/* What the table has decided */

gboolean
fota_shown_has_own_error(FotaShown *shown)
{
    return shown->error_name[0] != '\0' && strcmp(shown->error_name, "PinRequired") != 0;
}

static void
show_plan_error(FotaShown *shown, const FotaParts *parts, GQuark domain, int code)
{
    const FotaPlan *plan = parts->plan;
    g_autoptr(GError) error =
        g_error_new_literal(domain, code, plan->reasons->pdata[plan->decided_by]);

    fota_shown_set_error(shown, error);
}

/* A manifest may expire or lose its key while an update waits: then nothing new begins. */
static void
show_distrust(FotaShown *shown, const FotaParts *parts)
{
    FotaLogContext context = {.imei = parts->record->imei};
    g_autoptr(GError) error = NULL;

    if (fota_reader_check_trust(parts->reader, &error))
        return;
    if (strcmp(shown->error_name, fota_error_get_name(error)) != 0)
        fota_log(LOG_WARNING, FOTA_EVENT_MANIFEST_REFUSED, &context,
                 "the manifest at hand is no longer valid (%s): %s", fota_error_get_name(error),
                 error->message);
    if (g_error_matches(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_EXPIRED))
        fota_reader_note_expired(parts->reader);
    fota_shown_set_error(shown, error);
}

/* After a restart: the error of the newest update. */
static void
show_last_attempt(FotaShown *shown, const FotaParts *parts)
{
    const GPtrArray *history = parts->record->history;
    const FotaHistoryEntry *newest = history->len > 0 ? history->pdata[0] : NULL;

    if (!fota_shown_has_own_error(shown) && newest != NULL && strcmp(newest->result, "failed") == 0)
        fota_shown_set_error_text(shown, newest->error, newest->text);
}

static void
show_error(FotaShown *shown, const FotaParts *parts, FotaShowError error)
{
    switch (error) {
    case FOTA_SHOW_ERROR_AS_IS:
        break;
    case FOTA_SHOW_ERROR_TRUST:
        show_distrust(shown, parts);
        break;
    case FOTA_SHOW_ERROR_NOT_SUPPORTED:
        show_plan_error(shown, parts, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED);
        break;
    case FOTA_SHOW_ERROR_NO_PATH:
        show_plan_error(shown, parts, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_NO_PATH);
        break;
    case FOTA_SHOW_ERROR_DOWNGRADE:
        show_plan_error(shown, parts, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_DOWNGRADE_REFUSED);
        break;
    case FOTA_SHOW_ERROR_UNANSWERED:
        show_plan_error(shown, parts, FOTA_ERROR, FOTA_ERROR_UNANSWERED);
        break;
    case FOTA_SHOW_ERROR_LAST_ATTEMPT:
        show_last_attempt(shown, parts);
        break;
    }
}

static void
show_update(FotaShown *shown, const FotaParts *parts, const FotaNext *next)
{
    gboolean runs = fota_run_get_action(parts->run) != FOTA_ACTION_NONE ||
                    fota_keeper_get_mark(parts->keeper) == FOTA_MARK_INSTALLING;

    if (!next->offers)
        fota_shown_set_update(shown, NULL);
    else if (!runs)
        fota_shown_set_update(shown, fota_view_describe_update(parts, next->guest));
    /* A running update is shown as it was offered, or from the record after a restart. */
    else if (g_variant_n_children(shown->update) == 0)
        fota_shown_set_update(shown, fota_view_describe_record(parts->record));
}

static void
show_blockers(FotaShown *shown, const FotaParts *parts, FotaShowBlockers blockers)
{
    static const char *const nothing[] = {NULL};
    static const char *const backoff[] = {"backoff", NULL};
    const FotaPlan *plan = parts->plan;

    if (blockers == FOTA_SHOW_BLOCKERS && plan != NULL)
        fota_shown_set_blockers(shown, (const char *const *)plan->blockers->pdata);
    else
        fota_shown_set_blockers(shown, blockers == FOTA_SHOW_BACKOFF ? backoff : nothing);
}

void
fota_shown_follow(FotaShown *shown, const FotaParts *parts, const FotaNext *next)
{
    show_error(shown, parts, next->error);
    show_update(shown, parts, next);
    show_blockers(shown, parts, next->blockers);
    fota_shown_look(shown, parts);
    fota_shown_set_state(shown, next->state);
}
