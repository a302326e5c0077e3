/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/job/fota-steps.h"

/*
 * Every route and commit point of the plugin boundary: the plugin below has a method for each, and
 * runs on the daemon's own steps and session against a module that is scripted here. What passes
 * between them is one text: commands, raw data, marks, and the module's comings and goings.
 */

#define OLD "A"
#define NEW "B"
#define DELTA "0123456789"

/* The plugin. One command a function. */

static FotaResult
order(FotaSession *session, const char *command, FotaResult otherwise, GError **error)
{
    return fota_session_order(session, command, 0, error) ? FOTA_RESULT_DONE : otherwise;
}

static FotaResult
test_inspect(FotaSession *session, char **version, GError **error)
{
    return fota_session_read_version(session, "AT+GMR", version, error);
}

static FotaResult
test_outcome(FotaSession *session, const FotaUpdate *update, char **version, GError **error)
{
    return test_inspect(session, version, error);
}

static FotaResult
test_ask(FotaSession *session, FotaVendorOffer *offer, GError **error)
{
    offer->version = fota_session_query(session, "AT+ASK", "+ASK:", 0, error);
    return offer->version != NULL ? FOTA_RESULT_DONE : FOTA_RESULT_FAILED_FOR_NOW;
}

static FotaResult
test_download(FotaSession *session, const FotaUpdate *update, GError **error)
{
    return order(session, "AT+PULL", FOTA_RESULT_FAILED_FOR_NOW, error);
}

static FotaResult
test_validate(FotaSession *session, const FotaUpdate *update, GError **error)
{
    return order(session, "AT+CHECK", FOTA_RESULT_WRONG_BASE, error);
}

static FotaResult
test_install(FotaSession *session, const FotaUpdate *update, GError **error)
{
    return order(session, "AT+INSTALL", FOTA_RESULT_REFUSED, error);
}

static FotaResult
test_restart(FotaSession *session, const FotaUpdate *update, GError **error)
{
    return order(session, "AT+RESET", FOTA_RESULT_FAILED_FOR_NOW, error);
}

static FotaResult
test_discard(FotaSession *session, const FotaUpdate *update, GError **error)
{
    return order(session, "AT+DROP", FOTA_RESULT_FAILED_FOR_NOW, error);
}

