/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/component/bus/fake-module.h"

#include <time.h>

#include "daemon/fota-error.h"
#include "policy/fota-approval.h"
#include "policy/fota-policy-error.h"

#define MAX_DEFER_SECONDS 604800

struct _FotaModule {
    GObject parent_instance;
    GHashTable *values; /* name of a property → GVariant */
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
    {"listening", "s", "'no-port'"},
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
    {"service", "a{sv}", "{}"},
    {"history", "aa{sv}", "[]"},
    {"report", "s", "'{}'"},
    {"plan-cost", "u", "0"}, /* ms of processor time */
    {"password", "s", "''"},
};

G_DEFINE_FINAL_TYPE(FotaModule, fota_module, G_TYPE_OBJECT)

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

    object_class->finalize = module_finalize;
    g_signal_new("changed", FOTA_TYPE_MODULE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                 1, G_TYPE_STRING);
    g_signal_new("approval-requested", FOTA_TYPE_MODULE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                 G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_VARIANT);
    g_signal_new("pin-required", FOTA_TYPE_MODULE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                 G_TYPE_NONE, 1, G_TYPE_INT);
    g_signal_new("update-finished", FOTA_TYPE_MODULE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                 G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_VARIANT);
}

/* "bytes-received" is BytesReceived on the bus; history, cost of a plan and password are none. */
static void
tell_changed(FotaModule *module, const char *name)
{
    g_autoptr(GString) property = g_string_new(NULL);
    gboolean first = TRUE;

    if (g_str_equal(name, "history") || g_str_equal(name, "plan-cost") ||
        g_str_equal(name, "password"))
        return;
    for (; *name != '\0'; name++) {
        if (*name != '-')
            g_string_append_c(property, first ? g_ascii_toupper(*name) : *name);
        first = *name == '-';
    }
    g_signal_emit_by_name(module, "changed", property->str);
}

void
fake_module_set(FotaModule *module, const char *name, const char *text)
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
        tell_changed(module, name);
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
        fake_module_set(module, properties[i].name, properties[i].value);
}

static const char *
get_text(FotaModule *module, const char *name)
{
    return g_variant_get_string(g_hash_table_lookup(module->values, name), NULL);
}

/* "BytesReceived" is "bytes-received" here. */
GVariant *
fota_module_get_property(FotaModule *module, const char *property)
{
    g_autoptr(GString) name = g_string_new(NULL);

    for (const char *letter = property; *letter != '\0'; letter++) {
        if (g_ascii_isupper(*letter) && letter != property)
            g_string_append_c(name, '-');
        g_string_append_c(name, g_ascii_tolower(*letter));
    }
    return g_hash_table_lookup(module->values, name->str);
}

const char *
fota_module_get_imei(FotaModule *module)
{
    return get_text(module, "imei");
}

static FotaState
get_state(FotaModule *module)
{
    const char *name = get_text(module, "state");
    FotaState state = FOTA_STATE_ABSENT;

    while (state < FOTA_STATE_LAST && strcmp(fota_state_to_string(state), name) != 0)
        state++;
    return state;
}

