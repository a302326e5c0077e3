/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-at-peer.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHORT_PAUSE_US 3000
#define LONG_PAUSE_US 1500000
#define PATIENCE_MS 20000

struct _Peer {
    const PeerStep *script;
    int master;
    char *node;
    char *failure; /* what was received instead of the expected */
    GThread *thread;
};

static void
send_bytes(Peer *peer, const char *bytes, gsize length)
{
    while (length > 0) {
        gssize written = write(peer->master, bytes, length);

        if (written <= 0)
            return;
        bytes += written;
        length -= (gsize)written;
    }
}

static void
send_text(Peer *peer, const char *text)
{
    while (*text != '\0') {
        gsize length = strcspn(text, "\a\v");

        send_bytes(peer, text, length);
        text += length;
        if (*text != '\0')
            g_usleep(*text++ == '\a' ? SHORT_PAUSE_US : LONG_PAUSE_US);
    }
}

#define AT "AT\r"

/* FALSE when something else came, or nothing any more. */
static gboolean
receive(Peer *peer, const char *expected)
{
    gsize length = strlen(expected);
    g_autofree char *got = g_malloc0(length + 1);

    for (gsize at = 0; at < length;) {
        struct pollfd fd = {.fd = peer->master, .events = POLLIN};
        gssize n = poll(&fd, 1, PATIENCE_MS) > 0 ? read(peer->master, got + at, length - at) : 0;

        at += (gsize)MAX(n, 0);
        /* Where our answer to AT was late, AT comes again, and the one answer is for both. */
        if (g_str_has_prefix(got, AT) && strcmp(expected, AT) != 0) {
            at -= strlen(AT);
            memmove(got, got + strlen(AT), length + 1 - strlen(AT));
        }
        if (n <= 0 || memcmp(got, expected, at) != 0) {
            g_autofree char *what = g_strescape(got, NULL);

            peer->failure = g_strdup_printf("got \"%s\" instead of \"%s\"", what, expected);
            return FALSE;
        }
    }
    return TRUE;
}

static gpointer
play(gpointer data)
{
    Peer *peer = data;

    for (const PeerStep *step = peer->script; step->expect != NULL; step++) {
        if (!receive(peer, step->expect))
            return NULL;
        if (step->send == NULL) {
            close(peer->master);
            peer->master = -1;
            return NULL;
        }
        send_text(peer, step->send);
    }
    return NULL;
}

Peer *
peer_new(const PeerStep *script)
{
    Peer *peer = g_new0(Peer, 1);
    char node[64];

    peer->script = script;
    peer->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    g_assert_cmpint(peer->master, >=, 0);
    g_assert_cmpint(grantpt(peer->master), ==, 0);
    g_assert_cmpint(unlockpt(peer->master), ==, 0);
    g_assert_cmpint(ptsname_r(peer->master, node, sizeof(node)), ==, 0);
    peer->node = g_strdup(node);
    return peer;
}

const char *
peer_get_node(Peer *peer)
{
    return peer->node;
}

static void
trace(char direction, const char *line, gpointer user_data)
{
    g_string_append_printf(user_data, "%c %s\n", direction, line);
}

FotaAtLine *
peer_open(Peer *peer, GString *traced)
{
    const FotaAtTty tty = {.node = peer->node};
    g_autoptr(GError) error = NULL;
    FotaAtLine *line =
        fota_at_line_open(&tty, PEER_IMEI, NULL, traced != NULL ? trace : NULL, traced, &error);

    g_assert_no_error(error);
    peer_start(peer);
    return line;
}

void
peer_start(Peer *peer)
{
    peer->thread = g_thread_new("module", play, peer);
}

void
peer_finish(Peer *peer)
{
    g_thread_join(peer->thread);
    g_assert_cmpstr(peer->failure, ==, NULL);
    if (peer->master >= 0)
        close(peer->master);
    g_free(peer->failure);
    g_free(peer->node);
    g_free(peer);
}

void
peer_assert_answer(FotaAtLine *line, const char *command, const char *lines)
{
    g_autoptr(GError) error = NULL;
    int cme;
    g_auto(GStrv) answer = fota_at_line_command(line, command, 10, NULL, &cme, &error);
    g_autofree char *joined = NULL;

    g_assert_no_error(error);
    joined = g_strjoinv("|", answer);
    g_assert_cmpstr(joined, ==, lines);
    g_assert_cmpint(cme, ==, -1);
}

void
peer_end_well(Peer *peer, FotaAtLine *line)
{
    peer_assert_answer(line, "AT+GMR", "30.00");
    fota_at_line_close(line);
    peer_finish(peer);
}
