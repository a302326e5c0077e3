/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/mm/fota-mm-private.h"

/* ModemManager disables the modem first, which takes AT commands. */
#define CALL_SECONDS 60

typedef struct {
    gboolean wanted;
    gboolean held;    /* ModemManager has said yes */
    gboolean pending; /* and has been asked */
} FotaMmInhibition;

/* One request under way. */
typedef struct {
    FotaMm *mm; /* gone when the call was cancelled */
    char *device;
    GTask *task; /* of the one who wants to know, NULL when it is taken again */
} FotaMmInhibitCall;

GHashTable *
fota_mm_inhibitions_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static void
call_free(FotaMmInhibitCall *call)
{
    g_clear_object(&call->task);
    g_free(call->device);
    g_free(call);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaMmInhibitCall, call_free)

/* By the connection, not by MMManager: that one makes its proxy synchronously first. */
static void
call_inhibit_device(FotaMm *mm, const char *device, gboolean inhibit, GCancellable *cancellable,
                    GAsyncReadyCallback callback, gpointer user_data)
{
    g_dbus_connection_call(mm->bus, MM_DBUS_SERVICE, MM_DBUS_PATH, MM_DBUS_INTERFACE,
                           "InhibitDevice", g_variant_new("(sb)", device, inhibit), NULL,
                           G_DBUS_CALL_FLAGS_NO_AUTO_START, CALL_SECONDS * 1000, cancellable,
                           callback, user_data);
}

static void
released(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autofree char *device = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);

    /* It may have left meanwhile: then nothing is inhibited any more. */
    if (reply == NULL && !g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) &&
        !g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY))
        g_warning("ModemManager does not take %s back: %s", device, error->message);
}

static void
release(FotaMm *mm, const char *device)
{
    /* ModemManager lifts what a lost connection has held. */
    if (mm->bus != NULL)
        call_inhibit_device(mm, device, FALSE, NULL, released, g_strdup(device));
}

/* Whether ModemManager will allow it once it shows the modem. */
static gboolean
is_too_early(const GError *error)
{
    return g_error_matches(error, MM_CORE_ERROR, MM_CORE_ERROR_NOT_FOUND) ||
           g_error_matches(error, MM_CORE_ERROR, MM_CORE_ERROR_WRONG_STATE) ||
           g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
           g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY);
}

static void
tell_guarded(FotaMm *mm, const char *device, gboolean guarded)
{
    if (mm->callbacks->guarded != NULL)
        mm->callbacks->guarded(device, guarded, mm->user_data);
}

static void
inhibited(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(FotaMmInhibitCall) call = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);
    gboolean cancelled = g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    FotaMmInhibition *inhibition =
        cancelled ? NULL : g_hash_table_lookup(call->mm->inhibitions, call->device);

    if (error != NULL)
        g_dbus_error_strip_remote_error(error);
    if (inhibition != NULL) {
        inhibition->pending = FALSE;
        inhibition->held = reply != NULL;
        if (inhibition->held && call->task == NULL)
            tell_guarded(call->mm, call->device, TRUE);
        if (!inhibition->wanted || (reply == NULL && call->task != NULL)) {
            /* Even after no answer in time: the inhibition may yet come about. */
            if (reply != NULL || g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
                release(call->mm, call->device);
            g_hash_table_remove(call->mm->inhibitions, call->device);
        }
    }
    if (call->task != NULL && error != NULL)
        g_task_return_error(call->task, g_steal_pointer(&error));
    else if (call->task != NULL)
        g_task_return_boolean(call->task, TRUE);
    else if (error != NULL && !cancelled && !is_too_early(error))
        g_warning("ModemManager has restarted and does not leave %s to us again: %s", call->device,
                  error->message);
}

static void
inhibit(FotaMm *mm, const char *device, FotaMmInhibition *inhibition, GTask *task)
{
    FotaMmInhibitCall *call = g_new0(FotaMmInhibitCall, 1);

    call->mm = mm;
    call->device = g_strdup(device);
    call->task = task;
    inhibition->pending = TRUE;
    call_inhibit_device(mm, device, TRUE, mm->closing, inhibited, call);
}

void
fota_mm_inhibit_async(FotaMm *mm, const char *device, GAsyncReadyCallback callback,
                      gpointer user_data)
{
    GTask *task = g_task_new(NULL, NULL, callback, user_data);
    FotaMmInhibition *inhibition;

    if (mm->bus == NULL) {
        g_task_return_new_error(task, MM_CORE_ERROR, MM_CORE_ERROR_NOT_FOUND,
                                "there is no connection to the system bus");
        g_object_unref(task);
        return;
    }
    if (g_hash_table_contains(mm->inhibitions, device)) {
        g_task_return_new_error(task, MM_CORE_ERROR, MM_CORE_ERROR_IN_PROGRESS,
                                "%s is already inhibited by fotad", device);
        g_object_unref(task);
        return;
    }
    inhibition = g_new0(FotaMmInhibition, 1);
    inhibition->wanted = TRUE;
    g_hash_table_insert(mm->inhibitions, g_strdup(device), inhibition);
    inhibit(mm, device, inhibition, task);
}

gboolean
fota_mm_inhibit_finish(FotaMm *mm, GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}

void
fota_mm_uninhibit(FotaMm *mm, const char *device)
{
    FotaMmInhibition *inhibition = g_hash_table_lookup(mm->inhibitions, device);

    if (inhibition == NULL)
        return;
    inhibition->wanted = FALSE;
    if (inhibition->pending)
        return;
    if (inhibition->held)
        release(mm, device);
    g_hash_table_remove(mm->inhibitions, device);
}

void
fota_mm_inhibitions_unguarded(FotaMm *mm)
{
    GHashTableIter iter;
    const char *device;

    g_hash_table_iter_init(&iter, mm->inhibitions);
    while (g_hash_table_iter_next(&iter, (gpointer *)&device, NULL))
        tell_guarded(mm, device, FALSE);
}

void
fota_mm_inhibitions_lost(FotaMm *mm)
{
    GHashTableIter iter;
    const char *device;
    FotaMmInhibition *inhibition;

    g_hash_table_iter_init(&iter, mm->inhibitions);
    while (g_hash_table_iter_next(&iter, (gpointer *)&device, (gpointer *)&inhibition)) {
        inhibition->held = FALSE;
        tell_guarded(mm, device, TRUE);
    }
}

void
fota_mm_inhibitions_renew(FotaMm *mm, const char *device)
{
    FotaMmInhibition *inhibition = g_hash_table_lookup(mm->inhibitions, device);

    if (inhibition != NULL && inhibition->wanted && !inhibition->held && !inhibition->pending)
        inhibit(mm, device, inhibition, NULL);
}

void
fota_mm_inhibitions_end(FotaMm *mm)
{
    GHashTableIter iter;
    const char *device;
    FotaMmInhibition *inhibition;

    g_hash_table_iter_init(&iter, mm->inhibitions);
    while (g_hash_table_iter_next(&iter, (gpointer *)&device, (gpointer *)&inhibition)) {
        if (inhibition->held || inhibition->pending)
            release(mm, device);
    }
    g_hash_table_remove_all(mm->inhibitions);
}
