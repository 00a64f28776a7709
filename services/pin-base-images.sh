#!/bin/sh
# Asks the registry for the digest of each base image, and writes it into base-images.json and into the Dockerfiles. A tag can be moved to
# another image at any time; a digest can't. Needs curl, jq and a network.
#   services/pin-base-images.sh           looks the digests up and writes them
#   services/pin-base-images.sh --check   writes nothing, and fails if an image has no digest or its tag has another one by now
set -eu
cd "$(dirname "$0")/.."
list=services/base-images.json
types='application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json'
status=0
for image in $(jq -r 'keys[]' "$list"); do
  registry=${image%%/*} path=${image#*/} tag=${image##*:}
  name=${path%:*}
  digest=$(curl -fsSI --retry 3 -H "Accept: $types" "https://$registry/v2/$name/manifests/$tag" \
    | tr -d '\r' | sed -n 's/^[Dd]ocker-[Cc]ontent-[Dd]igest: *//p')
  case $digest in
    sha256:*) ;;
    *) echo "$image: the registry tells no digest" >&2; exit 1 ;;
  esac
  known=$(jq -r --arg image "$image" '.[$image] // "none"' "$list")
  if [ "${1:-}" = --check ]; then
    [ "$known" = "$digest" ] || { echo "$image: listed $known, now $digest" >&2; status=1; }
    continue
  fi
  jq --arg image "$image" --arg digest "$digest" '.[$image] = $digest' "$list" > "$list.new"
  mv "$list.new" "$list"
  for file in services/*/Dockerfile samples/*/Dockerfile; do
    sed -i "s|^FROM $image\(@sha256:[0-9a-f]*\)\{0,1\}|FROM $image@$digest|" "$file"
  done
  echo "$image@$digest"
done
exit $status
