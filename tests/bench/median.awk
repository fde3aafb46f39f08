# SPDX-License-Identifier: GPL-2.0-only
#
# For the programs that print figures in real time

# sort(A, N) - sort A[1] to A[N]
function sort(a, n,    i, j, x)
{
	for (i = 2; i <= n; i++) {
		x = a[i]
		for (j = i; j > 1 && a[j - 1] > x; j--)
			a[j] = a[j - 1]
		a[j] = x
	}
}

# middle(A, N) - the median of A[1] to A[N], and the interquartile range in percent of it
function middle(a, n,    half)
{
	sort(a, n)
	half = a[int((n + 1) / 2)]
	return sprintf("%.4g\t%.1f", half, \
		(a[int((3 * n + 3) / 4)] - a[int((n + 3) / 4)]) / half * 100)
}
