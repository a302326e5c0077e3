/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-module.h"

#include <string.h>

#include "sim-huawei.h"
#include "sim-quectel.h"
#include "sim-step.h"
#include "sim-telit.h"

static const SimPersonality *const personalities[] = {
    &sim_telit_me910c1_na,    &sim_telit_le910_svl,    &sim_telit_le910c4, &sim_telit_me310g1,
    &sim_huawei_mu509,        &sim_huawei_mu609,       &sim_huawei_me909u, &sim_telit_me910c1_asks,
    &sim_telit_le910_v2_asks, &sim_telit_me310g1_asks, &sim_quectel_ec25,  &sim_quectel_bg96,
    &sim_quectel_ec200a,      &sim_quectel_rm500q};

#define LEAVE_LOOK_MS 2
/* In real time: how long a program may take to read the module's last words. */
#define LEAVE_LIMIT_MS 1000

guint
sim_ms(const Sim *sim, double seconds)
{
    return (guint)(seconds * 1000 / sim->scale);
}

void
sim_module_print_list(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(personalities); i++)
        g_print("%-16s %s\n", personalities[i]->option, personalities[i]->summary);
}

SimModule *
sim_module_lookup(Sim *sim, const char *imei)
{
    for (guint i = 0; i < sim->modules->len; i++) {
        SimModule *module = g_ptr_array_index(sim->modules, i);

        if (g_str_equal(module->imei, imei))
            return module;
    }
    return NULL;
}

static void
module_log_ttys(SimModule *module, const char *what)
{
    g_autoptr(GString) text = g_string_new(what);

    for (guint i = 0; i < module->lines->len; i++) {
        SimLine *line = g_ptr_array_index(module->lines, i);

        g_string_append_printf(text, " %s", sim_port_get_tty(sim_line_get_port(line)));
    }
    sim_log_event(module->log, "%s", text->str);
}

static void
module_add_ports(SimModule *module)
{
    const SimPersonality *p = module->personality;
    guint n = module->reserved_port ? p->n_ttys : p->n_ttys - 1;
    SimUsbId id = {.number = module->number,
                   .vendor_id = p->vendor_id,
                   .product_id = p->product_id,
                   .manufacturer = p->manufacturer,
                   .product = p->model,
                   .serial = module->imei,
                   .uid = module->uid,
                   .net = module->net,
                   .raw = module->raw};

    module->branch = sim_testbed_plug(module->sim->testbed, &id, p->ttys, n, module->as_acm);
    for (guint i = 0; i < n; i++) {
        const char *tty = sim_branch_get_tty(module->branch, i);

        g_ptr_array_add(module->lines,
                        sim_line_new(module, tty, sim_branch_get_fd(module->branch, i)));
    }
    module->starts++;
    module_log_ttys(module, "ports");
}

static void
module_drop_ports(SimModule *module)
{
    if (module->branch == NULL)
        return;
    module_log_ttys(module, "ports gone");
    g_ptr_array_set_size(module->lines, 0);
    g_clear_pointer(&module->branch, sim_branch_unplug);
}

void
sim_module_start(SimModule *module)
{
    module->running = TRUE;
    module->sim_ready = g_get_monotonic_time() +
                        sim_ms(module->sim, module->personality->sim_busy_seconds) * 1000LL;
    if (module->starts > 0)
        sim_module_search_network(module);
    if (module->plugged)
        module_add_ports(module);
    if (module->personality->started != NULL)
        module->personality->started(module);
}

void
sim_module_stop(SimModule *module)
{
    g_clear_handle_id(&module->timer, g_source_remove);
    sim_step_unwatch(module);
    sim_module_stop_search(module);
    module->running = FALSE;
    module->hung = FALSE;
    module->unlocked = module->pin == NULL;
    module->cfun = 1;
    memset(module->creg_mode, 0, sizeof(module->creg_mode));
    module->cops_format = 0;
    module->cnmi = 0;
    for (int cid = 1; cid <= SIM_MAX_CID; cid++)
        sim_context_deactivate(module, cid);
    if (module->personality->stopped != NULL)
        module->personality->stopped(module);
    module_drop_ports(module);
}

