param location string = resourceGroup().location

resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' = {
  name: 'crvoice'
  location: location
  sku: { name: 'Basic' }
  properties: {
    adminUserEnabled: true // expect: registry-admin-user on crvoice properties.adminUserEnabled
  }
}
