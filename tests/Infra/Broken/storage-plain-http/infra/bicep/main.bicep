param location string = resourceGroup().location

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' = {
  name: 'stvoice'
  location: location
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    supportsHttpsTrafficOnly: false // expect: storage-tls on stvoice properties.supportsHttpsTrafficOnly
    minimumTlsVersion: 'TLS1_2'
  }
}
