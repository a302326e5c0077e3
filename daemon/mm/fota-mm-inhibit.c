/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/mm/fota-mm-private.h"

#include "base/fota-timer.h"
#include "daemon/fota-error.h"

/* ModemManager disables the modem first, which takes AT commands. */
#define CALL_SECONDS 60
/* Pause before it is asked again after a refusal, since polkit may be away for a moment. */
#define AGAIN_SECONDS 10

typedef struct {
    FotaMm *mm;
    char *device;
    gboolean wanted;
    gboolean held;    /* ModemManager keeps away, and has not taken the module back yet */
    gboolean pending; /* it has been asked to do one or the other */
    guint again;      /* timer: it is asked again */
    GTask *task;      /* of the caller who wants the module while it is being given back */
} FotaMmInhibition;

/* One request under way. */
typedef struct {
    FotaMm *mm; /* freed if the call was cancelled */
    char *device;
    GTask *task; /* of the caller; NULL when the inhibition is renewed */
} FotaMmInhibitCall;

static void
inhibition_free(gpointer data)
{
    FotaMmInhibition *inhibition = data;

    g_clear_handle_id(&inhibition->again, g_source_remove);
    if (inhibition->task != NULL)
        g_task_return_new_error(inhibition->task, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                "fotad is ending");
    g_clear_object(&inhibition->task);
    g_free(inhibition->device);
    g_free(inhibition);
}

GHashTable *
fota_mm_inhibitions_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, NULL, inhibition_free);
}

static FotaMmInhibitCall *
call_new(FotaMm *mm, const char *device, GTask *task)
{
    FotaMmInhibitCall *call = g_new0(FotaMmInhibitCall, 1);

    call->mm = mm;
    call->device = g_strdup(device);
    call->task = task;
    return call;
}

static void
call_free(FotaMmInhibitCall *call)
{
    g_clear_object(&call->task);
    g_free(call->device);
    g_free(call);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaMmInhibitCall, call_free)

/* On the connection: MMManager would first create its proxy synchronously. */
static void
call_inhibit_device(FotaMm *mm, const char *device, gboolean inhibit, GCancellable *cancellable,
                    GAsyncReadyCallback callback, gpointer user_data)
{
    g_dbus_connection_call(mm->bus, MM_DBUS_SERVICE, MM_DBUS_PATH, MM_DBUS_INTERFACE,
                           "InhibitDevice", g_variant_new("(sb)", device, inhibit), NULL,
                           G_DBUS_CALL_FLAGS_NO_AUTO_START, CALL_SECONDS * 1000, cancellable,
                           callback, user_data);
}

/* Whether ModemManager has left the bus, so that nothing is inhibited any more. */
static gboolean
has_left(const GError *error)
{
    return g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) ||
           g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
           g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY) ||
           g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

/* Whether ModemManager will allow it once it shows the modem. */
static gboolean
is_too_early(const GError *error)
{
    return g_error_matches(error, MM_CORE_ERROR, MM_CORE_ERROR_NOT_FOUND) ||
           g_error_matches(error, MM_CORE_ERROR, MM_CORE_ERROR_WRONG_STATE) || has_left(error);
}

static void inhibit(FotaMmInhibition *inhibition, GTask *task);
static void release(FotaMmInhibition *inhibition);

static gboolean
release_again(gpointer data)
{
    FotaMmInhibition *inhibition = data;

    inhibition->again = 0;
    release(inhibition);
    return G_SOURCE_REMOVE;
}

static void
fail_without_bus(GTask *task)
{
    g_task_return_new_error(task, MM_CORE_ERROR, MM_CORE_ERROR_NOT_FOUND,
                            "there is no connection to the system bus");
}

/* A caller who wants the module while it is being given back keeps it, or takes it again. */
static void
finish_task(FotaMmInhibition *inhibition)
{
    g_autoptr(GTask) task = g_steal_pointer(&inhibition->task);

    if (inhibition->held) {
        g_task_return_boolean(task, TRUE);
    } else if (inhibition->mm->bus != NULL) {
        inhibit(inhibition, g_steal_pointer(&task));
    } else {
        fail_without_bus(task);
        g_hash_table_remove(inhibition->mm->inhibitions, inhibition->device);
    }
}

