/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-module-private.h"

#include <string.h>

#include "base/fota-wait.h"
#include "daemon/fota-credential.h"
#include "base/fota-clock.h"
#include "policy/fota-loop.h"

static void
on_report(const FotaJobReport *report, gpointer user_data)
{
    FotaModule *module = user_data;

    switch (report->kind) {
    case FOTA_REPORT_PROGRESS:
        if (module->rehearsal && module->job_kind == FOTA_JOB_UPDATE)
            fota_module_set_state(module, FOTA_STATE_DOWNLOADING);
        if (module->job_kind != FOTA_JOB_FETCH)
            fota_module_set_progress(module, report->percent);
        break;
    case FOTA_REPORT_BYTES:
        fota_module_set_bytes(module, report->bytes.received, report->bytes.total);
        break;
    case FOTA_REPORT_VERIFYING:
        fota_module_set_state(module, FOTA_STATE_VERIFYING);
        break;
    case FOTA_REPORT_SETTING:
        g_hash_table_insert(module->record->settings, g_strdup(report->setting.name),
                            g_strdup(report->setting.value));
        break;
    }
}

/*
 * A download may take hours: the window may have closed since, an application may hold an
 * inhibition, the battery may be low. What keeps an update from being started keeps it from being
 * installed.
 */
static gboolean
may_install(FotaModule *module)
{
    const FotaPlanGate *gate;

    fota_module_make_plan(module);
    if (module->plan == NULL || module->plan->kind != FOTA_PLAN_UPDATE)
        return FALSE;
    gate = &module->plan->gates[FOTA_APPROVAL_GATE_INSTALL];
    for (guint i = 0; module->plan->blockers->pdata[i] != NULL; i++) {
        if (strcmp(module->plan->blockers->pdata[i], "busy") != 0) /* that is ourselves */
            return FALSE;
    }
    return gate->wanted == FOTA_APPROVAL_AUTO || gate->approved;
}

/* The state that belongs to a mark which has just been written. */
static void
show_mark(FotaModule *module)
{
    if (module->record->mark == FOTA_MARK_DOWNLOADING)
        fota_module_set_state(module, FOTA_STATE_DOWNLOADING);
    if (module->record->mark == FOTA_MARK_INSTALLING && module->job_kind != FOTA_JOB_RESUME)
        fota_module_set_state(module, FOTA_STATE_INSTALLING);
}

static void
commit_saved(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(FotaModule) module = user_data;
    g_autoptr(GError) error = NULL;
    gboolean stop;

    if (!fota_store_save_finish(module->context->store, result, &error))
        module->record->mark = module->written_mark;
    module->written_mark = module->record->mark;
    if (error == NULL)
        show_mark(module);
    stop = module->record->mark == FOTA_MARK_DOWNLOADED && !may_install(module);
    fota_job_commit_done(module->job, stop ? FOTA_COMMIT_STOP : FOTA_COMMIT_GO, error);
}

static void
on_commit(FotaMark mark, gpointer user_data)
{
    FotaModule *module = user_data;

    if (mark == FOTA_MARK_INSTALLING && module->job_kind != FOTA_JOB_RESUME &&
        !may_install(module)) {
        fota_job_commit_done(module->job, FOTA_COMMIT_STOP, NULL);
        return;
    }
    module->record->mark = mark;
    if (mark == FOTA_MARK_INSTALLING)
        module->record->unsettled = 1;
    fota_store_save_async(module->context->store, module->record, NULL, commit_saved,
                          g_object_ref(module));
}

static const FotaJobListener listener = {on_report, on_commit, fota_module_end_job};

static guint
default_port(const char *scheme)
{
    return g_strcmp0(scheme, "https") == 0 ? 443 : g_strcmp0(scheme, "http") == 0 ? 80 : 21;
}

static void
begin_record(FotaModule *module)
{
    FotaRecord *record = module->record;
    const FotaStep *step = &module->plan->steps[0];
    g_autofree char *delta = fota_manifest_name_delta(step);

    if (strcmp(record->update_id, module->manifest->update.id) != 0 ||
        g_strcmp0(record->from, step->from_version) != 0)
        record->starts = 0;
    fota_record_set(&record->update_id, module->manifest->update.id);
    fota_record_set(&record->delta, delta);
    fota_record_set(&record->from, step->from_version);
    fota_record_set(&record->to, step->to_version);
    if (record->chain_from[0] == '\0')
        fota_record_set(&record->chain_from, module->plan->from);
    record->started = (guint64)fota_clock_now();
}

static char *
credential_path(FotaModule *module, const char *name)
{
    if (name == NULL)
        return NULL;
    return fota_credential_get_path(fota_config_get_file(module->context->config), name);
}

