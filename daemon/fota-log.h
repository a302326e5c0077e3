/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * The log: to the journal with fields if there is one, else to standard error. Levels are syslog's.
 * The rest of fotad logs with g_message(), g_warning() ... or with these functions.
 *
 * Personal information is removed from every message in one place, on its way out: no caller
 * needs to mask anything.
 */

/** Installs the log writer. Called once, before anything else. */
void fota_log_init(void);

/** Highest syslog level that is written: 3 errors ... 6 information (the default), 7 debug. */
void fota_log_set_level(int level);
int fota_log_get_level(void);

/** Whether messages may show IMEI, IMSI and numbers in full ([Log] PersonalInfo=). */
void fota_log_set_personal_info(gboolean allowed);

/** Tells the log that @imei is a module's, so that it masks it wherever it appears. */
void fota_log_know_imei(const char *imei);

/** What the log shows of @text (policy/fota-mask.h). Every message passes through this anyway. */
char *fota_log_mask(const char *text);

/** Events that a person should act on or look for; each has a MESSAGE_ID and a catalog entry. */
typedef enum {
    FOTA_EVENT_NONE,
    FOTA_EVENT_MODULE_FOUND,
    FOTA_EVENT_APPROVAL_WANTED,
    FOTA_EVENT_UPDATE_STARTED,
    FOTA_EVENT_UPDATE_DONE,
    FOTA_EVENT_UPDATE_FAILED,
    FOTA_EVENT_MANIFEST_REFUSED,
    FOTA_EVENT_NO_MODEM_MANAGER,
    FOTA_EVENT_BAD_RECORD,
    FOTA_EVENT_NOT_CONFIGURED,
    FOTA_EVENT_CANNOT_START,
    FOTA_EVENT_SETTINGS_DIFFER,
    FOTA_EVENT_PIN_REQUIRED,
    FOTA_EVENT_FIRST_AID,
    FOTA_EVENT_FIRST_AID_FAILED,
    FOTA_EVENT_VOLATILE_STATE,
    FOTA_EVENT_NO_SERVICE,
    FOTA_EVENT_UPDATE_LOOP,
    FOTA_EVENT_REPORT_LOST,
} FotaEvent;

/** The fields of a message. The entry has no field for an unset member. */
typedef struct {
    const char *imei; /**< FOTA_MODULE, masked */
    const char *update_id;
    const char *from;
    const char *to;
    const char *state;
    const char *result;
} FotaLogContext;

/**
 * Logs one message with its fields. If @context names a module, the text begins with
 * "<masked IMEI>: ". @level is syslog's (LOG_INFO ...).
 */
void fota_log(int level, FotaEvent event, const FotaLogContext *context, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

G_END_DECLS
