# SPDX-License-Identifier: GPL-2.0-only
#
# The commands of a page of documentation, one a line: of all blocks that begin with
# "```sh NAME".  Without a name: what is wrong with how its blocks begin.
#
# A block without a word, or with "exact", is what one sees at the prompt in the VM, and
# tests/clients/watch types it again; so are "oops" and "checking", which tests/programs/docs
# has typed in VMs of their own.  "text" has no commands.  Of the others the name
# says where they are run: "host" by tests/programs/pages.t, "demo" by tests/programs/docs, or where
# in tests/packages/guest.  What is not run at all is "not run: WHY".

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

# Markdown has another way to write blocks, which cannot say anything about itself.
/^    / && !inside && before == "" {
	wrong("a block without a word on where it is run")
}

{
	before = $0
}

# A comment may stand behind a command, which may go on in the next line.
mine && inside {
	sub(/^ */, "")
	if (sub(/\\$/, "")) {
		line = line $0
		next
	}
	print line $0
	line = ""
}
