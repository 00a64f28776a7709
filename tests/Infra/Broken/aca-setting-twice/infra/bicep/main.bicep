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
          resources: { cpu: json('0.5'), memory: '1Gi' }
          env: [
            { name: 'LEVEL', value: '1' }
            { name: 'LEVEL', value: '2' } // expect: aca-setting-twice on worker properties.template.containers[0].env[1]
          ]
        }
      ]
    }
  }
}
