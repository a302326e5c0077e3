/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include <gio/gio.h>

#include "daemon/fota-route.h"

/*
 * The kernel's own routes, in a network of the test's own. To whom an interface belongs stands in
 * files as sysfs has them: those of veths would all say the same.
 */
typedef struct {
    char *directory;
    char *sys;
    char *module; /* sysfs path of the module */
} Fixture;

static char *
path_of(Fixture *fixture, const char *name)
{
    return g_build_filename(fixture->directory, name, NULL);
}

static void
add_link(Fixture *fixture, const char *name, const char *target)
{
    g_autofree char *link = path_of(fixture, name);
    g_autofree char *path = path_of(fixture, target);

    g_assert_cmpint(g_mkdir_with_parents(path, 0700), ==, 0);
    g_assert_cmpint(symlink(path, link), ==, 0);
}

static void
add_interface(Fixture *fixture, const char *name, const char *type)
{
    g_autofree char *directory = g_build_filename(fixture->sys, name, NULL);
    g_autofree char *file = g_build_filename(directory, "type", NULL);

    g_assert_cmpint(g_mkdir_with_parents(directory, 0700), ==, 0);
    g_assert_true(g_file_set_contents(file, type, -1, NULL));
}

static void
fixture_set_up(Fixture *fixture, gconstpointer data)
{
    g_autofree char *temporary = g_dir_make_tmp("fotad-test-XXXXXX", NULL);

    fixture->directory = realpath(temporary, NULL);
    fixture->sys = path_of(fixture, "net");
    fixture->module = path_of(fixture, "devices/usb1/1-2");
    add_interface(fixture, "eth0", "1\n");
    add_link(fixture, "net/eth0/device", "devices/pci/eth");
    add_interface(fixture, "wwan0", "1\n");
    add_link(fixture, "net/wwan0/device", "devices/usb1/1-2/1-2:1.4");
    /* Another module, whose sysfs path only begins with the same text. */
    add_interface(fixture, "wwan1", "65534\n");
    add_link(fixture, "net/wwan1/device", "devices/usb1/1-20/1-20:1.4");
    add_interface(fixture, "br0", "1\n");
    add_interface(fixture, "ppp0", "512\n");
    add_interface(fixture, "vlan0", "1\n");
    add_link(fixture, "net/vlan0/lower_wwan0", "net/wwan0");
    add_interface(fixture, "bond0", "1\n");
    add_link(fixture, "net/bond0/lower_vlan0", "net/vlan0");
    add_link(fixture, "net/bond0/lower_eth0", "net/eth0");
}

static void
fixture_tear_down(Fixture *fixture, gconstpointer data)
{
    const char *const argv[] = {"rm", "-rf", fixture->directory, NULL};

    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                 NULL);
    g_free(fixture->module);
    g_free(fixture->sys);
    free(fixture->directory);
}

/* @commands: of ip(8), a line each; @option: its own, NULL = none. */
static void
run_ip(const char *commands, const char *option)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GSubprocess) ip =
        g_subprocess_new(G_SUBPROCESS_FLAGS_STDIN_PIPE, &error, "ip", "-batch", "-", option, NULL);

    g_assert_no_error(error);
    g_assert_true(g_subprocess_communicate_utf8(ip, commands, NULL, NULL, NULL, &error));
    g_assert_no_error(error);
    g_assert_true(g_subprocess_get_successful(ip));
}

/* FALSE: this takes root. */
static gboolean
enter_network(void)
{
    if (unshare(CLONE_NEWNET) == 0)
        return TRUE;
    g_test_skip("a network namespace takes root");
    return FALSE;
}

/* An interface that is up, with 10.0.@n.1/24 and fd00:@n::1/64. */
static char *
add_uplink(const char *name, guint n)
{
    return g_strdup_printf("link add %s type veth peer name peer%u\n"
                           "link set peer%u up\nlink set %s up\n"
                           "addr add 10.0.%u.1/24 dev %s\n"
                           "addr add fd00:%u::1/64 dev %s nodad\n",
                           name, n, n, name, n, name, n, name);
}