/* Blocks of four bytes, each acknowledged; the module counts. */
static FotaResult
test_load(FotaSession *session, const FotaUpdate *update, int fd, GError **error)
{
    static const char *const prompts[] = {"CONNECT", NULL};
    static const FotaPacing pacing = {.block = 4, .acknowledgement = 'A', .seconds = 5};
    g_auto(GStrv) lines = NULL;

    if (!fota_session_begin_data(session, "AT+FEED", prompts, NULL, 0, error) ||
        !fota_session_send_file(session, fd, update->size, &pacing, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    lines = fota_session_end_data(session, 0, 0, error);
    return lines != NULL ? FOTA_RESULT_DONE : FOTA_RESULT_FAILED_FOR_NOW;
}

static FotaResult
test_load_xmodem(FotaSession *session, const FotaUpdate *update, int fd, GError **error)
{
    g_auto(GStrv) lines = NULL;

    if (!fota_session_send_xmodem(session, "AT+XMODEM", fd, update->size, 128, 0, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    lines = fota_session_end_data(session, 0, 0, error);
    return lines != NULL ? FOTA_RESULT_DONE : FOTA_RESULT_FAILED_FOR_NOW;
}

/* What AT+WHAT? is answered, beside a version, which is to be installed, and nothing. */
#define FIRST "first"
#define BEGUN "begun"

static FotaResult
test_questions(FotaSession *session, FotaQuestion *question, GError **error)
{
    question->version = fota_session_query(session, "AT+WHAT?", "+WHAT:", 0, error);
    if (question->version == NULL)
        return FOTA_RESULT_FAILED_FOR_NOW;
    question->kind = strcmp(question->version, FIRST) == 0 ? FOTA_QUESTION_DOWNLOAD_FIRST
                     : question->version[0] != '\0' && strcmp(question->version, BEGUN) != 0
                         ? FOTA_QUESTION_INSTALL
                         : FOTA_QUESTION_NONE;
    if (strcmp(question->version, BEGUN) == 0)
        question->text = g_strdup(BEGUN);
    return FOTA_RESULT_DONE;
}

static FotaResult
test_answer(FotaSession *session, const FotaQuestion *question, FotaAnswer answer, guint seconds,
            GError **error)
{
    if (question->kind == FOTA_QUESTION_NONE)
        return order(session, "AT+FOLLOW", FOTA_RESULT_FAILED_FOR_NOW, error);
    if (question->kind == FOTA_QUESTION_DOWNLOAD_FIRST)
        return order(session, "AT+LOAD", FOTA_RESULT_FAILED_FOR_NOW, error);
    g_assert_cmpint(question->kind, ==, FOTA_QUESTION_INSTALL);
    return order(session, answer == FOTA_ANSWER_ACCEPT ? "AT+YES" : "AT+NO",
                 FOTA_RESULT_FAILED_FOR_NOW, error);
}

static void
test_close(FotaSession *session)
{
    fota_session_order(session, "AT+CLOSE", 0, NULL);
}

#define BOTH                                                                                       \
    .size = sizeof(FotaMethod), .inspect = test_inspect, .outcome = test_outcome,                  \
    .close = test_close

/* clang-format off */
static const FotaMethod pull = {BOTH, .name = "pull", .route = FOTA_ROUTE_PULL,
    .download = test_download, .validate = test_validate, .install = test_install};
static const FotaMethod pull_power = {BOTH, .name = "pull-power", .route = FOTA_ROUTE_PULL,
    .restarts = FOTA_RESTART_BY_POWER, .download = test_download, .install = test_install};
static const FotaMethod pull_one = {BOTH, .name = "pull-one", .route = FOTA_ROUTE_PULL,
    .commit = FOTA_COMMIT_POINT_DOWNLOAD, .download = test_download};
static const FotaMethod feed = {BOTH, .name = "feed", .route = FOTA_ROUTE_FEED,
    .needs = FOTA_NEEDS_TTY, .restarts = FOTA_RESTART_BY_COMMAND,
    .load = test_load, .validate = test_validate, .install = test_install, .restart = test_restart};
static const FotaMethod feed_one = {BOTH, .name = "feed-one", .route = FOTA_ROUTE_FEED,
    .commit = FOTA_COMMIT_POINT_DOWNLOAD, .needs = FOTA_NEEDS_TTY | FOTA_NEEDS_INHIBITION,
    .restarts = FOTA_RESTART_BY_POWER, .load = test_load_xmodem};
static const FotaMethod vendor = {BOTH, .name = "vendor", .route = FOTA_ROUTE_VENDOR,
    .needs = FOTA_NEEDS_NO_BEARER, .ask = test_ask,
    .download = test_download, .discard = test_discard, .install = test_install};
static const FotaMethod vendor_one = {BOTH, .name = "vendor-one", .route = FOTA_ROUTE_VENDOR,
    .commit = FOTA_COMMIT_POINT_DOWNLOAD, .ask = test_ask, .download = test_download};
static const FotaMethod asked = {BOTH, .name = "asked", .route = FOTA_ROUTE_ASKED,
    .needs = FOTA_NEEDS_UNSOLICITED, .questions = test_questions, .answer = test_answer};
/* clang-format on */

static const FotaSetting settings[] = {{.name = "+CGDCONT"}, {.name = NULL}};
static const FotaPlugin plugin = {
    .abi = FOTA_PLUGIN_ABI, .size = sizeof(FotaPlugin), .name = "test", .settings = settings};

#define MODELS                                                                                     \
    "[*]\nRestarts=1\nApplyTime=1\nReturnLimit=60\nSettleTime=1\nVersionTime=5\nVersionPause=0\n"  \
    "AidTime=1\nSafeRungs=at-again\n[SILENT]\nAway=silence\n[BRIEF]\nReturnLimit=1\n"

/* The module. */

#define NOISE '*'

/* Each byte of noise takes three seconds, as the C does with which XMODEM is asked for. */
static gint64 noise_seconds;

gint64 __wrap_fota_session_get_time(FotaSession *session);

gint64
__wrap_fota_session_get_time(FotaSession *session)
{
    return noise_seconds;
}

typedef struct {
    FotaChannel channel;
    const char *leaves_on, *refuses, *cancelled_at, *asks;
    const char *then; /* what it asks once it has downloaded; NULL = it leaves meanwhile */
    gboolean silent;  /* it goes away by silence */
    gboolean in_vain; /* it comes back with the firmware that it had */
    guint silences;   /* AT that it does not answer */
    gboolean leaving, away;
    gboolean off; /* it has no power once it has left */
    const char *version;
    GCancellable *cancellable;
    GByteArray *received;
    const char *raw; /* what it sends between raw data; NOISE as its last byte never ends */
    GString *log;
} Module;

/* The same twice in a row is once. */
static void
note(Module *module, const char *what)
{
    g_autofree char *last = g_strconcat(" ", what, NULL);

    if (!g_str_has_suffix(module->log->str, last))
        g_string_append(module->log, last);
}

/* It takes the order: from now on it may leave, and it comes back with the new firmware. */
static void
obey(Module *module, const char *command)
{
    if (g_strcmp0(command, module->leaves_on) != 0)
        return;
    module->leaving = TRUE;
    module->leaves_on = NULL;
    module->silences = module->silent ? 4 : 0;
    module->version = module->in_vain ? OLD : NEW;
}

static GStrv
answer_with(const char *line)
{
    const char *lines[] = {line, NULL};

    return g_strdupv((GStrv)lines);
}

static GStrv
on_command(FotaChannel *channel, const char *command, guint seconds, GCancellable *cancellable,
           int *cme, GError **error)
{
    Module *module = (Module *)channel;
    g_autofree char *told = g_strconcat("+ASK: ", NEW, NULL);
    g_autofree char *question = g_strconcat("+WHAT: ", module->asks, NULL);

    g_assert_cmpuint(seconds, >, 0);
    if (g_strcmp0(command, module->cancelled_at) == 0)
        g_cancellable_cancel(module->cancellable);
    if (g_cancellable_set_error_if_cancelled(cancellable, error))
        return NULL;
    note(module, command);
    if (module->silences > 0) {
        module->silences--;
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT, "silent");
        return NULL;
    }
    if (g_strcmp0(command, module->refuses) == 0) {
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED, "refused");
        return NULL;
    }
    obey(module, command);
    if (strcmp(command, "AT+LOAD") == 0)
        module->asks = module->then;
    if (module->asks == NULL && module->leaving) {
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_GONE, "gone");
        return NULL;
    }
    return answer_with(strcmp(command, "AT+GMR") == 0        ? module->version
                       : strcmp(command, "AT+ASK") == 0      ? told
                       : strcmp(command, "AT+WHAT?") == 0    ? question
                       : strcmp(command, "AT+CGDCONT?") == 0 ? "+CGDCONT: 1"
                                                             : "");
}

static gboolean
on_raw_begin(FotaChannel *channel, const char *command, const char *const *prompts, guint *which,
             guint seconds, GCancellable *cancellable, int *cme, GError **error)
{
    g_auto(GStrv) lines = on_command(channel, command, seconds, cancellable, cme, error);

    *which = 0;
    return lines != NULL;
}

static gboolean
on_raw_write(FotaChannel *channel, const guint8 *bytes, gsize length, guint seconds,
             GCancellable *cancellable, GError **error)
{
    Module *module = (Module *)channel;

    g_byte_array_append(module->received, bytes, (guint)length);
    return TRUE;
}

static gboolean
on_raw_read(FotaChannel *channel, guint8 *byte, guint seconds, GCancellable *cancellable,
            GError **error)
{
    Module *module = (Module *)channel;

    if (module->raw[0] == NOISE) {
        *byte = 'C';
        noise_seconds += 3;
        return TRUE;
    }
    if (module->raw[0] != '\0') {
        *byte = (guint8)*module->raw++;
        return TRUE;
    }
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT, "silent");
    return FALSE;
}

