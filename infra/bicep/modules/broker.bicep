import { roles } from '../roles.bicep'

metadata description = 'Lifecycle events of one region: Service Bus topics. No broker spans regions.'

@minLength(6)
@maxLength(50)
@description('Name of the namespace, the only one in the world.')
param name string

@description('Azure location.')
param location string

@description('Tags of every resource.')
param tags object

@description('Principal id of the identity that sends. Whoever subscribes brings an identity and a subscription of its own.')
param senderPrincipalId string

// Topics in libs/Contracts. The sidecars may not make any (disableEntityManagement): that would take the right to manage the namespace.
var topicNames = ['voice-sessions', 'voice-fleet', 'voice-dead-letter']

resource namespace 'Microsoft.ServiceBus/namespaces@2026-01-01' = {
  name: name
  location: location
  tags: tags
  // The lowest tier with topics.
  sku: { name: 'Standard', tier: 'Standard' }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
    publicNetworkAccess: 'Enabled'
  }
}

resource topics 'Microsoft.ServiceBus/namespaces/topics@2026-01-01' = [for topic in topicNames: {
  parent: namespace
  name: topic
  properties: {
    // Events tell what happens now. A subscriber that was away for a day asks for the sessions instead.
    defaultMessageTimeToLive: 'P1D'
    maxSizeInMegabytes: 1024
    supportOrdering: false
  }
}]

resource sender 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: namespace
  name: guid(namespace.id, senderPrincipalId, roles.serviceBusDataSender)
  properties: {
    principalId: senderPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.serviceBusDataSender)
  }
}

@description('Host name, as the Dapr component wants it.')
output host string = '${namespace.name}.servicebus.windows.net'
