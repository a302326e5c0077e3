/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/mm/fota-lease-private.h"

#include <syslog.h>

#include "base/fota-timer.h"
#include "daemon/fota-error.h"
#include "daemon/fota-log.h"

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
    fota_lease_next(lease);
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

/* Adds each connected data call to the debt; it replaces an earlier one with the same APN. */
static void
lease_owe(FotaLease *lease, MMModem *modem)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)g_variant_unref);

    for (guint i = 0; i < lease->up->len; i++) {
        g_ptr_array_add(all, fota_lease_read_bearer(lease->up->pdata[i]));
        fota_debt_pay_bearer(lease->debt, all->pdata[i]);
    }
    for (guint i = 0; i < all->len; i++)
        fota_debt_add_bearer(lease->debt, all->pdata[i]);
    lease->debt->enabled =
        lease->debt->enabled || mm_modem_get_state(modem) >= MM_MODEM_STATE_ENABLED;
}

/* Taking */

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
        fota_lease_step_list(lease, modem);
        return;
    }
    if (modem != NULL)
        lease_owe(lease, modem);
    if (!fota_debt_is_empty(lease->debt) && !fota_debt_file_holds(lease->file, lease->debt))
        fota_lease_step_write(lease);
    else if ((lease->wants & FOTA_LEASE_BEARERS) != 0 && lease->up->len > 0)
        fota_lease_step_disconnect(lease);
    else if ((lease->wants & FOTA_LEASE_MODULE) != 0 && !lease->inhibited)
        fota_lease_step_inhibit(lease);
    else
        lease_taken(lease);
}

/* Giving back */

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
        g_autoptr(GVariant) properties = fota_lease_read_bearer(lease->up->pdata[i]);

        fota_debt_pay_bearer(lease->debt, properties);
    }
    if (mm_modem_get_state(modem) >= MM_MODEM_STATE_ENABLED)
        lease->debt->enabled = FALSE;
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
        fota_lease_step_list(lease, mm_object_peek_modem(modem->object));
        return;
    }
    lease->listed = FALSE;
    fota_lease_step_give(lease, modem);
}

void
fota_lease_next(FotaLease *lease)
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
    fota_lease_end(lease, NULL);
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