static void
released(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(FotaMmInhibitCall) call = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);
    FotaMmInhibition *inhibition;

    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    inhibition = g_hash_table_lookup(call->mm->inhibitions, call->device);
    inhibition->pending = FALSE;
    /* If ModemManager knows of no inhibition, there is nothing to give back. */
    inhibition->held = reply == NULL && !has_left(error) &&
                       !g_error_matches(error, MM_CORE_ERROR, MM_CORE_ERROR_NOT_FOUND);
    if (inhibition->task != NULL) {
        finish_task(inhibition);
    } else if (!inhibition->held) {
        g_hash_table_remove(call->mm->inhibitions, call->device);
    } else {
        g_dbus_error_strip_remote_error(error);
        g_warning("ModemManager does not take %s back: %s; asking it again every %d s",
                  call->device, error->message, AGAIN_SECONDS);
        inhibition->again = fota_timer_add(AGAIN_SECONDS, release_again, inhibition);
    }
}

static void
release(FotaMmInhibition *inhibition)
{
    FotaMm *mm = inhibition->mm;

    /* ModemManager ends the inhibitions of a connection that is lost. */
    if (mm->bus == NULL) {
        g_hash_table_remove(mm->inhibitions, inhibition->device);
        return;
    }
    inhibition->pending = TRUE;
    call_inhibit_device(mm, inhibition->device, FALSE, mm->closing, released,
                        call_new(mm, inhibition->device, NULL));
}

static void
tell_guarded(FotaMm *mm, const char *device, gboolean guarded)
{
    if (mm->callbacks->guarded != NULL)
        mm->callbacks->guarded(device, guarded, mm->user_data);
}

static gboolean
inhibit_again(gpointer data)
{
    FotaMmInhibition *inhibition = data;

    inhibition->again = 0;
    if (inhibition->wanted && !inhibition->held && !inhibition->pending &&
        inhibition->mm->bus != NULL)
        inhibit(inhibition, NULL);
    return G_SOURCE_REMOVE;
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
    gboolean wanted = inhibition != NULL && inhibition->wanted;

    if (error != NULL)
        g_dbus_error_strip_remote_error(error);
    if (inhibition != NULL) {
        inhibition->pending = FALSE;
        inhibition->held = reply != NULL;
        if (inhibition->held && call->task == NULL)
            tell_guarded(call->mm, call->device, TRUE);
        if (!inhibition->wanted || (reply == NULL && call->task != NULL)) {
            inhibition->wanted = FALSE;
            /* Also after a timeout, since the inhibition may still take effect. */
            if (reply != NULL || g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
                release(inhibition);
            else
                g_hash_table_remove(call->mm->inhibitions, call->device);
        }
    }
    if (call->task != NULL && error != NULL) {
        g_task_return_error(call->task, g_steal_pointer(&error));
    } else if (call->task != NULL) {
        g_task_return_boolean(call->task, TRUE);
    } else if (error != NULL && inhibition != NULL && wanted) {
        if (!is_too_early(error))
            g_warning("ModemManager has restarted and does not leave %s to us again: %s; asking it "
                      "again in %d s",
                      call->device, error->message, AGAIN_SECONDS);
        g_clear_handle_id(&inhibition->again, g_source_remove);
        inhibition->again = fota_timer_add(AGAIN_SECONDS, inhibit_again, inhibition);
    }
}

static void
inhibit(FotaMmInhibition *inhibition, GTask *task)
{
    FotaMm *mm = inhibition->mm;

    inhibition->pending = TRUE;
    call_inhibit_device(mm, inhibition->device, TRUE, mm->closing, inhibited,
                        call_new(mm, inhibition->device, task));
}

/* That is being given back. */
static void
retake(FotaMmInhibition *inhibition, GTask *task)
{
    inhibition->wanted = TRUE;
    inhibition->task = task;
    g_clear_handle_id(&inhibition->again, g_source_remove);
    if (!inhibition->pending)
        finish_task(inhibition);
}

void
fota_mm_inhibit_async(FotaMm *mm, const char *device, GAsyncReadyCallback callback,
                      gpointer user_data)
{
    GTask *task = g_task_new(NULL, NULL, callback, user_data);
    FotaMmInhibition *inhibition;

    if (mm->bus == NULL) {
        fail_without_bus(task);
        g_object_unref(task);
        return;
    }
    inhibition = g_hash_table_lookup(mm->inhibitions, device);
    if (inhibition != NULL && inhibition->wanted) {
        g_task_return_new_error(task, MM_CORE_ERROR, MM_CORE_ERROR_IN_PROGRESS,
                                "%s is already inhibited by fotad", device);
        g_object_unref(task);
        return;
    }
    if (inhibition != NULL) {
        retake(inhibition, task);
        return;
    }
    inhibition = g_new0(FotaMmInhibition, 1);
    inhibition->mm = mm;
    inhibition->device = g_strdup(device);
    inhibition->wanted = TRUE;
    g_hash_table_insert(mm->inhibitions, inhibition->device, inhibition);
    inhibit(inhibition, task);
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

    if (inhibition == NULL || !inhibition->wanted)
        return;
    inhibition->wanted = FALSE;
    if (inhibition->pending)
        return;
    if (inhibition->held)
        release(inhibition);
    else
        g_hash_table_remove(mm->inhibitions, device);
}

void
fota_mm_inhibitions_unguarded(FotaMm *mm)
{
    GHashTableIter iter;
    const char *device;
    FotaMmInhibition *inhibition;

    g_hash_table_iter_init(&iter, mm->inhibitions);
    while (g_hash_table_iter_next(&iter, (gpointer *)&device, (gpointer *)&inhibition)) {
        if (inhibition->wanted)
            tell_guarded(mm, device, FALSE);
    }
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
        if (inhibition->wanted)
            tell_guarded(mm, device, TRUE);
        else if (!inhibition->pending)
            g_hash_table_iter_remove(&iter);
    }
}

