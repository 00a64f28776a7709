param location string = resourceGroup().location

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' = {
  name: 'stvoice'
  location: location
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    supportsHttpsTrafficOnly: true
    minimumTlsVersion: 'TLS1_2'
  }
}

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: 'log-voice'
  location: location
  properties: { features: { disableLocalAuth: true } }
}

resource environment 'Microsoft.App/managedEnvironments@2026-01-01' = {
  name: 'cae-voice'
  location: location
  properties: {
    appLogsConfiguration: { destination: 'azure-monitor' }
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: environment
  name: 'logs'
  properties: { workspaceId: workspace.id, logs: [{ categoryGroup: 'allLogs', enabled: true }] }
}

resource state 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-state'
  location: location
}


resource writer 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: account
  name: guid(account.id, state.id, 'tables')
  properties: {
    principalId: state.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3')
  }
}

resource component 'Microsoft.App/managedEnvironments/daprComponents@2026-01-01' = {
  parent: environment
  name: 'sessions'
  properties: {
    componentType: 'state.azure.tablestorage'
    version: 'v1'
    metadata: [
      { name: 'accountName', value: 'stother' } // expect: fleet-agreement on sessions properties.metadata[0]
      { name: 'tableName', value: 'sessions' }
      { name: 'skipCreateTable', value: 'true' }
      { name: 'azureClientId', value: state.properties.clientId }
      { name: 'keyPrefix', value: 'none' }
    ]
    scopes: ['signaling', 'relay', 'transceiver-00']
  }
}
