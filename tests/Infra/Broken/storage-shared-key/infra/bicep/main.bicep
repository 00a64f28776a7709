param location string = resourceGroup().location

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' = {
  name: 'stvoice'
  location: location
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    allowSharedKeyAccess: true // expect: storage-shared-key on stvoice properties.allowSharedKeyAccess
    allowBlobPublicAccess: false
    supportsHttpsTrafficOnly: true
    minimumTlsVersion: 'TLS1_2'
  }
}
