import { identitiesType, tagsType } from '../types.bicep'

metadata description = 'The managed identities of one region, one per thing that is reached: an app carries those of the components that it uses and no other.'

@description('Azure location.')
param location string

@description('Tags of every resource.')
param tags tagsType

@description('Reads and writes the state stores of the region and of its buddy.')
resource state 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-voice-state'
  location: location
  tags: tags
  properties: {}
}

@description('Reads secrets of the region\'s vault.')
resource secrets 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-voice-secrets'
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

@description('The four of them.')
output all identitiesType = {
  state: { id: state.id, clientId: state.properties.clientId, principalId: state.properties.principalId }
  secrets: { id: secrets.id, clientId: secrets.properties.clientId, principalId: secrets.properties.principalId }
  events: { id: events.id, clientId: events.properties.clientId, principalId: events.properties.principalId }
  pull: { id: pull.id, clientId: pull.properties.clientId, principalId: pull.properties.principalId }
}
