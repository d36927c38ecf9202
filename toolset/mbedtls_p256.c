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

/* value - p where value >= p, counting `high` as a fifth limb. */
static field reduced(const uint64_t value[4], uint64_t high) {
    field less;
    uint64_t borrow = 0;
    for (int place = 0; place < 4; place++) {
        wide difference = (wide)value[place] - prime.limb[place] - borrow;
        less.limb[place] = (uint64_t)difference;
        borrow = (uint64_t)(difference >> 64) & 1;
    }
    uint64_t keep = 0 - (uint64_t)(((wide)high - borrow) >> 64 & 1);
    for (int place = 0; place < 4; place++) less.limb[place] = (value[place] & keep) | (less.limb[place] & ~keep);
    return less;
}

static field add(const field *a, const field *b) {
    uint64_t sum[4], carry = 0;
    for (int place = 0; place < 4; place++) {
        wide total = (wide)a->limb[place] + b->limb[place] + carry;
        sum[place] = (uint64_t)total;
        carry = (uint64_t)(total >> 64);
    }
    return reduced(sum, carry);
}

static field subtract(const field *a, const field *b) {
    field result;
    uint64_t borrow = 0, carry = 0;
    for (int place = 0; place < 4; place++) {
        wide difference = (wide)a->limb[place] - b->limb[place] - borrow;
        result.limb[place] = (uint64_t)difference;
        borrow = (uint64_t)(difference >> 64) & 1;
    }
    for (int place = 0; place < 4; place++) {
        wide total = (wide)result.limb[place] + (prime.limb[place] & (0 - borrow)) + carry;
        result.limb[place] = (uint64_t)total;
        carry = (uint64_t)(total >> 64);
    }
    return result;
}

/* a * b / 2^256 mod p. The lowest limb of p is -1 mod 2^64, so the multiplier of each reduction step is the limb.
   Never inlined: its calls cost little, and its copies would cost 10 KB. */
__attribute__((noinline)) static field multiply(const field *a, const field *b) {
    uint64_t t0 = 0, t1 = 0, t2 = 0, t3 = 0, t4 = 0;
#pragma GCC unroll 4
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
    return reduced(value, t4);
}

static field square(const field *a) { return multiply(a, a); }

static field squared_times(field a, int count) {
    while (count-- > 0) a = square(&a);
    return a;
}

static field twice(const field *a) { return add(a, a); }

static int is_zero(const field *a) { return (a->limb[0] | a->limb[1] | a->limb[2] | a->limb[3]) == 0; }

/* 1/a as a^(p-2): p - 2 = 2^256 - 2^224 + 2^192 + 2^96 - 3. */
static field inverse(const field *a) {
    field x2 = square(a);
    x2 = multiply(&x2, a);
    field x4 = squared_times(x2, 2);
    x4 = multiply(&x4, &x2);
    field x8 = squared_times(x4, 4);
    x8 = multiply(&x8, &x4);
    field x16 = squared_times(x8, 8);
    x16 = multiply(&x16, &x8);
    field x32 = squared_times(x16, 16);
    x32 = multiply(&x32, &x16);
    field result = squared_times(x32, 32);
    result = multiply(&result, a);
    result = squared_times(result, 128);
    result = multiply(&result, &x32);
    result = squared_times(result, 32);
    result = multiply(&result, &x32);
    result = squared_times(result, 16);
    result = multiply(&result, &x16);
    result = squared_times(result, 8);
    result = multiply(&result, &x8);
    result = squared_times(result, 4);
    result = multiply(&result, &x4);
    result = squared_times(result, 2);
    result = multiply(&result, &x2);
    result = squared_times(result, 2);
    return multiply(&result, a);
}

/* ---- To and from the library's numbers ---- */

static field from_number(const mbedtls_mpi *number) {
    field plain = {{0, 0, 0, 0}};
    for (size_t place = 0; place < 4 && place < number->n; place++) plain.limb[place] = number->p[place];
    return multiply(&plain, &square_of_r);
}

static int to_number(mbedtls_mpi *number, const field *value) {
    int result = mbedtls_mpi_grow(number, 4);
    if (result != 0) return result;
    field plain = multiply(value, &plain_one);
    number->s = 1;
    memcpy(number->p, plain.limb, sizeof plain.limb);
    memset(number->p + 4, 0, (number->n - 4) * sizeof number->p[0]);
    return 0;
}

static field one(void) { return multiply(&plain_one, &square_of_r); }

/* A Z that was never set stands for 1. */
static field from_z(const mbedtls_mpi *number) { return number->p == NULL ? one() : from_number(number); }

static int to_point(mbedtls_ecp_point *point, const field *x, const field *y, const field *z) {
    int result = to_number(&point->X, x);
    if (result == 0) result = to_number(&point->Y, y);
    if (result == 0) result = to_number(&point->Z, z);
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
    const mbedtls_ecp_group *group, mbedtls_ecp_point *result, const mbedtls_ecp_point *point) {
    (void)group;
    field x = from_number(&point->X), y = from_number(&point->Y), z = from_z(&point->Z);
    field delta = square(&z), gamma = square(&y), beta = multiply(&x, &gamma);
    field minus = subtract(&x, &delta), plus = add(&x, &delta), product = multiply(&minus, &plus);
    field alpha = twice(&product);
    alpha = add(&alpha, &product);
    field beta2 = twice(&beta), beta4 = twice(&beta2), beta8 = twice(&beta4);
    field x3 = square(&alpha);
    x3 = subtract(&x3, &beta8);
    field z3 = multiply(&y, &z);
    z3 = twice(&z3);
    field gamma2 = square(&gamma);
    gamma2 = twice(&gamma2);
    gamma2 = twice(&gamma2);
    gamma2 = twice(&gamma2);
    field y3 = subtract(&beta4, &x3);
    y3 = multiply(&alpha, &y3);
    y3 = subtract(&y3, &gamma2);
    return to_point(result, &x3, &y3, &z3);
}

