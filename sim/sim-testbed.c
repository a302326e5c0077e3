/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-testbed.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <pty.h>
#include <string.h>
#include <limits.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include <umockdev.h>

#define PATIENCE_MS 2000
#define BUS "pci0000:00/0000:00:14.0/usb1"
#define NET_INTERFACE 8 /* no tty has it */

struct _SimTestbed {
    UMockdevTestbed *umockdev;
    UMockdevIoctlBase *ioctls;
    char *root;
    SimTtyWatch watch;
    gpointer watch_data;
    GHashTable *open_count; /* devnode -> number of open file descriptions */
    int n_open;             /* of all ttys, those that are gone included */
    guint next_usb;
    guint next_acm;
    guint n_plugged; /* USB devices that have come, as the kernel numbers them */
};

typedef struct {
    char *name;
    char *devnode;
    char *syspath;
    char *interface_path;
    int master;
    int slave; /* held open, so that the master side never sees a hang-up of its own */
} SimTty;

struct _SimBranch {
    SimTestbed *testbed;
    char *device_path;
    char *net_interface_path; /* NULL: it has no network interface */
    char *net_path;
    SimTty *ttys;
    guint n_ttys;
};

typedef struct {
    SimTestbed *testbed;
    char *devnode;
    int change;
} OpenChange;

static gboolean
open_change_apply(gpointer user_data)
{
    OpenChange *change = user_data;
    SimTestbed *self = change->testbed;
    int before = GPOINTER_TO_INT(g_hash_table_lookup(self->open_count, change->devnode));
    int after = MAX(before + change->change, 0);

    self->n_open += change->change;
    g_hash_table_insert(self->open_count, g_strdup(change->devnode), GINT_TO_POINTER(after));
    if ((before == 0) != (after == 0))
        self->watch(change->devnode + strlen("/dev/"), after > 0, self->watch_data);
    g_free(change->devnode);
    g_free(change);
    return G_SOURCE_REMOVE;
}

/* umockdev calls from a thread of its own. Above the ttys' priority, so that a close is known
 * before the next program's first command is read. */
static void
open_change_post(SimTestbed *self, const char *devnode, int by)
{
    OpenChange *change = g_new0(OpenChange, 1);

    change->testbed = self;
    change->devnode = g_strdup(devnode);
    change->change = by;
    g_main_context_invoke_full(NULL, G_PRIORITY_HIGH, open_change_apply, change, NULL);
}

static void
on_client_gone(gpointer user_data, GObject *client)
{
    OpenChange *change = user_data;

    open_change_post(change->testbed, change->devnode, change->change);
    g_free(change->devnode);
    g_free(change);
}

/* umockdev does not report that a program has closed the tty; it only drops the client. */
static void
on_client_connected(UMockdevIoctlBase *base, UMockdevIoctlClient *client, gpointer user_data)
{
    const char *devnode = umockdev_ioctl_client_get_devnode(client);
    OpenChange *close = g_new0(OpenChange, 1);

    close->testbed = user_data;
    close->devnode = g_strdup(devnode);
    close->change = -1;
    g_object_weak_ref(G_OBJECT(client), on_client_gone, close);
    open_change_post(user_data, devnode, 1);
}

/* Left alone, umockdev refuses a tty's ioctls (TIOCEXCL, TIOCMGET ...). The node is a pty: let
 * the program run the real call on it. */
static gboolean
on_handle_ioctl(UMockdevIoctlBase *base, UMockdevIoctlClient *client, gpointer user_data)
{
    g_autoptr(GError) error = NULL;
    int errno_ = 0;
    int result = umockdev_ioctl_client_execute(client, &errno_, &error);

    if (error != NULL) {
        result = -1;
        errno_ = EIO;
    }
    umockdev_ioctl_client_complete(client, result, errno_);
    return TRUE;
}

SimTestbed *
sim_testbed_new(SimTtyWatch watch, gpointer user_data)
{
    SimTestbed *self = g_new0(SimTestbed, 1);

    self->watch = watch;
    self->watch_data = user_data;
    self->open_count = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->umockdev = umockdev_testbed_new();
    self->root = umockdev_testbed_get_root_dir(self->umockdev);
    /* Programs in the testbed bind their uevent sockets there. */
    if (g_chmod(self->root, 0770) < 0)
        g_error("cannot open %s to its group: %s", self->root, g_strerror(errno));
    self->ioctls = umockdev_ioctl_base_new();
    g_signal_connect(self->ioctls, "client-connected", G_CALLBACK(on_client_connected), self);
    g_signal_connect(self->ioctls, "handle-ioctl", G_CALLBACK(on_handle_ioctl), self);
    return self;
}

