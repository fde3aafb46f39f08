# SPDX-License-Identifier: GPL-2.0-only
#
# The speed of the modules as ratios to tmpfs, from targets.tsv and the results.
# With before=FILE, an earlier table of results, TAP: whether they are still as
# good, to 5 %.  Otherwise a table, in which ✗ marks a target that was missed.

BEGIN {
	FS = "\t"
	modules = split("scullc scullp scullv", module, " ")
}

/^#/ { next }

FILENAME ~ /targets.tsv$/ {
	workload[++workloads] = $1
	for (i = 1; i <= modules; i++)
		target[$1, module[i]] = $(i + 1)
	next
}

# The same workloads are also part of "throughput".
$1 == "targets" || $1 == "throughput" {
	if (FILENAME == before && !(($4, $2) in old))
		old[$4, $2] = $6
	else if (FILENAME != before && !(($4, $2) in new))
		new[$4, $2] = $6
}

function ratio(ns, w, m)
{
	return ns[w, "tmpfs"] / ns[w, m]
}

function tap(    w, m, is, was)
{
	print "1.." workloads * modules
	for (w = 1; w <= workloads; w++)
		for (m = 1; m <= modules; m++) {
			is = ratio(new, workload[w], module[m])
			was = ratio(old, workload[w], module[m])
			printf "%s - %s %s: %.3f times tmpfs, was %.3f\n", \
				(is >= 0.95 * was ? "ok" : "not ok"), module[m], \
				workload[w], is, was
		}
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
		printf "| %-12s | %4d MB/s |", workload[w], \
			2 ^ 25 / new[workload[w], "tmpfs"] * 1000
		for (m = 1; m <= modules; m++) {
			is = ratio(new, workload[w], module[m])
			goal = target[workload[w], module[m]]
			printf " %4d MB/s | %-6s | %.2f%-2s |", \
				2 ^ 25 / new[workload[w], module[m]] * 1000, \
				sprintf("%.3f", is), goal, (is >= goal ? "" : " ✗")
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
