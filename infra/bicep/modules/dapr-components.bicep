import { identitiesType } from '../types.bicep'

metadata description = 'Dapr components of one region\'s environment: names, types and tables as in components/azure, identities instead of keys. Each kind of app has components of its own for state and secrets, named with its suffix (VOICE_COMPONENT_SUFFIX), since a component has one identity.'

@description('Name of the Container Apps environment.')
param environmentName string

@description('Outputs of identity.bicep.')
param identities identitiesType

@description('Name of the region\'s storage account.')
param storageAccount string

@description('Name of the buddy region\'s storage account; empty where there is one region.')
param buddyStorageAccount string

@description('Host name of the Service Bus namespace.')
param brokerHost string

@description('Name of the Key Vault.')
param vaultName string

@description('The relay runs in this environment, and not on virtual machines with a sidecar of their own.')
param withRelay bool

@description('App ids of the transceiver shards.')
param shardAppIds string[]

@description('App ids of other services that subscribe to lifecycle events.')
param subscribers string[]

var topics = 'voice-sessions,voice-fleet,voice-dead-letter'
var publishers = concat(['signaling'], shardAppIds)

resource environment 'Microsoft.App/managedEnvironments@2026-01-01' existing = {
  name: environmentName
}

resource sessionsOfSignaling 'Microsoft.App/managedEnvironments/daprComponents@2026-01-01' = {
  parent: environment
  name: 'sessions-signaling'
  properties: {
    componentType: 'state.azure.tablestorage'
    version: 'v1'
    metadata: [
      { name: 'accountName', value: storageAccount }
      { name: 'tableName', value: 'sessions' }
      { name: 'skipCreateTable', value: 'true' }
      { name: 'azureClientId', value: identities.signaling.clientId }
      { name: 'keyPrefix', value: 'none' }
    ]
    scopes: ['signaling']
  }
}

resource sessionsOfRelay 'Microsoft.App/managedEnvironments/daprComponents@2026-01-01' = if (withRelay) {
  parent: environment
  name: 'sessions-relay'
  properties: {
    componentType: 'state.azure.tablestorage'
    version: 'v1'
    metadata: [
      { name: 'accountName', value: storageAccount }
      { name: 'tableName', value: 'sessions' }
      { name: 'skipCreateTable', value: 'true' }
      { name: 'azureClientId', value: identities.relay.clientId }
      { name: 'keyPrefix', value: 'none' }
    ]
    scopes: ['relay']
  }
}

resource sessionsOfTransceivers 'Microsoft.App/managedEnvironments/daprComponents@2026-01-01' = {
  parent: environment
  name: 'sessions-transceiver'
  properties: {
    componentType: 'state.azure.tablestorage'
    version: 'v1'
    metadata: [
      { name: 'accountName', value: storageAccount }
      { name: 'tableName', value: 'sessions' }
      { name: 'skipCreateTable', value: 'true' }
      { name: 'azureClientId', value: identities.transceiver.clientId }
      { name: 'keyPrefix', value: 'none' }
    ]
    scopes: shardAppIds
  }
}

resource checkpoints 'Microsoft.App/managedEnvironments/daprComponents@2026-01-01' = {
  parent: environment
  name: 'checkpoints-transceiver'
  properties: {
    componentType: 'state.azure.blobstorage'
    version: 'v2'
    metadata: [
      { name: 'accountName', value: storageAccount }
      { name: 'containerName', value: 'checkpoints' }
      { name: 'disableEntityManagement', value: 'true' }
      { name: 'azureClientId', value: identities.transceiver.clientId }
      { name: 'keyPrefix', value: 'none' }
    ]
    scopes: shardAppIds
  }
}

resource sessionsBuddy 'Microsoft.App/managedEnvironments/daprComponents@2026-01-01' = if (!empty(buddyStorageAccount)) {
  parent: environment
  name: 'sessions-buddy-transceiver'
  properties: {
    componentType: 'state.azure.tablestorage'
    version: 'v1'
    metadata: [
      { name: 'accountName', value: buddyStorageAccount }
      { name: 'tableName', value: 'sessions' }
      { name: 'skipCreateTable', value: 'true' }
      { name: 'azureClientId', value: identities.transceiver.clientId }
      { name: 'keyPrefix', value: 'none' }
    ]
    scopes: shardAppIds
  }
}

resource checkpointsBuddy 'Microsoft.App/managedEnvironments/daprComponents@2026-01-01' = if (!empty(buddyStorageAccount)) {
  parent: environment
  name: 'checkpoints-buddy-transceiver'
  properties: {
    componentType: 'state.azure.blobstorage'
    version: 'v2'
    metadata: [
      { name: 'accountName', value: buddyStorageAccount }
      { name: 'containerName', value: 'checkpoints' }
      { name: 'disableEntityManagement', value: 'true' }
      { name: 'azureClientId', value: identities.transceiver.clientId }
      { name: 'keyPrefix', value: 'none' }
    ]
    scopes: shardAppIds
  }
}

// No dead-letter topic in our subscriptions and no resiliency resource: Service Bus itself delivers again and has a dead-letter queue, and resiliency of
// components is still a preview in Container Apps.
resource lifecycle 'Microsoft.App/managedEnvironments/daprComponents@2026-01-01' = {
  parent: environment
  name: 'lifecycle'
  properties: {
    componentType: 'pubsub.azure.servicebus.topics'
    version: 'v1'
    metadata: [
      { name: 'namespaceName', value: brokerHost }
      { name: 'azureClientId', value: identities.events.clientId }
      { name: 'disableEntityManagement', value: 'true' }
      // A subscriber that is away for some seconds would use up all deliveries of its events at once (docs/decisions/0043).
      { name: 'maxActiveMessages', value: '20' }
      { name: 'maxRetriableErrorsPerSec', value: '20' }
      // Who is not named here may publish everything: a subscriber is named with nothing.
      {
        name: 'publishingScopes'
        value: join(concat(map(publishers, id => '${id}=${topics}'), map(subscribers, id => '${id}=')), ';')
      }
    ]
    scopes: concat(publishers, subscribers)
  }
}

resource secretsOfSignaling 'Microsoft.App/managedEnvironments/daprComponents@2026-01-01' = {
  parent: environment
  name: 'secrets-signaling'
  properties: {
    componentType: 'secretstores.azure.keyvault'
    version: 'v1'
    metadata: [
      { name: 'vaultName', value: vaultName }
      { name: 'azureClientId', value: identities.signaling.clientId }
    ]
    scopes: ['signaling']
  }
}

resource secretsOfRelay 'Microsoft.App/managedEnvironments/daprComponents@2026-01-01' = if (withRelay) {
  parent: environment
  name: 'secrets-relay'
  properties: {
    componentType: 'secretstores.azure.keyvault'
    version: 'v1'
    metadata: [
      { name: 'vaultName', value: vaultName }
      { name: 'azureClientId', value: identities.relay.clientId }
    ]
    scopes: ['relay']
  }
}

resource secretsOfTransceivers 'Microsoft.App/managedEnvironments/daprComponents@2026-01-01' = {
  parent: environment
  name: 'secrets-transceiver'
  properties: {
    componentType: 'secretstores.azure.keyvault'
    version: 'v1'
    metadata: [
      { name: 'vaultName', value: vaultName }
      { name: 'azureClientId', value: identities.transceiver.clientId }
    ]
    scopes: shardAppIds
  }
}
