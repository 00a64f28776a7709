param location string = resourceGroup().location

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' = {
  name: 'stvoice'
  location: location
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    allowSharedKeyAccess: false
    allowBlobPublicAccess: true // expect: storage-public-blob on stvoice properties.allowBlobPublicAccess
    supportsHttpsTrafficOnly: true
    minimumTlsVersion: 'TLS1_2'
  }
}
