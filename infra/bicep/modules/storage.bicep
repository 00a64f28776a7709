import { roles } from '../roles.bicep'
import { tagsType } from '../types.bicep'

metadata description = 'State of one region: table `sessions` (who owns what, session records) and blob container `checkpoints` (sealed). Reached by identity alone.'

@minLength(3)
@maxLength(24)
@description('Name of the account, lower-case letters and digits, the only one in the world. Given from above, since the buddy region names it too.')
param name string

@description('Azure location.')
param location string

@description('Tags of every resource.')
param tags tagsType

@description('Keep copies in three zones rather than in one building.')
param zoneRedundant bool

@description('Principal ids that read and write the table: signaling and the transceivers of the region, and the transceivers of the region whose buddy this one is.')
param sessionWriters string[]

@description('Principal ids that read the table: the relays of the region.')
param sessionReaders string[]

@description('Principal ids that read and write the container: the transceivers of the region, and those of the region whose buddy this one is.')
param checkpointWriters string[]

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS' }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    // No account key and no shared access signature opens this account.
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    // The buddy region's sidecars write here from another network; a role is what lets them in.
    publicNetworkAccess: 'Enabled'
    supportsHttpsTrafficOnly: true
  }
}

resource tables 'Microsoft.Storage/storageAccounts/tableServices@2026-04-01' = {
  parent: account
  name: 'default'
  properties: {}
}

resource sessions 'Microsoft.Storage/storageAccounts/tableServices/tables@2026-04-01' = {
  parent: tables
  name: 'sessions'
  properties: {}
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2026-04-01' = {
  parent: account
  name: 'default'
  properties: {
    // A checkpoint that is deleted holds the keys of a call that is over: nothing is to bring it back.
    containerDeleteRetentionPolicy: { enabled: false }
    deleteRetentionPolicy: { enabled: false }
  }
}

resource checkpoints 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-04-01' = {
  parent: blobs
  name: 'checkpoints'
  properties: { publicAccess: 'None' }
}

// An owner deletes what it wrote some minutes after the call. This takes what an owner left that died: no call is longer than a day.
resource retention 'Microsoft.Storage/storageAccounts/managementPolicies@2026-04-01' = {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'checkpoints-of-dead-owners'
          type: 'Lifecycle'
          enabled: true
          definition: {
            actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: 2 } } }
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['checkpoints/'] }
          }
        }
      ]
    }
  }
  dependsOn: [checkpoints]
}

// Each role is given on the one table or container, so that whatever else comes into the account is closed to them.
resource tableWriters 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for principal in sessionWriters: {
    scope: sessions
    name: guid(sessions.id, principal, roles.storageTableDataContributor)
    properties: {
      principalId: principal
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        roles.storageTableDataContributor
      )
    }
  }
]

resource tableReaders 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for principal in sessionReaders: {
    scope: sessions
    name: guid(sessions.id, principal, roles.storageTableDataReader)
    properties: {
      principalId: principal
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageTableDataReader)
    }
  }
]

resource blobWriters 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for principal in checkpointWriters: {
    scope: checkpoints
    name: guid(checkpoints.id, principal, roles.storageBlobDataContributor)
    properties: {
      principalId: principal
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        roles.storageBlobDataContributor
      )
    }
  }
]
