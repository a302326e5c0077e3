/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <string.h>

#include "daemon/at/fota-at-reply.h"
#include "daemon/job/fota-session.h"
#include "tests/extra/fuzz/fuzz.h"

/*
 * A vendor's plugin on the daemon's own session, with a module that says anything. Built once for
 * each vendor, with its sources and FUZZ_MODELS.
 *
 * The first line of the input says what is done, a letter each (see run()); "m" = through
 * ModemManager, a digit = which of the plugin's models. What follows is what the module sends, line
 * by line. The line "?" is silence until the time is up, "-" is the module leaving.
 */

#define SILENCE "?"
#define LEAVES "-"
#define MAX_BYTES 65536

typedef struct {
    FotaChannel channel;
    FotaAtReply *reply;
    GQueue *heard; /* of char *: what has come by itself */
    const char *at, *end;
    guint installs; /* orders to install */
    guint percent;
} Module;

extern const FotaPlugin fota_plugin;

#define METHOD (fota_plugin.claims[0].methods[0])

/* The next line, NULL when nothing comes any more. */
static char *
next_line(Module *module)
{
    const char *newline;
    char *line;

    if (module->at >= module->end)
        return NULL;
    newline = memchr(module->at, '\n', (gsize)(module->end - module->at));
    if (newline == NULL)
        newline = module->end;
    line = g_strndup(module->at, (gsize)(newline - module->at));
    module->at = newline + 1;
    return line;
}

static void
set_error(GError **error, int code, const char *text)
{
    g_set_error_literal(error, FOTA_MODULE_ERROR, code, text);
}

/* All events of what was fed. TRUE when a final result was among them: *@error tells which. */
static gboolean
read_events(Module *module, GStrvBuilder *lines, int *cme, GError **error)
{
    FotaAtEvent event;
    const char *text;
    int number;

    while ((event = fota_at_reply_next(module->reply, &text, &number)) != FOTA_AT_NONE) {
        switch (event) {
        case FOTA_AT_INFORMATION:
            g_strv_builder_add(lines, text);
            break;
        case FOTA_AT_UNSOLICITED:
            g_queue_push_tail(module->heard, g_strdup(text));
            break;
        case FOTA_AT_CONNECT:
        case FOTA_AT_ERROR:
            *cme = number;
            set_error(error, FOTA_MODULE_ERROR_MODULE_REFUSED, text);
            return TRUE;
        case FOTA_AT_OK:
            return TRUE;
        default:
            break;
        }
    }
    return FALSE;
}

static GStrv
on_command(FotaChannel *channel, const char *command, guint seconds, GCancellable *cancellable,
           int *cme, GError **error)
{
    Module *module = (Module *)channel;
    g_autoptr(GStrvBuilder) lines = g_strv_builder_new();
    g_autoptr(GError) refusal = NULL;
    gboolean ended = FALSE;

    for (const char *p = command; *p != '\0'; p++)
        g_assert_true(g_ascii_isprint(*p) && *p != ';');
    g_assert_cmpuint(seconds, >, 0);
    if (strstr(command, "#OTAUP") != NULL || strstr(command, "^FWUP") != NULL)
        module->installs++;
    fota_at_reply_begin(module->reply, command);
    while (!ended) {
        g_autofree char *line = next_line(module);

        if (line == NULL || strcmp(line, LEAVES) == 0 || strcmp(line, SILENCE) == 0) {
            gboolean silent = line != NULL && line[0] == SILENCE[0];

            set_error(error,
                      silent ? FOTA_MODULE_ERROR_MODULE_SILENT : FOTA_MODULE_ERROR_MODULE_GONE,
                      "nothing");
            return NULL;
        }
        fota_at_reply_feed(module->reply, (const guint8 *)line, strlen(line));
        fota_at_reply_feed(module->reply, (const guint8 *)"\r\n", 2);
        ended = read_events(module, lines, cme, &refusal);
    }
    if (refusal == NULL)
        return g_strv_builder_end(lines);
    g_propagate_error(error, g_steal_pointer(&refusal));
    return NULL;
}

static char *
on_wait_line(FotaChannel *channel, const char *text, guint seconds, GCancellable *cancellable,
             GError **error)
{
    Module *module = (Module *)channel;
    g_autoptr(GStrvBuilder) none = g_strv_builder_new();
    g_autofree char *line = module->heard->length == 0 && seconds > 0 ? next_line(module) : NULL;
    int cme;

    if (line != NULL) {
        fota_at_reply_begin(module->reply, NULL);
        fota_at_reply_feed(module->reply, (const guint8 *)line, strlen(line));
        fota_at_reply_feed(module->reply, (const guint8 *)"\r\n", 2);
        read_events(module, none, &cme, NULL);
    }
    for (GList *l = module->heard->head; l != NULL; l = l->next) {
        char *heard = l->data;

        if (strcasestr(heard, text) == NULL)
            continue;
        g_queue_delete_link(module->heard, l);
        return heard;
    }
    return NULL;
}

static gboolean
on_wait_back(FotaChannel *channel, guint seconds, GCancellable *cancellable, GError **error)
{
    g_autofree char *line = next_line((Module *)channel);

    if (line != NULL && strcmp(line, LEAVES) != 0)
        return TRUE;
    set_error(error, FOTA_MODULE_ERROR_MODULE_NOT_RETURNED, "not back");
    return FALSE;
}

