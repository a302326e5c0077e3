/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-module-private.h"

#include <string.h>

#include "daemon/fota-error.h"

enum {
    PROP_0,
    PROP_IMEI,
    PROP_MANUFACTURER,
    PROP_MODEL,
    PROP_REVISION,
    PROP_PLUGIN,
    PROP_MODEM,
    PROP_STATE,
    PROP_PROGRESS,
    PROP_BYTES_RECEIVED,
    PROP_BYTES_TOTAL,
    PROP_BLOCKERS,
    PROP_LAST_ERROR,
    PROP_LAST_CHECK,
    PROP_NEXT_CHECK,
    PROP_UPDATE,
    N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE(FotaModule, fota_module, G_TYPE_OBJECT)

static void
fota_module_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    FotaModule *module = FOTA_MODULE(object);
    const char *(*const texts[])(FotaModule *) = {
        [PROP_IMEI] = fota_module_get_imei,
        [PROP_MANUFACTURER] = fota_module_get_manufacturer,
        [PROP_MODEL] = fota_module_get_model,
        [PROP_REVISION] = fota_module_get_revision,
        [PROP_PLUGIN] = fota_module_get_plugin,
        [PROP_MODEM] = fota_module_get_modem,
        [PROP_LAST_ERROR] = fota_module_get_last_error_name,
    };

