// Part of Tillbridge. See LICENSE.
//
// A wall clock that is wrong by as much as a file says, for programs it is preloaded into: the file's first eight bytes
// are an offset in milliseconds, and changing them is a jump. Monotonic clocks stay right, as on a real machine.
// (libfaketime cannot be used: it changes the environment before main, and Swift programs find their arguments by it.)
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset;

__attribute__((constructor)) static void map_offset(void) {
    const char *path = getenv("CHAOS_CLOCK");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *page = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
    if (page != MAP_FAILED) offset = page;
    close(fd);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && offset && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t wrong = *offset;
        now->tv_sec += wrong / 1000;
        now->tv_nsec += wrong % 1000 * 1000000;
        if (now->tv_nsec >= 1000000000) { now->tv_sec += 1; now->tv_nsec -= 1000000000; }
        if (now->tv_nsec < 0) { now->tv_sec -= 1; now->tv_nsec += 1000000000; }
    }
    return result;
}

int gettimeofday(struct timeval *now, void *zone) {
    (void)zone;
    struct timespec exact;
    int result = clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return result;
}

time_t time(time_t *into) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (into) *into = exact.tv_sec;
    return exact.tv_sec;
}
