/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <termios.h>

G_BEGIN_DECLS

/**
 * Finds the ttys of one module through udev, and opens them. Names of ttys change with every
 * restart of a module; the physical device above them stays.
 */
typedef struct {
    char *node;        /**< "/dev/ttyUSB2" */
    int interface;     /**< USB interface number, -1 = unknown */
    gboolean owned;    /**< reserved for fotad by udev (ID_FOTAD_PORT=1) */
    guint rank;        /**< use by udev: 0 primary AT, 1 secondary, 2 PPP, 3 unknown */
    guint speed;       /**< of a UART, baud (ID_MM_TTY_BAUDRATE); 0 = not set, 115200 is used */
    gboolean rts_cts;  /**< hardware flow control of a UART (ID_MM_TTY_FLOW_CONTROL) */
    gboolean xon_xoff; /**< software flow control of a UART */
} FotaAtTty;

void fota_at_tty_free(FotaAtTty *tty);

/**
 * Sysfs path of what the port with this name ("ttyUSB2", "wwan0", "cdc-wdm0") is a part of: a USB
 * device, another one on PCI, or, of a UART, the tty itself. NULL when there is no such port.
 */
char *fota_at_locate(const char *port);

/** Where to look for one module. */
typedef struct _FotaAtPlace FotaAtPlace;

/** @device: sysfs path of the physical device. @reserved: only ttys with ID_FOTAD_PORT=1. */
FotaAtPlace *fota_at_place_new(const char *device, gboolean reserved);
void fota_at_place_free(FotaAtPlace *place);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaAtPlace, fota_at_place_free)

/** The tty with this USB interface number is tried first from now on. */
void fota_at_place_prefer(FotaAtPlace *place, int interface);

/** The tty with this USB interface number is tried last from now on. */
void fota_at_place_avoid(FotaAtPlace *place, int interface);

/**
 * The ttys that may answer AT, FotaAtTty, best first, without those of another use by udev (GPS,
 * QCDM, audio, ignored). While the device is absent: the ttys of devices of the same USB vendor
 * that were absent when @place was made, since a device on another USB port has another path.
 */
GPtrArray *fota_at_place_find(FotaAtPlace *place);

/**
 * Path of an AT port of the kernel's WWAN subsystem ("/dev/wwan0at0") that the device has: it is no
 * tty, and fotad does not use it. NULL = none.
 */
char *fota_at_place_find_wwan(FotaAtPlace *place);

/** Reports when ttys come and go. */
typedef struct _FotaAtMonitor FotaAtMonitor;
FotaAtMonitor *fota_at_monitor_new(GError **error);
void fota_at_monitor_free(FotaAtMonitor *monitor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaAtMonitor, fota_at_monitor_free)
/** Readable when there is an event; fota_at_monitor_clear() reads it. */
int fota_at_monitor_get_fd(FotaAtMonitor *monitor);
void fota_at_monitor_clear(FotaAtMonitor *monitor);

/** Whether another program has it open for itself alone. */
gboolean fota_at_tty_is_used(const FotaAtTty *tty);

/**
 * Opens the tty without waiting, for this process alone (TIOCEXCL), and sets it raw, with its speed
 * and flow control; *@saved is set to the attributes it had. -1 with FOTA_MODULE_ERROR_MODULE_GONE
 * if it does not exist, _MODULE_SILENT if another program has it open.
 */
int fota_at_tty_open(const FotaAtTty *tty, struct termios *saved, GError **error);

/** Whether all that was written has left for the module; also where the kernel cannot say. */
gboolean fota_at_tty_is_sent(int fd);

/**
 * Discards pending input and output, restores @saved, and closes. @saved is NULL for a tty that has
 * hung up: there is nothing to restore.
 */
void fota_at_tty_close(int fd, const struct termios *saved);

G_END_DECLS
