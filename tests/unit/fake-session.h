/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

G_BEGIN_DECLS

/**
 * A FotaSession that answers from a script, so that a plugin's flow is tested line by line and with
 * every fault. It implements what a plugin may call, in memory and without time.
 */

/** Commands of exchanges that are none. */
#define FAKE_URC "<"       /* the module says @answer by itself; with "-" it leaves instead */
#define FAKE_BACK "back"   /* the module comes back; with the answer "-" it does not */
#define FAKE_GONE "gone"   /* the module leaves; with the answer "-" it stays */
#define FAKE_SAVE "save"   /* the record is written; with the answer "-" it cannot be */
#define FAKE_LATER "later" /* so many seconds pass before the next line */
#define FAKE_CANCEL "stop" /* the update is cancelled; until then, nothing happened */

/** Codes of errors that are none of FOTA_MODULE_ERROR. */
#define FAKE_CANCELLED (-1)
#define FAKE_UNWRITTEN (-2) /* FAKE_SAVE was answered with "-" */

/**
 * One exchange. A command that is not the next one in the script fails the test. One that begins
 * with "|" takes place only where unsolicited lines are heard.
 */
typedef struct {
    const char *command;
    const char *
        answer; /**< lines parted by \n; "!421" = +CME ERROR: 421; "!text" = refused with this text;
                   "?" = silence; "-" = gone */
} FakeExchange;

/** @models: the plugin's data file. @script ends with a NULL command. */
FotaSession *fake_session_new(const char *models, const FakeExchange *script);
/** "TEST" unless set. */
void fake_session_set_model(FotaSession *session, const char *model);
/** The table of unsolicited lines of the plugin; none at first. */
void fake_session_set_unsolicited(FotaSession *session, const FotaUnsolicited *table);
/** What fota_session_get_failure() returns until it is put back to be heard. */
void fake_session_set_failure(FotaSession *session, const char *line);
/** Closes as the daemon does after a function of @method, and returns @result. */
FotaResult fake_session_close(FotaSession *session, const FotaMethod *method, FotaResult result);
/** A key of [Network]; NULL @value = unset, as all are at first. */
void fake_session_set_network(FotaSession *session, const char *key, const char *value);
/**
 * The kind of channel. NULL: unsolicited lines are heard. Otherwise they are not, and the script's
 * FAKE_URC lines are what the module answers when it is asked with @poll instead.
 */
void fake_session_set_poll(FotaSession *session, const char *poll);
/** Fails when exchanges of the script are left over, or the session is still shielded. */
void fake_session_finish(FotaSession *session);

/**
 * Takes the next exchange, which must be one of @command, and returns its answer; NULL with its
 * failure, or when the update was cancelled.
 */
const char *fake_session_take(FotaSession *session, const char *command, GError **error);

/** What the plugin has reported last. */
guint fake_session_get_percent(FotaSession *session);
guint64 fake_session_get_received(FotaSession *session);
guint64 fake_session_get_total(FotaSession *session);
/** All its notes, one a line. */
const char *fake_session_get_notes(FotaSession *session);
/**
 * @result and @error are @wanted and @code: of FOTA_MODULE_ERROR, or one of the two above.
 * @says, unless it is NULL, stands in the error's text; of what is done, in the notes.
 */
void fake_session_assert_end(FotaSession *session, FotaResult result, const GError *error,
                             FotaResult wanted, int code, const char *says);
/** Seconds that it has let pass. */
guint fake_session_get_seconds(FotaSession *session);

G_END_DECLS
