/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-telit-enhanced.h"

#include "sim-step.h"

/* An ME310G1 checked its delta for 37 s. */
#define CHECK_SECONDS 37
/* Before it tells again of a check that has failed. */
#define REPEAT_SECONDS 5
/* As in sim-telit-ftp.c and sim-telit-get.c. */
#define SILENCE_SECONDS 10
#define MIN_SILENCE_MS 5000
#define LOAD_SECONDS 4.6
/* Until it has noticed that there is no way to the server. */
#define FAIL_SECONDS 5

/* Codes of the LE910Cx AT guide, page 1597. */
#define CODE_NO_DELTA 10
#define CODE_OTHER_BASE 21

/* What on= of a fault is compared with while the module downloads. */
#define OWN_DOWNLOAD "#FTPGETOTAENH"

struct _SimTelitEnhanced {
    gboolean reports; /* #FOTAURC */
    char *path;       /* of the delta that is under way; NULL: none is */
    guint timer;      /* the end of a check, or of a vain download */
    int code;         /* of the last check that has failed */
    guint n_failed;   /* downloads */
    SimCommand *validate;
    SimResult result; /* of `validate` */
};

static SimTelitEnhanced *
enhanced_get(SimModule *module)
{
    return ((SimTelit *)module->state)->enhanced;
}

SimTelitEnhanced *
sim_telit_enhanced_new(void)
{
    return g_new0(SimTelitEnhanced, 1);
}

static void
enhanced_stop(SimTelitEnhanced *enhanced)
{
    g_clear_handle_id(&enhanced->timer, g_source_remove);
    g_clear_pointer(&enhanced->path, g_free);
    if (enhanced->validate != NULL)
        sim_command_finish(g_steal_pointer(&enhanced->validate), SIM_SILENT);
}

void
sim_telit_enhanced_free(SimTelitEnhanced *enhanced)
{
    enhanced_stop(enhanced);
    g_free(enhanced);
}

void
sim_telit_enhanced_stopped(SimModule *module)
{
    SimTelitEnhanced *enhanced = enhanced_get(module);

    enhanced_stop(enhanced);
    enhanced->reports = FALSE;
}

gboolean
sim_telit_enhanced_is_checking(const SimTelitEnhanced *enhanced)
{
    return enhanced->timer != 0;
}

static void
enhanced_after(SimModule *module, double seconds, GSourceFunc func)
{
    SimTelitEnhanced *enhanced = enhanced_get(module);

    g_clear_handle_id(&enhanced->timer, g_source_remove);
    enhanced->timer = g_timeout_add(sim_ms(module->sim, seconds), func, module);
}

static void
enhanced_report(SimModule *module, const char *text)
{
    g_autofree char *line = g_strconcat("#OTAEV: ", text, NULL);

    if (!sim_faults_take(module->faults, "otaev-lost", text, NULL))
        sim_module_urc(module, line);
}

static gboolean
on_failed_again(gpointer user_data)
{
    SimModule *module = user_data;
    SimTelit *telit = module->state;
    g_autofree char *text = g_strdup_printf("\"INTEGRITY CHECK FAIL\",%d", telit->enhanced->code);

    telit->enhanced->timer = 0;
    sim_telit_ota_clear(&telit->ota);
    enhanced_report(module, text);
    return G_SOURCE_REMOVE;
}

static gboolean
on_checked(gpointer user_data)
{
    SimModule *module = user_data;
    SimTelit *telit = module->state;
    SimTelitEnhanced *enhanced = telit->enhanced;
    gboolean fits = telit->ota.refused_late || sim_telit_ota_fits(module);
    double code = telit->ota.model == NULL ? CODE_NO_DELTA : CODE_OTHER_BASE;
    g_autofree char *text = NULL;

    enhanced->timer = 0;
    fits = !sim_faults_take_number(module->faults, "check-fails", OWN_DOWNLOAD, &code) && fits;
    if (fits) {
        telit->ota.validated = TRUE;
        sim_step(module, "delta checked");
        if (enhanced->reports)
            enhanced_report(module, "\"INTEGRITY CHECK PASS\"");
        return G_SOURCE_REMOVE;
    }
    enhanced->code = (int)code;
    text = g_strdup_printf("\"INTEGRITY CHECK FAIL\",%d", enhanced->code);
    enhanced_report(module, text);
    enhanced_after(module, REPEAT_SECONDS, on_failed_again);
    return G_SOURCE_REMOVE;
}

