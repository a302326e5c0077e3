/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-huawei.h"
#include <gio/gio.h>
#include <string.h>

/* Each step of an update, command by command. */

typedef enum {
    ASK,
    DOWNLOAD,
    DISCARD,
    INSTALL,
    OUTCOME
} Function;

typedef struct {
    const char *name;
    Function function;
    FotaResult result;
    int code;         /* of FOTA_MODULE_ERROR, when @result is not DONE */
    const char *says; /* in the error, or else in the notes */
    const char *held; /* the offer that is remembered; NULL = none */
    const char *model;
    FakeExchange script[26];
} Case;

#define DONE FOTA_RESULT_DONE, 0
#define FOR_NOW(error) FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_##error
#define FOR_GOOD(error) FOTA_RESULT_FAILED_FOR_GOOD, FOTA_MODULE_ERROR_##error
#define LATER FOTA_RESULT_TRY_LATER, FOTA_MODULE_ERROR_MODULE_REFUSED
#define WRONG_BASE FOTA_RESULT_WRONG_BASE, FOTA_MODULE_ERROR_WRONG_BASE

#define UNNAMED                                                                                    \
    {STATE("12")}, {STATE("12")}, {STATE("12")}, {STATE("12")},                                    \
    {                                                                                              \
        STATE("12")                                                                                \
    }

