/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/mm/fota-mm-private.h"

#include <string.h>

#include "base/fota-timer.h"

/*
 * The host's data call, taken down for an update whose module needs the radio for itself, and put
 * up again when it has ended. The bearer objects do not outlive a restart of the module, so what is
 * kept is how to connect: Simple.Connect() enables, registers and connects in one.
 */

/* How long the module may take to come back, and to a network, before its call is given up. */
#define RETURN_SECONDS 900
/* After a try to put it up again that failed. */
#define AGAIN_SECONDS 30

struct FotaMmCall {
    FotaMm *mm;
    char *imei;
    MMSimpleConnectProperties *properties;
    gboolean wanted;     /* the update has ended: put it up as soon as the module is there */
    gboolean connecting; /* and ModemManager has been asked to */
    GTask *waiting;      /* the next update, which must not begin in the middle of that */
    FotaMmWatch watch;
    guint idle;
    guint again;
    guint timeout;
    char *reason; /* why it is not up again */
    GCancellable *cancellable;
};

static void
stop_timers(FotaMmCall *call)
{
    g_clear_handle_id(&call->idle, g_source_remove);
    g_clear_handle_id(&call->again, g_source_remove);
    g_clear_handle_id(&call->timeout, g_source_remove);
}

static void
call_free(gpointer data)
{
    FotaMmCall *call = data;

    g_cancellable_cancel(call->cancellable);
    g_object_unref(call->cancellable);
    stop_timers(call);
    fota_mm_remove_watch(call->mm, &call->watch);
    g_free(call->reason);
    g_clear_object(&call->properties);
    if (call->waiting != NULL)
        g_task_return_new_error(call->waiting, MM_CORE_ERROR, MM_CORE_ERROR_CANCELLED,
                                "fotad ends");
    g_clear_object(&call->waiting);
    g_free(call->imei);
    g_free(call);
}

GHashTable *
fota_mm_calls_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, NULL, call_free);
}

static void list_bearers(FotaMm *mm, GTask *task);
static void module_changed(gpointer user_data);

static gboolean
connect_again(gpointer data)
{
    FotaMmCall *call = data;

    call->again = 0;
    module_changed(call);
    return G_SOURCE_REMOVE;
}

static void
connected(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) waiting = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(MMBearer) bearer =
        mm_modem_simple_connect_finish(MM_MODEM_SIMPLE(object), result, &error);
    FotaMmCall *call = user_data;

    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    call->connecting = FALSE;
    waiting = g_steal_pointer(&call->waiting);
    if (waiting != NULL) {
        list_bearers(call->mm, waiting);
        return;
    }
    if (bearer != NULL) {
        g_hash_table_remove(call->mm->calls, call->imei);
        return;
    }
    g_dbus_error_strip_remote_error(error);
    g_free(call->reason);
    call->reason = g_strdup(error->message);
    call->again = fota_timer_add(AGAIN_SECONDS, connect_again, call);
}

static void
connect_call(FotaMmCall *call, MMModemSimple *simple)
{
    call->connecting = TRUE;
    mm_modem_simple_connect(simple, call->properties, call->cancellable, connected, call);
}

static gboolean
put_up(gpointer data)
{
    FotaMmCall *call = data;
    FotaMmModem *modem = fota_mm_find_modem(call->mm, call->imei);
    MMModemSimple *simple = modem != NULL ? mm_object_peek_modem_simple(modem->object) : NULL;

    call->idle = 0;
    if (simple == NULL || call->connecting || call->again != 0)
        return G_SOURCE_REMOVE;
    /* A connection manager may have been quicker. */
    if (mm_modem_get_state(mm_object_peek_modem(modem->object)) >= MM_MODEM_STATE_CONNECTING)
        g_hash_table_remove(call->mm->calls, call->imei);
    else
        connect_call(call, simple);
    return G_SOURCE_REMOVE;
}

static void
module_changed(gpointer user_data)
{
    FotaMmCall *call = user_data;

    if (call->wanted && call->idle == 0)
        call->idle = g_idle_add(put_up, call);
}

static gboolean
give_up(gpointer data)
{
    FotaMmCall *call = data;

    call->timeout = 0;
    g_warning("the data call that was up before the update cannot be put up again within %d s: %s; "
              "connect it with mmcli --simple-connect",
              RETURN_SECONDS, call->reason != NULL ? call->reason : "the module is not there");
    g_hash_table_remove(call->mm->calls, call->imei);
    return G_SOURCE_REMOVE;
}

