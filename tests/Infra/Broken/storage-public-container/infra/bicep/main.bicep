param location string = resourceGroup().location

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' = {
  name: 'stvoice'
  location: location
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    supportsHttpsTrafficOnly: true
    minimumTlsVersion: 'TLS1_2'
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2026-04-01' = {
  parent: account
  name: 'default'
}

resource checkpoints 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-04-01' = {
  parent: blobs
  name: 'checkpoints'
  properties: { publicAccess: 'Blob' } // expect: storage-public-blob on checkpoints properties.publicAccess
}
