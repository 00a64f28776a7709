# After each 'azd provision': the fleet's keys, the same in every region; once apps run, their readiness and what to do with them.
# The same as postprovision.sh; see README.md. No value of a secret is ever an argument or printed: they go through files that only we can read.
. (Join-Path $PSScriptRoot 'common.ps1')

Need-Az
$vaults = Read-List $env:VOICE_KEY_VAULTS
if ($vaults.Count -eq 0) { Fail 'VOICE_KEY_VAULTS is not set' "run this by 'azd provision', which sets it from the outputs of main.bicep" }

# As SecretNames in libs/Contracts has them.
$secrets = 'voice-hint-keys', 'voice-password-keys', 'voice-link-key', 'voice-token-keys', 'voice-api-keys', 'voice-dtls-certificate'
$folder = New-Folder
$errorFile = Join-Path $folder 'error'
$valueFile = Join-Path $folder 'value'

# Without a byte order mark and without a line end of its own.
function Write-Value([string]$Path, [string]$Text) { [IO.File]::WriteAllText($Path, $Text, [Text.UTF8Encoding]::new($false)) }

# Names in a vault. The role that lets us in is minutes old at the first deployment, and takes some to count.
function Read-Names([string]$Vault) {
    for ($waited = 0; ; $waited += $Pause) {
        $names = az keyvault secret list --vault-name $Vault --query '[].name' --output tsv 2>$errorFile
        if ($LASTEXITCODE -eq 0) { return , @($names | Where-Object { $_ }) }
        if ($waited -ge $Limit) { Fail "vault $Vault can't be read after $Limit s: $(Get-Reason $errorFile)" 'whoever runs azd needs the role Key Vault Secrets Officer on it, and a way through its firewall' }
        [Console]::Out.WriteLine("vault ${Vault}: no access yet ($waited s of $Limit s): $(Get-Reason $errorFile)")
        Start-Sleep -Seconds $Pause
    }
}

function Put([string]$Vault, [string]$Name, [string]$Path) {
    az keyvault secret set --vault-name $Vault --name $Name --file $Path --encoding utf-8 --output none 2>$errorFile
    if ($LASTEXITCODE -ne 0) { Fail "secret $Name can't be written to vault ${Vault}: $(Get-Reason $errorFile)" "a deleted secret of that name comes back by 'az keyvault secret recover --vault-name $Vault --name $Name'" }
    Say "vault ${Vault}: $Name written"
}

function Get-Secret([string]$Vault, [string]$Name, [string]$Path) {
    Remove-Item -Force $Path -ErrorAction SilentlyContinue
    az keyvault secret download --vault-name $Vault --name $Name --file $Path --encoding utf-8 --output none 2>$errorFile
    if ($LASTEXITCODE -ne 0) { Fail "secret $Name can't be read from vault ${Vault}: $(Get-Reason $errorFile)" 'whoever runs azd needs the role Key Vault Secrets Officer on it' }
}

function New-Key { return [Convert]::ToBase64String([Security.Cryptography.RandomNumberGenerator]::GetBytes(32)) }

# Two keys from the start, newest first: rotation is the normal case, not the first emergency.
function New-Ring { return "1:$(New-Key),0:$(New-Key)" }

# Certificate, then its PKCS#8 key. Clients check its fingerprint, which the answer names, and no date.
function New-Certificate {
    $key = [Security.Cryptography.ECDsa]::Create([Security.Cryptography.ECCurve]::CreateFromFriendlyName('nistP256'))
    $request = [Security.Cryptography.X509Certificates.CertificateRequest]::new('CN=dapr-voice', $key, [Security.Cryptography.HashAlgorithmName]::SHA256)
    $certificate = $request.CreateSelfSigned([DateTimeOffset]::UtcNow.AddDays(-1), [DateTimeOffset]::UtcNow.AddDays(1825))
    return $certificate.ExportCertificatePem() + "`n" + $key.ExportPkcs8PrivateKeyPem() + "`n"
}

function New-Secret([string]$Name) {
    switch ($Name) {
        'voice-link-key' { return New-Key }
        'voice-api-keys' { return 'sk-voice-' + [Convert]::ToHexString([Security.Cryptography.RandomNumberGenerator]::GetBytes(24)).ToLowerInvariant() }
        'voice-dtls-certificate' { return New-Certificate }
        default { return New-Ring }
    }
}

