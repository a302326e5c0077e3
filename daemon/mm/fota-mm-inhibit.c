/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/mm/fota-mm-private.h"

#include "base/fota-timer.h"
#include "daemon/fota-error.h"

/* Within which a module is taken: ModemManager disables the modem first, by AT commands. */
#define TAKE_SECONDS 60
#define RELEASE_SECONDS 60
/* Pause before it is asked again after a refusal, since polkit may be away for a moment. */
#define AGAIN_SECONDS 10

/* One whose request is pending is freed only with the whole, which cancels the request. */
typedef struct {
    FotaMm *mm;
    char *device;
    gboolean wanted;
    gboolean held;    /* ModemManager keeps away, and has not taken the module back yet */
    gboolean pending; /* it has been asked to do one or the other */
    guint again;      /* timer: it is asked again */
    GTask *task;      /* of the caller who waits for the module */
    guint limit;      /* timer: of the task */
} FotaMmInhibition;

static void
inhibition_free(gpointer data)
{
    FotaMmInhibition *inhibition = data;

    g_clear_handle_id(&inhibition->again, g_source_remove);
    g_clear_handle_id(&inhibition->limit, g_source_remove);
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

/* On the connection: MMManager would first create its proxy synchronously. */
static void
call_inhibit_device(FotaMm *mm, const char *device, gboolean inhibit, int limit,
                    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
    g_dbus_connection_call(mm->bus, MM_DBUS_SERVICE, MM_DBUS_PATH, MM_DBUS_INTERFACE,
                           "InhibitDevice", g_variant_new("(sb)", device, inhibit), NULL,
                           G_DBUS_CALL_FLAGS_NO_AUTO_START, limit, cancellable, callback,
                           user_data);
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

static void inhibit(FotaMmInhibition *inhibition);
static void release(FotaMmInhibition *inhibition);

/* The task's caller may go on, or give back, at once: what follows must not look at @inhibition. */
static void
task_end(GTask *task, GError *error)
{
    if (error != NULL)
        g_task_return_error(task, error);
    else
        g_task_return_boolean(task, TRUE);
    g_object_unref(task);
}

static GTask *
inhibition_take_task(FotaMmInhibition *inhibition)
{
    g_clear_handle_id(&inhibition->limit, g_source_remove);
    return g_steal_pointer(&inhibition->task);
}

/* ModemManager may keep away yet, and is then asked to take the module back. */
static gboolean
task_is_late(gpointer data)
{
    FotaMmInhibition *inhibition = data;

    inhibition->limit = 0;
    inhibition->wanted = FALSE;
    task_end(inhibition_take_task(inhibition),
             g_error_new(G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                         "ModemManager has not answered within %d s", TAKE_SECONDS));
    return G_SOURCE_REMOVE;
}

static void
inhibition_want(FotaMmInhibition *inhibition, GTask *task)
{
    inhibition->wanted = TRUE;
    inhibition->task = task;
    inhibition->limit = fota_timer_add(TAKE_SECONDS, task_is_late, inhibition);
}

static GError *
new_no_bus_error(void)
{
    return g_error_new(MM_CORE_ERROR, MM_CORE_ERROR_NOT_FOUND,
                       "there is no connection to the system bus");
}

/* The caller keeps what was being given back, or it is taken again. */
static void
inhibition_go_on(FotaMmInhibition *inhibition)
{
    GTask *task;

    if (!inhibition->held && inhibition->mm->bus != NULL) {
        inhibit(inhibition);
    } else if (inhibition->held) {
        task_end(inhibition_take_task(inhibition), NULL);
    } else {
        task = inhibition_take_task(inhibition);
        g_hash_table_remove(inhibition->mm->inhibitions, inhibition->device);
        task_end(task, new_no_bus_error());
    }
}

static gboolean
release_again(gpointer data)
{
    FotaMmInhibition *inhibition = data;

    inhibition->again = 0;
    release(inhibition);
    return G_SOURCE_REMOVE;
}

static void
released(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaMmInhibition *inhibition = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);
    GTask *task;

    if (fota_mm_is_cancelled(error))
        return;
    inhibition->pending = FALSE;
    /* If ModemManager knows of no inhibition, there is nothing to give back. */
    inhibition->held = reply == NULL && !has_left(error) &&
                       !g_error_matches(error, MM_CORE_ERROR, MM_CORE_ERROR_NOT_FOUND);
    if (inhibition->wanted) {
        inhibition_go_on(inhibition);
        return;
    }
    task = inhibition_take_task(inhibition);
    if (inhibition->held) {
        g_dbus_error_strip_remote_error(error);
        g_warning("ModemManager does not take %s back: %s; asking it again every %d s",
                  inhibition->device, error->message, AGAIN_SECONDS);
        inhibition->again = fota_timer_add(AGAIN_SECONDS, release_again, inhibition);
    } else {
        g_hash_table_remove(inhibition->mm->inhibitions, inhibition->device);
    }
    if (task != NULL)
        task_end(task, NULL);
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
    call_inhibit_device(mm, inhibition->device, FALSE, RELEASE_SECONDS * 1000, mm->closing,
                        released, inhibition);
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
        inhibit(inhibition);
    return G_SOURCE_REMOVE;
}

/* ModemManager has restarted, and has been asked to leave the module to fotad again. */
static void
renewed(FotaMmInhibition *inhibition, GError *error)
{
    if (error == NULL) {
        tell_guarded(inhibition->mm, inhibition->device, TRUE);
        return;
    }
    if (!is_too_early(error)) {
        g_dbus_error_strip_remote_error(error);
        g_warning("ModemManager has restarted and does not leave %s to us again: %s; asking it "
                  "again in %d s",
                  inhibition->device, error->message, AGAIN_SECONDS);
    }
    g_clear_handle_id(&inhibition->again, g_source_remove);
    inhibition->again = fota_timer_add(AGAIN_SECONDS, inhibit_again, inhibition);
}

static void
inhibited(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaMmInhibition *inhibition = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);
    GTask *task;

    if (fota_mm_is_cancelled(error))
        return;
    inhibition->pending = FALSE;
    inhibition->held = reply != NULL;
    task = inhibition_take_task(inhibition);
    if (inhibition->wanted && task == NULL) {
        renewed(inhibition, error);
        return;
    }
    inhibition->wanted = inhibition->wanted && inhibition->held;
    if (inhibition->held && !inhibition->wanted)
        release(inhibition);
    else if (!inhibition->held)
        g_hash_table_remove(inhibition->mm->inhibitions, inhibition->device);
    if (task != NULL)
        task_end(task, g_steal_pointer(&error));
}

