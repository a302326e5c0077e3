/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl-format.h"
#include "ctl/fota-manifest-tool.h"
#include "policy/fota-policy-error.h"
#include "policy/fota-signature.h"

static const struct {
    const char *name;
    ToolVerb run;
    const char *usage;
    const char *help;
} verbs[] = {
    {"new", tool_new, "", "Write a new manifest to standard output"},
    {"renew", tool_renew, "FILE", "Extend, pause or resume a manifest"},
    {"lint", tool_lint, "FILE", "List every fault of a manifest, with its place"},
    {"pack", tool_pack, "JSON MINISIG...", "Join signatures and manifest into one file"},
    {"verify", tool_verify, "FILE [MINISIG]", "Verify that one of the keys has signed a manifest"},
    {"plan", tool_plan, "FILE", "Show what a gateway would do with a manifest, and why"},
    {"bucket", tool_bucket, "", "Show when a roll-out reaches a module"},
    {"report", tool_report, "DIR [IMEI]", "Show the results that gateways have posted"},
    {"from-csv", tool_from_csv, "CSV", "Convert a firmwarecheck.csv to a manifest"},
};

static const char exit_help[] = "Exit status:\n"
                                "  0  done; the file is good\n"
                                "  1  the file has faults, or fotad would refuse it\n"
                                "  2  usage error\n"
                                "  3  a file cannot be read, or the output not be written\n";

static ToolExit
print_help(void)
{
    printf("Usage: fota-manifest VERB [OPTION...] [ARGUMENT...]\n"
           "Manifests for fotad: write, sign, verify, and try them out.\n\n");
    for (guint i = 0; i < G_N_ELEMENTS(verbs); i++) {
        g_autofree char *usage = g_strconcat(verbs[i].name, " ", verbs[i].usage, NULL);

        printf("  %-22s %s\n", usage, verbs[i].help);
    }
    printf("\nA file named - is standard input. More: fota-manifest VERB --help\n\n%s", exit_help);
    return TOOL_GOOD;
}

void
tool_refuse(GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (error != NULL)
        *error = g_error_new_valist(G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, format, arguments);
    va_end(arguments);
}

gboolean
tool_parse(Tool *tool, const GOptionEntry *options, guint min, guint max, GError **error)
{
    const GOptionEntry common[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &tool->json, "Print one JSON document", NULL}, {0}};
    g_autofree char *program = g_strconcat("fota-manifest ", tool->name, NULL);
    g_autoptr(GOptionContext) context = g_option_context_new(tool->usage);
    guint n;

    g_set_prgname(program); /* for the first line of --help */
    g_option_context_set_summary(context, tool->help);
    g_option_context_set_description(context, exit_help);
    g_option_context_add_main_entries(context, common, NULL);
    if (options != NULL)
        g_option_context_add_main_entries(context, options, NULL);
    if (!g_option_context_parse_strv(context, &tool->arguments, error))
        return FALSE;
    n = g_strv_length(tool->arguments) - 1;
    if (n < min || n > max) {
        tool_refuse(error, "wrong number of arguments; usage: fota-manifest %s [OPTION...] %s",
                    tool->name, tool->usage);
        return FALSE;
    }
    return TRUE;
}

gboolean
tool_validate(const char *option, const char *value, FotaTextValidator validate, GError **error)
{
    const char *expected = value != NULL ? validate(value) : NULL;

    if (expected != NULL)
        tool_refuse(error, "--%s=%s: expected %s", option, value, expected);
    return expected == NULL;
}

gboolean
tool_take_time(const char *option, const char *value, gint64 *time, GError **error)
{
    if (value == NULL || fota_text_parse_time(value, time))
        return TRUE;
    tool_refuse(error, "--%s=%s: expected a time in UTC such as 2026-11-21T04:00:00Z", option,
                value);
    return FALSE;
}

GBytes *
tool_read(const char *file, GError **error)
{
    char *data;
    gsize size;

    if (!g_file_get_contents(strcmp(file, "-") == 0 ? "/dev/stdin" : file, &data, &size, error))
        return NULL;
    return g_bytes_new_take(data, size);
}

