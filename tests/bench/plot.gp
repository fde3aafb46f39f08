# SPDX-License-Identifier: GPL-2.0-only
# Makes the pictures of docs/bench, the current directory, from its tables. scripts/bench
# runs this.

set terminal svg size 760,440 font "sans-serif,13" background "white" noenhanced
set datafile separator "\t"
set grid back linecolor "#dddddd"
set border 3 linecolor "#666666"
set tics nomirror
set key left top reverse Left samplen 2

targets = "scull scullc scullp scullv tmpfs"
names = "'kmalloc (scull)' 'kmem_cache (scullc)' 'pages (scullp)' 'vmalloc (scullv)' tmpfs"
set linetype 1 linecolor "#888888" linewidth 2 pointtype 4 pointsize 0.5
set linetype 2 linecolor "#0072b2" linewidth 2 pointtype 7 pointsize 0.5
set linetype 3 linecolor "#d55e00" linewidth 2 pointtype 9 pointsize 0.6
set linetype 4 linecolor "#009e73" linewidth 2 pointtype 5 pointsize 0.5
set linetype 5 linecolor "#000000" linewidth 1 pointtype 6 pointsize 0.5

# of(i, table) - the rows of target i
of(i, table) = sprintf("< grep '^%s	' %s.tsv", word(targets, i), table)

set logscale x 2
set xlabel "quantum"
set xtics ("16 B" 16, "64 B" 64, "256 B" 256, "1 KiB" 2**10, "4 KiB" 2**12, \
	"16 KiB" 2**14, "64 KiB" 2**16, "256 KiB" 2**18, "1 MiB" 2**20, "4 MiB" 2**22)

set output "throughput.svg"
set title "Reading 1 MiB at a time"
set ylabel "MB/s at one instruction a nanosecond"
tmpfs = 2**20 / 1000. * system("awk '$1 $2 $4 == \"throughputtmpfsread:1M\" { print $5 * 1e6 / $6 }' instructions.tsv")
plot for [i=1:4] of(i, "quanta") using 2:3 with linespoints linetype i title word(names, i), \
	tmpfs with lines linetype 5 title "tmpfs"

set output "allocation.svg"
set title "Allocating and freeing a quantum; dotted: with the zeroing of init_on_alloc"
set logscale y
set format y "%.0f"
set ylabel "instructions"
plot for [i=1:4] of(i, "quanta") using 2:($6+$5) with linespoints linetype i title word(names, i), \
	for [i=1:4] of(i, "quanta") using 2:($4+$5) with lines linetype i dashtype 3 linewidth 1 notitle

set output "memory.svg"
set title "Kernel memory spent on a byte stored"
unset logscale y
set format y
set key right top
set ylabel "bytes"
set yrange [1:4]
set label "to 256 at 16 B" at 900,3.7 right textcolor "#666666"
plot for [i=1:4] of(i, "quanta") using 2:7 with linespoints linetype i title word(names, i)

set output "growth.svg"
set title "A random read of 4 KiB"
unset label
set yrange [0:*]
set key right bottom
set xlabel "size of the device"
set ylabel "instructions"
set xtics ("1 MiB" 1, "4 MiB" 4, "16 MiB" 16, "64 MiB" 64, "256 MiB" 256, "1 GiB" 1024)
plot for [i=1:5] of(i, "growth") using 2:3 with linespoints linetype i title word(names, i)
