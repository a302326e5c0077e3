/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/mm/fota-lease.h"

#include <syslog.h>

#include "base/fota-timer.h"
#include "daemon/fota-error.h"
#include "daemon/fota-log.h"
#include "daemon/mm/fota-debt-file.h"
#include "daemon/mm/fota-mm-private.h"

/* Within which ModemManager enables a modem or disconnects a call by AT commands. */
#define ENABLE_SECONDS 60
/* Within which a modem finds a network and connects. */
#define CONNECT_SECONDS 180
/* Pause while ModemManager is changing the modem's state. */
#define BUSY_SECONDS 2
/* Pause after an attempt to give something back has failed. */
#define AGAIN_SECONDS 30
/* Time after which the log reports what is missing; also the pause between attempts from then on.
 */
#define LATE_SECONDS 900

/*
 * lease_next() derives the next step from the state and takes it; each step ends by calling
 * lease_next() again, so a lease may be taken or given back at any time.
 */
struct FotaLease {
    FotaMm *mm;
    char *imei;
    char *uid; /* ModemManager's name of the device */
    FotaLeaseWants wants;
    gboolean held; /* a job holds the lease, or waits for it */
    GTask *task;   /* of the job that waits until everything is taken; NULL = none waits */
    FotaDebt *debt;
    FotaDebtFile *file;
    FotaMmWatch watch;
    gboolean busy;      /* a step is under way */
    gboolean listed;    /* @up is up to date */
    GPtrArray *up;      /* connected bearers, MMBearer */
    gboolean inhibited; /* or being inhibited */
    GVariant *giving;   /* bearer that is being connected */
    guint idle;
    guint again;
    guint timeout; /* until it is late */
    gboolean late;
    char *reason; /* why not everything is given back */
};

static void lease_next(FotaLease *lease);

static void
lease_free(gpointer data)
{
    FotaLease *lease = data;

    fota_mm_remove_watch(lease->mm, &lease->watch);
    g_clear_handle_id(&lease->idle, g_source_remove);
    g_clear_handle_id(&lease->again, g_source_remove);
    g_clear_handle_id(&lease->timeout, g_source_remove);
    if (lease->task != NULL)
        g_task_return_new_error(lease->task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "fotad is ending");
    g_clear_object(&lease->task);
    fota_debt_free(lease->debt);
    fota_debt_file_free(lease->file);
    g_ptr_array_unref(lease->up);
    g_clear_pointer(&lease->giving, g_variant_unref);
    g_free(lease->uid);
    g_free(lease->imei);
    g_free(lease->reason);
    g_free(lease);
}

static gboolean
lease_idle(gpointer data)
{
    FotaLease *lease = data;

    lease->idle = 0;
    lease_next(lease);
    return G_SOURCE_REMOVE;
}

static void
lease_next_soon(FotaLease *lease)
{
    if (lease->idle == 0)
        lease->idle = g_idle_add(lease_idle, lease);
}

static void
lease_module_changed(gpointer user_data)
{
    FotaLease *lease = user_data;

    g_clear_handle_id(&lease->again, g_source_remove);
    lease_next_soon(lease);
}

/* Takes @file and @debt. */
static FotaLease *
lease_new(FotaMm *mm, const char *imei, FotaDebtFile *file, FotaDebt *debt)
{
    FotaLease *lease = g_new0(FotaLease, 1);

    lease->mm = mm;
    lease->imei = g_strdup(imei);
    lease->file = file;
    lease->debt = debt;
    lease->up = g_ptr_array_new_with_free_func(g_object_unref);
    lease->watch = (FotaMmWatch){lease->imei, lease_module_changed, lease};
    fota_mm_add_watch(mm, &lease->watch);
    g_hash_table_insert(mm->leases, lease->imei, lease);
    return lease;
}

static FotaLease *
lease_find(FotaMm *mm, const char *imei)
{
    return mm->leases != NULL ? g_hash_table_lookup(mm->leases, imei) : NULL;
}

/* Ends a step. FALSE: fotad is exiting, and the lease has been freed. */
static gboolean
step_ended(FotaLease *lease, GError *error)
{
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return FALSE;
    if (error != NULL)
        g_dbus_error_strip_remote_error(error);
    lease->busy = FALSE;
    return TRUE;
}

/* Ends the job's hold. Takes @error, which a job that still waits gets. */
static void
lease_end(FotaLease *lease, GError *error)
{
    g_autoptr(GTask) task = g_steal_pointer(&lease->task);

    lease->held = FALSE;
    lease->wants = FOTA_LEASE_NOTHING;
    lease->listed = FALSE;
    if (task != NULL)
        g_task_return_error(task, error);
    else
        g_clear_error(&error);
}

static gboolean
lease_again_now(gpointer data)
{
    FotaLease *lease = data;

    lease->again = 0;
    lease_next(lease);
    return G_SOURCE_REMOVE;
}

