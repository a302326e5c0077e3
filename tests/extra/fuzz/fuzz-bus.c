/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/socket.h>

#include "dbus/fota-bus-log.h"
#include "dbus/fota-bus-manager.h"
#include "dbus/fota-variant.h"
#include "tests/component/bus/fake-module.h"
#include "tests/extra/fuzz/fuzz-bus-read.h"
#include "tests/extra/fuzz/fuzz.h"

/*
 * Calls of our objects by somebody who sends any arguments, as real messages over a socket, and
 * what fotactl makes of the answers. How bytes become a message is sd-bus's business: it lets
 * nobody else see a malformed one.
 *
 * Each line of the input is one call, its arguments in GVariant's text format:
 *
 *   OBJECT MEMBER ARGUMENTS     Defer of the module: module Defer ('t1', uint64 60)
 *   caller UID polkit-answer    who calls from here on; polkit says the second word
 */

#define IMEI "353081090012345"
#define TOKEN "t1"
#define MAX_CALLS 16
#define PROPERTIES "org.freedesktop.DBus.Properties"

static const struct {
    const char *name, *path, *interface;
} objects[] = {
    {"module", "/org/fotad/Fota1/Module/" IMEI, "org.fotad.Fota1.Module"},
    {"manager", "/org/fotad/Fota1", "org.fotad.Fota1.Manager"},
    {"log", "/org/freedesktop/LogControl1", PROPERTIES},
    {"properties", "/org/fotad/Fota1/Module/" IMEI, PROPERTIES},
    {"tree", "/org/fotad/Fota1", "org.freedesktop.DBus.ObjectManager"},
};

/* Made once: a daemon's connection and that of its callers, which is also bus and polkit to it. */
static struct {
    FotaManager *manager;
    sd_bus *daemon, *callers;
    guint32 uid;
    gboolean allowed;
    guint open; /* calls without an answer */
} world;

/* Nothing is done for who may not, or with another token. */
void
fake_tell(const char *format, ...)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) words = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    if (strcmp(text, "uninhibit") == 0)
        return;
    g_assert_true(world.uid == 0 || world.allowed);
    words = g_strsplit(text, " ", 4);
    if (g_strv_length(words) >= 3 && strcmp(words[1], IMEI) == 0)
        g_assert_cmpstr(words[2], ==, TOKEN);
}

static int
answer_as_polkit(sd_bus_message *question)
{
    return sd_bus_reply_method_return(question, "(bba{ss})", (int)world.allowed, 0, 0);
}

/* What the daemon asks of bus and polkit. */
static int
on_question(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    if (sd_bus_message_is_method_call(message, "org.freedesktop.DBus", "GetConnectionUnixUser"))
        return sd_bus_reply_method_return(message, "u", world.uid);
    if (sd_bus_message_is_method_call(message, NULL, "CheckAuthorization"))
        return answer_as_polkit(message);
    return 0;
}

static sd_bus *
make_end(int fd, gboolean is_server)
{
    sd_bus *bus = NULL;
    sd_id128_t id = {.bytes = {1}};

    g_assert_cmpint(sd_bus_new(&bus), >=, 0);
    g_assert_cmpint(sd_bus_set_fd(bus, fd, fd), >=, 0);
    g_assert_cmpint(sd_bus_negotiate_fds(bus, TRUE), >=, 0);
    if (is_server)
        g_assert_cmpint(sd_bus_set_server(bus, TRUE, id), >=, 0);
    g_assert_cmpint(sd_bus_start(bus), >=, 0);
    return bus;
}

/* Until both ends have nothing more to do. */
static void
settle(void)
{
    gboolean busy = TRUE;

    while (busy) {
        int a = sd_bus_process(world.daemon, NULL);
        int b = sd_bus_process(world.callers, NULL);

        g_assert_cmpint(a, >=, 0);
        g_assert_cmpint(b, >=, 0);
        busy = g_main_context_iteration(NULL, FALSE) || a > 0 || b > 0;
    }
}

