/* Part of Tillbridge. See LICENSE. */
#include "cplatform.h"