static void
lease_again_in(FotaLease *lease, guint seconds)
{
    g_clear_handle_id(&lease->again, g_source_remove);
    lease->again = fota_timer_add(seconds, lease_again_now, lease);
}

/* Something cannot be taken, or cannot be given back yet. */
static void
step_failed(FotaLease *lease, FotaError code, const char *what, const GError *error)
{
    if (lease->held) {
        lease_end(lease, g_error_new(FOTA_ERROR, code, "%s: %s", what, error->message));
    } else {
        g_free(lease->reason);
        lease->reason = g_strdup_printf("%s: %s", what, error->message);
        lease_again_in(lease, lease->late ? LATE_SECONDS : AGAIN_SECONDS);
    }
    lease_next(lease);
}

/* Calls @method of a modem's or bearer's @proxy, with @seconds as its own limit. */
static void
step_call(FotaLease *lease, gpointer proxy, const char *method, GVariant *parameters, guint seconds,
          GAsyncReadyCallback callback)
{
    lease->busy = TRUE;
    g_dbus_proxy_call(G_DBUS_PROXY(proxy), method, parameters, G_DBUS_CALL_FLAGS_NO_AUTO_START,
                      (int)seconds * 1000, lease->mm->closing, callback, lease);
}

/* Connected bearers */

static void
bearers_listed(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GError) error = NULL;
    g_autolist(MMBearer) bearers = mm_modem_list_bearers_finish(MM_MODEM(object), result, &error);
    FotaLease *lease = user_data;

    if (!step_ended(lease, error))
        return;
    if (error != NULL) {
        step_failed(lease, FOTA_ERROR_NO_AT_PORT, "ModemManager does not show the data calls",
                    error);
        return;
    }
    g_ptr_array_set_size(lease->up, 0);
    /* libmm-glib returns the list in reverse order. */
    for (GList *l = g_list_last(bearers); l != NULL; l = l->prev) {
        if (mm_bearer_get_connected(l->data))
            g_ptr_array_add(lease->up, g_object_ref(l->data));
    }
    lease->listed = TRUE;
    lease_next(lease);
}

static void
step_list(FotaLease *lease, MMModem *modem)
{
    lease->busy = TRUE;
    mm_modem_list_bearers(modem, lease->mm->closing, bearers_listed, lease);
}

static GVariant *
bearer_get_properties(MMBearer *bearer)
{
    GVariant *properties = g_dbus_proxy_get_cached_property(G_DBUS_PROXY(bearer), "Properties");

    return properties != NULL ? properties : g_variant_ref_sink(g_variant_new("a{sv}", NULL));
}

/* Adds each connected data call to the debt; it replaces an earlier one with the same APN. */
static void
lease_owe(FotaLease *lease, MMModem *modem)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)g_variant_unref);

    for (guint i = 0; i < lease->up->len; i++) {
        g_ptr_array_add(all, bearer_get_properties(lease->up->pdata[i]));
        fota_debt_pay_bearer(lease->debt, all->pdata[i]);
    }
    for (guint i = 0; i < all->len; i++)
        fota_debt_add_bearer(lease->debt, all->pdata[i]);
    lease->debt->enabled =
        lease->debt->enabled || mm_modem_get_state(modem) >= MM_MODEM_STATE_ENABLED;
}

/* The file */

static void
file_written(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaLease *lease = user_data;
    g_autoptr(GError) error = NULL;

    fota_debt_file_write_finish(result, &error);
    if (!step_ended(lease, error))
        return;
    if (error != NULL)
        step_failed(lease, FOTA_ERROR_RECORD_NOT_WRITABLE,
                    "the state of the host's modem could not be recorded, so nothing is taken from "
                    "the host",
                    error);
    else
        lease_next(lease);
}

static void
step_write(FotaLease *lease)
{
    lease->busy = TRUE;
    fota_debt_file_write_async(lease->file, lease->debt, lease->mm->closing, file_written, lease);
}

/* Taking */

static void
bearer_disconnected(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaLease *lease = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = g_dbus_proxy_call_finish(G_DBUS_PROXY(object), result, &error);

    if (!step_ended(lease, error))
        return;
    if (reply == NULL) {
        step_failed(lease, FOTA_ERROR_NO_AT_PORT, "the module's data call cannot be disconnected",
                    error);
        return;
    }
    g_ptr_array_remove(lease->up, object);
    lease_next(lease);
}

static void
module_inhibited(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaLease *lease = user_data;
    g_autoptr(GError) error = NULL;
    gboolean inhibited = fota_mm_inhibit_finish(NULL, result, &error);

    if (!step_ended(lease, error))
        return;
    /* If the lease was given back meanwhile, the inhibition has ended or is about to. */
    lease->inhibited = lease->inhibited && inhibited;
    if (inhibited)
        lease_next(lease);
    else
        step_failed(lease, FOTA_ERROR_NO_AT_PORT, "ModemManager does not release the module",
                    error);
}

