#!/bin/sh
# Stands in for azd, of which the hooks call one command: it records it. Any other is noted in $FAKE/refused.
printf 'azd %s\n' "$*" >>"$FAKE/calls"
case "$1 $2 $#" in
  'env set 4') ;;
  'env set 6') [ "$5" = --environment ] || printf 'azd %s\n' "$*" >>"$FAKE/refused" ;;
  *)
    printf 'azd %s\n' "$*" >>"$FAKE/refused"
    echo "ERROR: unknown command \"$1\" for \"azd\"" >&2
    exit 1
    ;;
esac