FotaKeyring *
tool_read_keys(char **files, GError **error)
{
    g_autoptr(FotaKeyring) keyring = fota_keyring_new();

    for (guint i = 0; files != NULL && files[i] != NULL; i++) {
        g_autofree char *text = NULL;

        if (!g_file_get_contents(files[i], &text, NULL, error) ||
            !fota_keyring_add(keyring, files[i], text, error))
            return NULL;
    }
    return g_steal_pointer(&keyring);
}

GBytes *
tool_strip_signature(GBytes *file)
{
    gsize at = fota_signature_measure(file);

    return g_bytes_new_from_bytes(file, at, g_bytes_get_size(file) - at);
}

void
tool_add(JsonBuilder *builder, const char *name, const char *text)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, text);
}

void
tool_add_number(JsonBuilder *builder, const char *name, gint64 number)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, number);
}

void
tool_add_texts(JsonBuilder *builder, const char *name, const char *const *texts)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_array(builder);
    for (guint i = 0; texts != NULL && texts[i] != NULL; i++)
        json_builder_add_string_value(builder, texts[i]);
    json_builder_end_array(builder);
}

void
tool_print_node(JsonNode *root)
{
    g_autofree char *text = json_to_string(root, TRUE);

    puts(text);
}

void
tool_print_json(JsonBuilder *builder)
{
    g_autoptr(JsonNode) root = json_builder_get_root(builder);

    tool_print_node(root);
}

static ToolExit
get_status(const GError *error)
{
    if (g_error_matches(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_KEY) ||
        g_error_matches(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_CONFIGURATION))
        return TOOL_USAGE;
    if (error->domain == FOTA_POLICY_ERROR)
        return TOOL_BAD;
    return error->domain == G_FILE_ERROR ? TOOL_IO : TOOL_USAGE;
}

/* Prints @error in the way asked for; returns the exit status. */
static ToolExit
report_error(const GError *error, gboolean json)
{
    g_autofree char *valid = g_utf8_make_valid(error->message, -1);
    g_autofree char *clean = ctl_format_clean(valid);
    ToolExit status = get_status(error);

    if (json) {
        g_autoptr(JsonBuilder) builder = json_builder_new();

        json_builder_begin_object(builder);
        json_builder_set_member_name(builder, "error");
        json_builder_begin_object(builder);
        tool_add(builder, "name",
                 error->domain == FOTA_POLICY_ERROR
                     ? fota_policy_error_get_name((FotaPolicyError)error->code)
                 : status == TOOL_IO ? "Unreadable"
                                     : "Usage");
        tool_add(builder, "message", valid);
        json_builder_end_object(builder);
        json_builder_end_object(builder);
        tool_print_json(builder);
    }
    fprintf(stderr, "fota-manifest: %s\n", clean);
    return status;
}

static ToolExit
run_verb(Tool *tool, GError **error)
{
    const char *name = tool->arguments[0];

    if (name == NULL) {
        tool_refuse(error, "a verb is missing. See: fota-manifest --help");
        return TOOL_USAGE;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return print_help();
    if (strcmp(name, "--version") == 0) {
        puts("fota-manifest " FOTA_VERSION);
        return TOOL_GOOD;
    }
    for (guint i = 0; i < G_N_ELEMENTS(verbs); i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            tool->name = name;
            tool->usage = verbs[i].usage;
            tool->help = verbs[i].help;
            return verbs[i].run(tool, error);
        }
    }
    tool_refuse(error, "there is no verb '%s'. See: fota-manifest --help", name);
    return TOOL_USAGE;
}

int
main(int argc, char **argv)
{
    gboolean json = ctl_format_wants_json((const char *const *)argv); /* GOption takes it back */
    g_autoptr(GError) error = NULL;
    Tool tool = {0};
    ToolExit status;

    setlocale(LC_ALL, "");
    g_set_prgname("fota-manifest");
    tool.arguments = g_strdupv(argv + MIN(argc, 1));
    status = run_verb(&tool, &error);
    if (error != NULL)
        status = report_error(error, tool.json || json);
    if (!ctl_format_close("fota-manifest") && status == TOOL_GOOD)
        status = TOOL_IO;
    g_strfreev(tool.arguments);
    return (int)status;
}
