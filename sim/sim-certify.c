/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-certify.h"

#include <stdlib.h>

#include <json-glib/json-glib.h>

/* Exit statuses */
#define CERTIFIED 0
#define NOT_CERTIFIED 1
#define WRONG_USAGE 2
#define NOT_PLAYED 3

typedef struct {
    char *imei, *control, *directory, *restart, *busy_file;
    char **application;
    double seconds;
    gboolean json;
} Options;

static const char *const words[] = {
    [CERTIFY_FAIL] = "fail", [CERTIFY_PASS] = "pass", [CERTIFY_SKIPPED] = "skipped"};

static gboolean
parse(Options *options, int argc, char **argv, GError **error)
{
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &options->json, "Print one JSON document", NULL},
        {"time", 0, 0, G_OPTION_ARG_DOUBLE, &options->seconds,
         "What the application has for an answer; default: 30", "SECONDS"},
        {"busy-file", 0, 0, G_OPTION_ARG_FILENAME, &options->busy_file,
         "While this file exists the application defers; created and removed here", "FILE"},
        {"imei", 0, 0, G_OPTION_ARG_STRING, &options->imei,
         "The simulated module; default: that of fota-rehearsal", "IMEI"},
        {"directory", 0, 0, G_OPTION_ARG_FILENAME, &options->directory,
         "Where fota-rehearsal keeps its files", "DIR"},
        {"control", 0, 0, G_OPTION_ARG_FILENAME, &options->control, "fota-sim's control socket",
         "SOCKET"},
        {"restart", 0, 0, G_OPTION_ARG_STRING, &options->restart,
         "How fotad is restarted; default: systemctl restart fotad.service", "COMMAND"},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->application, NULL, NULL},
        {0}};
    g_autoptr(GOptionContext) context =
        g_option_context_new("-- APPLICATION [ARGUMENT...] - certify an application");

    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_set_summary(
        context, "Starts an application and plays it questions, timeouts, rejections, deferrals, "
                 "failures,\na restart and an expired token, over fotad's D-Bus API, with the "
                 "simulated module of\nfota-rehearsal start. Says for each reaction that "
                 "docs/application.md requires whether it\nwas seen.");
    g_option_context_set_description(
        context, "Exit status: 0 when every reaction was seen, 1 when one was not, 2 for a wrong "
                 "option, 3\nwhen it could not be played.\n");
    if (!g_option_context_parse(context, &argc, &argv, error))
        return FALSE;
    if (options->application != NULL && options->seconds > 0)
        return TRUE;
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                options->seconds > 0 ? "the application's command is missing"
                                     : "--time= must be above 0");
    return FALSE;
}

static void
options_free(Options *options)
{
    g_free(options->imei);
    g_free(options->control);
    g_free(options->directory);
    g_free(options->restart);
    g_free(options->busy_file);
    g_strfreev(options->application);
}

static void
add_text(JsonBuilder *builder, const char *name, const char *text)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, text);
}

static void
add_reaction(JsonBuilder *builder, const CertifyReaction *reaction, CertifyVerdict verdict,
             const char *seen)
{
    json_builder_begin_object(builder);
    add_text(builder, "name", reaction->name);
    add_text(builder, "required", reaction->required);
    add_text(builder, "verdict", words[verdict]);
    add_text(builder, "seen", seen);
    json_builder_end_object(builder);
}

/* All reactions, one after the other. FALSE with an error: what the stage has not played. */
static gboolean
play_all(Certify *certify, JsonBuilder *builder, gboolean json, guint *failed, GError **error)
{
    for (const CertifyReaction *r = certify_reactions; r->name != NULL; r++) {
        g_autoptr(GError) own = NULL;
        CertifyVerdict verdict;

        g_string_truncate(certify->seen, 0);
        verdict = certify_stage_start(certify->stage, &own) ? r->play(certify, &own) : CERTIFY_FAIL;
        if (own != NULL) {
            g_propagate_prefixed_error(error, g_steal_pointer(&own), "%s: ", r->name);
            return FALSE;
        }
        *failed += verdict == CERTIFY_FAIL;
        add_reaction(builder, r, verdict, certify->seen->str);
        if (!json)
            g_print("%-8s %-15s %s\n%24s %s\n", words[verdict], r->name, r->required, "",
                    certify->seen->str);
    }
    return TRUE;
}

static void
print_result(JsonBuilder *builder, gboolean json, guint failed)
{
    g_autoptr(JsonNode) node = NULL;
    g_autofree char *text = NULL;

    json_builder_end_array(builder);
    add_text(builder, "verdict", words[failed == 0 ? CERTIFY_PASS : CERTIFY_FAIL]);
    json_builder_end_object(builder);
    node = json_builder_get_root(builder);
    text = json_to_string(node, TRUE);
    if (json)
        g_print("%s\n", text);
    else if (failed == 0)
        g_print("\nCertified: every reaction was seen.\n");
    else
        g_print("\nNot certified: %u %s not seen.\n", failed,
                failed == 1 ? "reaction was" : "reactions were");
}

static int
run(const Options *options, GError **error)
{
    CertifyStage stage = {.directory = options->directory,
                          .control = options->control,
                          .imei = options->imei,
                          .restart = options->restart,
                          .application = options->application};
    Certify certify = {.stage = &stage,
                       .seconds = options->seconds,
                       .busy_file = options->busy_file,
                       .bus = certify_bus_new(options->imei, error)};
    g_autoptr(JsonBuilder) builder = json_builder_new();
    guint failed = 0;
    gboolean good;

    if (certify.bus == NULL)
        return NOT_PLAYED;
    certify.seen = g_string_new(NULL);
    json_builder_begin_object(builder);
    add_text(builder, "imei", options->imei);
    json_builder_set_member_name(builder, "reactions");
    json_builder_begin_array(builder);
    good = certify_prepare(&certify, error) &&
           play_all(&certify, builder, options->json, &failed, error);
    certify_stage_stop(&stage);
    certify_bus_free(certify.bus);
    g_string_free(certify.seen, TRUE);
    if (good)
        print_result(builder, options->json, failed);
    return !good ? NOT_PLAYED : failed == 0 ? CERTIFIED : NOT_CERTIFIED;
}

static void
set_default(char **text, const char *value)
{
    if (*text == NULL)
        *text = g_strdup(value);
}

int
certify_main(int argc, char **argv)
{
    Options options = {.seconds = 30};
    g_autoptr(GError) error = NULL;
    int status = WRONG_USAGE;

    g_set_prgname("fota-sim certify");
    if (parse(&options, argc, argv, &error)) {
        set_default(&options.imei, "353081090012345");
        set_default(&options.control, "/run/fota-sim/control");
        set_default(&options.directory, "/run/fota-rehearsal");
        set_default(&options.restart, "systemctl restart fotad.service");
        status = run(&options, &error);
    }
    if (error != NULL)
        g_printerr("fota-sim certify: %s\n", error->message);
    options_free(&options);
    return status;
}