static void
on_close(FotaChannel *channel)
{
    Module *module = (Module *)channel;

    fota_at_reply_free(module->reply);
    g_queue_free_full(module->heard, g_free);
}

static const FotaChannelClass port = {
    .name = "port",
    .unsolicited = TRUE,
    .command = on_command,
    .wait_line = on_wait_line,
    .wait_back = on_wait_back,
    .close = on_close,
};

static const FotaChannelClass modem_manager = {
    .name = "modemmanager",
    .command = on_command,
    .wait_back = on_wait_back,
    .close = on_close,
};

static void
on_report(const FotaJobReport *report, gpointer user_data)
{
    Module *module = user_data;

    if (report->kind == FOTA_REPORT_PROGRESS) {
        g_assert_cmpuint(report->percent, >=, module->percent);
        g_assert_cmpuint(report->percent, <=, 100);
        module->percent = report->percent;
    } else if (report->kind == FOTA_REPORT_BYTES) {
        g_assert_true(report->bytes.total == 0 || report->bytes.received <= report->bytes.total);
    } else if (report->kind == FOTA_REPORT_SETTING) {
        g_assert_true(g_utf8_validate(report->setting.value, -1, NULL));
    }
}

static gboolean
on_guard(GCancellable *cancellable, gboolean *disturbed, gpointer user_data, GError **error)
{
    return TRUE;
}

static FotaResult
read_file(FotaSession *session, const FotaUpdate *update, GError **error)
{
    g_autoptr(GBytes) contents = NULL;
    FotaResult result = METHOD->fetch(session, update, MAX_BYTES, &contents, error);

    g_assert_true((result == FOTA_RESULT_DONE) == (contents != NULL));
    if (contents != NULL)
        g_assert_cmpuint(g_bytes_get_size(contents), <=, MAX_BYTES);
    return result;
}

/* Success and an error exclude each other, and nothing but install() orders an installation. */
static void
run(FotaSession *session, Module *module, char what)
{
    FotaUpdate update = {.from = "30.00.001-B026",
                         .to = "30.00.001-B026_FOTA",
                         .scheme = "ftp",
                         .host = "fw.example",
                         .port = 21,
                         .path = "delta.bin",
                         .user = "user",
                         .password = "secret",
                         .size = 1234,
                         .rehearsal = what == 'r'};
    g_autofree char *version = NULL;
    g_auto(FotaVendorOffer) offer = {0};
    g_autoptr(GError) error = NULL;
    FotaResult result = FOTA_RESULT_DONE;

    module->installs = module->percent = 0;
    if (what == 'i')
        result = METHOD->inspect(session, &version, &error);
    else if (what == 'a' && METHOD->ask != NULL)
        result = METHOD->ask(session, &offer, &error);
    else if (what == 'f' && METHOD->fetch != NULL)
        result = read_file(session, &update, &error);
    else if (what == 'd' || what == 'r')
        result = METHOD->download(session, &update, &error);
    else if (what == 'x' && METHOD->discard != NULL)
        result = METHOD->discard(session, &update, &error);
    else if (what == 'n')
        result = METHOD->install(session, &update, &error);
    else if (what == 'o')
        result = METHOD->outcome(session, &update, &version, &error);
    if (strchr("afdrx", what) != NULL)
        fota_session_close(session, METHOD);
    g_assert_true((result == FOTA_RESULT_DONE) == (error == NULL));
    g_assert_cmpuint(module->installs, <=, what == 'n');
    if (result == FOTA_RESULT_DONE && (what == 'i' || what == 'o'))
        g_assert_true(version != NULL && version[0] != '\0');
}

/* The model that the digit in @head chooses. */
static char *
choose_model(const char *head)
{
    const FotaClaim *claim = fota_plugin.claims;
    const char *digit = strpbrk(head, "0123456789");

    for (int i = digit != NULL ? *digit - '0' : 0; i > 0 && claim[1].methods != NULL; i--)
        claim++;
    return g_strdelimit(g_strdup(claim->model), "*", '1');
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    Module module = {.at = (const char *)data, .end = (const char *)data + size};
    g_autofree char *head = next_line(&module);
    static GKeyFile *models = NULL;
    g_autoptr(GHashTable) settings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    FotaVendor vendor = {.table = &fota_plugin};
    const FotaUpdate none = {.from = "", .to = ""};
    const FotaNetwork network = {.apn = (char *)"internet"};
    g_autofree char *model = NULL;
    FotaSessionSetup setup = {.vendor = &vendor,
                              .imei = "353081090012345",
                              .network = &network,
                              .settings = settings,
                              .update = &none,
                              .report = on_report,
                              .guard = on_guard,
                              .user_data = &module};
    FotaSession *session;

    if (head == NULL)
        return 0;
    if (models == NULL) {
        models = g_key_file_new();
        g_assert_true(g_key_file_load_from_file(models, FUZZ_MODELS, G_KEY_FILE_NONE, NULL));
    }
    vendor.models = models;
    model = choose_model(head);
    setup.model = model;
    module.channel.klass = strchr(head, 'm') != NULL ? &modem_manager : &port;
    module.reply = fota_at_reply_new(vendor.table);
    module.heard = g_queue_new();
    session = fota_session_new(&setup);
    fota_session_set_channel(session, &module.channel);
    for (const char *p = head; *p != '\0'; p++)
        run(session, &module, *p);
    fota_session_free(session);
    return 0;
}