/* clang-format off */
static const Case cases[] = {
    {"ask/offer", ASK, DONE, NULL, NULL, NULL,
     {ASKED, {OFFER}, {DECLINE}, {STATE("10")}, END}},
    {"ask/nothing", ASK, DONE, NULL, NULL, NULL, {ASKED, {SAYS("14")}, END}},
    {"ask/failed", ASK, FOR_NOW(DELTA_MISSING), "13,51", NULL, NULL, {ASKED, {SAYS("13,51")}, END}},
    {"ask/no-server", ASK, FOR_NOW(DELTA_SERVER_UNREACHABLE), "not reached", NULL, NULL,
     {ASKED, {SAYS("13,13")}, END}},
    {"ask/failed-without-a-number", ASK, FOR_NOW(DELTA_SERVER_UNREACHABLE), "13", NULL, NULL,
     {ASKED, {SAYS("13")}, END}},
    {"ask/unknown-number", ASK, FOR_NOW(DELTA_SERVER_UNREACHABLE), "not published", NULL, NULL,
     {ASKED, {SAYS("13,77")}, END}},
    {"ask/busy", ASK, LATER, "13,54", NULL, NULL, {ASKED, {SAYS("13,54")}, END}},
    {"ask/failed-and-idle-at-once", ASK, FOR_NOW(DELTA_MISSING), "13,51", NULL, NULL,
     {ASKED, {STATE("13,51\n^FOTASTATE: 10")}, END}},
    {"ask/silent-end", ASK, FOR_NOW(DELTA_SERVER_UNREACHABLE), "without saying why", NULL, NULL,
     {ASKED, {STATE("10")}, {STATE("10")}, END}},
    {"ask/idle-once-is-no-end", ASK, DONE, NULL, NULL, NULL,
     {ASKED, {STATE("10")}, {SAYS("11")}, {STATE("10")}, {SAYS("14")}, END}},
    {"ask/idle-reported-before", ASK, DONE, NULL, NULL, NULL,
     {ASKED, {"|" FAKE_URC, "^FOTASTATE: 10"}, {"|" POLL, "^FOTASTATE: 11"},
      {"|" FAKE_URC, "^FOTASTATE: 10"}, {"|" POLL, "^FOTASTATE: 11"}, {SAYS("14")}, END}},
    {"ask/idle-reported-and-told-is-one", ASK, DONE, NULL, NULL, NULL,
     {ASKED, {"|" FAKE_URC, "^FOTASTATE: 10"}, {STATE("10")}, {SAYS("14")}, END}},
    {"ask/collision", ASK, LATER, "data call", NULL, NULL,
     {BEFORE, {STATE("10")}, {"AT^FOTADET", "!FOTA is in collision state"}, END}},
    {"ask/previous-command", ASK, LATER, "data call", NULL, NULL,
     {BEFORE, {STATE("10")}, {"AT^FOTADET", "!Previous command is not complete"}, END}},
    {"ask/pin", ASK, LATER, "PIN", NULL, NULL,
     {BEFORE, {STATE("10")}, {"AT^FOTADET", "!11"}, END}},
    {"ask/refused", ASK, FOR_NOW(MODULE_REFUSED), "does not ask", NULL, NULL,
     {BEFORE, {STATE("10")}, {"AT^FOTADET", "!ERROR"}, END}},
    {"ask/silent", ASK, FOR_NOW(MODULE_SILENT), NULL, NULL, NULL,
     {BEFORE, {STATE("10")}, {"AT^FOTADET", "?"}, END}},
    {"ask/no-answer-twice", ASK, DONE, NULL, NULL, NULL,
     {BEFORE, {POLL, "?"}, {POLL, "?"}, {STATE("10")}, {DETECT}, {SAYS("14")}, END}},
    {"ask/no-answer-three-times", ASK, FOR_NOW(MODULE_SILENT), NULL, NULL, NULL,
     {BEFORE, {POLL, "?"}, {POLL, "?"}, {POLL, "?"}, END}},
    {"ask/no-state", ASK, FOR_NOW(BAD_ANSWER), NULL, NULL, NULL, {BEFORE, {POLL, "x"}, END}},
    {"ask/bad-state", ASK, FOR_NOW(BAD_ANSWER), NULL, NULL, NULL,
     {BEFORE, {STATE("10 or so")}, END}},
    {"ask/huge-state", ASK, FOR_NOW(BAD_ANSWER), NULL, NULL, NULL,
     {BEFORE, {STATE("4294967306")}, END}}, /* 10 in 32 bits */
    {"ask/state-not-told-once", ASK, DONE, NULL, NULL, NULL,
     {ASKED, {"|" FAKE_URC, "^FOTASTATE: 10"}, {POLL, "!ERROR"}, {"|" FAKE_URC, "^FOTASTATE: 10"},
      {POLL, "nonsense"}, {SAYS("14")}, END}},
    {"ask/gone", ASK, FOR_NOW(MODULE_GONE), NULL, NULL, NULL, {ASKED, {POLL, "-"}, END}},
    {"ask/left-over-offer", ASK, DONE, NULL, NULL, "ME909u-523",
     {BEFORE, {STATE("12")}, {DECLINE}, {STATE("10")}, {DETECT}, {SAYS("11")}, {SAYS("14")}, END}},
    {"ask/left-over-result", ASK, DONE, NULL, NULL, NULL,
     {BEFORE, {STATE("90")}, {"AT^FOTADL=0", "!ERROR"}, {STATE("90")}, {DETECT}, {SAYS("14")}, END}},
    {"ask/asked-by-another", ASK, DONE, NULL, NULL, NULL,
     {BEFORE, {STATE("11")}, {OFFER}, {DECLINE}, {STATE("10")}, END}},
    {"ask/asked-by-another-in-vain", ASK, FOR_NOW(DELTA_SERVER_UNREACHABLE), "not got", NULL, NULL,
     {BEFORE, {STATE("11")}, {STATE("10")}, {STATE("10")}, END}},
    {"ask/unknown-delta", ASK, DONE, NULL, NULL, NULL,
     {BEFORE, {STATE("40")}, {DECLINE}, {STATE("10")}, {DETECT}, {SAYS("14")}, END}},
    {"ask/unknown-delta-stays", ASK, LATER, "next start", NULL, NULL,
     {BEFORE, {STATE("40")}, {"AT^FOTADL=0", "!ERROR"}, {STATE("40")}, END}},
    {"ask/unknown-download", ASK, DONE, NULL, NULL, "ME909u-523",
     {BEFORE, {STATE("30")}, {"AT^FOTADL=2", ""}, {DECLINE}, {STATE("10")}, {DETECT}, {SAYS("14")},
      END}},
    {"ask/own-delta", ASK, DONE, NULL, OFFER_FIELDS, NULL, {BEFORE, {STATE("40")}, END}},
    {"ask/own-download", ASK, DONE, NULL, OFFER_FIELDS, NULL, {BEFORE, {STATE("31")}, END}},
    {"ask/unknown-state", ASK, LATER, "do not list", NULL, NULL,
     {BEFORE, {STATE("77")}, {"AT^FOTADL=0", "!ERROR"}, {STATE("77")}, END}},
    /* As in the guides' examples, ^FOTASTATE? does not name the version; its report does. */
    {"ask/version-told-beside", ASK, DONE, NULL, NULL, NULL,
     {ASKED, {STATE("12," OFFER_FIELDS "\n^FOTASTATE: 12")}, {DECLINE}, {STATE("10")}, END}},
    {"ask/version-told-behind", ASK, DONE, NULL, NULL, NULL,
     {ASKED, {STATE("12\n^FOTASTATE: 12," OFFER_FIELDS)}, {DECLINE}, {STATE("10")}, END}},
    {"ask/version-told-later", ASK, DONE, NULL, NULL, NULL,
     {ASKED, {STATE("12")}, {STATE("12")}, {OFFER}, {DECLINE}, {STATE("10")}, END}},
    {"ask/version-told-with-blanks-alone", ASK, DONE, NULL, NULL, NULL,
     {ASKED, {STATE("12, ,79114")}, {OFFER}, {DECLINE}, {STATE("10")}, END}},
    {"ask/cancelled-before-the-version", ASK, FOTA_RESULT_FAILED_FOR_NOW, -1, NULL, NULL, NULL,
     {ASKED, {STATE("12")}, {FAKE_CANCEL, ""}, {DECLINE}, END}},
    {"ask/offer-stays", ASK, LATER, "12", NULL, NULL,
     {ASKED, {OFFER}, {"AT^FOTADL=0", "!ERROR"}, {STATE("12," OFFER_FIELDS)}, END}},
    {"ask/reports-off", ASK, DONE, NULL, NULL, NULL,
     {{"|AT^CURC?", "^CURC: 0"}, {"|AT^CURC=1", ""}, {CALL}, {MODE}, {STATE("10")}, {DETECT},
      {SAYS("14")}, {"|AT^CURC=0", ""}, END}},
    {"ask/no-reports", ASK, DONE, NULL, NULL, NULL,
     {{"|AT^CURC?", "!ERROR"}, {CALL}, {MODE}, {STATE("10")}, {DETECT}, {SAYS("14")}, END}},
    {"ask/call-refused", ASK, FOR_NOW(MODULE_REFUSED), NULL, NULL, NULL,
     {{REPORTS}, {"AT^FOTACFG=\"1234\",\"\",\"\",2", "!ERROR"}, END}},
    {"ask/mode-refused", ASK, FOR_NOW(MODULE_REFUSED), NULL, NULL, NULL,
     {{REPORTS}, {CALL}, {"AT^FOTAMODE=0,0,0,1", "!4"}, END}},

    {"download/whole", DOWNLOAD, DONE, NULL, NULL, NULL,
     {BEGUN, {SAYS("30")}, {FILES("47104")}, {SAYS("40")}, END}},
    {"download/nothing-any-more", DOWNLOAD, FOR_NOW(DELTA_MISSING), "any more", NULL, NULL,
     {ASKED, {SAYS("14")}, END}},
    {"download/another-version", DOWNLOAD, FOR_GOOD(UNEXPECTED_VERSION), "12.815.01.05.00", NULL, NULL,
     {ASKED, {SAYS("12,12.815.01.05.00,79114,\"\"")}, {DECLINE}, {STATE("10")}, END}},
    {"download/refused", DOWNLOAD, FOR_NOW(MODULE_REFUSED), "does not download", NULL, NULL,
     {ASKED, {OFFER}, {"AT^FOTADL=1", "!ERROR"}, END}},
    {"download/collision", DOWNLOAD, LATER, "data call", NULL, NULL,
     {ASKED, {OFFER}, {"AT^FOTADL=1", "!FOTA is in collision state"}, END}},
    {"download/md5", DOWNLOAD, FOR_NOW(TRANSFER_FAILED), "20,52", NULL, NULL,
     {BEGUN, {SAYS("30")}, {FILES("0")}, {SAYS("20,52")}, END}},
    {"download/http", DOWNLOAD, FOR_NOW(DELTA_SERVER_UNREACHABLE), "HTTP", NULL, NULL, {BEGUN, {SAYS("20,21")}, END}},
    {"download/wrong-base", DOWNLOAD, WRONG_BASE, "another version", NULL, NULL,
     {BEGUN, {SAYS("20,110")}, END}},
    {"download/link-lost", DOWNLOAD, DONE, "suspended", NULL, NULL,
     {BEGUN, {SAYS("30")}, {FILES("1000")}, {SAYS("31")}, {TAKE}, {SAYS("30")}, {FILES("2000")},
      {SAYS("40")}, END}},
    {"download/resume-not-yet", DOWNLOAD, DONE, "not resume yet", NULL, NULL,
     {BEGUN, {SAYS("31")}, {"AT^FOTADL=1", "!ERROR"}, {SAYS("30")}, {NO_FILES}, {SAYS("40")}, END}},
    {"download/restart", DOWNLOAD, DONE, "left during", NULL, NULL,
     {BEGUN, {SAYS("30")}, {FILES("1000")}, {POLL, "-"}, {FAKE_BACK, ""}, {CALL}, {MODE},
      {SAYS("31")}, {TAKE}, {SAYS("30")}, {FILES("2000")}, {SAYS("40")}, END}},
    {"download/restart-while-suspended", DOWNLOAD, DONE, "left during", NULL, NULL,
     {BEGUN, {SAYS("31")}, {TAKE}, {POLL, "-"}, {FAKE_BACK, ""}, {CALL}, {MODE}, {SAYS("31")},
      {TAKE}, {SAYS("40")}, END}},
    {"download/restart-loses-it", DOWNLOAD, FOR_NOW(TRANSFER_FAILED), "without saying why", NULL, NULL,
     {BEGUN, {SAYS("30")}, {FILES("1000")}, {POLL, "-"}, {FAKE_BACK, ""}, {CALL}, {MODE},
      {STATE("10")}, {STATE("10")}, END}},
    {"download/never-back", DOWNLOAD, FOR_NOW(MODULE_NOT_RETURNED), NULL, NULL, NULL,
     {BEGUN, {SAYS("30")}, {FILES("1000")}, {POLL, "-"}, {FAKE_BACK, "-"}, END}},
    {"download/progress-not-told", DOWNLOAD, DONE, NULL, NULL, NULL,
     {BEGUN, {SAYS("30")}, {NO_FILES}, {SAYS("30")}, {"AT^FOTADLQ", "?"}, {SAYS("40")}, END}},
    {"download/state-not-told", DOWNLOAD, DONE, NULL, NULL, NULL,
     {BEGUN, {SAYS("30")}, {FILES("1000")}, {POLL, "!ERROR"}, {POLL, "nonsense"}, {POLL, ""},
      {SAYS("40")}, END}},
    {"download/silent-end", DOWNLOAD, FOR_NOW(TRANSFER_FAILED), "without saying why", NULL, NULL,
     {BEGUN, {SAYS("30")}, {FILES("1000")}, {STATE("10")}, {STATE("10")}, END}},
    {"download/begins-late", DOWNLOAD, DONE, NULL, NULL, NULL,
     {BEGUN, {STATE("12")}, {STATE("12")}, {SAYS("30")}, {FILES("1000")}, {SAYS("40")}, END}},
    {"download/unknown-state", DOWNLOAD, DONE, "state 33", NULL, NULL,
     {BEGUN, {STATE("33")}, {STATE("33")}, {SAYS("40")}, END}},
    {"download/installs-by-itself", DOWNLOAD, DONE, "by itself", NULL, NULL,
     {BEGUN, {SAYS("30")}, {FILES("77778")}, {SAYS("50")}, END}},
    {"download/grows", DOWNLOAD, DONE, NULL, NULL, NULL,
     {BEGUN, {SAYS("30")}, {FILES("47104")}, {SAYS("30")},
      {"AT^FOTADLQ", "^FOTADLQ: 1,\"IMAGE\",50000,1000000"}, {SAYS("40")}, END}},
    {"download/twice-reported", DOWNLOAD, DONE, NULL, NULL, NULL,
     {ASKED, {SAYS("11")}, {OFFER}, {TAKE}, {OFFER}, {SAYS("30")}, {FILES("1")}, {SAYS("30")},
      {FILES("1")}, {SAYS("40")}, END}},
    {"download/goes-on", DOWNLOAD, DONE, "going on", OFFER_FIELDS, NULL,
     {BEFORE, {STATE("30")}, {SAYS("30")}, {FILES("1")}, {SAYS("40")}, END}},
    {"download/resumes", DOWNLOAD, DONE, "going on", OFFER_FIELDS, NULL,
     {BEFORE, {STATE("31")}, {STATE("31")}, {TAKE}, {SAYS("30")}, {FILES("1")}, {SAYS("40")}, END}},
    {"download/is-there", DOWNLOAD, DONE, "going on", OFFER_FIELDS, NULL,
     {BEFORE, {STATE("40")}, {STATE("40")}, END}},
    {"download/is-installing", DOWNLOAD, DONE, "going on", OFFER_FIELDS, NULL,
     {BEFORE, {STATE("50")}, {STATE("50")}, END}},
    {"download/other-delta-there", DOWNLOAD, DONE, NULL, "12.815.01.02.00,5,\"\"", NULL,
     {BEFORE, {STATE("40")}, {DECLINE}, {STATE("10")}, {DETECT}, {SAYS("11")}, {OFFER}, {TAKE},
      {SAYS("40")}, END}},
    {"download/unknown-delta-there", DOWNLOAD, DONE, NULL, NULL, NULL,
     {BEFORE, {STATE("31")}, {DECLINE}, {STATE("10")}, {DETECT}, {SAYS("11")}, {OFFER}, {TAKE},
      {SAYS("40")}, END}},
    {"download/old-failure", DOWNLOAD, DONE, NULL, NULL, NULL,
     {BEFORE, {STATE("80,155")}, {DECLINE}, {STATE("10")}, {DETECT}, {SAYS("11")}, {OFFER}, {TAKE},
      {SAYS("40")}, END}},
    {"download/version-told-later", DOWNLOAD, DONE, NULL, NULL, NULL,
     {ASKED, {STATE("12")}, {OFFER}, {TAKE}, {SAYS("40")}, END}},
    {"download/cancelled-at-offer", DOWNLOAD, FOTA_RESULT_FAILED_FOR_NOW, -1, NULL, NULL, NULL,
     {ASKED, {OFFER}, {FAKE_CANCEL, ""}, {DECLINE}, END}},
    {"download/cancelled", DOWNLOAD, FOTA_RESULT_FAILED_FOR_NOW, -1, NULL, NULL, "MU509",
     {BEGUN, {SAYS("30")}, {FILES("1")}, {FAKE_CANCEL, ""}, END}},
    {"download/cancelled-pauses", DOWNLOAD, FOTA_RESULT_FAILED_FOR_NOW, -1, NULL, NULL,
     "ME909u-521", {BEGUN, {SAYS("30")}, {FILES("1")}, {FAKE_CANCEL, ""}, {"AT^FOTADL=2", ""}, END}},

    {"download/cancelled-while-suspended", DOWNLOAD, FOTA_RESULT_FAILED_FOR_NOW, -1, NULL, NULL,
     "ME909u-521", {BEGUN, {SAYS("31")}, {TAKE}, {FAKE_CANCEL, ""}, END}},

    {"discard/nothing", DISCARD, DONE, NULL, NULL, NULL, {{STATE("10")}, END}},
    {"discard/over", DISCARD, DONE, NULL, NULL, NULL, {{STATE("90")}, END}},
    {"discard/delta", DISCARD, DONE, NULL, NULL, NULL,
     {{STATE("40")}, {DECLINE}, {STATE("10")}, END}},
    {"discard/part", DISCARD, DONE, NULL, NULL, NULL,
     {{STATE("31")}, {DECLINE}, {STATE("10")}, END}},
    {"discard/refused", DISCARD, LATER, "next start", NULL, NULL,
     {{STATE("40")}, {"AT^FOTADL=0", "!ERROR"}, {STATE("40")}, END}},
    {"discard/download", DISCARD, DONE, NULL, NULL, "ME909u-521",
     {{STATE("30")}, {"AT^FOTADL=2", ""}, {DECLINE}, {STATE("10")}, END}},
    {"discard/download-to-its-end", DISCARD, DONE, NULL, NULL, "MU609",
     {{STATE("30")}, {"AT^FOTADL=0", "!ERROR"}, {STATE("30")}, {SAYS("30")}, {SAYS("40")},
      {DECLINE}, {STATE("10")}, END}},
    {"discard/download-suspended", DISCARD, DONE, NULL, NULL, "MU609",
     {{STATE("30")}, {"AT^FOTADL=0", "!ERROR"}, {STATE("30")}, {SAYS("31")}, {DECLINE},
      {STATE("10")}, END}},
    {"discard/state-not-told", DISCARD, DONE, NULL, NULL, "MU609",
     {{STATE("30")}, {"AT^FOTADL=0", "!ERROR"}, {STATE("30")}, {POLL, "!ERROR"}, {SAYS("31")},
      {DECLINE}, {STATE("10")}, END}},
    {"discard/download-fails", DISCARD, DONE, NULL, NULL, "MU609",
     {{STATE("30")}, {"AT^FOTADL=0", "!ERROR"}, {STATE("30")}, {SAYS("20,52")}, END}},
    {"discard/download-gone", DISCARD, FOR_NOW(MODULE_GONE), NULL, NULL, "MU609",
     {{STATE("30")}, {"AT^FOTADL=0", "!ERROR"}, {STATE("30")}, {POLL, "-"}, END}},
    {"discard/installing", DISCARD, LATER, "left alone", NULL, NULL, {{STATE("60")}, END}},

    {"install/ordered", INSTALL, DONE, NULL, NULL, NULL, {{STATE("40")}, {"AT^FWUP", ""}, END}},
    {"install/silent", INSTALL, FOR_NOW(MODULE_SILENT), NULL, NULL, NULL,
     {{STATE("40")}, {"AT^FWUP", "?"}, END}},
    {"install/gone", INSTALL, FOR_NOW(MODULE_GONE), NULL, NULL, NULL,
     {{STATE("40")}, {"AT^FWUP", "-"}, END}},
    {"install/refused", INSTALL, FOR_NOW(INSTALL_REFUSED), "does not install", NULL, NULL,
     {{STATE("40")}, {"AT^FWUP", "!ERROR"}, END}},
    /* A data call, or another command, where no words come: ModemManager, and +CMEE=1. */
    {"install/refused-by-number", INSTALL, FOR_NOW(INSTALL_REFUSED), "data call", NULL, NULL,
     {{STATE("40")}, {"AT^FWUP", "!100"}, END}},
    {"install/refused-state-not-told", INSTALL, FOR_NOW(INSTALL_REFUSED), "data call", NULL, NULL,
     {{POLL, "!ERROR"}, {"AT^FWUP", "!ERROR"}, END}},
    {"install/collision", INSTALL, FOTA_RESULT_TRY_LATER, FOTA_MODULE_ERROR_INSTALL_REFUSED,
     "data call", NULL, NULL, {{STATE("40")}, {"AT^FWUP", "!FOTA is in collision state"}, END}},
    {"install/sim-busy", INSTALL, FOTA_RESULT_TRY_LATER, FOTA_MODULE_ERROR_INSTALL_REFUSED,
     "SIM busy", NULL, NULL, {{STATE("40")}, {"AT^FWUP", "!14"}, END}},
    {"install/sim-busy-as-text", INSTALL, FOTA_RESULT_TRY_LATER, FOTA_MODULE_ERROR_INSTALL_REFUSED,
     "SIM busy", NULL, NULL, {{STATE("40")}, {"AT^FWUP", "!SIM busy"}, END}},
    {"install/state-not-told", INSTALL, DONE, NULL, NULL, NULL,
     {{POLL, "!ERROR"}, {"AT^FWUP", ""}, END}},
    {"install/state-gone", INSTALL, FOR_NOW(MODULE_GONE), NULL, NULL, NULL, {{POLL, "-"}, END}},
    {"install/ready", INSTALL, DONE, "not waited", NULL, NULL, {{STATE("50")}, END}},
    {"install/flashing", INSTALL, DONE, "not waited", NULL, NULL, {{STATE("60")}, END}},
    {"install/done", INSTALL, DONE, "not waited", NULL, NULL, {{STATE("90")}, END}},
    {"install/done-100", INSTALL, DONE, "not waited", NULL, NULL, {{STATE("100")}, END}},
    {"install/failed", INSTALL, FOR_GOOD(INSTALL_REFUSED), "70", NULL, NULL, {{STATE("70")}, END}},
    {"install/lost", INSTALL, FOR_NOW(TRANSFER_FAILED), "downloaded again", NULL, NULL,
     {{STATE("10")}, END}},
    {"install/partial", INSTALL, FOR_NOW(TRANSFER_FAILED), "suspended", NULL, NULL, {{STATE("31")}, END}},

    {"outcome/new", OUTCOME, DONE, NULL, NULL, NULL,
     {{"AT+GMR", NEW}, END}},
    {"outcome/old-delta-kept", OUTCOME, DONE, "40", NULL, NULL,
     {{"AT+GMR", OLD}, {STATE("40")}, END}},
    {"outcome/old-idle", OUTCOME, DONE, NULL, NULL, NULL, {{"AT+GMR", OLD}, {STATE("10")}, END}},
    {"outcome/preparing", OUTCOME, FOR_NOW(MODULE_SILENT), "50", NULL, NULL,
     {{"AT+GMR", OLD}, {STATE("50")}, END}},
    {"outcome/flashing", OUTCOME, FOR_NOW(MODULE_SILENT), "60", NULL, NULL,
     {{"AT+GMR", OLD}, {STATE("60")}, END}},
    {"outcome/failed-70", OUTCOME, FOR_GOOD(INSTALL_REFUSED), "70", NULL, NULL,
     {{"AT+GMR", OLD}, {STATE("70")}, END}},
    {"outcome/failed-80", OUTCOME, FOR_GOOD(INSTALL_REFUSED), "image could not", NULL, NULL,
     {{"AT+GMR", OLD}, {SAYS("80,155")}, END}},
    {"outcome/wrong-base", OUTCOME, WRONG_BASE, "another version", NULL, NULL,
     {{"AT+GMR", OLD}, {SAYS("80,110")}, END}},
    {"outcome/bad-signature", OUTCOME, FOR_GOOD(INSTALL_REFUSED), "signature", NULL, NULL,
     {{"AT+GMR", OLD}, {SAYS("110")}, END}},
    {"outcome/failure-reported-before", OUTCOME, FOR_GOOD(INSTALL_REFUSED), "80,155", NULL, NULL,
     {{"AT+GMR", OLD}, {"|" FAKE_URC, "^FOTASTATE: 50"}, {SAYS("80,155")}, END}},
    {"outcome/success-but-old", OUTCOME, DONE, "90", NULL, NULL,
     {{"AT+GMR", OLD}, {STATE("90")}, END}},
    {"outcome/unknown-state", OUTCOME, DONE, "do not list", NULL, NULL,
     {{"AT+GMR", OLD}, {STATE("77")}, END}},
    {"outcome/state-not-told", OUTCOME, DONE, "version tells", NULL, NULL,
     {{"AT+GMR", OLD}, {POLL, "!ERROR"}, END}},
    {"outcome/gone", OUTCOME, FOR_NOW(MODULE_GONE), NULL, NULL, NULL,
     {{"AT+GMR", OLD}, {POLL, "-"}, END}},
    {"outcome/no-version", OUTCOME, FOR_NOW(MODULE_SILENT), NULL, NULL, NULL, {{"AT+GMR", "?"}, END}},
};