void
fota_mm_restore_call(FotaMm *mm, const char *imei)
{
    FotaMmCall *call = g_hash_table_lookup(mm->calls, imei);

    if (call == NULL || call->wanted)
        return;
    call->wanted = TRUE;
    call->timeout = fota_timer_add(RETURN_SECONDS, give_up, call);
    module_changed(call);
}

static MMSimpleConnectProperties *
copy_properties(MMBearer *bearer)
{
    g_autoptr(MMBearerProperties) from = mm_bearer_get_properties(bearer);
    MMSimpleConnectProperties *to = mm_simple_connect_properties_new();

    if (from == NULL)
        return to;
    mm_simple_connect_properties_set_apn(to, mm_bearer_properties_get_apn(from));
    mm_simple_connect_properties_set_user(to, mm_bearer_properties_get_user(from));
    mm_simple_connect_properties_set_password(to, mm_bearer_properties_get_password(from));
    mm_simple_connect_properties_set_ip_type(to, mm_bearer_properties_get_ip_type(from));
    mm_simple_connect_properties_set_allowed_auth(to, mm_bearer_properties_get_allowed_auth(from));
    mm_simple_connect_properties_set_allow_roaming(to,
                                                   mm_bearer_properties_get_allow_roaming(from));
    return to;
}

static void
disconnected(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GError) error = NULL;

    if (mm_bearer_disconnect_finish(MM_BEARER(object), result, &error))
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, g_steal_pointer(&error));
}

static void
keep_call(FotaMm *mm, const char *imei, MMBearer *bearer)
{
    FotaMmCall *call = g_new0(FotaMmCall, 1);

    call->mm = mm;
    call->imei = g_strdup(imei);
    call->properties = copy_properties(bearer);
    call->cancellable = g_cancellable_new();
    call->watch = (FotaMmWatch){call->imei, module_changed, call};
    fota_mm_add_watch(mm, &call->watch);
    g_hash_table_replace(mm->calls, call->imei, call);
}

static void
bearers_listed(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GError) error = NULL;
    g_autolist(MMBearer) bearers = mm_modem_list_bearers_finish(MM_MODEM(object), result, &error);
    FotaMm *mm = g_object_get_data(G_OBJECT(task), "mm");

    for (GList *l = bearers; l != NULL; l = l->next) {
        if (!mm_bearer_get_connected(l->data))
            continue;
        keep_call(mm, g_task_get_task_data(task), l->data);
        mm_bearer_disconnect(l->data, mm->closing, disconnected, g_steal_pointer(&task));
        return;
    }
    if (error != NULL)
        g_task_return_error(task, g_steal_pointer(&error));
    else
        g_task_return_boolean(task, TRUE);
}

/* The next update begins before the call of the one before is up again: it has to wait on. */
static void
hold_back(FotaMm *mm, const char *imei)
{
    FotaMmCall *call = g_hash_table_lookup(mm->calls, imei);

    if (call == NULL)
        return;
    call->wanted = FALSE;
    stop_timers(call);
}

static void
list_bearers(FotaMm *mm, GTask *task)
{
    FotaMmModem *modem = fota_mm_find_modem(mm, g_task_get_task_data(task));

    if (modem == NULL)
        g_task_return_new_error(task, MM_CORE_ERROR, MM_CORE_ERROR_NOT_FOUND,
                                "ModemManager does not see the module");
    else
        mm_modem_list_bearers(mm_object_peek_modem(modem->object), mm->closing, bearers_listed,
                              g_object_ref(task));
}

void
fota_mm_take_down_call_async(FotaMm *mm, const char *imei, GAsyncReadyCallback callback,
                             gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, NULL, callback, user_data);
    FotaMmCall *call = g_hash_table_lookup(mm->calls, imei);

    g_object_set_data(G_OBJECT(task), "mm", mm);
    g_task_set_task_data(task, g_strdup(imei), g_free);
    hold_back(mm, imei);
    if (call != NULL && call->connecting)
        call->waiting = g_steal_pointer(&task);
    else
        list_bearers(mm, task);
}

gboolean
fota_mm_take_down_call_finish(FotaMm *mm, GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}
