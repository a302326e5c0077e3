/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/sysmacros.h>

#include "daemon/fota-mount.h"

static const struct {
    const char *name;
    const char *line;
    const char *upper; /* of the overlay 0:61 */
} cases[] = {
    /* As Linux 6 shows what openembedded-core's mount-copybind has mounted over /var/lib. */
    {"yocto",
     "70 25 0:61 / /var/lib rw,relatime - overlay overlay rw,lowerdir=/var/lib,"
     "upperdir=/var/volatile/lib,workdir=/var/volatile/.lib-work,uuid=null",
     "/var/volatile/lib"},
    {"root",
     "1 0 0:61 / / rw,relatime shared:1 master:3 - overlay overlayroot rw,lowerdir=/media/root-ro,"
     "upperdir=/media/root-rw/overlay,workdir=/media/root-rw/overlay-workdir/_",
     "/media/root-rw/overlay"},
    {"bound again", "90 25 0:61 /fotad /var/lib/fotad rw,nosuid - overlay overlay rw,upperdir=/a",
     "/a"},
    {"octal",
     "70 25 0:61 / /a\\040b rw - overlay a\\040-\\040b "
     "rw,lowerdir=/l,upperdir=/u\\054\\040\\134,x=y",
     "/u, \\"},
    {"another", "70 25 0:6 / /var/lib rw - overlay overlay rw,upperdir=/a", NULL},
    {"no overlay", "70 25 0:61 / /var/lib rw - ext4 /dev/overlay rw,upperdir=/a", NULL},
    {"read-only", "70 25 0:61 / /var/lib ro - overlay overlay ro,lowerdir=/a:/b", NULL},
    {"relative", "70 25 0:61 / /var/lib rw - overlay overlay rw,lowerdir=l,upperdir=u,workdir=w",
     NULL},
    {"never synchronised",
     "70 25 0:61 / /var/lib rw - overlay overlay rw,upperdir=/a,workdir=/w,volatile", NULL},
    {"short", "70 25 0:61", NULL},
    {"no options", "70 25 0:61 / /var/lib rw - overlay overlay", NULL},
    {"no file system", "70 25 0:61 / /var/lib rw -", NULL},
    {"empty", "", NULL},
};

static void
test_upper(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text =
            g_strconcat("25 1 254:1 / / ro - ext4 /dev/root ro\n", cases[i].line,
                        "\n26 25 0:5 / /dev rw - devtmpfs dev rw\n", NULL);
        g_autofree char *upper = fota_mount_find_upper(text, makedev(0, 61));

        g_test_message("%s", cases[i].name);
        g_assert_cmpstr(upper, ==, cases[i].upper);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mount/upper", test_upper);
    return g_test_run();
}
