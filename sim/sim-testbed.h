/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * The machine's side of the simulation: a umockdev testbed with one USB branch a module.
 * Every process that is to see the branches and open their ttys runs with umockdev's preload
 * library and UMOCKDEV_DIR set to sim_testbed_get_root().
 */
typedef struct _SimTestbed SimTestbed;
typedef struct _SimBranch SimBranch;

typedef enum {
    SIM_TTY_PRIMARY,   /* ModemManager's command port */
    SIM_TTY_SECONDARY, /* ModemManager's second port */
    SIM_TTY_RESERVED,  /* left alone by ModemManager, kept for fotad by its udev rule */
} SimTtyRole;

/* What stays the same of a USB device from one enumeration to the next. */
typedef struct {
    guint number; /* 1-<number> on the bus, unique in the testbed */
    const char *vendor_id;
    const char *product_id;
    const char *manufacturer;
    const char *product;
    const char *serial;
    const char *uid; /* what a rule of the site calls it for ModemManager, NULL = nothing */
    const char *net; /* name of its network interface, NULL = none */
    gboolean raw;    /* only what the kernel says of it: udev's rules are to run */
} SimUsbId;

typedef struct {
    guint interface; /* bInterfaceNumber */
    SimTtyRole role;
} SimTtySpec;

/* A program opened the tty, or the last one closed it. Called on the main context. */
typedef void (*SimTtyWatch)(const char *tty, gboolean open, gpointer user_data);

SimTestbed *sim_testbed_new(SimTtyWatch watch, gpointer user_data);
/* Gives programs with an open tty of an unplugged branch a moment to notice. */
void sim_testbed_wait_closed(SimTestbed *testbed);
/* Removes the directory. The preload library aborts a program that has a tty open then. */
void sim_testbed_free(SimTestbed *testbed);
const char *sim_testbed_get_root(SimTestbed *testbed);

/* Adds the device, its interfaces and a tty for each spec, and sends their uevents. A tty's name is
 * never used twice: the kernel may do so, umockdev cannot. `acm` asks for ttyACM names. The network
 * interface carries nothing: a real one of that name may. */
SimBranch *sim_testbed_plug(SimTestbed *testbed, const SimUsbId *id, const SimTtySpec *specs,
                            guint n_specs, gboolean acm);
/* Sends the remove uevents, hangs the ttys up, removes the device. Frees the branch. */
void sim_branch_unplug(SimBranch *branch);

const char *sim_branch_get_tty(SimBranch *branch, guint index); /* "ttyUSB0" */
int sim_branch_get_fd(SimBranch *branch, guint index);          /* owned by the branch */
/* Whether bytes wait for the program that has the tty open: a hang-up throws them away. */
gboolean sim_branch_is_unread(SimBranch *branch, guint index);
/* Discards unread bytes and the last program's settings, as closing a real tty does. */
void sim_branch_flush(SimBranch *branch, guint index);
