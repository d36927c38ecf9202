/* Part of Tillbridge. See LICENSE. */
#define _GNU_SOURCE
#include "cplatform.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

static int64_t result_of(int64_t value) { return value < 0 ? -(int64_t)errno : value; }

/* ---- Clocks, randomness, arguments ---- */

static int64_t clock_us(clockid_t clock) {
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) abort();
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t cp_monotonic_us(void) { return clock_us(CLOCK_BOOTTIME); }
int64_t cp_monotonic_ms(void) { return clock_us(CLOCK_BOOTTIME) / 1000; }
int64_t cp_real_ms(void) { return clock_us(CLOCK_REALTIME) / 1000; }

void cp_random(void *buffer, size_t size) {
    uint8_t *bytes = buffer;
    while (size > 0) {
        ssize_t got = getrandom(bytes, size, 0);
        if (got < 0) {
            if (errno == EINTR) continue;
            abort();
        }
        bytes += got;
        size -= (size_t)got;
    }
}

int64_t cp_arguments(uint8_t *buffer, size_t size) {
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -errno;
    size_t used = 0;
    while (used < size) {
        ssize_t got = read(fd, buffer + used, size - used);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        used += (size_t)got;
    }
    close(fd);
    return (int64_t)used;
}

int64_t cp_environment(const char *name, uint8_t *buffer, size_t size) {
    const char *value = getenv(name);
    if (value == NULL) return -ENOENT;
    size_t length = strlen(value);
    if (length > size) return -ENAMETOOLONG;
    memcpy(buffer, value, length);
    return (int64_t)length;
}

_Noreturn void cp_exit(int code) { _exit(code); }
int cp_error_again(void) { return EAGAIN; }
int cp_error_exists(void) { return EEXIST; }
int cp_error_missing(void) { return ENOENT; }
int cp_error_address_in_use(void) { return EADDRINUSE; }
int cp_error_no_space(void) { return ENOSPC; }

int64_t cp_error_text(int code, uint8_t *buffer, size_t size) {
    /* The errors that a person can do something about. The C library's table of all of them would be larger. */
    static const struct {
        int code;
        const char *text;
    } known[] = {
        {EACCES, "Permission denied"},
        {EPERM, "Operation not permitted"},
        {ENOENT, "No such file or directory"},
        {ENOTDIR, "Not a directory"},
        {EISDIR, "Is a directory"},
        {EEXIST, "File exists"},
        {ENOSPC, "No space left on device"},
        {EDQUOT, "Disk quota exceeded"},
        {EROFS, "Read-only file system"},
        {EIO, "Input/output error"},
        {EMFILE, "Too many open files"},
        {EADDRINUSE, "Address already in use"},
        {EADDRNOTAVAIL, "Cannot assign requested address"},
        {ECONNREFUSED, "Connection refused"},
        {ECONNRESET, "Connection reset by peer"},
        {ENETUNREACH, "Network is unreachable"},
        {EHOSTUNREACH, "No route to host"},
        {ETIMEDOUT, "Connection timed out"},
    };
    char number[24] = "error ";
    const char *text = number;
    for (size_t place = 0; place < sizeof known / sizeof known[0]; place++)
        if (known[place].code == code) text = known[place].text;
    if (text == number) {
        size_t end = 6;
        for (int unit = 1000; unit > 0; unit /= 10)
            if (code >= unit || unit == 1) number[end++] = (char)('0' + code / unit % 10);
        number[end] = 0;
    }
    size_t length = strlen(text);
    if (length > size) length = size;
    memcpy(buffer, text, length);
    return (int64_t)length;
}

/* ---- Sockets ---- */

static socklen_t native_address(const cp_address *address, struct sockaddr_storage *native) {
    memset(native, 0, sizeof *native);
    if (address->family == 6) {
        struct sockaddr_in6 *six = (struct sockaddr_in6 *)native;
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(address->port);
        memcpy(&six->sin6_addr, address->address, 16);
        return sizeof *six;
    }
    struct sockaddr_in *four = (struct sockaddr_in *)native;
    four->sin_family = AF_INET;
    four->sin_port = htons(address->port);
    memcpy(&four->sin_addr, address->address, 4);
    return sizeof *four;
}

