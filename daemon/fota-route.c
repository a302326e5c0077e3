/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-route.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel aligns what its macros step through. */
#pragma GCC diagnostic ignored "-Wcast-align"

#define UNKNOWN (-1)
/* Attempts to list routes that change while they are listed. */
#define MAX_LISTINGS 5
/* VLAN over bond over Ethernet is three. */
#define MAX_LAYERS 8
#define LISTING_SECONDS 2

static int
open_netlink(guint32 groups, int flags)
{
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

/* The interfaces, by index, that the ways out lead through; 0 = one that is not told. */
static void
add_interface(GArray *interfaces, int index, guint flags)
{
    if ((flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN)) == 0)
        g_array_append_val(interfaces, index);
}

/* Of a route over several routers. */
static void
take_hops(const struct rtattr *attribute, GArray *interfaces)
{
    int left = (int)RTA_PAYLOAD(attribute);

    for (const struct rtnexthop *hop = RTA_DATA(attribute); RTNH_OK(hop, left);
         left -= NLMSG_ALIGN(hop->rtnh_len), hop = RTNH_NEXT(hop))
        add_interface(interfaces, hop->rtnh_ifindex, hop->rtnh_flags);
}

static void
take_route(const struct nlmsghdr *message, GArray *interfaces)
{
    const struct rtmsg *route = NLMSG_DATA(message);
    const struct rtattr *attributes[RTA_MAX + 1] = {NULL};
    int left = (int)RTM_PAYLOAD(message);

    if (message->nlmsg_type != RTM_NEWROUTE || route->rtm_type != RTN_UNICAST ||
        (route->rtm_family != AF_INET && route->rtm_family != AF_INET6))
        return;
    for (const struct rtattr *attribute = RTM_RTA(route); RTA_OK(attribute, left);
         attribute = RTA_NEXT(attribute, left)) {
        if (attribute->rta_type <= RTA_MAX)
            attributes[attribute->rta_type] = attribute;
    }
    /* What lies on the link itself is no way to anywhere else. */
    if (route->rtm_dst_len > 0 && attributes[RTA_GATEWAY] == NULL && attributes[RTA_VIA] == NULL &&
        attributes[RTA_MULTIPATH] == NULL)
        return;
    if (attributes[RTA_MULTIPATH] != NULL)
        take_hops(attributes[RTA_MULTIPATH], interfaces);
    else if (attributes[RTA_OIF] != NULL)
        add_interface(interfaces, *(const int *)RTA_DATA(attributes[RTA_OIF]), route->rtm_flags);
    else
        add_interface(interfaces, 0, route->rtm_flags);
}

typedef enum {
    LISTING_GOES_ON,
    LISTING_ENDS,
    LISTING_FAILS
} Listing;

