param location string = resourceGroup().location


resource worker 'Microsoft.App/containerApps@2026-01-01' = {
  name: 'worker'
  location: location
  properties: {
    configuration: {
      activeRevisionsMode: 'Single'
    }
    template: {
      scale: { minReplicas: 3, maxReplicas: 2 } // expect: aca-scale on worker properties.template.scale
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