static void
step_inhibit(FotaLease *lease)
{
    lease->busy = TRUE;
    lease->inhibited = TRUE;
    fota_mm_inhibit_async(lease->mm, lease->uid, module_inhibited, lease);
}

static void
lease_taken(FotaLease *lease)
{
    g_autoptr(GTask) task = g_steal_pointer(&lease->task);

    g_task_return_boolean(task, TRUE);
}

static void
lease_take_on(FotaLease *lease, MMModem *modem)
{
    if (lease->task == NULL)
        return;
    if (!lease->listed && modem != NULL) {
        step_list(lease, modem);
        return;
    }
    if (modem != NULL)
        lease_owe(lease, modem);
    if (!fota_debt_is_empty(lease->debt) && !fota_debt_file_holds(lease->file, lease->debt))
        step_write(lease);
    else if ((lease->wants & FOTA_LEASE_BEARERS) != 0 && lease->up->len > 0)
        step_call(lease, lease->up->pdata[0], "Disconnect", NULL, ENABLE_SECONDS,
                  bearer_disconnected);
    else if ((lease->wants & FOTA_LEASE_MODULE) != 0 && !lease->inhibited)
        step_inhibit(lease);
    else
        lease_taken(lease);
}

/* Giving back */

/* Something was given back, or could not be; the bearers are then listed again. */
static void
step_given(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaLease *lease = user_data;
    g_autoptr(GVariant) giving = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = g_dbus_proxy_call_finish(G_DBUS_PROXY(object), result, &error);

    if (!step_ended(lease, error))
        return;
    giving = g_steal_pointer(&lease->giving);
    lease->listed = FALSE;
    /* ModemManager's properties may lag behind its reply. */
    if (reply != NULL && giving != NULL)
        fota_debt_pay_bearer(lease->debt, giving);
    if (reply != NULL)
        lease->debt->enabled = FALSE;
    if (reply == NULL && !lease->held)
        step_failed(lease, FOTA_ERROR_NO_AT_PORT, "ModemManager says", error);
    else
        lease_next(lease);
}

static gboolean
lease_too_late(gpointer data)
{
    FotaLease *lease = data;
    FotaLogContext context = {.imei = lease->imei};

    lease->timeout = 0;
    lease->late = TRUE;
    fota_log(LOG_WARNING, FOTA_EVENT_NONE, &context,
             "%s before the update and has not been again within %d s: %s; fotad keeps trying, and "
             "mmcli --%s does the same",
             lease->debt->bearers->len > 0 ? "the data call was connected"
                                           : "the modem was enabled",
             LATE_SECONDS,
             lease->reason != NULL ? lease->reason : "ModemManager does not show the module",
             lease->debt->bearers->len > 0 ? "simple-connect" : "enable");
    return G_SOURCE_REMOVE;
}

/* What is connected or enabled again is no longer owed, whoever did it. */
static void
lease_count_up(FotaLease *lease, MMModem *modem)
{
    /* After this long, whoever has connected another call does not want the old one. */
    if (lease->late && lease->up->len > 0)
        fota_debt_clear(lease->debt);
    for (guint i = 0; i < lease->up->len; i++) {
        g_autoptr(GVariant) properties = bearer_get_properties(lease->up->pdata[i]);

        fota_debt_pay_bearer(lease->debt, properties);
    }
    if (mm_modem_get_state(modem) >= MM_MODEM_STATE_ENABLED)
        lease->debt->enabled = FALSE;
}

static gboolean
modem_is_busy(MMModem *modem)
{
    switch (mm_modem_get_state(modem)) {
    case MM_MODEM_STATE_INITIALIZING:
    case MM_MODEM_STATE_DISABLING:
    case MM_MODEM_STATE_ENABLING:
    case MM_MODEM_STATE_DISCONNECTING:
    case MM_MODEM_STATE_CONNECTING:
        return TRUE;
    default:
        return FALSE;
    }
}

/* Simple.Connect() also enables the modem and registers. */
static void
step_give(FotaLease *lease, FotaMmModem *modem)
{
    MMModemSimple *simple = mm_object_peek_modem_simple(modem->object);
    GPtrArray *owed = lease->debt->bearers;

    if (modem_is_busy(mm_object_peek_modem(modem->object)) || (owed->len > 0 && simple == NULL)) {
        lease_again_in(lease, BUSY_SECONDS);
    } else if (owed->len > 0) {
        lease->giving = g_variant_ref(owed->pdata[0]);
        step_call(lease, simple, "Connect", g_variant_new("(@a{sv})", lease->giving),
                  CONNECT_SECONDS, step_given);
    } else {
        step_call(lease, mm_object_peek_modem(modem->object), "Enable", g_variant_new("(b)", TRUE),
                  ENABLE_SECONDS, step_given);
    }
}