/* One datagram of the kernel's answer. */
static Listing
take_datagram(int fd, GArray *interfaces)
{
    union {
        struct nlmsghdr first;
        char bytes[32768]; /* the kernel sends no longer ones */
    } buffer;
    gssize size = recv(fd, &buffer, sizeof buffer, 0);
    guint left = size > 0 ? (guint)size : 0;

    for (const struct nlmsghdr *message = &buffer.first; NLMSG_OK(message, left);
         message = NLMSG_NEXT(message, left)) {
        if (message->nlmsg_type == NLMSG_ERROR || (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0)
            return LISTING_FAILS;
        if (message->nlmsg_type == NLMSG_DONE)
            return LISTING_ENDS;
        take_route(message, interfaces);
    }
    return size > 0 || (size < 0 && errno == EINTR) ? LISTING_GOES_ON : LISTING_FAILS;
}

static gboolean
list_once(GArray *interfaces)
{
    const struct timeval limit = {.tv_sec = LISTING_SECONDS};
    struct {
        struct nlmsghdr header;
        struct rtmsg route;
    } request = {
        .header = {.nlmsg_len = sizeof request,
                   .nlmsg_type = RTM_GETROUTE,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .route = {.rtm_family = AF_UNSPEC},
    };
    int fd = open_netlink(0, 0);
    Listing listing = LISTING_GOES_ON;

    if (fd < 0)
        return FALSE;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ||
        send(fd, &request, sizeof request, 0) != (gssize)sizeof request)
        listing = LISTING_FAILS;
    while (listing == LISTING_GOES_ON)
        listing = take_datagram(fd, interfaces);
    close(fd);
    return listing == LISTING_ENDS;
}

/* FALSE: not all of them are known. */
static gboolean
list_interfaces(GArray *interfaces)
{
    for (guint i = 0; i < MAX_LISTINGS; i++) {
        g_array_set_size(interfaces, 0);
        if (list_once(interfaces))
            return TRUE;
    }
    return FALSE;
}

static gboolean
lies_below(const char *path, const char *device)
{
    gsize length = strlen(device);

    return strncmp(path, device, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

static int
is_ethernet(const char *directory)
{
    g_autofree char *file = g_build_filename(directory, "type", NULL);
    g_autofree char *type = NULL;

    if (!g_file_get_contents(file, &type, NULL, NULL))
        return UNKNOWN;
    return g_ascii_strtoll(type, NULL, 10) == ARPHRD_ETHER;
}

/* One way is enough; that there is none must be known of all. */
static int
either(int a, int b)
{
    return a == 1 || b == 1 ? 1 : MIN(a, b);
}

/* As fota_route_leads_out(), by the interface whose sysfs directory this is. */
static int
leads_past(const char *directory, const char *device, guint layers)
{
    g_autofree char *link = g_build_filename(directory, "device", NULL);
    char *hardware = realpath(link, NULL);
    int cause = errno, past = 0;
    gboolean has_lower = FALSE;
    g_autoptr(GDir) dir = NULL;
    const char *name;

    if (hardware != NULL) {
        past = !lies_below(hardware, device);
        free(hardware);
        return past;
    }
    dir = cause == ENOENT && layers > 0 ? g_dir_open(directory, 0, NULL) : NULL;
    if (dir == NULL)
        return UNKNOWN;
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *lower = g_build_filename(directory, name, NULL);

        if (!g_str_has_prefix(name, "lower_"))
            continue;
        has_lower = TRUE;
        past = either(past, leads_past(lower, device, layers - 1));
    }
    return has_lower ? past : is_ethernet(directory);
}

static int
interface_leads_out(const char *sys, int index, const char *without)
{
    char name[IF_NAMESIZE];
    g_autofree char *directory = NULL;

    if (index == 0)
        return UNKNOWN;
    if (if_indextoname((guint)index, name) == NULL)
        return errno == ENXIO ? 0 : UNKNOWN;
    if (strcmp(name, "lo") == 0)
        return 0;
    if (without == NULL)
        return 1;
    directory = g_build_filename(sys, name, NULL);
    return leads_past(directory, without, MAX_LAYERS);
}

int
fota_route_leads_out(const char *sys, const char *without)
{
    g_autoptr(GArray) interfaces = g_array_new(FALSE, FALSE, sizeof(int));
    int leads = list_interfaces(interfaces) ? 0 : UNKNOWN;

    for (guint i = 0; i < interfaces->len; i++)
        leads = either(leads, interface_leads_out(sys != NULL ? sys : "/sys/class/net",
                                                  g_array_index(interfaces, int, i), without));
    return leads;
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
fota_route_watch(void (*changed)(gpointer user_data), gpointer user_data, GError **error)
{
    int fd = open_netlink(RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
                              RTMGRP_IPV6_ROUTE | RTMGRP_IPV4_RULE | 1U << (RTNLGRP_IPV6_RULE - 1),
                          SOCK_NONBLOCK);
    Watch *watch;

    if (fd < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "the kernel does not report its routes: %s", g_strerror(errno));
        return 0;
    }
    watch = g_new(Watch, 1);
    *watch = (Watch){changed, user_data, fd};
    return g_unix_fd_add_full(G_PRIORITY_DEFAULT, fd, G_IO_IN, routes_changed, watch, watch_free);
}