static gboolean
on_patience_over(gpointer user_data)
{
    gboolean *over = user_data;

    *over = TRUE;
    return G_SOURCE_CONTINUE;
}

void
sim_testbed_wait_closed(SimTestbed *self)
{
    gboolean over = FALSE;
    guint timer = g_timeout_add(PATIENCE_MS, on_patience_over, &over);

    while (self->n_open > 0 && !over)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(timer);
}

void
sim_testbed_free(SimTestbed *self)
{
    g_signal_handlers_disconnect_by_data(self->ioctls, self);
    g_clear_object(&self->umockdev);
    g_clear_object(&self->ioctls);
    g_hash_table_unref(self->open_count);
    g_free(self->root);
    g_free(self);
}

const char *
sim_testbed_get_root(SimTestbed *self)
{
    return self->root;
}

static char *
add_device(SimTestbed *self, const char *subsystem, const char *path, const char *const *attributes,
           const char *const *properties)
{
    return umockdev_testbed_add_devicev(self->umockdev, subsystem, path, NULL, (char **)attributes,
                                        (char **)properties);
}

static void
text_append(GPtrArray *properties, const char *key, const char *value)
{
    g_ptr_array_add(properties, (char *)key);
    g_ptr_array_add(properties, (char *)value);
}

/* What udev reads of the USB device, for the device itself and for all below it. */
static void
append_usb_id(GPtrArray *properties, const SimUsbId *id)
{
    text_append(properties, "ID_BUS", "usb");
    text_append(properties, "ID_VENDOR_ID", id->vendor_id);
    text_append(properties, "ID_MODEL_ID", id->product_id);
    text_append(properties, "ID_SERIAL_SHORT", id->serial);
}

static char *
add_usb_device(SimTestbed *self, const SimUsbId *id)
{
    g_autofree char *path = g_strdup_printf(BUS "/1-%u", id->number);
    g_autofree char *devnum = g_strdup_printf("%u", ++self->n_plugged + 1);
    const char *attributes[] = {"idVendor",     id->vendor_id,    "idProduct", id->product_id,
                                "manufacturer", id->manufacturer, "product",   id->product,
                                "serial",       id->serial,       "busnum",    "1",
                                "devnum",       devnum,           NULL};
    g_autoptr(GPtrArray) properties = g_ptr_array_new();

    text_append(properties, "DEVTYPE", "usb_device");
    text_append(properties, "BUSNUM", "001");
    if (!id->raw) {
        append_usb_id(properties, id);
        text_append(properties, "ID_VENDOR", id->manufacturer);
        text_append(properties, "ID_MODEL", id->product);
        text_append(properties, "ID_MM_DEVICE_PROCESS", "1");
    }
    if (id->uid != NULL)
        text_append(properties, "ID_MM_PHYSDEV_UID", id->uid);
    g_ptr_array_add(properties, NULL);
    return add_device(self, "usb", path, attributes, (const char *const *)properties->pdata);
}

static char *
add_usb_interface(SimTestbed *self, const SimUsbId *id, guint number, const char *driver,
                  const char *class)
{
    g_autofree char *path = g_strdup_printf(BUS "/1-%u/1-%u:1.%u", id->number, id->number, number);
    g_autofree char *ifnum = g_strdup_printf("%02x", number);
    g_autofree char *link = g_strdup_printf("../../../../../../bus/usb/drivers/%s", driver);
    const char *attributes[] = {"bInterfaceNumber", ifnum, "bInterfaceClass", class, NULL};
    const char *properties[] = {"DEVTYPE", "usb_interface", "DRIVER", driver, NULL};
    char *syspath = add_device(self, "usb", path, attributes, properties);

    umockdev_testbed_set_attribute_link(self->umockdev, syspath, "driver", link);
    return syspath;
}

static void
append_role(GPtrArray *properties, SimTtyRole role)
{
    text_append(properties, "ID_MM_CANDIDATE", "1");
    switch (role) {
    case SIM_TTY_PRIMARY:
        text_append(properties, "ID_MM_PORT_TYPE_AT_PRIMARY", "1");
        break;
    case SIM_TTY_SECONDARY:
        text_append(properties, "ID_MM_PORT_TYPE_AT_SECONDARY", "1");
        break;
    case SIM_TTY_RESERVED:
        text_append(properties, "ID_MM_PORT_IGNORE", "1");
        text_append(properties, "ID_FOTAD_PORT", "1");
        break;
    }
}

