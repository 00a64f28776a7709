param location string = resourceGroup().location

resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' = {
  name: 'crvoice'
  location: location
  sku: { name: 'Basic' }
  properties: {
    adminUserEnabled: false
  }
}

resource puller 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-puller'
  location: location
}


resource worker 'Microsoft.App/containerApps@2026-01-01' = {
  name: 'worker'
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${puller.id}': {} }
  }
  properties: {
    configuration: {
      activeRevisionsMode: 'Single'
      registries: [
        { server: registry.properties.loginServer, identity: puller.id } // expect: role-missing on worker properties.configuration.registries[0]
      ]
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
