# SPDX-License-Identifier: GPL-2.0-only
#
# Prints the rounds of scripts/bench --time as medians, and as ratios.  Needs median.awk.

BEGIN { FS = "\t" }

{
	key = $1 FS $2 FS $3
	if (!(key in rounds)) {
		order[++keys] = key
		calls[key] = $4
		workload[key] = $3
	}
	ns[key, ++rounds[key]] = $5
}
END {
	for (k = 1; k <= keys; k++) {
		key = order[k]
		base = key
		at_once = sub(/ers:/, "er:", base) ? 2 : 1
		if (at_once == 1 && !sub(/beside:/, "part:", base))
			base = "tmpfs" FS "-" FS workload[key]
		for (r = 1; r <= rounds[key]; r++) {
			took[r] = ns[key, r]
			ratio[r] = at_once * ns[base, r] / ns[key, r]
		}
		printf "%s\t%d\t%s\t%s\n", key, calls[key], \
			middle(took, r - 1), middle(ratio, r - 1)
	}
}
