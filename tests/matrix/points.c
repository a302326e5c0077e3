/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/*
 * A preload library for fotad under test. It sees every moment at which something leaves fotad for
 * good: an AT command that is handed to a tty or to ModemManager, a file that is synchronised or
 * renamed in the state directory. Each is a point, met before the call and after it, and is written
 * to a journal. At one of them fotad may be killed, exactly there.
 *
 *   FAULT_STATE    the state directory
 *   FAULT_JOURNAL  a line for each point: <boot time> <pid> <before|after> <kind> <what>
 *   FAULT_KILL     <before|after>:<n>:<kind> <what>: SIGKILL at the n-th such point, from 1
 *   FAULT_SLOW     milliseconds that a synchronising there takes longer
 *   FAULT_FLASH    a directory that holds what a loss of power would leave of the state directory and
 *                  its directories: of each file what it was when it was synchronised last, under the
 *                  names that its directory had when that was synchronised last. <inode> files, and
 *                  `names` of each directory
 *   FAULT_ORDER    an AT command: before it, the journal has a line for each delta that a loss of power
 *                  would leave whole: <boot time> <pid> flash <name>
 */

#define NAME_LENGTH 256
#define LINE_LENGTH 400
#define TEXT_LENGTH 512

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_sendmsg)(int, const struct msghdr *, int);
static int (*real_fsync)(int);
static int (*real_rename)(const char *, const char *);

static const char *state, *journal, *flash, *order;
static struct timespec slow;
static char kill_when[8];
static unsigned kill_number;
static const char *kill_what;
static unsigned kill_met;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The preload libraries behind this one would translate the path of an emulated device. */
static void
path_of_fd(int fd, char *path)
{
    char link[64];
    ssize_t length;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    length = syscall(SYS_readlinkat, AT_FDCWD, link, path, NAME_LENGTH - 1);
    path[length > 0 ? length : 0] = '\0';
}

/* A fetched delta is named by its digest, which differs from one update to the next. */
static void
generalise(char *name)
{
    static const char deltas[] = "deltas/";
    const char *end = strrchr(name, '.');

    if (strncmp(name, deltas, strlen(deltas)) == 0 && end != NULL)
        strcpy(name + strlen(deltas), strcmp(end, ".part") == 0 ? "part" : "whole");
}

/* The name below the state directory, NULL when it is not there. A temporary one loses what makes
 * it differ from one run to the next. */
static const char *
name_in_state(const char *path, char *name)
{
    size_t length = state != NULL ? strlen(state) : 0;
    char *end;

    if (length == 0 || strncmp(path, state, length) != 0)
        return NULL;
    snprintf(name, NAME_LENGTH, "%s", path[length] == '/' ? path + length + 1 : ".");
    end = strrchr(name, '.');
    if (end != NULL && strlen(end) == 7 && strchr(name, '.') != end)
        strcpy(end, ".new");
    generalise(name);
    return name;
}

static void
copy_file(int from, const char *to, const struct timespec *time)
{
    const struct timespec times[] = {*time, *time};
    char buffer[4096];
    ssize_t n;
    off_t offset = 0;
    int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    while (fd >= 0 && (n = pread(from, buffer, sizeof(buffer), offset)) > 0) {
        real_write(fd, buffer, (size_t)n);
        offset += n;
    }
    if (fd >= 0) {
        futimens(fd, times);
        close(fd);
    }
}

static void
keep_file(int dir, const char *name)
{
    char path[TEXT_LENGTH];
    struct stat status;
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

    if (fd >= 0 && fstat(fd, &status) == 0) {
        snprintf(path, sizeof(path), "%s/%ju", flash, (uintmax_t)status.st_ino);
        copy_file(fd, path, &status.st_mtim);
    }
    if (fd >= 0)
        close(fd);
}

/* Of the directory @sub of the state directory, "." being that itself. */
static void
names_file(char *path, const char *sub)
{
    snprintf(path, TEXT_LENGTH, "%s/names.%s", flash, sub);
}

/* A file that was written since it was synchronised, or never was, has no contents after a loss of
 * power: inode 0. A directory is `d`. */
