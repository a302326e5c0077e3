/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-control.h"

#include <string.h>

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

#include "sim-module.h"

#define LINE_MAX_BYTES 4096

struct _SimControl {
    Sim *sim;
    char *path;
    GSocketService *service;
    GCancellable *cancellable;
};

typedef struct {
    SimControl *control;
    GSocketConnection *connection;
    GDataInputStream *input;
} Client;

/* `rest` is what follows the IMEI. Returns the text behind `ok`, or NULL with an error. */
typedef char *(*ControlFunc)(SimModule *module, const char *rest, GError **error);

static char *
control_fault(SimModule *module, const char *rest, GError **error)
{
    return sim_faults_arm(module->faults, rest, error) ? g_strdup("") : NULL;
}

static char *
control_power_cut(SimModule *module, const char *rest, GError **error)
{
    sim_module_power_cut(module);
    return g_strdup("");
}

static char *
control_power_on(SimModule *module, const char *rest, GError **error)
{
    sim_module_power_on(module);
    return g_strdup("");
}

static char *
control_unplug(SimModule *module, const char *rest, GError **error)
{
    sim_module_set_plugged(module, FALSE);
    return g_strdup("");
}

static char *
control_plug(SimModule *module, const char *rest, GError **error)
{
    sim_module_set_plugged(module, TRUE);
    return g_strdup("");
}

static char *
control_urc(SimModule *module, const char *rest, GError **error)
{
    sim_module_urc(module, rest);
    return g_strdup("");
}

static char *
control_sms(SimModule *module, const char *rest, GError **error)
{
    g_auto(GStrv) words = g_strsplit(rest, " ", 2);

    if (g_strv_length(words) < 2) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "sms <imei> <sender> <text>");
        return NULL;
    }
    return sim_sms_receive(module, words[0], words[1], 1, 1, error) ? g_strdup("") : NULL;
}

static char *
control_sms_part(SimModule *module, const char *rest, GError **error)
{
    g_auto(GStrv) words = g_strsplit(rest, " ", 4);
    guint64 part = 0, parts = 0;

    if (g_strv_length(words) < 4 ||
        !g_ascii_string_to_unsigned(words[2], 10, 2, 255, &parts, NULL) ||
        !g_ascii_string_to_unsigned(words[1], 10, 1, parts, &part, NULL)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "sms-part <imei> <sender> <part> <parts> <text>");
        return NULL;
    }
    return sim_sms_receive(module, words[0], words[3], (guint)part, (guint)parts, error)
               ? g_strdup("")
               : NULL;
}

static char *
control_ask(SimModule *module, const char *rest, GError **error)
{
    if (module->personality->ask == NULL) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "%s has no server of its own",
                    module->personality->option);
        return NULL;
    }
    return module->personality->ask(module, rest, error) ? g_strdup("") : NULL;
}

static char *
control_set(SimModule *module, const char *rest, GError **error)
{
    g_auto(GStrv) words = g_strsplit(rest, " ", -1);

    for (guint i = 0; words[i] != NULL; i++) {
        g_auto(GStrv) pair = g_strsplit(words[i], "=", 2);

        if (pair[0] == NULL || pair[1] == NULL) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "'%s' is not KEY=VALUE",
                        words[i]);
            return NULL;
        }
        if (!sim_module_set(module, pair[0], pair[1], error))
            return NULL;
    }
    return g_strdup("");
}

static char *
control_state(SimModule *module, const char *rest, GError **error)
{
    g_autoptr(JsonNode) node = sim_module_describe(module);

    return json_to_string(node, FALSE);
}

static char *
control_state_all(Sim *sim)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_ARRAY);
    g_autoptr(JsonArray) array = json_array_new();

    for (guint i = 0; i < sim->modules->len; i++)
        json_array_add_element(array, sim_module_describe(g_ptr_array_index(sim->modules, i)));
    json_node_set_array(node, array);
    return json_to_string(node, FALSE);
}

