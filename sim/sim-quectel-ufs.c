/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-quectel.h"
#include "sim-step.h"

#include <string.h>

/* The file store: +QFUPL, +QFLST, +QFDEL. */

#define ROOM 16000000
#define BLOCK 1024

/* As fwupd computes it: 16-bit words, the first byte being the high one. */
static guint
checksum(const GByteArray *file)
{
    guint sum = 0;

    for (guint i = 0; i < file->len; i++)
        sum ^= (guint)file->data[i] << (i % 2 == 0 ? 8 : 0);
    return sum;
}

/* What the files take. */
static gsize
used_room(const SimQuectel *quectel)
{
    GHashTableIter iter;
    gpointer file;
    gsize used = 0;

    g_hash_table_iter_init(&iter, quectel->files);
    while (g_hash_table_iter_next(&iter, NULL, &file))
        used += ((GByteArray *)file)->len;
    return used;
}

static double
stored_share(SimModule *module)
{
    SimQuectel *quectel = module->state;

    return (double)quectel->storing->len / (double)quectel->wanted;
}

/* The file is there, or what came of it before the host fell silent. */
static void
end_upload(SimModule *module)
{
    SimQuectel *quectel = module->state;
    SimCommand *command = g_steal_pointer(&quectel->upload);
    GByteArray *file = g_steal_pointer(&quectel->storing);

    g_clear_handle_id(&quectel->step, g_source_remove);
    sim_step_unwatch(module);
    if (sim_faults_take(module->faults, "store-damaged", NULL, NULL) && file->len > 0)
        file->data[file->len / 2] ^= 0x10;
    sim_step(module, "stored");
    if (command->line != NULL)
        sim_line_end_data(command->line);
    sim_command_info(command, "+QFUPL: %u,%x", file->len, checksum(file));
    g_hash_table_insert(quectel->files, g_strdup(sim_command_arg(command, 0)), file);
    sim_command_finish(command, SIM_OK);
}

static gboolean
on_upload_timeout(gpointer user_data)
{
    SimModule *module = user_data;
    SimQuectel *quectel = module->state;

    quectel->step = 0;
    end_upload(module);
    return G_SOURCE_REMOVE;
}

/* One A for each whole block. */
static void
on_upload(SimPort *port, const guint8 *bytes, gsize length, gpointer user_data)
{
    SimModule *module = user_data;
    SimQuectel *quectel = module->state;
    guint before = quectel->storing->len / BLOCK;
    guint take = (guint)MIN(length, quectel->wanted - quectel->storing->len);

    if (module->hung)
        return;
    g_byte_array_append(quectel->storing, bytes, take);
    sim_quectel_after(module, quectel->patience, on_upload_timeout);
    for (guint i = before; i < quectel->storing->len / BLOCK; i++)
        sim_port_data(port, (const guint8 *)"A", 1);
    if (quectel->breaks_at > 0 && quectel->storing->len >= quectel->breaks_at) {
        g_clear_handle_id(&quectel->step, g_source_remove);
        sim_module_restart(module);
    } else if (quectel->storing->len == quectel->wanted) {
        end_upload(module);
    }
}

/* +QFUPL="<file>",<size>,<timeout>,<acknowledgements> */
SimResult
sim_quectel_run_upload(SimModule *module, SimCommand *command)
{
    SimQuectel *quectel = module->state;
    const char *name = sim_command_arg(command, 0);
    int size = 0, seconds = 5, acknowledge = 0;
    double kibibytes = 0;

    if (command->form != SIM_FORM_SET)
        return command->form == SIM_FORM_TEST ? SIM_OK : SIM_ERROR;
    if (name == NULL || g_hash_table_contains(quectel->files, name) || quectel->upload != NULL ||
        quectel->got != NULL || !sim_command_number(command, 1, 1, G_MAXINT, &size) ||
        !sim_command_number(command, 2, 1, 65535, &seconds) ||
        !sim_command_number(command, 3, 0, 1, &acknowledge) || !acknowledge)
        return SIM_ERROR;
    if (used_room(quectel) + (gsize)size > ROOM ||
        sim_faults_take(module->faults, "ota-full", command->text, NULL))
        return SIM_CME_MEMORY_FULL;
    quectel->upload = sim_command_ref(command);
    quectel->storing = g_byte_array_new();
    quectel->wanted = (guint)size;
    quectel->patience = seconds;
    sim_faults_take_number(module->faults, "feed-restart", command->text, &kibibytes);
    quectel->breaks_at = (guint)(kibibytes * BLOCK);
    sim_step(module, "storing");
    sim_step_watch(module, stored_share);
    sim_quectel_after(module, quectel->patience, on_upload_timeout);
    sim_line_take_data(command->line, on_upload, module);
    return SIM_PENDING;
}

void
sim_quectel_stop_upload(SimModule *module)
{
    SimQuectel *quectel = module->state;

    g_clear_pointer(&quectel->storing, g_byte_array_unref);
    if (quectel->upload != NULL)
        sim_command_finish(g_steal_pointer(&quectel->upload), SIM_SILENT);
}

SimResult
sim_quectel_run_list(SimModule *module, SimCommand *command)
{
    SimQuectel *quectel = module->state;
    const char *wanted = sim_command_arg(command, 0);
    GHashTableIter iter;
    gpointer name, file;

    if (command->form != SIM_FORM_SET && command->form != SIM_FORM_EXEC)
        return SIM_OK;
    g_hash_table_iter_init(&iter, quectel->files);
    while (g_hash_table_iter_next(&iter, &name, &file)) {
        if (wanted == NULL || g_str_equal(wanted, "*") || g_str_equal(wanted, name))
            sim_command_info(command, "+QFLST: \"UFS:%s\",%u", (const char *)name,
                             ((GByteArray *)file)->len);
    }
    return SIM_OK;
}

SimResult
sim_quectel_run_delete(SimModule *module, SimCommand *command)
{
    SimQuectel *quectel = module->state;
    const char *name = sim_command_arg(command, 0);

    if (command->form != SIM_FORM_SET || name == NULL)
        return command->form == SIM_FORM_TEST ? SIM_OK : SIM_ERROR;
    if (!g_hash_table_contains(quectel->files, name))
        return SIM_ERROR;
    sim_step(module, "deleting");
    if (module->dark_timer != 0)
        return SIM_SILENT;
    g_hash_table_remove(quectel->files, name);
    return SIM_OK;
}
