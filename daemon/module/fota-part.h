/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * What the parts of a module have in common: each owns its fields, never knows the module, and
 * reports a change through one function.
 */
typedef struct {
    gpointer object; /**< a GObject, which a part keeps alive while it waits for something */
    void (*changed)(gpointer object);
} FotaPartOwner;

static inline void
fota_part_tell(const FotaPartOwner *owner)
{
    owner->changed(owner->object);
}

G_END_DECLS
