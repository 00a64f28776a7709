import { roles } from '../roles.bicep'
import { tagsType } from '../types.bicep'

metadata description = 'Lifecycle events of one region: Service Bus topics. No broker spans regions.'

@minLength(6)
@maxLength(50)
@description('Name of the namespace, the only one in the world.')
param name string

@description('Azure location.')
param location string

@description('Tags of every resource.')
param tags tagsType

@description('Principal id of the identity that sends, and receives where somebody subscribes: a Dapr component has one identity for both.')
param eventsPrincipalId string

@description('App ids of other services that subscribe.')
param subscribers string[]

// Topics in libs/Contracts. The sidecars may not make any (disableEntityManagement): that would take the right to manage the namespace.
var topicNames = ['voice-sessions', 'voice-fleet', 'voice-dead-letter']

// The first two of them. Nothing of ours is sent to the third.
var subscribedTopics = 2

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

resource topics 'Microsoft.ServiceBus/namespaces/topics@2026-01-01' = [
  for topic in topicNames: {
    parent: namespace
    name: topic
    properties: {
      // Events tell what happens now. A subscriber that was away for a day asks for the sessions instead.
      defaultMessageTimeToLive: 'P1D'
      maxSizeInMegabytes: 1024
      supportOrdering: false
    }
  }
]

// Named as Dapr looks for it: the consumer id is the app id. What nobody fetches is gone after an hour: it counts against the topic's size, and a full topic takes no more from us.
resource subscriptions 'Microsoft.ServiceBus/namespaces/topics/subscriptions@2026-01-01' = [
  for i in range(0, subscribedTopics * length(subscribers)): {
    parent: topics[i % subscribedTopics]
    name: subscribers[i / subscribedTopics]
    properties: {
      defaultMessageTimeToLive: 'PT1H'
      lockDuration: 'PT1M'
      // With the pauses of the component (dapr-components.bicep) this is half a minute at least: docs/decisions/0043.
      maxDeliveryCount: 600
      deadLetteringOnMessageExpiration: false
    }
  }
]

resource sender 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: namespace
  name: guid(namespace.id, eventsPrincipalId, roles.serviceBusDataSender)
  properties: {
    principalId: eventsPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.serviceBusDataSender)
  }
}

resource receiver 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(subscribers)) {
  scope: namespace
  name: guid(namespace.id, eventsPrincipalId, roles.serviceBusDataReceiver)
  properties: {
    principalId: eventsPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.serviceBusDataReceiver)
  }
}

@description('Host name, as the Dapr component wants it.')
output host string = '${namespace.name}.servicebus.windows.net'
