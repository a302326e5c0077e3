/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-manager.h"

#include <string.h>
#include <syslog.h>

#include "base/fota-text.h"
#include "base/fota-timer.h"
#include "base/fota-wait.h"
#include "daemon/fota-authority.h"
#include "daemon/fota-cache.h"
#include "daemon/fota-config-file.h"
#include "daemon/fota-context.h"
#include "daemon/fota-inhibitions.h"
#include "daemon/fota-log.h"
#include "daemon/fota-metered.h"
#include "daemon/fota-outbox.h"
#include "daemon/module/fota-module.h"
#include "policy/fota-push.h"

#define IMEISV_LENGTH 16

struct _FotaManager {
    GObject parent;

    FotaContext context;
    GPtrArray *modules; /* FotaModule, by IMEI */
    FotaInhibitions *inhibitions;
    guint clock_watch;

    GSourceFunc stopped;
    gpointer stopped_data;
};

enum {
    PROP_0,
    PROP_INHIBITED,
    N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE(FotaManager, fota_manager, G_TYPE_OBJECT)

static void
fota_manager_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    if (id == PROP_INHIBITED)
        g_value_set_boolean(value, fota_manager_get_inhibited(FOTA_MANAGER(object)));
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void
fota_manager_finalize(GObject *object)
{
    FotaManager *manager = FOTA_MANAGER(object);
    FotaContext *context = &manager->context;

    g_clear_handle_id(&manager->clock_watch, g_source_remove);
    g_clear_pointer(&context->mm, fota_mm_free);
    g_clear_pointer(&manager->inhibitions, fota_inhibitions_free);
    g_clear_pointer(&manager->modules, g_ptr_array_unref);
    /* The store ends its writes first: what they tell is not heard any more. */
    g_clear_pointer(&context->store, fota_store_free);
    g_clear_pointer(&context->cache, fota_cache_free);
    g_clear_pointer(&context->metered, fota_metered_free);
    g_clear_pointer(&context->outbox, fota_outbox_free);
    g_clear_pointer(&context->plugins, fota_plugin_set_free);
    g_clear_pointer(&context->keyring, fota_keyring_free);
    g_clear_pointer(&context->config, fota_config_unref);
    g_clear_pointer(&context->fetch_socket, g_free);
    G_OBJECT_CLASS(fota_manager_parent_class)->finalize(object);
}

static void
fota_manager_class_init(FotaManagerClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);

    object_class->get_property = fota_manager_get_property;
    object_class->finalize = fota_manager_finalize;
    props[PROP_INHIBITED] = g_param_spec_boolean("inhibited", NULL, NULL, FALSE,
                                                 G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object_class, N_PROPS, props);
    g_signal_new("module-added", FOTA_TYPE_MANAGER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                 G_TYPE_NONE, 1, FOTA_TYPE_MODULE);
}

static void
decide_all(FotaManager *manager)
{
    for (guint i = 0; i < manager->modules->len; i++)
        fota_module_decide(manager->modules->pdata[i]);
}

static void
inhibitions_changed(gpointer user_data)
{
    FotaManager *manager = user_data;
    gboolean before = manager->context.inhibitions > 0;

    manager->context.inhibitions = fota_inhibitions_get_number(manager->inhibitions);
    if (before != (manager->context.inhibitions > 0))
        g_object_notify_by_pspec(G_OBJECT(manager), props[PROP_INHIBITED]);
    decide_all(manager);
}

static void
network_changed(gpointer user_data)
{
    decide_all(user_data);
}

static void
fota_manager_init(FotaManager *manager)
{
    manager->modules = g_ptr_array_new_with_free_func(g_object_unref);
    manager->inhibitions = fota_inhibitions_new(inhibitions_changed, manager);
    manager->context.metered = fota_metered_new(network_changed, manager);
    manager->context.started = fota_boot_time();
}

/* One that has gone since the directory was read is revoked. */
static gboolean
take_key(FotaKeyring *keyring, const char *file, GError **error)
{
    g_autoptr(GError) local_error = NULL;
    g_autofree char *text = fota_authority_read(file, &local_error);

    if (text != NULL)
        return fota_keyring_add(keyring, file, text, error);
    if (local_error == NULL)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local_error));
    return FALSE;
}

