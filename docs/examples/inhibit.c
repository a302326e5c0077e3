/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inhibit REASON
 *
 * Inhibits new updates until its standard input ends. Needs the polkit action
 * org.fotad.Fota1.configure.
 *
 *     cc inhibit.c -o inhibit $(pkg-config --cflags --libs libsystemd)
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

/* Returns: a descriptor whose last copy ends the inhibition, or a negative errno. */
static int
inhibit(const char *reason)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message *reply = NULL;
    sd_bus *bus = NULL;
    int lock = -1, r = sd_bus_open_system(&bus);

    if (r >= 0)
        r = sd_bus_call_method(bus, "org.fotad.Fota1", "/org/fotad/Fota1",
                               "org.fotad.Fota1.Manager", "Inhibit", &error, &reply, "ss",
                               "inhibit", reason);
    if (r >= 0)
        r = sd_bus_message_read(reply, "h", &lock);
    if (r >= 0) /* the reply closes its own copy */
        r = fcntl(lock, F_DUPFD_CLOEXEC, 3);
    if (r < 0)
        fprintf(stderr, "inhibit: %s\n", error.message != NULL ? error.message : strerror(-r));
    sd_bus_message_unref(reply);
    sd_bus_error_free(&error);
    sd_bus_flush_close_unref(bus);
    return r;
}

int
main(int argc, char **argv)
{
    char rest[256];
    int lock = argc == 2 ? inhibit(argv[1]) : -1;

    if (lock < 0)
        return 1;
    puts("inhibited");
    fflush(stdout);
    while (read(STDIN_FILENO, rest, sizeof rest) > 0)
        continue;
    close(lock); /* exiting would do the same */
    return 0;
}
