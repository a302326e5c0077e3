/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * FotaMm and the AT channels by hand: reads orders from standard input, one a line, and writes what
 * happens to standard output, one JSON object a line.
 *
 *   inhibit DEVICE, uninhibit DEVICE, may-command PATH         on the main loop
 *   take IMEI DEVICE WANTS, give-back IMEI
 *   open modemmanager|port|reserved IMEI DEVICE, close         in the thread, one after the other:
 *   send SECONDS COMMAND, receive SECONDS MAX COMMAND,         each ends with the event "done"
 *   line SECONDS TEXT, gone SECONDS, back SECONDS
 *   cancel                                                     what the thread is doing
 *   quit
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gio/gunixinputstream.h>
#include <json-glib/json-glib.h>

#include "daemon/at/fota-at-channel.h"
#include "daemon/fota-error.h"
#include "daemon/mm/fota-lease.h"
#include "daemon/mm/fota-mm-channel.h"
#include "daemon/mm/fota-mm-private.h"

typedef struct {
    FotaMm *mm;
    GMainLoop *loop;
    GDataInputStream *input;
    GAsyncQueue *orders; /* of the thread */
    GThread *thread;
    FotaChannel *channel; /* the thread's */
    GMutex lock;
    GCancellable *cancellable; /* under lock */
} Probe;

static void
emit(JsonBuilder *builder)
{
    static GMutex lock;
    g_autoptr(JsonNode) root = NULL;
    g_autofree char *text = NULL;

    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    text = json_to_string(root, FALSE);
    g_mutex_lock(&lock);
    puts(text);
    fflush(stdout);
    g_mutex_unlock(&lock);
    g_object_unref(builder);
}

static void
add_string(JsonBuilder *builder, const char *name, const char *value)
{
    json_builder_set_member_name(builder, name);
    if (value != NULL)
        json_builder_add_string_value(builder, value);
    else
        json_builder_add_null_value(builder);
}

static void
add_number(JsonBuilder *builder, const char *name, gint64 value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, value);
}

static void
add_strings(JsonBuilder *builder, const char *name, GStrv values)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_array(builder);
    for (guint i = 0; values != NULL && values[i] != NULL; i++)
        json_builder_add_string_value(builder, values[i]);
    json_builder_end_array(builder);
}

static JsonBuilder *
event(const char *name)
{
    JsonBuilder *builder = json_builder_new();

    json_builder_begin_object(builder);
    add_string(builder, "event", name);
    return builder;
}

static void
add_error(JsonBuilder *builder, const GError *error)
{
    add_string(builder, "error", error != NULL ? fota_error_get_name(error) : NULL);
    add_string(builder, "text", error != NULL ? error->message : NULL);
}

static gboolean
on_seen(const FotaModemFacts *facts, gpointer user_data)
{
    g_autoptr(FotaModemFacts) copy = fota_modem_facts_copy(facts);
    JsonBuilder *builder = event("seen");

    add_string(builder, "path", copy->path);
    add_string(builder, "imei", copy->imei);
    add_string(builder, "manufacturer", copy->manufacturer);
    add_string(builder, "model", copy->model);
    add_string(builder, "revision", copy->revision);
    add_string(builder, "uid", copy->uid);
    add_string(builder, "device", copy->device);
    add_strings(builder, "own-numbers", copy->own_numbers);
    add_string(builder, "imsi", copy->imsi);
    add_string(builder, "operator", copy->operator_name);
    add_string(builder, "plmn", copy->operator_code);
    add_number(builder, "signal", copy->signal);
    add_number(builder, "registered", copy->registered);
    add_number(builder, "roaming", copy->roaming);
    add_number(builder, "pin-wanted", copy->pin_wanted);
    add_number(builder, "pin-attempts", copy->pin_attempts);
    add_number(builder, "enabled", copy->enabled);
    emit(builder);
    return TRUE;
}

static void
on_gone(const char *path, gpointer user_data)
{
    JsonBuilder *builder = event("gone");

    add_string(builder, "path", path);
    emit(builder);
}

static void
on_available(gboolean available, gpointer user_data)
{
    emit(event(available ? "available" : "unavailable"));
}

static const FotaMmCallbacks callbacks = {
    .seen = on_seen, .gone = on_gone, .available = on_available};

