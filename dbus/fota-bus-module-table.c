/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/fota-bus-module-table.h"

#include "dbus/fota-bus-error.h"
#include "dbus/fota-variant.h"

/* Properties */

static int
get_property(sd_bus *connection, const char *path, const char *interface, const char *property,
             sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    FotaBusModuleTarget *target = userdata;

    return fota_variant_append(reply, fota_module_get_property(target->module, property));
}

/* Methods. Each reads its arguments, calls the module, and replies; an answer, when it is on disk.
 */

static int
run_check(sd_bus_message *call, gpointer module)
{
    g_autoptr(GError) error = NULL;

    fota_module_check(module, &error);
    return fota_bus_reply(call, error);
}

static void
on_version(GObject *module, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(sd_bus_message) call = user_data;
    g_autoptr(GError) error = NULL;
    g_autofree char *version = fota_module_ask_version_finish(FOTA_MODULE(module), result, &error);
    g_autofree char *text = version != NULL ? g_utf8_make_valid(version, -1) : NULL;
    int r =
        text != NULL ? sd_bus_reply_method_return(call, "s", text) : fota_bus_reply(call, error);

    if (r < 0)
        g_debug("could not reply to %s: %s", sd_bus_message_get_member(call), g_strerror(-r));
}

static int
run_ask_version(sd_bus_message *call, gpointer module)
{
    fota_module_ask_version_async(module, on_version, sd_bus_message_ref(call));
    return 1;
}

static void
on_saved(GObject *module, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(sd_bus_message) call = user_data;
    g_autoptr(GError) error = NULL;
    int r;

    fota_module_wait_saved_finish(FOTA_MODULE(module), result, &error);
    r = fota_bus_reply(call, error);
    if (r < 0)
        g_debug("could not reply to %s: %s", sd_bus_message_get_member(call), g_strerror(-r));
}

/* An answer that fotad has replied to survives a loss of power. */
static int
reply_when_saved(sd_bus_message *call, gpointer module, const GError *error)
{
    if (error != NULL)
        return fota_bus_reply(call, error);
    fota_module_wait_saved_async(module, on_saved, sd_bus_message_ref(call));
    return 1;
}

static int
run_approve(sd_bus_message *call, gpointer module)
{
    g_autoptr(GError) error = NULL;
    const char *token;
    int r = sd_bus_message_read(call, "s", &token);

    if (r < 0)
        return r;
    fota_module_approve(module, token, &error);
    return reply_when_saved(call, module, error);
}

static int
run_reject(sd_bus_message *call, gpointer module)
{
    g_autoptr(GError) error = NULL;
    const char *token, *reason;
    int r = sd_bus_message_read(call, "ss", &token, &reason);

    if (r < 0)
        return r;
    fota_module_reject(module, token, reason, &error);
    return reply_when_saved(call, module, error);
}

static int
run_defer(sd_bus_message *call, gpointer module)
{
    g_autoptr(GError) error = NULL;
    const char *token;
    guint64 seconds;
    int r = sd_bus_message_read(call, "st", &token, &seconds);

    if (r < 0)
        return r;
    fota_module_defer(module, token, seconds, &error);
    return reply_when_saved(call, module, error);
}

static int
run_cancel(sd_bus_message *call, gpointer module)
{
    g_autoptr(GError) error = NULL;
    const char *token;
    int r = sd_bus_message_read(call, "s", &token);

    if (r < 0)
        return r;
    fota_module_cancel(module, token, &error);
    return reply_when_saved(call, module, error);
}

static int
run_rehearse(sd_bus_message *call, gpointer module)
{
    g_autoptr(GError) error = NULL;

    fota_module_rehearse(module, &error);
    return fota_bus_reply(call, error);
}

static int
run_plan(sd_bus_message *call, gpointer module)
{
    g_autofree char *plan = fota_module_plan(module);

    return sd_bus_reply_method_return(call, "s", plan);
}

static int
reply_variant(sd_bus_message *call, GVariant *value)
{
    g_autoptr(sd_bus_message) reply = NULL;
    int r = sd_bus_message_new_method_return(call, &reply);

    if (r >= 0)
        r = fota_variant_append(reply, value);
    return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int
run_query(sd_bus_message *call, gpointer module)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) identity = fota_module_query(module, &error);

    return identity == NULL ? fota_bus_reply(call, error) : reply_variant(call, identity);
}

