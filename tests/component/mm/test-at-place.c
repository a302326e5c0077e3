/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include <umockdev.h>

#include "daemon/at/fota-at-channel.h"
#include "daemon/at/fota-at-tty.h"
#include "base/fota-wait.h"
#include "plugins/fota-plugin.h"

#define BUS "/sys/devices/pci0000:00/0000:00:14.0/usb1/"

static guint n_ttys;

static void
add_usb(UMockdevTestbed *testbed, const char *port, const char *vendor)
{
    g_autofree char *path = g_strconcat(BUS + strlen("/sys/devices/"), port, NULL);
    g_autofree char *added = umockdev_testbed_add_device(
        testbed, "usb", path, NULL, "idVendor", vendor, NULL, "DEVTYPE", "usb_device", NULL);

    g_assert_nonnull(added);
}

/* A tty with interface number @interface; @property=1 says what udev knows of it. */
static void
add_tty(UMockdevTestbed *testbed, const char *port, const char *vendor, const char *interface,
        const char *name, const char *property)
{
    g_autofree char *path = g_strdup_printf("%s%s/%s:1.%s/%s", BUS + strlen("/sys/devices/"), port,
                                            port, interface, name);
    g_autofree char *node = g_strconcat("/dev/", name, NULL);
    g_autofree char *minor = g_strdup_printf("%u", n_ttys++);
    g_autofree char *added = umockdev_testbed_add_device(
        testbed, "tty", path, NULL, NULL, "DEVNAME", node, "MAJOR", "188", "MINOR", minor,
        "ID_VENDOR_ID", vendor, "ID_USB_INTERFACE_NUM", interface, property, "1", NULL);

    g_assert_nonnull(added);
}

static void
remove_usb(UMockdevTestbed *testbed, const char *port)
{
    g_autofree char *path = g_strconcat(BUS, port, NULL);

    umockdev_testbed_remove_device(testbed, path);
}

static void
assert_found(FotaAtPlace *place, const char *expected)
{
    g_autoptr(GPtrArray) ttys = fota_at_place_find(place);
    g_autoptr(GString) nodes = g_string_new(NULL);

    for (guint i = 0; i < ttys->len; i++) {
        const FotaAtTty *tty = g_ptr_array_index(ttys, i);

        g_string_append_printf(nodes, "%s%s", i > 0 ? " " : "", tty->node + strlen("/dev/"));
    }
    g_assert_cmpstr(nodes->str, ==, expected);
}

/* The kernel numbers each return of a device on USB; a UART, or what is away, is not numbered. */
static void
test_return(void)
{
    g_autoptr(UMockdevTestbed) testbed = umockdev_testbed_new();
    g_autofree char *first = NULL, *same = NULL, *second = NULL;

    add_usb(testbed, "1-1", "1bc7");
    add_tty(testbed, "1-1", "1bc7", "00", "ttyUSB0", "X");
    g_assert_null(fota_at_name_return(BUS "1-1"));
    umockdev_testbed_set_attribute(testbed, BUS "1-1", "busnum", "1");
    umockdev_testbed_set_attribute(testbed, BUS "1-1", "devnum", "2");
    first = fota_at_name_return(BUS "1-1");
    same = fota_at_name_return(BUS "1-1");
    g_assert_nonnull(first);
    g_assert_cmpstr(first, ==, same);
    umockdev_testbed_set_attribute(testbed, BUS "1-1", "devnum", "3");
    second = fota_at_name_return(BUS "1-1");
    g_assert_nonnull(second);
    g_assert_cmpstr(first, !=, second);
    g_assert_null(fota_at_name_return(BUS "1-1/1-1:1.00/ttyUSB0"));
    g_assert_null(fota_at_name_return(BUS "1-9"));
}

