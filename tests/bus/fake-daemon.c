/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A double of daemon/ for the tests of dbus/ and ctl/: FotaModule and FotaManager of the same
 * headers, holding what the test says. Commands come on standard input, one a line, and each is
 * answered by "ok"; what applications ask for is told on standard output, e.g. "approve 353... t1".
 *
 *   add IMEI                    a module, idle
 *   set IMEI PROPERTY VALUE     VALUE in GVariant's text format
 *   offer IMEI GATE             emits approval-requested for the property update
 *   finish IMEI RESULT DETAILS  emits update-finished for it
 */
#include <errno.h>
#include <glib-unix.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/fota-error.h"
#include "daemon/fota-log.h"
#include "dbus/fota-bus.h"
#include "policy/fota-approval.h"
#include "policy/fota-policy-error.h"

#define MAX_DEFER_SECONDS 604800

struct _FotaModule {
    GObject parent_instance;
    GHashTable *values; /* name of a property → GVariant */
};

struct _FotaManager {
    GObject parent_instance;
    GPtrArray *modules;
    guint inhibitions;
};

static const struct {
    const char *name;
    const char *type;
    const char *value;
} properties[] = {
    {"imei", "s", "''"},
    {"manufacturer", "s", "'Telit'"},
    {"model", "s", "'ME910C1-NA'"},
    {"revision", "s", "'30.00.001-B026'"},
    {"plugin", "s", "'telit'"},
    {"modem", "o", "'/'"},
    {"state", "s", "'idle'"},
    {"progress", "u", "0"},
    {"bytes-received", "t", "0"},
    {"bytes-total", "t", "0"},
    {"blockers", "as", "[]"},
    {"last-error", "(ss)", "('', '')"},
    {"last-check", "t", "0"},
    {"next-check", "t", "0"},
    {"update", "a{sv}", "{}"},
    {"history", "aa{sv}", "[]"},
};

G_DEFINE_FINAL_TYPE(FotaModule, fota_module, G_TYPE_OBJECT)
G_DEFINE_FINAL_TYPE(FotaManager, fota_manager, G_TYPE_OBJECT)

static void tell(const char *format, ...) G_GNUC_PRINTF(1, 2);

static void
tell(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

/* FotaModule */

static void
module_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec); /* D-Bus uses the functions below */
}

static void
module_finalize(GObject *object)
{
    g_hash_table_unref(FOTA_MODULE(object)->values);
    G_OBJECT_CLASS(fota_module_parent_class)->finalize(object);
}