/* Nothing is owed any more. A file that cannot be removed only makes the next start check again. */
static void
lease_close(FotaLease *lease)
{
    FotaLogContext context = {.imei = lease->imei};
    g_autoptr(GError) error = NULL;

    if (!fota_debt_file_remove(lease->file, &error))
        fota_log(LOG_WARNING, FOTA_EVENT_NONE, &context, "%s", error->message);
    g_hash_table_remove(lease->mm->leases, lease->imei);
}

static void
lease_give_on(FotaLease *lease, FotaMmModem *modem)
{
    if (lease->inhibited)
        fota_mm_uninhibit(lease->mm, lease->uid);
    lease->inhibited = FALSE;
    if (lease->listed && modem != NULL)
        lease_count_up(lease, mm_object_peek_modem(modem->object));
    if (fota_debt_is_empty(lease->debt)) {
        lease_close(lease);
        return;
    }
    if (lease->timeout == 0 && !lease->late)
        lease->timeout = fota_timer_add(LATE_SECONDS, lease_too_late, lease);
    if (modem == NULL || lease->again != 0)
        return;
    if (!lease->listed) {
        step_list(lease, mm_object_peek_modem(modem->object));
        return;
    }
    lease->listed = FALSE;
    step_give(lease, modem);
}

static void
lease_next(FotaLease *lease)
{
    FotaMmModem *modem = fota_mm_find_modem(lease->mm, lease->imei);

    if (lease->busy)
        return;
    if (lease->held)
        lease_take_on(lease, modem != NULL ? mm_object_peek_modem(modem->object) : NULL);
    else
        lease_give_on(lease, modem);
}

void
fota_lease_take_async(FotaMm *mm, const char *imei, const char *uid, FotaLeaseWants wants,
                      GAsyncReadyCallback callback, gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, NULL, callback, user_data);
    FotaLease *lease = lease_find(mm, imei);

    if (lease == NULL)
        lease = lease_new(mm, imei, fota_debt_file_new(mm->directory, imei), fota_debt_new());
    if (lease->task != NULL) {
        g_task_return_new_error(task, FOTA_ERROR, FOTA_ERROR_BUSY,
                                "the module is being taken already");
        return;
    }
    g_free(lease->uid);
    lease->uid = g_strdup(uid);
    lease->task = g_steal_pointer(&task);
    lease->wants |= wants;
    lease->held = TRUE;
    lease->listed = FALSE;
    lease->late = FALSE;
    g_clear_handle_id(&lease->again, g_source_remove);
    g_clear_handle_id(&lease->timeout, g_source_remove);
    lease_next_soon(lease);
}

gboolean
fota_lease_take_finish(FotaMm *mm, GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}

static gboolean
task_cancelled(gpointer task)
{
    g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                            "the module was given back before it was taken");
    return G_SOURCE_REMOVE;
}

void
fota_lease_give_back(FotaMm *mm, const char *imei)
{
    FotaLease *lease = lease_find(mm, imei);

    if (lease == NULL || !lease->held)
        return;
    /* In the main loop, because its callback must not run within this function. */
    if (lease->task != NULL)
        g_idle_add_full(G_PRIORITY_DEFAULT, task_cancelled, g_steal_pointer(&lease->task),
                        g_object_unref);
    /* Also if the inhibition is still being requested. */
    if (lease->inhibited)
        fota_mm_uninhibit(mm, lease->uid);
    lease->inhibited = FALSE;
    lease_end(lease, NULL);
    lease_next_soon(lease);
}

GHashTable *
fota_mm_leases_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, NULL, lease_free);
}

static void
lease_load(FotaMm *mm, const char *imei)
{
    g_autoptr(FotaDebtFile) file = fota_debt_file_new(mm->directory, imei);
    g_autoptr(GError) error = NULL;
    FotaDebt *debt = fota_debt_file_read(file, &error);
    FotaLogContext context = {.imei = imei};
    FotaLease *lease;

    if (debt == NULL) {
        fota_log(LOG_WARNING, FOTA_EVENT_NONE, &context,
                 "what was taken from the host cannot be read, so it is not given back: %s",
                 error->message);
        return;
    }
    lease = lease_new(mm, imei, g_steal_pointer(&file), debt);
    lease_next_soon(lease);
}

void
fota_mm_leases_load(FotaMm *mm)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) imeis = fota_debt_file_list(mm->directory, &error);

    if (imeis == NULL)
        g_warning("what was taken from the host cannot be read: %s", error->message);
    for (guint i = 0; imeis != NULL && imeis[i] != NULL; i++)
        lease_load(mm, imeis[i]);
}
