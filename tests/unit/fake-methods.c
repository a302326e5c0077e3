/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/fake-methods.h"

#include <string.h>

/* One command a function. */

static FotaResult
order(FotaSession *session, const char *command, FotaResult otherwise, GError **error)
{
    return fota_session_order(session, command, 0, error) ? FOTA_RESULT_DONE : otherwise;
}

static FotaResult
fake_inspect(FotaSession *session, char **version, GError **error)
{
    return fota_session_read_version(session, "AT+GMR", version, error);
}

static FotaResult
fake_outcome(FotaSession *session, const FotaUpdate *update, char **version, GError **error)
{
    return fake_inspect(session, version, error);
}

static FotaResult
fake_ask(FotaSession *session, FotaVendorOffer *offer, GError **error)
{
    offer->version = fota_session_query(session, "AT+ASK", "+ASK:", 0, error);
    return offer->version != NULL ? FOTA_RESULT_DONE : FOTA_RESULT_FAILED_FOR_NOW;
}

static FotaResult
fake_download(FotaSession *session, const FotaUpdate *update, GError **error)
{
    return order(session, "AT+PULL", FOTA_RESULT_FAILED_FOR_NOW, error);
}

static FotaResult
fake_validate(FotaSession *session, const FotaUpdate *update, GError **error)
{
    return order(session, "AT+CHECK", FOTA_RESULT_WRONG_BASE, error);
}

static FotaResult
fake_install(FotaSession *session, const FotaUpdate *update, GError **error)
{
    return order(session, "AT+INSTALL", FOTA_RESULT_REFUSED, error);
}

static FotaResult
fake_restart(FotaSession *session, const FotaUpdate *update, GError **error)
{
    return order(session, "AT+RESET", FOTA_RESULT_FAILED_FOR_NOW, error);
}

static FotaResult
fake_discard(FotaSession *session, const FotaUpdate *update, GError **error)
{
    return order(session, "AT+DROP", FOTA_RESULT_FAILED_FOR_NOW, error);
}

/* Blocks of four bytes, each acknowledged; the module counts. */
static FotaResult
fake_load(FotaSession *session, const FotaUpdate *update, int fd, GError **error)
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
fake_load_xmodem(FotaSession *session, const FotaUpdate *update, int fd, GError **error)
{
    g_auto(GStrv) lines = NULL;

    if (!fota_session_send_xmodem(session, "AT+XMODEM", fd, update->size, 128, 0, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    lines = fota_session_end_data(session, 0, 0, error);
    return lines != NULL ? FOTA_RESULT_DONE : FOTA_RESULT_FAILED_FOR_NOW;
}
static FotaResult
fake_questions(FotaSession *session, FotaQuestion *question, GError **error)
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
fake_answer(FotaSession *session, const FotaQuestion *question, FotaAnswer answer, guint seconds,
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
fake_close(FotaSession *session)
{
    fota_session_order(session, "AT+CLOSE", 0, NULL);
}

#define BOTH                                                                                       \
    .size = sizeof(FotaMethod), .inspect = fake_inspect, .outcome = fake_outcome,                  \
    .close = fake_close

/* clang-format off */
const FotaMethod pull = {BOTH, .name = "pull", .route = FOTA_ROUTE_PULL,
    .download = fake_download, .validate = fake_validate, .install = fake_install};
const FotaMethod pull_power = {BOTH, .name = "pull-power", .route = FOTA_ROUTE_PULL,
    .restarts = FOTA_RESTART_BY_POWER, .download = fake_download, .install = fake_install};
const FotaMethod pull_one = {BOTH, .name = "pull-one", .route = FOTA_ROUTE_PULL,
    .commit = FOTA_COMMIT_POINT_DOWNLOAD, .download = fake_download};
const FotaMethod feed = {BOTH, .name = "feed", .route = FOTA_ROUTE_FEED,
    .needs = FOTA_NEEDS_TTY, .restarts = FOTA_RESTART_BY_COMMAND,
    .load = fake_load, .validate = fake_validate, .install = fake_install, .restart = fake_restart};
const FotaMethod feed_one = {BOTH, .name = "feed-one", .route = FOTA_ROUTE_FEED,
    .commit = FOTA_COMMIT_POINT_DOWNLOAD, .needs = FOTA_NEEDS_TTY | FOTA_NEEDS_INHIBITION,
    .restarts = FOTA_RESTART_BY_POWER, .load = fake_load_xmodem};
const FotaMethod vendor = {BOTH, .name = "vendor", .route = FOTA_ROUTE_VENDOR,
    .needs = FOTA_NEEDS_NO_BEARER, .ask = fake_ask,
    .download = fake_download, .discard = fake_discard, .install = fake_install};
const FotaMethod vendor_one = {BOTH, .name = "vendor-one", .route = FOTA_ROUTE_VENDOR,
    .commit = FOTA_COMMIT_POINT_DOWNLOAD, .ask = fake_ask, .download = fake_download};
const FotaMethod asked = {BOTH, .name = "asked", .route = FOTA_ROUTE_ASKED,
    .needs = FOTA_NEEDS_UNSOLICITED, .questions = fake_questions, .answer = fake_answer};
/* clang-format on */

static const FotaSetting settings[] = {{.name = "+CGDCONT"}, {.name = NULL}};
const FotaPlugin plugin = {
    .abi = FOTA_PLUGIN_ABI, .size = sizeof(FotaPlugin), .name = "test", .settings = settings};