static void
inhibit_done(GObject *object, GAsyncResult *result, gpointer user_data)
{
    Probe *probe = user_data;
    g_autoptr(GError) error = NULL;
    JsonBuilder *builder = event("inhibit");

    fota_mm_inhibit_finish(probe->mm, result, &error);
    add_error(builder, error);
    emit(builder);
}

static void
may_command_done(GObject *object, GAsyncResult *result, gpointer user_data)
{
    Probe *probe = user_data;
    g_autoptr(GError) error = NULL;
    JsonBuilder *builder = event("may-command");

    add_number(builder, "allowed", fota_mm_may_command_finish(probe->mm, result, &error));
    add_error(builder, error);
    emit(builder);
}

static void
take_done(GObject *object, GAsyncResult *result, gpointer user_data)
{
    Probe *probe = user_data;
    g_autoptr(GError) error = NULL;
    JsonBuilder *builder = event("take");

    fota_lease_take_finish(probe->mm, result, &error);
    add_error(builder, error);
    emit(builder);
}

static void
take(Probe *probe, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", 3);

    fota_lease_take_async(probe->mm, words[0], words[1],
                          (FotaLeaseWants)strtoul(words[2], NULL, 10), take_done, probe);
}

static void
reset_done(GObject *object, GAsyncResult *result, gpointer user_data)
{
    Probe *probe = user_data;
    g_autoptr(GError) error = NULL;
    JsonBuilder *builder = event("reset");

    fota_mm_reset_finish(probe->mm, result, &error);
    add_error(builder, error);
    emit(builder);
}

static void
on_trace(char direction, const char *line, gpointer user_data)
{
    JsonBuilder *builder = event("trace");
    char text[] = {direction, '\0'};

    add_string(builder, "direction", text);
    add_string(builder, "line", line);
    emit(builder);
}

static FotaChannel *
open_channel(Probe *probe, const char *kind, const char *imei, const char *device,
             GCancellable *cancellable, GError **error)
{
    FotaChannel *channel;

    if (strcmp(kind, "modemmanager") == 0)
        return fota_mm_channel_new(probe->mm, imei, NULL, on_trace, probe);
    channel =
        fota_at_channel_new(imei, device, strcmp(kind, "reserved") == 0, NULL, on_trace, probe);
    if (channel->klass->open(channel, cancellable, error))
        return channel;
    channel->klass->close(channel);
    return NULL;
}

/* One order of the thread; @builder gets its result. */
static void
obey(Probe *probe, GStrv words, GCancellable *cancellable, JsonBuilder *builder, GError **error)
{
    FotaChannel *channel = probe->channel;
    guint seconds = words[1] != NULL ? (guint)strtoul(words[1], NULL, 10) : 0;
    int cme = -1;

    if (strcmp(words[0], "open") == 0) {
        probe->channel = open_channel(probe, words[1], words[2], words[3], cancellable, error);
    } else if (strcmp(words[0], "close") == 0) {
        channel->klass->close(g_steal_pointer(&probe->channel));
    } else if (strcmp(words[0], "send") == 0) {
        g_auto(GStrv) lines =
            channel->klass->command(channel, words[2], seconds, cancellable, &cme, error);

        add_strings(builder, "lines", lines);
    } else if (strcmp(words[0], "receive") == 0) {
        g_autoptr(GBytes) bytes =
            channel->klass->receive(channel, words[3], (gsize)strtoul(words[2], NULL, 10), seconds,
                                    cancellable, &cme, error);
        g_autofree char *text =
            bytes != NULL ? g_base64_encode(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes))
                          : NULL;

        add_string(builder, "bytes", text);
    } else if (strcmp(words[0], "line") == 0) {
        g_autofree char *line =
            channel->klass->wait_line(channel, words[2], seconds, cancellable, error);

        add_string(builder, "line", line);
    } else if (strcmp(words[0], "gone") == 0) {
        add_number(builder, "gone",
                   channel->klass->wait_gone(channel, seconds, cancellable, error));
    } else if (strcmp(words[0], "back") == 0) {
        add_number(builder, "back",
                   channel->klass->wait_back(channel, seconds, cancellable, error));
    }
    add_number(builder, "cme", cme);
}

