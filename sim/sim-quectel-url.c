/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-quectel.h"
#include "sim-step.h"

#include <string.h>

#define URL_MAX 255
#define BEGIN_SECONDS 1   /* from OK to HTTPSTART */
#define LOAD_SECONDS 26   /* of an EC800K */
#define STALL_SECONDS 360 /* until 702, on a BG96 */
#define LEAVE_SECONDS 1   /* from HTTPEND to the restart */
#define CHECK_SECONDS 5   /* from HTTPEND to what is wrong with the package (EC200A) */
#define NO_CONTEXT 709

static gboolean
is_ftp(const SimQuectel *quectel)
{
    return g_str_has_prefix(quectel->url, "ftp:");
}

/* HTTPSTART, HTTPSSTART (seen on an EG18) or FTPSTART, and the same with END. */
static void
report(SimModule *module, const char *what, int number)
{
    SimQuectel *quectel = module->state;
    gboolean https =
        g_str_has_prefix(quectel->url, "https:") && module->personality == &sim_quectel_ec25;
    g_autofree char *word = g_strconcat(is_ftp(quectel) ? "FTP"
                                        : https         ? "HTTPS"
                                                        : "HTTP",
                                        what, NULL);

    sim_quectel_report(module, word, number);
}

void
sim_quectel_stop_download(SimModule *module)
{
    SimQuectel *quectel = module->state;

    sim_step_unwatch(module);
    g_clear_pointer(&quectel->http, sim_http_free);
    g_clear_pointer(&quectel->got, g_byte_array_unref);
    g_clear_pointer(&quectel->url, g_free);
}

/* The download has failed: the module stays as it was. */
static void
end_download(SimModule *module, int number)
{
    report(module, "END", number);
    sim_quectel_stop_download(module);
}

static int
number_of(const SimQuectel *quectel, SimHttpStatus status)
{
    gboolean ftp = is_ftp(quectel);

    switch (status) {
    case SIM_HTTP_RESOLVE:
        return ftp ? 601 : 714;
    case SIM_HTTP_CONNECT:
        return ftp ? 601 : 716;
    case SIM_HTTP_MISSING:
        return ftp ? 611 : 701;
    case SIM_HTTP_LOGIN:
        return 625;
    case SIM_HTTP_OK:
    case SIM_HTTP_SERVER:
    case SIM_HTTP_LOST:
    default:
        return ftp ? 601 : 701;
    }
}

static gboolean
on_timeout(gpointer user_data)
{
    SimModule *module = user_data;
    SimQuectel *quectel = module->state;

    quectel->step = 0;
    end_download(module, is_ftp(quectel) ? 602 : 702);
    return G_SOURCE_REMOVE;
}

void
sim_quectel_stall(SimModule *module)
{
    SimQuectel *quectel = module->state;

    if (quectel->url == NULL)
        return;
    sim_log_event(module->log, "nothing more arrives");
    sim_step_unwatch(module);
    g_clear_pointer(&quectel->http, sim_http_free);
    sim_quectel_after(module, STALL_SECONDS, on_timeout);
}

static gboolean
on_leave(gpointer user_data)
{
    SimModule *module = user_data;
    SimQuectel *quectel = module->state;
    g_autoptr(GBytes) package = g_byte_array_free_to_bytes(g_steal_pointer(&quectel->got));

    quectel->step = 0;
    sim_quectel_install(module, package, quectel->url != NULL && quectel->mode == 0);
    g_clear_pointer(&quectel->url, g_free);
    return G_SOURCE_REMOVE;
}

/* A package that is found bad before the module leaves with it: it stays as it was. */
static gboolean
on_refused(gpointer user_data)
{
    SimModule *module = user_data;
    SimQuectel *quectel = module->state;
    g_autoptr(GBytes) package = g_bytes_new(quectel->got->data, quectel->got->len);
    g_autofree char *to = NULL;

    quectel->step = 0;
    sim_quectel_report(module, "END", sim_quectel_judge(module, package, &to));
    sim_quectel_stop_download(module);
    return G_SOURCE_REMOVE;
}

/* The package is there. */
static void
end_loaded(SimModule *module)
{
    SimQuectel *quectel = module->state;
    g_autoptr(GBytes) package = g_bytes_new(quectel->got->data, quectel->got->len);
    g_autofree char *to = NULL;
    gboolean bad = sim_quectel_is_standard(module) && sim_quectel_judge(module, package, &to) != 0;

    sim_step_unwatch(module);
    g_clear_pointer(&quectel->http, sim_http_free);
    for (int i = 1; quectel->lines > 1 && i <= 2; i++)
        sim_quectel_report(module, "DOWNLOADING", quectel->lines * i / 2);
    report(module, "END", 0);
    sim_quectel_after(module, bad ? CHECK_SECONDS : LEAVE_SECONDS, bad ? on_refused : on_leave);
}

