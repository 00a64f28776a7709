#!/bin/sh
# Stands in for az: records each call, one argument list a line, and keeps vaults and apps as files under $FAKE.
printf 'az' >>"$FAKE/calls"
for argument in "$@"; do printf ' %s' "$argument" >>"$FAKE/calls"; done
printf '\n' >>"$FAKE/calls"
option() { name=$1; shift; while [ $# -gt 1 ]; do if [ "$1" = "$name" ]; then printf '%s' "$2"; return; fi; shift; done; }
vault=$(option --vault-name "$@"); secret=$(option --name "$@"); file=$(option --file "$@"); group=$(option --resource-group "$@"); query=$(option --query "$@")
case "$1 $2 $3" in
  'account show '*) [ ! -f "$FAKE/signed-out" ] || { echo 'ERROR: Please run az login' >&2; exit 1; } ;;
  'version '*) cat "$FAKE/version" ;;
  'keyvault secret list')
    if [ -s "$FAKE/refusals" ]; then
      sed -i 1d "$FAKE/refusals"
      echo 'ERROR: (Forbidden) Caller is not authorized to perform action on resource.' >&2
      exit 1
    fi
    for f in "$FAKE/vaults/$vault"/*; do [ ! -f "$f" ] || basename "$f"; done ;;
  'keyvault secret set')
    [ ! -f "$FAKE/read-only" ] || { echo 'ERROR: (Conflict) Secret is currently in a deleted but recoverable state.' >&2; exit 1; }
    # The real one prints the value unless it is told not to, and reads the file itself: its mode is what others on the machine see.
    stat -c '%a %n' "$file" "$(dirname "$file")" >>"$FAKE/modes"
    cp "$file" "$FAKE/vaults/$vault/$secret"
    case " $* " in *' --output none '*) ;; *) cat "$file" ;; esac ;;
  'keyvault secret download') [ ! -e "$file" ] || exit 1; cp "$FAKE/vaults/$vault/$secret" "$file" ;;
  'containerapp list '*) for f in "$FAKE/apps/$group"/*; do [ ! -f "$f" ] || basename "$f"; done ;;
  'containerapp show '*)
    case $query in
      *image*) cat "$FAKE/apps/$group/$secret" ;;
      *) if [ -s "$FAKE/starting" ]; then sed -i 1d "$FAKE/starting"; echo false; else echo true; fi ;;
    esac ;;
  'containerapp update '*)
    image=$(option --image "$@"); printf '%s' "$image" >"$FAKE/apps/$group/$secret" ;;
  *) echo "ERROR: fake az knows no '$*'" >&2; exit 2 ;;
esac
