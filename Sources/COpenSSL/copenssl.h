/* Part of Tillbridge. See LICENSE. */
#ifndef COPENSSL_H
#define COPENSSL_H

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

/* RFC 2253, most specific name first, with UTF-8 as it is. Its flags are macros that Swift cannot import. */
static inline int copenssl_print_issuer(BIO *output, const X509 *certificate) {
    return X509_NAME_print_ex(output, X509_get_issuer_name(certificate), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
}

#endif
