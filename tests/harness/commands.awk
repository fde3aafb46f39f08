# SPDX-License-Identifier: GPL-2.0-only
#
# Prints the commands in the blocks "```sh NAME" of a page of documentation, one per line.
# Without a name, prints what is wrong with the first lines of all blocks.
#
# A block without a word, or with "exact", is a session at the VM's prompt, and
# tests/clients/watch types its commands again.  "oops" and "checking" are such sessions,
# too; tests/programs/docs runs each kind in a VM of its own.  "text" has no commands.  In
# other blocks the name says where they are run: "host" by tests/programs/pages.t, "demo" by
# tests/programs/docs, all others by tests/packages/guest.  "not run: WHY" is not run.

function wrong(why)
{
	if (name == "")
		print FILENAME ":" FNR ": " why
}

FNR == 1 {
	inside = 0
}

/^ *```/ && inside {
	inside = 0
	next
}

/^ *```/ {
	inside = 1
	start = $0
	sub(/^ *```/, "", start)
	mine = name != "" && start == "sh " name
	if (start !~ /^(|exact|oops|checking|text|sh [a-z-]+|sh not run: .+)$/)
		wrong("a block begins with '" start "'")
	next
}

# An indented block of Markdown cannot have a word.
/^    / && !inside && before == "" {
	wrong("a block without a word on where it is run")
}

{
	before = $0
}

# A backslash continues a command in the next line.
mine && inside {
	sub(/^ */, "")
	if (sub(/\\$/, "")) {
		line = line $0
		next
	}
	print line $0
	line = ""
}
