/* Part of Tillbridge. See LICENSE. */
typedef int cplatform_placeholder;
