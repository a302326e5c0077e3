/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** A duration as systemd writes it (`1d 4h`, `90s`, `2min`, a bare number of seconds), in seconds.
 */
gboolean fota_parse_duration(const char *text, guint64 *seconds);

/** A size as systemd writes it (`20M`, `64K`, a bare number of bytes; powers of 1024), in bytes.
 */
gboolean fota_parse_size(const char *text, guint64 *bytes);

/** yes/no, true/false, on/off, 1/0. */
gboolean fota_parse_boolean(const char *text, gboolean *value);

/** @time, in microseconds, plus @seconds; at most %G_MAXINT64. */
gint64 fota_time_add(gint64 time, guint64 seconds);

G_END_DECLS