static GStrv
on_raw_end(FotaChannel *channel, guint guard, guint seconds, GCancellable *cancellable, int *cme,
           GError **error)
{
    Module *module = (Module *)channel;
    g_autofree char *data = g_strdup_printf("[%u bytes]", module->received->len);

    note(module, data);
    obey(module, "data");
    return answer_with("");
}

static gboolean
on_wait_gone(FotaChannel *channel, guint seconds, GCancellable *cancellable, GError **error)
{
    Module *module = (Module *)channel;
    gboolean gone = module->leaving && !module->silent;

    if (gone)
        note(module, "gone");
    module->leaving = module->leaving && !gone;
    module->away = module->away || gone;
    return module->away;
}

static gboolean
on_wait_back(FotaChannel *channel, guint seconds, GCancellable *cancellable, GError **error)
{
    Module *module = (Module *)channel;

    if (module->off) {
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_NOT_RETURNED, "away");
        return FALSE;
    }
    if (!module->silent)
        note(module, "back");
    module->away = FALSE;
    return TRUE;
}

static void
on_close(FotaChannel *channel)
{
}

static const FotaChannelClass port = {
    .name = "port",
    .unsolicited = TRUE,
    .command = on_command,
    .raw_begin = on_raw_begin,
    .raw_write = on_raw_write,
    .raw_read = on_raw_read,
    .raw_end = on_raw_end,
    .wait_gone = on_wait_gone,
    .wait_back = on_wait_back,
    .close = on_close,
};

/* The daemon. */

static void
on_report(const FotaJobReport *report, gpointer user_data)
{
}

static gboolean
on_guard(GCancellable *cancellable, gboolean *disturbed, gpointer user_data, GError **error)
{
    return !g_cancellable_set_error_if_cancelled(cancellable, error);
}

static FotaMark stops_at;

static gboolean
on_commit(FotaMark mark, FotaCommit *answer, gpointer user_data, GError **error)
{
    static const char *const names[] = {
        [FOTA_MARK_DOWNLOADING] = "<downloading>",
        [FOTA_MARK_DOWNLOADED] = "<downloaded>",
        [FOTA_MARK_INSTALLING] = "<installing>",
        [FOTA_MARK_DISCARDING] = "<discarding>",
    };

    note(user_data, names[mark]);
    *answer = mark == stops_at ? FOTA_COMMIT_STOP : FOTA_COMMIT_GO;
    return TRUE;
}

static gboolean
on_power(gpointer user_data, GError **error)
{
    Module *module = user_data;

    note(module, "power");
    module->off = FALSE;
    return TRUE;
}

/* A file that holds the delta. */
static int
open_delta(void)
{
    g_autofree char *name = NULL;
    int fd = g_file_open_tmp("fota-delta-XXXXXX", &name, NULL);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(write(fd, DELTA, strlen(DELTA)), ==, strlen(DELTA));
    g_assert_cmpint(lseek(fd, 0, SEEK_SET), ==, 0);
    g_unlink(name);
    return fd;
}

static gboolean
refuse_delta(gpointer user_data, GError **error)
{
    g_set_error_literal(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ARGUMENT, "altered");
    return FALSE;
}

