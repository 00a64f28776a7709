#!/bin/sh
# After 'azd deploy', which changes one app for each service: the same images for every other app, shard by shard. See README.md.
set -eu
here=$(dirname "$0")
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"

need_az
make_folder
groups=$(list "${VOICE_RESOURCE_GROUPS:-}")
[ -n "$groups" ] || fail "VOICE_RESOURCE_GROUPS is not set" "run 'azd provision' first: it sets it from the outputs of main.bicep"

# update GROUP APP IMAGE: sets it where another one is there, and waits until its revision runs.
update() {
  [ -n "$3" ] || return 0
  grep -qx "$2" "$folder/apps" || return 0
  # Stops where az does: an app that can't be asked must not pass as one that has it.
  az containerapp show --resource-group "$1" --name "$2" --query 'properties.template.containers[0].image' --output tsv >"$folder/image" 2>"$folder/error" \
    || fail "$1/$2 can't be read: $(reason)" "whoever runs azd needs the role Contributor on the group"
  if [ "$(tr -d '\r\n' <"$folder/image")" = "$3" ]; then
    say "$1/$2: has its image"
    return 0
  fi
  az containerapp update --resource-group "$1" --name "$2" --image "$3" --output none 2>"$folder/error" \
    || fail "$1/$2 does not take the image: $(reason)" "the apps done so far have it; 'azd deploy' again goes on"
  waited=0
  while :; do
    running=$(az containerapp show --resource-group "$1" --name "$2" --query 'properties.latestRevisionName == properties.latestReadyRevisionName' --output tsv 2>"$folder/error") || running=
    case $running in [Tt]rue*) break ;; esac
    [ "$waited" -lt "$limit" ] || fail "$1/$2: the new revision does not run after $limit s" "see why: az containerapp logs show --name $2 --resource-group $1 --tail 50; the others keep the old image"
    say "$1/$2: new revision starts, $waited s of $limit s"
    sleep "$pause"
    waited=$((waited + pause))
  done
  say "$1/$2: runs the new image"
}

index=0
for group in $groups; do
  index=$((index + 1))
  az containerapp list --resource-group "$group" --query '[].name' --output tsv 2>"$folder/error" | tr -d '\r' >"$folder/apps"
  [ -s "$folder/apps" ] || fail "no app in $group: $(reason)" "run 'azd provision' first"
  # One shard after the other: while one is away, its calls go to the others.
  for shard in $(item "$index" "$(lists "${VOICE_SHARDS:-}")"); do update "$group" "$shard" "${SERVICE_TRANSCEIVER_IMAGE_NAME:-}"; done
  update "$group" relay "${SERVICE_RELAY_IMAGE_NAME:-}"
  update "$group" local-agent "${SERVICE_LOCAL_AGENT_IMAGE_NAME:-}"
  update "$group" signaling "${SERVICE_SIGNALING_IMAGE_NAME:-}"
done
say "every app has its image; machines of the edge follow at the next 'azd provision'"