/* Fills @order with the parts of @address. */
static void
order_address(FotaJobOrder *order, const char *address)
{
    g_autoptr(GUri) uri = g_uri_parse(address, G_URI_FLAGS_NONE, NULL);
    const char *path;

    if (uri == NULL)
        return;
    path = g_uri_get_path(uri);
    order->update.scheme = g_strdup(g_uri_get_scheme(uri));
    order->update.host = g_strdup(g_uri_get_host(uri));
    order->update.port =
        g_uri_get_port(uri) > 0 ? (guint)g_uri_get_port(uri) : default_port(order->update.scheme);
    order->update.path = g_strdup(path[0] == '/' ? path + 1 : path);
}

/* The delta of the step that is to be done. */
static void
order_delta(FotaModule *module, FotaJobOrder *order)
{
    const FotaStep *step = &module->plan->steps[0];

    order->update.size = step->delta.size;
    order->delta_credential = credential_path(module, step->delta.credential);
    if (step->delta.uri != NULL)
        order_address(order, step->delta.uri);
}

static void
order_manifest(FotaModule *module, FotaJobOrder *order)
{
    g_autofree char *address = fota_module_get_file_uri(module);

    order->delta_credential = credential_path(module, fota_module_get_server(module).credential);
    order->with_signature = fota_module_wants_signature(module);
    order_address(order, address);
}

/* Counts a start of this update. FALSE: it was one too many, and the update is over. */
static gboolean
count_start(FotaModule *module, FotaJobKind kind)
{
    FotaRecord *record = module->record;
    g_autoptr(GError) error = NULL;
    static const char *const none[] = {NULL};
    FotaJobEnd end = {.result = FOTA_RESULT_FAILED_FOR_GOOD, .version = "", .differing = none};
    gboolean counts = kind == FOTA_JOB_UPDATE || kind == FOTA_JOB_INSTALL ||
                      kind == FOTA_JOB_RESUME || kind == FOTA_JOB_DISCARD;

    if (!counts || module->rehearsal)
        return TRUE;
    if (fota_loop_check_starts(record->starts, &error)) {
        record->starts++;
        return TRUE;
    }
    end.error = error;
    fota_module_fail_update(module, &end);
    fota_record_forget_update(record);
    fota_module_save(module, NULL);
    fota_module_settle(module);
    return FALSE;
}

static FotaJobOrder *
make_order(FotaModule *module, FotaJobKind kind)
{
    FotaRecord *record = module->record;
    FotaJobOrder *order = fota_job_order_new(kind);
    GHashTableIter iter;
    gpointer name, value;

    order->mm = module->context->mm;
    order->vendor = module->vendor;
    order->configuration = fota_config_ref(module->context->config);
    order->config = fota_module_get_config(module);
    order->imei = g_strdup(record->imei);
    order->model = g_strdup(record->model);
    order->device = g_strdup(module->facts->device);
    order->modem = g_strdup(module->facts->path);
    order->unsettled = record->unsettled != 0;
    order->network_credential = credential_path(module, order->config->network_credential);
    g_hash_table_iter_init(&iter, record->settings);
    while (g_hash_table_iter_next(&iter, &name, &value))
        g_hash_table_insert(order->settings, g_strdup(name), g_strdup(value));
    if (kind == FOTA_JOB_UPDATE || kind == FOTA_JOB_INSTALL)
        order_delta(module, order);
    if (kind == FOTA_JOB_FETCH)
        order_manifest(module, order);
    order->update.from = g_strdup(record->from);
    order->update.to = record->to[0] != '\0' ? g_strdup(record->to) : NULL;
    order->update.rehearsal = module->rehearsal;
    return order;
}

void
fota_module_start_job(FotaModule *module, FotaJobKind kind)
{
    FotaRecord *record = module->record;
    FotaJobOrder *order;

    /* Also where of a damaged record only the generation before is left. */
    if (kind == FOTA_JOB_RESUME)
        record->unsettled = 1;
    if (kind == FOTA_JOB_UPDATE)
        begin_record(module);
    if (!count_start(module, kind))
        return;
    if (kind == FOTA_JOB_UPDATE)
        fota_module_charge_delta(module);
    if (kind == FOTA_JOB_UPDATE)
        fota_module_log(module, 5, FOTA_EVENT_UPDATE_STARTED, "%s from %s to %s",
                        module->rehearsal ? "rehearsing the update" : "updating", record->from,
                        record->to);
    order = make_order(module, kind);
    fota_module_set_progress(module, 0);
    fota_module_set_bytes(module, 0, order->update.size);
    module->job_kind = kind;
    module->written_mark = record->mark;
    module->job_began = fota_boot_time();
    module->context->jobs++;
    module->job = fota_job_start(order, &listener, g_object_ref(module));
}
