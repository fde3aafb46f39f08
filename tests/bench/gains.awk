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
	clock[$1, n] = $5
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

# row(NAME, I) - print the row I of the rows by gain
function row(name, i)
{
	i = best[i]
	return sprintf("%s %.1f (%s)", what[name, i], gain[name, i], real[name, i])
}

END {
	# Other contents of the VM's memory change rows by as much.
	floor = 1.5
	print "\n## Without a mechanism of the core\n"
	print "How many percent more a call takes without it: instructions, and in brackets real time with half the interquartile range. Rows below " floor " are left out. Lines are the lines of code, without comments, that are removed.\n"
	print "| mechanism | lines | rows that lose most | row that gains | median of all rows, in real time |"
	print "|---|---:|---|---|---:|"
	for (m = 1; m <= mechanisms; m++) {
		name = order[m]
		if (!rows[name]) {
			print "gains.awk: without.tsv has no row of " name >"/dev/stderr"
			exit 1
		}
		rank(name)
		printf "| %s | %d | ", title[name], lines[name]
		for (i = 1; i <= 4 && gain[name, best[i]] >= floor; i++)
			printf "%s%s", (i > 1 ? ", " : ""), row(name, i)
		printf " | %s |", gain[name, best[rows[name]]] <= -floor ? row(name, rows[name]) : ""
		for (i = 1; i <= rows[name]; i++)
			all[i] = clock[name, i]
		printf " %.1f |\n", middle(all, rows[name]) - 100
	}
}