static void
keep_name(int dir, const char *name, bool with_contents, FILE *names)
{
    char file[TEXT_LENGTH];
    struct stat now, kept;

    if (fstatat(dir, name, &now, 0) < 0 || name[0] == '.')
        return;
    if (S_ISDIR(now.st_mode))
        fprintf(names, "d %s\n", name);
    if (!S_ISREG(now.st_mode))
        return;
    if (with_contents)
        keep_file(dir, name);
    snprintf(file, sizeof(file), "%s/%ju", flash, (uintmax_t)now.st_ino);
    if (stat(file, &kept) < 0 || kept.st_mtim.tv_sec != now.st_mtim.tv_sec ||
        kept.st_mtim.tv_nsec != now.st_mtim.tv_nsec)
        now.st_ino = 0;
    fprintf(names, "%ju %s\n", (uintmax_t)now.st_ino, name);
}

static void
keep_names(const char *sub, bool with_contents)
{
    char directory[TEXT_LENGTH], path[TEXT_LENGTH], new_path[TEXT_LENGTH];
    struct dirent *entry;
    DIR *dir;
    FILE *names;

    snprintf(directory, sizeof(directory), "%s/%s", state, sub);
    snprintf(new_path, sizeof(new_path), "%s/new", flash);
    names_file(path, sub);
    dir = opendir(directory);
    names = fopen(new_path, "we");
    while (dir != NULL && names != NULL && (entry = readdir(dir)) != NULL)
        keep_name(dirfd(dir), entry->d_name, with_contents, names);
    if (names != NULL)
        fclose(names);
    if (dir != NULL)
        closedir(dir);
    real_rename(new_path, path);
}

/* What lies there at the start has been there for long. */
static void
keep_all(void)
{
    struct dirent *entry;
    DIR *dir = opendir(state);

    keep_names(".", true);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
            keep_names(entry->d_name, true);
    }
    if (dir != NULL)
        closedir(dir);
}

__attribute__((constructor)) static void
begin(void)
{
    const char *kill = getenv("FAULT_KILL");
    int length = 0;

    *(void **)&real_write = dlsym(RTLD_NEXT, "write");
    *(void **)&real_sendmsg = dlsym(RTLD_NEXT, "sendmsg");
    *(void **)&real_fsync = dlsym(RTLD_NEXT, "fsync");
    *(void **)&real_rename = dlsym(RTLD_NEXT, "rename");
    state = getenv("FAULT_STATE");
    journal = getenv("FAULT_JOURNAL");
    flash = getenv("FAULT_FLASH");
    order = getenv("FAULT_ORDER");
    if (getenv("FAULT_SLOW") != NULL)
        slow.tv_nsec = atol(getenv("FAULT_SLOW")) * 1000000;
    if (kill != NULL && sscanf(kill, "%7[a-z]:%u:%n", kill_when, &kill_number, &length) == 2)
        kill_what = kill + length;
    if (flash != NULL)
        keep_all();
    /* Programs that fotad starts have no points. */
    unsetenv("FAULT_KILL");
    unsetenv("FAULT_JOURNAL");
    unsetenv("FAULT_FLASH");
    unsetenv("FAULT_ORDER");
    unsetenv("FAULT_SLOW");
    unsetenv("FAULT_STATE");
}

static void
note(int fd, const char *when, const char *what)
{
    char line[2 * TEXT_LENGTH];
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    snprintf(line, sizeof(line), "%jd.%06ld %d %s %s\n", (intmax_t)now.tv_sec, now.tv_nsec / 1000,
             (int)getpid(), when, what);
    real_write(fd, line, strlen(line));
}

/* The deltas that a loss of power would leave, from @sub on. */
static void
note_durable(int fd, const char *sub)
{
    char path[TEXT_LENGTH], line[TEXT_LENGTH], what[TEXT_LENGTH];
    FILE *names;

    names_file(path, sub);
    names = fopen(path, "re");
    while (names != NULL && fgets(line, sizeof(line), names) != NULL) {
        char *name = strchr(line, ' ');

        if (name == NULL || line[0] == '0')
            continue;
        name[strcspn(name, "\n")] = '\0';
        *name++ = '\0';
        if (line[0] == 'd' && strcmp(sub, ".") == 0 && strcmp(name, "deltas") == 0) {
            note_durable(fd, name);
        } else if (strcmp(sub, ".") != 0) {
            snprintf(what, sizeof(what), "%s/%.256s", sub, name);
            note(fd, "flash", what);
        }
    }
    if (names != NULL)
        fclose(names);
}

