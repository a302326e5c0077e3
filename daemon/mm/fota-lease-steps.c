/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/mm/fota-lease-private.h"

#include "base/fota-timer.h"
#include "daemon/fota-error.h"

/* Within which ModemManager enables a modem or disconnects a call by AT commands. */
#define ENABLE_SECONDS 60
/* Within which a modem finds a network and connects. */
#define CONNECT_SECONDS 180
/* Pause while ModemManager is changing the modem's state. */
#define BUSY_SECONDS 2
/* Pause after an attempt to give something back has failed. */
#define AGAIN_SECONDS 30

void
fota_lease_end(FotaLease *lease, GError *error)
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
    fota_lease_next(lease);
    return G_SOURCE_REMOVE;
}

static void
lease_again_in(FotaLease *lease, guint seconds)
{
    g_clear_handle_id(&lease->again, g_source_remove);
    lease->again = fota_timer_add(seconds, lease_again_now, lease);
}

/* FALSE: fotad is exiting, and the lease has been freed. */
static gboolean
step_ended(FotaLease *lease, GError *error)
{
    if (fota_mm_is_cancelled(error))
        return FALSE;
    if (error != NULL)
        g_dbus_error_strip_remote_error(error);
    lease->busy = FALSE;
    return TRUE;
}

/* Something cannot be taken, or cannot be given back yet. */
static void
step_failed(FotaLease *lease, FotaError code, const char *what, const GError *error)
{
    if (lease->held) {
        fota_lease_end(lease, g_error_new(FOTA_ERROR, code, "%s: %s", what, error->message));
    } else {
        g_free(lease->reason);
        lease->reason = g_strdup_printf("%s: %s", what, error->message);
        lease_again_in(lease, lease->late ? LATE_SECONDS : AGAIN_SECONDS);
    }
    fota_lease_next(lease);
}

/* TRUE: it succeeded. FALSE: @what and @code say why nothing follows from it now. */
static gboolean
step_succeeded(FotaLease *lease, GError *error, FotaError code, const char *what)
{
    if (!step_ended(lease, error))
        return FALSE;
    if (error != NULL)
        step_failed(lease, code, what, error);
    return error == NULL;
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

/* A call that ModemManager does not tell about, since it has just come or gone, may be up. */
static gboolean
bearer_read(MMBearer *bearer, gboolean *connected, GError **error)
{
    g_autoptr(GVariant) told = g_dbus_proxy_get_cached_property(G_DBUS_PROXY(bearer), "Connected");

    if (told == NULL)
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_NO_AT_PORT, "nothing is told about %s",
                    mm_bearer_get_path(bearer));
    else
        *connected = g_variant_get_boolean(told);
    return told != NULL;
}

static void
bearers_listed(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GError) error = NULL;
    g_autolist(MMBearer) bearers = mm_modem_list_bearers_finish(MM_MODEM(object), result, &error);
    FotaLease *lease = user_data;

    if (!step_ended(lease, error))
        return;
    g_ptr_array_set_size(lease->up, 0);
    /* libmm-glib returns the list in reverse order. */
    for (GList *l = g_list_last(bearers); error == NULL && l != NULL; l = l->prev) {
        gboolean connected = FALSE;

        if (bearer_read(l->data, &connected, &error) && connected)
            g_ptr_array_add(lease->up, g_object_ref(l->data));
    }
    if (error != NULL) {
        step_failed(lease, FOTA_ERROR_NO_AT_PORT, "ModemManager does not show the data calls",
                    error);
        return;
    }
    lease->listed = TRUE;
    fota_lease_next(lease);
}

void
fota_lease_step_list(FotaLease *lease, MMModem *modem)
{
    lease->busy = TRUE;
    mm_modem_list_bearers(modem, lease->mm->closing, bearers_listed, lease);
}

GVariant *
fota_lease_read_bearer(MMBearer *bearer)
{
    GVariant *properties = g_dbus_proxy_get_cached_property(G_DBUS_PROXY(bearer), "Properties");

    return properties != NULL ? properties : g_variant_ref_sink(g_variant_new("a{sv}", NULL));
}

static void
file_written(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaLease *lease = user_data;
    g_autoptr(GError) error = NULL;

    fota_debt_file_write_finish(result, &error);
    if (step_succeeded(lease, error, FOTA_ERROR_RECORD_NOT_WRITABLE,
                       "the state of the host's modem could not be recorded, so nothing is taken "
                       "from the host"))
        fota_lease_next(lease);
}

void
fota_lease_step_write(FotaLease *lease)
{
    lease->busy = TRUE;
    fota_debt_file_write_async(lease->file, lease->debt, lease->mm->closing, file_written, lease);
}

static void
bearer_disconnected(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaLease *lease = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = g_dbus_proxy_call_finish(G_DBUS_PROXY(object), result, &error);

    if (!step_succeeded(lease, error, FOTA_ERROR_NO_AT_PORT,
                        "the module's data call cannot be disconnected"))
        return;
    g_ptr_array_remove(lease->up, object);
    fota_lease_next(lease);
}

void
fota_lease_step_disconnect(FotaLease *lease)
{
    step_call(lease, lease->up->pdata[0], "Disconnect", NULL, ENABLE_SECONDS, bearer_disconnected);
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
        fota_lease_next(lease);
    else
        step_failed(lease, FOTA_ERROR_NO_AT_PORT, "ModemManager does not release the module",
                    error);
}

void
fota_lease_step_inhibit(FotaLease *lease)
{
    lease->busy = TRUE;
    lease->inhibited = TRUE;
    fota_mm_inhibit_async(lease->mm, lease->uid, module_inhibited, lease);
}

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
        fota_lease_next(lease);
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
void
fota_lease_step_give(FotaLease *lease, FotaMmModem *modem)
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
