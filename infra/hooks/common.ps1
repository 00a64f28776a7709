# What the hooks share; dot-sourced, not run. The same as common.sh; needs PowerShell 7.4 or later.
$ErrorActionPreference = 'Stop'
# An az that says no is our matter, with our words.
$PSNativeCommandUseErrorActionPreference = $false

$Limit = if ($env:VOICE_HOOK_LIMIT_SECONDS) { [int]$env:VOICE_HOOK_LIMIT_SECONDS } else { 600 }
$Pause = if ($env:VOICE_HOOK_PAUSE_SECONDS) { [int]$env:VOICE_HOOK_PAUSE_SECONDS } else { 10 }

function Say([string]$Text) { Write-Output $Text }

function Fail([string]$Problem, [string]$Fix) {
    [Console]::Error.WriteLine("voice: $Problem")
    if ($Fix) { [Console]::Error.WriteLine("       -> $Fix") }
    exit 1
}

# azd gives arrays as JSON text. Always a list, also of one.
function Read-List([string]$Json) {
    if (-not $Json) { return , @() }
    return , @($Json.Replace('\"', '"') | ConvertFrom-Json)
}

function Need([string]$Program, [string]$Fix) {
    if (-not (Get-Command $Program -ErrorAction SilentlyContinue)) { Fail "'$Program' is not on the PATH" $Fix }
}

function Need-Az {
    Need 'az' 'install the Azure CLI 2.60 or later: https://aka.ms/azure-cli'
    az account show --output none 2>$null
    if ($LASTEXITCODE -ne 0) { Fail 'the Azure CLI is not signed in' "run 'az login', or 'azd config set auth.useAzCliAuth true' and sign in once" }
}

# A folder of our own for whatever is secret; whoever makes it removes it in 'finally'.
function New-Folder {
    $path = Join-Path ([IO.Path]::GetTempPath()) ('voice-' + [Guid]::NewGuid().ToString('N'))
    if ($IsWindows) {
        # The user's own temporary folder: others of the machine can't read it.
        [void][IO.Directory]::CreateDirectory($path)
    }
    else {
        [void][IO.Directory]::CreateDirectory($path, [IO.UnixFileMode]'UserRead, UserWrite, UserExecute')
    }
    return $path
}

# Why the last az command said no: its first line, which names things and never a value.
function Get-Reason([string]$ErrorFile) {
    $line = Get-Content $ErrorFile -ErrorAction SilentlyContinue | Where-Object { $_.Trim() } | Select-Object -First 1
    if (-not $line) { return '' }
    $line = $line -replace '^ERROR: *', ''
    return $line.Substring(0, [Math]::Min(300, $line.Length))
}
