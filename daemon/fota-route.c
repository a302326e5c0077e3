/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-route.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <linux/if_arp.h>
#include <linux/route.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ADDRESS_MAX 16

typedef struct {
    GSocketFamily family;
    guint8 destination[ADDRESS_MAX];
    guint prefix; /* bits, 0 = default route */
    gboolean is_ethernet;
    char *device; /* sysfs path of the hardware, NULL = none */
} Route;

struct _FotaRoutes {
    GArray *routes; /* Route */
    const char *sys;
};

static void
route_clear(gpointer data)
{
    free(((Route *)data)->device);
}

static gboolean
is_ethernet(const char *directory)
{
    g_autofree char *file = g_build_filename(directory, "type", NULL);
    g_autofree char *type = NULL;

    return g_file_get_contents(file, &type, NULL, NULL) &&
           g_ascii_strtoll(type, NULL, 10) == ARPHRD_ETHER;
}

static void
add_route(FotaRoutes *routes, const char *interface, Route route)
{
    g_autofree char *directory = g_build_filename(routes->sys, interface, NULL);
    g_autofree char *hardware = g_build_filename(directory, "device", NULL);

    if (strcmp(interface, "lo") == 0)
        return;
    route.device = realpath(hardware, NULL);
    route.is_ethernet = is_ethernet(directory);
    g_array_append_val(routes->routes, route);
}

/* "eth0 0014A8C0 00000000 0001 0 0 0 00FFFFFF ...": addresses as they lie in memory. */
static void
take_ipv4(FotaRoutes *routes, const char *line)
{
    char interface[64];
    guint32 destination, mask;
    guint flags;
    Route route = {.family = G_SOCKET_FAMILY_IPV4};

    if (sscanf(line, "%63s %x %*x %x %*s %*s %*s %x", interface, &destination, &flags, &mask) !=
            4 ||
        (flags & RTF_UP) == 0 || (flags & RTF_REJECT) != 0)
        return;
    memcpy(route.destination, &destination, sizeof destination);
    route.prefix = (guint)__builtin_popcount(mask);
    add_route(routes, interface, route);
}

/* "fd00...0000 40 0000... 00 0000... 00000100 00000001 00000000 00000001 eth0" */
static void
take_ipv6(FotaRoutes *routes, const char *line)
{
    char interface[64], destination[33];
    guint flags;
    Route route = {.family = G_SOCKET_FAMILY_IPV6};

    if (sscanf(line, "%32s %x %*s %*s %*s %*s %*s %*s %x %63s", destination, &route.prefix, &flags,
               interface) != 4 ||
        strlen(destination) != 32 || route.prefix > 128 || (flags & RTF_UP) == 0 ||
        (flags & RTF_REJECT) != 0)
        return;
    for (guint i = 0; i < ADDRESS_MAX; i++)
        route.destination[i] = (guint8)(g_ascii_xdigit_value(destination[2 * i]) << 4 |
                                        g_ascii_xdigit_value(destination[2 * i + 1]));
    add_route(routes, interface, route);
}

static void
read_table(FotaRoutes *routes, const char *proc, const char *name,
           void (*take)(FotaRoutes *routes, const char *line))
{
    g_autofree char *file = g_build_filename(proc, name, NULL);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents(file, &text, NULL, NULL))
        return;
    lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i] != NULL; i++)
        take(routes, lines[i]);
}

FotaRoutes *
fota_routes_read(const char *proc, const char *sys)
{
    FotaRoutes *routes = g_new0(FotaRoutes, 1);

    routes->routes = g_array_new(FALSE, FALSE, sizeof(Route));
    g_array_set_clear_func(routes->routes, route_clear);
    routes->sys = sys != NULL ? sys : "/sys/class/net";
    read_table(routes, proc != NULL ? proc : "/proc/net", "route", take_ipv4);
    read_table(routes, proc != NULL ? proc : "/proc/net", "ipv6_route", take_ipv6);
    return routes;
}

void
fota_routes_free(FotaRoutes *routes)
{
    g_array_unref(routes->routes);
    g_free(routes);
}

static gboolean
leads_past(const Route *route, const char *device)
{
    g_autofree char *below = g_strconcat(device, "/", NULL);

    if (route->device == NULL)
        return route->is_ethernet;
    return strcmp(route->device, device) != 0 && !g_str_has_prefix(route->device, below);
}

gboolean
fota_routes_lead_past(const FotaRoutes *routes, const char *device)
{
    return fota_routes_reach(routes, "a.name", device);
}

static gboolean
covers(const Route *route, GInetAddress *address)
{
    const guint8 *bytes = g_inet_address_to_bytes(address);

    if (route->family != g_inet_address_get_family(address))
        return FALSE;
    for (guint i = 0; i < route->prefix; i++) {
        if (((route->destination[i / 8] ^ bytes[i / 8]) & (0x80 >> i % 8)) != 0)
            return FALSE;
    }
    return TRUE;
}

gboolean
fota_routes_reach(const FotaRoutes *routes, const char *host, const char *without_device)
{
    g_autoptr(GInetAddress) address = g_inet_address_new_from_string(host);

    if (address != NULL ? g_inet_address_get_is_loopback(address) : strcmp(host, "localhost") == 0)
        return TRUE;
    for (guint i = 0; i < routes->routes->len; i++) {
        const Route *route = &g_array_index(routes->routes, Route, i);

        if ((address != NULL ? covers(route, address) : route->prefix == 0) &&
            (without_device == NULL || leads_past(route, without_device)))
            return TRUE;
    }
    return FALSE;
}

typedef struct {
    void (*changed)(gpointer user_data);
    gpointer user_data;
    int fd;
} Watch;

static void
watch_free(gpointer data)
{
    close(((Watch *)data)->fd);
    g_free(data);
}

/* What exactly has changed does not matter; the messages are only taken away. */
static gboolean
routes_changed(int fd, GIOCondition condition, gpointer user_data)
{
    Watch *watch = user_data;
    char message[8192];

    while (recv(fd, message, sizeof message, 0) >= 0 || errno == ENOBUFS || errno == EINTR)
        ;
    watch->changed(watch->user_data);
    return G_SOURCE_CONTINUE;
}

guint
fota_routes_watch(void (*changed)(gpointer user_data), gpointer user_data, GError **error)
{
    const struct sockaddr_nl groups = {.nl_family = AF_NETLINK,
                                       .nl_groups = RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    Watch *watch;

    if (fd < 0 || bind(fd, (const struct sockaddr *)&groups, sizeof groups) < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "routes cannot be watched: %s",
                    g_strerror(errno));
        if (fd >= 0)
            close(fd);
        return 0;
    }
    watch = g_new(Watch, 1);
    *watch = (Watch){changed, user_data, fd};
    return g_unix_fd_add_full(G_PRIORITY_DEFAULT, fd, G_IO_IN, routes_changed, watch, watch_free);
}
