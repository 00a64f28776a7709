param location string = resourceGroup().location


resource app 'Microsoft.App/containerApps@2026-01-01' = {
  name: 'worker'
  location: location
  properties: {
    configuration: { activeRevisionsMode: 'One' } // expect: arm-wrong-enum
    template: {
      containers: [{ name: 'worker', image: 'example.com/worker:1', resources: { cpu: json('0.5'), memory: '1Gi' } }]
    }
  }
}
