import { identitiesType, tagsType } from '../types.bicep'

metadata description = 'The managed identities of one region. Each kind of app has its own, which opens what that app needs. Two more are for what several do alike: sending events and pulling images.'

@description('Azure location.')
param location string

@description('Tags of every resource.')
param tags tagsType

@description('What signaling opens.')
resource signaling 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-voice-signaling'
  location: location
  tags: tags
  properties: {}
}

@description('What a relay opens.')
resource relay 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-voice-relay'
  location: location
  tags: tags
  properties: {}
}

@description('What a transceiver opens.')
resource transceiver 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-voice-transceiver'
  location: location
  tags: tags
  properties: {}
}

@description('Sends lifecycle events.')
resource events 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-voice-events'
  location: location
  tags: tags
  properties: {}
}

@description('Pulls images.')
resource pull 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-voice-pull'
  location: location
  tags: tags
  properties: {}
}

@description('All of them.')
output all identitiesType = {
  signaling: {
    id: signaling.id
    clientId: signaling.properties.clientId
    principalId: signaling.properties.principalId
  }
  relay: { id: relay.id, clientId: relay.properties.clientId, principalId: relay.properties.principalId }
  transceiver: {
    id: transceiver.id
    clientId: transceiver.properties.clientId
    principalId: transceiver.properties.principalId
  }
  events: { id: events.id, clientId: events.properties.clientId, principalId: events.properties.principalId }
  pull: { id: pull.id, clientId: pull.properties.clientId, principalId: pull.properties.principalId }
}