/* What depends on whether reports are heard at all. */
static const Case heard_cases[] = {
    {"ask/version-untold", ASK, FOR_NOW(BAD_ANSWER), "not named", NULL, NULL,
     {ASKED, UNNAMED, {DECLINE}, {STATE("10")}, END}},
    {"ask/version-untold-and-stays", ASK, FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_MODULE_REFUSED, "12", NULL, NULL,
     {ASKED, UNNAMED, {"AT^FOTADL=0", "!ERROR"}, {STATE("12")}, END}},
};

static const Case polled_cases[] = {
    {"ask/version-untold", ASK, FOR_GOOD(NOT_SUPPORTED), "At=port", NULL, NULL,
     {ASKED, UNNAMED, {DECLINE}, {STATE("10")}, END}},
};
/* clang-format on */

static FotaResult
call(Function function, FotaSession *session, const FotaUpdate *what, FotaVendorOffer *offer,
     char **version, GError **error)
{
    switch (function) {
    case ASK:
        return fake_plugin_ask(session, offer, error);
    case DOWNLOAD:
        return fake_plugin_download(session, what, error);
    case DISCARD:
        return fake_plugin_discard(session, what, error);
    case INSTALL:
        return fake_plugin_install(session, what, error);
    case OUTCOME:
        return fake_plugin_outcome(session, what, version, error);
    }
    g_assert_not_reached();
}