gboolean
fota_module_keeps_power(FotaModule *module)
{
    FotaState state = get_state(module);

    return state == FOTA_STATE_INSTALLING || state == FOTA_STATE_VERIFYING;
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

char *
fota_module_get_report(FotaModule *module)
{
    return g_variant_dup_string(g_hash_table_lookup(module->values, "report"), NULL);
}

void
fake_module_finish(FotaModule *module, const char *result, const char *details)
{
    g_autoptr(GVariant) dict = g_variant_parse(G_VARIANT_TYPE_VARDICT, details, NULL, NULL, NULL);
    const char *id = "";

    g_variant_lookup(g_hash_table_lookup(module->values, "update"), "id", "&s", &id);
    g_signal_emit_by_name(module, "update-finished", id, result, dict);
}

static gboolean
module_check_token(FotaModule *module, const char *token, GError **error)
{
    const char *offered = NULL;

    g_variant_lookup(g_hash_table_lookup(module->values, "update"), "token", "&s", &offered);
    return fota_approval_match_token(offered, token, error);
}

static gboolean
module_is_there(FotaModule *module, GError **error)
{
    if (get_state(module) != FOTA_STATE_ABSENT)
        return TRUE;
    g_set_error(error, FOTA_ERROR, FOTA_ERROR_MODULE_ABSENT, "Module %s is not there: plug it in",
                fota_module_get_imei(module));
    return FALSE;
}

gboolean
fota_module_check(FotaModule *module, GError **error)
{
    if (!module_is_there(module, error))
        return FALSE;
    fake_tell("check %s", fota_module_get_imei(module));
    return TRUE;
}

gboolean
fota_module_approve(FotaModule *module, const char *token, GError **error)
{
    if (!module_check_token(module, token, error))
        return FALSE;
    fake_module_set(module, "state", "'scheduled'");
    fake_tell("approve %s %s", fota_module_get_imei(module), token);
    return TRUE;
}

gboolean
fota_module_reject(FotaModule *module, const char *token, const char *reason, GError **error)
{
    if (!module_check_token(module, token, error))
        return FALSE;
    fake_module_set(module, "state", "'idle'");
    fake_module_finish(module, "rejected", "{}");
    fake_module_set(module, "update", "{}");
    fake_tell("reject %s %s %s", fota_module_get_imei(module), token, reason);
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
    fake_tell("defer %s %s %" G_GUINT64_FORMAT, fota_module_get_imei(module), token, seconds);
    return TRUE;
}

gboolean
fota_module_cancel(FotaModule *module, const char *token, GError **error)
{
    if (!module_check_token(module, token, error))
        return FALSE;
    if (get_state(module) == FOTA_STATE_INSTALLING) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_NOT_CANCELLABLE,
                    "Module %s is installing: wait for its end", fota_module_get_imei(module));
        return FALSE;
    }
    fake_module_set(module, "state", "'idle'");
    fake_module_finish(module, "cancelled", "{}");
    fake_tell("cancel %s %s", fota_module_get_imei(module), token);
    return TRUE;
}

gboolean
fota_module_rehearse(FotaModule *module, GError **error)
{
    if (!module_is_there(module, error))
        return FALSE;
    fake_tell("rehearse %s", fota_module_get_imei(module));
    return TRUE;
}

void
fota_module_ask_version_async(FotaModule *module, GAsyncReadyCallback callback, gpointer user_data)
{
    GTask *task = g_task_new(module, NULL, callback, user_data);
    GError *error = NULL;

    if (module_is_there(module, &error)) {
        fake_tell("ask version %s", fota_module_get_imei(module));
        g_task_return_pointer(task, g_strdup(get_text(module, "revision")), g_free);
    } else {
        g_task_return_error(task, error);
    }
    g_object_unref(task);
}

char *
fota_module_ask_version_finish(FotaModule *module, GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

/* The flash is as LastError says. */
void
fota_module_wait_saved_async(FotaModule *module, GAsyncReadyCallback callback, gpointer user_data)
{
    GTask *task = g_task_new(module, NULL, callback, user_data);
    const char *name, *text;

    g_variant_get(g_hash_table_lookup(module->values, "last-error"), "(&s&s)", &name, &text);
    if (g_str_equal(name, "RecordNotWritable"))
        g_task_return_new_error(task, FOTA_ERROR, FOTA_ERROR_RECORD_NOT_WRITABLE, "%s", text);
    else
        g_task_return_boolean(task, TRUE);
    g_object_unref(task);
}

gboolean
fota_module_wait_saved_finish(FotaModule *module, GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}

char *
fota_module_plan(FotaModule *module)
{
    guint cost = g_variant_get_uint32(g_hash_table_lookup(module->values, "plan-cost"));
    clock_t end = clock() + (clock_t)cost * (CLOCKS_PER_SEC / 1000);

    while (clock() < end)
        ;
    return g_strdup_printf("{\"imei\": \"%s\", \"blockers\": [\"window\"]}",
                           fota_module_get_imei(module));
}

GVariant *
fota_module_get_registration(FotaModule *module, GError **error)
{
    g_autofree char *text = NULL;

    if (!module_is_there(module, error))
        return NULL;
    text = g_strdup_printf(
        "{'imei': <'%s'>, 'number': <'+15551234567'>, 'gprs': <'YES'>, "
        "'password': <'%s'>}",
        fota_module_get_imei(module),
        g_variant_get_string(g_hash_table_lookup(module->values, "password"), NULL));
    return g_variant_ref_sink(g_variant_new_parsed(text, NULL));
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
