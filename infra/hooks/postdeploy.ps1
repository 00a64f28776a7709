# After 'azd deploy', which changes one app for each service: the same images for every other app, shard by shard. The same as postdeploy.sh; see README.md.
. (Join-Path $PSScriptRoot 'common.ps1')

Need-Az
$groups = Read-List $env:VOICE_RESOURCE_GROUPS
if ($groups.Count -eq 0) { Fail 'VOICE_RESOURCE_GROUPS is not set' "run 'azd provision' first: it sets it from the outputs of main.bicep" }
$shards = Read-List $env:VOICE_SHARDS
$folder = New-Folder
$errorFile = Join-Path $folder 'error'

# Sets the image where another one is there, and waits until its revision runs.
function Update([string]$Group, [string]$App, [string]$Image) {
    if (-not $Image -or $apps -cnotcontains $App) { return }
    $current = az containerapp show --resource-group $Group --name $App --query 'properties.template.containers[0].image' --output tsv 2>$errorFile
    if ($LASTEXITCODE -ne 0) { Fail "$Group/$App can't be read: $(Get-Reason $errorFile)" 'whoever runs azd needs the role Contributor on the group' }
    if ($current -ceq $Image) { Say "$Group/${App}: has its image"; return }
    az containerapp update --resource-group $Group --name $App --image $Image --output none 2>$errorFile
    if ($LASTEXITCODE -ne 0) { Fail "$Group/$App does not take the image: $(Get-Reason $errorFile)" "the apps done so far have it; 'azd deploy' again goes on" }
    for ($waited = 0; ; $waited += $Pause) {
        $running = az containerapp show --resource-group $Group --name $App --query 'properties.latestRevisionName == properties.latestReadyRevisionName' --output tsv 2>$errorFile
        if ("$running" -eq 'true') { break }
        if ($waited -ge $Limit) { Fail "$Group/${App}: the new revision does not run after $Limit s" "see why: az containerapp logs show --name $App --resource-group $Group --tail 50; the others keep the old image" }
        Say "$Group/${App}: new revision starts, $waited s of $Limit s"
        Start-Sleep -Seconds $Pause
    }
    Say "$Group/${App}: runs the new image"
}

try {
    for ($i = 0; $i -lt $groups.Count; $i++) {
        $group = $groups[$i]
        $apps = @(az containerapp list --resource-group $group --query '[].name' --output tsv 2>$errorFile | Where-Object { $_ })
        if ($apps.Count -eq 0) { Fail "no app in ${group}: $(Get-Reason $errorFile)" "run 'azd provision' first" }
        # One shard after the other: while one is away, its calls go to the others.
        foreach ($shard in @($shards[$i])) { Update $group $shard $env:SERVICE_TRANSCEIVER_IMAGE_NAME }
        Update $group 'relay' $env:SERVICE_RELAY_IMAGE_NAME
        Update $group 'local-agent' $env:SERVICE_LOCAL_AGENT_IMAGE_NAME
        Update $group 'signaling' $env:SERVICE_SIGNALING_IMAGE_NAME
    }
    Say 'every app has its image; machines of the edge follow at the next ''azd provision'''
}
finally { Remove-Item -Recurse -Force $folder }
