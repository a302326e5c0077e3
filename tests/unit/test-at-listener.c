/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>
#include <pty.h>
#include <string.h>
#include <unistd.h>

#include "daemon/at/fota-at-listener.h"
#include "daemon/at/fota-at-reply.h"
#include "daemon/at/fota-at-tty.h"
#include "plugins/fota-plugin.h"

/* The listener, against a module at the other end of a pseudo-terminal. */

#define DEVICE "/sys/devices/a-module"

typedef struct {
    FotaAtListener *listener;
    GString *heard; /* lines, each with | behind it */
    gboolean gives_up;
    gboolean says_more;  /* the module, while its first line is heard */
    int module;          /* -1 = it is away */
    int keep_open;       /* so that its tty does not hang up while nobody listens */
    char node[PATH_MAX]; /* "" = udev shows no tty */
} World;

static World *world;

GPtrArray *__wrap_fota_at_place_find(FotaAtPlace *place);
guint __wrap_fota_timer_add(guint seconds, GSourceFunc func, gpointer user_data);

GPtrArray *
__wrap_fota_at_place_find(FotaAtPlace *place)
{
    GPtrArray *found = g_ptr_array_new_with_free_func((GDestroyNotify)fota_at_tty_free);
    FotaAtTty *tty;

    if (world->node[0] == '\0')
        return found;
    tty = g_new0(FotaAtTty, 1);
    tty->node = g_strdup(world->node);
    tty->owned = TRUE;
    g_ptr_array_add(found, tty);
    return found;
}

/* Time passes at once here. */
guint
__wrap_fota_timer_add(guint seconds, GSourceFunc func, gpointer user_data)
{
    return g_timeout_add(1, func, user_data);
}

static void
module_says(const char *text)
{
    g_assert_cmpint(write(world->module, text, strlen(text)), ==, (gssize)strlen(text));
}

static void
on_heard(const char *line, gpointer user_data)
{
    g_string_append_printf(world->heard, "%s|", line);
    if (world->says_more)
        module_says("\r\n#OTAEV: E\r\n");
    world->says_more = FALSE;
    if (world->gives_up)
        fota_at_listener_set_device(world->listener, NULL);
}

static void
module_comes(void)
{
    g_assert_cmpint(openpty(&world->module, &world->keep_open, world->node, NULL, NULL), ==, 0);
}

static void
module_goes(void)
{
    close(world->keep_open);
    close(world->module);
    world->module = -1;
    world->node[0] = '\0';
}

static void
world_init(World *it)
{
    *it = (World){.heard = g_string_new(NULL), .module = -1};
    world = it;
    it->listener = fota_at_listener_new(on_heard, NULL);
}