int mbedtls_internal_ecp_add_mixed(
    const mbedtls_ecp_group *group, mbedtls_ecp_point *result, const mbedtls_ecp_point *left,
    const mbedtls_ecp_point *right) {
    field zero = {{0, 0, 0, 0}};
    field z1 = from_z(&left->Z);
    if (is_zero(&z1)) return mbedtls_ecp_copy(result, right);
    if (right->Z.p != NULL) {
        field z2 = from_number(&right->Z), unit = one();
        if (is_zero(&z2)) return mbedtls_ecp_copy(result, left);
        field difference = subtract(&z2, &unit);
        if (!is_zero(&difference)) return MBEDTLS_ERR_ECP_BAD_INPUT_DATA;
    }
    field x1 = from_number(&left->X), y1 = from_number(&left->Y);
    field x2 = from_number(&right->X), y2 = from_number(&right->Y);
    field t1 = square(&z1), t2 = multiply(&t1, &z1);
    t1 = multiply(&t1, &x2);
    t2 = multiply(&t2, &y2);
    t1 = subtract(&t1, &x1);
    t2 = subtract(&t2, &y1);
    if (is_zero(&t1)) {
        if (is_zero(&t2)) return mbedtls_internal_ecp_double_jac(group, result, left);
        field unit = one();
        return to_point(result, &unit, &unit, &zero);
    }
    field z3 = multiply(&z1, &t1);
    field t3 = square(&t1), t4 = multiply(&t3, &t1);
    t3 = multiply(&t3, &x1);
    field x3 = square(&t2), doubled = twice(&t3);
    x3 = subtract(&x3, &doubled);
    x3 = subtract(&x3, &t4);
    t3 = subtract(&t3, &x3);
    t3 = multiply(&t3, &t2);
    t4 = multiply(&t4, &y1);
    field y3 = subtract(&t3, &t4);
    return to_point(result, &x3, &y3, &z3);
}

/* Divides by Z, whose inverse is given. */
static int normalise(mbedtls_ecp_point *point, const field *inverse_z) {
    field squared = square(inverse_z), cubed = multiply(&squared, inverse_z), unit = one();
    field x = from_number(&point->X), y = from_number(&point->Y);
    x = multiply(&x, &squared);
    y = multiply(&y, &cubed);
    return to_point(point, &x, &y, &unit);
}

int mbedtls_internal_ecp_normalize_jac(const mbedtls_ecp_group *group, mbedtls_ecp_point *point) {
    (void)group;
    field z = from_z(&point->Z), inverted = inverse(&z);
    return normalise(point, &inverted);
}

int mbedtls_internal_ecp_normalize_jac_many(const mbedtls_ecp_group *group, mbedtls_ecp_point *points[], size_t count) {
    /* One inversion for all: products of the first k Z, then backwards. */
    enum { limit = 128 };
    field products[limit];
    (void)group;
    if (count == 0 || count > limit) return MBEDTLS_ERR_ECP_BAD_INPUT_DATA;
    products[0] = from_z(&points[0]->Z);
    for (size_t place = 1; place < count; place++) {
        field z = from_z(&points[place]->Z);
        products[place] = multiply(&products[place - 1], &z);
    }
    if (is_zero(&products[count - 1])) return MBEDTLS_ERR_ECP_BAD_INPUT_DATA;
    field rest = inverse(&products[count - 1]);
    int result = 0;
    for (size_t place = count; place-- > 0 && result == 0;) {
        field z = from_z(&points[place]->Z);
        field inverted = place > 0 ? multiply(&rest, &products[place - 1]) : rest;
        rest = multiply(&rest, &z);
        result = normalise(points[place], &inverted);
    }
    mbedtls_platform_zeroize(products, sizeof products);
    return result;
}

int mbedtls_internal_ecp_randomize_jac(
    const mbedtls_ecp_group *group, mbedtls_ecp_point *point, int (*draw)(void *, unsigned char *, size_t),
    void *context) {
    (void)group;
    field factor;
    for (int tries = 0;; tries++) {
        if (tries > 30) return MBEDTLS_ERR_ECP_RANDOM_FAILED;
        int result = draw(context, (unsigned char *)factor.limb, sizeof factor.limb);
        if (result != 0) return result;
        field inside = reduced(factor.limb, 0);
        /* Not zero, and below p, so that every factor is equally likely. */
        if (!is_zero(&factor) && memcmp(inside.limb, factor.limb, sizeof inside.limb) == 0) break;
    }
    field x = from_number(&point->X), y = from_number(&point->Y), z = from_z(&point->Z);
    field squared = square(&factor), cubed = multiply(&squared, &factor);
    z = multiply(&z, &factor);
    x = multiply(&x, &squared);
    y = multiply(&y, &cubed);
    int result = to_point(point, &x, &y, &z);
    mbedtls_platform_zeroize(&factor, sizeof factor);
    return result;
}

#endif
