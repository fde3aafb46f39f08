# SPDX-License-Identifier: GPL-2.0-only
#
# Prints how much of each file of the core and the backends was run, as a table in comments
# of TAP, from gcov's output for each object of each module. A line counts once for all
# modules. With -v list=FILE, writes the lines that were never run to FILE: file, function
# and line, separated by tabs.

# A new object starts
/:Source:/ {
	file = $0
	sub(/.*:Source:/, "", file)
	sub(/.*\.\.\//, "", file)
	ours = file ~ /^(common|scull[a-z])\/[a-z_]*\.[ch]$/
	name = ""
	next
}

/:Graph:/ {
	object = $0
	sub(/.*\//, "", object)
	delete seen
	next
}

!ours {
	next
}

/^branch/ {
	nr = ++seen[file, line]
	key = object SUBSEP file SUBSEP line SUBSEP nr
	branches[key] = file
	if ($0 ~ /taken [1-9]/)
		taken[key] = 1
	next
}

/^ *[^ :]+: *[0-9]+:/ {
	split($0, part, ":")
	count = part[1]
	line = part[2] + 0
	text = $0
	sub(/^[^:]*:[^:]*:/, "", text)
	# The start of a function, in the kernel's style
	if (text ~ /^[a-z].*\(/ && text !~ /;$/) {
		name = text
		sub(/\(.*/, "", name)
		sub(/.*[ *]/, "", name)
	}
	if (count ~ /-$/)
		next
	gsub(/^[ \t]+|[ \t]+$/, "", text)
	lines[file, line] = file
	texts[file, line] = file "\t" name "\t" text
	if (count !~ /[#=]/)
		run[file, line] = 1
}

function percent(part, whole)
{
	return whole ? 100 * part / whole : 100
}

function row(name, all, some, branches, taken)
{
	printf "# %-20s %5d %5d %6.1f %% %7d %5d %6.1f %%\n", name, all, some,
		percent(some, all), branches, taken, percent(taken, branches)
}

END {
	for (key in lines) {
		all[lines[key]]++
		if (key in run)
			some[lines[key]]++
		else
			print texts[key] | ("sort >" list)
	}
	for (key in branches) {
		ways[branches[key]]++
		went[branches[key]] += key in taken
	}
	printf "# %-20s %5s %5s %8s %7s %5s %8s\n", "", "lines", "run", "", "branches", "taken", ""
	n = 0
	for (file in all)
		names[++n] = file
	for (i = 1; i < n; i++)
		for (j = i + 1; j <= n; j++)
			if (names[j] < names[i]) {
				swap = names[i]
				names[i] = names[j]
				names[j] = swap
			}
	for (i = 1; i <= n; i++) {
		file = names[i]
		row(file, all[file], some[file], ways[file], went[file])
		sum_all += all[file]
		sum_some += some[file]
		sum_ways += ways[file]
		sum_went += went[file]
	}
	row("all of them", sum_all, sum_some, sum_ways, sum_went)
	print "percent " percent(sum_some, sum_all)
}