    if (id < G_N_ELEMENTS(texts) && texts[id] != NULL)
        g_value_set_string(value, texts[id](module));
    else if (id == PROP_STATE)
        g_value_set_string(value, fota_state_to_string(module->state));
    else if (id == PROP_PROGRESS)
        g_value_set_uint(value, module->progress);
    else if (id == PROP_BYTES_RECEIVED)
        g_value_set_uint64(value, module->bytes_received);
    else if (id == PROP_BYTES_TOTAL)
        g_value_set_uint64(value, module->bytes_total);
    else if (id == PROP_BLOCKERS)
        g_value_set_boxed(value, module->blockers);
    else if (id == PROP_LAST_CHECK)
        g_value_set_uint64(value, module->last_check);
    else if (id == PROP_NEXT_CHECK)
        g_value_set_uint64(value, module->next_check);
    else if (id == PROP_UPDATE)
        g_value_set_variant(value, module->update);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void
fota_module_finalize(GObject *object)
{
    FotaModule *module = FOTA_MODULE(object);

    g_clear_handle_id(&module->timer, g_source_remove);
    g_clear_handle_id(&module->grace_timer, g_source_remove);
    g_clear_pointer(&module->record, fota_record_free);
    g_clear_pointer(&module->facts, fota_modem_facts_free);
    g_clear_pointer(&module->zone, g_time_zone_unref);
    g_clear_pointer(&module->blockers, g_strfreev);
    g_clear_pointer(&module->update, g_variant_unref);
    g_clear_pointer(&module->csv, g_bytes_unref);
    g_clear_pointer(&module->manifest, fota_manifest_unref);
    g_clear_pointer(&module->plan, fota_plan_free);
    fota_module_set_offer(module, NULL);
    g_free(module->error_name);
    g_free(module->error_text);
    g_free(module->announced);
    g_free(module->rehearsal_approved);
    g_free(module->pin_announced);
    g_clear_error(&module->save_error);
    g_ptr_array_unref(module->waiting);
    g_clear_handle_id(&module->route_watch, g_source_remove);
    G_OBJECT_CLASS(fota_module_parent_class)->finalize(object);
}

static void
install_text(guint id, const char *name)
{
    props[id] =
        g_param_spec_string(name, NULL, NULL, "", G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}

static void
install_number(guint id, const char *name)
{
    props[id] = g_param_spec_uint64(name, NULL, NULL, 0, G_MAXUINT64, 0,
                                    G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}

static void
fota_module_class_init(FotaModuleClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);

    object_class->get_property = fota_module_get_property;
    object_class->finalize = fota_module_finalize;

    install_text(PROP_IMEI, "imei");
    install_text(PROP_MANUFACTURER, "manufacturer");
    install_text(PROP_MODEL, "model");
    install_text(PROP_REVISION, "revision");
    install_text(PROP_PLUGIN, "plugin");
    install_text(PROP_MODEM, "modem");
    install_text(PROP_STATE, "state");
    install_text(PROP_LAST_ERROR, "last-error");
    install_number(PROP_BYTES_RECEIVED, "bytes-received");
    install_number(PROP_BYTES_TOTAL, "bytes-total");
    install_number(PROP_LAST_CHECK, "last-check");
    install_number(PROP_NEXT_CHECK, "next-check");
    props[PROP_PROGRESS] = g_param_spec_uint("progress", NULL, NULL, 0, 100, 0,
                                             G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
    props[PROP_BLOCKERS] = g_param_spec_boxed("blockers", NULL, NULL, G_TYPE_STRV,
                                              G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
    props[PROP_UPDATE] = g_param_spec_variant("update", NULL, NULL, G_VARIANT_TYPE_VARDICT, NULL,
                                              G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object_class, N_PROPS, props);

    g_signal_new("approval-requested", FOTA_TYPE_MODULE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                 G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_VARIANT);
    g_signal_new("pin-required", FOTA_TYPE_MODULE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                 G_TYPE_NONE, 1, G_TYPE_INT);
    g_signal_new("job-ended", FOTA_TYPE_MODULE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                 0);
    g_signal_new("update-finished", FOTA_TYPE_MODULE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                 G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_VARIANT);
}

static void
fota_module_init(FotaModule *module)
{
    GVariantDict empty;

    g_variant_dict_init(&empty, NULL);
    module->update = g_variant_ref_sink(g_variant_dict_end(&empty));
    module->waiting = g_ptr_array_new();
    module->blockers = g_new0(char *, 1);
    module->error_name = g_strdup("");
    module->error_text = g_strdup("");
    module->zone = g_time_zone_new_local();
    module->state = FOTA_STATE_ABSENT;
}

FotaModule *
fota_module_new(FotaContext *context, FotaRecord *record)
{
    FotaModule *module = g_object_new(FOTA_TYPE_MODULE, NULL);

    module->context = context;
    module->record = record;
    module->vendor = fota_plugin_set_find(context->plugins, record->manufacturer, record->model);
    module->last_check = (guint64)fota_store_load_check_time(context->store, record->imei);
    fota_module_restore_manifest(module);
    if (record->mark != FOTA_MARK_NONE && record->to[0] != '\0')
        fota_module_set_offer(module, &(FotaVendorOffer){.version = record->to});
    return module;
}

const FotaModuleConfig *
fota_module_get_config(FotaModule *module)
{
    return fota_config_for_module(module->context->config, module->record->imei);
}

void
fota_module_log(FotaModule *module, int level, FotaEvent event, const char *format, ...)
{
    FotaLogContext context = {
        .imei = module->record->imei,
        .update_id = module->record->update_id,
        .from = module->record->from,
        .to = module->record->to,
        .state = fota_state_to_string(module->state),
    };
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    fota_log(level, event, &context, "%s", text);
}

void
fota_module_set_state(FotaModule *module, FotaState state)
{
    if (module->state == state)
        return;
    module->state = state;
    fota_module_log(module, 7, FOTA_EVENT_NONE, "%s", fota_state_to_string(state));
    g_object_notify_by_pspec(G_OBJECT(module), props[PROP_STATE]);
}

void
fota_module_set_progress(FotaModule *module, guint percent)
{
    if (module->progress == percent)
        return;
    module->progress = percent;
    g_object_notify_by_pspec(G_OBJECT(module), props[PROP_PROGRESS]);
}

void
fota_module_set_bytes(FotaModule *module, guint64 received, guint64 total)
{
    module->bytes_received = received;
    module->bytes_total = total;
    g_object_notify_by_pspec(G_OBJECT(module), props[PROP_BYTES_RECEIVED]);
    g_object_notify_by_pspec(G_OBJECT(module), props[PROP_BYTES_TOTAL]);
}

void
fota_module_set_blockers(FotaModule *module, const char *const *blockers)
{
    if (g_strv_equal((const char *const *)module->blockers, blockers))
        return;
    g_strfreev(module->blockers);
    module->blockers = g_strdupv((char **)blockers);
    g_object_notify_by_pspec(G_OBJECT(module), props[PROP_BLOCKERS]);
}

static void
set_error(FotaModule *module, const char *name, const char *text)
{
    if (strcmp(module->error_name, name) == 0 && strcmp(module->error_text, text) == 0)
        return;
    fota_record_set(&module->error_name, name);
    fota_record_set(&module->error_text, text);
    g_object_notify_by_pspec(G_OBJECT(module), props[PROP_LAST_ERROR]);
}

void
fota_module_set_error(FotaModule *module, const GError *error)
{
    if (error != NULL)
        set_error(module, fota_error_get_name(error), error->message);
    else
        set_error(module, "", "");
}

void
fota_module_recall_error(FotaModule *module)
{
    const GPtrArray *history = module->record->history;
    const FotaHistoryEntry *newest = history->len > 0 ? history->pdata[0] : NULL;

    if (module->error_name[0] == '\0' && newest != NULL && strcmp(newest->result, "failed") == 0)
        set_error(module, newest->error, newest->text);
}

void
fota_module_set_update(FotaModule *module, GVariant *update)
{
    g_autoptr(GVariant) taken = g_variant_ref_sink(update);

    if (g_variant_equal(module->update, taken))
        return;
    g_variant_unref(module->update);
    module->update = g_steal_pointer(&taken);
    g_object_notify_by_pspec(G_OBJECT(module), props[PROP_UPDATE]);
}

void
fota_module_set_revision(FotaModule *module, const char *revision)
{
    if (strcmp(module->record->revision, revision) == 0)
        return;
    fota_record_set(&module->record->revision, revision);
    fota_module_set_offer(module, NULL);
    g_object_notify_by_pspec(G_OBJECT(module), props[PROP_REVISION]);
}

void
fota_module_set_next_check(FotaModule *module, guint64 next_check)
{
    if (module->next_check == next_check)
        return;
    module->next_check = next_check;
    g_object_notify_by_pspec(G_OBJECT(module), props[PROP_NEXT_CHECK]);
}

void
fota_module_set_offer(FotaModule *module, const FotaVendorOffer *offer)
{
    if (module->offer != NULL) {
        g_free(module->offer->version);
        g_free(module->offer->text);
        g_clear_pointer(&module->offer, g_free);
    }
    if (offer != NULL) {
        module->offer = g_new0(FotaVendorOffer, 1);
        module->offer->version = g_strdup(offer->version != NULL ? offer->version : "");
        module->offer->text = g_strdup(offer->text);
        module->offer->size = offer->size;
    }
}

void
fota_module_set_last_check(FotaModule *module, guint64 last_check)
{
    module->last_check = last_check;
    g_object_notify_by_pspec(G_OBJECT(module), props[PROP_LAST_CHECK]);
}

gboolean
fota_module_stop(FotaModule *module)
{
    module->stopping = TRUE;
    g_clear_handle_id(&module->timer, g_source_remove);
    g_clear_handle_id(&module->route_watch, g_source_remove);
    if (module->check != NULL)
        g_cancellable_cancel(module->check);
    if (module->job != NULL)
        fota_job_cancel(module->job, TRUE);
    return module->job == NULL && module->check == NULL;
}

const char *
fota_module_get_imei(FotaModule *module)
{
    return module->record->imei;
}

const char *
fota_module_get_manufacturer(FotaModule *module)
{
    return module->record->manufacturer;
}

const char *
fota_module_get_model(FotaModule *module)
{
    return module->record->model;
}

const char *
fota_module_get_revision(FotaModule *module)
{
    return module->record->revision;
}

const char *
fota_module_get_plugin(FotaModule *module)
{
    return module->vendor != NULL ? module->vendor->table->name : "";
}

const char *
fota_module_get_modem(FotaModule *module)
{
    return module->here ? module->facts->path : "/";
}

FotaState
fota_module_get_state(FotaModule *module)
{
    return module->state;
}

guint
fota_module_get_progress(FotaModule *module)
{
    return module->progress;
}

guint64
fota_module_get_bytes_received(FotaModule *module)
{
    return module->bytes_received;
}

guint64
fota_module_get_bytes_total(FotaModule *module)
{
    return module->bytes_total;
}

const char *const *
fota_module_get_blockers(FotaModule *module)
{
    return (const char *const *)module->blockers;
}

const char *
fota_module_get_last_error_name(FotaModule *module)
{
    return module->error_name;
}

const char *
fota_module_get_last_error_text(FotaModule *module)
{
    return module->error_text;
}

guint64
fota_module_get_last_check(FotaModule *module)
{
    return module->last_check;
}

guint64
fota_module_get_next_check(FotaModule *module)
{
    return module->next_check;
}

GVariant *
fota_module_get_update(FotaModule *module)
{
    return module->update;
}
