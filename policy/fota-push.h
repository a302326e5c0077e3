/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SECTION: what a text message to the module may do: have the manifest read soon, and nothing else.
 *
 * Anybody can send a text message, with any sender. So it says nothing but "now": whatever else is
 * in it makes it somebody else's, and no number of them costs more checks than the shortest
 * [Manifest] Interval= would.
 *
 * Times are boot time, µs.
 */

/** Checks that may follow messages at once, and the pause after each. */
#define FOTA_PUSH_AT_ONCE 4
#define FOTA_PUSH_PAUSE (10 * 60 * G_TIME_SPAN_SECOND)

/** A telephone number, or a sender's name of up to 11 letters and digits (23.040, 9.1.2.5). */
gboolean fota_push_is_sender(const char *text);

/**
 * fota_push_is_request:
 * @senders: (nullable): the configured ones, %NULL-terminated
 * @keyword: (nullable): the configured one
 * @sender: of the message, as ModemManager shows it
 * @text: of the message
 *
 * Whether a message asks for a check: its sender is one of @senders, its text is @keyword.
 */
gboolean fota_push_is_request(const char *const *senders, const char *keyword, const char *sender,
                              const char *text);

/** The checks that followed messages so far; all zero at the start. */
typedef struct {
    gint64 last;       /* 0 = none */
    gint64 paid_until; /* each check moves it on by an hour */
} FotaPushes;

/**
 * When the check may begin that a message at @now asks for; at @now, or later, and not before
 * @earliest, which the server has asked for; 0 = it has not.
 */
gint64 fota_push_find_time(const FotaPushes *pushes, gint64 earliest, gint64 now);

/** A check that a message asked for begins at @now. */
void fota_push_note(FotaPushes *pushes, gint64 now);

G_END_DECLS
