/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-port.h"

#include <string.h>
#include <unistd.h>

#include <glib-unix.h>

#define SPLIT_BYTES 3
#define SPLIT_PAUSE_MS 15

struct _SimPort {
    char *tty;
    int fd;
    SimLog *log;
    SimPortHandler handler;
    gpointer user_data;
    GString *line;
    gboolean too_long;
    gboolean echo;
    gboolean open;
    gboolean data_mode;
    SimPortManner manner;
    GString *glued;   /* answer held back until sim_port_end() */
    GByteArray *out;  /* not yet taken by the tty */
    GPtrArray *later; /* unsolicited lines held back by data mode */
    guint in_watch;
    guint out_watch;
    GSourceFunc drained;
    gpointer drained_data;
    SimPortBytesFunc taken; /* data from the host; NULL: command lines */
    gpointer taken_data;
};

static gboolean on_writable(int fd, GIOCondition condition, gpointer user_data);
static gboolean on_split_pause(gpointer user_data);

static void
port_check_drained(SimPort *port)
{
    GSourceFunc func = port->drained;

    if (port->out->len > 0 || func == NULL)
        return;
    port->drained = NULL;
    func(port->drained_data);
}

/* Writes what the tty takes now and sees to it that the rest follows. */
static void
port_pump(SimPort *port)
{
    gboolean split = (port->manner & SIM_PORT_SPLIT) != 0;
    gsize chunk = split ? MIN(port->out->len, SPLIT_BYTES) : port->out->len;
    gssize written;

    if (port->out_watch != 0 || port->out->len == 0)
        return;
    written = write(port->fd, port->out->data, chunk);
    if (written > 0)
        g_byte_array_remove_range(port->out, 0, (guint)written);
    if (port->out->len == 0)
        return;
    if (split)
        port->out_watch = g_timeout_add(SPLIT_PAUSE_MS, on_split_pause, port);
    else
        port->out_watch = g_unix_fd_add(port->fd, G_IO_OUT, on_writable, port);
}

static gboolean
on_writable(int fd, GIOCondition condition, gpointer user_data)
{
    SimPort *port = user_data;

    port->out_watch = 0;
    port_pump(port);
    port_check_drained(port);
    return G_SOURCE_REMOVE;
}

static gboolean
on_split_pause(gpointer user_data)
{
    return on_writable(-1, 0, user_data);
}

static void
port_write(SimPort *port, const char *bytes, gsize length)
{
    if (port->manner & SIM_PORT_MUTE)
        return;
    g_byte_array_append(port->out, (const guint8 *)bytes, (guint)length);
    port_pump(port);
}

static void
port_write_line(SimPort *port, const char *before, const char *text)
{
    g_autofree char *framed = g_strdup_printf("%s%s\r\n", before, text);

    if (port->manner & SIM_PORT_MUTE)
        return;
    sim_log_module(port->log, port->tty, text);
    if (port->manner & SIM_PORT_GLUE)
        g_string_append(port->glued, framed + (port->glued->len > 0 ? strlen(before) : 0));
    else
        port_write(port, framed, strlen(framed));
}

static void
port_take_line(SimPort *port)
{
    g_autofree char *line = g_strdup(port->line->str);
    gboolean too_long = port->too_long;

    g_string_truncate(port->line, 0);
    port->too_long = FALSE;
    if (line[0] == '\0')
        return;
    sim_log_host(port->log, port->tty, line);
    port->handler.line(port, too_long ? NULL : line, port->user_data);
}

static void
port_take_byte(SimPort *port, char c)
{
    if (c == '\r')
        port_take_line(port);
    else if (c == '\b' && port->line->len > 0)
        g_string_truncate(port->line, port->line->len - 1);
    else if (c == '\n' || c == '\0')
        return;
    else if (port->line->len >= SIM_PORT_LINE_MAX)
        port->too_long = TRUE;
    else
        g_string_append_c(port->line, c);
}

static gboolean
on_readable(int fd, GIOCondition condition, gpointer user_data)
{
    SimPort *port = user_data;
    char bytes[4096];
    gssize n = read(fd, bytes, sizeof(bytes));

    if (port->handler.bytes != NULL) {
        if (n > 0)
            port->handler.bytes(port, (const guint8 *)bytes, (gsize)n, port->user_data);
        return G_SOURCE_CONTINUE;
    }
    if (port->taken != NULL) {
        if (n > 0)
            port->taken(port, (const guint8 *)bytes, (gsize)n, port->taken_data);
        return G_SOURCE_CONTINUE;
    }
    for (gssize i = 0; i < n && !port->data_mode; i++)
        port_take_byte(port, bytes[i]);
    if (n > 0 && port->data_mode && memmem(bytes, (gsize)n, "+++", 3) != NULL)
        port->handler.escape(port, port->user_data);
    return G_SOURCE_CONTINUE;
}

