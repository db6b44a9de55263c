# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Sourced by the rooms' run, after set -eu: where things are, and how sources are built with
# sanitizers, in userspace, and run. A build that fails returns 2.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck disable=SC2034 # for the rooms, as is unit_main
top=$(cd "$here/../../../.." && pwd)
unit_main=$top/tools/testing/unit/unit_main.c
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
sanitize='-fsanitize=address,undefined -fno-sanitize-recover=all'

# Headers without anything: what the tests need of them is in fake_kernel.h.
empty_headers()
{
	for header; do
		mkdir -p "$out/include/$(dirname "$header")"
		: >"$out/include/$header"
	done
}

# build <flag>... -- <source>...: the include directories of the flags come behind those that the
# run has made, and before ours
build()
{
	flags=
	while [ "$1" != -- ]; do
		flags="$flags $1"
		shift
	done
	shift
	for src; do
		# shellcheck disable=SC2086 # words
		${CC:-cc} -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wno-unused-parameter \
			-Wno-missing-field-initializers -Wno-sign-compare -fno-strict-aliasing \
			-fwrapv $sanitize -I"$out/include" $flags -I"$here/../include" \
			-I"$top/include/uapi" -I"$top/include" -I"$here" -c "$src" \
			-o "$out/$(basename "$(dirname "$src")")-$(basename "$src" .c).o" || exit 2
	done
}

# The oldest kernel headers that are installed, for their constants; without any all is skipped.
kernel_headers()
{
	headers=$(find /usr/src -maxdepth 1 -name 'linux-headers-*-common' | sort -V | head -n 1)
	[ -n "$headers" ] || { echo "1..0 # SKIP no kernel headers are installed"; exit 0; }
}

# Link what was built, and run it.
run_tests()
{
	# shellcheck disable=SC2086 # words
	${CC:-cc} $sanitize -o "$out/test" "$out"/*.o || exit 2
	"$out/test" "$@"
}