static void
fota_module_class_init(FotaModuleClass *class)
{
    GObjectClass *object_class = G_OBJECT_CLASS(class);

    object_class->get_property = module_get_property;
    object_class->finalize = module_finalize;
    for (guint i = 0; i < G_N_ELEMENTS(properties); i++)
        g_object_class_install_property(
            object_class, i + 1,
            g_param_spec_pointer(properties[i].name, NULL, NULL,
                                 G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
    g_signal_new("approval-requested", FOTA_TYPE_MODULE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                 G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_VARIANT);
    g_signal_new("update-finished", FOTA_TYPE_MODULE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                 G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_VARIANT);
}

static void
module_set(FotaModule *module, const char *name, const char *text)
{
    for (guint i = 0; i < G_N_ELEMENTS(properties); i++) {
        g_autoptr(GError) error = NULL;
        GVariant *value;

        if (!g_str_equal(properties[i].name, name))
            continue;
        value = g_variant_parse(G_VARIANT_TYPE(properties[i].type), text, NULL, NULL, &error);
        if (value == NULL)
            g_error("%s is no %s: %s", text, properties[i].type, error->message);
        g_hash_table_insert(module->values, (gpointer)properties[i].name, value);
        g_object_notify(G_OBJECT(module), name);
        return;
    }
    g_error("There is no property %s", name);
}

static void
fota_module_init(FotaModule *module)
{
    module->values =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_variant_unref);
    for (guint i = 0; i < G_N_ELEMENTS(properties); i++)
        module_set(module, properties[i].name, properties[i].value);
}

#define GETTER(type, name, property, get)                                                          \
    type fota_module_get_##name(FotaModule *module)                                                \
    {                                                                                              \
        return get(g_hash_table_lookup(module->values, property));                                 \
    }
#define TEXT(value) g_variant_get_string(value, NULL)

GETTER(const char *, imei, "imei", TEXT)
GETTER(const char *, manufacturer, "manufacturer", TEXT)
GETTER(const char *, model, "model", TEXT)
GETTER(const char *, revision, "revision", TEXT)
GETTER(const char *, plugin, "plugin", TEXT)
GETTER(const char *, modem, "modem", TEXT)
GETTER(guint, progress, "progress", g_variant_get_uint32)
GETTER(guint64, bytes_received, "bytes-received", g_variant_get_uint64)
GETTER(guint64, bytes_total, "bytes-total", g_variant_get_uint64)
GETTER(guint64, last_check, "last-check", g_variant_get_uint64)
GETTER(guint64, next_check, "next-check", g_variant_get_uint64)
GETTER(GVariant *, update, "update", )

static const char *
last_error(FotaModule *module, guint index)
{
    const char *parts[2];

    g_variant_get(g_hash_table_lookup(module->values, "last-error"), "(&s&s)", &parts[0],
                  &parts[1]);
    return parts[index];
}

const char *
fota_module_get_last_error_name(FotaModule *module)
{
    return last_error(module, 0);
}

const char *
fota_module_get_last_error_text(FotaModule *module)
{
    return last_error(module, 1);
}

const char *const *
fota_module_get_blockers(FotaModule *module)
{
    static const char **blockers = NULL;

    g_free(blockers);
    blockers = g_variant_get_strv(g_hash_table_lookup(module->values, "blockers"), NULL);
    return blockers;
}

FotaState
fota_module_get_state(FotaModule *module)
{
    FotaState state = FOTA_STATE_FAILED;

    fota_state_from_string(TEXT(g_hash_table_lookup(module->values, "state")), &state);
    return state;
}

GVariant *
fota_module_get_history(FotaModule *module, guint max)
{
    GVariant *all = g_hash_table_lookup(module->values, "history");
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
    for (gsize i = 0; i < g_variant_n_children(all) && (max == 0 || i < max); i++) {
        g_autoptr(GVariant) entry = g_variant_get_child_value(all, i);

        g_variant_builder_add_value(&builder, entry);
    }
    return g_variant_ref_sink(g_variant_builder_end(&builder));
}

static void
module_finish(FotaModule *module, const char *result, const char *details)
{
    g_autoptr(GVariant) dict = g_variant_parse(G_VARIANT_TYPE_VARDICT, details, NULL, NULL, NULL);
    const char *id = "";

    g_variant_lookup(fota_module_get_update(module), "id", "&s", &id);
    g_signal_emit_by_name(module, "update-finished", id, result, dict);
}

static gboolean
module_check_token(FotaModule *module, const char *token, GError **error)
{
    const char *offered = NULL;

    g_variant_lookup(fota_module_get_update(module), "token", "&s", &offered);
    return fota_approval_check_token(offered, token, error);
}

static gboolean
module_is_there(FotaModule *module, GError **error)
{
    if (fota_module_get_state(module) != FOTA_STATE_ABSENT)
        return TRUE;
    g_set_error(error, FOTA_ERROR, FOTA_ERROR_ABSENT, "Module %s is not there: plug it in",
                fota_module_get_imei(module));
    return FALSE;
}

gboolean
fota_module_check(FotaModule *module, GError **error)
{
    if (!module_is_there(module, error))
        return FALSE;
    tell("check %s", fota_module_get_imei(module));
    return TRUE;
}

gboolean
fota_module_approve(FotaModule *module, const char *token, GError **error)
{
    if (!module_check_token(module, token, error))
        return FALSE;
    module_set(module, "state", "'scheduled'");
    tell("approve %s %s", fota_module_get_imei(module), token);
    return TRUE;
}

gboolean
fota_module_reject(FotaModule *module, const char *token, const char *reason, GError **error)
{
    if (!module_check_token(module, token, error))
        return FALSE;
    module_set(module, "state", "'idle'");
    module_finish(module, "rejected", "{}");
    module_set(module, "update", "{}");
    tell("reject %s %s %s", fota_module_get_imei(module), token, reason);
    return TRUE;
}

gboolean
fota_module_defer(FotaModule *module, const char *token, guint64 seconds, GError **error)
{
    if (!module_check_token(module, token, error))
        return FALSE;
    if (seconds > MAX_DEFER_SECONDS) {
        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_DEFER_TOO_LONG,
                    "It may be deferred by %u s at most", MAX_DEFER_SECONDS);
        return FALSE;
    }
    tell("defer %s %s %" G_GUINT64_FORMAT, fota_module_get_imei(module), token, seconds);
    return TRUE;
}

