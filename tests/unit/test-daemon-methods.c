/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/fota-error.h"
#include "daemon/job/fota-steps.h"
#include "tests/unit/fake-methods.h"
#include "tests/unit/fake-module.h"

/*
 * Every route and commit point of the plugin boundary: the plugin has a method for each, and runs
 * on the daemon's own steps and session against a module that is scripted. What passes between them
 * is one text: commands, raw data, marks, and the module's comings and goings.
 */

#define DELTA "0123456789"

#define MODELS                                                                                     \
    "[*]\nRestarts=1\nApplyTime=1\nReturnLimit=60\nSettleTime=1\nVersionTime=5\nVersionPause=0\n"  \
    "AidTime=1\nSafeRungs=at-again\n[SILENT]\nAway=silence\n[BRIEF]\nReturnLimit=1\n"

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

    module_note(user_data, names[mark]);
    *answer = mark == stops_at ? FOTA_COMMIT_STOP : FOTA_COMMIT_GO;
    return TRUE;
}

static gboolean
on_save(gpointer user_data, GError **error)
{
    Module *module = user_data;

    module_note(module, "<saved>");
    if (!module->unwritable)
        return TRUE;
    g_set_error(error, FOTA_ERROR, FOTA_ERROR_RECORD_NOT_WRITABLE, "full");
    return FALSE;
}

static gboolean
on_power(gpointer user_data, GError **error)
{
    Module *module = user_data;

    module_note(module, "power");
    if (module->unpowered) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_FIRST_AID_FAILED, "still off");
        return FALSE;
    }
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
    int code;            /* FotaModuleError, or one of those below */
    const char *version; /* NULL = none was read */
    const char *log;     /* what passes */
    const char *refuses, *cancelled_at, *lost_at, *asks, *then, *model, *raw;
    FotaMark stops_at;
    gboolean unfed, altered, powerless, rehearsal, in_vain, off, unpowered, unwritable;
    gboolean inert;           /* so that a rehearsal brings the delta in */
    gboolean begun;           /* what the module has not asked about */
    gboolean first;           /* the first of two questions was approved, it asks the second */
    FotaAnswer answers;       /* to what it asks */
    const FotaMethod *beside; /* the method that knows of questions meanwhile */
} Case;

#define NO_ERROR (-1)
#define CANCELLED (-2)
#define PORT_LOST (-FOTA_ERROR_NO_AT_PORT)
#define UNPOWERED (-FOTA_ERROR_FIRST_AID_FAILED)
#define UNWRITTEN (-FOTA_ERROR_RECORD_NOT_WRITABLE)
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
    /* The delta itself is loaded: that this may leave the module in data mode is on disk before. */
    {"feed/rehearsed-inert", &feed, FOTA_JOB_UPDATE, NULL, FOTA_RESULT_DONE, NO_ERROR, OLD,
     " AT+GMR <saved> AT+FEED [10 bytes] AT+CLOSE AT+CHECK AT+CLOSE", .raw = "AA",
     .rehearsal = TRUE, .inert = TRUE},
    {"feed/rehearsed-in-vain", &feed, FOTA_JOB_UPDATE, NULL, FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_MODULE_SILENT, OLD, " AT+GMR <saved> AT+FEED AT+CLOSE", .raw = "A",
     .rehearsal = TRUE, .inert = TRUE},
    {"feed/rehearsed-unwritten", &feed, FOTA_JOB_UPDATE, NULL, FOTA_RESULT_TRY_LATER, UNWRITTEN,
     OLD, " AT+GMR <saved> AT+CLOSE", .rehearsal = TRUE, .inert = TRUE, .unwritable = TRUE},
    {"pull/rehearsed", &pull, FOTA_JOB_UPDATE, NULL, FOTA_RESULT_DONE, NO_ERROR, OLD,
     " AT+GMR <saved> AT+PULL AT+CLOSE", .rehearsal = TRUE},
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
    /* What is not of the module tells nothing of the order, nor does the version before it. */
    {"feed-one/unpowered", &feed_one, FOTA_JOB_UPDATE, "data", FOTA_RESULT_FAILED_FOR_NOW,
     UNPOWERED, NULL, BEGIN ORDER " AT+XMODEM [134 bytes] gone power", .raw = "\x06\x06",
     .unpowered = TRUE},
    {"feed-one/disturbed", &feed_one, FOTA_JOB_UPDATE, NULL, FOTA_RESULT_FAILED_FOR_NOW, PORT_LOST,
     NULL, BEGIN ORDER " AT+XMODEM", .raw = "\x06!"},
    {"pull-one/lost", &pull_one, FOTA_JOB_UPDATE, NULL, FOTA_RESULT_FAILED_FOR_NOW, PORT_LOST, NULL,
     BEGIN ORDER, .lost_at = "AT+PULL"},
    {"feed/lost", &feed, FOTA_JOB_INSTALL, NULL, FOTA_RESULT_FAILED_FOR_NOW, PORT_LOST, NULL,
     " <downloaded> AT+GMR" ORDER " AT+INSTALL", .lost_at = "AT+RESET"},
    {"feed/resume-lost", &feed, FOTA_JOB_RESUME, NULL, FOTA_RESULT_FAILED_FOR_NOW, PORT_LOST, NULL,
     " <installing> AT+GMR", .lost_at = "AT+RESET"},
    {"asked/resume-lost", &asked, FOTA_JOB_RESUME, NULL, FOTA_RESULT_FAILED_FOR_NOW, PORT_LOST,
     NULL, " <installing> AT+GMR AT+CLOSE", .asks = "", .lost_at = "AT+WHAT?"},
    /* Before the order it holds: the module has not been changed. */
    {"feed/disturbed", &feed, FOTA_JOB_UPDATE, NULL, FOTA_RESULT_FAILED_FOR_NOW, PORT_LOST, OLD,
     BEGIN " AT+FEED AT+CLOSE", .raw = "A!"},
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
    /* What was approved is answered already: the second approval is still to come. */
    {"asked/first-answered", &asked, FOTA_JOB_FOLLOW, NULL, FOTA_RESULT_DONE, NO_ERROR, OLD,
     " AT+GMR AT+WHAT? AT+CLOSE", .asks = NEW, .first = TRUE},
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