/* The node below the testbed's root is a link to a pty. */
static void
tty_open(SimTestbed *self, SimTty *tty)
{
    g_autofree char *node = g_strconcat(self->root, tty->devnode, NULL);
    g_autofree char *dir = g_path_get_dirname(node);
    char slave[PATH_MAX];
    struct termios raw = {.c_cflag = CREAD};

    cfmakeraw(&raw);
    cfsetspeed(&raw, B115200);
    if (openpty(&tty->master, &tty->slave, slave, &raw, NULL) < 0 ||
        g_mkdir_with_parents(dir, 0755) < 0 || symlink(slave, node) < 0)
        g_error("cannot make %s: %s", node, g_strerror(errno));
    /* Our group may use it, as udev's rules allow the group dialout. */
    if (fchown(tty->slave, (uid_t)-1, getegid()) < 0 || fchmod(tty->slave, 0660) < 0)
        g_error("cannot give %s to its group: %s", node, g_strerror(errno));
}

/* udev's rules do not run in a testbed: sets each property that they would set. */
static void
tty_append_rules(GPtrArray *properties, const SimUsbId *id, const SimTtySpec *spec,
                 const char *ifnum, const char *driver)
{
    append_usb_id(properties, id);
    text_append(properties, "ID_USB_INTERFACE_NUM", ifnum);
    text_append(properties, "ID_USB_DRIVER", driver);
    append_role(properties, spec->role);
}

static void
tty_add(SimTestbed *self, SimTty *tty, const SimUsbId *id, const SimTtySpec *spec, gboolean acm)
{
    const char *driver = acm ? "cdc_acm" : "option";
    guint minor = acm ? self->next_acm++ : self->next_usb++;
    g_autofree char *ifnum = g_strdup_printf("%02x", spec->interface);
    g_autofree char *minor_text = g_strdup_printf("%u", minor);
    g_autofree char *dev = g_strdup_printf("%s:%u\n", acm ? "166" : "188", minor);
    g_autofree char *path = NULL;
    g_autoptr(GPtrArray) properties = g_ptr_array_new();
    const char *attributes[] = {"dev", dev, NULL};

    tty->name = g_strdup_printf("%s%u", acm ? "ttyACM" : "ttyUSB", minor);
    tty->devnode = g_strdup_printf("/dev/%s", tty->name);
    tty->interface_path = add_usb_interface(self, id, spec->interface, driver, "ff");
    path = g_strdup_printf("%s/%s", tty->interface_path + strlen("/sys/devices/"), tty->name);

    text_append(properties, "DEVNAME", tty->devnode);
    text_append(properties, "MAJOR", acm ? "166" : "188");
    text_append(properties, "MINOR", minor_text);
    if (!id->raw)
        tty_append_rules(properties, id, spec, ifnum, driver);
    g_ptr_array_add(properties, NULL);

    tty_open(self, tty);
    /* Before the uevent, which add_device sends: a program may open the tty as soon as it hears of
     * it. */
    umockdev_testbed_attach_ioctl(self->umockdev, tty->devnode, self->ioctls, NULL);
    tty->syspath =
        add_device(self, "tty", path, attributes, (const char *const *)properties->pdata);
}

/* An Ethernet adapter of the USB class (ECM), as ModemManager's rules mark those of Huawei. */
static void
branch_add_net(SimBranch *branch, const SimUsbId *id)
{
    SimTestbed *self = branch->testbed;
    g_autofree char *address = g_strdup_printf("02:00:00:00:00:%02x", id->number & 0xff);
    g_autofree char *ifindex = g_strdup_printf("%u", 1000 + id->number);
    g_autofree char *path = NULL;
    const char *attributes[] = {"type", "1", "address", address, "ifindex", ifindex, NULL};
    g_autoptr(GPtrArray) properties = g_ptr_array_new();

    branch->net_interface_path = add_usb_interface(self, id, NET_INTERFACE, "cdc_ether", "02");
    path =
        g_strdup_printf("%s/net/%s", branch->net_interface_path + strlen("/sys/devices/"), id->net);
    text_append(properties, "INTERFACE", id->net);
    text_append(properties, "IFINDEX", ifindex);
    if (!id->raw) {
        append_usb_id(properties, id);
        text_append(properties, "ID_USB_DRIVER", "cdc_ether");
        text_append(properties, "ID_MM_CANDIDATE", "1");
        text_append(properties, "ID_MM_HUAWEI_NDISDUP_SUPPORTED", "1");
    }
    g_ptr_array_add(properties, NULL);
    branch->net_path =
        add_device(self, "net", path, attributes, (const char *const *)properties->pdata);
    umockdev_testbed_set_attribute_link(self->umockdev, branch->net_path, "device", "../..");
}