static void
make_world(void)
{
    int fds[2];
    int r;
    FotaBusCallers *callers;
    FotaBusPolkit *polkit;

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==, 0);
    world.daemon = make_end(fds[0], TRUE);
    world.callers = make_end(fds[1], FALSE);
    sd_bus_add_filter(world.callers, NULL, on_question, NULL);
    world.manager = g_object_new(FOTA_TYPE_MANAGER, NULL);
    fake_manager_add(world.manager, IMEI);
    settle();
    callers = fota_bus_callers_new(world.daemon, &r);
    polkit = fota_bus_polkit_new(world.daemon, callers);
    g_assert_nonnull(fota_bus_manager_new(world.daemon, polkit, world.manager, &r));
    g_assert_nonnull(fota_bus_log_new(world.daemon, polkit, &r));
}

static int
on_answer(sd_bus_message *answer, void *userdata, sd_bus_error *ret_error)
{
    const sd_bus_error *error = sd_bus_message_get_error(answer);
    g_autoptr(GVariant) value = fuzz_bus_read(answer);
    g_assert_true(g_variant_is_of_type(value, G_VARIANT_TYPE_TUPLE));

    world.open--;
    if (error != NULL)
        g_assert_true(g_str_has_prefix(error->name, "org.fotad.Fota1.Error.") ||
                      g_str_has_prefix(error->name, "org.freedesktop.DBus.Error.") ||
                      g_str_has_prefix(error->name, "System.Error."));
    return 0;
}

/* Arguments that D-Bus cannot carry (maybes, handles without a file) are not sent. */
static void
call(guint object, const char *member, GVariant *arguments)
{
    g_autoptr(sd_bus_message) message = NULL;
    g_autoptr(GVariant) again = NULL;
    g_autofree char *sender = g_strdup_printf(":1.%u", world.uid);
    int r = sd_bus_message_new_method_call(world.callers, &message, "org.fotad.Fota1",
                                           objects[object].path, objects[object].interface, member);

    if (r < 0)
        return;
    sd_bus_message_set_sender(message, sender);
    for (gsize i = 0; r >= 0 && i < g_variant_n_children(arguments); i++) {
        g_autoptr(GVariant) argument = g_variant_get_child_value(arguments, i);

        r = fota_variant_append(message, argument);
    }
    if (r < 0 || sd_bus_message_seal(message, world.open + 1, 0) < 0)
        return;
    again = fuzz_bus_read(message);
    g_assert_true(g_variant_equal(again, arguments));
    if (sd_bus_call_async(world.callers, NULL, message, on_answer, NULL, 0) >= 0)
        world.open++;
    settle();
    g_assert_cmpuint(world.open, ==, 0);
}

static void
run_line(const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", 3);
    g_autoptr(GVariant) arguments = NULL;

    if (g_strv_length(words) < 3)
        return;
    if (strcmp(words[0], "caller") == 0) {
        world.uid = (guint32)g_ascii_strtoull(words[1], NULL, 10);
        world.allowed = strcmp(words[2], "yes") == 0;
        return;
    }
    arguments = g_variant_parse(NULL, words[2], NULL, NULL, NULL);
    if (arguments == NULL || !g_variant_is_of_type(arguments, G_VARIANT_TYPE_TUPLE))
        return;
    for (guint i = 0; i < G_N_ELEMENTS(objects); i++) {
        if (strcmp(objects[i].name, words[0]) == 0)
            call(i, words[1], arguments);
    }
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autofree char *text = g_utf8_make_valid((const char *)data, (gssize)size);
    g_auto(GStrv) lines = g_strsplit(text, "\n", MAX_CALLS);
    FotaModule *module;

    if (world.daemon == NULL)
        make_world();
    world.uid = 0;
    module = g_ptr_array_index(fota_manager_get_modules(world.manager), 0);
    fake_module_set(module, "state", "'awaiting-approval'");
    fake_module_set(module, "update",
                    "{'id': <'b026'>, 'token': <'" TOKEN "'>, 'size': <uint64 1234>}");
    fake_module_set(module, "history", "[{'id': <'b025'>, 'finished': <uint64 1>}, {}]");
    settle();
    for (guint i = 0; lines[i] != NULL; i++)
        run_line(lines[i]);
    return 0;
}
