/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/at/fota-at-tty.h"

#include <gio/gio.h>
#include <string.h>
#include <systemd/sd-device.h>
#include <systemd/sd-id128.h>

#include "daemon/at/fota-at-channel.h"

typedef sd_device_enumerator Enumerator;
typedef sd_device Device;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Enumerator, sd_device_enumerator_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Device, sd_device_unref)

struct _FotaAtPlace {
    char *device;
    char *vendor;       /* USB vendor id, NULL if not a USB device */
    GHashTable *others; /* sysfs paths of the other devices of that vendor */
    gboolean reserved;
    int interface; /* to be tried first, -1 = none */
    int avoided;   /* to be tried last, -1 = none */
};

void
fota_at_tty_free(FotaAtTty *tty)
{
    g_free(tty->node);
    g_free(tty);
}

/* All ttys; with @vendor those of its devices, with @parent those below it. NULL: none. */
static Enumerator *
enumerate_ttys(Device *parent, const char *vendor)
{
    g_autoptr(Enumerator) ttys = NULL;

    if (sd_device_enumerator_new(&ttys) < 0 || sd_device_enumerator_allow_uninitialized(ttys) < 0 ||
        sd_device_enumerator_add_match_subsystem(ttys, "tty", TRUE) < 0)
        return NULL;
    if (parent != NULL && sd_device_enumerator_add_match_parent(ttys, parent) < 0)
        return NULL;
    if (vendor != NULL && sd_device_enumerator_add_match_property(ttys, "ID_VENDOR_ID", vendor) < 0)
        return NULL;
    return g_steal_pointer(&ttys);
}

static const char *
get_property(Device *tty, const char *name)
{
    const char *value;

    return sd_device_get_property_value(tty, name, &value) >= 0 ? value : NULL;
}

static gboolean
has_property(Device *tty, const char *name)
{
    return g_strcmp0(get_property(tty, name), "1") == 0;
}

char *
fota_at_locate(const char *port)
{
    static const char *const subsystems[] = {"tty", "net", "usbmisc", "wwan"};
    g_autoptr(Device) device = NULL;
    const char *path, *subsystem;
    Device *owner;

    for (guint i = 0; device == NULL && i < G_N_ELEMENTS(subsystems); i++)
        sd_device_new_from_subsystem_sysname(&device, subsystems[i], port);
    if (device == NULL || sd_device_get_subsystem(device, &subsystem) < 0)
        return NULL;
    /* UARTs of one controller have no common owner: each may have another module. */
    if (sd_device_get_parent_with_subsystem_devtype(device, "usb", "usb_device", &owner) < 0 &&
        (strcmp(subsystem, "tty") == 0 ||
         sd_device_get_parent_with_subsystem_devtype(device, "pci", NULL, &owner) < 0))
        owner = device;
    return sd_device_get_syspath(owner, &path) >= 0 ? g_strdup(path) : NULL;
}

/* Sysfs path of the USB device above @tty, NULL for another kind of device. */
static const char *
get_usb_device(Device *tty)
{
    Device *usb;
    const char *path;

    if (sd_device_get_parent_with_subsystem_devtype(tty, "usb", "usb_device", &usb) < 0 ||
        sd_device_get_syspath(usb, &path) < 0)
        return NULL;
    return path;
}

/* What a rule of the site says about a UART, in ModemManager's words. */
static void
take_line(Device *device, FotaAtTty *tty)
{
    const char *speed = get_property(device, "ID_MM_TTY_BAUDRATE");
    const char *flow = get_property(device, "ID_MM_TTY_FLOW_CONTROL");
    guint64 number;

    if (speed != NULL && g_ascii_string_to_unsigned(speed, 10, 1, G_MAXUINT, &number, NULL))
        tty->speed = (guint)number;
    tty->rts_cts = g_strcmp0(flow, "rts-cts") == 0;
    tty->xon_xoff = g_strcmp0(flow, "xon-xoff") == 0;
}

/* NULL if it cannot be an AT port. */
static FotaAtTty *
describe_tty(Device *device)
{
    static const char *const at[] = {"ID_MM_PORT_TYPE_AT_PRIMARY", "ID_MM_PORT_TYPE_AT_SECONDARY",
                                     "ID_MM_PORT_TYPE_AT_PPP"};
    static const char *const others[] = {"ID_MM_PORT_IGNORE", "ID_MM_PORT_TYPE_GPS",
                                         "ID_MM_PORT_TYPE_QCDM", "ID_MM_PORT_TYPE_AUDIO"};
    gboolean owned = has_property(device, "ID_FOTAD_PORT");
    const char *interface = get_property(device, "ID_USB_INTERFACE_NUM");
    guint rank = 0;
    const char *node;
    FotaAtTty *tty;

    while (rank < G_N_ELEMENTS(at) && !has_property(device, at[rank]))
        rank++;
    for (guint i = 0; !owned && i < G_N_ELEMENTS(others); i++) {
        if (has_property(device, others[i]))
            return NULL;
    }
    if (sd_device_get_devname(device, &node) < 0)
        return NULL;
    tty = g_new0(FotaAtTty, 1);
    tty->node = g_strdup(node);
    tty->interface = interface != NULL ? (int)g_ascii_strtoll(interface, NULL, 16) : -1;
    tty->owned = owned;
    tty->rank = rank;
    take_line(device, tty);
    return tty;
}

