/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MANY_H
#define MANY_H

#include <stdint.h>

/* Run concurrent processes on the devices of mod for so many seconds. */
void many_run(uint64_t seed, unsigned int processes, unsigned int seconds);

#endif