static FotaKeyring *
load_keys(const char *directory, GError **error)
{
    g_autoptr(FotaKeyring) keyring = fota_keyring_new();
    g_auto(GStrv) files = fota_authority_list(directory, ".pub", error);

    if (files == NULL)
        return NULL;
    for (guint i = 0; files[i] != NULL; i++) {
        if (!take_key(keyring, files[i], error))
            return NULL;
    }
    if (fota_keyring_get_size(keyring) == 0)
        g_message("there is no key in %s: no signed manifest will be accepted", directory);
    return g_steal_pointer(&keyring);
}

static void
report_stopped(FotaManager *manager)
{
    if (manager->stopped != NULL && manager->context.jobs == 0) {
        GSourceFunc stopped = manager->stopped;

        manager->stopped = NULL;
        g_idle_add(stopped, manager->stopped_data);
    }
}

static void
job_ended(FotaModule *module, gpointer user_data)
{
    FotaManager *manager = user_data;

    if (manager->stopped != NULL)
        report_stopped(manager);
    else
        decide_all(manager);
}

/* A second module with its IMEI may take its place. */
static void
module_lost(FotaModule *module, gpointer user_data)
{
    FotaManager *manager = user_data;

    if (manager->context.mm != NULL)
        fota_mm_show_again(manager->context.mm, fota_module_get_imei(module));
}

static int
compare_imei(gconstpointer a, gconstpointer b)
{
    return strcmp(fota_module_get_imei(*(FotaModule *const *)a),
                  fota_module_get_imei(*(FotaModule *const *)b));
}

static FotaModule *
find_module(FotaManager *manager, const char *imei)
{
    for (guint i = 0; i < manager->modules->len; i++) {
        FotaModule *module = manager->modules->pdata[i];

        if (strcmp(fota_module_get_imei(module), imei) == 0)
            return module;
    }
    return NULL;
}

static FotaModule *
add_module(FotaManager *manager, const char *imei)
{
    g_autoptr(GError) error = NULL;
    FotaRecord *record;
    FotaModule *module;

    fota_log_know_imei(imei);
    record = fota_store_load(manager->context.store, imei, &error);
    if (error != NULL) {
        FotaLogContext context = {.imei = imei};

        fota_log(LOG_ERR, FOTA_EVENT_BAD_RECORD, &context, "%s", error->message);
    }
    module = fota_module_new(&manager->context, record);
    g_signal_connect_object(module, "job-ended", G_CALLBACK(job_ended), manager, 0);
    g_signal_connect_object(module, "lost", G_CALLBACK(module_lost), manager, 0);
    g_ptr_array_add(manager->modules, module);
    g_ptr_array_sort(manager->modules, compare_imei);
    g_signal_emit_by_name(manager, "module-added", module);
    return module;
}

/* An IMEI becomes a file name and an object path. */
static gboolean
is_imei(const char *text)
{
    return fota_text_validate_imei(text) == NULL;
}

/*
 * A second modem object with the IMEI of a module that is there is another module: ModemManager
 * takes the old object of a module away before it shows the new one. It is shown again when the
 * first is lost, but not while that is only away, as in the middle of its update.
 */
static gboolean
modem_is_double(FotaModule *module, const FotaModemFacts *facts)
{
    const char *first = fota_module_get_modem(module);
    const FotaLogContext context = {.imei = facts->imei};

    if (strcmp(first, "/") == 0 || strcmp(first, facts->path) == 0)
        return FALSE;
    fota_log(LOG_WARNING, FOTA_EVENT_NONE, &context,
             "%s reports this IMEI, too, and is left alone: updates go to %s until that is gone; "
             "give each module an IMEI of its own",
             facts->path, first);
    return TRUE;
}

