/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <pty.h>
#include <unistd.h>

#include "daemon/at/fota-at-channel.h"
#include "daemon/at/fota-at-line-private.h"
#include "daemon/at/fota-at-tty.h"
#include "plugins/fota-plugin.h"

/* How often, and how, a channel tries a tty: the greeting is played here. */

static GArray *guards;     /* guint: the guard time of each greeting so far, in ms */
static guint silent_times; /* greetings that are not answered */
static char node[64];

GPtrArray *__wrap_fota_at_place_find(FotaAtPlace *place);
gboolean __wrap_fota_at_line_greet(FotaAtLine *line, gint64 deadline, GCancellable *cancellable,
                                   GError **error);

GPtrArray *
__wrap_fota_at_place_find(FotaAtPlace *place)
{
    GPtrArray *found = g_ptr_array_new_with_free_func((GDestroyNotify)fota_at_tty_free);
    FotaAtTty *tty = g_new0(FotaAtTty, 1);

    tty->node = g_strdup(node);
    tty->interface = -1;
    g_ptr_array_add(found, tty);
    return found;
}

gboolean
__wrap_fota_at_line_greet(FotaAtLine *line, gint64 deadline, GCancellable *cancellable,
                          GError **error)
{
    g_array_append_val(guards, line->guard_ms);
    if (guards->len > silent_times)
        return TRUE;
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT, "silence");
    return FALSE;
}

/*
 * A module that was left in the data mode of a load ends it after five seconds of silence (Telit's
 * #OTAUPW). One that is waited for has restarted, and speaks as it starts: long silences would miss
 * that.
 */
static void
test_guard(gconstpointer restarted)
{
    FotaChannel *channel =
        fota_at_channel_new("353081090012345", "/sys/devices/a-module", FALSE, NULL, NULL, NULL);
    g_autoptr(GError) error = NULL;
    int module, host;

    g_assert_cmpint(openpty(&module, &host, node, NULL, NULL), ==, 0);
    guards = g_array_new(FALSE, FALSE, sizeof(guint));
    silent_times = 2;
    g_assert_true(restarted != NULL ? channel->klass->wait_back(channel, 300, NULL, &error)
                                    : channel->klass->open(channel, NULL, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(guards->len, ==, 3);
    g_assert_cmpuint(g_array_index(guards, guint, 0), ==, FOTA_AT_GUARD_MS);
    for (guint i = 1; i < guards->len; i++) {
        if (restarted != NULL)
            g_assert_cmpuint(g_array_index(guards, guint, i), ==, FOTA_AT_GUARD_MS);
        else
            g_assert_cmpuint(g_array_index(guards, guint, i), >, 5000);
    }
    channel->klass->close(channel);
    close(host);
    close(module);
    g_array_unref(guards);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/at-channel/guard", NULL, test_guard);
    g_test_add_data_func("/at-channel/guard/restarted", "restarted", test_guard);
    return g_test_run();
}
