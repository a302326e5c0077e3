/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-transfer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FTP_PORT 21

/* Classes of replies, RFC 959 4.2.1. */
#define PRELIMINARY 1
#define COMPLETED 2
#define WANTS_MORE 3

static guint
silence_seconds(SimFtp *ftp)
{
    return (ftp->silence_ms + 999) / 1000;
}

SimFtpStatus
sim_transfer_failed(const GError *error)
{
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return SIM_FTP_CANCELLED;
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        return SIM_FTP_STALLED;
    return SIM_FTP_LOST;
}

/* Reads one reply; #FTPMSG shows its last line. */
static SimFtpStatus
control_read(SimFtp *ftp, int *code)
{
    for (;;) {
        g_autoptr(GError) error = NULL;
        char *line = g_data_input_stream_read_line(ftp->replies, NULL, ftp->cancellable, &error);

        if (line == NULL)
            return sim_transfer_failed(error);
        g_mutex_lock(&ftp->lock);
        g_free(ftp->message);
        ftp->message = line;
        g_mutex_unlock(&ftp->lock);
        *code = strspn(line, "0123456789") >= 3 ? atoi(line) : 0;
        if (*code < 100 || (line[3] != ' ' && line[3] != '\0'))
            continue;
        /* After 421 the server hangs up, whatever the command was. */
        return *code == 421 ? SIM_FTP_LOST : SIM_FTP_OK;
    }
}

/* A command and its reply. */
static SimFtpStatus
control_ask(SimFtp *ftp, int *code, const char *format, ...) G_GNUC_PRINTF(3, 4);

static SimFtpStatus
control_ask(SimFtp *ftp, int *code, const char *format, ...)
{
    GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(ftp->control));
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    g_autofree char *line = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    line = g_strconcat(text, "\r\n", NULL);
    if (!g_output_stream_write_all(out, line, strlen(line), NULL, ftp->cancellable, &error))
        return sim_transfer_failed(error);
    return control_read(ftp, code);
}

static void
control_close(SimFtp *ftp)
{
    g_clear_object(&ftp->replies);
    g_clear_object(&ftp->control);
}

static GSocketConnection *
connect_to(SimFtp *ftp, const char *host, guint16 port, GError **error)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();

    g_socket_client_set_family(client, G_SOCKET_FAMILY_IPV4);
    g_socket_client_set_enable_proxy(client, FALSE);
    g_socket_client_set_timeout(client, silence_seconds(ftp));
    return g_socket_client_connect_to_host(client, host, port, ftp->cancellable, error);
}

static SimFtpStatus
control_connect(SimFtp *ftp)
{
    g_autoptr(GError) error = NULL;
    int code;

    ftp->control = connect_to(ftp, ftp->server, FTP_PORT, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return SIM_FTP_CANCELLED;
    if (error != NULL)
        return error->domain == G_RESOLVER_ERROR ? SIM_FTP_RESOLVE : SIM_FTP_CONNECT;
    ftp->replies = g_data_input_stream_new(g_io_stream_get_input_stream(G_IO_STREAM(ftp->control)));
    g_data_input_stream_set_newline_type(ftp->replies, G_DATA_STREAM_NEWLINE_TYPE_ANY);
    return control_read(ftp, &code);
}

static SimFtpStatus
transfer_login(SimTransfer *t)
{
    SimFtp *ftp = t->ftp;
    SimFtpStatus status = control_connect(ftp);
    int code = 0;

    if (status == SIM_FTP_OK)
        status = control_ask(ftp, &code, "USER %s", ftp->user);
    if (status == SIM_FTP_OK && code / 100 == WANTS_MORE)
        status = control_ask(ftp, &code, "PASS %s", ftp->password);
    if (status == SIM_FTP_OK && code / 100 != COMPLETED)
        status = code == 530 ? SIM_FTP_LOGIN : SIM_FTP_ERROR;
    if (status != SIM_FTP_OK)
        control_close(ftp);
    ftp->ascii = TRUE;
    return status;
}

static SimFtpStatus
transfer_logout(SimTransfer *t)
{
    int code;

    if (t->ftp->control != NULL)
        control_ask(t->ftp, &code, "QUIT");
    control_close(t->ftp);
    return SIM_FTP_OK;
}

static SimFtpStatus
transfer_type(SimTransfer *t)
{
    int code;
    SimFtpStatus status = control_ask(t->ftp, &code, "TYPE %s", t->ascii ? "A" : "I");

    if (status == SIM_FTP_OK && code / 100 != COMPLETED)
        return SIM_FTP_ERROR;
    if (status == SIM_FTP_OK)
        t->ftp->ascii = t->ascii;
    return status;
}

/* Some servers refuse SIZE in ASCII mode, others always. */
static SimFtpStatus
transfer_size(SimTransfer *t)
{
    SimFtp *ftp = t->ftp;
    int code;
    SimFtpStatus status = control_ask(ftp, &code, "SIZE %s", t->path);

    if (status != SIM_FTP_OK)
        return status;
    if (code != 213)
        return SIM_FTP_FILE;
    t->size = g_ascii_strtoll(ftp->message + strlen("213 "), NULL, 10);
    g_free(ftp->sized_path);
    ftp->sized_path = g_strdup(t->path);
    ftp->sized = t->size;
    return SIM_FTP_OK;
}

/* `227 Entering Passive Mode (127,0,0,1,4,21).`: the words before the numbers differ by server. */
static GSocketConnection *
connect_passive(SimFtp *ftp, SimFtpStatus *status)
{
    guint n[6] = {0};
    g_autoptr(GError) error = NULL;
    g_autofree char *host = NULL;
    GSocketConnection *data;
    const char *digits;
    int code;

    *status = control_ask(ftp, &code, "PASV");
    if (*status != SIM_FTP_OK)
        return NULL;
    digits = strlen(ftp->message) > 4 ? strpbrk(ftp->message + 4, "0123456789") : NULL;
    *status = SIM_FTP_ERROR;
    if (code != 227 || digits == NULL ||
        sscanf(digits, "%u,%u,%u,%u,%u,%u", &n[0], &n[1], &n[2], &n[3], &n[4], &n[5]) != 6)
        return NULL;
    host = g_strdup_printf("%u.%u.%u.%u", n[0], n[1], n[2], n[3]);
    data = connect_to(ftp, host, (guint16)(n[4] * 256 + n[5]), &error);
    *status = data != NULL ? SIM_FTP_OK : sim_transfer_failed(error);
    return data;
}

/* Opens the port to which the server is to connect, and tells it. */
static GSocket *
listen_active(SimFtp *ftp, SimFtpStatus *status)
{
    g_autoptr(GSocketAddress) own = g_socket_connection_get_local_address(ftp->control, NULL);
    GInetAddress *inet =
        own != NULL ? g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(own)) : NULL;
    g_autoptr(GSocketAddress) any = inet != NULL ? g_inet_socket_address_new(inet, 0) : NULL;
    g_autoptr(GSocket) socket =
        g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
    g_autoptr(GSocketAddress) bound = NULL;
    g_autofree char *host = NULL;
    guint16 port;
    int code;

    *status = SIM_FTP_ERROR;
    if (any == NULL || socket == NULL || !g_socket_bind(socket, any, FALSE, NULL) ||
        !g_socket_listen(socket, NULL) ||
        (bound = g_socket_get_local_address(socket, NULL)) == NULL)
        return NULL;
    g_socket_set_timeout(socket, silence_seconds(ftp));
    host = g_strdelimit(g_inet_address_to_string(inet), ".", ',');
    port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
    *status = control_ask(ftp, &code, "PORT %s,%d,%d", host, port >> 8, port & 0xff);
    if (*status == SIM_FTP_OK && code / 100 != COMPLETED)
        *status = SIM_FTP_ERROR;
    return *status == SIM_FTP_OK ? g_steal_pointer(&socket) : NULL;
}