static void
test_ways(Fixture *fixture, gconstpointer data)
{
    /* out: any way; past: one past the module. */
    static const struct {
        const char *interface; /* with 10.0.0.1/24 and fd00:0::1/64 */
        const char *second;    /* with 10.0.1.1/24 and fd00:1::1/64, NULL = none */
        const char *routes;
        int out;
        int past;
    } cases[] = {
        {"eth0", NULL, "", 0, 0}, /* the LAN alone */
        {"eth0", NULL, "route add default via 10.0.0.2\n", 1, 1},
        {"eth0", NULL, "route add default via fd00:0::2\n", 1, 1},
        {"wwan0", NULL, "route add default via 10.0.0.2\n", 1, 0},
        {"wwan0", NULL, "route add default via fd00:0::2\n", 1, 0},
        {"wwan0", "eth0", "route add default via 10.0.0.2\n", 1, 0},
        {"wwan1", NULL, "route add default via 10.0.0.2\n", 1, 1},
        {"br0", NULL, "route add default dev br0\n", 1, 1},
        {"ppp0", NULL, "route add default dev ppp0\n", 1, 0},
        {"vlan0", NULL, "route add default dev vlan0\n", 1, 0},
        {"bond0", NULL, "route add default dev bond0\n", 1, 1},
        /* An interface of which sysfs does not tell. */
        {"eth9", NULL, "route add default via 10.0.0.2\n", 1, -1},
        {"eth9", "wwan0", "route add default via 10.0.0.2\n", 1, -1},
        {"eth9", "eth0", "route add default via 10.0.0.2\nroute append default via 10.0.1.2\n", 1,
         1},
        /* To a part of the network, over a router, or on the link. */
        {"eth0", NULL, "route add 198.51.100.0/24 via 10.0.0.2\n", 1, 1},
        {"eth0", NULL, "route add 2001:db8::/32 via fd00:0::2\n", 1, 1},
        {"eth0", NULL, "route add 198.51.100.0/24 dev eth0\n", 0, 0},
        {"eth0", NULL, "route add 198.51.100.0/24 via inet6 fd00:0::2\n", 1, 1},
        /* Two uplinks: each in a table of its own, or both in one route. */
        {"wwan0", "eth0",
         "route add default via 10.0.0.2\nroute add default via 10.0.1.2 table 101\n"
         "rule add from 10.0.1.1 lookup 101\n",
         1, 1},
        {"eth0", NULL, "route add default via fd00:0::2 table 1000\n", 1, 1},
        {"wwan0", "eth0", "route add default nexthop via 10.0.0.2 nexthop via 10.0.1.2\n", 1, 1},
        {"wwan0", "wwan1", "route add default nexthop via 10.0.0.2 nexthop via 10.0.1.2\n", 1, 1},
        /* No ways: rejected, without a carrier, to this host. */
        {"eth0", NULL, "route add unreachable default\n", 0, 0},
        {"eth0", NULL, "route add blackhole default metric 5\n", 0, 0},
        {"eth0", NULL, "route add default via 10.0.0.2\nlink set peer0 down\n", 0, 0},
        {"eth0", NULL, "link set lo up\nroute add default dev lo\n", 0, 0},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *first = add_uplink(cases[i].interface, 0);
        g_autofree char *second =
            cases[i].second != NULL ? add_uplink(cases[i].second, 1) : g_strdup("");
        g_autofree char *commands = g_strconcat(first, second, cases[i].routes, NULL);

        if (!enter_network())
            return;
        g_test_message("%s %s", cases[i].interface, cases[i].routes);
        run_ip(commands, NULL);
        /* The kernel marks the routes of a lost carrier up to a second later. */
        for (guint tries = 0; fota_route_leads_out(fixture->sys, NULL) != cases[i].out; tries++) {
            g_assert_cmpuint(tries, <, 500);
            g_usleep(G_USEC_PER_SEC / 100);
        }
        g_assert_cmpint(fota_route_leads_out(fixture->sys, fixture->module), ==, cases[i].past);
    }
}

/* More of them than one datagram holds, the way past the module last. */
static void
test_many(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GString) commands = g_string_new(NULL);
    g_autofree char *first = add_uplink("wwan0", 0);
    g_autofree char *second = add_uplink("eth0", 1);

    if (!enter_network())
        return;
    g_string_append_printf(commands, "%s%s", first, second);
    for (guint i = 0; i < 2000; i++)
        g_string_append_printf(commands, "route add 20.%u.%u.0/24 via 10.0.0.2\n", i / 250,
                               i % 250);
    run_ip(commands->str, NULL);
    g_assert_cmpint(fota_route_leads_out(fixture->sys, fixture->module), ==, 0);
    run_ip("route add 2001:db8::/32 via fd00:1::2\n", NULL);
    g_assert_cmpint(fota_route_leads_out(fixture->sys, fixture->module), ==, 1);
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

static void
test_watch(Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *command;
        const char *option;
    } changes[] = {
        {"addr add 10.0.7.1/24 dev eth0\n", NULL},
        {"addr add fd00:7::1/64 dev eth0\n", NULL},
        {"route add default via 10.0.0.2\n", NULL},
        {"route add default via fd00:0::2\n", NULL},
        {"route del default via 10.0.0.2\n", NULL},
        {"rule add from 10.0.0.1 lookup 101\n", "-4"},
        {"rule add from fd00:0::1 lookup 101\n", "-6"},
        {"link set eth0 down\n", NULL},
    };
    g_autofree char *uplink = add_uplink("eth0", 0);
    g_autoptr(GError) error = NULL;
    gboolean changed = FALSE;
    guint watch;

    if (!enter_network())
        return;
    run_ip(uplink, NULL);
    watch = fota_route_watch(set_flag, &changed, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < G_N_ELEMENTS(changes); i++) {
        guint limit = g_timeout_add_seconds(20, fail, NULL);

        while (g_main_context_iteration(NULL, FALSE))
            ;
        changed = FALSE;
        g_test_message("%s", changes[i].command);
        run_ip(changes[i].command, changes[i].option);
        while (!changed)
            g_main_context_iteration(NULL, TRUE);
        g_source_remove(limit);
    }
    g_source_remove(watch);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(path, function)                                                                        \
    g_test_add(path, Fixture, NULL, fixture_set_up, function, fixture_tear_down)
    ADD("/route/ways", test_ways);
    ADD("/route/many", test_many);
    ADD("/route/watch", test_watch);
    return g_test_run();
}
