/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <json-glib/json-glib.h>
#include <string.h>

#include "daemon/fota-record.h"
#include "base/fota-json.h"
#include "tests/extra/fuzz/fuzz.h"

#define IMEI "353081090012345"

/* @node in a file of its own with a good digest, so that what is behind the digest is reached. */
static GBytes *
seal(JsonNode *node)
{
    g_autofree char *text = json_to_string(node, FALSE);
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
    char *file = g_strdup_printf("{\"sha256\":\"%s\",\"record\":%s}", digest, text);

    return g_bytes_new_take(file, strlen(file));
}

/* What is read can be written, and read again as the same. */
static void
read_again(GBytes *bytes)
{
    g_autoptr(FotaRecord) record = fota_record_parse(bytes, IMEI, NULL);
    g_autoptr(FotaRecord) again = NULL;
    g_autoptr(GBytes) written = NULL;
    g_autoptr(GBytes) twice = NULL;
    g_autoptr(GError) error = NULL;

    if (record == NULL)
        return;
    written = fota_record_serialize(record);
    again = fota_record_parse(written, IMEI, &error);
    g_assert_no_error(error);
    twice = fota_record_serialize(again);
    g_assert_true(g_bytes_equal(written, twice));
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(JsonNode) node = fota_json_parse_own(bytes, NULL);

    read_again(bytes);
    if (node != NULL) {
        g_autoptr(GBytes) sealed = seal(node);

        read_again(sealed);
    }
    return 0;
}
