/* Part of Tillbridge. See LICENSE. */
/*
 * Point arithmetic on P-256 for mbedTLS, through its own interface for alternative implementations: four 64-bit limbs
 * in Montgomery form instead of general numbers. Signing and checking are what a payment waits for, and this makes
 * them several times faster. Which points are added when, blinding and the choice of tables stay the library's. No
 * branch and no address depends on a coordinate, except where the library's own code branches as well (a point at
 * infinity, equal points), which its algorithms never reach with secret data.
 *
 * Formulas: "Guide to Elliptic Curve Cryptography", Hankerson, Menezes, Vanstone, algorithms 3.21 and 3.22.
 */
#include "common.h"

#if defined(MBEDTLS_ECP_INTERNAL_ALT)

#include "mbedtls/ecp.h"
#include "mbedtls/ecp_internal.h"
#include "mbedtls/platform_util.h"

#include <string.h>

typedef unsigned __int128 wide;
typedef struct {
    uint64_t limb[4];
} field;

static const field prime = {{0xffffffffffffffff, 0x00000000ffffffff, 0, 0xffffffff00000001}};
/* 2^512 mod p: brings a number into Montgomery form. */
static const field square_of_r = {{0x0000000000000003, 0xfffffffbffffffff, 0xfffffffffffffffe, 0x00000004fffffffd}};
static const field plain_one = {{1, 0, 0, 0}};

/* Every function below writes its result last, so that the result may be one of the operands. None is inlined: calls
   cost little beside the work, copies would cost 15 KB. */
#define APART __attribute__((noinline)) static

/* value - p where value >= p, counting `high` as a fifth limb. */
APART void reduce(field *result, const uint64_t value[4], uint64_t high) {
    uint64_t less[4], borrow = 0;
    for (int place = 0; place < 4; place++) {
        wide difference = (wide)value[place] - prime.limb[place] - borrow;
        less[place] = (uint64_t)difference;
        borrow = (uint64_t)(difference >> 64) & 1;
    }
    uint64_t keep = 0 - (uint64_t)(((wide)high - borrow) >> 64 & 1);
    for (int place = 0; place < 4; place++) result->limb[place] = (value[place] & keep) | (less[place] & ~keep);
}

APART void add(field *result, const field *a, const field *b) {
    uint64_t sum[4], carry = 0;
    for (int place = 0; place < 4; place++) {
        wide total = (wide)a->limb[place] + b->limb[place] + carry;
        sum[place] = (uint64_t)total;
        carry = (uint64_t)(total >> 64);
    }
    reduce(result, sum, carry);
}

APART void subtract(field *result, const field *a, const field *b) {
    uint64_t less[4], borrow = 0, carry = 0;
    for (int place = 0; place < 4; place++) {
        wide difference = (wide)a->limb[place] - b->limb[place] - borrow;
        less[place] = (uint64_t)difference;
        borrow = (uint64_t)(difference >> 64) & 1;
    }
    for (int place = 0; place < 4; place++) {
        wide total = (wide)less[place] + (prime.limb[place] & (0 - borrow)) + carry;
        result->limb[place] = (uint64_t)total;
        carry = (uint64_t)(total >> 64);
    }
}

/* a * b / 2^256 mod p. The lowest limb of p is -1 mod 2^64, so the multiplier of each reduction step is the limb. */
APART void multiply(field *result, const field *a, const field *b) {
    uint64_t t0 = 0, t1 = 0, t2 = 0, t3 = 0, t4 = 0;
    for (int place = 0; place < 4; place++) {
        uint64_t digit = b->limb[place];
        wide sum = (wide)digit * a->limb[0] + t0;
        uint64_t low = (uint64_t)sum;
        sum = (wide)digit * a->limb[1] + t1 + (uint64_t)(sum >> 64);
        uint64_t l1 = (uint64_t)sum;
        sum = (wide)digit * a->limb[2] + t2 + (uint64_t)(sum >> 64);
        uint64_t l2 = (uint64_t)sum;
        sum = (wide)digit * a->limb[3] + t3 + (uint64_t)(sum >> 64);
        uint64_t l3 = (uint64_t)sum;
        sum = (wide)t4 + (uint64_t)(sum >> 64);
        uint64_t l4 = (uint64_t)sum;
        uint64_t l5 = (uint64_t)(sum >> 64);
        /* low * p = low * (2^256 - 2^224 + 2^192 + 2^96 - 1); the -low cancels the lowest limb. */
        sum = (wide)l1 + (low << 32);
        t0 = (uint64_t)sum;
        sum = (wide)l2 + (low >> 32) + (uint64_t)(sum >> 64);
        t1 = (uint64_t)sum;
        wide top = (wide)low * prime.limb[3];
        sum = (wide)l3 + (uint64_t)top + (uint64_t)(sum >> 64);
        t2 = (uint64_t)sum;
        sum = (wide)l4 + (uint64_t)(top >> 64) + (uint64_t)(sum >> 64);
        t3 = (uint64_t)sum;
        t4 = l5 + (uint64_t)(sum >> 64);
    }
    uint64_t value[4] = {t0, t1, t2, t3};
    reduce(result, value, t4);
}

