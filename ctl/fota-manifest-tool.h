/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "policy/fota-keyring.h"
#include "base/fota-text.h"

G_BEGIN_DECLS

/** The program fota-manifest: what its verbs share. No bus, no network. */

/** Exit status; fota-manifest(1) and --help document them. */
typedef enum {
    TOOL_GOOD = 0,
    TOOL_BAD = 1,   /**< the file has faults, or fotad would refuse it */
    TOOL_USAGE = 2, /**< usage error */
    TOOL_IO = 3,    /**< a file cannot be read, or the output not be written */
} ToolExit;

/** A new manifest holds so long unless something else is said. */
#define TOOL_VALID_SECONDS (30 * 86400)

/** One verb's run. */
typedef struct {
    const char *name;
    const char *usage;
    const char *help;
    gboolean json;
    char **arguments; /**< first the verb, then what follows; after tool_parse() without options */
} Tool;

/** A verb fails with @error set, whose domain decides the exit status, or ends with its own. */
typedef ToolExit (*ToolVerb)(Tool *tool, GError **error);

ToolExit tool_new(Tool *tool, GError **error);
ToolExit tool_renew(Tool *tool, GError **error);
ToolExit tool_report(Tool *tool, GError **error);
ToolExit tool_from_csv(Tool *tool, GError **error);
ToolExit tool_lint(Tool *tool, GError **error);
ToolExit tool_verify(Tool *tool, GError **error);
ToolExit tool_pack(Tool *tool, GError **error);
ToolExit tool_plan(Tool *tool, GError **error);
ToolExit tool_bucket(Tool *tool, GError **error);

/**
 * tool_parse:
 * @min: @max: how many arguments must remain
 *
 * Takes the verb's @options, --json and --help out of the arguments.
 */
gboolean tool_parse(Tool *tool, const GOptionEntry *options, guint min, guint max, GError **error);

/** An error of the command line. */
void tool_refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** Whether the @value (%NULL passes) of --@option is what @validate expects. */
gboolean
tool_validate(const char *option, const char *value, FotaTextValidator validate, GError **error);
/** A time of --@option into *@time, which stays as it is where @value is %NULL. */
gboolean tool_take_time(const char *option, const char *value, gint64 *time, GError **error);

GBytes *tool_read(const char *file, GError **error);
/** A ring of the *.pub @files; %NULL is none. */
FotaKeyring *tool_read_keys(char **files, GError **error);
/** The content after the signature blocks. */
GBytes *tool_strip_signature(GBytes *file);

void tool_add(JsonBuilder *builder, const char *name, const char *text);
void tool_add_number(JsonBuilder *builder, const char *name, gint64 number);
void tool_add_texts(JsonBuilder *builder, const char *name, const char *const *texts);
/** Prints a document, readable. */
void tool_print_node(JsonNode *root);
/** Prints what @builder has built. */
void tool_print_json(JsonBuilder *builder);

G_END_DECLS