static GSocketConnection *
accept_active(SimFtp *ftp, GSocket *listener, SimFtpStatus *status)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GSocket) socket = g_socket_accept(listener, ftp->cancellable, &error);

    if (socket == NULL) {
        *status = sim_transfer_failed(error);
        return NULL;
    }
    g_socket_set_timeout(socket, silence_seconds(ftp));
    return g_socket_connection_factory_create_connection(socket);
}

/* The file's size by the server's 150 reply, else by its answer to SIZE; -1: unknown. */
static gint64
find_size(SimTransfer *t)
{
    const char *words = strstr(t->ftp->message, " bytes)");

    if (words != NULL) {
        while (words > t->ftp->message && g_ascii_isdigit(words[-1]))
            words--;
        return g_ascii_strtoll(words, NULL, 10);
    }
    return g_strcmp0(t->ftp->sized_path, t->path) == 0 ? t->ftp->sized : -1;
}

/* Reads the server's reply to a transfer whose data connection is over. */
static SimFtpStatus
transfer_end(SimTransfer *t, SimFtpStatus status)
{
    int code;
    SimFtpStatus told;

    if (status != SIM_FTP_OK && status != SIM_FTP_FULL)
        return status;
    told = control_read(t->ftp, &code);
    if (status == SIM_FTP_FULL)
        return status;
    if (told != SIM_FTP_OK)
        return told == SIM_FTP_LOST ? SIM_FTP_CUT : told;
    return code / 100 == COMPLETED ? SIM_FTP_OK : SIM_FTP_CUT;
}

static SimFtpStatus
transfer_get(SimTransfer *t)
{
    SimFtp *ftp = t->ftp;
    g_autoptr(GSocketConnection) data = NULL;
    g_autoptr(GSocket) listener = NULL;
    SimFtpStatus status;
    int code;

    if (ftp->passive)
        data = connect_passive(ftp, &status);
    else
        listener = listen_active(ftp, &status);
    if (status == SIM_FTP_OK && t->get.offset > 0) {
        status = control_ask(ftp, &code, "REST %" G_GUINT64_FORMAT, t->get.offset);
        if (status == SIM_FTP_OK && code / 100 != WANTS_MORE)
            status = SIM_FTP_ERROR;
    }
    if (status == SIM_FTP_OK)
        status = control_ask(ftp, &code, "RETR %s", t->path);
    if (status == SIM_FTP_OK && code / 100 != PRELIMINARY)
        status = SIM_FTP_FILE;
    if (status == SIM_FTP_OK)
        t->size = t->get.offset == 0 ? find_size(t) : -1;
    if (status == SIM_FTP_OK && data == NULL)
        data = accept_active(ftp, listener, &status);
    if (status != SIM_FTP_OK)
        return status;
    status = sim_transfer_read(t, data);
    g_clear_object(&data);
    return transfer_end(t, status);
}

SimFtpStatus
sim_transfer_run(SimTransfer *t)
{
    static SimFtpStatus (*const run[])(SimTransfer * t) = {
        [SIM_TRANSFER_LOGIN] = transfer_login, [SIM_TRANSFER_LOGOUT] = transfer_logout,
        [SIM_TRANSFER_TYPE] = transfer_type,   [SIM_TRANSFER_SIZE] = transfer_size,
        [SIM_TRANSFER_GET] = transfer_get,
    };

    t->size = -1;
    t->started = g_get_monotonic_time();
    return run[t->kind](t);
}