typedef struct {
    const char *name;
    const FotaMethod *method;
    FotaJobKind kind;
    const char *leaves_on;
    FotaResult result;
    int code;            /* FotaModuleError, or one of the two below */
    const char *version; /* NULL = none was read */
    const char *log;     /* what passes */
    const char *refuses, *cancelled_at, *asks, *then, *model, *raw;
    FotaMark stops_at;
    gboolean unfed, altered, powerless, rehearsal, in_vain, off;
    gboolean begun;           /* what the module has not asked about */
    FotaAnswer answers;       /* to what it asks */
    const FotaMethod *beside; /* the method that knows of questions meanwhile */
} Case;

#define NO_ERROR (-1)
#define CANCELLED (-2)
#define BEGIN " <downloading> AT+GMR"
#define ORDER " AT+CGDCONT? <installing>"
#define RETURN " gone back AT+GMR AT+CGDCONT?"

/* clang-format off */
static const Case cases[] = {
    {"pull", &pull, FOTA_JOB_UPDATE, "AT+INSTALL", FOTA_RESULT_DONE, NO_ERROR, NEW,
     BEGIN " AT+PULL AT+CLOSE AT+CHECK AT+CLOSE <downloaded>" ORDER " AT+INSTALL" RETURN},
    {"pull/not-pulled", &pull, FOTA_JOB_UPDATE, NULL, FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_MODULE_REFUSED, OLD, BEGIN " AT+PULL AT+CLOSE", .refuses = "AT+PULL"},
    /* Before the gate: what the module finds bad is never marked as downloaded. */
    {"pull/not-valid", &pull, FOTA_JOB_UPDATE, NULL, FOTA_RESULT_WRONG_BASE,
     FOTA_MODULE_ERROR_MODULE_REFUSED, OLD, BEGIN " AT+PULL AT+CLOSE AT+CHECK AT+CLOSE",
     .refuses = "AT+CHECK"},
    {"pull/stopped", &pull, FOTA_JOB_UPDATE, NULL, FOTA_RESULT_DONE, NO_ERROR, OLD,
     BEGIN " AT+PULL AT+CLOSE AT+CHECK AT+CLOSE <downloaded>", .stops_at = FOTA_MARK_DOWNLOADED},
    {"pull/cancelled", &pull, FOTA_JOB_UPDATE, NULL, FOTA_RESULT_FAILED_FOR_NOW, CANCELLED, OLD,
     BEGIN " AT+CLOSE", .cancelled_at = "AT+PULL"},
    {"pull/install", &pull, FOTA_JOB_INSTALL, "AT+INSTALL", FOTA_RESULT_DONE, NO_ERROR, NEW,
     " <downloaded> AT+GMR" ORDER " AT+INSTALL" RETURN},
    {"pull/silent", &pull, FOTA_JOB_INSTALL, "AT+INSTALL", FOTA_RESULT_DONE, NO_ERROR, NEW,
     " <downloaded> AT+GMR" ORDER " AT+INSTALL AT AT+GMR AT+CGDCONT?", .model = "SILENT"},
    /* Back with an ERROR to AT: it answers, and is not asked for it over and over. */
    {"pull/silent-then-error", &pull, FOTA_JOB_INSTALL, "AT+INSTALL", FOTA_RESULT_DONE, NO_ERROR,
     NEW, " <downloaded> AT+GMR" ORDER " AT+INSTALL AT AT+GMR AT+CGDCONT?", .model = "SILENT",
     .refuses = "AT"},
    {"pull-power", &pull_power, FOTA_JOB_UPDATE, "AT+INSTALL", FOTA_RESULT_DONE, NO_ERROR, NEW,
     BEGIN " AT+PULL AT+CLOSE <downloaded>" ORDER " AT+INSTALL gone power back AT+GMR AT+CGDCONT?"},
    /* What cannot be installed is not paid for. */
    {"pull-power/powerless", &pull_power, FOTA_JOB_UPDATE, NULL, FOTA_RESULT_FAILED_FOR_GOOD,
     FOTA_MODULE_ERROR_NOT_SUPPORTED, OLD, BEGIN, .powerless = TRUE},
    /* One gate: settings read and mark written before the download, which is the order. */
    {"pull-one", &pull_one, FOTA_JOB_UPDATE, "AT+PULL", FOTA_RESULT_DONE, NO_ERROR, NEW,
     BEGIN ORDER " AT+PULL" RETURN},
    {"pull-one/stopped", &pull_one, FOTA_JOB_UPDATE, NULL, FOTA_RESULT_DONE, NO_ERROR, OLD,
     BEGIN ORDER, .stops_at = FOTA_MARK_INSTALLING},
    {"pull-one/refused", &pull_one, FOTA_JOB_UPDATE, NULL, FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_MODULE_REFUSED, OLD, BEGIN ORDER " AT+PULL AT+GMR AT+CGDCONT?",
     .refuses = "AT+PULL"},
    {"pull-one/resume", &pull_one, FOTA_JOB_RESUME, NULL, FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_OLD_VERSION, OLD, " <installing> AT+GMR"},
    /* Fed by the host, and restarted by a command. */
    {"feed", &feed, FOTA_JOB_UPDATE, "AT+RESET", FOTA_RESULT_DONE, NO_ERROR, NEW,
     BEGIN " AT+FEED [10 bytes] AT+CLOSE AT+CHECK AT+CLOSE <downloaded>" ORDER
     " AT+INSTALL AT+RESET" RETURN, .raw = "AA"},
    /* fotad has ended before the restart, or before the order: the restart is all that is sent. */
    {"feed/resume", &feed, FOTA_JOB_RESUME, "AT+RESET", FOTA_RESULT_DONE, NO_ERROR, NEW,
     " <installing> AT+GMR AT+RESET gone back AT+GMR"},
    {"feed/resume-not-ordered", &feed, FOTA_JOB_RESUME, "AT+RESET", FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_OLD_VERSION, OLD, " <installing> AT+GMR AT+RESET gone back AT+GMR",
     .in_vain = TRUE},
    {"feed/resume-refused", &feed, FOTA_JOB_RESUME, NULL, FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_MODULE_REFUSED, OLD, " <installing> AT+GMR AT+RESET AT+GMR",
     .refuses = "AT+RESET"},
    /* It has restarted: it had been told to. */
    {"feed/resume-restarted", &feed, FOTA_JOB_RESUME, "AT+GMR", FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_OLD_VERSION, OLD, " <installing> AT+GMR gone back AT+GMR",
     .in_vain = TRUE},
    {"feed/bad-block", &feed, FOTA_JOB_UPDATE, NULL, FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_TRANSFER_FAILED, OLD, BEGIN " AT+FEED AT+CLOSE", .raw = "AX"},
    {"feed/stalls", &feed, FOTA_JOB_UPDATE, NULL, FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_MODULE_SILENT, OLD, BEGIN " AT+FEED AT+CLOSE", .raw = "A"},
    {"feed/unfed", &feed, FOTA_JOB_UPDATE, NULL, FOTA_RESULT_FAILED_FOR_GOOD,
     FOTA_MODULE_ERROR_NOT_SUPPORTED, OLD, BEGIN, .unfed = TRUE},
    {"feed-one/unfed", &feed_one, FOTA_JOB_UPDATE, NULL, FOTA_RESULT_FAILED_FOR_GOOD,
     FOTA_MODULE_ERROR_NOT_SUPPORTED, OLD, BEGIN, .unfed = TRUE},
    /* It lies altered in the cache: nothing is handed over, or ordered. */
    {"feed/altered", &feed, FOTA_JOB_UPDATE, NULL, FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_BAD_ARGUMENT, OLD, BEGIN, .altered = TRUE},
    {"feed-one/altered", &feed_one, FOTA_JOB_UPDATE, NULL, FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_BAD_ARGUMENT, OLD, BEGIN, .altered = TRUE},
    {"feed/rehearsed", &feed, FOTA_JOB_UPDATE, NULL, FOTA_RESULT_DONE, NO_ERROR, OLD, " AT+GMR",
     .unfed = TRUE, .rehearsal = TRUE},
    /* Not the method that was meant: nothing is ordered. */
    {"asked/update", &asked, FOTA_JOB_UPDATE, NULL, FOTA_RESULT_FAILED_FOR_GOOD,
     FOTA_MODULE_ERROR_NOT_SUPPORTED, OLD, BEGIN},
    {"pull-one/install", &pull_one, FOTA_JOB_INSTALL, NULL, FOTA_RESULT_FAILED_FOR_GOOD,
     FOTA_MODULE_ERROR_NOT_SUPPORTED, OLD, " <downloaded> AT+GMR"},
    /* By XMODEM, one block and the end of it; it switches itself off, and we on. */
    {"feed-one", &feed_one, FOTA_JOB_UPDATE, "data", FOTA_RESULT_DONE, NO_ERROR, NEW,
     BEGIN ORDER " AT+XMODEM [134 bytes] gone power back AT+GMR AT+CGDCONT?", .raw = "\x06\x06"},
    {"feed-one/again", &feed_one, FOTA_JOB_UPDATE, "data", FOTA_RESULT_DONE, NO_ERROR, NEW,
     BEGIN ORDER " AT+XMODEM [267 bytes] gone power back AT+GMR AT+CGDCONT?",
     .raw = "C\x15\x06\x06"},
    {"feed-one/cancelled-by-module", &feed_one, FOTA_JOB_UPDATE, NULL, FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_TRANSFER_FAILED, OLD, BEGIN ORDER " AT+XMODEM AT+GMR AT+CGDCONT?",
     .raw = "\x18"},
    /* It never takes a block, and is never silent. */
    {"feed-one/deaf", &feed_one, FOTA_JOB_UPDATE, NULL, FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_TRANSFER_FAILED, OLD, BEGIN ORDER " AT+XMODEM AT+GMR AT+CGDCONT?",
     .raw = "*"},
    /* fotad has ended between off and on, or the module is away to install: that returns. */
    {"feed-one/resume-off", &feed_one, FOTA_JOB_RESUME, "AT+GMR", FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_OLD_VERSION, OLD, " <installing> AT+GMR gone power back AT+GMR",
     .off = TRUE, .in_vain = TRUE},
    {"feed-one/resume-installs", &feed_one, FOTA_JOB_RESUME, "AT+GMR", FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_OLD_VERSION, OLD, " <installing> AT+GMR gone back AT+GMR", .in_vain = TRUE},
    {"pull/resume-away", &pull, FOTA_JOB_RESUME, "AT+GMR", FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_MODULE_NOT_RETURNED, NULL, " <installing> AT+GMR gone", .off = TRUE,
     .in_vain = TRUE},
    {"feed-one/powerless", &feed_one, FOTA_JOB_UPDATE, NULL, FOTA_RESULT_FAILED_FOR_GOOD,
     FOTA_MODULE_ERROR_NOT_SUPPORTED, OLD, BEGIN, .powerless = TRUE},
    {"vendor/ask", &vendor, FOTA_JOB_ASK, NULL, FOTA_RESULT_DONE, NO_ERROR, OLD,
     " AT+GMR AT+ASK AT+CLOSE"},
    {"vendor", &vendor, FOTA_JOB_UPDATE, "AT+INSTALL", FOTA_RESULT_DONE, NO_ERROR, NEW,
     BEGIN " AT+PULL AT+CLOSE <downloaded>" ORDER " AT+INSTALL" RETURN},
    {"vendor/discard", &vendor, FOTA_JOB_DISCARD, NULL, FOTA_RESULT_DONE, NO_ERROR, OLD,
     " <discarding> AT+GMR AT+DROP AT+CLOSE"},
    /* What a job that was cut off has left: its close() alone. */
    {"vendor/undo", &vendor, FOTA_JOB_UNDO, NULL, FOTA_RESULT_DONE, NO_ERROR, OLD,
     " AT+GMR AT+CLOSE"},
    {"vendor-one", &vendor_one, FOTA_JOB_UPDATE, "AT+PULL", FOTA_RESULT_DONE, NO_ERROR, NEW,
     BEGIN ORDER " AT+PULL" RETURN},
    /* The module asks, or has begun without asking: nothing is ordered. */
    {"asked", &asked, FOTA_JOB_FOLLOW, "AT+YES", FOTA_RESULT_DONE, NO_ERROR, NEW,
     " AT+GMR AT+WHAT? AT+CLOSE" ORDER " AT+YES" RETURN, .asks = NEW},
    {"asked/begun", &asked, FOTA_JOB_FOLLOW, "AT+FOLLOW", FOTA_RESULT_DONE, NO_ERROR, NEW,
     " <installing> AT+GMR AT+FOLLOW gone back AT+GMR", .begun = TRUE},
    {"asked/begun-and-ended", &asked, FOTA_JOB_FOLLOW, "AT+GMR", FOTA_RESULT_DONE, NO_ERROR, NEW,
     " <installing> AT+GMR", .begun = TRUE},
    {"asked/begun-in-vain", &asked, FOTA_JOB_FOLLOW, NULL, FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_MODULE_REFUSED, OLD, " <installing> AT+GMR AT+FOLLOW AT+GMR",
     .refuses = "AT+FOLLOW", .begun = TRUE},
    /* It was asked, and no longer is. */
    {"asked/over", &asked, FOTA_JOB_FOLLOW, NULL, FOTA_RESULT_FAILED_FOR_GOOD,
     FOTA_MODULE_ERROR_QUESTION_EXPIRED, OLD, " AT+GMR AT+WHAT? AT+CLOSE", .asks = ""},
    /* fotad may have said yes: it does not say so again, and waits for what the module does. */
    {"asked/resume-begun", &asked, FOTA_JOB_RESUME, "AT+FOLLOW", FOTA_RESULT_DONE, NO_ERROR, NEW,
     " <installing> AT+GMR AT+WHAT? AT+CLOSE AT+FOLLOW gone back AT+GMR", .asks = BEGUN},
    {"asked/resume-late", &asked, FOTA_JOB_RESUME, "AT+WHAT?", FOTA_RESULT_DONE, NO_ERROR, NEW,
     " <installing> AT+GMR AT+WHAT? AT+CLOSE gone back AT+GMR", .asks = ""},
    {"asked/resume-nothing", &asked, FOTA_JOB_RESUME, NULL, FOTA_RESULT_FAILED_FOR_GOOD,
     FOTA_MODULE_ERROR_QUESTION_EXPIRED, OLD,
     " <installing> AT+GMR AT+WHAT? AT+CLOSE AT+GMR AT+WHAT? AT+CLOSE AT+GMR AT+WHAT? AT+CLOSE",
     .asks = "", .model = "BRIEF"},
    {"asked/resume-asks-again", &asked, FOTA_JOB_RESUME, NULL, FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_OLD_VERSION, OLD, " <installing> AT+GMR AT+WHAT? AT+CLOSE", .asks = NEW},
    {"asked/listen", &asked, FOTA_JOB_LISTEN, NULL, FOTA_RESULT_DONE, NO_ERROR, OLD,
     " AT+GMR AT+WHAT? AT+CLOSE", .asks = NEW},
    {"asked/listen-in-vain", &asked, FOTA_JOB_LISTEN, NULL, FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_MODULE_REFUSED, OLD, " AT+GMR AT+WHAT? AT+CLOSE", .refuses = "AT+WHAT?"},
    {"asked/no", &asked, FOTA_JOB_ANSWER, NULL, FOTA_RESULT_DONE, NO_ERROR, OLD,
     " AT+GMR AT+WHAT? AT+CLOSE AT+NO AT+CLOSE", .asks = NEW, .answers = FOTA_ANSWER_REJECT},
    {"asked/no-question", &asked, FOTA_JOB_ANSWER, NULL, FOTA_RESULT_DONE, NO_ERROR, OLD,
     " AT+GMR AT+WHAT? AT+CLOSE", .asks = "", .answers = FOTA_ANSWER_REJECT},
    /* A question during an update of ours is put off before the order, and does not end it. */
    {"pull/asked", &pull, FOTA_JOB_UPDATE, "AT+INSTALL", FOTA_RESULT_DONE, NO_ERROR, NEW,
     BEGIN " AT+PULL AT+CLOSE AT+CHECK AT+CLOSE <downloaded> AT+WHAT? AT+CLOSE AT+NO AT+CLOSE" ORDER
     " AT+INSTALL" RETURN, .asks = NEW, .beside = &asked},
    {"pull/not-asked", &pull, FOTA_JOB_UPDATE, "AT+INSTALL", FOTA_RESULT_DONE, NO_ERROR, NEW,
     BEGIN " AT+PULL AT+CLOSE AT+CHECK AT+CLOSE <downloaded> AT+WHAT? AT+CLOSE" ORDER
     " AT+INSTALL" RETURN, .asks = "", .beside = &asked},
    {"pull/question-unread", &pull, FOTA_JOB_UPDATE, "AT+INSTALL", FOTA_RESULT_DONE, NO_ERROR, NEW,
     BEGIN " AT+PULL AT+CLOSE AT+CHECK AT+CLOSE <downloaded> AT+WHAT? AT+CLOSE" ORDER
     " AT+INSTALL" RETURN, .refuses = "AT+WHAT?", .beside = &asked},
    /* The first of two questions: no mark, no order; the next one is what it ends with. */
    {"asked/first", &asked, FOTA_JOB_FOLLOW, NULL, FOTA_RESULT_DONE, NO_ERROR, OLD,
     " AT+GMR AT+WHAT? AT+CLOSE AT+CGDCONT? AT+LOAD AT+CLOSE AT+WHAT? AT+CLOSE", .asks = FIRST,
     .then = NEW},
    {"asked/first-refused", &asked, FOTA_JOB_FOLLOW, NULL, FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_MODULE_REFUSED, OLD,
     " AT+GMR AT+WHAT? AT+CLOSE AT+CGDCONT? AT+LOAD AT+CLOSE", .asks = FIRST,
     .refuses = "AT+LOAD"},
    {"asked/first-in-vain", &asked, FOTA_JOB_FOLLOW, NULL, FOTA_RESULT_FAILED_FOR_GOOD,
     FOTA_MODULE_ERROR_QUESTION_EXPIRED, OLD,
     " AT+GMR AT+WHAT? AT+CLOSE AT+CGDCONT? AT+LOAD AT+CLOSE AT+WHAT? AT+CLOSE", .asks = FIRST,
     .then = ""},
    /* It does not ask again, but installs: from then on an order may be out. */
    {"asked/first-then-begun", &asked, FOTA_JOB_FOLLOW, "AT+FOLLOW", FOTA_RESULT_DONE, NO_ERROR, NEW,
     " AT+GMR AT+WHAT? AT+CLOSE AT+CGDCONT? AT+LOAD AT+CLOSE AT+WHAT? AT+CLOSE <installing> AT+GMR"
     " AT+FOLLOW" RETURN, .asks = FIRST, .then = BEGUN},
    {"asked/first-then-gone", &asked, FOTA_JOB_FOLLOW, "AT+LOAD", FOTA_RESULT_DONE, NO_ERROR, NEW,
     " AT+GMR AT+WHAT? AT+CLOSE AT+CGDCONT? AT+LOAD AT+CLOSE <installing> AT+GMR AT+FOLLOW" RETURN,
     .asks = FIRST},
    {"asked/stopped", &asked, FOTA_JOB_FOLLOW, NULL, FOTA_RESULT_DONE, NO_ERROR, OLD,
     " AT+GMR AT+WHAT? AT+CLOSE" ORDER, .asks = NEW, .stops_at = FOTA_MARK_INSTALLING},
    {"asked/refused", &asked, FOTA_JOB_FOLLOW, NULL, FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_MODULE_REFUSED, OLD,
     " AT+GMR AT+WHAT? AT+CLOSE" ORDER " AT+YES AT+GMR AT+CGDCONT?", .asks = NEW,
     .refuses = "AT+YES"},
};
/* clang-format on */