static void square(field *result, const field *a) { multiply(result, a, a); }
static void twice(field *result, const field *a) { add(result, a, a); }

static int is_zero(const field *a) { return (a->limb[0] | a->limb[1] | a->limb[2] | a->limb[3]) == 0; }

/* result^(2^count) * factor */
APART void raise(field *result, int count, const field *factor) {
    while (count-- > 0) square(result, result);
    multiply(result, result, factor);
}

/* 1/a as a^(p-2): p - 2 = 2^256 - 2^224 + 2^192 + 2^96 - 3. */
APART void invert(field *result, const field *a) {
    field base = *a, x2 = base, x4, x8, x16, x32;
    raise(&x2, 1, &base);
    x4 = x2;
    raise(&x4, 2, &x2);
    x8 = x4;
    raise(&x8, 4, &x4);
    x16 = x8;
    raise(&x16, 8, &x8);
    x32 = x16;
    raise(&x32, 16, &x16);
    field power = x32;
    raise(&power, 32, &base);
    raise(&power, 128, &x32);
    raise(&power, 32, &x32);
    raise(&power, 16, &x16);
    raise(&power, 8, &x8);
    raise(&power, 4, &x4);
    raise(&power, 2, &x2);
    raise(&power, 2, &base);
    *result = power;
}

/* ---- To and from the library's numbers ---- */

APART void from_number(field *result, const mbedtls_mpi *number) {
    field plain = {{0, 0, 0, 0}};
    for (size_t place = 0; place < 4 && place < number->n; place++) plain.limb[place] = number->p[place];
    multiply(result, &plain, &square_of_r);
}

APART int to_number(mbedtls_mpi *number, const field *value) {
    int result = mbedtls_mpi_grow(number, 4);
    if (result != 0) return result;
    field plain;
    multiply(&plain, value, &plain_one);
    number->s = 1;
    memcpy(number->p, plain.limb, sizeof plain.limb);
    memset(number->p + 4, 0, (number->n - 4) * sizeof number->p[0]);
    return 0;
}

static void one(field *result) { multiply(result, &plain_one, &square_of_r); }

typedef struct {
    field x, y, z;
} point;

/* A Z that was never set stands for 1. */
static void from_z(field *result, const mbedtls_mpi *number) {
    if (number->p == NULL) one(result);
    else from_number(result, number);
}

APART void from_point(point *result, const mbedtls_ecp_point *library) {
    from_number(&result->x, &library->X);
    from_number(&result->y, &library->Y);
    from_z(&result->z, &library->Z);
}

APART int to_point(mbedtls_ecp_point *library, const point *value) {
    int result = to_number(&library->X, &value->x);
    if (result == 0) result = to_number(&library->Y, &value->y);
    if (result == 0) result = to_number(&library->Z, &value->z);
    return result;
}

/* ---- What the library asks for ---- */

unsigned char mbedtls_internal_ecp_grp_capable(const mbedtls_ecp_group *group) {
    return group->id == MBEDTLS_ECP_DP_SECP256R1;
}

int mbedtls_internal_ecp_init(const mbedtls_ecp_group *group) {
    (void)group;
    return 0;
}

void mbedtls_internal_ecp_free(const mbedtls_ecp_group *group) { (void)group; }

int mbedtls_internal_ecp_double_jac(
    const mbedtls_ecp_group *group, mbedtls_ecp_point *result, const mbedtls_ecp_point *library) {
    (void)group;
    point p;
    from_point(&p, library);
    field alpha, beta, gamma, delta;
    square(&delta, &p.z);
    square(&gamma, &p.y);
    multiply(&beta, &p.x, &gamma);
    /* Z = 2YZ */
    multiply(&p.z, &p.y, &p.z);
    twice(&p.z, &p.z);
    /* alpha = 3(X - delta)(X + delta) */
    add(&alpha, &p.x, &delta);
    subtract(&delta, &p.x, &delta);
    multiply(&delta, &alpha, &delta);
    twice(&alpha, &delta);
    add(&alpha, &alpha, &delta);
    /* X = alpha^2 - 8 beta */
    twice(&beta, &beta);
    twice(&beta, &beta);
    twice(&delta, &beta);
    square(&p.x, &alpha);
    subtract(&p.x, &p.x, &delta);
    /* Y = alpha(4 beta - X) - 8 gamma^2 */
    square(&gamma, &gamma);
    for (int times = 0; times < 3; times++) twice(&gamma, &gamma);
    subtract(&p.y, &beta, &p.x);
    multiply(&p.y, &alpha, &p.y);
    subtract(&p.y, &p.y, &gamma);
    return to_point(result, &p);
}