static gboolean
modem_seen(const FotaModemFacts *facts, gpointer user_data)
{
    FotaManager *manager = user_data;
    FotaModule *module = find_module(manager, facts->imei);

    if (module == NULL && !is_imei(facts->imei)) {
        g_message("%s is left alone: it reports %s", facts->path,
                  strlen(facts->imei) == IMEISV_LENGTH
                      ? "an IMEISV of 16 digits instead of an IMEI of 15; AT+CGSN=1 asks for the "
                        "latter"
                      : "no IMEI");
        return FALSE;
    }
    if (module == NULL)
        module = add_module(manager, facts->imei);
    else if (modem_is_double(module, facts))
        return FALSE;
    fota_module_seen(module, facts);
    return TRUE;
}

static void
modem_gone(const char *path, gpointer user_data)
{
    FotaManager *manager = user_data;

    for (guint i = 0; i < manager->modules->len; i++) {
        FotaModule *module = manager->modules->pdata[i];

        if (strcmp(fota_module_get_modem(module), path) == 0)
            fota_module_gone(module);
    }
}

static void
modem_manager_available(gboolean available, gpointer user_data)
{
    FotaManager *manager = user_data;

    manager->context.sees_modems = available;
    manager->context.modems_since = fota_boot_time();
    if (available)
        fota_log(LOG_INFO, FOTA_EVENT_NONE, NULL, "ModemManager is running");
    else
        fota_log(LOG_WARNING, FOTA_EVENT_NO_MODEM_MANAGER, NULL,
                 "ModemManager is not running; fotad sees no module until it is started");
    for (guint i = 0; i < manager->modules->len; i++)
        fota_module_decide(manager->modules->pdata[i]);
}

static void
device_guarded(const char *device, gboolean guarded, gpointer user_data)
{
    FotaManager *manager = user_data;

    for (guint i = 0; i < manager->modules->len; i++)
        fota_module_guarded(manager->modules->pdata[i], device, guarded);
}

static gboolean
module_listens(const char *imei, gpointer user_data)
{
    FotaManager *manager = user_data;

    return fota_config_for_module(manager->context.config, imei)->sms_keyword != NULL;
}

static gboolean
message_received(const char *imei, const char *sender, const char *text, gpointer user_data)
{
    FotaManager *manager = user_data;
    const FotaModuleConfig *config = fota_config_for_module(manager->context.config, imei);
    FotaModule *module = find_module(manager, imei);

    if (module == NULL || !fota_push_is_request((const char *const *)config->sms_senders,
                                                config->sms_keyword, sender, text))
        return FALSE;
    fota_module_push(module);
    return TRUE;
}

/* Times of the wall clock that are waited for are other ones now. */
static void
clock_set(gpointer user_data)
{
    FotaManager *manager = user_data;

    g_message("the clock was set; fotad evaluates all times again");
    for (guint i = 0; i < manager->modules->len; i++)
        fota_module_clock_set(manager->modules->pdata[i]);
    decide_all(manager);
}

static void
bus_changed(GDBusConnection *connection, gpointer user_data)
{
    FotaManager *manager = user_data;

    fota_metered_set_bus(manager->context.metered, connection);
}

static const FotaMmCallbacks mm_callbacks = {
    modem_seen,       modem_gone, modem_manager_available, device_guarded, module_listens,
    message_received, bus_changed};

FotaManager *
fota_manager_new(FotaConfig *config, const FotaPaths *paths, GError **error)
{
    g_autoptr(FotaManager) manager = g_object_new(FOTA_TYPE_MANAGER, NULL);
    FotaContext *context = &manager->context;
    g_auto(GStrv) imeis = NULL;

    context->config = config;
    fota_log_set_personal_info(fota_config_get_personal_info(config));
    fota_log_set_level(fota_config_get_log_level(config));
    context->fetch_socket = g_strdup(paths->fetch);
    context->keyring = load_keys(fota_config_get_keys_directory(config), error);
    if (context->keyring == NULL)
        return NULL;
    context->plugins = fota_plugin_set_load(paths->plugins, error);
    if (context->plugins == NULL)
        return NULL;
    context->store = fota_store_new(paths->state, error);
    if (context->store == NULL)
        return NULL;
    if (fota_store_is_volatile(context->store))
        fota_log(LOG_WARNING, FOTA_EVENT_VOLATILE_STATE, NULL,
                 "%s lies in memory, or in an overlay whose upper directory does or is not found: "
                 "after a power cut fotad knows nothing of updates under way, and offers rejected "
                 "updates again; put it on flash",
                 paths->state);
    context->outbox = fota_outbox_new(context);
    context->cache = fota_cache_new(paths->state);
    imeis = fota_store_list(context->store);
    for (guint i = 0; imeis[i] != NULL; i++) {
        if (is_imei(imeis[i]))
            add_module(manager, imeis[i]);
    }
    fota_cache_sweep(context->cache);
    return g_steal_pointer(&manager);
}

