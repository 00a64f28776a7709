import { roles } from '../roles.bicep'
import { tagsType } from '../types.bicep'

metadata description = 'Key Vault of one region: the fleet\'s keys, made by the post-provision hook and read by the sidecars.'

@minLength(3)
@maxLength(24)
@description('Name of the vault, the only one in the world.')
param name string

@description('Azure location.')
param location string

@description('Tags of every resource.')
param tags tagsType

@description('Principal id of the identity that reads secrets.')
param readerPrincipalId string

@description('Object id of whoever runs azd: writes the fleet\'s keys. Empty: nobody is added.')
param writerPrincipalId string

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    // Without purge protection `azd down --purge` leaves nothing, and the name can be had again. Turn it on where keys must outlive a mistake.
    softDeleteRetentionInDays: 7
    // The hook writes from wherever azd runs; a role is what lets it in.
    publicNetworkAccess: 'Enabled'
  }
}

resource reader 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: vault
  name: guid(vault.id, readerPrincipalId, roles.keyVaultSecretsUser)
  properties: {
    principalId: readerPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.keyVaultSecretsUser)
  }
}

// Without principalType: a person on a laptop, a service principal in a pipeline.
resource writer 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(writerPrincipalId)) {
  scope: vault
  name: guid(vault.id, writerPrincipalId, roles.keyVaultSecretsOfficer)
  properties: {
    principalId: writerPrincipalId
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.keyVaultSecretsOfficer)
  }
}

@description('Name of the vault.')
output name string = vault.name

@description('URI of the vault.')
output uri string = vault.properties.vaultUri