static void
test_order(void)
{
    g_autoptr(UMockdevTestbed) testbed = umockdev_testbed_new();
    g_autoptr(FotaAtPlace) place = NULL;

    add_usb(testbed, "1-1", "1bc7");
    add_tty(testbed, "1-1", "1bc7", "00", "ttyUSB0", "X");
    add_tty(testbed, "1-1", "1bc7", "01", "ttyUSB1", "ID_MM_PORT_TYPE_GPS");
    add_tty(testbed, "1-1", "1bc7", "02", "ttyUSB2", "ID_MM_PORT_TYPE_AT_SECONDARY");
    add_tty(testbed, "1-1", "1bc7", "03", "ttyUSB3", "ID_MM_PORT_TYPE_AT_PRIMARY");
    add_tty(testbed, "1-1", "1bc7", "04", "ttyUSB4", "ID_MM_PORT_TYPE_QCDM");
    add_tty(testbed, "1-1", "1bc7", "05", "ttyUSB5", "ID_MM_PORT_IGNORE");
    add_tty(testbed, "1-1", "1bc7", "0a", "ttyUSB6", "Y");
    add_usb(testbed, "1-2", "1bc7");
    add_tty(testbed, "1-2", "1bc7", "03", "ttyUSB7", "ID_MM_PORT_TYPE_AT_PRIMARY");
    place = fota_at_place_new(BUS "1-1", FALSE);
    assert_found(place, "ttyUSB3 ttyUSB2 ttyUSB0 ttyUSB6");
    fota_at_place_prefer(place, 10);
    assert_found(place, "ttyUSB6 ttyUSB3 ttyUSB2 ttyUSB0");
    g_assert_false(fota_at_has_reserved_port(BUS "1-1"));
}

/* The other port of a module whose first one has fallen silent; by itself it is tried all the same.
 */
static void
test_avoided(void)
{
    g_autoptr(UMockdevTestbed) testbed = umockdev_testbed_new();
    g_autoptr(FotaAtPlace) place = fota_at_place_new(BUS "1-1", FALSE);

    add_usb(testbed, "1-1", "1bc7");
    add_tty(testbed, "1-1", "1bc7", "01", "ttyUSB1", "ID_MM_PORT_TYPE_AT_PRIMARY");
    fota_at_place_prefer(place, 1);
    fota_at_place_avoid(place, 1);
    assert_found(place, "ttyUSB1");
    add_tty(testbed, "1-1", "1bc7", "02", "ttyUSB2", "ID_MM_PORT_TYPE_AT_SECONDARY");
    assert_found(place, "ttyUSB2 ttyUSB1");
    fota_at_place_prefer(place, 1);
    assert_found(place, "ttyUSB1 ttyUSB2");
}

static void
test_reserved(void)
{
    g_autoptr(UMockdevTestbed) testbed = umockdev_testbed_new();
    g_autoptr(FotaAtPlace) reserved = NULL;
    g_autoptr(FotaAtPlace) any = NULL;

    add_usb(testbed, "1-1", "1bc7");
    add_tty(testbed, "1-1", "1bc7", "00", "ttyUSB0", "ID_MM_PORT_TYPE_AT_PRIMARY");
    add_tty(testbed, "1-1", "1bc7", "01", "ttyUSB1", "ID_FOTAD_PORT");
    add_usb(testbed, "1-2", "1bc7");
    add_tty(testbed, "1-2", "1bc7", "01", "ttyUSB2", "ID_FOTAD_PORT");
    reserved = fota_at_place_new(BUS "1-1", TRUE);
    assert_found(reserved, "ttyUSB1");
    any = fota_at_place_new(BUS "1-1", FALSE);
    assert_found(any, "ttyUSB1 ttyUSB0");
    g_assert_true(fota_at_has_reserved_port(BUS "1-1"));
    g_assert_false(fota_at_has_reserved_port(BUS "1-3"));
}