static void
check_delta(const Case *c, const Module *module)
{
    if (c->method == &feed && c->kind == FOTA_JOB_UPDATE && c->result == FOTA_RESULT_DONE &&
        !c->rehearsal)
        g_assert_cmpmem(module->received->data, module->received->len, DELTA, strlen(DELTA));
    if (c->method == &feed_one && c->result == FOTA_RESULT_DONE)
        g_assert_cmpmem(module->received->data + 3, strlen(DELTA), DELTA, strlen(DELTA));
}

static void
check_end(const Case *c, const FotaSteps *steps, const char *log, const GError *error)
{
    g_assert_cmpstr(log, ==, c->log);
    if (c->code == NO_ERROR)
        g_assert_no_error(error);
    else if (c->code == CANCELLED)
        g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    else
        g_assert_error(error, FOTA_MODULE_ERROR, c->code);
    g_assert_cmpstr(steps->version, ==, c->version);
    /* A module that falls silent has left as well as one whose port goes away. What it was told to
     * do once more does not count. */
    g_assert_cmpuint(steps->restarts, ==,
                     (strstr(log, "gone") != NULL || g_strcmp0(c->model, "SILENT") == 0) &&
                         strstr(log, "<installing> AT+GMR AT+RESET") == NULL);
    g_assert_cmpint(steps->ordered, ==,
                    strstr(log, "<installing>") != NULL && c->stops_at == FOTA_MARK_NONE &&
                        c->kind != FOTA_JOB_RESUME);
    g_assert_cmpint(steps->downloaded, ==, c->stops_at == FOTA_MARK_DOWNLOADED);
    g_assert_cmpint(steps->question.kind, ==,
                    (c->kind == FOTA_JOB_LISTEN && c->asks != NULL) ||
                            (c->kind == FOTA_JOB_RESUME && g_strcmp0(c->asks, NEW) == 0) ||
                            g_strcmp0(c->then, NEW) == 0
                        ? FOTA_QUESTION_INSTALL
                        : FOTA_QUESTION_NONE);
}

