param location string = resourceGroup().location

resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: 'vnet'
  location: location
  properties: {
    addressSpace: { addressPrefixes: ['10.1.0.0/16'] }
    subnets: [
      { // expect: subnet-delegation on vnet properties.subnets[0]
        name: 'apps'
        properties: {
          addressPrefix: '10.1.0.0/23'
          networkSecurityGroup: { id: group.id }
        }
      }
    ]
  }
}

resource group 'Microsoft.Network/networkSecurityGroups@2025-05-01' = {
  name: 'nsg'
  location: location
  properties: {
    securityRules: [
      {
        name: 'media'
        properties: {
          priority: 100
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Udp'
          sourceAddressPrefix: 'Internet'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '3478'
        }
      }
    ]
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
    vnetConfiguration: { infrastructureSubnetId: '${network.id}/subnets/apps' }
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: environment
  name: 'logs'
  properties: { workspaceId: workspace.id, logs: [{ categoryGroup: 'allLogs', enabled: true }] }
}
