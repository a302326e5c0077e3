/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <glib.h>

/*
 * umockdev sends a uevent to each listening program as a datagram, and exits when the program has
 * not read the ten (net.unix.max_dgram_qlen) before it: eight modules that leave at once are forty.
 * So its sendmsg() is this one, which waits for the program instead.
 */
#define PATIENCE_MS 30000

static gboolean
is_uevent(const struct msghdr *message)
{
    const struct sockaddr_un *address = message->msg_name;

    return address != NULL && address->sun_family == AF_UNIX &&
           strstr(address->sun_path, "/event") != NULL;
}

ssize_t
sendmsg(int fd, const struct msghdr *message, int flags)
{
    static ssize_t (*real)(int fd, const struct msghdr *message, int flags);
    struct pollfd program = {.fd = fd, .events = POLLOUT};
    ssize_t sent;

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "sendmsg");
    do
        sent = real(fd, message, flags);
    while (sent < 0 && errno == EAGAIN && is_uevent(message) && poll(&program, 1, PATIENCE_MS) > 0);
    return sent;
}
