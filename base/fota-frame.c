/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fota-frame.h"

#include <net/if.h>
#include <string.h>

#include "base/fota-text.h"

void
fota_frame_free(FotaFrame *frame)
{
    g_hash_table_unref(frame->lines);
    g_clear_pointer(&frame->payload, g_bytes_unref);
    g_free(frame);
}

const char *
fota_frame_get(const FotaFrame *frame, const char *name)
{
    return g_hash_table_lookup(frame->lines, name);
}

gboolean
fota_frame_get_number(const FotaFrame *frame, const char *name, guint64 max, guint64 *number)
{
    const char *value = fota_frame_get(frame, name);

    return value == NULL || g_ascii_string_to_unsigned(value, 10, 0, max, number, NULL);
}

/* Where the line begins that is empty, -1 while there is none. */
static gssize
find_end_of_head(const GByteArray *received)
{
    const char *data = (const char *)received->data;

    for (guint i = 0; i < received->len; i++) {
        if (data[i] == '\n' && (i == 0 || data[i - 1] == '\n'))
            return (gssize)i;
    }
    return -1;
}

static gboolean
take_line(FotaFrame *frame, const char *line, gsize size)
{
    g_autofree char *name = g_strndup(line, size);
    char *value = strstr(name, ": ");

    /* A zero byte would hide what is behind it. */
    if (value == NULL || value == name || strlen(name) != size)
        return FALSE;
    *value = '\0';
    value += strlen(": ");
    return g_hash_table_insert(frame->lines, g_strdup(name), g_strdup(value));
}

/* @head: whole lines. */
static gboolean
take_head(FotaFrame *frame, const char *head, gsize size)
{
    while (size > 0) {
        const char *end = memchr(head, '\n', size);
        gsize length = (gsize)(end - head);

        if (!take_line(frame, head, length))
            return FALSE;
        head += length + 1;
        size -= length + 1;
    }
    return TRUE;
}

FotaFrame *
fota_frame_take(GByteArray *received, gsize max_payload, gboolean *malformed)
{
    g_autoptr(FotaFrame) frame = NULL;
    gssize head = find_end_of_head(received);
    guint64 length = 0;
    gsize start = (gsize)head + 1;

    *malformed = head > FOTA_FRAME_MAX_HEAD || (head < 0 && received->len > FOTA_FRAME_MAX_HEAD);
    if (head < 0 || *malformed)
        return NULL;
    frame = g_new0(FotaFrame, 1);
    frame->lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    *malformed = !take_head(frame, (const char *)received->data, (gsize)head) ||
                 !fota_frame_get_number(frame, "length", max_payload, &length);
    if (*malformed || received->len - start < length)
        return NULL;
    if (fota_frame_get(frame, "length") != NULL)
        frame->payload = g_bytes_new(received->data + start, (gsize)length);
    g_byte_array_remove_range(received, 0, (guint)(start + length));
    return g_steal_pointer(&frame);
}

gboolean
fota_frame_is_interface(const char *text)
{
    gsize length = strlen(text);

    for (const char *p = text; *p != '\0'; p++) {
        if (!g_ascii_isgraph(*p) || *p == '/' || *p == ':' || *p == '!')
            return FALSE;
    }
    return length > 0 && length < IFNAMSIZ;
}

gboolean
fota_frame_is_proxy(const char *text)
{
    g_autoptr(GUri) uri = g_uri_parse(text, G_URI_FLAGS_NONE, NULL);

    return uri != NULL && fota_text_validate_web_uri(text) == NULL &&
           strcmp(g_uri_get_scheme(uri), "http") == 0 && g_uri_get_port(uri) > 0 &&
           g_uri_get_path(uri)[0] == '\0' && g_uri_get_query(uri) == NULL;
}

void
fota_frame_line(GString *frame, const char *name, const char *value)
{
    if (value == NULL)
        return;
    g_string_append_printf(frame, "%s: ", name);
    for (const char *p = value; *p != '\0'; p++)
        g_string_append_c(frame, g_ascii_iscntrl(*p) ? ' ' : *p);
    g_string_append_c(frame, '\n');
}

void
fota_frame_number(GString *frame, const char *name, guint64 value)
{
    g_string_append_printf(frame, "%s: %" G_GUINT64_FORMAT "\n", name, value);
}

void
fota_frame_end(GString *frame)
{
    g_string_append_c(frame, '\n');
}

void
fota_frame_payload(GString *frame, const void *data, gsize size)
{
    fota_frame_number(frame, "length", size);
    fota_frame_end(frame);
    g_string_append_len(frame, data, (gssize)size);
}
