#!/bin/sh
# After each 'azd provision': the fleet's keys, the same in every region; once apps run, their readiness and what to do with them. See README.md.
# No value of a secret is ever an argument or printed: they go through files that only we can read.
set -eu
here=$(dirname "$0")
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"

need_az
need openssl "install openssl; the fleet's keys are made with it"
make_folder
vaults=$(list "${VOICE_KEY_VAULTS:-}")
[ -n "$vaults" ] || fail "VOICE_KEY_VAULTS is not set" "run this by 'azd provision', which sets it from the outputs of main.bicep"

# As SecretNames in libs/Contracts has them.
secrets='voice-hint-keys voice-password-keys voice-link-key voice-token-keys voice-api-keys voice-dtls-certificate'

# Names in a vault, to a file. The role that lets us in is minutes old at the first deployment, and takes some to count.
read_names() {
  waited=0
  until az keyvault secret list --vault-name "$1" --query '[].name' --output tsv >"$folder/names.$1" 2>"$folder/error"; do
    [ "$waited" -lt "$limit" ] || fail "vault $1 can't be read after $limit s: $(reason)" "whoever runs azd needs the role Key Vault Secrets Officer on it, and a way through its firewall"
    say "vault $1: no access yet ($waited s of $limit s): $(reason)"
    sleep "$pause"
    waited=$((waited + pause))
  done
}

has() { tr -d '\r' <"$folder/names.$1" | grep -qx "$2"; }

# put VAULT NAME FILE
put() {
  az keyvault secret set --vault-name "$1" --name "$2" --file "$3" --encoding utf-8 --output none 2>"$folder/error" \
    || fail "secret $2 can't be written to vault $1: $(reason)" "a deleted secret of that name comes back by 'az keyvault secret recover --vault-name $1 --name $2'"
  say "vault $1: $2 written"
}

# get VAULT NAME FILE
get() {
  rm -f "$3"
  az keyvault secret download --vault-name "$1" --name "$2" --file "$3" --encoding utf-8 --output none 2>"$folder/error" \
    || fail "secret $2 can't be read from vault $1: $(reason)" "whoever runs azd needs the role Key Vault Secrets Officer on it"
}

# random FORM BYTES: a builtin prints it, so that no process has it among its arguments.
random() {
  value=$(openssl rand "-$1" "$2") || value=
  [ "${#value}" -gt "$2" ] || fail "openssl gives no random bytes" "see whether 'openssl rand -hex 8' works"
  printf '%s' "$value"
}

key() { random base64 32; }

# Two keys from the start, newest first: rotation is the normal case, not the first emergency.
ring() {
  printf '1:'
  key
  printf ',0:'
  key
}

# Certificate, then its PKCS#8 key. Clients check its fingerprint, which the answer names, and no date.
certificate() {
  openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$folder/key.pem"
  openssl req -new -x509 -key "$folder/key.pem" -sha256 -days 1825 -subj /CN=dapr-voice -out "$folder/certificate.pem"
  cat "$folder/certificate.pem" "$folder/key.pem"
  rm -f "$folder/key.pem"
}

make() {
  case $1 in
    voice-hint-keys | voice-password-keys | voice-token-keys) ring ;;
    voice-link-key) key ;;
    voice-api-keys)
      printf 'sk-voice-'
      random hex 24
      ;;
    voice-dtls-certificate) certificate ;;
  esac
}

for vault in $vaults; do read_names "$vault"; done

# The two rings have the same ids; one without the other is a mistake that a new ring would hide.
owner_of() {
  for vault in $vaults; do
    if has "$vault" "$1"; then
      printf '%s' "$vault"
      return
    fi
  done
}
if [ -n "$(owner_of voice-hint-keys)" ] && [ -z "$(owner_of voice-password-keys)" ]; then
  fail "voice-hint-keys is in a vault and voice-password-keys in none" "recover it with 'az keyvault secret recover', or delete both in all vaults for new ones (living calls end)"
fi
if [ -n "$(owner_of voice-password-keys)" ] && [ -z "$(owner_of voice-hint-keys)" ]; then
  fail "voice-password-keys is in a vault and voice-hint-keys in none" "recover it with 'az keyvault secret recover', or delete both in all vaults for new ones (living calls end)"
fi

