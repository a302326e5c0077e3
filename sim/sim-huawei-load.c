/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-huawei.h"
#include "sim-step.h"

#include <string.h>

#define LOAD_SECONDS 20  /* for all files */
#define CHECK_SECONDS 1  /* the MD5 sums */
#define DEFAULT_BREAK 50 /* percent */

static void load_next(SimModule *module);

void
sim_huawei_keep(SimModule *module)
{
    SimHuawei *huawei = module->state;
    g_autoptr(GBytes) bytes = NULL;
    const guint8 *data;
    gsize length;

    if (huawei->http == NULL || huawei->state != SIM_FOTA_LOADING)
        return;
    bytes = sim_http_take(huawei->http);
    data = g_bytes_get_data(bytes, &length);
    if (length > 0)
        g_byte_array_append(huawei->offer.files[huawei->current].data, data, (guint)length);
}

void
sim_huawei_stop_transfer(SimModule *module)
{
    SimHuawei *huawei = module->state;

    g_clear_handle_id(&huawei->step, g_source_remove);
    sim_step_unwatch(module);
    sim_huawei_keep(module);
    g_clear_pointer(&huawei->http, sim_http_free);
}

void
sim_huawei_suspend(SimModule *module)
{
    SimHuawei *huawei = module->state;

    sim_huawei_stop_transfer(module);
    if (huawei->mode[3] == 1)
        sim_huawei_enter(module, SIM_FOTA_SUSPENDED, -1);
    else
        sim_huawei_end(module, SIM_FOTA_LOAD_FAILED, SIM_FOTA_NO_SERVER);
}

static gboolean
is_good(const SimHuaweiFile *file)
{
    g_autofree char *md5 =
        g_compute_checksum_for_data(G_CHECKSUM_MD5, file->data->data, file->data->len);

    return file->data->len == file->size && g_strcmp0(file->md5, md5) == 0;
}

static gboolean
on_check(gpointer user_data)
{
    SimModule *module = user_data;
    SimHuawei *huawei = module->state;
    gboolean good = TRUE;

    huawei->step = 0;
    for (guint i = 0; i < huawei->offer.n_files; i++)
        good = good && is_good(&huawei->offer.files[i]);
    if (!good) {
        sim_huawei_end(module, SIM_FOTA_LOAD_FAILED, SIM_FOTA_MD5);
        return G_SOURCE_REMOVE;
    }
    sim_huawei_enter(module, SIM_FOTA_LOADED, -1);
    if (huawei->mode[2] == 1)
        sim_huawei_install(module);
    return G_SOURCE_REMOVE;
}

/* The transfer of the current file has ended badly, by itself or by a fault. */
static void
on_broken(SimModule *module, SimHttpStatus status)
{
    SimHuawei *huawei = module->state;
    SimHuaweiBreak kind = status == SIM_HTTP_LOST ? huawei->break_kind : SIM_BREAK_NONE;

    huawei->break_kind = SIM_BREAK_NONE;
    if (kind == SIM_BREAK_RESET) {
        sim_module_restart(module);
        return;
    }
    sim_huawei_stop_transfer(module);
    if (kind == SIM_BREAK_FAIL)
        sim_huawei_end(module, SIM_FOTA_LOAD_FAILED, huawei->break_code);
    else if (status == SIM_HTTP_MISSING || status == SIM_HTTP_SERVER)
        sim_huawei_end(module, SIM_FOTA_LOAD_FAILED, SIM_FOTA_HTTP);
    else
        sim_huawei_suspend(module);
}

static void
on_file(SimHttp *http, SimHttpStatus status, gpointer user_data)
{
    SimModule *module = user_data;
    SimHuawei *huawei = module->state;

    sim_huawei_keep(module);
    if (status != SIM_HTTP_OK) {
        on_broken(module, status);
        return;
    }
    g_clear_pointer(&huawei->http, sim_http_free);
    huawei->current++;
    load_next(module);
}

/* Where in the current file the armed fault strikes; `before` are the bytes of those before it. */
static guint64
break_in_file(SimModule *module, guint64 before)
{
    SimHuawei *huawei = module->state;
    guint64 at = sim_huawei_offer_size(&huawei->offer) * huawei->break_percent / 100;

    return huawei->break_kind == SIM_BREAK_NONE || at < before ? G_MAXUINT64 : at - before;
}

static void
load_next(SimModule *module)
{
    SimHuawei *huawei = module->state;
    SimHuaweiOffer *offer = &huawei->offer;
    g_autofree char *address = NULL;
    guint64 before = 0;
    SimHttpGet get;

    for (huawei->current = 0; huawei->current < offer->n_files; huawei->current++) {
        const SimHuaweiFile *file = &offer->files[huawei->current];

        if (file->data->len < file->size)
            break;
        before += file->size;
    }
    if (huawei->current == offer->n_files) {
        sim_step_unwatch(module);
        sim_huawei_after(module, CHECK_SECONDS, on_check);
        return;
    }
    get.offset = offer->files[huawei->current].data->len;
    get.size = offer->files[huawei->current].size;
    get.seconds = sim_ms(module->sim, LOAD_SECONDS) / 1000.0 * (double)get.size /
                  (double)sim_huawei_offer_size(offer);
    get.break_at = break_in_file(module, before);
    address = g_strdup_printf("%s%s/%s/full/%s", huawei->server, module->personality->model,
                              module->version, offer->files[huawei->current].name);
    sim_log_event(module->log, "GET %s from %" G_GUINT64_FORMAT, address, get.offset);
    huawei->http = sim_http_get(address, &get, on_file, module);
}

static gboolean
on_begin(gpointer user_data)
{
    SimModule *module = user_data;
    SimHuawei *huawei = module->state;

    huawei->step = 0;
    if (!sim_module_is_registered(module))
        sim_huawei_suspend(module);
    else
        load_next(module);
    return G_SOURCE_REMOVE;
}

static void
take_faults(SimModule *module)
{
    SimHuawei *huawei = module->state;
    double percent = DEFAULT_BREAK, code = 0;

    if (sim_faults_take_number(module->faults, "load-cut", NULL, &percent)) {
        huawei->break_kind = SIM_BREAK_CUT;
    } else if (sim_faults_take_number(module->faults, "load-reset", NULL, &percent)) {
        huawei->break_kind = SIM_BREAK_RESET;
    } else if (sim_faults_take_number(module->faults, "load-fails", NULL, &code)) {
        huawei->break_kind = SIM_BREAK_FAIL;
        huawei->break_code = (int)code;
    }
    huawei->break_percent = (guint)percent;
}

static double
loaded_share(SimModule *module)
{
    SimHuawei *huawei = module->state;

    sim_huawei_keep(module);
    return (double)sim_huawei_offer_received(&huawei->offer) /
           (double)MAX(sim_huawei_offer_size(&huawei->offer), 1);
}

void
sim_huawei_load(SimModule *module)
{
    take_faults(module);
    sim_huawei_enter(module, SIM_FOTA_LOADING, -1);
    sim_step_watch(module, loaded_share);
    sim_huawei_after(module, 0, on_begin);
}
