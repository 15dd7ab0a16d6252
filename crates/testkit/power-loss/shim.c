/*
 * What a power cut leaves, for tests: only what was synced.
 *
 * Preloaded into a server, this keeps in POWER_LOSS_SHADOW a copy of what is durable of the folder POWER_LOSS_ROOT:
 * after fsync or fdatasync of a file, that file's bytes; after fsync of a folder, that folder's list of names. A file
 * that was never synced has no bytes, and a name whose folder was not synced since does not exist. After a kill,
 * rebuild.py makes a folder of it: the strictest that POSIX allows.
 *
 * An inode's number is reused when a file is gone, so files go by number and time of birth.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Whether the file is below the root; its identity as a name. */
static int identify(int fd, char *name, size_t size, struct statx *st) {
    const char *root = getenv("POWER_LOSS_ROOT");
    char link[64], path[PATH_MAX];
    if (!root || !getenv("POWER_LOSS_SHADOW")) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0) return 0;
    path[n] = 0;
    if (strncmp(path, root, strlen(root)) != 0) return 0;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, st) != 0) return 0;
    snprintf(name, size, "%llu-%lld-%u", (unsigned long long)st->stx_ino, (long long)st->stx_btime.tv_sec,
             st->stx_btime.tv_nsec);
    return 1;
}

static int open_shadow(const char *kind, const char *name, int flags) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s-%s", getenv("POWER_LOSS_SHADOW"), kind, name);
    return open(path, flags | O_CREAT | O_CLOEXEC, 0600);
}

/* Files only grow here, but for the last page, which may have been rewritten. */
static void keep_file(int fd, const char *name, off_t size) {
    char buffer[1 << 16];
    int to = open_shadow("file", name, O_RDWR);
    if (to < 0) return;
    struct stat before;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int from = open(link, O_RDONLY | O_CLOEXEC);
    if (from >= 0 && fstat(to, &before) == 0) {
        off_t at = before.st_size < size ? before.st_size : size;
        /* Small files may have been written anew anywhere. */
        at = size < (1 << 20) ? 0 : at - at % 4096;
        ssize_t n;
        while (at < size && (n = pread(from, buffer, sizeof buffer, at)) > 0) {
            if (n > size - at) n = size - at;
            if (pwrite(to, buffer, n, at) != n) break;
            at += n;
        }
        if (ftruncate(to, size) != 0) perror("power-loss: ftruncate");
    }
    if (from >= 0) close(from);
    close(to);
}

static void keep_folder(int fd, const char *name) {
    char link[64], staged[PATH_MAX], final[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    DIR *folder = opendir(link);
    if (!folder) return;
    snprintf(staged, sizeof staged, "%s/new-%s", getenv("POWER_LOSS_SHADOW"), name);
    snprintf(final, sizeof final, "%s/folder-%s", getenv("POWER_LOSS_SHADOW"), name);
    FILE *list = fopen(staged, "we");
    struct dirent *entry;
    while (list && (entry = readdir(folder))) {
        struct statx st;
        if (entry->d_name[0] == '.') continue;
        if (statx(dirfd(folder), entry->d_name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, &st) != 0)
            continue;
        fprintf(list, "%c %llu-%lld-%u %s\n", S_ISDIR(st.stx_mode) ? 'd' : 'f', (unsigned long long)st.stx_ino,
                (long long)st.stx_btime.tv_sec, st.stx_btime.tv_nsec, entry->d_name);
    }
    closedir(folder);
    if (list) {
        fclose(list);
        rename(staged, final);
    }
}

static int keep(const char *real, int fd) {
    int (*sync)(int) = (int (*)(int))dlsym(RTLD_NEXT, real);
    struct statx st;
    char name[128];
    int ours = identify(fd, name, sizeof name, &st);
    if (ours) pthread_mutex_lock(&lock);
    int result = sync(fd);
    int error = errno;
    if (ours) {
        if (result == 0) {
            /* What the sync covers has at least this size; what was written meanwhile may come along. */
            if (S_ISDIR(st.stx_mode)) keep_folder(fd, name);
            else keep_file(fd, name, (off_t)st.stx_size);
        }
        pthread_mutex_unlock(&lock);
    }
    errno = error;
    return result;
}

int fsync(int fd) { return keep("fsync", fd); }
int fdatasync(int fd) { return keep("fdatasync", fd); }
