# SPDX-License-Identifier: GPL-2.0-only
#
# Merges several streams of TAP into one.  Each stream follows a line "== NAME".  Results
# are renumbered.  For each stream two results are added: that it is there, and that it ran
# as many tests as it planned.
#
# Variables: run, the first word of each description; parts, the names of the streams that
# must be there.

function result(ok, text)
{
	print ok " " ++n " - " run ": " text
}

function part_ends()
{
	if (part != "")
		result(plan != "" && plan == got ? "ok" : "not ok",
			part ": ran " got " of the " (plan == "" ? "?" : plan) " tests it planned")
	plan = ""
	got = 0
}

/^== / {
	part_ends()
	part = substr($0, 4)
	seen[part] = 1
	next
}

/^1\.\.[0-9]+/ {
	plan = substr($1, 4) + 0
	next
}

/^(not )?ok / {
	got++
	ok = /^ok/ ? "ok" : "not ok"
	sub(/^(not )?ok *[0-9]* *-? */, "")
	result(ok, part ": " $0)
	next
}

{
	sub(/^#? ?/, "# ")
	print
}

END {
	part_ends()
	split(parts, names, " ")
	for (i = 1; i in names; i++)
		if (!(names[i] in seen))
			result("not ok", names[i] ": was run at all")
	print "1.." n
}