/* Away, then on another USB port; what belonged to another module before stays that module's. */
static void
test_moved(void)
{
    g_autoptr(UMockdevTestbed) testbed = umockdev_testbed_new();
    g_autoptr(FotaAtPlace) place = NULL;

    add_usb(testbed, "1-1", "1bc7");
    add_tty(testbed, "1-1", "1bc7", "00", "ttyUSB0", "X");
    add_usb(testbed, "1-2", "1bc7");
    add_tty(testbed, "1-2", "1bc7", "00", "ttyUSB1", "X");
    place = fota_at_place_new(BUS "1-1", FALSE);
    remove_usb(testbed, "1-1");
    assert_found(place, "");
    add_usb(testbed, "1-3", "12d1");
    add_tty(testbed, "1-3", "12d1", "00", "ttyUSB2", "X");
    assert_found(place, "");
    add_usb(testbed, "1-4", "1bc7");
    add_tty(testbed, "1-4", "1bc7", "00", "ttyACM3", "X");
    assert_found(place, "ttyACM3");
    add_usb(testbed, "1-1", "1bc7");
    add_tty(testbed, "1-1", "1bc7", "00", "ttyUSB4", "X");
    assert_found(place, "ttyUSB4");
}

static void
add_device(UMockdevTestbed *testbed, const char *subsystem, const char *path, const char *devtype)
{
    g_autofree char *added = umockdev_testbed_add_device(
        testbed, subsystem, path, NULL, NULL, devtype != NULL ? "DEVTYPE" : NULL, devtype, NULL);

    g_assert_nonnull(added);
}

static void
assert_located(const char *port, const char *expected)
{
    g_autofree char *path = fota_at_locate(port);

    g_assert_cmpstr(path, ==, expected);
}

/* A port says what it is a part of. */
static void
test_locate(void)
{
    static const char modem[] = "/sys/devices/pci0000:00/0000:00:1c.0/0000:02:00.0";
    g_autoptr(UMockdevTestbed) testbed = umockdev_testbed_new();
    g_autoptr(FotaAtPlace) place = NULL;
    g_autoptr(GPtrArray) ttys = NULL;
    const FotaAtTty *tty;

    add_usb(testbed, "1-1", "1bc7");
    add_tty(testbed, "1-1", "1bc7", "00", "ttyUSB0", "X");
    add_device(testbed, "net", "pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.04/net/wwan0", NULL);
    add_device(testbed, "usbmisc", "pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.04/usbmisc/cdc-wdm0",
               NULL);
    assert_located("ttyUSB0", BUS "1-1");
    assert_located("wwan0", BUS "1-1");
    assert_located("cdc-wdm0", BUS "1-1");

    add_device(testbed, "pci", modem + strlen("/sys/devices/"), NULL);
    add_device(testbed, "wwan", "pci0000:00/0000:00:1c.0/0000:02:00.0/wwan/wwan1/wwan1at0", NULL);
    assert_located("wwan1at0", modem);

    /* Two UARTs of one controller: only one is the module's. */
    add_device(testbed, "platform", "platform/serial8250", NULL);
    for (guint i = 0; i < 2; i++) {
        g_autofree char *path = g_strdup_printf("platform/serial8250/tty/ttyS%u", i);
        g_autofree char *node = g_strdup_printf("/dev/ttyS%u", i);
        g_autofree char *minor = g_strdup_printf("%u", 64 + i);
        const char *flow = i == 1 ? "rts-cts" : "none";
        g_autofree char *added = umockdev_testbed_add_device(
            testbed, "tty", path, NULL, NULL, "DEVNAME", node, "MAJOR", "4", "MINOR", minor,
            "ID_MM_TTY_BAUDRATE", "921600", "ID_MM_TTY_FLOW_CONTROL", flow, NULL);

        g_assert_nonnull(added);
        assert_located(strrchr(node, '/') + 1, added);
    }
    /* On a PCI card, too. */
    add_device(testbed, "pci", "pci0000:00/0000:00:1d.0", NULL);
    for (guint i = 4; i < 6; i++) {
        g_autofree char *path = g_strdup_printf("pci0000:00/0000:00:1d.0/tty/ttyS%u", i);
        g_autofree char *added =
            umockdev_testbed_add_device(testbed, "tty", path, NULL, NULL, NULL, NULL);

        g_assert_nonnull(added);
        assert_located(strrchr(path, '/') + 1, added);
    }
    place = fota_at_place_new("/sys/devices/platform/serial8250/tty/ttyS1", FALSE);
    ttys = fota_at_place_find(place);
    g_assert_cmpint(ttys->len, ==, 1);
    tty = g_ptr_array_index(ttys, 0);
    g_assert_cmpstr(tty->node, ==, "/dev/ttyS1");
    g_assert_cmpint(tty->speed, ==, 921600);
    g_assert_true(tty->rts_cts && !tty->xon_xoff);
    assert_located("ttyS9", NULL);
}