for secret in $secrets; do
  missing=
  for vault in $vaults; do has "$vault" "$secret" || missing="$missing $vault"; done
  [ -n "$missing" ] || continue
  owner=$(owner_of "$secret")
  if [ -n "$owner" ]; then get "$owner" "$secret" "$folder/value"; else make "$secret" >"$folder/value"; fi
  [ -s "$folder/value" ] || fail "secret $secret came out empty" "see whether 'openssl version' works and the disk has room"
  for vault in $missing; do put "$vault" "$secret" "$folder/value"; done
  rm -f "$folder/value"
done

# The key of an agent's backend, from the environment of whoever runs azd.
if [ -n "${VOICE_AGENT_API_KEY:-}" ]; then
  [ -n "${VOICE_AGENT_KEY_SECRET_NAME:-}" ] || fail "VOICE_AGENT_API_KEY is set and VOICE_AGENT_KEY_SECRET_NAME is not" "run 'azd env set VOICE_AGENT_KEY_SECRET_NAME voice-agent-key'"
  # A builtin of the shell: no process has the value among its arguments.
  printf '%s' "$VOICE_AGENT_API_KEY" >"$folder/agent"
  for vault in $vaults; do
    if has "$vault" "$VOICE_AGENT_KEY_SECRET_NAME"; then
      get "$vault" "$VOICE_AGENT_KEY_SECRET_NAME" "$folder/value"
      if cmp -s "$folder/value" "$folder/agent"; then continue; fi
    fi
    put "$vault" "$VOICE_AGENT_KEY_SECRET_NAME" "$folder/agent"
  done
fi
say "keys: the same six secrets in $(printf '%s\n' "$vaults" | wc -l | tr -d ' ') vault(s)"

# From now on these regions' apps may come: their keys are there before they are.
keyed=$(list "${VOICE_REGIONS:-}" | tr '\n' ',' | sed 's/,$//')
if [ -n "$keyed" ] && [ "$keyed" != "${VOICE_KEYED_REGIONS:-}" ]; then
  azd env set VOICE_KEYED_REGIONS "$keyed" || fail "azd does not keep VOICE_KEYED_REGIONS" "run 'azd env set VOICE_KEYED_REGIONS $keyed'"
fi

if [ "${VOICE_STAGE:-}" != deployed ]; then
  say "not everything runs yet: images come next ('azd up' does it by itself; otherwise 'azd publish --all && azd provision')"
  exit 0
fi

# ---- Everything runs, or is about to ----
need curl "install curl; readiness is asked with it"
urls=$(list "${SIGNALING_URLS:-}")
[ -n "$urls" ] || fail "SIGNALING_URLS is not set" "run this by 'azd provision', which sets it from the outputs of main.bicep"
groups=$(list "${VOICE_RESOURCE_GROUPS:-}")
waited=0
waiting=$urls
while :; do
  still=
  for url in $waiting; do
    # The answer is an array of reasons in our own words; cut, and without control characters, all the same.
    status=$(curl -sS -m 5 -o "$folder/ready" -w '%{http_code}' "$url/readyz" 2>/dev/null) || status=000
    if [ "$status" = 200 ]; then
      say "$url: ready after $waited s"
    else
      why=
      [ "$status" = 000 ] || why=$(tr -cd '[:print:]' <"$folder/ready" | cut -c1-200)
      say "$url: not ready yet, $waited s of $limit s (status $status) $why"
      still="$still $url"
    fi
  done
  waiting=$still
  [ -n "$waiting" ] || break
  [ "$waited" -lt "$limit" ] || fail "not ready after $limit s:$waiting" "see why: az containerapp logs show --name signaling --resource-group $(item 1 "$groups") --tail 50; docs/runbooks says what each reason means"
  sleep "$pause"
  waited=$((waited + pause))
done

vault=$(item 1 "$vaults")
say ""
say "Talk to it:    ${SIGNALING_URL:-$(item 1 "$urls")}"
[ "$(printf '%s\n' "$urls" | wc -l)" -eq 1 ] || for url in $urls; do say "  region:      $url"; done
say "API key:       secret voice-api-keys in vault $vault"
say "First call:    key=\$(az keyvault secret show --vault-name $vault --name voice-api-keys --query value --output tsv | cut -d, -f1)"
say "               curl -sS -X POST ${SIGNALING_URL:-$(item 1 "$urls")}/v1/realtime/client_secrets -H \"Authorization: Bearer \$key\" -H 'Content-Type: application/json' -d '{}'"
say "Take it down:  azd down --purge   (without --purge the vaults stay deleted-but-recoverable and keep their names for seven days)"