static gboolean
module_is_unread(SimModule *module)
{
    for (guint i = 0; i < module->lines->len; i++) {
        SimPort *port = sim_line_get_port(g_ptr_array_index(module->lines, i));

        if (sim_port_is_open(port) &&
            (sim_port_has_output(port) || sim_branch_is_unread(module->branch, i)))
            return TRUE;
    }
    return FALSE;
}

static gboolean
on_leave_look(gpointer user_data)
{
    SimModule *module = user_data;
    gboolean unread = module_is_unread(module);

    if (unread && g_get_monotonic_time() < module->leave_limit)
        return G_SOURCE_CONTINUE;
    if (unread)
        sim_log_event(module->log, "leaves with words that no program has read");
    module->timer = 0;
    module->leave(module);
    return G_SOURCE_REMOVE;
}

void
sim_module_leave(SimModule *module, void (*func)(SimModule *module))
{
    g_clear_handle_id(&module->timer, g_source_remove);
    module->hung = TRUE;
    module->leave = func;
    module->leave_limit = g_get_monotonic_time() + LEAVE_LIMIT_MS * G_TIME_SPAN_MILLISECOND;
    module->timer = g_timeout_add(LEAVE_LOOK_MS, on_leave_look, module);
}

void
sim_module_after(SimModule *module, double seconds, GSourceFunc func)
{
    g_clear_handle_id(&module->timer, g_source_remove);
    module->timer = g_timeout_add(sim_ms(module->sim, seconds), func, module);
}

static gboolean
on_booted(gpointer user_data)
{
    SimModule *module = user_data;

    module->timer = 0;
    sim_module_start(module);
    return G_SOURCE_REMOVE;
}

void
sim_module_power_on(SimModule *module)
{
    if (module->powered)
        return;
    sim_log_event(module->log, "power on");
    module->powered = TRUE;
    if (module->personality->power_on == NULL || !module->personality->power_on(module))
        sim_module_after(module, module->personality->boot_seconds, on_booted);
}

void
sim_module_power_cut(SimModule *module)
{
    if (!module->powered)
        return;
    sim_log_event(module->log, "power cut");
    module->powered = FALSE;
    sim_module_stop(module);
}

static void
module_restart_now(SimModule *module)
{
    sim_module_stop(module);
    module->powered = FALSE;
    sim_module_power_on(module);
}

void
sim_module_restart(SimModule *module)
{
    sim_log_event(module->log, "restart");
    sim_module_leave(module, module_restart_now);
}

void
sim_module_set_plugged(SimModule *module, gboolean plugged)
{
    if (module->plugged == plugged)
        return;
    module->plugged = plugged;
    sim_log_event(module->log, plugged ? "plugged" : "unplugged");
    if (!plugged)
        module_drop_ports(module);
    else if (module->running)
        module_add_ports(module);
}

static SimModule *
module_alloc(Sim *sim, const SimPersonality *personality)
{
    SimModule *module = g_new0(SimModule, 1);

    module->sim = sim;
    module->personality = personality;
    module->number = sim->modules->len + 1;
    module->imei = g_strdup_printf("3530810900%05u", 12345 + (module->number - 1) * 10);
    module->imsi = g_strdup_printf("3114800000%05u", module->number);
    module->iccid = g_strdup_printf("891480000000000%05u", module->number);
    module->version = g_strdup(personality->version);
    module->faults = sim_faults_new();
    module->lines = g_ptr_array_new_with_free_func((GDestroyNotify)sim_line_free);
    module->plugged = TRUE;
    module->registration = 1;
    module->signal = 25;
    module->pin_tries = SIM_PIN_TRIES;
    module->cfun = 1;
    sim_context_define(module, 1, "IPV4V6", "");
    sim_context_define(module, 3, "IPV4V6", "VZWINTERNET");
    return module;
}