static void
check_offer(const char *name, const FakeExchange *script, const FotaVendorOffer *offer)
{
    gboolean newer = FALSE;

    for (; script->command != NULL; script++)
        newer = newer || strstr(script->answer, OFFER_FIELDS) != NULL;
    newer = newer || g_str_has_prefix(name, "ask/own-");
    g_assert_cmpstr(offer->version, ==, newer ? NEW : NULL);
    g_assert_cmpstr(offer->text, ==, newer ? "Support send SMS background" : NULL);
    g_assert_cmpuint(offer->size, ==, newer ? 79114 : 0);
}

static void
run_case(const Case *test, gboolean polls)
{
    FotaSession *session = test_huawei_session(HUAWEI_MODELS, test->script, polls);
    g_auto(FotaVendorOffer) offer = {0};
    g_autofree char *version = NULL;
    g_autoptr(GError) error = NULL;
    FotaResult result;

    if (test->model != NULL)
        fake_session_set_model(session, test->model);
    if (test->held != NULL)
        fota_session_remember(session, "Offer", test->held);
    result = call(test->function, session, &test_huawei_update, &offer, &version, &error);
    fake_session_assert_end(session, result, error, test->result, test->code, test->says);
    for (const FakeExchange *e = test->script; e->command != NULL; e++) {
        if (strstr(e->answer, OFFER_FIELDS) != NULL)
            g_assert_cmpstr(fota_session_recall(session, "Offer"), ==, OFFER_FIELDS);
    }
    if (test->function == ASK && result == FOTA_RESULT_DONE)
        check_offer(test->name, test->script, &offer);
    if (test->function == DOWNLOAD && result == FOTA_RESULT_DONE)
        g_assert_cmpuint(fake_session_get_percent(session), ==, 100);
    fake_session_finish(session);
}

