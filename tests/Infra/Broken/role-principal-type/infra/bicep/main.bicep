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


resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = { // expect: role-principal-type on 4ce1ccf3-b0db-57b7-a069-c92b1d254189
  scope: registry
  name: guid(registry.id, puller.id, '7f951dda-4ed3-4680-a7ca-43fe172d538d')
  properties: {
    principalId: puller.properties.principalId
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
  }
}
