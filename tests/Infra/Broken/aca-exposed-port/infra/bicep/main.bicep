param location string = resourceGroup().location


resource worker 'Microsoft.App/containerApps@2026-01-01' = {
  name: 'worker'
  location: location
  properties: {
    configuration: {
      activeRevisionsMode: 'Single'
      ingress: { external: false, transport: 'tcp', targetPort: 9000, exposedPort: 443 } // expect: aca-exposed-port on worker properties.configuration.ingress.exposedPort
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