static void
test_heard(gconstpointer data)
{
    run_case(data, FALSE);
}

static void
test_polled(gconstpointer data)
{
    run_case(data, TRUE);
}

#define REPORTS_ARE(answer) "AT^CURC?", "^CURC: " answer
#define REPORTS_ON "AT^CURC=1", ""
#define REPORTS_OFF(answer) "AT^CURC=0", answer
#define TOLD_NOTHING                                                                               \
    {CALL}, {MODE}, {STATE("10")}, {DETECT},                                                       \
    {                                                                                              \
        SAYS("14")                                                                                 \
    }

/* Reports that were off are owed until the module has answered that they are off again. Before a
 * download that is on disk; a question, as often as it is asked, costs no write. */
static void
test_reports(void)
{
    static const struct {
        Function function; /* OUTCOME: close() alone */
        const char *before, *after;
        FakeExchange script[12];
    } table[] = {
        /* clang-format off */
        {ASK, NULL, "", {{REPORTS_ARE("0")}, {REPORTS_ON}, TOLD_NOTHING, {REPORTS_OFF("")}, END}},
        {DOWNLOAD, NULL, "",
         {{REPORTS_ARE("0")}, {FAKE_SAVE, ""}, {REPORTS_ON}, TOLD_NOTHING, {REPORTS_OFF("")}, END}},
        {DOWNLOAD, NULL, "",
         {{REPORTS_ARE("0")}, {FAKE_SAVE, "-"}, TOLD_NOTHING, {REPORTS_OFF("")}, END}},
        {DOWNLOAD, NULL, "1",
         {{REPORTS_ARE("0")}, {FAKE_SAVE, ""}, {REPORTS_ON}, {FAKE_CANCEL, ""}, {REPORTS_OFF("?")},
          END}},
        {DOWNLOAD, NULL, NULL, {{REPORTS_ARE("1")}, TOLD_NOTHING, END}},
        {OUTCOME, "1", "", {{REPORTS_OFF("")}, END}},
        {OUTCOME, "1", "", {{REPORTS_OFF("!")}, END}},
        {OUTCOME, "1", "1", {{REPORTS_OFF("?")}, END}},
        {OUTCOME, "", "", {END}},
        /* clang-format on */
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        FotaSession *session = test_huawei_session(HUAWEI_MODELS, table[i].script, FALSE);
        g_auto(FotaVendorOffer) offer = {0};
        g_autoptr(GError) error = NULL;

        if (table[i].before != NULL)
            fota_session_remember(session, FOTA_OWED "Reports", table[i].before);
        if (table[i].function == OUTCOME)
            fake_session_close(session, FAKE_METHOD, FOTA_RESULT_DONE);
        else
            call(table[i].function, session, &test_huawei_update, &offer, NULL, &error);
        g_assert_cmpstr(fota_session_recall(session, FOTA_OWED "Reports"), ==, table[i].after);
        fake_session_finish(session);
    }
}

