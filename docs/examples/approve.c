/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * approve IMEI BUSY-FILE
 *
 * Approves every update of the module, but defers it by an hour while BUSY-FILE exists. Needs the
 * group fotad-operator. Runs while there is a bus, whether fotad and the module are there or not.
 *
 *     cc approve.c -o approve $(pkg-config --cflags --libs libsystemd)
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#define NAME "org.fotad.Fota1"
#define MODULE "org.fotad.Fota1.Module"
/* After which an answer that fotad has not taken is given again. */
#define AGAIN_US (UINT64_C(60) * 1000000)

typedef struct {
    sd_bus *bus;
    char path[64];
    const char *busy_file;
    bool again; /* the last answer was not taken */
} Application;

static void
answer(Application *self, const char *token)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    int r;

    if (access(self->busy_file, F_OK) == 0)
        r = sd_bus_call_method(self->bus, NAME, self->path, MODULE, "Defer", &error, NULL, "st",
                               token, (uint64_t)3600);
    else
        r = sd_bus_call_method(self->bus, NAME, self->path, MODULE, "Approve", &error, NULL, "s",
                               token);
    self->again = r < 0; /* StaleToken: the offer is another one by then, or there is none */
    if (r < 0)
        fprintf(stderr, "%s: %s\n", error.name != NULL ? error.name : "no answer",
                error.message != NULL ? error.message : strerror(-r));
    sd_bus_error_free(&error);
}

static int
on_approval_requested(sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
    const char *token, *gate;
    int r = sd_bus_message_read(signal, "ss", &token, &gate);

    if (r >= 0)
        answer(userdata, token);
    return r;
}

static int
on_update_finished(sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
    const char *id, *result;
    int r = sd_bus_message_read(signal, "ss", &id, &result);

    if (r >= 0) {
        printf("%s: %s\n", id, result);
        fflush(stdout);
    }
    return r;
}

static int
on_pin_required(sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
    int32_t attempts;
    int r = sd_bus_message_read(signal, "i", &attempts);

    if (r >= 0) {
        printf("the SIM wants its PIN, %d attempts are left\n", attempts);
        fflush(stdout);
    }
    return r;
}

/* Reads a{sv} up to the token; "" when there is none. */
static int
read_token(sd_bus_message *update, const char **token)
{
    const char *key;
    int r = sd_bus_message_enter_container(update, 'a', "{sv}");

    *token = "";
    while (r >= 0 && (r = sd_bus_message_enter_container(update, 'e', "sv")) > 0) {
        r = sd_bus_message_read(update, "s", &key);
        if (r >= 0 && strcmp(key, "token") == 0)
            return sd_bus_message_read(update, "v", "s", token);
        if (r >= 0)
            r = sd_bus_message_skip(update, "v");
        if (r >= 0)
            r = sd_bus_message_exit_container(update);
    }
    return r;
}

/* fotad may have asked before this program ran, and may read the manifest again meanwhile. While
 * fotad is not there, or does not know the module yet, there is nothing to see. */
static void
look_at_offer(Application *self)
{
    sd_bus_message *update = NULL;
    const char *token;
    char *state = NULL;
    int r = sd_bus_get_property_string(self->bus, NAME, self->path, MODULE, "State", NULL, &state);

    if (r >= 0 &&
        (strncmp(state, "awaiting-", strlen("awaiting-")) == 0 || strcmp(state, "checking") == 0)) {
        r = sd_bus_get_property(self->bus, NAME, self->path, MODULE, "Update", NULL, &update,
                                "a{sv}");
        if (r >= 0)
            r = read_token(update, &token);
        if (r >= 0 && token[0] != '\0')
            answer(self, token);
    }
    sd_bus_message_unref(update);
    free(state);
}

/* fotad has left the bus, or is back. */
static int
on_owner_changed(sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
    Application *self = userdata;
    const char *name, *old, *new;
    int r = sd_bus_message_read(signal, "sss", &name, &old, &new);

    self->again = false;
    if (r >= 0 && new[0] != '\0')
        look_at_offer(self);
    return r;
}

static int
run(Application *self)
{
    static const struct {
        const char *name;
        sd_bus_message_handler_t handler;
    } signals[] = {{"ApprovalRequested", on_approval_requested},
                   {"UpdateFinished", on_update_finished},
                   {"PinRequired", on_pin_required}};
    int r = sd_bus_open_system(&self->bus);

    for (size_t i = 0; r >= 0 && i < sizeof signals / sizeof *signals; i++)
        r = sd_bus_match_signal(self->bus, NULL, NAME, self->path, MODULE, signals[i].name,
                                signals[i].handler, self);
    if (r >= 0)
        r = sd_bus_add_match(self->bus, NULL,
                             "type='signal',sender='org.freedesktop.DBus',"
                             "member='NameOwnerChanged',arg0='" NAME "'",
                             on_owner_changed, self);
    if (r >= 0)
        look_at_offer(self);
    while (r >= 0) {
        r = sd_bus_process(self->bus, NULL);
        if (r > 0)
            continue;
        if (r == 0)
            r = sd_bus_wait(self->bus, self->again ? AGAIN_US : UINT64_MAX);
        if (r == 0 && self->again) { /* the time is over */
            self->again = false;
            look_at_offer(self);
        }
    }
    return r;
}

int
main(int argc, char **argv)
{
    Application self = {0};
    int r;

    if (argc != 3) {
        fprintf(stderr, "Usage: approve IMEI BUSY-FILE\n");
        return 2;
    }
    self.busy_file = argv[2];
    snprintf(self.path, sizeof self.path, "/org/fotad/Fota1/Module/%s", argv[1]);
    r = run(&self);
    fprintf(stderr, "approve: %s\n", strerror(-r));
    sd_bus_flush_close_unref(self.bus);
    return 1;
}
