/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/*
 * A wall clock of its own for one program, by LD_PRELOAD: the machine's own is everybody's, and the
 * kernel's time namespaces leave it alone. $FOTA_CLOCK names a file of eight bytes, the seconds to
 * add. Writing the file sets the clock, which a timer with TFD_TIMER_CANCEL_ON_SET learns of as
 * from the kernel. Clocks that cannot be set stay as they are.
 */

#define MAX_FD 1024

static char watches[MAX_FD]; /* descriptors that stand for such timers */

static int64_t
offset(void)
{
    static const int64_t *mapped;

    if (mapped == NULL) {
        int fd = open(getenv("FOTA_CLOCK"), O_RDONLY | O_CLOEXEC);

        mapped = mmap(NULL, sizeof *mapped, PROT_READ, MAP_SHARED, fd, 0);
        if (mapped == MAP_FAILED)
            abort();
        close(fd);
    }
    return __atomic_load_n(mapped, __ATOMIC_RELAXED);
}

static void *
next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

int
clock_gettime(clockid_t id, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    int result;

    if (real == NULL)
        real = (int (*)(clockid_t, struct timespec *))next("clock_gettime");
    result = real(id, now);
    if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        now->tv_sec += offset();
    return result;
}

int
gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise;

    clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t
time(time_t *now)
{
    struct timespec precise;

    clock_gettime(CLOCK_REALTIME, &precise);
    if (now != NULL)
        *now = precise.tv_sec;
    return precise.tv_sec;
}

int
timerfd_create(clockid_t id, int flags)
{
    static int (*real)(clockid_t, int);
    int fd;

    if (real == NULL)
        real = (int (*)(clockid_t, int))next("timerfd_create");
    if (id != CLOCK_REALTIME)
        return real(id, flags);
    fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (fd < 0 || fd >= MAX_FD || inotify_add_watch(fd, getenv("FOTA_CLOCK"), IN_MODIFY) < 0)
        abort();
    watches[fd] = 1;
    return fd;
}

int
timerfd_settime(int fd, int flags, const struct itimerspec *value, struct itimerspec *old)
{
    static int (*real)(int, int, const struct itimerspec *, struct itimerspec *);

    if (real == NULL)
        real = (int (*)(int, int, const struct itimerspec *, struct itimerspec *))next(
            "timerfd_settime");
    if (fd < 0 || fd >= MAX_FD || !watches[fd])
        return real(fd, flags, value, old);
    /* What is wanted here is the cancelling alone. */
    if ((flags & TFD_TIMER_CANCEL_ON_SET) == 0)
        abort();
    return 0;
}

ssize_t
read(int fd, void *buffer, size_t size)
{
    static ssize_t (*real)(int, void *, size_t);
    char events[4096];

    if (real == NULL)
        real = (ssize_t(*)(int, void *, size_t))next("read");
    if (fd < 0 || fd >= MAX_FD || !watches[fd])
        return real(fd, buffer, size);
    if (real(fd, events, sizeof events) > 0)
        errno = ECANCELED;
    return -1;
}

int
close(int fd)
{
    static int (*real)(int);

    if (real == NULL)
        real = (int (*)(int))next("close");
    if (fd >= 0 && fd < MAX_FD)
        watches[fd] = 0;
    return real(fd);
}