static void
test_case(gconstpointer data)
{
    const Case *c = data;
    const FotaUpdate update = {.struct_size = sizeof(FotaUpdate),
                               .from = OLD,
                               .to = NEW,
                               .user = "",
                               .password = "",
                               .size = strlen(DELTA),
                               .rehearsal = c->rehearsal};
    g_autoptr(GKeyFile) models = g_key_file_new();
    g_autoptr(GHashTable) remembered =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GCancellable) ending = g_cancellable_new();
    g_autoptr(GByteArray) received = g_byte_array_new();
    g_autoptr(GString) log = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    const FotaVendor its_vendor = {.table = &plugin, .models = models};
    const FotaNetwork network = {0};
    Module module = {.channel.klass = &port,
                     .leaves_on = c->leaves_on,
                     .refuses = c->refuses,
                     .cancelled_at = c->cancelled_at,
                     .asks = c->asks != NULL ? c->asks : "",
                     .then = c->then,
                     .silent = g_strcmp0(c->model, "SILENT") == 0,
                     .in_vain = c->in_vain,
                     .off = c->off,
                     .version = OLD,
                     .cancellable = cancellable,
                     .received = received,
                     .raw = c->raw != NULL ? c->raw : "",
                     .log = log};
    const FotaSessionSetup setup = {.vendor = &its_vendor,
                                    .imei = "353081090012345",
                                    .model = c->model != NULL ? c->model : "TEST",
                                    .network = &network,
                                    .settings = remembered,
                                    .update = &update,
                                    .cancellable = cancellable,
                                    .ending = ending,
                                    .report = on_report,
                                    .guard = on_guard,
                                    .user_data = &module};
    g_autoptr(FotaSession) session = fota_session_new(&setup);
    int delta = c->unfed ? -1 : open_delta();
    FotaSteps steps = {.kind = c->kind,
                       .rehearsal = c->rehearsal,
                       .method = c->method,
                       .settings = settings,
                       .update = &update,
                       .session = session,
                       .commit = on_commit,
                       .power = c->powerless ? NULL : on_power,
                       .user_data = &module,
                       .verify = c->altered ? refuse_delta : NULL,
                       .delta = delta,
                       .approved = !c->begun,
                       .answer = c->answers,
                       .asked = c->beside};

    g_assert_true(g_key_file_load_from_data(models, MODELS, strlen(MODELS), 0, NULL));
    fota_session_set_channel(session, &module.channel);
    stops_at = c->stops_at;
    if (c->method == &feed_one && c->kind == FOTA_JOB_RESUME)
        g_hash_table_insert(remembered, g_strdup(FOTA_JOB_POWER), g_strdup("1"));
    g_assert_cmpint(fota_steps_run(&steps, &error), ==, c->result);
    check_end(c, &steps, log->str, error);
    if (!c->rehearsal && (c->kind == FOTA_JOB_UPDATE || c->kind == FOTA_JOB_FOLLOW))
        g_assert_cmpstr(g_hash_table_lookup(remembered, FOTA_JOB_METHOD), ==, c->method->name);
    if (strstr(c->log, "<installing>") != NULL && c->method->restarts == FOTA_RESTART_BY_POWER)
        g_assert_cmpstr(g_hash_table_lookup(remembered, FOTA_JOB_POWER), ==, "1");
    check_delta(c, &module);
    fota_steps_clear(&steps);
    if (delta >= 0)
        close(delta);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/methods/", cases[i].name, NULL);

        g_test_add_data_func(path, &cases[i], test_case);
    }
    return g_test_run();
}
