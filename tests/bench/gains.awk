# SPDX-License-Identifier: GPL-2.0-only
#
# Prints without.tsv as a table of Markdown. The patches, which follow it, say what each
# mechanism is and how many lines it has. Needs median.awk.

BEGIN { FS = "\t" }

/^#/ { next }

FILENAME ~ /patch$/ {
	if (FNR == 1) {
		name = FILENAME
		sub(/.*\//, "", name)
		sub(/\.patch$/, "", name)
		order[++mechanisms] = name
		title[name] = $0
	}
	# Not blank lines, comments, and the names of the files
	if (/^[-+]/ && !/^(---|\+\+\+|.[ \t]*(\/\*|\* |\*\/|\*?$))/)
		lines[name] += /^-/ ? 1 : -1
	next
}

{
	n = ++rows[$1]
	what[$1, n] = $3 " " $2
	gain[$1, n] = $4 - 100
	clock[$1, n] = $5 - 100
	real[$1, n] = sprintf("%.0f ± %.0f", $5 - 100, $5 * $6 / 200)
}

# rank(NAME) - sort best[] by the gain of the rows of this mechanism
function rank(name,    i, j)
{
	for (i = 1; i <= rows[name]; i++) {
		for (j = i; j > 1 && gain[name, best[j - 1]] < gain[name, i]; j--)
			best[j] = best[j - 1]
		best[j] = i
	}
}

END {
	print "\n## Without a mechanism of the core\n"
	print "How many percent more a call takes without it: instructions, and in brackets real time.\n"
	print "| mechanism | lines | rows that lose most | least | median of all rows, in real time |"
	print "|---|---:|---|---|---:|"
	for (m = 1; m <= mechanisms; m++) {
		name = order[m]
		rank(name)
		printf "| %s | %d |", title[name], lines[name]
		for (i = 1; i <= 4; i++)
			printf "%s %s %.1f (%s)", (i > 1 ? "," : ""), what[name, best[i]], \
				gain[name, best[i]], real[name, best[i]]
		for (i = 1; i <= rows[name]; i++)
			all[i] = clock[name, i]
		median = middle(all, rows[name]) + 0
		i = best[rows[name]]
		printf " | %s %.1f (%s) | %.1f |\n", what[name, i], gain[name, i], \
			real[name, i], median
	}
}
