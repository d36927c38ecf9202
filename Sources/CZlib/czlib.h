/* Part of Tillbridge. See LICENSE. */
#ifndef CZLIB_H
#define CZLIB_H

#include <zlib.h>

/* A macro that Swift cannot import. */
static inline int czlib_inflate_init(z_stream *stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}

#endif
