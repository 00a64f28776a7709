resource vault 'Microsoft.KeyVault/vaults@2025-05-01' = {
  name: 'kv-voice'
  location: resourceGroup().location
  properties: { // expect: arm-missing-property
    tenantId: tenant().tenantId
    enableRbacAuthorization: true
  }
}
