/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/fota-route.h"

/* A gateway as the kernel shows it: eth0 and br0 on a LAN, the module with wwan0, and ppp0. */
typedef struct {
    char *directory;
    char *module; /* sysfs path of the module */
} Fixture;

static char *
path_of(Fixture *fixture, const char *name)
{
    return g_build_filename(fixture->directory, name, NULL);
}

static void
write_file(Fixture *fixture, const char *name, const char *text)
{
    g_autofree char *file = path_of(fixture, name);
    g_autofree char *directory = g_path_get_dirname(file);

    g_assert_cmpint(g_mkdir_with_parents(directory, 0700), ==, 0);
    g_assert_true(g_file_set_contents(file, text, -1, NULL));
}

static void
add_interface(Fixture *fixture, const char *name, const char *type, const char *hardware)
{
    g_autofree char *type_file = g_strconcat("net/", name, "/type", NULL);
    g_autofree char *link_name = g_strconcat("net/", name, "/device", NULL);
    g_autofree char *link = path_of(fixture, link_name);
    g_autofree char *target = hardware != NULL ? path_of(fixture, hardware) : NULL;

    write_file(fixture, type_file, type);
    if (hardware != NULL) {
        g_assert_cmpint(g_mkdir_with_parents(target, 0700), ==, 0);
        g_assert_cmpint(symlink(target, link), ==, 0);
    }
}

static void
fixture_set_up(Fixture *fixture, gconstpointer data)
{
    g_autofree char *temporary = g_dir_make_tmp("fotad-test-XXXXXX", NULL);

    fixture->directory = realpath(temporary, NULL);
    fixture->module = path_of(fixture, "devices/usb1/1-2");
    add_interface(fixture, "eth0", "1\n", "devices/pci/eth");
    add_interface(fixture, "br0", "1\n", NULL);
    add_interface(fixture, "wwan0", "1\n", "devices/usb1/1-2/1-2:1.4");
    add_interface(fixture, "wwan1", "65534\n", "devices/usb1/1-20/1-20:1.4");
    add_interface(fixture, "ppp0", "512\n", NULL);
    add_interface(fixture, "tun0", "65534\n", NULL);
}

static void
fixture_tear_down(Fixture *fixture, gconstpointer data)
{
    const char *const argv[] = {"rm", "-rf", fixture->directory, NULL};

    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                 NULL);
    g_free(fixture->module);
    free(fixture->directory);
}

#define HEAD "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
#define IPV4(interface, destination, flags, mask)                                                  \
    interface "\t" destination "\t0100A8C0\t" flags "\t0\t0\t100\t" mask "\t0\t0\t0\n"
#define ZERO "00000000000000000000000000000000"
#define IPV6(destination, prefix, flags, interface)                                                \
    destination " " prefix " " ZERO " 00 " ZERO " 00000400 00000001 00000000 " flags               \
                " " interface "\n"

static FotaRoutes *
read_routes(Fixture *fixture, const char *ipv4, const char *ipv6)
{
    g_autofree char *sys = path_of(fixture, "net");

    write_file(fixture, "route", ipv4);
    write_file(fixture, "ipv6_route", ipv6);
    return fota_routes_read(fixture->directory, sys);
}

