/* Part of Tillbridge. See LICENSE. */
/*
 * Short forms of what the trimmed mbedTLS is linked with and hardly uses.
 */
#include "common.h"

#include "mbedtls/aes.h"
#include "mbedtls/platform.h"

#include <string.h>

/* GCM, the one mode there is, only ever encrypts blocks. The other direction costs 3 KB of code and tables. */

int mbedtls_aes_setkey_dec(mbedtls_aes_context *context, const unsigned char *key, unsigned int bits) {
    (void)context;
    (void)key;
    (void)bits;
    return MBEDTLS_ERR_PLATFORM_FEATURE_UNSUPPORTED;
}

int mbedtls_internal_aes_decrypt(
    mbedtls_aes_context *context, const unsigned char input[16], unsigned char output[16]) {
    (void)context;
    (void)input;
    (void)output;
    return MBEDTLS_ERR_PLATFORM_FEATURE_UNSUPPORTED;
}

/* The library looks for the marks of PEM in a few kilobytes; the C library's search that never goes back is larger
   than all of its PEM code. */
char *strstr(const char *text, const char *wanted) {
    size_t length = strlen(wanted);
    for (; *text != 0; text++)
        if (strncmp(text, wanted, length) == 0) return (char *)text;
    return length == 0 ? (char *)text : NULL;
}
