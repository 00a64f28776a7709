param location string = resourceGroup().location

resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' = {
  name: 'crvoice'
  location: location
  sku: { name: 'Basic' } // expect: registry-tier on crvoice sku.name
  properties: {
    adminUserEnabled: false
  }
}

resource replica 'Microsoft.ContainerRegistry/registries/replications@2025-11-01' = {
  parent: registry
  name: 'northeurope'
  location: 'northeurope'
  properties: { regionEndpointEnabled: true }
}
