param location string = resourceGroup().location


resource worker 'Microsoft.App/containerApps@2026-01-01' = {
  name: 'worker'
  location: location
  properties: {
    configuration: {
      activeRevisionsMode: 'Single'
    }
    template: {
      containers: [
        {
          name: 'worker'
          image: 'example.com/worker:1'
          resources: { cpu: json('0.3'), memory: '1Gi' } // expect: aca-size on worker properties.template.containers[0].resources.cpu
        }
      ]
    }
  }
}
