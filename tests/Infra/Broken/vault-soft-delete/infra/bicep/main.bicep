param location string = resourceGroup().location

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' = {
  name: 'kv-voice'
  location: location
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    softDeleteRetentionInDays: 6 // expect: vault-soft-delete on kv-voice properties.softDeleteRetentionInDays
  }
}