/* The data session ends in any case, and says so. No document has the order: it is another with
 * each download that fails. */
static void
enhanced_end(SimModule *module, gboolean loaded)
{
    static const char *const ends[] = {"#DREL", "\"DOWNLOAD FAILED\"", "#DREL"};
    SimTelit *telit = module->state;
    guint first = loaded ? 0 : telit->enhanced->n_failed++ % 2;

    sim_step_unwatch(module);
    sim_telit_ftp_drop(module);
    g_clear_pointer(&telit->enhanced->path, g_free);
    if (!loaded)
        sim_telit_ota_clear(&telit->ota);
    for (guint i = first; i < first + (loaded ? 1 : 2); i++)
        enhanced_report(module, ends[i]);
    if (loaded)
        enhanced_after(module, CHECK_SECONDS, on_checked);
}

static gboolean
on_no_way(gpointer user_data)
{
    SimModule *module = user_data;

    enhanced_get(module)->timer = 0;
    enhanced_end(module, FALSE);
    return G_SOURCE_REMOVE;
}

static double
enhanced_share(SimModule *module)
{
    SimTelit *telit = module->state;
    guint64 size = telit->ftp != NULL ? sim_ftp_get_size(telit->ftp) : 0;

    return size > 0 ? (double)sim_ftp_get_received(telit->ftp) / (double)size : 0;
}

static gboolean
is_over(SimModule *module, SimFtp *ftp, const SimFtpReply *reply)
{
    return reply->status == SIM_FTP_CANCELLED || ((SimTelit *)module->state)->ftp != ftp ||
           enhanced_get(module)->path == NULL;
}

static void
on_file(SimFtp *ftp, const SimFtpReply *reply, gpointer user_data)
{
    SimModule *module = user_data;
    SimTelit *telit = module->state;
    g_autofree char *when = NULL;

    if (is_over(module, ftp, reply))
        return;
    if (reply->status == SIM_FTP_OK) {
        sim_telit_ota_store(&telit->ota, reply->bytes);
        if (sim_faults_take(module->faults, "ota-wrong-base", OWN_DOWNLOAD, &when))
            telit->ota.refused_late = g_str_equal(when, "late");
        sim_step(module, "delta stored");
    }
    enhanced_end(module, reply->status == SIM_FTP_OK);
}

static void
on_type(SimFtp *ftp, const SimFtpReply *reply, gpointer user_data)
{
    SimModule *module = user_data;
    SimTelit *telit = module->state;
    SimFtpGet get = {.room = SIM_TELIT_OTA_ROOM,
                     .seconds = sim_ms(module->sim, LOAD_SECONDS) / 1000.0};

    if (is_over(module, ftp, reply))
        return;
    if (reply->status != SIM_FTP_OK) {
        enhanced_end(module, FALSE);
        return;
    }
    if (sim_faults_take(module->faults, "ota-full", OWN_DOWNLOAD, NULL))
        get.room = 1;
    sim_telit_ftp_prepare(module, OWN_DOWNLOAD, &get);
    telit->ota_loading = TRUE;
    sim_ftp_get(ftp, sim_telit_ftp_choose(module, OWN_DOWNLOAD, telit->enhanced->path), &get,
                on_file, module);
    sim_step(module, "delta asked for");
    sim_step_watch(module, enhanced_share);
}