SimPort *
sim_port_new(const char *tty, int fd, SimLog *log, const SimPortHandler *handler,
             gpointer user_data)
{
    SimPort *port = g_new0(SimPort, 1);

    port->tty = g_strdup(tty);
    port->fd = fd;
    port->log = log;
    port->handler = *handler;
    port->user_data = user_data;
    port->line = g_string_new(NULL);
    port->glued = g_string_new(NULL);
    port->out = g_byte_array_new();
    port->later = g_ptr_array_new_with_free_func(g_free);
    port->echo = TRUE;
    g_unix_set_fd_nonblocking(fd, TRUE, NULL);
    port->in_watch = g_unix_fd_add(fd, G_IO_IN, on_readable, port);
    return port;
}

void
sim_port_free(SimPort *port)
{
    g_source_remove(port->in_watch);
    g_clear_handle_id(&port->out_watch, g_source_remove);
    g_string_free(port->line, TRUE);
    g_string_free(port->glued, TRUE);
    g_byte_array_unref(port->out);
    g_ptr_array_unref(port->later);
    g_free(port->tty);
    g_free(port);
}

const char *
sim_port_get_tty(SimPort *port)
{
    return port->tty;
}

void
sim_port_set_echo(SimPort *port, gboolean echo)
{
    port->echo = echo;
}

void
sim_port_set_open(SimPort *port, gboolean open)
{
    port->open = open;
    if (!open)
        sim_port_discard_output(port);
}

gboolean
sim_port_is_open(SimPort *port)
{
    return port->open;
}

void
sim_port_echo(SimPort *port, const char *line)
{
    g_autofree char *echo = g_strdup_printf("%s\r", line);

    if (port->echo)
        port_write(port, echo, strlen(echo));
}

void
sim_port_answer(SimPort *port, const char *text)
{
    port_write_line(port, "\r\n", text);
}

void
sim_port_answer_more(SimPort *port, const char *text)
{
    port_write_line(port, "", text);
}

void
sim_port_urc(SimPort *port, const char *text)
{
    if (port->data_mode)
        g_ptr_array_add(port->later, g_strdup(text));
    else if (port->open)
        port_write_line(port, "\r\n", text);
}

void
sim_port_bytes(SimPort *port, const guint8 *bytes, gsize length)
{
    g_autofree char *text = g_strndup((const char *)bytes, length);

    sim_log_module(port->log, port->tty, text);
    port_write(port, (const char *)bytes, length);
}

void
sim_port_data(SimPort *port, const guint8 *bytes, gsize length)
{
    g_autofree char *note = g_strdup_printf("[%" G_GSIZE_FORMAT " bytes]", length);

    sim_log_module(port->log, port->tty, note);
    port_write(port, (const char *)bytes, length);
}

void
sim_port_begin(SimPort *port, SimPortManner manner)
{
    port->manner = manner;
}

void
sim_port_end(SimPort *port)
{
    port->manner &= ~SIM_PORT_GLUE;
    if (port->glued->len > 0) {
        port_write(port, port->glued->str, port->glued->len);
        g_string_truncate(port->glued, 0);
    }
    port->manner &= SIM_PORT_SPLIT; /* until the next command: the rest is still trickling */
    for (guint i = 0; i < port->later->len; i++)
        sim_port_urc(port, g_ptr_array_index(port->later, i));
    g_ptr_array_set_size(port->later, 0);
}

void
sim_port_take_data(SimPort *port, SimPortBytesFunc func, gpointer user_data)
{
    port->taken = func;
    port->taken_data = user_data;
}

void
sim_port_enter_data_mode(SimPort *port)
{
    port->data_mode = TRUE;
}

void
sim_port_leave_data_mode(SimPort *port)
{
    port->data_mode = FALSE;
}

gboolean
sim_port_is_in_data_mode(SimPort *port)
{
    return port->data_mode;
}

void
sim_port_when_drained(SimPort *port, GSourceFunc func, gpointer user_data)
{
    port->drained = func;
    port->drained_data = user_data;
    port_check_drained(port);
}

gboolean
sim_port_has_output(SimPort *port)
{
    return port->out->len > 0;
}

void
sim_port_discard_output(SimPort *port)
{
    g_clear_handle_id(&port->out_watch, g_source_remove);
    g_byte_array_set_size(port->out, 0);
    port_check_drained(port);
}