SimBranch *
sim_testbed_plug(SimTestbed *self, const SimUsbId *id, const SimTtySpec *specs, guint n_specs,
                 gboolean acm)
{
    SimBranch *branch = g_new0(SimBranch, 1);

    branch->testbed = self;
    branch->device_path = add_usb_device(self, id);
    branch->ttys = g_new0(SimTty, n_specs);
    branch->n_ttys = n_specs;
    for (guint i = 0; i < n_specs; i++)
        tty_add(self, &branch->ttys[i], id, &specs[i], acm);
    if (id->net != NULL)
        branch_add_net(branch, id);
    return branch;
}

static void
tty_remove(SimTestbed *self, SimTty *tty)
{
    g_autofree char *node = g_strconcat(self->root, tty->devnode, NULL);

    /* Its ioctls stay attached: a program in the middle of one would be aborted instead of seeing
     * the hang-up. */
    unlink(node);
    close(tty->slave);
    close(tty->master); /* hangs up every program that has it open */
    g_hash_table_remove(self->open_count, tty->devnode);
    umockdev_testbed_remove_device(self->umockdev, tty->interface_path);
    g_free(tty->name);
    g_free(tty->devnode);
    g_free(tty->syspath);
    g_free(tty->interface_path);
}

static void
branch_remove_net(SimBranch *branch)
{
    SimTestbed *self = branch->testbed;

    if (branch->net_path == NULL)
        return;
    umockdev_testbed_uevent(self->umockdev, branch->net_path, "remove");
    umockdev_testbed_uevent(self->umockdev, branch->net_interface_path, "remove");
    /* Each, so that the name is free again. */
    umockdev_testbed_remove_device(self->umockdev, branch->net_path);
    umockdev_testbed_remove_device(self->umockdev, branch->net_interface_path);
    g_free(branch->net_path);
    g_free(branch->net_interface_path);
}

void
sim_branch_unplug(SimBranch *branch)
{
    SimTestbed *self = branch->testbed;

    branch_remove_net(branch);
    for (guint i = 0; i < branch->n_ttys; i++) {
        umockdev_testbed_uevent(self->umockdev, branch->ttys[i].syspath, "remove");
        umockdev_testbed_uevent(self->umockdev, branch->ttys[i].interface_path, "remove");
    }
    umockdev_testbed_uevent(self->umockdev, branch->device_path, "remove");
    for (guint i = 0; i < branch->n_ttys; i++)
        tty_remove(self, &branch->ttys[i]);
    umockdev_testbed_remove_device(self->umockdev, branch->device_path);
    g_free(branch->device_path);
    g_free(branch->ttys);
    g_free(branch);
}

const char *
sim_branch_get_tty(SimBranch *branch, guint index)
{
    return branch->ttys[index].name;
}

int
sim_branch_get_fd(SimBranch *branch, guint index)
{
    return branch->ttys[index].master;
}

/* As the program's own poll() sees it, which also waits for what the kernel is still passing on
 * from the master. */
gboolean
sim_branch_is_unread(SimBranch *branch, guint index)
{
    struct pollfd tty = {.fd = branch->ttys[index].slave, .events = POLLIN};

    return poll(&tty, 1, 0) > 0 && (tty.revents & POLLIN) != 0;
}

void
sim_branch_flush(SimBranch *branch, guint index)
{
    int slave = branch->ttys[index].slave;
    struct termios raw;

    tcflush(slave, TCIFLUSH);
    if (tcgetattr(slave, &raw) == 0) {
        cfmakeraw(&raw);
        tcsetattr(slave, TCSANOW, &raw);
    }
    /* Past umockdev's ioctl emulation: this is the pty itself. */
    syscall(SYS_ioctl, slave, TIOCNXCL);
}