void
fota_mm_inhibitions_renew(FotaMm *mm, const char *device)
{
    FotaMmInhibition *inhibition = g_hash_table_lookup(mm->inhibitions, device);

    if (inhibition != NULL && inhibition->wanted && !inhibition->held && !inhibition->pending)
        inhibit(inhibition, NULL);
}

/* Nobody waits for the answers any more. */
void
fota_mm_inhibitions_end(FotaMm *mm)
{
    GHashTableIter iter;
    const char *device;
    FotaMmInhibition *inhibition;

    g_hash_table_iter_init(&iter, mm->inhibitions);
    while (g_hash_table_iter_next(&iter, (gpointer *)&device, (gpointer *)&inhibition)) {
        if (mm->bus != NULL && (inhibition->held || inhibition->pending))
            call_inhibit_device(mm, device, FALSE, NULL, NULL, NULL);
    }
    g_hash_table_remove_all(mm->inhibitions);
}

static void
lost_answered(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(FotaMmInhibitCall) call = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);

    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        g_task_return_error(call->task, g_steal_pointer(&error));
        return;
    }
    /* Also after a timeout, since the inhibition may still take effect. */
    if (call->mm->bus != NULL &&
        (reply != NULL || g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)))
        call_inhibit_device(call->mm, call->device, FALSE, NULL, NULL, NULL);
    if (g_error_matches(error, MM_CORE_ERROR, MM_CORE_ERROR_WRONG_STATE)) {
        g_task_return_boolean(call->task, TRUE);
        return;
    }
    if (error != NULL)
        g_dbus_error_strip_remote_error(error);
    g_task_return_new_error(call->task, FOTA_ERROR, FOTA_ERROR_BUSY,
                            "ModemManager has not given it up: %s",
                            error != NULL ? error->message : "it would leave it to fotad");
}

void
fota_mm_ask_lost_async(FotaMm *mm, const char *device, GAsyncReadyCallback callback,
                       gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, NULL, callback, user_data);

    if (mm->bus == NULL || g_hash_table_contains(mm->inhibitions, device))
        g_task_return_new_error(task, FOTA_ERROR, FOTA_ERROR_BUSY, "ModemManager cannot be asked");
    else
        call_inhibit_device(mm, device, TRUE, mm->closing, lost_answered,
                            call_new(mm, device, g_steal_pointer(&task)));
}

gboolean
fota_mm_ask_lost_finish(FotaMm *mm, GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}
