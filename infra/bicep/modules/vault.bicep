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

@description('Principal id of signaling\'s identity.')
param signalingPrincipalId string

@description('Principal id of the relays\' identity.')
param relayPrincipalId string

@description('Principal id of the transceivers\' identity.')
param transceiverPrincipalId string

@description('Name of the secret with the key for the agents, which the transceivers read. Empty: none.')
param agentKeySecretName string

@description('Standby shards ask signaling how many are wanted: both read the token for that.')
param isAskedByScaler bool

@description('The hook has written the keys. Until then nobody reads any, and a role can\'t be given on what is not there.')
param hasKeys bool

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

// Who reads which key: FleetSecrets in libs/Hosting, whose names libs/Contracts has. A test compares them.
var principals = [signalingPrincipalId, relayPrincipalId, transceiverPrincipalId]
var signalingReads = 0
var relayReads = 1
var transceiverReads = 2
var grants = [
  { secret: 'voice-hint-keys', reader: signalingReads }
  { secret: 'voice-password-keys', reader: signalingReads }
  { secret: 'voice-token-keys', reader: signalingReads }
  { secret: 'voice-api-keys', reader: signalingReads }
  { secret: 'voice-hint-keys', reader: relayReads }
  { secret: 'voice-password-keys', reader: relayReads }
  { secret: 'voice-link-key', reader: relayReads }
  { secret: 'voice-hint-keys', reader: transceiverReads }
  { secret: 'voice-password-keys', reader: transceiverReads }
  { secret: 'voice-link-key', reader: transceiverReads }
  { secret: 'voice-dtls-certificate', reader: transceiverReads }
]

resource keys 'Microsoft.KeyVault/vaults/secrets@2025-05-01' existing = [
  for grant in grants: {
    parent: vault
    name: grant.secret
  }
]

resource readers 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (grant, i) in grants: if (hasKeys) {
    scope: keys[i]
    name: guid(vault.id, grant.secret, principals[grant.reader], roles.keyVaultSecretsUser)
    properties: {
      principalId: principals[grant.reader]
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.keyVaultSecretsUser)
    }
  }
]

resource scaleToken 'Microsoft.KeyVault/vaults/secrets@2025-05-01' existing = {
  parent: vault
  name: 'voice-scale-token'
}

resource scaleTokenReaders 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for reader in [signalingReads, transceiverReads]: if (hasKeys && isAskedByScaler) {
    scope: scaleToken
    name: guid(vault.id, 'voice-scale-token', principals[reader], roles.keyVaultSecretsUser)
    properties: {
      principalId: principals[reader]
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.keyVaultSecretsUser)
    }
  }
]

resource agentKey 'Microsoft.KeyVault/vaults/secrets@2025-05-01' existing = if (!empty(agentKeySecretName)) {
  parent: vault
  name: empty(agentKeySecretName) ? 'none' : agentKeySecretName
}

resource agentKeyReader 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (hasKeys && !empty(agentKeySecretName)) {
  scope: agentKey
  name: guid(vault.id, agentKeySecretName, transceiverPrincipalId, roles.keyVaultSecretsUser)
  properties: {
    principalId: transceiverPrincipalId
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
