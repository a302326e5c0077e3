/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inhibit REASON
 *
 * Inhibits new updates until its standard input ends. Needs the polkit action
 * org.fotad.Fota1.configure. The inhibition ends with fotad, too; when fotad has been restarted, it
 * is taken again.
 *
 *     cc inhibit.c -o inhibit $(pkg-config --cflags --libs libsystemd)
 */
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#define AGAIN_MS 1000 /* while fotad is away */

/* Returns: a descriptor whose last copy ends the inhibition, or a negative errno. @start: has fotad
 * started, unless it runs. */
static int
inhibit(const char *reason, bool start)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message *call = NULL, *reply = NULL;
    sd_bus *bus = NULL;
    int lock = -1, r = sd_bus_open_system(&bus);

    if (r >= 0)
        r = sd_bus_message_new_method_call(bus, &call, "org.fotad.Fota1", "/org/fotad/Fota1",
                                           "org.fotad.Fota1.Manager", "Inhibit");
    if (r >= 0)
        r = sd_bus_message_append(call, "ss", "inhibit", reason);
    if (r >= 0)
        r = sd_bus_message_set_auto_start(call, start);
    if (r >= 0)
        r = sd_bus_call(bus, call, 0, &error, &reply);
    if (r >= 0)
        r = sd_bus_message_read(reply, "h", &lock);
    if (r >= 0) /* the reply closes its own copy */
        r = fcntl(lock, F_DUPFD_CLOEXEC, 3);
    if (r < 0)
        fprintf(stderr, "inhibit: %s\n", error.message != NULL ? error.message : strerror(-r));
    sd_bus_message_unref(call);
    sd_bus_message_unref(reply);
    sd_bus_error_free(&error);
    sd_bus_flush_close_unref(bus);
    return r;
}

/* Returns when standard input ends. */
static void
hold(const char *reason, int lock)
{
    struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = lock}};
    char rest[256];

    while (fds[0].revents == 0 || read(STDIN_FILENO, rest, sizeof rest) > 0) {
        if (fds[1].revents != 0) { /* fotad is gone */
            close(fds[1].fd);
            fds[1].fd = -1;
        }
        if (fds[1].fd < 0)
            fds[1].fd = inhibit(reason, false);
        fds[0].revents = fds[1].revents = 0;
        poll(fds, 2, fds[1].fd < 0 ? AGAIN_MS : -1);
    }
    close(fds[1].fd); /* exiting would do the same */
}

int
main(int argc, char **argv)
{
    int lock = argc == 2 ? inhibit(argv[1], true) : -1;

    if (lock < 0)
        return 1;
    puts("inhibited");
    fflush(stdout);
    hold(argv[1], lock);
    return 0;
}
