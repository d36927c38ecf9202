/* Part of Tillbridge. See LICENSE. */
/*
 * The plug-in's door to TLS and to P-256 signatures. Its face is our own: no type of the library behind it is seen
 * here, so that another library or version is a change of one file. Sockets stay outside; bytes go in and out through
 * two queues.
 */
#ifndef CTLS_H
#define CTLS_H

#include <stddef.h>
#include <stdint.h>

/* ---- P-256 signatures ---- */

#define CTLS_PRIVATE_SIZE 32
#define CTLS_PUBLIC_SIZE 65 /* uncompressed point: 4, x, y */
#define CTLS_HASH_SIZE 32
#define CTLS_SIGNATURE_SIZE 64 /* r, s */

/* Draws a key. 0, or -1 when the library fails. */
int ctls_key_generate(uint8_t private_key[CTLS_PRIVATE_SIZE], uint8_t public_key[CTLS_PUBLIC_SIZE]);
/* The public key of a private one. 0, or -1 when the number is no key. */
int ctls_key_public(const uint8_t private_key[CTLS_PRIVATE_SIZE], uint8_t public_key[CTLS_PUBLIC_SIZE]);
/* Signs a SHA-256 hash. 0, or -1. */
int ctls_sign(
    const uint8_t private_key[CTLS_PRIVATE_SIZE], const uint8_t hash[CTLS_HASH_SIZE],
    uint8_t signature[CTLS_SIGNATURE_SIZE]);
/* 1 when the signature is the key's over the hash, otherwise 0. */
int ctls_verify(
    const uint8_t public_key[CTLS_PUBLIC_SIZE], const uint8_t hash[CTLS_HASH_SIZE],
    const uint8_t signature[CTLS_SIGNATURE_SIZE]);

/* ---- TLS client ---- */

/* What servers are believed: a CA (PEM, one or more certificates) and one DNS name, or nobody is checked. Keeps the
   last session, so that the next connection needs no full handshake. */
typedef struct ctls_trust ctls_trust;
/* ca_size 0: the server's certificate is not checked. NULL when the PEM holds no certificate. */
ctls_trust *ctls_trust_new(const uint8_t *ca_pem, size_t ca_size, const char *dns_name);
/* Only after the last client made from it is freed. */
void ctls_trust_free(ctls_trust *trust);

typedef struct ctls_client ctls_client;
/* NULL when memory or the library fails. */
ctls_client *ctls_client_new(ctls_trust *trust);
void ctls_client_free(ctls_client *client);

/* Hands over bytes that came from the peer. 0, or -1 when they exceed the queue. */
int ctls_client_feed(ctls_client *client, const uint8_t *bytes, size_t size);
/* The bytes that wait to be sent to the peer, and how many. The pointer holds until the next call. */
const uint8_t *ctls_client_pending(const ctls_client *client, size_t *size);
void ctls_client_sent(ctls_client *client, size_t size);

#define CTLS_WAIT 0    /* needs more bytes from the peer */
#define CTLS_CLOSED -1 /* the peer has ended the session properly */
#define CTLS_FAILED -2 /* the handshake or a record is bad: end the connection */
#define CTLS_UNTRUSTED -3 /* the peer's certificate is not of this CA or not for this name */

/* 1 when done, else CTLS_WAIT, CTLS_FAILED or CTLS_UNTRUSTED. */
int ctls_client_handshake(ctls_client *client);
/* Bytes taken, all of them queued as records; or CTLS_FAILED. */
int64_t ctls_client_write(ctls_client *client, const uint8_t *bytes, size_t size);
/* Bytes read, CTLS_WAIT, CTLS_CLOSED or CTLS_FAILED. */
int64_t ctls_client_read(ctls_client *client, uint8_t *buffer, size_t size);
/* Whether this connection reused the last session. */
int ctls_client_resumed(const ctls_client *client);
/* Queues the closing alert. */
void ctls_client_finish(ctls_client *client);

/* Copies the library's name and version, without a NUL, and returns its length. */
size_t ctls_library(uint8_t *buffer, size_t size);

#endif
