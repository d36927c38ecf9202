/* Part of Tillbridge. See LICENSE. */
/*
 * The part of a payment that no software of ours can save, done once per round after the same pause as the measured
 * sales: a machine that has just slept computes more slowly, for a floor as for a payment.
 *
 *   floor FOLDER ROUNDS PAUSE_MICROSECONDS
 *
 * One round is what one payment has: two P-256 signatures and two checks with the plug-in's own library, two records
 * synced to a journal and two pages to a store, one RSA-2048 signature and one check with OpenSSL. Prints the medians
 * in microseconds, of a whole round and of one of each: "round sign check journal store rsa-sign rsa-check".
 */
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctls.h"

enum { MOST_ROUNDS = 1000, FILE_BYTES = 1 << 20, RECORD = 168, PAGE = 4096, REQUEST = 800 };
enum { ROUND, SIGN, CHECK, JOURNAL, STORE, RSA_SIGN, RSA_CHECK, PARTS };

static double times[PARTS][2 * MOST_ROUNDS];
static int counts[PARTS];

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static void note(int part, double start) { times[part][counts[part]++] = now() - start; }

static int compare(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void require(int good, const char *what) {
    if (good) return;
    fprintf(stderr, "floor: %s failed\n", what);
    exit(1);
}

/* A file filled with zeros, as a journal's segment and a log of the store are: later syncs move content alone. */
static int prepared_file(const char *folder, const char *name) {
    static uint8_t zeros[FILE_BYTES];
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    require(file >= 0 && pwrite(file, zeros, sizeof zeros, 0) == sizeof zeros && fsync(file) == 0, path);
    return file;
}

static void sync_part(int part, int file, size_t size, int round) {
    static uint8_t content[PAGE];
    content[0] = (uint8_t)round;
    double start = now();
    off_t offset = (off_t)(size * (size_t)round) % (FILE_BYTES - PAGE);
    require(pwrite(file, content, size, offset) == (ssize_t)size && fdatasync(file) == 0, "a sync");
    note(part, start);
}

static void p256_part(const uint8_t *key, const uint8_t *point, int round) {
    uint8_t hash[CTLS_HASH_SIZE] = {(uint8_t)round, 7}, signature[CTLS_SIGNATURE_SIZE];
    double start = now();
    require(ctls_sign(key, hash, signature) == 0, "a P-256 signature");
    note(SIGN, start);
    start = now();
    require(ctls_verify(point, hash, signature) == 1, "a P-256 check");
    note(CHECK, start);
}

static void rsa_part(EVP_PKEY *key, int round) {
    unsigned char request[REQUEST] = {(unsigned char)round}, signature[256];
    size_t size = sizeof signature;
    double start = now();
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    require(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1
                && EVP_DigestSign(context, signature, &size, request, sizeof request) == 1,
        "an RSA signature");
    EVP_MD_CTX_free(context);
    note(RSA_SIGN, start);
    start = now();
    context = EVP_MD_CTX_new();
    require(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1
                && EVP_DigestVerify(context, signature, size, request, sizeof request) == 1,
        "an RSA check");
    EVP_MD_CTX_free(context);
    note(RSA_CHECK, start);
}

int main(int count, char **arguments) {
    require(count == 4, "usage: floor FOLDER ROUNDS PAUSE_MICROSECONDS;");
    int rounds = atoi(arguments[2]);
    require(rounds > 0 && rounds <= MOST_ROUNDS, "a number of rounds up to 1000");
    uint8_t key[CTLS_PRIVATE_SIZE], point[CTLS_PUBLIC_SIZE];
    require(ctls_key_generate(key, point) == 0, "a key");
    EVP_PKEY *rsa = EVP_RSA_gen(2048);
    require(rsa != NULL, "an RSA key");
    int journal = prepared_file(arguments[1], "journal"), store = prepared_file(arguments[1], "store");
    for (int round = 0; round < rounds; round++) {
        usleep((useconds_t)atoi(arguments[3]));
        double start = now();
        sync_part(JOURNAL, journal, RECORD, 2 * round);
        p256_part(key, point, 2 * round);
        sync_part(STORE, store, PAGE, 2 * round);
        rsa_part(rsa, round);
        sync_part(STORE, store, PAGE, 2 * round + 1);
        p256_part(key, point, 2 * round + 1);
        sync_part(JOURNAL, journal, RECORD, 2 * round + 1);
        note(ROUND, start);
    }
    for (int part = 0; part < PARTS; part++) {
        qsort(times[part], (size_t)counts[part], sizeof times[part][0], compare);
        printf("%.1f%c", times[part][counts[part] / 2], part + 1 < PARTS ? ' ' : '\n');
    }
    return 0;
}
