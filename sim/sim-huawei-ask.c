/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-huawei.h"

#include <string.h>

#define LIST "filelist.xml"
#define BEGIN_SECONDS 1 /* from ^FOTADET's OK to the question */
#define ASK_SECONDS 3   /* spread over the list and the change log */

static void document_fetch(SimModule *module, const char *name, SimHttpFunc func);

/* The server keeps an update for each model and base. */
static char *
make_address(SimModule *module, const char *name)
{
    SimHuawei *huawei = module->state;
    const char *server = huawei->server != NULL ? huawei->server : "";

    return g_strconcat(server, module->personality->model, "/", module->version, "/full/", name,
                       NULL);
}

static void
query_fail(SimModule *module, int code)
{
    SimHuawei *huawei = module->state;

    g_clear_pointer(&huawei->http, sim_http_free);
    sim_huawei_end(module, SIM_FOTA_ASK_FAILED, code);
}

static int
code_from_status(SimHttpStatus status)
{
    switch (status) {
    case SIM_HTTP_RESOLVE:
        return SIM_FOTA_NO_DNS;
    case SIM_HTTP_MISSING:
        return SIM_FOTA_NO_LIST;
    case SIM_HTTP_SERVER:
        return SIM_FOTA_HTTP;
    default:
        return SIM_FOTA_NO_SERVER;
    }
}

/* The document that has arrived. NULL: it has not arrived, and the query is over. */
static GBytes *
take_document(SimModule *module, SimHttpStatus status)
{
    SimHuawei *huawei = module->state;
    GBytes *bytes;

    if (status != SIM_HTTP_OK) {
        query_fail(module, code_from_status(status));
        return NULL;
    }
    bytes = sim_http_take(huawei->http);
    g_clear_pointer(&huawei->http, sim_http_free);
    return bytes;
}

static void
on_changelog(SimHttp *http, SimHttpStatus status, gpointer user_data)
{
    SimModule *module = user_data;
    SimHuawei *huawei = module->state;
    g_autoptr(GBytes) bytes = take_document(module, status);

    if (bytes == NULL)
        return;
    if (!sim_huawei_read_changelog(&huawei->offer, g_bytes_get_data(bytes, NULL),
                                   g_bytes_get_size(bytes))) {
        query_fail(module, SIM_FOTA_NO_LIST);
        return;
    }
    if (g_str_equal(huawei->offer.version, module->version)) {
        sim_huawei_end(module, SIM_FOTA_NOTHING, -1);
        return;
    }
    sim_huawei_enter(module, SIM_FOTA_OFFER, -1);
    if (huawei->mode[1] == 1)
        sim_huawei_load(module);
}

static void
on_list(SimHttp *http, SimHttpStatus status, gpointer user_data)
{
    SimModule *module = user_data;
    SimHuawei *huawei = module->state;
    g_autoptr(GBytes) bytes = take_document(module, status);

    if (bytes == NULL)
        return;
    if (!sim_huawei_read_list(&huawei->offer, g_bytes_get_data(bytes, NULL),
                              g_bytes_get_size(bytes)))
        query_fail(module, SIM_FOTA_NO_LIST);
    else if (huawei->offer.n_files == 0)
        sim_huawei_end(module, SIM_FOTA_NOTHING, -1);
    else if (huawei->offer.changelog == NULL)
        query_fail(module, SIM_FOTA_NO_LIST);
    else
        document_fetch(module, huawei->offer.changelog, on_changelog);
}

static void
document_fetch(SimModule *module, const char *name, SimHttpFunc func)
{
    SimHuawei *huawei = module->state;
    g_autofree char *address = make_address(module, name);
    const SimHttpGet get = {.break_at = G_MAXUINT64};

    sim_log_event(module->log, "GET %s", address);
    huawei->http = sim_http_get(address, &get, func, module);
}

/* The faults of the query; TRUE when it has ended. */
static gboolean
take_fault(SimModule *module)
{
    double code = 0;

    if (sim_faults_take(module->faults, "ask-silent", NULL, NULL))
        sim_huawei_end(module, SIM_FOTA_IDLE, -1);
    else if (sim_faults_take(module->faults, "ask-nothing", NULL, NULL))
        sim_huawei_end(module, SIM_FOTA_NOTHING, -1);
    else if (sim_faults_take_number(module->faults, "ask-fails", NULL, &code))
        sim_huawei_end(module, SIM_FOTA_ASK_FAILED, (int)code);
    else
        return FALSE;
    return TRUE;
}

static gboolean
on_asking(gpointer user_data)
{
    SimModule *module = user_data;
    SimHuawei *huawei = module->state;

    huawei->step = 0;
    if (take_fault(module))
        return G_SOURCE_REMOVE;
    if (!sim_module_is_registered(module))
        query_fail(module, SIM_FOTA_NO_NETWORK);
    else if (huawei->apn == NULL || huawei->server == NULL)
        query_fail(module, SIM_FOTA_NO_SERVER);
    else
        document_fetch(module, LIST, on_list);
    return G_SOURCE_REMOVE;
}

static gboolean
on_begin(gpointer user_data)
{
    SimModule *module = user_data;

    sim_huawei_enter(module, SIM_FOTA_ASKING, -1);
    sim_huawei_after(module, ASK_SECONDS, on_asking);
    return G_SOURCE_REMOVE;
}

void
sim_huawei_ask(SimModule *module)
{
    sim_huawei_after(module, BEGIN_SECONDS, on_begin);
}