static int
run_get_report(sd_bus_message *call, gpointer module)
{
    g_autofree char *report = fota_module_get_report(module);

    return sd_bus_reply_method_return(call, "s", report);
}

static int
run_get_registration(sd_bus_message *call, gpointer module)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) registration = fota_module_get_registration(module, &error);

    return registration == NULL ? fota_bus_reply(call, error) : reply_variant(call, registration);
}

static int
run_get_history(sd_bus_message *call, gpointer module)
{
    g_autoptr(GVariant) history = NULL;
    guint32 max;
    int r = sd_bus_message_read(call, "u", &max);

    if (r < 0)
        return r;
    history = fota_module_get_history(module, max);
    return reply_variant(call, history);
}

static const FotaBusMethod methods[] = {
    {"Check", "org.fotad.Fota1.check", run_check},
    {"AskVersion", "org.fotad.Fota1.check", run_ask_version},
    {"Approve", "org.fotad.Fota1.approve", run_approve},
    {"Reject", "org.fotad.Fota1.approve", run_reject},
    {"Defer", "org.fotad.Fota1.approve", run_defer},
    {"Cancel", "org.fotad.Fota1.cancel", run_cancel},
    {"Rehearse", "org.fotad.Fota1.approve", run_rehearse},
    {"Query", "org.fotad.Fota1.query", run_query},
    {"GetRegistration", "org.fotad.Fota1.query", run_get_registration},
    {"Plan", NULL, run_plan},
    {"GetHistory", NULL, run_get_history},
    {"GetReport", "org.fotad.Fota1.query", run_get_report},
    {NULL, NULL, NULL},
};

static int
on_call(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
    FotaBusModuleTarget *target = userdata;

    return fota_bus_polkit_dispatch(target->polkit, call, methods, target->module);
}

#define PROPERTY(name, type)                                                                       \
    SD_BUS_PROPERTY(name, type, get_property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE)

/* SD_BUS_VTABLE_UNPRIVILEGED, because polkit decides. */
const sd_bus_vtable fota_bus_module_vtable[] = {
    SD_BUS_VTABLE_START(0),

    PROPERTY("Imei", "s"),
    PROPERTY("Manufacturer", "s"),
    PROPERTY("Model", "s"),
    PROPERTY("Revision", "s"),
    PROPERTY("Plugin", "s"),
    PROPERTY("Listening", "s"),
    PROPERTY("Modem", "o"),
    PROPERTY("State", "s"),
    PROPERTY("Progress", "u"),
    PROPERTY("BytesReceived", "t"),
    PROPERTY("BytesTotal", "t"),
    PROPERTY("Blockers", "as"),
    PROPERTY("LastError", "(ss)"),
    PROPERTY("LastCheck", "t"),
    PROPERTY("NextCheck", "t"),
    PROPERTY("Update", "a{sv}"),
    PROPERTY("Service", "a{sv}"),

    SD_BUS_METHOD_WITH_ARGS("Check", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, on_call,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("AskVersion", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", version), on_call,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Approve", SD_BUS_ARGS("s", token), SD_BUS_NO_RESULT, on_call,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Reject", SD_BUS_ARGS("s", token, "s", reason), SD_BUS_NO_RESULT,
                            on_call, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Defer", SD_BUS_ARGS("s", token, "t", seconds), SD_BUS_NO_RESULT,
                            on_call, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Cancel", SD_BUS_ARGS("s", token), SD_BUS_NO_RESULT, on_call,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Rehearse", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, on_call,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Query", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{sv}", identity), on_call,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("GetRegistration", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{sv}", registration),
                            on_call, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Plan", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", plan), on_call,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("GetHistory", SD_BUS_ARGS("u", max), SD_BUS_RESULT("aa{sv}", history),
                            on_call, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("GetReport", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", report), on_call,
                            SD_BUS_VTABLE_UNPRIVILEGED),

    SD_BUS_SIGNAL_WITH_ARGS("ApprovalRequested",
                            SD_BUS_ARGS("s", token, "s", gate, "a{sv}", update), 0),
    SD_BUS_SIGNAL_WITH_ARGS("PinRequired", SD_BUS_ARGS("i", attempts), 0),
    SD_BUS_SIGNAL_WITH_ARGS("UpdateFinished", SD_BUS_ARGS("s", id, "s", result, "a{sv}", details),
                            0),
    SD_BUS_VTABLE_END,
};