try {
    $names = @{}
    foreach ($vault in $vaults) { $names[$vault] = Read-Names $vault }

    # The two rings have the same ids; one without the other is a mistake that a new ring would hide.
    function Get-Owner([string]$Name) { return $vaults | Where-Object { $names[$_] -ccontains $Name } | Select-Object -First 1 }
    foreach ($pair in @(@('voice-hint-keys', 'voice-password-keys'), @('voice-password-keys', 'voice-hint-keys'))) {
        if ((Get-Owner $pair[0]) -and -not (Get-Owner $pair[1])) {
            Fail "$($pair[0]) is in a vault and $($pair[1]) in none" "recover it with 'az keyvault secret recover', or delete both in all vaults for new ones (living calls end)"
        }
    }

    foreach ($secret in $secrets) {
        $missing = @($vaults | Where-Object { $names[$_] -cnotcontains $secret })
        if ($missing.Count -eq 0) { continue }
        $owner = Get-Owner $secret
        if ($owner) { Get-Secret $owner $secret $valueFile } else { Write-Value $valueFile (New-Secret $secret) }
        if ((Get-Item $valueFile).Length -eq 0) { Fail "secret $secret came out empty" 'see whether the disk has room' }
        foreach ($vault in $missing) { Put $vault $secret $valueFile }
        Remove-Item -Force $valueFile
    }

    # The key of an agent's backend, from the environment of whoever runs azd.
    if ($env:VOICE_AGENT_API_KEY) {
        if (-not $env:VOICE_AGENT_KEY_SECRET_NAME) { Fail 'VOICE_AGENT_API_KEY is set and VOICE_AGENT_KEY_SECRET_NAME is not' "run 'azd env set VOICE_AGENT_KEY_SECRET_NAME voice-agent-key'" }
        $agentFile = Join-Path $folder 'agent'
        Write-Value $agentFile $env:VOICE_AGENT_API_KEY
        foreach ($vault in $vaults) {
            if ($names[$vault] -ccontains $env:VOICE_AGENT_KEY_SECRET_NAME) {
                Get-Secret $vault $env:VOICE_AGENT_KEY_SECRET_NAME $valueFile
                if ([IO.File]::ReadAllText($valueFile) -ceq $env:VOICE_AGENT_API_KEY) { continue }
            }
            Put $vault $env:VOICE_AGENT_KEY_SECRET_NAME $agentFile
        }
    }
    Say "keys: the same six secrets in $($vaults.Count) vault(s)"

    # From now on these regions' apps may come: their keys are there before they are.
    $keyed = (Read-List $env:VOICE_REGIONS) -join ','
    if ($keyed -and $keyed -cne $env:VOICE_KEYED_REGIONS) {
        azd env set VOICE_KEYED_REGIONS $keyed
        if ($LASTEXITCODE -ne 0) { Fail 'azd does not keep VOICE_KEYED_REGIONS' "run 'azd env set VOICE_KEYED_REGIONS $keyed'" }
    }

    if ($env:VOICE_STAGE -ne 'deployed') {
        Say "not everything runs yet: images come next ('azd up' does it by itself; otherwise 'azd publish --all && azd provision')"
        exit 0
    }

    # ---- Everything runs, or is about to ----
    $urls = Read-List $env:SIGNALING_URLS
    if ($urls.Count -eq 0) { Fail 'SIGNALING_URLS is not set' "run this by 'azd provision', which sets it from the outputs of main.bicep" }
    $groups = Read-List $env:VOICE_RESOURCE_GROUPS
    $waiting = $urls
    for ($waited = 0; ; $waited += $Pause) {
        $still = @()
        foreach ($url in $waiting) {
            $status = '000'
            $why = ''
            try {
                $answer = Invoke-WebRequest -Uri "$url/readyz" -TimeoutSec 5 -SkipHttpErrorCheck
                $status = $answer.StatusCode
                $why = ("$($answer.Content)" -replace '[^\x20-\x7e]', '')
                $why = $why.Substring(0, [Math]::Min(200, $why.Length))
            }
            catch { $why = '' }
            if ($status -eq 200) { Say "${url}: ready after $waited s" }
            else {
                Say "${url}: not ready yet, $waited s of $Limit s (status $status) $why"
                $still += $url
            }
        }
        $waiting = $still
        if ($waiting.Count -eq 0) { break }
        if ($waited -ge $Limit) {
            Fail "not ready after $Limit s: $($waiting -join ' ')" "see why: az containerapp logs show --name signaling --resource-group $($groups[0]) --tail 50; docs/runbooks says what each reason means"
        }
        Start-Sleep -Seconds $Pause
    }

    $vault = $vaults[0]
    $url = if ($env:SIGNALING_URL) { $env:SIGNALING_URL } else { $urls[0] }
    Say ''
    Say "Talk to it:    $url"
    if ($urls.Count -gt 1) { foreach ($region in $urls) { Say "  region:      $region" } }
    Say "API key:       secret voice-api-keys in vault $vault"
    Say "First call:    `$key = (az keyvault secret show --vault-name $vault --name voice-api-keys --query value --output tsv).Split(',')[0]"
    Say "               Invoke-RestMethod -Method Post -Uri $url/v1/realtime/client_secrets -Headers @{ Authorization = `"Bearer `$key`" } -ContentType application/json -Body '{}'"
    Say 'Take it down:  azd down --purge   (without --purge the vaults stay deleted-but-recoverable and keep their names for seven days)'
}
finally { Remove-Item -Recurse -Force $folder }
