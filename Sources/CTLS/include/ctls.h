/* Part of Tillbridge. See LICENSE. */
typedef int ctls_placeholder;
