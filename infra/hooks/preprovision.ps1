# Before each 'azd provision': what templates can't check, and what they can't make. The same as preprovision.sh; see README.md.
. (Join-Path $PSScriptRoot 'common.ps1')

Need-Az
Need 'azd' 'install the Azure Developer CLI: https://aka.ms/azd'
$version = az version --query '"azure-cli"' --output tsv
if ([version]$version -lt [version]'2.60') { Fail "the Azure CLI is $version" "run 'az upgrade': 2.60 or later knows Container Apps without an extension" }

# The regions: one object each in main.parameters.json.
$parameters = if ($env:VOICE_PARAMETERS_FILE) { $env:VOICE_PARAMETERS_FILE } else { Join-Path $PSScriptRoot '../bicep/main.parameters.json' }
if (-not (Test-Path $parameters)) { Fail "$parameters is not there" 'run azd from a clone of the repository' }
$regions = (Get-Content -Raw $parameters | ConvertFrom-Json).parameters.regions.value
if (-not $regions) { Fail "$parameters has no regions" 'give "regions": { "value": [ { "location": "${AZURE_LOCATION}", "number": 1, "shards": 2 } ] }' }

$maximum = 8
$numbers = @()
$locations = @()
foreach ($region in $regions) {
    $location = "$($region.location)".Replace('${AZURE_LOCATION}', "$env:AZURE_LOCATION")
    if (-not $location) { Fail 'a region in main.parameters.json has no location' "run 'azd env set AZURE_LOCATION swedencentral', or write the location there" }
    if ($null -eq $region.number) { Fail "region $location has no number" 'give it one from 0 to 255 that no other region has or has had' }
    if ($region.number -lt 0 -or $region.number -gt 255) { Fail "region $location has the number $($region.number)" 'give it one from 0 to 255' }
    if ($numbers -contains $region.number) { Fail "two regions have the number $($region.number)" 'hints, addresses and ports follow from it: give each its own, and never reuse one' }
    if ($locations -contains $location) { Fail "location $location is there twice" 'give its region more shards instead' }
    if (([int]$region.shards + [int]$region.standbyShards) -gt $maximum) { Fail "region $location has more than $maximum shards" 'raise maximumShards in main.bicep and here; standby shards count too' }
    $numbers += $region.number
    $locations += $location
}
Say "regions: $($locations -join ' ') (numbers: $($numbers -join ' '))"

# On a machine that never deployed this environment (a pipeline's) azd finds two groups or more with its tag, takes none, and says that no app exists: placeholders
# would be put over what runs. So it is told where they are, once all four are there.
if (-not $env:AZURE_RESOURCE_GROUP -and $env:AZURE_ENV_NAME) {
    $group = "rg-$($env:AZURE_ENV_NAME)-$($locations[0])"
    $apps = @(az containerapp list --resource-group $group --query '[].name' --output tsv 2>$null | Where-Object { $_ })
    $missing = @('signaling', 'relay', 'transceiver-00', 'local-agent' | Where-Object { $apps -cnotcontains $_ })
    if ($missing.Count -eq 0) {
        azd env set AZURE_RESOURCE_GROUP $group
        if ($LASTEXITCODE -ne 0) { Fail 'azd does not keep AZURE_RESOURCE_GROUP' "run 'azd env set AZURE_RESOURCE_GROUP $group'" }
        Say "apps: those of $group are updated"
    }
    elseif ($apps.Count -gt 0) { Say "apps: $group lacks $($missing -join ' '); placeholders come first" }
}

# Machines want a public key, and nobody is to sign in to them: a pair whose private half never leaves the folder that goes.
if ($env:VOICE_EDGE -eq 'udp-edge' -and -not $env:VOICE_EDGE_SSH_PUBLIC_KEY) {
    Need 'ssh-keygen' "install OpenSSH's client, or set VOICE_EDGE_SSH_PUBLIC_KEY"
    $folder = New-Folder
    try {
        ssh-keygen -q -t rsa -b 3072 -N '' -C dapr-voice -f (Join-Path $folder 'key')
        azd env set VOICE_EDGE_SSH_PUBLIC_KEY (Get-Content -Raw (Join-Path $folder 'key.pub')).Trim()
        if ($LASTEXITCODE -ne 0) { Fail 'azd does not keep VOICE_EDGE_SSH_PUBLIC_KEY' "run 'azd env set VOICE_EDGE_SSH_PUBLIC_KEY …' with a public key of yours" }
    }
    finally { Remove-Item -Recurse -Force $folder }
    Say 'machines of the edge: a public key was made, its private half thrown away (set VOICE_EDGE_SSH_PUBLIC_KEY to your own to sign in)'
}