/* The AT port of the kernel's WWAN subsystem is no tty: a named error says what to do. */
static void
test_wwan(void)
{
    static const char modem[] = "/sys/devices/pci0000:00/0000:00:1c.0/0000:02:00.0";
    g_autoptr(UMockdevTestbed) testbed = umockdev_testbed_new();
    g_autoptr(FotaAtPlace) place = NULL;
    g_autoptr(FotaAtPlace) usb = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *port = NULL;
    FotaChannel *channel;

    add_usb(testbed, "1-1", "1bc7");
    add_device(testbed, "pci", modem + strlen("/sys/devices/"), NULL);
    add_device(testbed, "wwan", "pci0000:00/0000:00:1c.0/0000:02:00.0/wwan/wwan0/wwan0mbim0", NULL);
    place = fota_at_place_new(modem, FALSE);
    g_assert_null(fota_at_place_find_wwan(place));
    add_device(testbed, "wwan", "pci0000:00/0000:00:1c.0/0000:02:00.0/wwan/wwan0/wwan0at0", NULL);
    port = fota_at_place_find_wwan(place);
    g_assert_cmpstr(port, ==, "/dev/wwan0at0");
    assert_found(place, "");
    usb = fota_at_place_new(BUS "1-1", FALSE);
    g_assert_null(fota_at_place_find_wwan(usb));

    channel = fota_at_channel_new("353081090012345", modem, FALSE, NULL, NULL, NULL);
    g_assert_false(channel->klass->open(channel, NULL, &error));
    g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED);
    g_assert_nonnull(strstr(error->message, "/dev/wwan0at0"));
    g_assert_nonnull(strstr(error->message, "At=modemmanager"));
    channel->klass->close(channel);
}

static void
test_never_there(void)
{
    g_autoptr(UMockdevTestbed) testbed = umockdev_testbed_new();
    g_autoptr(FotaAtPlace) place = fota_at_place_new(BUS "1-1", FALSE);
    g_autoptr(GError) error = NULL;
    FotaChannel *channel =
        fota_at_channel_new("353081090012345", BUS "1-1", FALSE, NULL, NULL, NULL);

    g_assert_nonnull(testbed);
    assert_found(place, "");
    g_assert_false(channel->klass->open(channel, NULL, &error));
    g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_GONE);
    channel->klass->close(channel);
}

static void
test_monitor(void)
{
    g_autoptr(UMockdevTestbed) testbed = umockdev_testbed_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaAtMonitor) monitor = fota_at_monitor_new(&error);
    struct pollfd fd = {.events = POLLIN};

    g_assert_no_error(error);
    fd.fd = fota_at_monitor_get_fd(monitor);
    for (guint i = 0; i < 2; i++) {
        g_autofree char *port = g_strdup_printf("1-%u", i + 1);
        g_autofree char *name = g_strdup_printf("ttyUSB%u", i);

        g_assert_cmpint(fota_wait(&fd, 1, fota_deadline_in_ms(20), NULL, &error), ==,
                        FOTA_WAIT_TIMEOUT);
        add_usb(testbed, port, "1bc7");
        add_tty(testbed, port, "1bc7", "00", name, "X");
        g_assert_cmpint(fota_wait(&fd, 1, fota_deadline_in(20), NULL, &error), ==, FOTA_WAIT_READY);
        fota_at_monitor_clear(monitor);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/at-place/return", test_return);
    g_test_add_func("/at-place/order", test_order);
    g_test_add_func("/at-place/avoided", test_avoided);
    g_test_add_func("/at-place/reserved", test_reserved);
    g_test_add_func("/at-place/moved", test_moved);
    g_test_add_func("/at-place/locate", test_locate);
    g_test_add_func("/at-place/wwan", test_wwan);
    g_test_add_func("/at-place/never there", test_never_there);
    g_test_add_func("/at-place/monitor", test_monitor);
    return g_test_run();
}
