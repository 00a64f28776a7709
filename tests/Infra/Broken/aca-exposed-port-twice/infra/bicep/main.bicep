param location string = resourceGroup().location


resource one 'Microsoft.App/containerApps@2026-01-01' = {
  name: 'one'
  location: location
  properties: {
    configuration: {
      activeRevisionsMode: 'Single'
      ingress: { external: false, transport: 'tcp', targetPort: 9000, exposedPort: 9000 }
    }
    template: {
      containers: [
        {
          name: 'one'
          image: 'example.com/one:1'
          resources: { cpu: json('0.5'), memory: '1Gi' }
        }
      ]
    }
  }
}

resource two 'Microsoft.App/containerApps@2026-01-01' = {
  name: 'two'
  location: location
  properties: {
    configuration: {
      activeRevisionsMode: 'Single'
      ingress: { external: false, transport: 'tcp', targetPort: 9000, exposedPort: 9000 } // expect: aca-exposed-port-twice on two properties.configuration.ingress.exposedPort
    }
    template: {
      containers: [
        {
          name: 'two'
          image: 'example.com/two:1'
          resources: { cpu: json('0.5'), memory: '1Gi' }
        }
      ]
    }
  }
}
