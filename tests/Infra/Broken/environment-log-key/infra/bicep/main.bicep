param location string = resourceGroup().location


resource environment 'Microsoft.App/managedEnvironments@2026-01-01' = {
  name: 'cae-voice'
  location: location
  properties: {
    appLogsConfiguration: { destination: 'log-analytics' } // expect: environment-logs on cae-voice properties.appLogsConfiguration.destination
  }
}