/*
 * Chapter 3 of the FOTA Application Guide, in its order. It lets the module install without being
 * told (^FOTAMODE=0,0,1,1); fotad does not, and says ^FWUP where the guide says nothing.
 */
static void
test_guide(gconstpointer data)
{
    static const FakeExchange script[] = {
        {"AT+GMR", OLD},
        {REPORTS},
        {CALL},
        {MODE},
        {STATE("10")},
        {DETECT},
        {SAYS("11")},
        {OFFER},
        {TAKE},
        {SAYS("30")},
        {FILES("47104")},
        {SAYS("40")},
        {STATE("40")},
        {"AT^FWUP", ""},
        /* It resets itself. */
        {"AT+GMR", NEW},
        END,
    };
    FotaSession *session = test_huawei_session(HUAWEI_MODELS, script, data != NULL);
    g_autoptr(GError) error = NULL;
    char *version = NULL;

    g_assert_cmpint(fake_plugin_inspect(session, &version, &error), ==, FOTA_RESULT_DONE);
    g_assert_cmpstr(version, ==, OLD);
    g_clear_pointer(&version, g_free);
    g_assert_cmpint(fake_plugin_download(session, &test_huawei_update, &error), ==,
                    FOTA_RESULT_DONE);
    g_assert_cmpint(fake_plugin_install(session, &test_huawei_update, &error), ==,
                    FOTA_RESULT_DONE);
    g_assert_cmpint(fake_plugin_outcome(session, &test_huawei_update, &version, &error), ==,
                    FOTA_RESULT_DONE);
    g_assert_cmpstr(version, ==, NEW);
    g_free(version);
    fake_session_finish(session);
}

static void
add_cases(const char *path, const Case *table, guint n_cases, GTestDataFunc run)
{
    for (guint i = 0; i < n_cases; i++) {
        g_autofree char *name = g_strconcat(path, table[i].name, NULL);

        g_test_add_data_func(name, &table[i], run);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_cases("/huawei/heard/", cases, G_N_ELEMENTS(cases), test_heard);
    add_cases("/huawei/heard/", heard_cases, G_N_ELEMENTS(heard_cases), test_heard);
    add_cases("/huawei/polled/", cases, G_N_ELEMENTS(cases), test_polled);
    add_cases("/huawei/polled/", polled_cases, G_N_ELEMENTS(polled_cases), test_polled);
    g_test_add_func("/huawei/reports", test_reports);
    g_test_add_data_func("/huawei/guide/heard", NULL, test_guide);
    g_test_add_data_func("/huawei/guide/polled", "polled", test_guide);
    return g_test_run();
}
