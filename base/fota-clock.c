/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fota-clock.h"

#include <time.h>

G_STATIC_ASSERT(sizeof(time_t) == 8);

gint64
fota_clock_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}
