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
        if (module->runs != FOTA_ACTION_CHECK)
            fota_module_set_progress(module, report->percent);
        break;
    case FOTA_REPORT_BYTES:
        fota_module_set_bytes(module, report->bytes.received, report->bytes.total);
        break;
    case FOTA_REPORT_VERIFYING:
        module->verifying = TRUE;
        fota_module_settle(module);
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
may_commit(FotaModule *module, FotaMark mark)
{
    g_autoptr(FotaPlan) plan = fota_module_draft_plan(module);
    const FotaSituation situation = fota_module_look(module, plan);

    return fota_next_may_commit(&situation, mark);
}

static void
commit_saved(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(FotaModule) module = user_data;
    g_autoptr(GError) error = NULL;
    FotaCommit answer = FOTA_COMMIT_GO;

    if (!fota_store_save_finish(module->context->store, result, &error))
        module->record->mark = module->written_mark;
    module->written_mark = module->record->mark;
    if (error == NULL && module->record->mark == FOTA_MARK_DOWNLOADED &&
        !may_commit(module, FOTA_MARK_DOWNLOADED))
        answer = FOTA_COMMIT_STOP;
    fota_module_settle(module);
    fota_job_commit_done(module->job, answer, error);
}

static void
on_commit(FotaMark mark, gpointer user_data)
{
    FotaModule *module = user_data;

    if (mark == FOTA_MARK_INSTALLING && !may_commit(module, mark)) {
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
    fota_record_set(&record->cancelled, NULL);
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

/* Counts a start of this update. FALSE: it was one too many, and is not made. */
static gboolean
count_start(FotaModule *module, FotaAction action)
{
    FotaRecord *record = module->record;
    GError *error = NULL;

    if (action != FOTA_ACTION_DOWNLOAD && action != FOTA_ACTION_INSTALL &&
        action != FOTA_ACTION_RESUME && action != FOTA_ACTION_DISCARD)
        return TRUE;
    if (fota_loop_check_starts(record->starts, &error)) {
        record->starts++;
        return TRUE;
    }
    fota_module_end_loop(module, action, error);
    return FALSE;
}

static FotaJobKind
job_kind(FotaAction action)
{
    static const FotaJobKind kinds[] = {
        [FOTA_ACTION_CHECK] = FOTA_JOB_FETCH,     [FOTA_ACTION_ASK] = FOTA_JOB_ASK,
        [FOTA_ACTION_INSPECT] = FOTA_JOB_INSPECT, [FOTA_ACTION_REHEARSE] = FOTA_JOB_UPDATE,
        [FOTA_ACTION_DOWNLOAD] = FOTA_JOB_UPDATE, [FOTA_ACTION_INSTALL] = FOTA_JOB_INSTALL,
        [FOTA_ACTION_RESUME] = FOTA_JOB_RESUME,   [FOTA_ACTION_DISCARD] = FOTA_JOB_DISCARD,
    };

    return kinds[action];
}

static FotaJobOrder *
make_order(FotaModule *module, FotaAction action)
{
    FotaRecord *record = module->record;
    FotaJobOrder *order = fota_job_order_new(job_kind(action));
    GHashTableIter iter;
    gpointer name, value;

    order->mm = module->context->mm;
    order->vendor = module->vendor;
    order->configuration = fota_config_ref(module->context->config);
    order->config = fota_module_get_config(module);
    order->imei = g_strdup(record->imei);
    order->model = g_strdup(record->model);
    order->uid = g_strdup(module->facts->uid);
    order->device = g_strdup(module->facts->device);
    order->modem = g_strdup(module->facts->path);
    order->unsettled = record->unsettled != 0;
    order->network_credential = credential_path(module, order->config->network_credential);
    g_hash_table_iter_init(&iter, record->settings);
    while (g_hash_table_iter_next(&iter, &name, &value))
        g_hash_table_insert(order->settings, g_strdup(name), g_strdup(value));
    if (action == FOTA_ACTION_CHECK)
        order_manifest(module, order);
    if (action == FOTA_ACTION_DOWNLOAD || action == FOTA_ACTION_INSTALL ||
        action == FOTA_ACTION_REHEARSE)
        order_delta(module, order);
    order->update.rehearsal = action == FOTA_ACTION_REHEARSE;
    if (action == FOTA_ACTION_REHEARSE) {
        order->update.from = g_strdup(module->plan->steps[0].from_version);
        order->update.to = g_strdup(module->plan->steps[0].to_version);
    } else {
        order->update.from = g_strdup(record->from);
        order->update.to = record->to[0] != '\0' ? g_strdup(record->to) : NULL;
    }
    return order;
}

static void
begin_update(FotaModule *module)
{
    fota_module_drop_rehearsal(module, "the update itself begins");
    begin_record(module);
    module->discards = 0;
}

void
fota_module_start_job(FotaModule *module, FotaAction action)
{
    FotaRecord *record = module->record;
    FotaJobOrder *order;

    /* Also where of a damaged record only the generation before is left. */
    if (action == FOTA_ACTION_RESUME)
        record->unsettled = 1;
    if (action == FOTA_ACTION_DOWNLOAD)
        begin_update(module);
    if (!count_start(module, action))
        return;
    if (action == FOTA_ACTION_DOWNLOAD || action == FOTA_ACTION_REHEARSE)
        fota_module_charge_delta(module);
    order = make_order(module, action);
    if (action == FOTA_ACTION_DOWNLOAD || action == FOTA_ACTION_REHEARSE)
        fota_module_log(module, 5, FOTA_EVENT_UPDATE_STARTED, "%s from %s to %s",
                        action == FOTA_ACTION_REHEARSE ? "rehearsing the update" : "updating",
                        order->update.from, order->update.to);
    fota_module_set_progress(module, 0);
    fota_module_set_bytes(module, 0, order->update.size);
    module->runs = action;
    module->verifying = action == FOTA_ACTION_RESUME;
    module->written_mark = record->mark;
    module->job_began = fota_boot_time();
    module->job_started = (guint64)fota_clock_now();
    module->context->jobs++;
    module->job = fota_job_start(order, &listener, g_object_ref(module));
    fota_module_settle(module);
}