gboolean
fota_module_cancel(FotaModule *module, const char *token, GError **error)
{
    if (!module_check_token(module, token, error))
        return FALSE;
    if (fota_module_get_state(module) == FOTA_STATE_INSTALLING) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_NOT_CANCELLABLE,
                    "Module %s is installing: wait for its end", fota_module_get_imei(module));
        return FALSE;
    }
    module_set(module, "state", "'idle'");
    module_finish(module, "cancelled", "{}");
    tell("cancel %s %s", fota_module_get_imei(module), token);
    return TRUE;
}

gboolean
fota_module_rehearse(FotaModule *module, GError **error)
{
    if (!module_is_there(module, error))
        return FALSE;
    tell("rehearse %s", fota_module_get_imei(module));
    return TRUE;
}

char *
fota_module_plan(FotaModule *module)
{
    return g_strdup_printf("{\"imei\": \"%s\", \"blockers\": [\"window\"]}",
                           fota_module_get_imei(module));
}

GVariant *
fota_module_query(FotaModule *module, GError **error)
{
    g_autofree char *text = NULL;

    if (!module_is_there(module, error))
        return NULL;
    text = g_strdup_printf("{'imei': <'%s'>, 'imsi': <'001010123456789'>, 'own-numbers': "
                           "<['+15551234567']>, 'operator': <'Test'>}",
                           fota_module_get_imei(module));
    return g_variant_ref_sink(g_variant_new_parsed(text, NULL));
}

/* FotaManager */

static void
manager_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    g_value_set_boolean(value, fota_manager_get_inhibited(FOTA_MANAGER(object)));
}

static void
manager_finalize(GObject *object)
{
    g_ptr_array_unref(FOTA_MANAGER(object)->modules);
    G_OBJECT_CLASS(fota_manager_parent_class)->finalize(object);
}

static void
fota_manager_class_init(FotaManagerClass *class)
{
    GObjectClass *object_class = G_OBJECT_CLASS(class);

    object_class->get_property = manager_get_property;
    object_class->finalize = manager_finalize;
    g_object_class_install_property(
        object_class, 1, g_param_spec_boolean("inhibited", NULL, NULL, FALSE, G_PARAM_READABLE));
    g_signal_new("module-added", FOTA_TYPE_MANAGER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                 G_TYPE_NONE, 1, FOTA_TYPE_MODULE);
}

static void
fota_manager_init(FotaManager *manager)
{
    manager->modules = g_ptr_array_new_with_free_func(g_object_unref);
}

GPtrArray *
fota_manager_get_modules(FotaManager *manager)
{
    return manager->modules;
}

gboolean
fota_manager_get_inhibited(FotaManager *manager)
{
    return manager->inhibitions > 0;
}

static gboolean
on_inhibition_end(int fd, GIOCondition condition, gpointer user_data)
{
    FotaManager *manager = user_data;

    close(fd);
    manager->inhibitions--;
    g_object_notify(G_OBJECT(manager), "inhibited");
    tell("uninhibit");
    return G_SOURCE_REMOVE;
}