static void
world_clear(World *it)
{
    fota_at_listener_free(it->listener);
    g_string_free(it->heard, TRUE);
    if (it->module >= 0)
        module_goes();
    world = NULL;
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(World, world_clear)

static void
wait_until_open(gboolean open)
{
    while (fota_at_listener_is_open(world->listener) != open)
        g_main_context_iteration(NULL, TRUE);
}

static void
wait_until_heard(const char *lines)
{
    while (world->heard->len < strlen(lines))
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpstr(world->heard->str, ==, lines);
    g_string_truncate(world->heard, 0);
}

static void
test_hears(void)
{
    g_auto(World) it = {0};
    g_autofree char *long_line = g_strnfill(3 * FOTA_AT_LINE_MAX, 'x');
    g_autofree char *cut = g_strnfill(FOTA_AT_LINE_MAX, 'x');
    g_autofree char *expected = g_strconcat(cut, "|#OTAEV: A|", NULL);

    world_init(&it);
    module_comes();
    fota_at_listener_set_device(it.listener, DEVICE);
    g_assert_true(fota_at_listener_is_open(it.listener));
    module_says("\r\n#OTAEV: Do you want");
    module_says(" to upgrade the firmware?\r\n");
    wait_until_heard("#OTAEV: Do you want to upgrade the firmware?|");
    /* The end of somebody else's command, bytes that are no text, and a line without an end. */
    module_says("\r\nOK\r\nERROR\r\n\001\002\r\n\xff#OTAEV: B\r\n");
    wait_until_heard("\xef\xbf\xbd#OTAEV: B|");
    for (gsize sent = 0; long_line[sent] != '\0'; sent += FOTA_AT_LINE_MAX / 4) {
        g_autofree char *part = g_strndup(long_line + sent, FOTA_AT_LINE_MAX / 4);

        module_says(part);
        g_main_context_iteration(NULL, TRUE);
    }
    module_says("\r\n#OTAEV: A\r\n");
    wait_until_heard(expected);
}

static gboolean
is_free(void)
{
    const FotaAtTty tty = {.node = world->node};
    struct termios saved;
    int fd = fota_at_tty_open(&tty, &saved, NULL);

    if (fd >= 0)
        fota_at_tty_close(fd, &saved);
    return fd >= 0;
}

/* It has the port for itself, and a job has it afterwards. */
static void
test_gives_port_up(void)
{
    g_auto(World) it = {0};

    world_init(&it);
    module_comes();
    fota_at_listener_set_device(it.listener, DEVICE);
    g_assert_false(is_free());
    fota_at_listener_set_device(it.listener, NULL);
    g_assert_false(fota_at_listener_is_open(it.listener));
    g_assert_true(is_free());
    fota_at_listener_set_device(it.listener, DEVICE);
    g_assert_false(is_free());
    /* From within a line, too: a question begins a job. What came with it is heard all the same. */
    it.gives_up = TRUE;
    module_says("\r\n#OTAEV: A\r\n#OTAEV: B\r\n");
    wait_until_heard("#OTAEV: A|#OTAEV: B|");
    g_assert_true(is_free());
}

/* What has arrived is not lost when the port goes to a job, however little of it was read. */
static void
test_drains(void)
{
    g_auto(World) it = {0};

    world_init(&it);
    module_comes();
    fota_at_listener_set_device(it.listener, DEVICE);
    module_says("\r\n#OTAEV: A\r\n\r\nOK\r\n#OTAEV: B\r\n#OTAEV: Do you w");
    fota_at_listener_set_device(it.listener, NULL);
    g_assert_cmpstr(it.heard->str, ==, "#OTAEV: A|#OTAEV: B|");
    g_string_truncate(it.heard, 0);
    /* Also what arrives behind a line that makes a job begin, and in its order. */
    fota_at_listener_set_device(it.listener, DEVICE);
    it.gives_up = it.says_more = TRUE;
    module_says("\r\n#OTAEV: C\r\n#OTAEV: D\r\n");
    wait_until_heard("#OTAEV: C|#OTAEV: D|#OTAEV: E|");
    g_assert_true(is_free());
}

/* The module goes and returns with another tty, and another program has that for a while. */
static void
test_survives_return(void)
{
    g_auto(World) it = {0};
    struct termios saved;
    FotaAtTty tty;
    int other;

    world_init(&it);
    fota_at_listener_set_device(it.listener, DEVICE);
    g_assert_false(fota_at_listener_is_open(it.listener));
    module_comes();
    fota_at_listener_set_device(it.listener, NULL);
    fota_at_listener_set_device(it.listener, DEVICE);
    wait_until_open(TRUE);
    module_goes();
    wait_until_open(FALSE);
    module_comes();
    tty = (FotaAtTty){.node = it.node};
    other = fota_at_tty_open(&tty, &saved, NULL);
    g_assert_cmpint(other, >=, 0);
    for (guint i = 0; i < 3; i++)
        g_main_context_iteration(NULL, TRUE);
    g_assert_false(fota_at_listener_is_open(it.listener));
    fota_at_tty_close(other, &saved);
    wait_until_open(TRUE);
    module_says("\r\n#OTAEV: A\r\n");
    wait_until_heard("#OTAEV: A|");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/at-listener/hears", test_hears);
    g_test_add_func("/at-listener/gives-port-up", test_gives_port_up);
    g_test_add_func("/at-listener/drains", test_drains);
    g_test_add_func("/at-listener/survives-return", test_survives_return);
    return g_test_run();
}
