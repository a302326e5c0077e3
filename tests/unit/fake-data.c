/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/fake-data.h"

#include <gio/gio.h>
#include <string.h>

#include "daemon/job/fota-session.h"

static struct {
    FotaChannel channel;
    FotaSession *session;
    GByteArray *written;
    const char *sent; /* by the module, and not yet read */
    int cme;
    guint guard;
    gsize block; /* the longest write */
    guint start;
} fake;

static gboolean
fake_raw_begin(FotaChannel *channel, const char *command, const char *const *prompts, guint *which,
               guint seconds, GCancellable *cancellable, int *cme, GError **error)
{
    const char *answer = fake_session_take(fake.session, command, error);

    fake.cme = fota_session_get_cme(fake.session);
    if (answer == NULL)
        return FALSE;
    for (*which = 0; strcmp(answer, prompts[*which]) != 0; (*which)++)
        g_assert_nonnull(prompts[*which + 1]);
    fake.sent = "";
    return TRUE;
}

static gboolean
fake_raw_write(FotaChannel *channel, const guint8 *bytes, gsize length, guint seconds,
               GCancellable *cancellable, GError **error)
{
    if (fake.written->len == 0)
        fake.start = fake_session_get_seconds(fake.session);
    fake.block = MAX(fake.block, length);
    g_byte_array_append(fake.written, bytes, (guint)length);
    return TRUE;
}

static gboolean
fake_raw_read(FotaChannel *channel, guint8 *byte, guint seconds, GCancellable *cancellable,
              GError **error)
{
    if (fake.sent[0] == '\0')
        fake.sent = fake_session_take(fake.session, FAKE_BYTES, error);
    if (fake.sent == NULL)
        return FALSE;
    *byte = (guint8)*fake.sent++;
    return TRUE;
}

static GStrv
fake_raw_end(FotaChannel *channel, guint guard, guint seconds, GCancellable *cancellable, int *cme,
             GError **error)
{
    const char *answer;

    g_assert_cmpstr(fake.sent, ==, "");
    fake.guard = guard;
    answer = fake_session_take(fake.session, FAKE_BYTES, error);
    return answer != NULL ? g_strsplit(answer, "\n", -1) : NULL;
}

static const FotaChannelClass fake_class = {
    .raw_begin = fake_raw_begin,
    .raw_write = fake_raw_write,
    .raw_read = fake_raw_read,
    .raw_end = fake_raw_end,
};

FotaChannel *
fota_session_get_channel(FotaSession *session)
{
    return &fake.channel;
}

gboolean
fota_session_enter(FotaSession *session, GError **error)
{
    return TRUE;
}

GCancellable *
fota_session_get_cancellable(FotaSession *session)
{
    return NULL;
}

GCancellable *
fota_session_get_data_cancellable(FotaSession *session)
{
    return NULL;
}

gboolean
fota_session_judge_data(FotaSession *session, gboolean done, GError **error)
{
    return done;
}

int *
fota_session_get_cme_place(FotaSession *session)
{
    return &fake.cme;
}

void
fake_data_begin(FotaSession *session)
{
    fake.channel.klass = &fake_class;
    fake.session = session;
    fake.written = g_byte_array_new();
    fake.block = 0;
}

gsize
fake_data_get_block(void)
{
    return fake.block;
}

guint
fake_data_get_start(void)
{
    return fake.start;
}

guint
fake_data_get_guard(void)
{
    return fake.guard;
}

GBytes *
fake_data_end(void)
{
    fake.session = NULL;
    return g_byte_array_free_to_bytes(g_steal_pointer(&fake.written));
}
