#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The pages of documentation, as TAP: does a test run each of their commands?  The commands
# for the host are run here, in a copy of the tree.

set -eu
# shellcheck source=tests/programs/lib.sh
. "$(dirname "$0")/lib.sh"
begin pages
# One of the commands needs bear, whose processes connect through localhost. The package
# netbase, which has /etc/protocols, configures that name.
need bear dot /etc/protocols
pages="README.md CONTRIBUTING.md SECURITY.md tests/README.md docs/course.md $(echo docs/course/*)
	docs/session.md docs/watch-a-write.md docs/playground.md docs/boot/README.md
	docs/bench/README.md docs/exercises.md docs/films.md docs/run.md docs/results.md
	docs/from-the-book.md docs/troubleshooting.md docs/support.md docs/traps.md"

# none COMMAND... - does the command print nothing?
none()
{
	"$@"
	[ ! -s "$log/said" ]
}

# shellcheck disable=SC2086 # a list of words
ok 'each block says where it is run' none awk -f tests/harness/commands.awk $pages

# shellcheck disable=SC2086
names=$(sed -n 's/^ *```sh \([a-z-]*\)$/\1/p' $pages | sort -u)
for name in $names; do
	[ "$name" = host ] ||
		ok "something types $name" grep -q -w -e "typed $name" -e "name=$name" \
			tests/packages/guest tests/programs/docs
done

# shellcheck disable=SC2086
shown=$(awk 'FNR == 1 { inside = 0 }
	/^```/ { inside = !inside }
	inside && /^```(exact|oops|checking)?$/ { print FILENAME; nextfile }' $pages)
for page in $shown; do
	ok "a VM types $page" grep -q "$page" tests/programs/docs tests/programs/clients
done

ok 'the diagrams have the words of their sources' tests/harness/diagrams --check

# cost COLUMN - print what chapter 3 measures for three quanta, as cells of the README's
# table
cost()
{
	awk -v column="$1" 'NF == 4 && /^(10|4000|20000): / { printf " %s |", $column }' \
		docs/course/3-allocators.md
}
column=2
for module in $(module_names); do
	ok "the README has what $module spends" grep -q "^| .$module. |.* |$(cost $column)\$" README.md
	column=$((column + 1))
done

# links PAGE - print its broken links: to a file or a heading that does not exist.
links()
{
	grep -o ']([^)]*)' "$1" | tr -d '()]' | grep -v '^https*:' | while IFS='#' read -r file part; do
		file=${file:+${1%/*}/$file}
		: "${file:=$1}"
		[ -e "$file" ] || { echo "$1: no $file"; continue; }
		[ -z "$part" ] || sed -n 's/^##* //p' "$file" | tr '[:upper:] ' '[:lower:]-' |
			tr -c -d 'a-z0-9_\n-' | grep -q -x -e "$part" || echo "$1: no #$part in $file"
	done
}
for page in $pages; do
	ok "the links of $page lead somewhere" none links "./$page"
done

ok 'the manual pages have commands only in displays' \
	none grep -n '^\.D[1l] ' man/*

# shellcheck disable=SC2016
map=$(sed -n '/^```text$/,/^```$/p' CONTRIBUTING.md |
	grep -o -E '(common|exercises|lessons|scripts|scull.|tests)/[a-z0-9_.]*')
# shellcheck disable=SC2086
ok 'all files that CONTRIBUTING lists exist' ls $map

# A copy that is always at the same path can use earlier builds.
tree=$(clone_dir pages)/tree
rm -rf "$tree"
mkdir "$tree"
tar -c --exclude-vcs --exclude-vcs-ignores . | tar -x -C "$tree"
cd "$tree"
# shellcheck disable=SC2086
awk -v name=host -f tests/harness/commands.awk $pages >"$tmp/commands"
while read -r command <&3; do
	ok "$command" sh -c "$command" 3<&-
done 3<"$tmp/commands"
echo "1..$results"