int mbedtls_internal_ecp_add_mixed(
    const mbedtls_ecp_group *group, mbedtls_ecp_point *result, const mbedtls_ecp_point *left,
    const mbedtls_ecp_point *right) {
    point p, q;
    field unit;
    from_point(&p, left);
    from_point(&q, right);
    one(&unit);
    if (is_zero(&p.z)) return mbedtls_ecp_copy(result, right);
    if (is_zero(&q.z)) return mbedtls_ecp_copy(result, left);
    subtract(&q.z, &q.z, &unit);
    if (!is_zero(&q.z)) return MBEDTLS_ERR_ECP_BAD_INPUT_DATA;
    /* The differences of x and of y, brought to the same denominator. */
    field dx, dy, squared;
    square(&squared, &p.z);
    multiply(&dx, &squared, &q.x);
    multiply(&dy, &squared, &p.z);
    multiply(&dy, &dy, &q.y);
    subtract(&dx, &dx, &p.x);
    subtract(&dy, &dy, &p.y);
    if (is_zero(&dx)) {
        if (is_zero(&dy)) return mbedtls_internal_ecp_double_jac(group, result, left);
        point infinity = {unit, unit, {{0, 0, 0, 0}}};
        return to_point(result, &infinity);
    }
    multiply(&p.z, &p.z, &dx);
    field cubed, common;
    square(&squared, &dx);
    multiply(&cubed, &squared, &dx);
    multiply(&common, &squared, &p.x);
    square(&p.x, &dy);
    twice(&squared, &common);
    subtract(&p.x, &p.x, &squared);
    subtract(&p.x, &p.x, &cubed);
    subtract(&common, &common, &p.x);
    multiply(&common, &common, &dy);
    multiply(&cubed, &cubed, &p.y);
    subtract(&p.y, &common, &cubed);
    return to_point(result, &p);
}

/* x * factor^2, y * factor^3 */
APART void scale(point *p, const field *factor) {
    field power;
    square(&power, factor);
    multiply(&p->x, &p->x, &power);
    multiply(&power, &power, factor);
    multiply(&p->y, &p->y, &power);
}

/* Divides by Z, whose inverse is given. */
static int normalise(mbedtls_ecp_point *library, const field *inverse_z) {
    point p;
    from_point(&p, library);
    scale(&p, inverse_z);
    one(&p.z);
    return to_point(library, &p);
}

int mbedtls_internal_ecp_normalize_jac(const mbedtls_ecp_group *group, mbedtls_ecp_point *library) {
    return mbedtls_internal_ecp_normalize_jac_many(group, &library, 1);
}

int mbedtls_internal_ecp_normalize_jac_many(const mbedtls_ecp_group *group, mbedtls_ecp_point *points[], size_t count) {
    /* One inversion for all: products of the first k Z, then backwards. */
    enum { limit = 64 };
    field products[limit], rest, z, inverted;
    (void)group;
    if (count == 0 || count > limit) return MBEDTLS_ERR_ECP_BAD_INPUT_DATA;
    from_z(&products[0], &points[0]->Z);
    for (size_t place = 1; place < count; place++) {
        from_z(&z, &points[place]->Z);
        multiply(&products[place], &products[place - 1], &z);
    }
    if (is_zero(&products[count - 1])) return MBEDTLS_ERR_ECP_BAD_INPUT_DATA;
    invert(&rest, &products[count - 1]);
    int result = 0;
    for (size_t place = count; place-- > 0 && result == 0;) {
        from_z(&z, &points[place]->Z);
        inverted = rest;
        if (place > 0) multiply(&inverted, &rest, &products[place - 1]);
        multiply(&rest, &rest, &z);
        result = normalise(points[place], &inverted);
    }
    mbedtls_platform_zeroize(products, sizeof products);
    return result;
}

int mbedtls_internal_ecp_randomize_jac(
    const mbedtls_ecp_group *group, mbedtls_ecp_point *library, int (*draw)(void *, unsigned char *, size_t),
    void *context) {
    (void)group;
    field factor, inside;
    for (int tries = 0;; tries++) {
        if (tries > 30) return MBEDTLS_ERR_ECP_RANDOM_FAILED;
        int result = draw(context, (unsigned char *)factor.limb, sizeof factor.limb);
        if (result != 0) return result;
        reduce(&inside, factor.limb, 0);
        /* Not zero, and below p, so that every factor is equally likely. */
        if (!is_zero(&factor) && memcmp(inside.limb, factor.limb, sizeof inside.limb) == 0) break;
    }
    point p;
    from_point(&p, library);
    scale(&p, &factor);
    multiply(&p.z, &p.z, &factor);
    int result = to_point(library, &p);
    mbedtls_platform_zeroize(&factor, sizeof factor);
    return result;
}

#endif