int cp_parse_address(const uint8_t *text, size_t size, cp_address *result) {
    char host[64];
    size_t colon = size;
    memset(result, 0, sizeof *result);
    for (size_t place = 0; place < size; place++) {
        if (text[place] == 0) return -EINVAL;
        if (text[place] == ':') colon = place;
    }
    if (colon == size || colon == 0 || colon >= sizeof host || size - colon - 1 < 1 || size - colon - 1 > 5)
        return -EINVAL;
    uint32_t port = 0;
    for (size_t place = colon + 1; place < size; place++) {
        if (text[place] < '0' || text[place] > '9') return -EINVAL;
        port = port * 10 + (uint32_t)(text[place] - '0');
    }
    if (port > 65535) return -EINVAL;
    result->port = (uint16_t)port;
    if (text[0] == '[') {
        if (text[colon - 1] != ']') return -EINVAL;
        memcpy(host, text + 1, colon - 2);
        host[colon - 2] = 0;
        result->family = 6;
        return inet_pton(AF_INET6, host, result->address) == 1 ? 0 : -EINVAL;
    }
    memcpy(host, text, colon);
    host[colon] = 0;
    result->family = 4;
    return inet_pton(AF_INET, host, result->address) == 1 ? 0 : -EINVAL;
}

int cp_is_loopback(const cp_address *address) {
    static const uint8_t six[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    return address->family == 6 ? memcmp(address->address, six, 16) == 0 : address->address[0] == 127;
}

static int new_socket(const cp_address *address) {
    return socket(address->family == 6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static void no_delay(int fd) {
    int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

int cp_listen(const cp_address *address, uint16_t *bound) {
    struct sockaddr_storage native;
    socklen_t length = native_address(address, &native);
    int fd = new_socket(address);
    if (fd < 0) return -errno;
    int yes = 1;
    /* Only lets a restart take the port while old connections fade; a second listener is refused all the same. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&native, length) != 0 || listen(fd, 16) != 0
        || getsockname(fd, (struct sockaddr *)&native, &length) != 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    *bound = ntohs(
        native.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&native)->sin6_port
                                     : ((struct sockaddr_in *)&native)->sin_port);
    return fd;
}

int cp_accept(int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return -errno;
    no_delay(fd);
    return fd;
}

int cp_connect(const cp_address *address) {
    struct sockaddr_storage native;
    socklen_t length = native_address(address, &native);
    int fd = new_socket(address);
    if (fd < 0) return -errno;
    no_delay(fd);
    if (connect(fd, (struct sockaddr *)&native, length) != 0 && errno != EINPROGRESS) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

int cp_connect_result(int socket) {
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return -errno;
    return -error;
}

int64_t cp_read(int fd, void *buffer, size_t size) {
    ssize_t got;
    do got = read(fd, buffer, size);
    while (got < 0 && errno == EINTR);
    return result_of(got);
}

int64_t cp_write(int fd, const void *buffer, size_t size) {
    ssize_t put;
    do {
        put = send(fd, buffer, size, MSG_NOSIGNAL);
        if (put < 0 && errno == ENOTSOCK) put = write(fd, buffer, size);
    } while (put < 0 && errno == EINTR);
    return result_of(put);
}

int cp_peer_has_closed(int socket) {
    char byte;
    return recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

int cp_close(int fd) { return (int)result_of(close(fd)); }

int cp_poll(cp_poll_entry *entries, int count, int64_t timeout_ms) {
    struct pollfd native[64];
    if (count < 0 || count > 64) return -EINVAL;
    for (int place = 0; place < count; place++) {
        native[place].fd = entries[place].fd;
        native[place].events = (short)(((entries[place].wanted & CP_READ) ? POLLIN : 0)
                                       | ((entries[place].wanted & CP_WRITE) ? POLLOUT : 0));
        native[place].revents = 0;
    }
    int timeout = timeout_ms < 0 ? -1 : timeout_ms > 3600000 ? 3600000 : (int)timeout_ms;
    int ready = poll(native, (nfds_t)count, timeout);
    if (ready < 0) {
        if (errno != EINTR) return -errno;
        ready = 0;
        for (int place = 0; place < count; place++) native[place].revents = 0;
    }
    for (int place = 0; place < count; place++) {
        short happened = native[place].revents;
        entries[place].happened = (uint16_t)(((happened & POLLIN) ? CP_READ : 0) | ((happened & POLLOUT) ? CP_WRITE : 0)
                                             | ((happened & (POLLERR | POLLHUP | POLLNVAL)) ? CP_HANGUP : 0));
    }
    return ready;
}

/* ---- Signals ---- */

static int signal_pipe[2] = {-1, -1};

static void remember_signal(int number) {
    int before = errno;
    uint8_t byte = (uint8_t)number;
    (void)!write(signal_pipe[1], &byte, 1);
    errno = before;
}

int cp_signals_open(void) {
    if (signal_pipe[0] < 0 && pipe2(signal_pipe, O_NONBLOCK | O_CLOEXEC) != 0) return -errno;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = remember_signal;
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGTERM, &action, NULL) != 0 || sigaction(SIGINT, &action, NULL) != 0) return -errno;
    action.sa_handler = SIG_IGN;
    if (sigaction(SIGPIPE, &action, NULL) != 0) return -errno;
    return signal_pipe[0];
}

int cp_signals_take(int fd) {
    uint8_t byte;
    return read(fd, &byte, 1) == 1 ? byte : 0;
}

static void report_trap(int number, siginfo_t *info, void *context) {
    static const char digits[] = "0123456789abcdef";
    char line[] = "tillbridge-plugin: stopped by its own check at 0x0000000000000000; restart it\n";
    uintptr_t place = (uintptr_t)info->si_addr;
#if defined(__x86_64__)
    place = (uintptr_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    place = (uintptr_t)((ucontext_t *)context)->uc_mcontext.pc;
#else
    (void)context;
#endif
    char *last = strchr(line, ';') - 1;
    for (int digit = 0; digit < 16; digit++, place >>= 4) *(last - digit) = digits[place & 15];
    (void)!write(2, line, sizeof line - 1);
    /* SA_RESETHAND: the trap happens again on return and ends the process as it would have. */
    raise(number);
}

void cp_report_traps(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = report_trap;
    action.sa_flags = SA_SIGINFO | (int)SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    static const int traps[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE};
    for (size_t place = 0; place < sizeof traps / sizeof traps[0]; place++) sigaction(traps[place], &action, NULL);
}

/* ---- Files ---- */

int cp_file_info_of(const char *path, cp_file_info *info) {
    struct stat native;
    if (stat(path, &native) != 0) return -errno;
    info->size = native.st_size;
    info->mode = native.st_mode & 07777;
    info->owner = native.st_uid;
    info->is_file = S_ISREG(native.st_mode);
    info->is_directory = S_ISDIR(native.st_mode);
    return 0;
}

uint32_t cp_user(void) { return geteuid(); }

int cp_open_read(const char *path) { return (int)result_of(open(path, O_RDONLY | O_CLOEXEC)); }
int cp_open_update(const char *path) { return (int)result_of(open(path, O_RDWR | O_CLOEXEC)); }

int cp_create(const char *path, uint32_t mode) {
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    if (fd < 0) return -errno;
    /* The process' file mode mask must not make a key unreadable to those it is meant for, or the reverse. */
    if (fchmod(fd, (mode_t)mode) != 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

int64_t cp_pread(int fd, void *buffer, size_t size, int64_t offset) {
    size_t done = 0;
    while (done < size) {
        ssize_t got = pread(fd, (uint8_t *)buffer + done, size - done, offset + (int64_t)done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -errno;
        if (got == 0) break;
        done += (size_t)got;
    }
    return (int64_t)done;
}

int64_t cp_pwrite(int fd, const void *buffer, size_t size, int64_t offset) {
    size_t done = 0;
    while (done < size) {
        ssize_t put = pwrite(fd, (const uint8_t *)buffer + done, size - done, offset + (int64_t)done);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return -errno;
        done += (size_t)put;
    }
    return (int64_t)done;
}

int64_t cp_file_size(int fd) {
    struct stat native;
    return fstat(fd, &native) != 0 ? -errno : native.st_size;
}

int cp_fdatasync(int fd) { return (int)result_of(fdatasync(fd)); }
void cp_start_writing(int fd) { (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); }

int cp_fsync_directory(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -errno;
    int result = (int)result_of(fsync(fd));
    close(fd);
    return result;
}

int cp_lock(int fd) { return (int)result_of(flock(fd, LOCK_EX | LOCK_NB)); }
int cp_rename(const char *from, const char *to) { return (int)result_of(rename(from, to)); }
int cp_unlink(const char *path) { return (int)result_of(unlink(path)); }
int cp_mkdir(const char *path, uint32_t mode) { return (int)result_of(mkdir(path, (mode_t)mode)); }

int cp_list(const char *path, void *context, void (*each)(void *context, const uint8_t *name, size_t size)) {
    DIR *folder = opendir(path);
    if (folder == NULL) return -errno;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        each(context, (const uint8_t *)entry->d_name, strlen(entry->d_name));
    closedir(folder);
    return 0;
}

void cp_trim_memory(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

void cp_keep_freed_memory(void) {
#ifdef __GLIBC__
    mallopt(M_TRIM_THRESHOLD, 8 << 20);
    mallopt(M_TOP_PAD, 1 << 20);
#endif
}

#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 36)
#define HAS_ARC4RANDOM
#endif
#endif
#ifndef HAS_ARC4RANDOM
/* Swift's hashing asks for this function; musl and older glibc lack it. */
void arc4random_buf(void *buffer, size_t size) { cp_random(buffer, size); }
#endif
