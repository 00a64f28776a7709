#!/bin/sh
# Before each 'azd provision': what templates can't check, and what they can't make. See README.md.
set -eu
here=$(dirname "$0")
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"

need_az
need azd "install the Azure Developer CLI: https://aka.ms/azd"
need openssl "install openssl; the fleet's keys are made with it"
need curl "install curl; readiness is asked with it"
version=$(az version --query '"azure-cli"' --output tsv)
major=${version%%.*}
minor=${version#*.}
minor=${minor%%.*}
case $major$minor in
  *[!0-9]* | '') fail "the Azure CLI does not say its version ('$version')" "run 'az version'" ;;
esac
if [ "$major" -lt 2 ] || { [ "$major" -eq 2 ] && [ "$minor" -lt 60 ]; }; then
  fail "the Azure CLI is $version" "run 'az upgrade': 2.60 or later knows Container Apps without an extension"
fi

# The regions: one object each in main.parameters.json, where azd's variable may stand for a location.
parameters=${VOICE_PARAMETERS_FILE:-$here/../bicep/main.parameters.json}
[ -f "$parameters" ] || fail "$parameters is not there" "run azd from a clone of the repository"
regions=$(tr -d '\n\r\t' <"$parameters" | sed "s/\${AZURE_LOCATION}/${AZURE_LOCATION:-}/g" | sed -n 's/.*"regions" *: *{ *"value" *: *\[\([^]]*\)\].*/\1/p' | tr '}' '\n' | grep '{' || true)
[ -n "$regions" ] || fail "$parameters has no regions" "give \"regions\": { \"value\": [ { \"location\": \"\${AZURE_LOCATION}\", \"number\": 1, \"shards\": 2 } ] }"

number_of() { printf '%s' "$2" | sed -n "s/.*\"$1\" *: *\([0-9][0-9]*\).*/\1/p"; }

location_of() { printf '%s' "$1" | sed -n 's/.*"location" *: *"\([^"]*\)".*/\1/p'; }

maximum=8
numbers=' '
locations=' '
# The loop runs in this shell, so that 'fail' ends the hook.
while IFS= read -r region; do
  location=$(location_of "$region")
  number=$(number_of number "$region")
  shards=$(number_of shards "$region")
  standby=$(number_of standbyShards "$region")
  [ -n "$location" ] || fail "a region in main.parameters.json has no location" "run 'azd env set AZURE_LOCATION swedencentral', or write the location there"
  [ -n "$number" ] || fail "region $location has no number" "give it one from 0 to 255 that no other region has or has had"
  [ "$number" -le 255 ] || fail "region $location has the number $number" "give it one from 0 to 255"
  case $numbers in *" $number "*) fail "two regions have the number $number" "hints, addresses and ports follow from it: give each its own, and never reuse one" ;; esac
  case $locations in *" $location "*) fail "location $location is there twice" "give its region more shards instead" ;; esac
  [ $((${shards:-0} + ${standby:-0})) -le $maximum ] || fail "region $location has more than $maximum shards" "raise maximumShards in main.bicep and here; standby shards count too"
  numbers="$numbers$number "
  locations="$locations$location "
done <<REGIONS
$regions
REGIONS
say "regions:$locations(numbers:$numbers)"

# On a machine that never deployed this environment (a pipeline's) azd finds two groups or more with its tag, takes none, and says that no app exists: placeholders
# would be put over what runs. So it is told where they are, once all four are there.
if [ -z "${AZURE_RESOURCE_GROUP:-}" ] && [ -n "${AZURE_ENV_NAME:-}" ]; then
  home=${locations# }
  group=rg-$AZURE_ENV_NAME-${home%% *}
  apps=$(az containerapp list --resource-group "$group" --query '[].name' --output tsv 2>/dev/null | tr -d '\r') || apps=
  missing=
  for app in signaling relay transceiver-00 local-agent; do printf '%s\n' "$apps" | grep -qx "$app" || missing="$missing $app"; done
  if [ -z "$missing" ]; then
    azd env set AZURE_RESOURCE_GROUP "$group" || fail "azd does not keep AZURE_RESOURCE_GROUP" "run 'azd env set AZURE_RESOURCE_GROUP $group'"
    say "apps: those of $group are updated"
  elif [ -n "$apps" ]; then
    say "apps: $group lacks$missing; placeholders come first"
  fi
fi

# Machines want a public key, and nobody is to sign in to them: a pair whose private half never leaves the folder that goes.
if [ "${VOICE_EDGE:-aca-tcp}" = udp-edge ] && [ -z "${VOICE_EDGE_SSH_PUBLIC_KEY:-}" ]; then
  need ssh-keygen "install OpenSSH's client, or set VOICE_EDGE_SSH_PUBLIC_KEY"
  make_folder
  ssh-keygen -q -t rsa -b 3072 -N '' -C dapr-voice -f "$folder/key"
  azd env set VOICE_EDGE_SSH_PUBLIC_KEY "$(cat "$folder/key.pub")" || fail "azd does not keep VOICE_EDGE_SSH_PUBLIC_KEY" "run 'azd env set VOICE_EDGE_SSH_PUBLIC_KEY …' with a public key of yours"
  say "machines of the edge: a public key was made, its private half thrown away (set VOICE_EDGE_SSH_PUBLIC_KEY to your own to sign in)"
fi