static void
point(const char *when, const char *kind, const char *what)
{
    char text[TEXT_LENGTH];
    int fd = -1;

    if (journal == NULL)
        return;
    snprintf(text, sizeof(text), "%s %s", kind, what);
    pthread_mutex_lock(&lock);
    fd = open(journal, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0) {
        if (flash != NULL && order != NULL && strcmp(when, "before") == 0 &&
            strcmp(what, order) == 0)
            note_durable(fd, ".");
        note(fd, when, text);
        close(fd);
    }
    if (kill_what != NULL && strcmp(kill_when, when) == 0 && strcmp(kill_what, text) == 0 &&
        ++kill_met == kill_number)
        syscall(SYS_kill, getpid(), SIGKILL);
    pthread_mutex_unlock(&lock);
}

/* A copy without its line end, and without what stands in quotes: names and addresses, which differ
 * from one run to the next, and passwords. One command has them without quotes. */
static const char *
printable(const char *from, size_t length, char *text)
{
    static const char bare[] = "AT#FTPGETOTAENH=";
    bool quoted = false;
    size_t n = 0;

    for (size_t i = 0; i < length && n < TEXT_LENGTH / 2; i++) {
        if (from[i] == '"')
            quoted = !quoted;
        if (from[i] >= ' ' && from[i] <= '~' && (!quoted || from[i] == '"'))
            text[n++] = from[i];
    }
    text[n] = '\0';
    if (strncmp(text, bare, strlen(bare)) == 0)
        text[strlen(bare)] = '\0';
    return text;
}

ssize_t
write(int fd, const void *data, size_t length)
{
    char path[NAME_LENGTH], text[TEXT_LENGTH];
    ssize_t written;

    path_of_fd(fd, path);
    if (strncmp(path, "/dev/pts/", strlen("/dev/pts/")) != 0)
        return real_write(fd, data, length);
    /* Longer than any command line: a block of a delta. */
    if (length > LINE_LENGTH)
        strcpy(text, "data");
    else
        printable(data, length, text);
    point("before", "at", text);
    written = real_write(fd, data, length);
    point("after", "at", text);
    return written;
}

/* The AT command in a call of Modem.Command() on the bus, NULL when it is something else. */
static const char *
command_on_bus(const struct msghdr *message, char *text)
{
    static const char member[] = "Command";
    char bytes[4096];
    size_t length = 0;
    const char *found, *command;

    for (size_t i = 0; i < (size_t)message->msg_iovlen && length < sizeof(bytes); i++) {
        size_t n = message->msg_iov[i].iov_len;

        n = n < sizeof(bytes) - length ? n : sizeof(bytes) - length;
        memcpy(bytes + length, message->msg_iov[i].iov_base, n);
        length += n;
    }
    found = memmem(bytes, length, member, sizeof(member));
    if (found == NULL ||
        memmem(bytes, length, "ModemManager1.Modem\0", sizeof("ModemManager1.Modem")) == NULL)
        return NULL;
    /* The body is the command's text and its time. */
    for (command = found; command + 2 < bytes + length; command++) {
        if (command[-1] == '\0' && strncmp(command, "AT", 2) == 0)
            return printable(command, strnlen(command, (size_t)(bytes + length - command)), text);
    }
    return NULL;
}

ssize_t
sendmsg(int fd, const struct msghdr *message, int flags)
{
    char text[TEXT_LENGTH];
    ssize_t sent;

    if (journal == NULL || command_on_bus(message, text) == NULL)
        return real_sendmsg(fd, message, flags);
    point("before", "at", text);
    sent = real_sendmsg(fd, message, flags);
    point("after", "at", text);
    return sent;
}

int
fsync(int fd)
{
    char path[NAME_LENGTH], name[NAME_LENGTH];
    struct stat status;
    int result;

    path_of_fd(fd, path);
    if (name_in_state(path, name) == NULL)
        return real_fsync(fd);
    point("before", "sync", name);
    nanosleep(&slow, NULL);
    result = real_fsync(fd);
    if (flash != NULL && result == 0 && fstat(fd, &status) == 0) {
        if (!S_ISDIR(status.st_mode))
            keep_file(AT_FDCWD, path);
        else
            keep_names(name, false);
    }
    point("after", "sync", name);
    return result;
}

int
rename(const char *from, const char *to)
{
    char name[NAME_LENGTH];
    int result;

    if (name_in_state(to, name) == NULL)
        return real_rename(from, to);
    point("before", "rename", name);
    result = real_rename(from, to);
    point("after", "rename", name);
    return result;
}