int
fota_manager_inhibit(FotaManager *manager, const char *who, const char *why, GError **error)
{
    int fds[2];

    if (!g_unix_open_pipe(fds, FD_CLOEXEC, error))
        return -1;
    g_unix_fd_add(fds[0], G_IO_HUP, on_inhibition_end, manager);
    manager->inhibitions++;
    g_object_notify(G_OBJECT(manager), "inhibited");
    tell("inhibit %s: %s", who, why);
    return fds[1];
}

void
fota_manager_check_all(FotaManager *manager)
{
    tell("check all");
}

gboolean
fota_manager_reload(FotaManager *manager, GError **error)
{
    g_set_error(error, FOTA_ERROR, FOTA_ERROR_CONFIGURATION,
                "fotad.conf:3: 'Aproval' is no group: [Approval]?");
    return FALSE;
}

/* The test's commands */

static FotaModule *
find_module(FotaManager *manager, const char *imei)
{
    for (guint i = 0; i < manager->modules->len; i++) {
        FotaModule *module = g_ptr_array_index(manager->modules, i);

        if (g_str_equal(fota_module_get_imei(module), imei))
            return module;
    }
    g_error("There is no module %s", imei);
}

static void
add_module(FotaManager *manager, const char *imei)
{
    FotaModule *module = g_object_new(FOTA_TYPE_MODULE, NULL);
    g_autofree char *quoted = g_strdup_printf("'%s'", imei);

    module_set(module, "imei", quoted);
    g_ptr_array_add(manager->modules, module);
    g_signal_emit_by_name(manager, "module-added", module);
}

static void
run_command(FotaManager *manager, const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", 4);
    guint n_words = g_strv_length(words);

    if (n_words == 2 && g_str_equal(words[0], "add")) {
        add_module(manager, words[1]);
    } else if (n_words == 4 && g_str_equal(words[0], "set")) {
        module_set(find_module(manager, words[1]), words[2], words[3]);
    } else if (n_words == 3 && g_str_equal(words[0], "offer")) {
        FotaModule *module = find_module(manager, words[1]);
        const char *token = "";

        g_variant_lookup(fota_module_get_update(module), "token", "&s", &token);
        g_signal_emit_by_name(module, "approval-requested", token, words[2],
                              fota_module_get_update(module));
    } else if (n_words == 4 && g_str_equal(words[0], "finish")) {
        module_finish(find_module(manager, words[1]), words[2], words[3]);
    } else {
        g_error("Not understood: %s", line);
    }
    tell("ok");
}

typedef struct {
    GMainLoop *loop;
    FotaManager *manager;
} Fake;

static gboolean
on_input(GIOChannel *input, GIOCondition condition, gpointer user_data)
{
    Fake *fake = user_data;
    g_autofree char *line = NULL;

    if (g_io_channel_read_line(input, &line, NULL, NULL, NULL) != G_IO_STATUS_NORMAL) {
        g_main_loop_quit(fake->loop); /* the test has ended */
        return G_SOURCE_REMOVE;
    }
    run_command(fake->manager, g_strchomp(line));
    return G_SOURCE_CONTINUE;
}

int
main(void)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(GIOChannel) input = g_io_channel_unix_new(STDIN_FILENO);
    g_autoptr(FotaManager) manager = g_object_new(FOTA_TYPE_MANAGER, NULL);
    g_autoptr(FotaBus) bus = NULL;
    g_autoptr(GError) error = NULL;
    Fake fake = {loop, manager};

    fota_log_init();
    bus = fota_bus_new(manager, &error);
    if (bus == NULL) {
        fprintf(stderr, "%s\n", error->message);
        return 1;
    }
    g_io_add_watch(input, G_IO_IN | G_IO_HUP, on_input, &fake);
    tell("ready");
    g_main_loop_run(loop);
    return 0;
}
