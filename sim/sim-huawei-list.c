/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-huawei.h"

#include <string.h>

/*
 * The two documents of an update, as private servers for later modules of this lineage serve them:
 * filelist.xml (<file> with <spath>, <md5>, <size>) and changelog.xml (<component version="">,
 * <feature>).
 */

#define CHANGELOG "changelog.xml"
#define MAX_FEATURES 5 /* a change text has at most so many records */

typedef struct {
    SimHuaweiOffer *offer;
    SimHuaweiFile file;
    GString *text;
    guint n_features;
} Reader;

static void
file_clear(SimHuaweiFile *file)
{
    g_free(file->name);
    g_free(file->md5);
    g_clear_pointer(&file->data, g_byte_array_unref);
    *file = (SimHuaweiFile){0};
}

void
sim_huawei_offer_clear(SimHuaweiOffer *offer)
{
    for (guint i = 0; i < offer->n_files; i++)
        file_clear(&offer->files[i]);
    g_free(offer->version);
    g_free(offer->text);
    g_free(offer->changelog);
    *offer = (SimHuaweiOffer){0};
}

guint64
sim_huawei_offer_size(const SimHuaweiOffer *offer)
{
    guint64 size = 0;

    for (guint i = 0; i < offer->n_files; i++)
        size += offer->files[i].size;
    return size;
}

guint64
sim_huawei_offer_received(const SimHuaweiOffer *offer)
{
    guint64 received = 0;

    for (guint i = 0; i < offer->n_files; i++)
        received += offer->files[i].data->len;
    return received;
}

static void
on_start(GMarkupParseContext *context, const char *element, const char **names, const char **values,
         gpointer user_data, GError **error)
{
    Reader *reader = user_data;

    g_string_truncate(reader->text, 0);
    for (guint i = 0; g_str_equal(element, "component") && names[i] != NULL; i++) {
        if (!g_str_equal(names[i], "version"))
            continue;
        g_free(reader->offer->version);
        reader->offer->version = g_strdup(values[i]);
    }
}

static void
on_text(GMarkupParseContext *context, const char *text, gsize length, gpointer user_data,
        GError **error)
{
    Reader *reader = user_data;

    g_string_append_len(reader->text, text, (gssize)length);
}

static void
end_file(Reader *reader)
{
    SimHuaweiOffer *offer = reader->offer;

    if (g_strcmp0(reader->file.name, CHANGELOG) == 0) {
        g_free(offer->changelog);
        offer->changelog = g_strdup(reader->file.name);
    } else if (reader->file.name != NULL && offer->n_files < SIM_HUAWEI_FILES) {
        reader->file.data = g_byte_array_new();
        offer->files[offer->n_files++] = reader->file;
        reader->file = (SimHuaweiFile){0};
    }
    file_clear(&reader->file);
}

static void
end_feature(Reader *reader)
{
    SimHuaweiOffer *offer = reader->offer;
    char *text;

    if (reader->n_features++ >= MAX_FEATURES)
        return;
    text = offer->text != NULL ? g_strconcat(offer->text, ";", reader->text->str, NULL)
                               : g_strdup(reader->text->str);
    g_free(offer->text);
    offer->text = text;
}

static void
on_end(GMarkupParseContext *context, const char *element, gpointer user_data, GError **error)
{
    Reader *reader = user_data;
    const char *text = g_strstrip(reader->text->str);

    if (g_str_equal(element, "spath")) {
        g_free(reader->file.name);
        reader->file.name = g_strdup(text);
    } else if (g_str_equal(element, "md5")) {
        g_free(reader->file.md5);
        reader->file.md5 = g_strdup(text);
    } else if (g_str_equal(element, "size")) {
        reader->file.size = g_ascii_strtoull(text, NULL, 10);
    } else if (g_str_equal(element, "file")) {
        end_file(reader);
    } else if (g_str_equal(element, "feature")) {
        end_feature(reader);
    }
    g_string_truncate(reader->text, 0);
}

static gboolean
read_document(SimHuaweiOffer *offer, const char *text, gsize length)
{
    static const GMarkupParser parser = {on_start, on_end, on_text, NULL, NULL};
    Reader reader = {.offer = offer, .text = g_string_new(NULL)};
    GMarkupParseContext *context =
        g_markup_parse_context_new(&parser, G_MARKUP_DEFAULT_FLAGS, &reader, NULL);
    gboolean good = g_markup_parse_context_parse(context, text, (gssize)length, NULL) &&
                    g_markup_parse_context_end_parse(context, NULL);

    g_markup_parse_context_free(context);
    g_string_free(reader.text, TRUE);
    file_clear(&reader.file);
    return good;
}

gboolean
sim_huawei_read_list(SimHuaweiOffer *offer, const char *text, gsize length)
{
    sim_huawei_offer_clear(offer);
    return read_document(offer, text, length);
}

gboolean
sim_huawei_read_changelog(SimHuaweiOffer *offer, const char *text, gsize length)
{
    return read_document(offer, text, length) && offer->version != NULL;
}
