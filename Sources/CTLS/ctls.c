/* Part of Tillbridge. See LICENSE. */
#include "ctls.h"