/* No limit but ModemManager's: until it has answered, it knows of nothing to give back. */
static void
inhibit(FotaMmInhibition *inhibition)
{
    FotaMm *mm = inhibition->mm;

    inhibition->pending = TRUE;
    call_inhibit_device(mm, inhibition->device, TRUE, G_MAXINT, mm->closing, inhibited, inhibition);
}

void
fota_mm_inhibit_async(FotaMm *mm, const char *device, GAsyncReadyCallback callback,
                      gpointer user_data)
{
    GTask *task = g_task_new(NULL, NULL, callback, user_data);
    FotaMmInhibition *inhibition = g_hash_table_lookup(mm->inhibitions, device);

    if (mm->bus == NULL) {
        task_end(task, new_no_bus_error());
        return;
    }
    if (inhibition != NULL && inhibition->wanted) {
        task_end(task, g_error_new(MM_CORE_ERROR, MM_CORE_ERROR_IN_PROGRESS,
                                   "%s is already inhibited by fotad", device));
        return;
    }
    if (inhibition == NULL) {
        inhibition = g_new0(FotaMmInhibition, 1);
        inhibition->mm = mm;
        inhibition->device = g_strdup(device);
        g_hash_table_insert(mm->inhibitions, inhibition->device, inhibition);
    }
    g_clear_handle_id(&inhibition->again, g_source_remove);
    inhibition_want(inhibition, task);
    if (!inhibition->pending)
        inhibition_go_on(inhibition);
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
        inhibit(inhibition);
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
            call_inhibit_device(mm, device, FALSE, RELEASE_SECONDS * 1000, NULL, NULL, NULL);
    }
    g_hash_table_remove_all(mm->inhibitions);
}