static const struct {
    const char *name;
    ControlFunc run;
} commands[] = {
    {"state", control_state},         {"fault", control_fault}, {"set", control_set},
    {"power-cut", control_power_cut}, {"urc", control_urc},     {"sms", control_sms},
    {"sms-part", control_sms_part},   {"plug", control_plug},   {"power-on", control_power_on},
    {"unplug", control_unplug},       {"ask", control_ask},
};

static char *
control_run(Sim *sim, const char *line, GError **error)
{
    g_auto(GStrv) words = g_strsplit(line, " ", 3);
    SimModule *module;

    if (g_str_equal(line, "state"))
        return control_state_all(sim);
    if (g_str_equal(line, "quit")) {
        g_main_loop_quit(sim->loop);
        return g_strdup("");
    }
    if (g_strv_length(words) < 2 || (module = sim_module_lookup(sim, words[1])) == NULL) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "no such command or module");
        return NULL;
    }
    for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (g_str_equal(commands[i].name, words[0]))
            return commands[i].run(module, words[2] != NULL ? words[2] : "", error);
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "no command '%s'", words[0]);
    return NULL;
}

static void client_read(Client *client);

static void
client_free(Client *client)
{
    g_object_unref(client->input);
    g_object_unref(client->connection);
    g_free(client);
}

static void
client_answer(Client *client, const char *line)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = control_run(client->control->sim, line, &error);
    g_autofree char *answer = text != NULL
                                  ? g_strdup_printf("ok%s%s\n", text[0] != '\0' ? " " : "", text)
                                  : g_strdup_printf("error %s\n", error->message);

    g_output_stream_write_all(g_io_stream_get_output_stream(G_IO_STREAM(client->connection)),
                              answer, strlen(answer), NULL, client->control->cancellable, NULL);
}

static void
on_line(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Client *client = user_data;
    g_autofree char *line = g_data_input_stream_read_line_finish(client->input, result, NULL, NULL);

    if (line == NULL) {
        client_free(client);
        return;
    }
    client_answer(client, g_strstrip(line));
    client_read(client);
}

static void
client_read(Client *client)
{
    g_data_input_stream_read_line_async(client->input, G_PRIORITY_DEFAULT,
                                        client->control->cancellable, on_line, client);
}

static gboolean
on_incoming(GSocketService *service, GSocketConnection *connection, GObject *source,
            gpointer user_data)
{
    Client *client = g_new0(Client, 1);

    client->control = user_data;
    client->connection = g_object_ref(connection);
    client->input = g_data_input_stream_new(g_io_stream_get_input_stream(G_IO_STREAM(connection)));
    g_buffered_input_stream_set_buffer_size(G_BUFFERED_INPUT_STREAM(client->input), LINE_MAX_BYTES);
    client_read(client);
    return TRUE;
}

SimControl *
sim_control_new(Sim *sim, const char *path, GError **error)
{
    SimControl *control = g_new0(SimControl, 1);
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path);

    control->sim = sim;
    control->path = g_strdup(path);
    control->cancellable = g_cancellable_new();
    control->service = g_socket_service_new();
    g_unlink(path);
    if (!g_socket_listener_add_address(G_SOCKET_LISTENER(control->service), address,
                                       G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL,
                                       error)) {
        sim_control_free(control);
        return NULL;
    }
    g_signal_connect(control->service, "incoming", G_CALLBACK(on_incoming), control);
    g_socket_service_start(control->service);
    return control;
}

void
sim_control_free(SimControl *control)
{
    g_cancellable_cancel(control->cancellable);
    g_socket_service_stop(control->service);
    g_socket_listener_close(G_SOCKET_LISTENER(control->service));
    g_object_unref(control->service);
    /* The cancellable ends the clients in these iterations. */
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_unlink(control->path);
    g_object_unref(control->cancellable);
    g_free(control->path);
    g_free(control);
}