FotaAtPlace *
fota_at_place_new(const char *device, gboolean reserved)
{
    FotaAtPlace *place = g_new0(FotaAtPlace, 1);
    g_autoptr(Device) parent = NULL;
    g_autoptr(Enumerator) ttys = NULL;
    const char *vendor;

    place->device = g_strdup(device);
    place->reserved = reserved;
    place->interface = -1;
    place->avoided = -1;
    place->others = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (sd_device_new_from_syspath(&parent, device) < 0 ||
        sd_device_get_sysattr_value(parent, "idVendor", &vendor) < 0)
        return place;
    place->vendor = g_strdup(vendor);
    ttys = enumerate_ttys(NULL, vendor);
    for (Device *tty = ttys != NULL ? sd_device_enumerator_get_device_first(ttys) : NULL;
         tty != NULL; tty = sd_device_enumerator_get_device_next(ttys)) {
        const char *path = get_usb_device(tty);

        if (path != NULL && strcmp(path, device) != 0)
            g_hash_table_add(place->others, g_strdup(path));
    }
    return place;
}

void
fota_at_place_free(FotaAtPlace *place)
{
    g_hash_table_unref(place->others);
    g_free(place->vendor);
    g_free(place->device);
    g_free(place);
}

void
fota_at_place_prefer(FotaAtPlace *place, int interface)
{
    place->interface = interface;
    place->avoided = -1;
}

void
fota_at_place_avoid(FotaAtPlace *place, int interface)
{
    place->interface = -1;
    place->avoided = interface;
}

static int
compare_ttys(gconstpointer a, gconstpointer b, gpointer user_data)
{
    const FotaAtTty *left = *(FotaAtTty *const *)a, *right = *(FotaAtTty *const *)b;
    const FotaAtPlace *place = user_data;
    gboolean left_known = left->interface >= 0 && left->interface == place->interface;
    gboolean right_known = right->interface >= 0 && right->interface == place->interface;
    gboolean left_avoided = left->interface >= 0 && left->interface == place->avoided;
    gboolean right_avoided = right->interface >= 0 && right->interface == place->avoided;

    if (left_avoided != right_avoided)
        return left_avoided - right_avoided;
    if (left_known != right_known)
        return right_known - left_known;
    if (left->owned != right->owned)
        return right->owned - left->owned;
    if (left->rank != right->rank)
        return left->rank < right->rank ? -1 : 1;
    return left->interface - right->interface;
}

GPtrArray *
fota_at_place_find(FotaAtPlace *place)
{
    GPtrArray *found = g_ptr_array_new_with_free_func((GDestroyNotify)fota_at_tty_free);
    g_autoptr(Device) parent = NULL;
    g_autoptr(Enumerator) ttys = NULL;

    if (sd_device_new_from_syspath(&parent, place->device) >= 0)
        ttys = enumerate_ttys(parent, NULL);
    else if (place->vendor != NULL)
        ttys = enumerate_ttys(NULL, place->vendor);
    for (Device *device = ttys != NULL ? sd_device_enumerator_get_device_first(ttys) : NULL;
         device != NULL; device = sd_device_enumerator_get_device_next(ttys)) {
        const char *path = parent == NULL ? get_usb_device(device) : NULL;
        FotaAtTty *tty;

        if (path != NULL && g_hash_table_contains(place->others, path))
            continue;
        tty = describe_tty(device);
        if (tty != NULL && (tty->owned || !place->reserved))
            g_ptr_array_add(found, tty);
        else if (tty != NULL)
            fota_at_tty_free(tty);
    }
    g_ptr_array_sort_with_data(found, compare_ttys, place);
    return found;
}

char *
fota_at_place_find_wwan(FotaAtPlace *place)
{
    g_autoptr(Enumerator) ports = NULL;
    g_autoptr(Device) parent = NULL;
    Device *port;
    const char *name;

    if (sd_device_new_from_syspath(&parent, place->device) < 0 ||
        sd_device_enumerator_new(&ports) < 0 ||
        sd_device_enumerator_allow_uninitialized(ports) < 0 ||
        sd_device_enumerator_add_match_subsystem(ports, "wwan", TRUE) < 0 ||
        sd_device_enumerator_add_match_sysname(ports, "wwan*at*") < 0 ||
        sd_device_enumerator_add_match_parent(ports, parent) < 0)
        return NULL;
    port = sd_device_enumerator_get_device_first(ports);
    return port != NULL && sd_device_get_sysname(port, &name) >= 0
               ? g_strconcat("/dev/", name, NULL)
               : NULL;
}

char *
fota_at_name_return(const char *device)
{
    g_autoptr(Device) usb = NULL;
    const char *type, *bus, *number;
    sd_id128_t boot;
    char boot_text[SD_ID128_STRING_MAX];

    if (sd_device_new_from_syspath(&usb, device) < 0 || sd_device_get_devtype(usb, &type) < 0 ||
        strcmp(type, "usb_device") != 0 || sd_device_get_sysattr_value(usb, "busnum", &bus) < 0 ||
        sd_device_get_sysattr_value(usb, "devnum", &number) < 0 || sd_id128_get_boot(&boot) < 0)
        return NULL;
    return g_strdup_printf("%s %s-%s", sd_id128_to_string(boot, boot_text), bus, number);
}

gboolean
fota_at_has_reserved_port(const char *device)
{
    g_autoptr(FotaAtPlace) place = fota_at_place_new(device, TRUE);
    g_autoptr(GPtrArray) ttys = fota_at_place_find(place);

    return ttys->len > 0;
}

gboolean
fota_at_is_used(const char *device)
{
    g_autoptr(FotaAtPlace) place = fota_at_place_new(device, FALSE);
    g_autoptr(GPtrArray) ttys = fota_at_place_find(place);

    for (guint i = 0; i < ttys->len; i++) {
        if (fota_at_tty_is_used(g_ptr_array_index(ttys, i)))
            return TRUE;
    }
    return FALSE;
}