SimModule *
sim_module_build(Sim *sim, const SimPersonality *personality, gpointer state, char **options,
                 GError **error)
{
    SimModule *module = module_alloc(sim, personality);
    gboolean good = TRUE;

    module->state = state != NULL ? state : personality->state_new(module);
    for (guint i = 0; good && options[i] != NULL; i++)
        good = sim_module_take_option(module, options[i], error);
    if (good && sim_module_lookup(sim, module->imei) != NULL) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "two modules with IMEI %s",
                    module->imei);
        good = FALSE;
    }
    if (good)
        module->log = sim_log_new(sim->log_dir, module->imei, error);
    if (module->log == NULL) {
        sim_module_free(module);
        return NULL;
    }
    module->unlocked = module->pin == NULL;
    return module;
}

SimModule *
sim_module_new(Sim *sim, const char *text, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);

    for (guint i = 0; i < G_N_ELEMENTS(personalities); i++) {
        if (g_strcmp0(parts[0], personalities[i]->option) == 0)
            return sim_module_build(sim, personalities[i], NULL, parts + 1, error);
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                "no module '%s'; --list-modules names them", text);
    return NULL;
}

void
sim_module_free(SimModule *module)
{
    if (module->state != NULL) {
        sim_module_stop(module);
        module->personality->state_free(module);
    }
    g_clear_handle_id(&module->dark_timer, g_source_remove);
    for (int cid = 1; cid <= SIM_MAX_CID; cid++)
        sim_context_define(module, cid, NULL, NULL);
    sim_sms_clear(module);
    g_clear_pointer(&module->log, sim_log_free);
    g_ptr_array_unref(module->lines);
    sim_faults_free(module->faults);
    g_free(module->imei);
    g_free(module->imsi);
    g_free(module->iccid);
    g_free(module->version);
    g_free(module->package);
    g_free(module->uid);
    g_free(module->net);
    g_free(module->pin);
    g_free(module);
}

void
sim_module_urc(SimModule *module, const char *text)
{
    for (guint i = 0; i < module->lines->len; i++)
        sim_line_urc(g_ptr_array_index(module->lines, i), text);
}

void
sim_module_urc_at_open(SimModule *module, const char *text)
{
    for (guint i = 0; i < module->lines->len; i++)
        sim_line_urc_at_open(g_ptr_array_index(module->lines, i), text);
}

void
sim_module_tty_opened(SimModule *module, const char *tty, gboolean open)
{
    for (guint i = 0; i < module->lines->len; i++) {
        SimLine *line = g_ptr_array_index(module->lines, i);

        if (!g_str_equal(sim_port_get_tty(sim_line_get_port(line)), tty))
            continue;
        sim_line_set_open(line, open);
        if (open && module->personality->tty_opened != NULL)
            module->personality->tty_opened(module, tty);
        if (open)
            continue;
        sim_branch_flush(module->branch, i);
        if (module->personality->tty_closed != NULL)
            module->personality->tty_closed(module, tty);
    }
}

static const SimCommandDef *
find_in(const SimCommandDef *commands, const char *name)
{
    for (guint i = 0; commands[i].run != NULL; i++) {
        if (g_str_equal(commands[i].name, name))
            return &commands[i];
    }
    return NULL;
}

const SimCommandDef *
sim_module_find_command(SimModule *module, const char *name)
{
    const SimCommandDef *own = find_in(module->personality->commands, name);

    return own != NULL ? own : find_in(sim_common_commands, name);
}

gboolean
sim_module_is_unlocked(SimModule *module)
{
    return module->unlocked;
}

gboolean
sim_module_is_sim_busy(SimModule *module)
{
    return g_get_monotonic_time() < module->sim_ready;
}

double
sim_module_take_first_delay(SimModule *module)
{
    double delay = module->first_delay;

    module->first_delay = 0;
    return delay;
}
