/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/fota-text.h"
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * SECTION: strict JSON on top of json-glib.
 *
 * json-glib 1.6 accepts comments, single quotes, leading zeros and `var x=`, cuts strings at
 * `\u0000`, takes the last of two members of one name, wraps large integers and overruns its stack
 * on deep nesting. fota_json_parse() scans the bytes first and rejects all of these: an accepted
 * text means the same to every JSON reader (RFC 8259).
 */

/** Deepest nesting of objects and arrays. */
#define FOTA_JSON_MAX_DEPTH 16
/** Largest integer that all JSON readers agree on, 2^53 - 1. */
#define FOTA_JSON_MAX_INTEGER G_GINT64_CONSTANT(9007199254740991)

/**
 * fota_json_parse:
 * @text: one JSON object in UTF-8, with nothing but white space after it
 *
 * Returns: (transfer full): its root, an object; %NULL with JSON_PARSER_ERROR_PARSE, which gives
 * the byte.
 */
JsonNode *fota_json_parse(GBytes *text, GError **error);

/**
 * fota_json_parse_own:
 *
 * Like fota_json_parse(), for texts that fotad itself has written: accepts integers up to
 * %G_MAXINT64, so that every number that can be written can be read.
 */
JsonNode *fota_json_parse_own(GBytes *text, GError **error);

/**
 * FotaJsonPlace: an object in the document, and its path.
 *
 * The readers below never stop at an error: they add it to @errors as `path: what is wrong` and
 * return the fallback, so that a document is read in a straight line and all errors are reported
 * together.
 */
typedef struct FotaJsonPlace FotaJsonPlace;
struct FotaJsonPlace {
    const FotaJsonPlace *parent; /* NULL for the root */
    const char *name;            /* member name in @parent */
    int index;                   /* element of the array @name, -1 when it is the member itself */
    JsonObject *object;          /* borrowed */
    GPtrArray *errors;           /* borrowed; char * */
};

typedef enum {
    FOTA_JSON_OPTIONAL,
    FOTA_JSON_REQUIRED,
} FotaJsonNeed;

/** The root of a document. @errors must free its elements with g_free(). */
FotaJsonPlace fota_json_root(JsonNode *root, GPtrArray *errors);

/** Adds an error about member @name (%NULL: about the place itself). */
void fota_json_fault(const FotaJsonPlace *place, const char *name, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

gboolean fota_json_has(const FotaJsonPlace *place, const char *name);

/** A whole number, @min <= n <= @max. */
gint64 fota_json_get_integer(const FotaJsonPlace *place, const char *name, FotaJsonNeed need,
                             gint64 min, gint64 max, gint64 fallback);
/** A number with at most two decimals, returned in hundredths; 0 <= n <= @max (hundredths). */
gint64 fota_json_get_hundredths(const FotaJsonPlace *place, const char *name, FotaJsonNeed need,
                                gint64 max, gint64 fallback);
gboolean fota_json_get_boolean(const FotaJsonPlace *place, const char *name, FotaJsonNeed need,
                               gboolean fallback);
/** Returns: (nullable): text that passes @validate; belongs to the document. */
const char *fota_json_get_string(const FotaJsonPlace *place, const char *name, FotaJsonNeed need,
                                 FotaTextValidator validate);
/** Returns: µs since the epoch, 0 when absent. */
gint64 fota_json_get_time(const FotaJsonPlace *place, const char *name, FotaJsonNeed need);
/** Returns: the index of the text in @choices (%NULL-terminated). */
int fota_json_get_choice(const FotaJsonPlace *place, const char *name, FotaJsonNeed need,
                         const char *const *choices, int fallback);
/** Returns: whether there is an object; @child is then its place. */
gboolean fota_json_get_object(const FotaJsonPlace *place, const char *name, FotaJsonNeed need,
                              FotaJsonPlace *child);
/** Returns: (nullable): the array with 1 to @max elements. */
JsonArray *
fota_json_get_array(const FotaJsonPlace *place, const char *name, FotaJsonNeed need, guint max);
/** Returns: whether element @index of @array (member @name) is an object; @child is then its place.
 */
gboolean fota_json_get_element(const FotaJsonPlace *place, const char *name, JsonArray *array,
                               guint index, FotaJsonPlace *child);
/** Returns: (transfer container) (nullable): 1 to @max texts, %NULL-terminated. */
const char **fota_json_get_strings(const FotaJsonPlace *place, const char *name, FotaJsonNeed need,
                                   guint max, FotaTextValidator validate);

G_END_DECLS