static void
keep(SimQuectel *quectel)
{
    g_autoptr(GBytes) bytes = sim_http_take(quectel->http);
    gsize length;
    const guint8 *data = g_bytes_get_data(bytes, &length);

    if (length > 0)
        g_byte_array_append(quectel->got, data, (guint)length);
}

static void
on_loaded(SimHttp *http, SimHttpStatus status, gpointer user_data)
{
    SimModule *module = user_data;
    SimQuectel *quectel = module->state;

    keep(quectel);
    if (quectel->resets) {
        sim_module_restart(module);
    } else if (quectel->fails != 0) {
        end_download(module, quectel->fails);
    } else if (status == SIM_HTTP_LOST) {
        sim_quectel_stall(module);
    } else if (status != SIM_HTTP_OK) {
        end_download(module, number_of(quectel, status));
    } else {
        end_loaded(module);
    }
}

/* Where it breaks, as a share; 0: nowhere. */
static double
take_faults(SimModule *module)
{
    SimQuectel *quectel = module->state;
    double percent = 0, number = 0;

    quectel->resets = FALSE;
    quectel->fails = 0;
    if (sim_faults_take_number(module->faults, "load-fails", NULL, &number)) {
        quectel->fails = (int)number;
        percent = 50;
    } else if (sim_faults_take_number(module->faults, "load-reset", NULL, &percent)) {
        quectel->resets = TRUE;
    } else {
        sim_faults_take_number(module->faults, "load-cut", NULL, &percent);
    }
    return percent / 100;
}

static double
loaded_share(SimModule *module)
{
    SimQuectel *quectel = module->state;
    guint64 size = sim_http_get_size(quectel->http);

    keep(quectel);
    return size > 0 ? (double)quectel->got->len / (double)size : 0;
}

static gboolean
on_begin(gpointer user_data)
{
    SimModule *module = user_data;
    SimQuectel *quectel = module->state;
    SimHttpGet get = {.break_at = G_MAXUINT64,
                      .seconds = sim_ms(module->sim, LOAD_SECONDS) / 1000.0,
                      .break_share = take_faults(module)};

    quectel->step = 0;
    report(module, "START", -1);
    if (!sim_module_is_registered(module)) {
        sim_quectel_stall(module);
        return G_SOURCE_REMOVE;
    }
    if (sim_quectel_is_standard(module) && !module->contexts[quectel->client].active) {
        end_download(module, NO_CONTEXT);
        return G_SOURCE_REMOVE;
    }
    quectel->http = sim_http_get(quectel->url, &get, on_loaded, module);
    sim_step_watch(module, loaded_share);
    return G_SOURCE_REMOVE;
}

/* `/data/ufs/<name>`, or where the model has it. */
static GByteArray *
find_file(SimModule *module, const char *path)
{
    SimQuectel *quectel = module->state;
    const char *directory = "/data/ufs/";

    return g_str_has_prefix(path, directory)
               ? g_hash_table_lookup(quectel->files, path + strlen(directory))
               : NULL;
}

/* `<address>[,<mode>[,<lines>]]`, of which only LTE Standard(A) has the latter two. */
static SimResult
begin_download(SimModule *module, SimCommand *command, const char *address)
{
    SimQuectel *quectel = module->state;
    gboolean standard = sim_quectel_is_standard(module);

    quectel->mode = 1;
    quectel->lines = 0;
    if ((!standard && command->n_args > 1) ||
        !sim_command_number(command, 1, 0, 1, &quectel->mode) ||
        !sim_command_number(command, 2, 0, 100, &quectel->lines))
        return SIM_ERROR;
    quectel->got = g_byte_array_new();
    quectel->url = g_strdup(address);
    sim_step(module, "told to fetch and install");
    sim_quectel_after(module, BEGIN_SECONDS, on_begin);
    return SIM_OK;
}

SimResult
sim_quectel_run_fota(SimModule *module, SimCommand *command)
{
    static const char *const schemes[] = {"http", "https", "ftp", NULL};
    SimQuectel *quectel = module->state;
    const char *address = sim_command_arg(command, 0);
    g_autofree char *scheme = address != NULL ? g_uri_parse_scheme(address) : NULL;
    GByteArray *file;

    if (command->form != SIM_FORM_SET)
        return command->form == SIM_FORM_TEST ? SIM_OK : SIM_ERROR;
    if (address == NULL || strlen(address) > URL_MAX || quectel->got != NULL ||
        quectel->phase != SIM_QUECTEL_NORMAL)
        return SIM_ERROR;
    if (scheme != NULL && g_strv_contains((const char *const *)schemes, scheme))
        return begin_download(module, command, address);
    if ((file = find_file(module, address)) == NULL)
        return SIM_ERROR;
    quectel->got = g_byte_array_new();
    g_byte_array_append(quectel->got, file->data, file->len);
    sim_step(module, "told to install");
    sim_quectel_after(module, LEAVE_SECONDS, on_leave);
    return SIM_OK;
}
