/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-step.h"
#include "sim-telit-ask.h"

/* An ME310G1 checked its delta for 37 s. */
#define CHECK_SECONDS 37
/* As in sim-telit-ftp.c and sim-telit-get.c. */
#define SILENCE_SECONDS 10
#define MIN_SILENCE_MS 5000
#define LOAD_SECONDS 4.6

/* What on= of a fault is compared with while the module downloads by itself. */
#define OWN_DOWNLOAD "#OTAEV"

/* The operations of a download, in this order. */
enum {
    LOAD_LOGIN,
    LOAD_TYPE,
    LOAD_SIZE,
    LOAD_FILE
};

/* Of LwM2M as an LE910Cx says it; no word of the OMA-DM client is public. */
static void
ask_tell_failed(SimModule *module, const char *text)
{
    SimTelitAsk *ask = ((SimTelit *)module->state)->ask;

    sim_telit_event(module, ask->kind->rings ? text : "OTA FW Upgrade Failed");
}

void
sim_telit_ask_fail(SimModule *module)
{
    SimTelit *telit = module->state;

    sim_step_unwatch(module);
    sim_telit_ftp_drop(module);
    sim_telit_ota_clear(&telit->ota);
    sim_telit_ask_end(module, "failed");
    ask_tell_failed(module, "\"DOWNLOAD FAILED\"");
}

void
sim_telit_ask_install(SimModule *module)
{
    SimTelit *telit = module->state;

    g_clear_handle_id(&telit->ask->timer, g_source_remove);
    g_clear_handle_id(&telit->ask->limit_timer, g_source_remove);
    telit->ask->phase = SIM_ASK_UPDATING;
    sim_telit_ota_apply(module);
    telit->armed = TRUE; /* without power from here on, it begins at the next start */
}

static gboolean
on_checked(gpointer user_data)
{
    SimModule *module = user_data;
    SimTelit *telit = module->state;

    telit->ask->timer = 0;
    if (!sim_telit_ota_fits(module) ||
        sim_faults_take(module->faults, "otaup-error", OWN_DOWNLOAD, NULL)) {
        sim_telit_ask_fail(module);
        return G_SOURCE_REMOVE;
    }
    telit->ota.validated = TRUE;
    sim_step(module, "delta validated");
    if (telit->ask->kind->rings && !telit->ask->once) {
        sim_telit_ask_wait(module, SIM_ASK_ASKED_AGAIN);
        sim_telit_ring(module, "UPDATE");
    } else {
        sim_telit_ask_install(module);
    }
    return G_SOURCE_REMOVE;
}

static void
ask_take_delta(SimModule *module, GBytes *bytes)
{
    SimTelit *telit = module->state;
    g_autofree char *when = NULL;

    sim_step_unwatch(module);
    sim_telit_ota_store(&telit->ota, bytes);
    telit->ota.refused_late =
        sim_faults_take(module->faults, "ota-wrong-base", OWN_DOWNLOAD, &when);
    sim_telit_ftp_drop(module);
    telit->ask->phase = SIM_ASK_CHECKING;
    sim_step(module, "delta stored");
    if (telit->ask->package)
        sim_telit_package_report(module, TRUE);
    else if (!telit->ask->kind->rings)
        sim_telit_event(module, "Fw Download Complete");
    sim_telit_ask_after(module, CHECK_SECONDS, on_checked);
}

static double
ask_loaded_share(SimModule *module)
{
    SimTelit *telit = module->state;
    guint64 size = telit->ftp != NULL ? sim_ftp_get_size(telit->ftp) : 0;

    return size > 0 ? (double)sim_ftp_get_received(telit->ftp) / (double)size : 0;
}

/* One operation of the download is over: the next. */
static void
on_loaded(SimFtp *ftp, const SimFtpReply *reply, gpointer user_data)
{
    SimModule *module = user_data;
    SimTelit *telit = module->state;
    const char *path = g_uri_get_path(telit->ask->delta) + 1;
    SimFtpGet get = {.room = SIM_TELIT_OTA_ROOM,
                     .seconds = sim_ms(module->sim, LOAD_SECONDS) / 1000.0};

    if (reply->status == SIM_FTP_CANCELLED || telit->ftp != ftp)
        return;
    if (reply->status != SIM_FTP_OK && telit->ask->load_step != LOAD_SIZE) {
        sim_telit_ask_fail(module);
        return;
    }
    switch (telit->ask->load_step++) {
    case LOAD_LOGIN:
        sim_ftp_type(ftp, FALSE, on_loaded, module);
        break;
    case LOAD_TYPE:
        sim_ftp_size(ftp, path, on_loaded, module);
        break;
    case LOAD_SIZE:
        if (sim_faults_take(module->faults, "ota-full", OWN_DOWNLOAD, NULL))
            get.room = 1;
        sim_telit_ftp_prepare(module, OWN_DOWNLOAD, &get);
        sim_ftp_get(ftp, sim_telit_ftp_choose(module, OWN_DOWNLOAD, path), &get, on_loaded, module);
        sim_step(module, "delta asked for");
        sim_step_watch(module, ask_loaded_share);
        break;
    default:
        ask_take_delta(module, reply->bytes);
    }
}

static SimFtp *
ask_open_ftp(SimModule *module, GUri *uri)
{
    const char *user = g_uri_get_user(uri), *password = g_uri_get_password(uri);
    g_autofree char *server = g_strdup_printf("%s:%d", g_uri_get_host(uri),
                                              g_uri_get_port(uri) > 0 ? g_uri_get_port(uri) : 21);
    guint silence = MAX(sim_ms(module->sim, SILENCE_SECONDS), MIN_SILENCE_MS);

    return sim_ftp_new(server, user != NULL ? user : "anonymous", password != NULL ? password : "",
                       TRUE, silence);
}

/* The host's login, if any, stays. */
static void
ask_give_up(SimModule *module)
{
    sim_telit_ask_end(module, "failed");
    ask_tell_failed(module, "\"DOWNLOAD FAILED\"");
}

gboolean
sim_telit_ask_start_load(gpointer user_data)
{
    SimModule *module = user_data;
    SimTelit *telit = module->state;

    telit->ask->timer = 0;
    if (telit->ask->delta == NULL) {
        ask_give_up(module);
        return G_SOURCE_REMOVE;
    }
    if (telit->ask->package)
        sim_telit_package_report(module, FALSE);
    else if (!telit->ask->kind->rings)
        sim_telit_event(module, "Start Fw Download");
    if (telit->ftp != NULL || !sim_module_is_registered(module) ||
        sim_faults_take(module->faults, "ftp-421", OWN_DOWNLOAD, NULL) ||
        sim_faults_take(module->faults, "ftp-login", OWN_DOWNLOAD, NULL)) {
        ask_give_up(module);
        return G_SOURCE_REMOVE;
    }
    telit->ftp = ask_open_ftp(module, telit->ask->delta);
    telit->ftp_cid = 0; /* a context of its own, which no command shows */
    telit->ftp_busy = telit->ota_loading = TRUE;
    telit->ask->load_step = LOAD_LOGIN;
    sim_telit_ota_clear(&telit->ota);
    sim_ftp_login(telit->ftp, on_loaded, module);
    return G_SOURCE_REMOVE;
}
