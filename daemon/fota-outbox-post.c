/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-outbox-post.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/fota-json.h"
#include "policy/fota-credential-rule.h"
#include "policy/fota-policy-error.h"
#include "policy/fota-report-rule.h"

/* Digits of the serial in a file's name: the names sort as the posts came. */
#define SERIAL_DIGITS 20

void
fota_outbox_post_free(gpointer data)
{
    FotaOutboxPost *post = data;

    g_free(post->file);
    g_free(post->key);
    g_free(post->imei);
    g_free(post->model);
    g_free(post->kind);
    g_free(post->uri);
    g_free(post->credential);
    g_free(post->body);
    g_free(post);
}

FotaOutboxPost *
fota_outbox_post_new(const FotaPost *post, guint64 serial)
{
    FotaOutboxPost *copy = g_new0(FotaOutboxPost, 1);
    g_autofree char *name =
        g_strdup_printf("%0*" G_GUINT64_FORMAT "-%s.json", SERIAL_DIGITS, serial, post->key);

    copy->file = g_build_filename(FOTA_OUTBOX_DIRECTORY, name, NULL);
    copy->key = g_strdup(post->key);
    copy->imei = g_strdup(post->imei);
    copy->model = g_strdup(post->model);
    copy->kind = g_strdup(post->kind);
    copy->uri = g_strdup(post->uri);
    copy->credential = g_strdup(post->credential);
    copy->body = g_strdup(post->body);
    return copy;
}

#define MEMBER(name)                                                                               \
    {                                                                                              \
#name, G_STRUCT_OFFSET(FotaOutboxPost, name)                                               \
    }

static const struct {
    const char *name;
    gsize offset;
} members[] = {
    MEMBER(key), MEMBER(imei),       MEMBER(model), MEMBER(kind),
    MEMBER(uri), MEMBER(credential), MEMBER(body),
};

GBytes *
fota_outbox_post_serialize(const FotaOutboxPost *post)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonNode) root = NULL;
    char *text;

    json_builder_begin_object(builder);
    for (guint i = 0; i < G_N_ELEMENTS(members); i++) {
        const char *value = G_STRUCT_MEMBER(char *, post, members[i].offset);

        if (value == NULL)
            continue;
        json_builder_set_member_name(builder, members[i].name);
        json_builder_add_string_value(builder, value);
    }
    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    text = json_to_string(root, FALSE);
    return g_bytes_new_take(text, strlen(text));
}

/* NULL when it is none. */
static FotaOutboxPost *
post_parse(GBytes *bytes)
{
    g_autoptr(JsonNode) root = fota_json_parse_own(bytes, NULL);
    JsonObject *object = root != NULL ? json_node_get_object(root) : NULL;
    FotaOutboxPost *post;

    if (object == NULL)
        return NULL;
    post = g_new0(FotaOutboxPost, 1);
    for (guint i = 0; i < G_N_ELEMENTS(members); i++) {
        JsonNode *node = json_object_get_member(object, members[i].name);

        if (node != NULL && json_node_get_value_type(node) == G_TYPE_STRING)
            G_STRUCT_MEMBER(char *, post, members[i].offset) = json_node_dup_string(node);
    }
    if (post->key != NULL && post->imei != NULL && post->model != NULL && post->body != NULL)
        return post;
    fota_outbox_post_free(post);
    return NULL;
}

static void
delete_stray(const char *path)
{
    g_message("%s is no report that fotad has written, and is deleted", path);
    if (g_unlink(path) < 0)
        g_warning("%s: %s", path, g_strerror(errno));
}

FotaOutboxPost *
fota_outbox_post_load(const char *directory, const char *name, guint64 *serial)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    char *end = NULL, *text = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = NULL;
    gsize size = 0;
    FotaOutboxPost *post;

    *serial = g_ascii_strtoull(name, &end, 10);
    if (end != name + SERIAL_DIGITS || !g_str_has_suffix(name, ".json")) {
        *serial = 0;
        delete_stray(path);
        return NULL;
    }
    if (!g_file_get_contents(path, &text, &size, &error)) {
        g_warning("a report cannot be read, and waits for the next start of fotad: %s",
                  error->message);
        return NULL;
    }
    bytes = g_bytes_new_take(text, size);
    post = post_parse(bytes);
    if (post == NULL) {
        delete_stray(path);
        return NULL;
    }
    post->file = g_build_filename(FOTA_OUTBOX_DIRECTORY, name, NULL);
    post->size = size;
    post->written = TRUE;
    return post;
}

gboolean
fota_outbox_post_is_registration(const FotaOutboxPost *post)
{
    return g_strcmp0(post->kind, FOTA_POST_REGISTRATION) == 0;
}

const char *
fota_outbox_post_get_name(const FotaOutboxPost *post)
{
    return fota_outbox_post_is_registration(post) ? "a registration" : "a report";
}

void
fota_outbox_post_log(const FotaOutboxPost *post, int level, FotaEvent event, const char *format,
                     ...)
{
    const FotaLogContext context = {.imei = post->imei};
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    fota_log(level, event, &context, "%s", text);
}

/* An address on another server is another registration, which its registrar has posted. */
static gboolean
find_registry(const FotaOutboxPost *post, const FotaCredentialUse *use, FotaServer *server,
              GError **error)
{
    *server = use->registration;
    if (server->uri != NULL && post->uri != NULL &&
        fota_credential_is_same_server(post->uri, server->uri))
        return TRUE;
    g_set_error_literal(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_CONFIGURATION,
                        "[Registration] Uri= no longer names its server");
    return FALSE;
}

gboolean
fota_outbox_post_find_server(const FotaOutboxPost *post, FotaConfig *all, FotaServer *server,
                             GError **error)
{
    const FotaModuleConfig *config = fota_config_for_module(all, post->imei);
    const FotaCredentialUse use = {
        .servers = post->credential != NULL
                       ? fota_config_get_credential_servers(all, post->credential)
                       : NULL,
        .named = {config->manifest_uri, config->manifest_credential},
        .report = {config->report_uri, config->report_credential},
        .registration = {config->registration_uri, config->registration_credential},
    };
    const FotaReportServers servers = {
        .own = {config->manifest_uri, config->registration_uri},
        .allowed = (const char *const *)config->allowed_servers,
    };

    if (fota_outbox_post_is_registration(post))
        return find_registry(post, &use, server, error);
    *server = (FotaServer){post->uri, post->credential};
    if (post->uri != NULL)
        return fota_report_allow_server(&servers, post->uri, error) &&
               fota_credential_allow_use(server, &use, error);
    *server = use.report;
    if (server->uri == NULL)
        g_set_error_literal(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_CONFIGURATION,
                            "[Report] Uri= is no longer set");
    return server->uri != NULL;
}