static gpointer
run_thread(gpointer data)
{
    Probe *probe = data;

    for (;;) {
        g_autofree char *order = g_async_queue_pop(probe->orders);
        g_auto(GStrv) words = g_strsplit(order, " ", strncmp(order, "receive", 7) == 0 ? 4 : 0);
        g_autoptr(GCancellable) cancellable = g_cancellable_new();
        g_autoptr(GError) error = NULL;
        JsonBuilder *builder = event("done");

        if (strcmp(words[0], "quit") == 0) {
            g_object_unref(builder);
            break;
        }
        if (strcmp(words[0], "send") == 0 || strcmp(words[0], "line") == 0) {
            g_strfreev(words);
            words = g_strsplit(order, " ", 3);
        }
        g_mutex_lock(&probe->lock);
        probe->cancellable = cancellable;
        g_mutex_unlock(&probe->lock);
        emit(event("begin"));
        obey(probe, words, cancellable, builder, &error);
        g_mutex_lock(&probe->lock);
        probe->cancellable = NULL;
        g_mutex_unlock(&probe->lock);
        add_error(builder, error);
        emit(builder);
    }
    if (probe->channel != NULL)
        probe->channel->klass->close(probe->channel);
    return NULL;
}

static gboolean
quit(gpointer data)
{
    Probe *probe = data;

    g_main_loop_quit(probe->loop);
    return G_SOURCE_REMOVE;
}

static gpointer
end_thread(gpointer data)
{
    Probe *probe = data;

    g_thread_join(probe->thread);
    g_idle_add(quit, probe);
    return NULL;
}

/* FALSE at the end. */
static gboolean
take_order(Probe *probe, const char *order)
{
    g_auto(GStrv) words = g_strsplit(order, " ", 2);

    if (strcmp(words[0], "inhibit") == 0) {
        fota_mm_inhibit_async(probe->mm, words[1], inhibit_done, probe);
    } else if (strcmp(words[0], "uninhibit") == 0) {
        fota_mm_uninhibit(probe->mm, words[1]);
    } else if (strcmp(words[0], "take") == 0) {
        take(probe, words[1]);
    } else if (strcmp(words[0], "give-back") == 0) {
        fota_lease_give_back(probe->mm, words[1]);
    } else if (strcmp(words[0], "may-command") == 0) {
        fota_mm_may_command_async(probe->mm, words[1], NULL, may_command_done, probe);
    } else if (strcmp(words[0], "reset") == 0) {
        fota_mm_reset_async(probe->mm, words[1], NULL, reset_done, probe);
    } else if (strcmp(words[0], "cancel") == 0) {
        g_mutex_lock(&probe->lock);
        g_cancellable_cancel(probe->cancellable);
        g_mutex_unlock(&probe->lock);
    } else {
        g_async_queue_push(probe->orders, g_strdup(order));
        return strcmp(words[0], "quit") != 0;
    }
    return TRUE;
}

static void
line_read(GObject *object, GAsyncResult *result, gpointer user_data)
{
    Probe *probe = user_data;
    g_autofree char *line =
        g_data_input_stream_read_line_finish(G_DATA_INPUT_STREAM(object), result, NULL, NULL);

    if (take_order(probe, line != NULL ? line : "quit"))
        g_data_input_stream_read_line_async(probe->input, G_PRIORITY_DEFAULT, NULL, line_read,
                                            probe);
    else
        /* The main loop must run on: the channel needs it to close. */
        g_thread_unref(g_thread_new("ending", end_thread, probe));
}

int
main(void)
{
    g_autoptr(GInputStream) input = g_unix_input_stream_new(0, FALSE);
    Probe probe = {.orders = g_async_queue_new_full(g_free)};

    probe.loop = g_main_loop_new(NULL, FALSE);
    probe.input = g_data_input_stream_new(input);
    probe.mm = fota_mm_new(g_getenv("STATE_DIRECTORY"), &callbacks, &probe);
    probe.thread = g_thread_new("update", run_thread, &probe);
    g_data_input_stream_read_line_async(probe.input, G_PRIORITY_DEFAULT, NULL, line_read, &probe);
    puts("{\"event\": \"ready\"}");
    fflush(stdout);
    g_main_loop_run(probe.loop);
    fota_mm_free(probe.mm);
    g_object_unref(probe.input);
    g_async_queue_unref(probe.orders);
    g_main_loop_unref(probe.loop);
    return EXIT_SUCCESS;
}
