// SPDX-License-Identifier: GPL-2.0-only
/* The one copy of what trace.h declares */

#define CREATE_TRACE_POINTS
#include "trace.h"
