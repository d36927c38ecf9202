/* Part of Tillbridge. See LICENSE. */
/*
 * The part of a payment that no software of ours can save, measured with the plug-in's own library: one P-256
 * signature and one check. Prints the medians in microseconds: "sign verify".
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ctls.h"

enum { ROUNDS = 200 };

static int compare(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

int main(void) {
    static double sign[ROUNDS], verify[ROUNDS];
    uint8_t key[CTLS_PRIVATE_SIZE], point[CTLS_PUBLIC_SIZE], hash[CTLS_HASH_SIZE] = {7}, signature[CTLS_SIGNATURE_SIZE];
    if (ctls_key_generate(key, point) != 0) return 1;
    for (int round = 0; round < ROUNDS; round++) {
        hash[0] = (uint8_t)round;
        double start = now();
        if (ctls_sign(key, hash, signature) != 0) return 1;
        double middle = now();
        if (ctls_verify(point, hash, signature) != 1) return 1;
        sign[round] = middle - start;
        verify[round] = now() - middle;
    }
    qsort(sign, ROUNDS, sizeof *sign, compare);
    qsort(verify, ROUNDS, sizeof *verify, compare);
    printf("%.1f %.1f\n", sign[ROUNDS / 2], verify[ROUNDS / 2]);
    return 0;
}
