/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/at/fota-at-tty.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <gio/gio.h>

#include "plugins/fota-plugin.h"

#define DEFAULT_SPEED 115200

static gboolean
set_raw(int fd, const FotaAtTty *tty, struct termios *saved)
{
    struct termios raw;

    if (tcgetattr(fd, saved) < 0)
        return FALSE;
    raw = *saved;
    cfmakeraw(&raw);
    if (cfsetspeed(&raw, tty->speed != 0 ? tty->speed : DEFAULT_SPEED) < 0)
        return FALSE;
    raw.c_cflag |= CLOCAL | CREAD;
    raw.c_cflag &= ~(tcflag_t)(CRTSCTS | CSTOPB);
    if (tty->rts_cts)
        raw.c_cflag |= CRTSCTS;
    if (tty->xon_xoff)
        raw.c_iflag |= IXON | IXOFF;
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    return tcsetattr(fd, TCSANOW, &raw) == 0;
}

/* TIOCEXCL does not stop root, who would disturb the program that has the tty open. */
static gboolean
is_taken(int fd)
{
    int exclusive = 0;

    return ioctl(fd, TIOCGEXCL, &exclusive) == 0 && exclusive != 0;
}

gboolean
fota_at_tty_is_used(const FotaAtTty *tty)
{
    int fd = open(tty->node, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    gboolean used = fd >= 0 ? is_taken(fd) : errno == EBUSY;

    if (fd >= 0)
        close(fd);
    return used;
}

int
fota_at_tty_open(const FotaAtTty *tty, struct termios *saved, GError **error)
{
    int fd = open(tty->node, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    int cause;

    if (fd >= 0 && !is_taken(fd) && ioctl(fd, TIOCEXCL) == 0) {
        if (set_raw(fd, tty, saved))
            return fd;
        cause = errno;
        ioctl(fd, TIOCNXCL);
    } else {
        cause = fd >= 0 && is_taken(fd) ? EBUSY : errno;
    }
    if (fd >= 0)
        close(fd);
    if (cause == EBUSY)
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT,
                    "%s is in use by another program", tty->node);
    else if (cause == EINVAL && tty->speed != 0)
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_GONE,
                    "%s cannot be opened: no tty has the speed that udev says, "
                    "ID_MM_TTY_BAUDRATE=%u",
                    tty->node, tty->speed);
    else
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_GONE,
                    "%s cannot be opened: %s", tty->node, g_strerror(cause));
    return -1;
}

gboolean
fota_at_tty_is_sent(int fd)
{
    int left = 0;

    return ioctl(fd, TIOCOUTQ, &left) < 0 || left == 0;
}

void
fota_at_tty_close(int fd, const struct termios *saved)
{
    if (saved != NULL) {
        /* Otherwise closing would wait for output that the module does not read. Output that has
         * already been sent is not discarded. */
        tcflush(fd, fota_at_tty_is_sent(fd) ? TCIFLUSH : TCIOFLUSH);
        tcsetattr(fd, TCSANOW, saved);
        ioctl(fd, TIOCNXCL);
    }
    close(fd);
}
