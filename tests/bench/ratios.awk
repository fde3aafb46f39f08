# SPDX-License-Identifier: GPL-2.0-only
#
# Prints the speed of the modules as ratios to tmpfs, from targets.tsv and the results.
# With before=FILE, an earlier table of results, prints TAP: a ratio fails if it has become
# more than 5 % worse.  Otherwise prints a table, in which ✗ marks a missed target; with
# only=WORKLOADS or named=MODULES, only these.

BEGIN {
	FS = "\t"
	modules = split(named ? named : "scullc scullp scullv", module, " ")
	workloads = split(only, workload, " ")
}

/^#/ { next }

FILENAME ~ /targets.tsv$/ {
	if (!only)
		workload[++workloads] = $1
	target[$1, "scullc"] = $2
	target[$1, "scullp"] = $3
	target[$1, "scullv"] = $4
	next
}

# Time per call. The workloads of "targets" are also part of "throughput".
$1 == "targets" || $1 == "throughput" {
	if (FILENAME == before && !(($4, $2) in old))
		old[$4, $2] = $6 / $5
	else if (FILENAME != before && !(($4, $2) in new)) {
		new[$4, $2] = $6 / $5
		calls[$4] = $5
	}
}

# ratio - 0 if the module or tmpfs was not measured
function ratio(ns, w, m)
{
	if (!((w, m) in ns && (w, "tmpfs") in ns))
		return 0
	return ns[w, "tmpfs"] / ns[w, m]
}

# applies - a module without this operation has no target and no result.
function applies(w, m)
{
	return (w, m) in new || target[w, m] > 0
}

function tap(    w, m, n, is, was)
{
	for (w = 1; w <= workloads; w++)
		for (m = 1; m <= modules; m++) {
			if (!applies(workload[w], module[m]))
				continue
			n++
			is = ratio(new, workload[w], module[m])
			was = ratio(old, workload[w], module[m])
			printf "%s - %s %s: %.3f times tmpfs, %s\n", \
				(is && was && is >= 0.95 * was ? "ok" : "not ok"), \
				module[m], workload[w], is, \
				was ? sprintf("was %.3f", was) : "which docs/bench lacks"
		}
	print "1.." n
}

# speed - MB/s for workloads that move the whole file, else the time per call or page
function speed(w, m)
{
	if (!((w, m) in new))
		return ""
	if (w ~ /^(read|overwrite|fresh|rand.*):.*[KM]$/)
		return sprintf("%d MB/s", 2 ^ 25 / (new[w, m] * calls[w]) * 1000)
	return sprintf("%d", new[w, m] + 0.5)
}

function table(    w, m, is, goal)
{
	printf "| %-12s | tmpfs     |", "workload"
	for (m = 1; m <= modules; m++)
		printf " %s    | ratio  | target |", module[m]
	printf "\n|---|"
	for (m = 0; m <= modules; m++)
		printf m ? "---:|---:|---:|" : "---:|"
	print ""
	for (w = 1; w <= workloads; w++) {
		printf "| %-12s | %9s |", workload[w], speed(workload[w], "tmpfs")
		for (m = 1; m <= modules; m++) {
			is = ratio(new, workload[w], module[m])
			goal = target[workload[w], module[m]]
			printf " %9s | %-6s |", speed(workload[w], module[m]), \
				is ? sprintf("%.3f", is) : ""
			if (goal > 0)
				printf " %.2f%-2s |", goal, (is < goal ? " ✗" : "")
			else
				printf "        |"
		}
		print ""
	}
}

END {
	if (before) {
		tap()
		exit
	}
	table()
}