static void
test_lead_past(Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *ipv4;
        const char *ipv6;
        gboolean past;
    } cases[] = {
        {HEAD, "", FALSE},
        {HEAD IPV4("eth0", "00000000", "0003", "00000000"), "", TRUE},
        {HEAD IPV4("wwan0", "00000000", "0003", "00000000"), "", FALSE},
        {HEAD IPV4("wwan0", "00000000", "0003", "00000000")
             IPV4("eth0", "00000000", "0003", "00000000"),
         "", TRUE},
        /* Another module, whose sysfs path only begins with the same text. */
        {HEAD IPV4("wwan1", "00000000", "0003", "00000000"), "", TRUE},
        {HEAD IPV4("br0", "00000000", "0003", "00000000"), "", TRUE},
        {HEAD IPV4("ppp0", "00000000", "0001", "00000000"), "", FALSE},
        {HEAD IPV4("tun0", "00000000", "0001", "00000000"), "", FALSE},
        {HEAD IPV4("eth9", "00000000", "0003", "00000000"), "", FALSE},
        /* The LAN alone, a route that is down, one that rejects. */
        {HEAD IPV4("eth0", "0000A8C0", "0001", "00FFFFFF"), "", FALSE},
        {HEAD IPV4("eth0", "00000000", "0002", "00000000"), "", FALSE},
        {HEAD IPV4("eth0", "00000000", "0203", "00000000"), "", FALSE},
        {HEAD, IPV6(ZERO, "00", "00000003", "eth0"), TRUE},
        {HEAD, IPV6(ZERO, "00", "00000003", "wwan0"), FALSE},
        {HEAD, IPV6(ZERO, "00", "00200200", "lo"), FALSE},
        {HEAD,
         IPV6("fe80000000000000"
              "0000000000000000",
              "40", "00000001", "eth0"),
         FALSE},
        {"nonsense", "nonsense\n" IPV6("fd", "00", "00000003", "eth0"), FALSE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(FotaRoutes) routes = read_routes(fixture, cases[i].ipv4, cases[i].ipv6);

        g_test_message("case %u", i);
        g_assert_cmpint(fota_routes_lead_past(routes, fixture->module), ==, cases[i].past);
    }
}

static void
test_reach(Fixture *fixture, gconstpointer data)
{
    /* 192.168.0.0/24 and fd00::/60 on the LAN, everything else through the module. */
    g_autoptr(FotaRoutes) routes =
        read_routes(fixture,
                    HEAD IPV4("eth0", "0000A8C0", "0001", "00FFFFFF")
                        IPV4("wwan0", "00000000", "0003", "00000000"),
                    IPV6("fd000000000000000000000000000000", "3c", "00000001", "eth0"));
    static const struct {
        const char *host;
        gboolean with;    /* the module's route */
        gboolean without; /* it */
    } cases[] = {
        {"127.0.0.1", TRUE, TRUE},     {"127.9.9.9", TRUE, TRUE},
        {"::1", TRUE, TRUE},           {"localhost", TRUE, TRUE},
        {"192.168.0.7", TRUE, TRUE},   {"192.168.1.7", TRUE, FALSE},
        {"fota.example", TRUE, FALSE}, {"fd00::7", TRUE, TRUE},
        {"fd00:0:0:f::7", TRUE, TRUE}, {"fd00:0:0:10::7", FALSE, FALSE},
        {"2001:db8::1", FALSE, FALSE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].host);
        g_assert_cmpint(fota_routes_reach(routes, cases[i].host, NULL), ==, cases[i].with);
        g_assert_cmpint(fota_routes_reach(routes, cases[i].host, fixture->module), ==,
                        cases[i].without);
    }
}

static void
test_nothing_to_read(Fixture *fixture, gconstpointer data)
{
    g_autoptr(FotaRoutes) routes = fota_routes_read("/nonexistent", "/nonexistent");

    g_assert_false(fota_routes_lead_past(routes, fixture->module));
    g_assert_false(fota_routes_reach(routes, "192.168.0.7", NULL));
    g_assert_true(fota_routes_reach(routes, "127.0.0.1", NULL));
}

static void
set_flag(gpointer user_data)
{
    *(gboolean *)user_data = TRUE;
}

static gboolean
fail(gpointer user_data)
{
    g_error("the change was not told");
    return G_SOURCE_REMOVE;
}

/* In a network of our own, where bringing lo up adds its routes. */
static void
test_watch(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    gboolean changed = FALSE;
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int control;
    guint watch, limit;

    if (unshare(CLONE_NEWNET) < 0) {
        g_test_skip("a network namespace takes root");
        return;
    }
    watch = fota_routes_watch(set_flag, &changed, &error);
    g_assert_no_error(error);
    control = socket(AF_INET, SOCK_DGRAM, 0);
    g_assert_cmpint(ioctl(control, SIOCSIFFLAGS, &request), ==, 0);
    close(control);
    limit = g_timeout_add_seconds(20, fail, NULL);
    while (!changed)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(limit);
    g_source_remove(watch);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(path, function)                                                                        \
    g_test_add(path, Fixture, NULL, fixture_set_up, function, fixture_tear_down)
    ADD("/route/lead-past", test_lead_past);
    ADD("/route/reach", test_reach);
    ADD("/route/nothing-to-read", test_nothing_to_read);
    ADD("/route/watch", test_watch);
    return g_test_run();
}
