param location string = resourceGroup().location


resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' = { // expect: logs-local-auth on log-voice
  name: 'log-voice'
  location: location
  properties: { sku: { name: 'PerGB2018' } }
}
