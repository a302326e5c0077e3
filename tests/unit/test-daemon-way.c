/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/job/fota-way.h"

/* What a method needs decides before what would disturb the host least. */

static void
test_table(void)
{
    static const struct {
        FotaAccess access;
        gboolean reserved;
        guint needs;
        FotaWay way;
    } rows[] = {
        {FOTA_ACCESS_AUTO, FALSE, 0, FOTA_WAY_ASK_COMMAND},
        {FOTA_ACCESS_AUTO, TRUE, 0, FOTA_WAY_RESERVED_PORT},
        {FOTA_ACCESS_AUTO, FALSE, FOTA_NEEDS_NO_BEARER, FOTA_WAY_ASK_COMMAND},
        {FOTA_ACCESS_AUTO, FALSE, FOTA_NEEDS_TTY, FOTA_WAY_TAKE_MODULE},
        {FOTA_ACCESS_AUTO, FALSE, FOTA_NEEDS_UNSOLICITED, FOTA_WAY_TAKE_MODULE},
        {FOTA_ACCESS_AUTO, TRUE, FOTA_NEEDS_TTY, FOTA_WAY_RESERVED_PORT},
        {FOTA_ACCESS_AUTO, TRUE, FOTA_NEEDS_INHIBITION, FOTA_WAY_TAKE_MODULE},
        {FOTA_ACCESS_AUTO, FALSE, FOTA_NEEDS_INHIBITION, FOTA_WAY_TAKE_MODULE},
        {FOTA_ACCESS_PORT, FALSE, 0, FOTA_WAY_TAKE_MODULE},
        {FOTA_ACCESS_PORT, TRUE, FOTA_NEEDS_UNSOLICITED, FOTA_WAY_RESERVED_PORT},
        {FOTA_ACCESS_MODEM_MANAGER, FALSE, 0, FOTA_WAY_ASK_COMMAND},
        {FOTA_ACCESS_MODEM_MANAGER, TRUE, 0, FOTA_WAY_ASK_COMMAND},
        {FOTA_ACCESS_MODEM_MANAGER, TRUE, FOTA_NEEDS_NO_BEARER, FOTA_WAY_ASK_COMMAND},
        {FOTA_ACCESS_MODEM_MANAGER, TRUE, FOTA_NEEDS_TTY, FOTA_WAY_NONE},
        {FOTA_ACCESS_MODEM_MANAGER, FALSE, FOTA_NEEDS_UNSOLICITED, FOTA_WAY_NONE},
        {FOTA_ACCESS_MODEM_MANAGER, TRUE, FOTA_NEEDS_INHIBITION, FOTA_WAY_NONE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("row %u", i);
        g_assert_cmpint(fota_way_choose(rows[i].access, rows[i].reserved, rows[i].needs), ==,
                        rows[i].way);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/way/table", test_table);
    return g_test_run();
}