/* Of a question whose caller waits. */
typedef struct {
    FotaMm *mm; /* may be freed where the answer is that fotad ends */
    char *device;
    GTask *task;     /* NULL = the caller has cancelled */
    GSource *cancel; /* NULL = it cannot */
} FotaMmLost;

static void
lost_stop_listening(FotaMmLost *lost)
{
    if (lost->cancel != NULL)
        g_source_destroy(lost->cancel);
    g_clear_pointer(&lost->cancel, g_source_unref);
}

static void
lost_answered(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaMmLost *lost = user_data;
    g_autoptr(GError) error = NULL;
    GTask *task = g_steal_pointer(&lost->task);

    lost_stop_listening(lost);
    if (fota_mm_inhibit_finish(NULL, result, &error))
        fota_mm_uninhibit(lost->mm, lost->device);
    g_free(lost->device);
    g_free(lost);
    if (task == NULL)
        return;
    if (g_error_matches(error, MM_CORE_ERROR, MM_CORE_ERROR_WRONG_STATE)) {
        task_end(task, NULL);
    } else if (fota_mm_is_cancelled(error)) {
        task_end(task, g_steal_pointer(&error));
    } else {
        if (error != NULL)
            g_dbus_error_strip_remote_error(error);
        task_end(task,
                 g_error_new(FOTA_ERROR, FOTA_ERROR_BUSY, "ModemManager has not given it up: %s",
                             error != NULL ? error->message : "it would leave it to fotad"));
    }
}

/* A yes that comes late is given back. */
static gboolean
lost_cancelled(GCancellable *cancellable, gpointer user_data)
{
    FotaMmLost *lost = user_data;
    GError *error = NULL;

    g_cancellable_set_error_if_cancelled(cancellable, &error);
    lost_stop_listening(lost);
    fota_mm_uninhibit(lost->mm, lost->device);
    task_end(g_steal_pointer(&lost->task), error);
    return G_SOURCE_REMOVE;
}

/* By its name, or by its place, which is another where udev has named it. */
static gboolean
is_shown(FotaMm *mm, const char *device)
{
    GHashTableIter iter;
    const FotaMmModem *modem;

    g_hash_table_iter_init(&iter, mm->modems);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&modem)) {
        MMModem *proxy = mm_object_peek_modem(modem->object);

        if ((proxy != NULL && g_strcmp0(mm_modem_get_device(proxy), device) == 0) ||
            (modem->facts != NULL && g_str_equal(modem->facts->device, device)))
            return TRUE;
    }
    return FALSE;
}

void
fota_mm_ask_lost_async(FotaMm *mm, const char *device, GCancellable *cancellable,
                       GAsyncReadyCallback callback, gpointer user_data)
{
    GTask *task = g_task_new(NULL, cancellable, callback, user_data);
    FotaMmLost *lost;

    if (is_shown(mm, device) || g_hash_table_contains(mm->inhibitions, device)) {
        task_end(task, g_error_new(FOTA_ERROR, FOTA_ERROR_BUSY,
                                   "ModemManager shows a modem there, or leaves it to fotad"));
        return;
    }
    lost = g_new0(FotaMmLost, 1);
    lost->mm = mm;
    lost->device = g_strdup(device);
    lost->task = task;
    if (cancellable != NULL) {
        lost->cancel = g_cancellable_source_new(cancellable);
        g_source_set_callback(lost->cancel, G_SOURCE_FUNC(lost_cancelled), lost, NULL);
        g_source_attach(lost->cancel, NULL);
    }
    fota_mm_inhibit_async(mm, device, lost_answered, lost);
}

gboolean
fota_mm_ask_lost_finish(FotaMm *mm, GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}
