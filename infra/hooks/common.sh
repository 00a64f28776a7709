# shellcheck shell=sh
# What the hooks share; sourced, not run. POSIX sh, no jq: azd gives arrays of plain names as JSON text.

say() { printf '%s\n' "$*"; }

fail() {
  printf 'voice: %s\n' "$1" >&2
  [ -z "${2:-}" ] || printf '       -> %s\n' "$2" >&2
  exit 1
}

# Waits, for tests and for the impatient: seconds in all, seconds between two tries.
# shellcheck disable=SC2034
limit=${VOICE_HOOK_LIMIT_SECONDS:-600}
# shellcheck disable=SC2034
pause=${VOICE_HOOK_PAUSE_SECONDS:-10}

# list JSON: its strings, one a line. Names and URLs hold none of the characters that go.
list() { printf '%s' "$1" | tr -d '[]"\\ \n\t\r' | tr ',' '\n'; }

# lists JSON: an array of arrays, each inner one as a line of words.
lists() { printf '%s' "$1" | tr -d '"\\ \n\t\r' | sed 's/^\[\[//; s/\]\]$//; s/\],\[/\n/g' | tr ',' ' '; }

# item N TEXT: line N of it, from 1.
item() { printf '%s\n' "$2" | sed -n "${1}p"; }

need() {
  command -v "$1" >/dev/null 2>&1 || fail "'$1' is not on the PATH" "$2"
}

need_az() {
  need az "install the Azure CLI 2.60 or later: https://aka.ms/azure-cli"
  az account show --output none 2>/dev/null || fail "the Azure CLI is not signed in" "run 'az login', or 'azd config set auth.useAzCliAuth true' and sign in once"
}

# A folder of our own for whatever is secret; gone when the hook ends, however it ends.
make_folder() {
  umask 077
  folder=$(mktemp -d) || fail "no temporary folder can be made" "set TMPDIR to a folder that can be written"
  trap 'rm -rf "$folder"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# Why the last az command said no: its first line, which names things and never a value.
reason() { sed -n '/[^[:space:]]/{s/^ERROR: *//;p;q;}' "$folder/error" | cut -c1-300; }
