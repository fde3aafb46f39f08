# SPDX-License-Identifier: GPL-2.0-only
#
# Compares each variant with "all", the modules as they are. The first file has one round on
# the instruction clock, the second one rounds in real time.

BEGIN { FS = OFS = "\t" }

FNR == 1 { real = FILENAME != ARGV[1] }

{
	row = $2 OFS $4
	if (!real) {
		if ($1 == "all")
			rows[++n] = row
		else if (!($1 in seen))
			order[++variants] = $1
		seen[$1]
		exact[$1, row] = $6
	} else {
		round[$1, row]++
		ns[$1, row, round[$1, row]] = $6
	}
}

END {
	for (v = 1; v <= variants; v++)
		for (r = 1; r <= n; r++) {
			for (i = 1; i <= round[order[v], rows[r]]; i++)
				ratio[i] = ns[order[v], rows[r], i] / ns["all", rows[r], i] * 100
			printf "%s\t%s\t%.1f\t%s\n", order[v], rows[r], \
				exact[order[v], rows[r]] / exact["all", rows[r]] * 100, \
				middle(ratio, i - 1)
		}
}
