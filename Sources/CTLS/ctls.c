/* Part of Tillbridge. See LICENSE. */
/* The door to TLS, on mbedTLS 2.28: Debian's archives in ordinary builds, a trimmed build of the same source in the
   shipped file (scripts/embedded-build). */
#include "ctls.h"

#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* The kernel's generator serves every draw: no generator of the library's own that could be badly seeded. */
static int draw(void *context, unsigned char *bytes, size_t size) {
    (void)context;
    while (size > 0) {
        ssize_t got = getrandom(bytes, size, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return MBEDTLS_ERR_ECP_RANDOM_FAILED;
        bytes += got;
        size -= (size_t)got;
    }
    return 0;
}

/* ---- P-256 signatures ---- */

/* The group keeps the table of the generator's multiples from call to call. One thread uses this library at a time;
   the lock is for tests that do not keep to that. */
static mbedtls_ecp_group shared_group;
static int shared_group_ready;
static char shared_group_taken;

static mbedtls_ecp_group *take_group(void) {
    while (__atomic_test_and_set(&shared_group_taken, __ATOMIC_ACQUIRE)) {}
    if (!shared_group_ready) {
        mbedtls_ecp_group_init(&shared_group);
        if (mbedtls_ecp_group_load(&shared_group, MBEDTLS_ECP_DP_SECP256R1) != 0) abort();
        shared_group_ready = 1;
    }
    return &shared_group;
}

static void give_group_back(void) { __atomic_clear(&shared_group_taken, __ATOMIC_RELEASE); }

static int write_point(const mbedtls_ecp_group *group, const mbedtls_ecp_point *point, uint8_t *bytes) {
    size_t written = 0;
    int result = mbedtls_ecp_point_write_binary(
        group, point, MBEDTLS_ECP_PF_UNCOMPRESSED, &written, bytes, CTLS_PUBLIC_SIZE);
    return result != 0 || written != CTLS_PUBLIC_SIZE ? -1 : 0;
}

int ctls_key_generate(uint8_t private_key[CTLS_PRIVATE_SIZE], uint8_t public_key[CTLS_PUBLIC_SIZE]) {
    mbedtls_mpi number;
    mbedtls_ecp_point point;
    mbedtls_mpi_init(&number);
    mbedtls_ecp_point_init(&point);
    mbedtls_ecp_group *group = take_group();
    int result = mbedtls_ecp_gen_keypair(group, &number, &point, draw, NULL) != 0
            || mbedtls_mpi_write_binary(&number, private_key, CTLS_PRIVATE_SIZE) != 0
            || write_point(group, &point, public_key) != 0
        ? -1
        : 0;
    give_group_back();
    mbedtls_ecp_point_free(&point);
    mbedtls_mpi_free(&number);
    return result;
}

int ctls_key_public(const uint8_t private_key[CTLS_PRIVATE_SIZE], uint8_t public_key[CTLS_PUBLIC_SIZE]) {
    mbedtls_mpi number;
    mbedtls_ecp_point point;
    mbedtls_mpi_init(&number);
    mbedtls_ecp_point_init(&point);
    mbedtls_ecp_group *group = take_group();
    int result = mbedtls_mpi_read_binary(&number, private_key, CTLS_PRIVATE_SIZE) != 0
            || mbedtls_ecp_check_privkey(group, &number) != 0
            || mbedtls_ecp_mul(group, &point, &number, &group->G, draw, NULL) != 0
            || write_point(group, &point, public_key) != 0
        ? -1
        : 0;
    give_group_back();
    mbedtls_ecp_point_free(&point);
    mbedtls_mpi_free(&number);
    return result;
}

int ctls_sign(
    const uint8_t private_key[CTLS_PRIVATE_SIZE], const uint8_t hash[CTLS_HASH_SIZE],
    uint8_t signature[CTLS_SIGNATURE_SIZE]) {
    mbedtls_mpi number, r, s;
    mbedtls_mpi_init(&number);
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    mbedtls_ecp_group *group = take_group();
    int result = mbedtls_mpi_read_binary(&number, private_key, CTLS_PRIVATE_SIZE) != 0
            || mbedtls_ecp_check_privkey(group, &number) != 0
            || mbedtls_ecdsa_sign(group, &r, &s, &number, hash, CTLS_HASH_SIZE, draw, NULL) != 0
            || mbedtls_mpi_write_binary(&r, signature, 32) != 0 || mbedtls_mpi_write_binary(&s, signature + 32, 32) != 0
        ? -1
        : 0;
    give_group_back();
    mbedtls_mpi_free(&number);
    mbedtls_mpi_free(&r);
    mbedtls_mpi_free(&s);
    return result;
}

int ctls_verify(
    const uint8_t public_key[CTLS_PUBLIC_SIZE], const uint8_t hash[CTLS_HASH_SIZE],
    const uint8_t signature[CTLS_SIGNATURE_SIZE]) {
    mbedtls_ecp_point point;
    mbedtls_mpi r, s;
    mbedtls_ecp_point_init(&point);
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    mbedtls_ecp_group *group = take_group();
    int good = mbedtls_ecp_point_read_binary(group, &point, public_key, CTLS_PUBLIC_SIZE) == 0
        && mbedtls_ecp_check_pubkey(group, &point) == 0 && mbedtls_mpi_read_binary(&r, signature, 32) == 0
        && mbedtls_mpi_read_binary(&s, signature + 32, 32) == 0
        && mbedtls_ecdsa_verify(group, hash, CTLS_HASH_SIZE, &point, &r, &s) == 0;
    give_group_back();
    mbedtls_ecp_point_free(&point);
    mbedtls_mpi_free(&r);
    mbedtls_mpi_free(&s);
    return good;
}

/* ---- Queues ---- */

typedef struct {
    uint8_t *bytes;
    size_t first, end, capacity;
} queue;

/* One full record of the peer and then some; more than that unread means that the peer floods us. */
#define QUEUE_LIMIT 65536

static int queue_add(queue *queue, const uint8_t *bytes, size_t size) {
    if (size > QUEUE_LIMIT - (queue->end - queue->first)) return -1;
    if (queue->first > 0 && queue->end + size > queue->capacity) {
        memmove(queue->bytes, queue->bytes + queue->first, queue->end - queue->first);
        queue->end -= queue->first;
        queue->first = 0;
    }
    if (queue->end + size > queue->capacity) {
        size_t capacity = queue->capacity < 1024 ? 1024 : queue->capacity;
        while (capacity < queue->end + size) capacity *= 2;
        uint8_t *larger = realloc(queue->bytes, capacity);
        if (larger == NULL) return -1;
        queue->bytes = larger;
        queue->capacity = capacity;
    }
    if (size > 0) memcpy(queue->bytes + queue->end, bytes, size);
    queue->end += size;
    return 0;
}

static void queue_drop(queue *queue, size_t size) {
    queue->first += size;
    if (queue->first < queue->end) return;
    queue->first = queue->end = 0;
    if (queue->capacity <= 4096) return;
    free(queue->bytes);
    queue->bytes = NULL;
    queue->capacity = 0;
}

/* ---- TLS client ---- */

struct ctls_trust {
    mbedtls_ssl_config config;
    mbedtls_x509_crt ca;
    mbedtls_ssl_session session;
    int verifies;
    int has_session;
    char dns_name[256];
};

struct ctls_client {
    mbedtls_ssl_context tls;
    ctls_trust *trust;
    queue in, out;
    int certificate_seen;
    int done;
};

static const int suites[] = {
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
#ifdef MBEDTLS_CHACHAPOLY_C
    /* Not in the trimmed library: every server of ours speaks AES-GCM. */
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
#endif
    0,
};
static const mbedtls_ecp_group_id curves[] = {MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_NONE};
static const int hashes[] = {MBEDTLS_MD_SHA256, MBEDTLS_MD_NONE};

/* A register's clock is not trusted, so the dates of certificates say nothing here; the CA is replaced by HELLO. */
static int ignore_dates(void *context, mbedtls_x509_crt *certificate, int depth, uint32_t *flags) {
    (void)certificate;
    (void)depth;
    ((ctls_client *)context)->certificate_seen = 1;
    *flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
    return 0;
}

ctls_trust *ctls_trust_new(const uint8_t *ca_pem, size_t ca_size, const char *dns_name) {
    ctls_trust *trust = calloc(1, sizeof *trust);
    if (trust == NULL) return NULL;
    mbedtls_ssl_config_init(&trust->config);
    mbedtls_x509_crt_init(&trust->ca);
    mbedtls_ssl_session_init(&trust->session);
    trust->verifies = ca_size > 0;
    if (strlen(dns_name) >= sizeof trust->dns_name) goto failed;
    strcpy(trust->dns_name, dns_name);
    if (trust->verifies) {
        /* The parser wants a NUL behind PEM text, and counts it. */
        uint8_t *text = malloc(ca_size + 1);
        if (text == NULL) goto failed;
        memcpy(text, ca_pem, ca_size);
        text[ca_size] = 0;
        int result = mbedtls_x509_crt_parse(&trust->ca, text, ca_size + 1);
        free(text);
        if (result != 0) goto failed;
    }
    if (mbedtls_ssl_config_defaults(
            &trust->config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT)
        != 0)
        goto failed;
    mbedtls_ssl_conf_min_version(&trust->config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_max_version(&trust->config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_ciphersuites(&trust->config, suites);
    mbedtls_ssl_conf_curves(&trust->config, curves);
    mbedtls_ssl_conf_sig_hashes(&trust->config, hashes);
    mbedtls_ssl_conf_cert_profile(&trust->config, &mbedtls_x509_crt_profile_suiteb);
    mbedtls_ssl_conf_session_tickets(&trust->config, MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
    mbedtls_ssl_conf_rng(&trust->config, draw, NULL);
    mbedtls_ssl_conf_ca_chain(&trust->config, trust->verifies ? &trust->ca : NULL, NULL);
    mbedtls_ssl_conf_authmode(
        &trust->config, trust->verifies ? MBEDTLS_SSL_VERIFY_REQUIRED : MBEDTLS_SSL_VERIFY_NONE);
    return trust;
failed:
    ctls_trust_free(trust);
    return NULL;
}

static void forget_session(ctls_trust *trust) {
    if (!trust->has_session) return;
    mbedtls_ssl_session_free(&trust->session);
    mbedtls_ssl_session_init(&trust->session);
    trust->has_session = 0;
}

void ctls_trust_free(ctls_trust *trust) {
    if (trust == NULL) return;
    forget_session(trust);
    mbedtls_ssl_config_free(&trust->config);
    mbedtls_x509_crt_free(&trust->ca);
    free(trust);
}

static int send_to_queue(void *context, const unsigned char *bytes, size_t size) {
    ctls_client *client = context;
    if (size > 16384) size = 16384;
    return queue_add(&client->out, bytes, size) == 0 ? (int)size : MBEDTLS_ERR_SSL_WANT_WRITE;
}

static int receive_from_queue(void *context, unsigned char *buffer, size_t size) {
    queue *in = &((ctls_client *)context)->in;
    size_t waiting = in->end - in->first;
    if (waiting == 0) return MBEDTLS_ERR_SSL_WANT_READ;
    if (size > waiting) size = waiting;
    memcpy(buffer, in->bytes + in->first, size);
    queue_drop(in, size);
    return (int)size;
}

ctls_client *ctls_client_new(ctls_trust *trust) {
    ctls_client *client = calloc(1, sizeof *client);
    if (client == NULL) return NULL;
    client->trust = trust;
    mbedtls_ssl_init(&client->tls);
    if (mbedtls_ssl_setup(&client->tls, &trust->config) != 0
        || mbedtls_ssl_set_hostname(&client->tls, trust->dns_name) != 0
        || (trust->has_session && mbedtls_ssl_set_session(&client->tls, &trust->session) != 0)) {
        ctls_client_free(client);
        return NULL;
    }
    mbedtls_ssl_set_verify(&client->tls, ignore_dates, client);
    mbedtls_ssl_set_bio(&client->tls, client, send_to_queue, receive_from_queue, NULL);
    return client;
}

void ctls_client_free(ctls_client *client) {
    if (client == NULL) return;
    mbedtls_ssl_free(&client->tls);
    free(client->in.bytes);
    free(client->out.bytes);
    free(client);
}

int ctls_client_feed(ctls_client *client, const uint8_t *bytes, size_t size) {
    return queue_add(&client->in, bytes, size);
}

const uint8_t *ctls_client_pending(const ctls_client *client, size_t *size) {
    *size = client->out.end - client->out.first;
    return client->out.bytes == NULL ? NULL : client->out.bytes + client->out.first;
}

void ctls_client_sent(ctls_client *client, size_t size) { queue_drop(&client->out, size); }

int ctls_client_handshake(ctls_client *client) {
    if (client->done) return 1;
    int result = mbedtls_ssl_handshake(&client->tls);
    if (result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE) return CTLS_WAIT;
    ctls_trust *trust = client->trust;
    forget_session(trust);
    if (result != 0) return result == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED ? CTLS_UNTRUSTED : CTLS_FAILED;
    client->done = 1;
    /* A session of a server that nobody checked must not be taken up by one that is. */
    if (trust->verifies && mbedtls_ssl_get_session(&client->tls, &trust->session) == 0) trust->has_session = 1;
    return 1;
}

int64_t ctls_client_write(ctls_client *client, const uint8_t *bytes, size_t size) {
    size_t done = 0;
    while (done < size) {
        int result = mbedtls_ssl_write(&client->tls, bytes + done, size - done);
        if (result <= 0) return CTLS_FAILED;
        done += (size_t)result;
    }
    return (int64_t)done;
}

int64_t ctls_client_read(ctls_client *client, uint8_t *buffer, size_t size) {
    int result = mbedtls_ssl_read(&client->tls, buffer, size);
    if (result > 0) return result;
    if (result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE) return CTLS_WAIT;
    return result == 0 || result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY ? CTLS_CLOSED : CTLS_FAILED;
}

int ctls_client_resumed(const ctls_client *client) {
    return client->done && client->trust->verifies && !client->certificate_seen;
}

void ctls_client_finish(ctls_client *client) {
    if (client->done) mbedtls_ssl_close_notify(&client->tls);
}

size_t ctls_library(uint8_t *buffer, size_t size) {
    static const char name[] = "mbedTLS " MBEDTLS_VERSION_STRING;
    size_t length = sizeof name - 1 < size ? sizeof name - 1 : size;
    memcpy(buffer, name, length);
    return length;
}
