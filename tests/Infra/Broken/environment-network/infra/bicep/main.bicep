param location string = resourceGroup().location


resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: 'log-voice'
  location: location
  properties: { features: { disableLocalAuth: true } }
}

resource environment 'Microsoft.App/managedEnvironments@2026-01-01' = { // expect: environment-network on cae-voice
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

resource worker 'Microsoft.App/containerApps@2026-01-01' = {
  name: 'worker'
  location: location
  properties: {
    environmentId: environment.id
    configuration: {
      activeRevisionsMode: 'Single'
      ingress: { external: true, transport: 'tcp', targetPort: 9000, exposedPort: 9000 }
    }
    template: {
      containers: [
        {
          name: 'worker'
          image: 'example.com/worker:1'
          resources: { cpu: json('0.5'), memory: '1Gi' }
        }
      ]
    }
  }
}
