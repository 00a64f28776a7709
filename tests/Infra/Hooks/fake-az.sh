#!/bin/sh
# Stands in for az: records each call, one argument list a line, and keeps vaults and apps as files under $FAKE. It answers in the JSON shapes and with the exit
# codes of the Azure CLI. A call that it does not know is noted in $FAKE/refused, and each test fails that made one.
printf 'az' >>"$FAKE/calls"
for argument in "$@"; do printf ' %s' "$argument" >>"$FAKE/calls"; done
printf '\n' >>"$FAKE/calls"
option() {
  name=$1
  shift
  while [ $# -gt 1 ]; do
    if [ "$1" = "$name" ]; then
      printf '%s' "$2"
      return
    fi
    shift
  done
}
fail() {
  echo "ERROR: $1" >&2
  exit "${2:-1}"
}
# names FOLDER: an array of objects, one for each file.
names() {
  separator='['
  for file in "$1"/*; do
    [ -f "$file" ] || continue
    printf '%s{"id":"/x/%s","name":"%s","tags":null}' "$separator" "${file##*/}" "${file##*/}"
    separator=','
  done
  [ "$separator" = ',' ] || printf '['
  printf ']\n'
}
# app GROUP NAME READY: a container app whose newest revision is NAME--2.
app() {
  printf '{"name":"%s","properties":{"latestRevisionName":"%s--2","latestReadyRevisionName":"%s","template":{"containers":[{"image":"%s"}]}}}\n' \
    "$2" "$2" "$3" "$(cat "$FAKE/apps/$1/$2")"
}
vault=$(option --vault-name "$@")
name=$(option --name "$@")
file=$(option --file "$@")
group=$(option --resource-group "$@")
case "$1 $2 $3" in
  'account show '*) [ ! -f "$FAKE/signed-out" ] || fail 'Please run az login' ;;
  'version --output json') cat "$FAKE/version" ;;
  'group list '*)
    [ ! -f "$FAKE/no-rights" ] || fail '(AuthorizationFailed) The client does not have authorization.'
    separator='['
    for folder in "$FAKE"/apps/*; do
      [ -d "$folder" ] || continue
      found=${folder##*/}
      tags='{"voice-environment":"voice"}'
      [ ! -f "$FAKE/tags/$found" ] || tags=$(cat "$FAKE/tags/$found")
      printf '%s{"id":"/x/%s","location":"a","name":"%s","properties":{"provisioningState":"Succeeded"},"tags":%s}' "$separator" "$found" "$found" "$tags"
      separator=','
    done
    [ "$separator" = ',' ] || printf '['
    printf ']\n'
    ;;
  'deployment sub list')
    [ ! -f "$FAKE/no-deployments-read" ] || fail '(AuthorizationFailed) The client does not have authorization.'
    # An older one, a failed one and one of another environment are there as well.
    if [ -f "$FAKE/deployment" ]; then
      printf '[{"name":"voice-1","tags":{"azd-env-name":"voice"},"properties":{"provisioningState":"Succeeded","timestamp":"1960-01-01T00:00:00+00:00"}},'
      printf '{"name":"voice-3","tags":{"azd-env-name":"voice"},"properties":{"provisioningState":"Failed","timestamp":"2099-01-01T00:00:00+00:00"}},'
      printf '{"name":"other-4","tags":{"azd-env-name":"other"},"properties":{"provisioningState":"Succeeded","timestamp":"2099-01-01T00:00:00+00:00"}},'
      printf '{"name":"voice-2","tags":{"azd-env-name":"voice"},"properties":{"provisioningState":"Succeeded","timestamp":"%s"}},' "$(cat "$FAKE/deployed-at")"
      printf '{"name":"by-hand","tags":null,"properties":{"provisioningState":"Succeeded","timestamp":"2099-01-01T00:00:00+00:00"}}]\n'
    else
      echo '[]'
    fi
    ;;
  'deployment sub show')
    [ "$name" = voice-2 ] || fail "(DeploymentNotFound) Deployment '$name' could not be found." 3
    printf '{"name":"voice-2","properties":{"provisioningState":"Succeeded","timestamp":"%s","parameters":%s}}\n' \
      "$(cat "$FAKE/deployed-at")" "$(cat "$FAKE/deployment")"
    ;;
  'vmss show '*)
    [ ! -f "$FAKE/no-machines-read" ] || fail '(AuthorizationFailed) The client does not have authorization.'
    [ -f "$FAKE/machines/$group" ] || fail "(ResourceNotFound) The Resource 'Microsoft.Compute/virtualMachineScaleSets/$name' was not found." 3
    printf '{"name":"%s","virtualMachineProfile":{"userData":"%s"}}\n' "$name" "$(base64 -w0 "$FAKE/machines/$group")"
    ;;
  'keyvault list-deleted '*)
    [ ! -f "$FAKE/no-rights-on-vaults" ] || fail '(AuthorizationFailed) The client does not have authorization.'
    if [ -f "$FAKE/deleted-vaults" ]; then cat "$FAKE/deleted-vaults"; else echo '[]'; fi
    ;;
  'keyvault list '*) names "$FAKE/vaults-of/$group" ;;
  'keyvault secret list')
    if [ -s "$FAKE/refusals" ]; then
      sed -i 1d "$FAKE/refusals"
      fail '(Forbidden) Caller is not authorized to perform action on resource.'
    fi
    names "$FAKE/vaults/$vault"
    ;;
  'keyvault secret set')
    [ ! -f "$FAKE/read-only" ] || fail '(Conflict) Secret is currently in a deleted but recoverable state.'
    # The real one prints the value unless it is told not to, and reads the file itself: its mode is what others on the machine see.
    stat -c '%a %n' "$file" "$(dirname "$file")" >>"$FAKE/modes"
    cp "$file" "$FAKE/vaults/$vault/$name"
    case " $* " in *' --output none '*) ;; *) cat "$file" ;; esac
    ;;
  'keyvault secret show')
    [ -f "$FAKE/vaults/$vault/$name" ] || fail '(SecretNotFound) A secret with this name was not found in this key vault.' 3
    printf '{"contentType":null,"value":"%s"}\n' "$(sed -e ':a' -e 'N' -e '$!ba' -e 's/\n/\\n/g' "$FAKE/vaults/$vault/$name")$([ "$(tail -c1 "$FAKE/vaults/$vault/$name" | wc -l)" -eq 0 ] || printf '\\n')"
    ;;
  'containerapp list '*)
    [ ! -f "$FAKE/no-list" ] || fail '(AuthorizationFailed) The client does not have authorization.'
    separator='['
    for file in "$FAKE/apps/$group"/*; do
      [ -f "$file" ] || continue
      printf '%s%s' "$separator" "$(app "$group" "${file##*/}" "${file##*/}--2")"
      separator=','
    done
    [ "$separator" = ',' ] || printf '['
    printf ']\n'
    ;;
  'containerapp show '*)
    [ -f "$FAKE/apps/$group/$name" ] || fail '(ResourceNotFound) The resource was not found.' 3
    ready=$name--2
    [ ! -f "$FAKE/broken/$group/$name" ] || ready=$name--1
    if [ -s "$FAKE/starting" ]; then
      # Only the questions after an update are about a revision that starts.
      if [ -f "$FAKE/updated" ]; then
        sed -i 1d "$FAKE/starting"
        ready=$name--1
      fi
    fi
    app "$group" "$name" "$ready"
    ;;
  'containerapp update '*)
    : >"$FAKE/updated"
    printf '%s' "$(option --image "$@")" >"$FAKE/apps/$group/$name"
    ;;
  *)
    printf 'az %s\n' "$*" >>"$FAKE/refused"
    fail "'$*' is misspelled or not recognized by the system." 2
    ;;
esac
