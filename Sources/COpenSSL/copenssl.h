/* Part of Tillbridge. See LICENSE. */
#ifndef COPENSSL_H
#define COPENSSL_H

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#endif
