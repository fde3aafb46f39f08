# SPDX-License-Identifier: GPL-2.0-only
#
# Prints the results in docs/bench, instructions.tsv and time.tsv, as tables of Markdown.

BEGIN {
	FS = "\t"
	split("tmpfs brd scull scullc scullp scullv", target, " ")
	targets = 6
}

/^#/ { next }

FILENAME ~ /time/ {
	# These are in the table of other targets, or what a figure there relates to.
	if ($3 !~ /(read|copi)ers?:|^(part|beside):/ && !($3 in clock_seen))
		clock_order[++clocks] = $3
	clock_seen[$3] = 1
	clock_ratio[$3, $1] = $7
	clock_spread[$3, $1] = $8 / 2
	next
}

# The part "targets" comes first, and takes precedence.
$1 == "targets" || $1 == "throughput" {
	if (!(($4, $2) in exact))
		exact[$4, $2] = $6 / $5
}

$1 == "throughput" {
	if (!($4 in seen))
		order[++workloads] = $4
	seen[$4] = 1
	quantum[$2] = $3
	calls[$4, $2] = $5
	ns[$4, $2] = $6
}

$1 == "sizes" {
	split($4, part, ":")
	if (part[1] == "memory" && $3 == 4000)
		# A quantum of 4000 takes a page, or an eighth of a slab of eight.
		beyond[$2] = ($6 / ($5 / 4000 * 4096) - 1) * 100
}

$1 == "growth" {
	split($4, part, ":")
	grown[$2, part[3]] = $6 / $5
}

$1 == "single" { single[$4] = $6 }
$1 == "small" { small = $6 }
$1 == "waits" { wait[$4, $2] = $6 }

# call_bytes WORKLOAD - the bytes of a call, such as 65536 for read:64K
function call_bytes(w,    bytes)
{
	if (!index(w, ":"))
		return 0
	bytes = substr(w, index(w, ":") + 1)
	return bytes * (bytes ~ /M/ ? 2 ^ 20 : bytes ~ /K/ ? 1024 : 1)
}

function head(first,    t, rule)
{
	printf "| %s |", first
	rule = "|---|"
	for (t = 1; t <= targets; t++) {
		printf " %s |", target[t]
		rule = rule "---:|"
	}
	print "\n" rule
}

function throughput(    w, t, key, bytes)
{
	print "In MB/s; a random call, an open with its close, and a trim of 32 MiB in instructions.\n"
	head("workload")
	printf "| bytes in a quantum |"
	for (t = 1; t <= targets; t++)
		printf " %s |", quantum[target[t]] == "-" ? "" : quantum[target[t]]
	print ""
	for (w = 1; w <= workloads; w++) {
		bytes = call_bytes(order[w])
		printf "| %s |", order[w]
		for (t = 1; t <= targets; t++) {
			key = order[w] SUBSEP target[t]
			if (!(key in ns))
				printf " |"
			else if (bytes && order[w] !~ /^rand/)
				printf " %d |", bytes * calls[key] / ns[key] * 1000
			else
				printf " %d |", ns[key] / calls[key]
		}
		print ""
	}
}

function by_clock(key)
{
	return sprintf("%.2f ± %d %%", clock_ratio[key], clock_spread[key] + 0.5)
}

function by_the_clock(    w, t, key)
{
	head("ratio to tmpfs")
	for (w = 1; w <= clocks; w++) {
		printf "| %s |", clock_order[w]
		for (t = 1; t <= targets; t++) {
			key = clock_order[w] SUBSEP target[t]
			if (key in clock_ratio)
				printf " %s (%.2f) |", by_clock(key), \
					exact[clock_order[w], "tmpfs"] / exact[key]
			else
				printf " |"
		}
		print ""
	}
}

# row WHAT WANTED MEASURED MET - print a row of the table of other targets
function row(what, wanted, measured, met)
{
	printf "| %s | %s%s | %s |\n", what, wanted, met ? "" : " ✗", measured
}

function also(    t, m, is)
{
	print "| what | target | measured |\n|---|---|---|"
	is = single["copy:1M"] / single["read:1M"] * 100
	row("scullv: speed of reading a quantum of 1 MiB, relative to a copy of that size", "95 %", \
		sprintf("%.1f %%", is), is >= 95)
	for (t = 4; t <= targets; t++) {
		m = target[t]
		is = grown[m, 1024] / grown[m, 1]
		row(m ": a random read of 4 KiB on 1 GiB, relative to 1 MiB", "1.10", \
			sprintf("%.3f", is), is <= 1.1)
	}
	row("scullc: memory for 2,070 bytes in quanta of 10, qset 4", "12 KiB", \
		sprintf("%.1f KiB", small / 1024), small < 12 * 1024)
	for (t = 4; t <= targets; t++) {
		m = target[t]
		row(m ": memory in addition to the backing pages, quantum 4000, qset 1000", "1 %", \
			sprintf("%.2f %%", beyond[m]), beyond[m] < 1)
	}
	for (t = 4; t <= targets; t++) {
		m = target[t]
		row(m ": longest delay of a reader of another device while 1 GiB is trimmed (without a trim; while 1 GiB of tmpfs is truncated)", \
			"a few ms", sprintf("%.2f ms (%.2f ms; %.2f ms)", wait["wait", m] / 1e6, \
			wait["idle", m] / 1e6, wait["wait", "tmpfs"] / 1e6), wait["wait", m] < 4e6)
	}
	for (t = 4; t <= targets && clocks; t++) {
		m = target[t]
		is = clock_ratio["readers:16M", m]
		row(m ": throughput of two readers, relative to one, in real time (of two processes that only copy memory)", \
			"1.8", sprintf("%s (%s)", by_clock("readers:16M" SUBSEP m), \
			by_clock("copiers:16M" SUBSEP m)), is >= 1.8)
	}
	for (t = 4; t <= targets && clocks; t++) {
		m = target[t]
		is = clock_ratio["beside:16M", m]
		row(m ": throughput of a reader beside a writer of another part of the device, relative to the reader alone, in real time (on tmpfs)", \
			"0.9", sprintf("%s (%s)", by_clock("beside:16M" SUBSEP m), \
			by_clock("beside:16M" SUBSEP "tmpfs")), is >= 0.9)
	}
}

END {
	print "\n## Throughput on the instruction clock\n"
	throughput()
	print "\n## Other targets\n"
	also()
	if (clocks) {
		print "\n## In real time, with the ratio on the instruction clock in brackets\n"
		by_the_clock()
	}
}
