#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Programs that people use, on the devices: fio with each of its engines that
# goes another way through the kernel, and GNU dd, cp, tar and cmp. TAP.
#
# Needs root, modules that may be loaded from SCULL_MODDIR, and in CLIENTS what
# `make -C tests clients` gathered: the programs and the libraries they need.
#
# shellcheck disable=SC2317 # tap calls the functions

set -u
moddir=${SCULL_MODDIR:-/lib/scull}
clients=${CLIENTS:-/clients}
tmp=/tmp/clients

# client PROGRAM ARGUMENT... - run one of them, and not what busybox has by its
# name.
client()
{
	program=$1
	shift
	"$clients/ld.so" --library-path "$clients/lib" \
		"$clients/bin/$program" "$@"
}

number=0
bad=0

# tap DESCRIPTION COMMAND... - a test: ok if the command succeeds; what it says is
# for the reader of a failure.
tap()
{
	what=$1
	shift
	number=$((number + 1))
	if said=$("$@" 2>&1); then
		echo "ok $number - $what"
	else
		bad=1
		echo "not ok $number - $what"
		printf '%s\n' "$said" | sed 's/^/# /'
	fi
}

# verify ENGINE [OPTION...] - fio writes all of the device in blocks of many
# sizes, in any order and from two sides, and finds every checksum again.
verify()
{
	engine=$1
	shift
	client fio --name="$engine" --ioengine="$engine" --filename="$dev" \
		--rw=randwrite --bsrange=512-20k --size=1m --randseed=7 \
		--verify=crc32c --verify_fatal=1 --do_verify=1 \
		--allow_mounted_write=1 --thread --output-format=terse "$@"
}

# holds FILE - that the device has what the file has.
holds()
{
	client cmp "$1" "$dev"
}

dd_small_blocks()
{
	client dd if=data of="$dev" bs=777 && holds data &&
		client dd if="$dev" of=out bs=1013 &&
		client cmp data out
}

dd_one_block()
{
	client dd if=data of="$dev" bs=1M conv=fsync &&
		client dd if="$dev" of=out bs=1M count=1 &&
		client cmp data out
}

# In pieces, out of order, and then a piece at the end. dd opens for writing
# only, which trims, except to append.
dd_pieces()
{
	client dd if=data of="$dev" bs=1000 count=100 &&
		client dd if=data of="$dev" bs=1000 skip=100 \
			oflag=append conv=notrunc &&
		holds data &&
		client dd if="$dev" of=out bs=1000 skip=50 count=20 &&
		client dd if=data of=want bs=1000 skip=50 count=20 &&
		client cmp want out
}

dd_hole()
{
	rm -f want
	client dd if=data of="$dev" bs=1000 seek=5000 count=10 &&
		client dd if="$dev" of=out bs=64k conv=sparse &&
		client dd if=data of=want bs=1000 seek=5000 count=10 &&
		client cmp want out
}

cp_there_and_back()
{
	client cp data "$dev" && holds data &&
		client cp "$dev" out && client cmp data out
}

# A file with holes to the device, and back with as few blocks as it had.
cp_sparse()
{
	rm -f out
	client cp sparse "$dev" && holds sparse &&
		client cp --sparse=always "$dev" out &&
		client cmp sparse out &&
		[ "$(stat -c %b out)" -le "$(stat -c %b sparse)" ]
}

# The device as a tape.
tar_archive()
{
	rm -rf untarred
	mkdir untarred
	client tar -cSf "$dev" data sparse &&
		client tar -dSf "$dev" &&
		client tar -xSf "$dev" -C untarred &&
		client cmp data untarred/data &&
		client cmp sparse untarred/sparse
}

cmp_finds()
{
	client cp data "$dev"
	client cmp -i 1000 -n 5000 data "$dev" || return
	client dd if=data of=out bs=1M
	printf X | client dd of=out bs=1 seek=123456 conv=notrunc
	client cmp out "$dev" && return 1
	[ "$(client cmp -l out "$dev" | wc -l)" = 1 ]
}

test_module()
{
	module=$1
	dev=/dev/${module}0
	tap "$module: loaded" insmod "$moddir/$module.ko" quantum=8192 qset=16
	for engine in psync pvsync2 libaio posixaio io_uring splice; do
		tap "$module: fio verifies with $engine" verify $engine
	done
	tap "$module: fio verifies with io_uring, many at a time" \
		verify io_uring --iodepth=16
	tap "$module: fio verifies with libaio, many at a time" \
		verify libaio --iodepth=16
	if [ "$module" != scullc ]; then
		tap "$module: fio verifies with mmap" verify mmap
	fi
	tap "$module: dd in small blocks" dd_small_blocks
	tap "$module: dd in one block" dd_one_block
	tap "$module: dd in pieces" dd_pieces
	tap "$module: dd across a hole" dd_hole
	tap "$module: cp there and back" cp_there_and_back
	tap "$module: cp keeps holes" cp_sparse
	tap "$module: tar takes it for a tape" tar_archive
	tap "$module: cmp finds a difference" cmp_finds
	tap "$module: unloaded" rmmod "$module"
}

rm -rf $tmp
mkdir -p $tmp
cd $tmp || exit
seq 100000 | head -c 300000 >data
client dd if=data of=sparse bs=1000 seek=1000 count=10 2>/dev/null
for module in scullc scullp scullv; do
	test_module $module
done
cd /
rm -rf $tmp
echo "1..$number"
exit $bad