/* Freshly installed, fotad runs and does nothing: it must say so. */
static void
say_what_to_set(FotaManager *manager)
{
    FotaConfig *config = manager->context.config;

    if (fota_config_for_module(config, "")->manifest_uri == NULL)
        fota_log(LOG_NOTICE, FOTA_EVENT_NOT_CONFIGURED, NULL,
                 "no Uri= is set in [Manifest] of %s: fotad updates no module without one",
                 fota_config_get_file(config));
}

void
fota_manager_start(FotaManager *manager)
{
    g_autoptr(GError) error = NULL;

    say_what_to_set(manager);
    fota_outbox_start(manager->context.outbox);
    manager->context.mm =
        fota_mm_new(fota_store_get_directory(manager->context.store), &mm_callbacks, manager);
    manager->clock_watch = fota_timer_watch_clock(clock_set, manager, &error);
    if (error != NULL)
        g_warning("%s", error->message);
}

GPtrArray *
fota_manager_get_modules(FotaManager *manager)
{
    return manager->modules;
}

gboolean
fota_manager_get_inhibited(FotaManager *manager)
{
    return manager->context.inhibitions > 0;
}

int
fota_manager_inhibit(FotaManager *manager, uid_t uid, const char *who, const char *why,
                     GError **error)
{
    return fota_inhibitions_take(manager->inhibitions, uid, who, why, error);
}

void
fota_manager_check_all(FotaManager *manager)
{
    for (guint i = 0; i < manager->modules->len; i++) {
        FotaModule *module = manager->modules->pdata[i];
        const FotaLogContext context = {.imei = fota_module_get_imei(module)};
        g_autoptr(GError) error = NULL;

        if (!fota_module_check(module, &error))
            fota_log(LOG_INFO, FOTA_EVENT_NONE, &context, "not checked: %s", error->message);
    }
}

gboolean
fota_manager_reload(FotaManager *manager, GError **error)
{
    FotaContext *context = &manager->context;
    g_autoptr(FotaConfig) config = fota_config_load(fota_config_get_file(context->config), error);
    int level = fota_config_get_log_level(context->config);
    FotaKeyring *keyring;

    if (config == NULL)
        return FALSE;
    keyring = load_keys(fota_config_get_keys_directory(config), error);
    if (keyring == NULL)
        return FALSE;
    fota_keyring_free(context->keyring);
    context->keyring = keyring;
    fota_config_unref(context->config);
    context->config = g_steal_pointer(&config);
    fota_log_set_personal_info(fota_config_get_personal_info(context->config));
    /* A level that an administrator has set meanwhile lasts, unless the file asks for another one.
     */
    if (fota_config_get_log_level(context->config) != level)
        fota_log_set_level(fota_config_get_log_level(context->config));
    for (guint i = 0; i < manager->modules->len; i++) {
        fota_module_reload(manager->modules->pdata[i]);
    }
    fota_outbox_reload(context->outbox);
    decide_all(manager);
    g_message("configuration read again");
    say_what_to_set(manager);
    return TRUE;
}

void
fota_manager_stop(FotaManager *manager, GSourceFunc done, gpointer user_data)
{
    manager->stopped = done;
    manager->stopped_data = user_data;
    for (guint i = 0; i < manager->modules->len; i++)
        fota_module_stop(manager->modules->pdata[i]);
    fota_outbox_stop(manager->context.outbox);
    report_stopped(manager);
}
