/* Part of Tillbridge. See LICENSE. */
/*
 * The plug-in's door to the operating system: sockets, files, clocks, randomness, signals. Thin on purpose; every
 * decision is made in Swift. Unless a line says otherwise, a negative result is -errno. No function blocks on the
 * network, none allocates, none keeps state except where named.
 */
#ifndef CPLATFORM_H
#define CPLATFORM_H

#include <stddef.h>
#include <stdint.h>

/* ---- Clocks, randomness, arguments ---- */

/* Milliseconds of a clock that never jumps and also counts while the machine sleeps. */
int64_t cp_monotonic_ms(void);
/* Microseconds of the same clock, for measurements. */
int64_t cp_monotonic_us(void);
/* Milliseconds since 1970 UTC by this machine's clock, which is not trusted. */
int64_t cp_real_ms(void);
/* Fills the buffer from the kernel's generator; stops the process if the kernel cannot. */
void cp_random(void *buffer, size_t size);
/* Copies the command line, each argument ended by a NUL, and returns its length. */
int64_t cp_arguments(uint8_t *buffer, size_t size);
/* Copies an environment variable's value without the NUL; -ENOENT where it is not set. */
int64_t cp_environment(const char *name, uint8_t *buffer, size_t size);
_Noreturn void cp_exit(int code);
/* The errno names that decisions depend on. */
int cp_error_again(void);
int cp_error_exists(void);
int cp_error_missing(void);
int cp_error_address_in_use(void);
int cp_error_no_space(void);
/* Copies the system's sentence for an errno, without the NUL, and returns its length. */
int64_t cp_error_text(int code, uint8_t *buffer, size_t size);

/* ---- Sockets: all non-blocking and closed on exec ---- */

/* An IPv4 address in network order or an IPv6 address. family is 4 or 6. */
typedef struct {
    uint8_t address[16];
    uint16_t port;
    uint8_t family;
} cp_address;

/* Reads "10.0.0.5:7500" or "[::1]:7500". Returns 0, or -EINVAL; names are not looked up. */
int cp_parse_address(const uint8_t *text, size_t size, cp_address *result);
int cp_is_loopback(const cp_address *address);
/* Listens; *bound receives the port, which the system chooses for port 0. */
int cp_listen(const cp_address *address, uint16_t *bound);
int cp_accept(int listener);
/* Starts to connect; the socket becomes writable when it is decided. */
int cp_connect(const cp_address *address);
/* 0 when connected, -errno when the connection failed. */
int cp_connect_result(int socket);
/* Bytes moved; 0 from cp_read means the peer has closed. */
int64_t cp_read(int fd, void *buffer, size_t size);
int64_t cp_write(int fd, const void *buffer, size_t size);
/* 1 when the peer has ended its side of the connection, as far as this machine has heard. */
int cp_peer_has_closed(int socket);
int cp_close(int fd);

#define CP_READ 1
#define CP_WRITE 2
#define CP_HANGUP 4
typedef struct {
    int fd;
    uint16_t wanted;
    uint16_t happened;
} cp_poll_entry;
/* Waits; timeout < 0 waits for ever. At most 64 entries. An interrupted wait returns 0. */
int cp_poll(cp_poll_entry *entries, int count, int64_t timeout_ms);

/* ---- Signals ---- */

/* From now on SIGTERM and SIGINT make the returned descriptor readable; SIGPIPE is ignored. */
int cp_signals_open(void);
/* The first waiting signal's number, or 0. */
int cp_signals_take(int fd);
/* A trap of ours (SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE) writes its place to standard error before the process
   ends: an Embedded Swift trap says nothing by itself. */
void cp_report_traps(void);

/* ---- Files ---- */

typedef struct {
    int64_t size;
    uint32_t mode; /* permission bits */
    uint32_t owner;
    uint8_t is_file;
    uint8_t is_directory;
} cp_file_info;

int cp_file_info_of(const char *path, cp_file_info *info);
uint32_t cp_user(void);
int cp_open_read(const char *path);
int cp_open_update(const char *path);
/* Creates a file that must not exist yet. */
int cp_create(const char *path, uint32_t mode);
int64_t cp_pread(int fd, void *buffer, size_t size, int64_t offset);
int64_t cp_pwrite(int fd, const void *buffer, size_t size, int64_t offset);
int64_t cp_file_size(int fd);
int cp_fdatasync(int fd);
/* Begins to write what cp_fdatasync would have to wait for. Promises nothing, so it has no result. */
void cp_start_writing(int fd);
int cp_fsync_directory(const char *path);
/* Takes the whole file for this process, without waiting. -EAGAIN when another process holds it. */
int cp_lock(int fd);
int cp_rename(const char *from, const char *to);
int cp_unlink(const char *path);
int cp_mkdir(const char *path, uint32_t mode);
/* Calls back with each name in the folder. */
int cp_list(const char *path, void *context, void (*each)(void *context, const uint8_t *name, size_t size));

/* Gives memory that is free back to the system where the C library can. */
void cp_trim_memory(void);
/*
 * Keeps some megabytes that are free, where the C library can. For services that take and free a lot with every
 * commit: by default each of them pays for getting its pages again.
 */
void cp_keep_freed_memory(void);

#endif
