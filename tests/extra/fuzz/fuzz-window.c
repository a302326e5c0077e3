/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fota-units.h"
#include "policy/fota-window.h"
#include "tests/extra/fuzz/fuzz.h"

#define NOW G_GINT64_CONSTANT(1795000000000000)

/* What the configuration takes as a window, blackout, duration, size: its value is in range. */
int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    FotaWindow window;
    FotaBlackout blackout;
    guint64 number;
    gboolean flag;

    if (fota_window_parse(text, &window, NULL)) {
        g_assert_cmpuint(window.start, <, 86400);
        g_assert_cmpuint(window.duration, >=, 60);
        g_assert_cmpuint(window.duration, <=, 604800);
        g_assert_cmpuint(window.days, >, 0);
        g_assert_cmpuint(window.days, <=, FOTA_WINDOW_EVERY_DAY);
        g_assert_cmpint(fota_window_next(&window, 1, utc, NOW, 60, 5000), >=, NOW);
    }
    if (fota_blackout_parse(text, &blackout, NULL)) {
        g_assert_cmpuint(blackout.first, <=, blackout.last);
        g_assert_cmpint(fota_blackout_next(&blackout, 1, utc, NOW, 60), >=, NOW);
    }
    fota_parse_duration(text, &number);
    fota_parse_size(text, &number);
    fota_parse_boolean(text, &flag);
    return 0;
}