/* From the mark on, or from a save without one, it may be, until it has answered the last of it. */
static void
check_transfer(const Case *c, const Module *module, GHashTable *remembered)
{
    gboolean noted =
        c->kind == FOTA_JOB_UPDATE &&
        (strstr(c->log, "<downloading>") != NULL || strstr(c->log, "<saved>") != NULL);

    g_assert_cmpint(g_strcmp0(g_hash_table_lookup(remembered, FOTA_JOB_TRANSFER), "1") == 0, ==,
                    noted && !module->transferred);
}

static void
check_end(const Case *c, const FotaSteps *steps, const char *log, const GError *error)
{
    g_assert_cmpstr(log, ==, c->log);
    if (c->code == NO_ERROR)
        g_assert_no_error(error);
    else if (c->code == CANCELLED)
        g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    else if (c->code < 0)
        g_assert_error(error, FOTA_ERROR, -c->code);
    else
        g_assert_error(error, FOTA_MODULE_ERROR, c->code);
    g_assert_cmpstr(steps->version, ==, c->version);
    /* A module that falls silent has left as well as one whose port goes away. What it was told to
     * do once more does not count. */
    g_assert_cmpuint(steps->restarts, ==,
                     (strstr(log, "gone") != NULL || g_strcmp0(c->model, "SILENT") == 0) &&
                         !c->unpowered && strstr(log, "<installing> AT+GMR AT+RESET") == NULL);
    g_assert_cmpint(steps->ordered, ==,
                    strstr(log, "<installing>") != NULL && c->stops_at == FOTA_MARK_NONE &&
                        c->kind != FOTA_JOB_RESUME);
    g_assert_cmpint(steps->downloaded, ==,
                    c->stops_at == FOTA_MARK_DOWNLOADED ||
                        (c->inert && c->result == FOTA_RESULT_DONE));
    g_assert_cmpint(steps->question.kind, ==,
                    (c->kind == FOTA_JOB_LISTEN && c->asks != NULL) ||
                            (c->kind == FOTA_JOB_RESUME && g_strcmp0(c->asks, NEW) == 0) ||
                            g_strcmp0(c->then, NEW) == 0 || c->first
                        ? FOTA_QUESTION_INSTALL
                        : FOTA_QUESTION_NONE);
}

static Module
make_module(const Case *c, GCancellable *cancellable, GCancellable *disturbance,
            GByteArray *received, GString *log)
{
    return (Module){.channel.klass = &port,
                    .leaves_on = c->leaves_on,
                    .refuses = c->refuses,
                    .cancelled_at = c->cancelled_at,
                    .lost_at = c->lost_at,
                    .asks = c->asks != NULL ? c->asks : "",
                    .then = c->then,
                    .silent = g_strcmp0(c->model, "SILENT") == 0,
                    .in_vain = c->in_vain,
                    .off = c->off,
                    .unpowered = c->unpowered,
                    .unwritable = c->unwritable,
                    .version = OLD,
                    .cancellable = cancellable,
                    .disturbance = disturbance,
                    .received = received,
                    .raw = c->raw != NULL ? c->raw : "",
                    .log = log};
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
                               .rehearsal = c->rehearsal && !c->inert};
    g_autoptr(GKeyFile) models = g_key_file_new();
    g_autoptr(GHashTable) remembered =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GCancellable) disturbance = g_cancellable_new();
    g_autoptr(GCancellable) ending = g_cancellable_new();
    g_autoptr(GByteArray) received = g_byte_array_new();
    g_autoptr(GString) log = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    const FotaVendor its_vendor = {.table = &plugin, .models = models};
    const FotaNetwork network = {0};
    Module module = make_module(c, cancellable, disturbance, received, log);
    const FotaSessionSetup setup = {.vendor = &its_vendor,
                                    .imei = "353081090012345",
                                    .model = c->model != NULL ? c->model : "TEST",
                                    .network = &network,
                                    .settings = remembered,
                                    .update = &update,
                                    .cancellable = cancellable,
                                    .ending = ending,
                                    .disturbance = disturbance,
                                    .report = on_report,
                                    .save = on_save,
                                    .guard = on_guard,
                                    .user_data = &module};
    g_autoptr(FotaSession) session = fota_session_new(&setup);
    int delta = c->unfed ? -1 : open_delta();
    FotaSteps steps = {.kind = c->kind,
                       .rehearsal = c->rehearsal,
                       .method = c->method,
                       .settings = plugin.settings,
                       .update = &update,
                       .session = session,
                       .commit = on_commit,
                       .power = c->powerless ? NULL : on_power,
                       .user_data = &module,
                       .verify = c->altered ? refuse_delta : NULL,
                       .delta = delta,
                       .approved = c->begun ? FOTA_QUESTION_NONE
                                   : c->first || g_strcmp0(c->asks, FIRST) == 0
                                       ? FOTA_QUESTION_DOWNLOAD_FIRST
                                       : FOTA_QUESTION_INSTALL,
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
    check_transfer(c, &module, remembered);
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
