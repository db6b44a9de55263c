# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the set-up and test scripts share: messages, and a cache whose entries are
# made once, under a lock, and appear whole or not at all. Sourced, never run.

say()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die()
{
	say "$@"
	exit 125
}

# Where everything that is fetched or unpacked is kept, outside the tree.
cache_dir()
{
	local base=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}

	printf '%s\n' "${SLIMKVM_CACHE:-$base/slimkvm}"
}

# cache_entry KEY MAKER [ARG...]: print the path of cache entry KEY.
# A missing one is made by "MAKER EMPTY-DIR ARG...", whose standard output is
# thrown away; a maker that fails leaves nothing behind.
cache_entry()
{
	local key=$1 maker=$2 cache final tmp lock

	shift 2
	cache=$(cache_dir)
	final=$cache/$key
	if [ ! -d "$final" ]; then
		mkdir -p "${final%/*}" || return 1
		exec {lock}>"$cache/.lock" || return 1
		flock "$lock"
		# Another process may have made it while this one waited.
		if [ ! -d "$final" ]; then
			tmp=$(mktemp -d "${final%/*}/.making.XXXXXX") || return 1
			if ! "$maker" "$tmp" "$@" >&2; then
				rm -rf "$tmp"
				exec {lock}>&-
				return 1
			fi
			chmod 755 "$tmp"
			mv -T "$tmp" "$final" || return 1
		fi
		exec {lock}>&-
	fi
	printf '%s\n' "$final"
}

# apt_lists: refresh the package lists, at most once per process, root only.
apt_lists()
{
	[ -z "${apt_lists_done:-}" ] || return 1
	apt_lists_done=1
	if [ "$(id -u)" != 0 ]; then
		say "the package lists may be old: run 'apt-get update' as root and try again"
		return 1
	fi
	say "refreshing the package lists"
	apt-get update -qq
}