static void
on_login(SimFtp *ftp, const SimFtpReply *reply, gpointer user_data)
{
    SimModule *module = user_data;

    if (is_over(module, ftp, reply))
        return;
    if (reply->status == SIM_FTP_OK)
        sim_ftp_type(ftp, FALSE, on_type, module);
    else
        enhanced_end(module, FALSE);
}

static gboolean
has_way(SimModule *module)
{
    for (int cid = 1; cid <= SIM_MAX_CID; cid++) {
        if (module->contexts[cid].active)
            return TRUE;
    }
    return FALSE;
}

static void
enhanced_start(SimModule *module, SimCommand *command)
{
    SimTelit *telit = module->state;
    const char *user = sim_command_arg(command, 3), *password = sim_command_arg(command, 4);
    guint silence = MAX(sim_ms(module->sim, SILENCE_SECONDS), MIN_SILENCE_MS);
    g_autofree char *server =
        g_strdup_printf("%s:%s", sim_command_arg(command, 0), sim_command_arg(command, 1));

    telit->enhanced->path = g_strdup(sim_command_arg(command, 2));
    if (!has_way(module)) {
        enhanced_after(module, FAIL_SECONDS, on_no_way);
        return;
    }
    telit->ftp = sim_ftp_new(server, user != NULL ? user : "anonymous",
                             password != NULL ? password : "", TRUE, silence);
    telit->ftp_busy = TRUE;
    sim_ftp_login(telit->ftp, on_login, module);
}

/* =<host>,<port>,<path>,<user>,<password>, without quotes. OK: it begins. */
SimResult
sim_telit_enhanced_run_get(SimModule *module, SimCommand *command)
{
    SimTelit *telit = module->state;
    int port = 0;

    if (module->personality != &sim_telit_le910c4)
        return SIM_UNKNOWN;
    if (command->form != SIM_FORM_SET)
        return command->form == SIM_FORM_TEST ? SIM_OK : SIM_ERROR;
    if (command->n_args != 5 || sim_command_arg(command, 0) == NULL ||
        sim_command_arg(command, 2) == NULL || !sim_command_number(command, 1, 1, 65535, &port))
        return SIM_CME_BAD_PARAMETERS;
    if (telit->ftp != NULL)
        return SIM_CME_FTP_CONNECTED;
    if (telit->apply_step > 0 || telit->enhanced->path != NULL || telit->enhanced->timer != 0)
        return SIM_CME_NOT_ALLOWED;
    sim_telit_ota_clear(&telit->ota);
    enhanced_start(module, command);
    return SIM_OK;
}

SimResult
sim_telit_enhanced_run_reports(SimModule *module, SimCommand *command)
{
    SimTelitEnhanced *enhanced = enhanced_get(module);
    int reports = 0;

    if (enhanced == NULL)
        return SIM_UNKNOWN;
    if (command->form == SIM_FORM_READ)
        sim_command_info(command, "#FOTAURC: %d", enhanced->reports);
    if (command->form == SIM_FORM_TEST)
        sim_command_info(command, "#FOTAURC: (0,1)");
    if (command->form == SIM_FORM_SET && !sim_command_number(command, 0, 0, 1, &reports))
        return SIM_CME_BAD_PARAMETERS;
    if (command->form == SIM_FORM_SET)
        enhanced->reports = reports != 0;
    return SIM_OK;
}

static gboolean
on_validated(gpointer user_data)
{
    SimModule *module = user_data;
    SimTelitEnhanced *enhanced = enhanced_get(module);

    enhanced->timer = 0;
    sim_command_finish(g_steal_pointer(&enhanced->validate), enhanced->result);
    return G_SOURCE_REMOVE;
}

SimResult
sim_telit_enhanced_validate(SimModule *module, SimCommand *command, SimResult result)
{
    SimTelitEnhanced *enhanced = enhanced_get(module);

    enhanced->validate = sim_command_ref(command);
    enhanced->result = result;
    enhanced_after(module, CHECK_SECONDS, on_validated);
    return SIM_PENDING;
}
