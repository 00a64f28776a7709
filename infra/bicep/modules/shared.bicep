import { roles } from '../roles.bicep'
import { tagsType } from '../types.bicep'

metadata description = 'What all regions share, none of which holds state: the registry with a replica in each region, and the Front Door profile.'

@description('Azure location of the registry; a replica is made in each of the others.')
param location string

@description('Locations of the other regions.')
param otherLocations string[]

@description('Tags of every resource.')
param tags tagsType

@description('Hash that makes names unique in the world and the same at each deployment.')
param token string

@description('Principal ids of the identities that pull images.')
param pullers string[]

@description('Make a Front Door profile.')
param withFrontDoor bool

@description('Keep the registry in three zones.')
param zoneRedundant bool

// Replicas need the highest tier; one region does with the lowest.
var isReplicated = !empty(otherLocations)

resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' = {
  name: 'crvoice${token}'
  location: location
  tags: tags
  sku: { name: isReplicated ? 'Premium' : 'Basic' }
  properties: {
    adminUserEnabled: false
    anonymousPullEnabled: false
    publicNetworkAccess: 'Enabled'
    zoneRedundancy: isReplicated && zoneRedundant ? 'Enabled' : 'Disabled'
  }
}

resource replicas 'Microsoft.ContainerRegistry/registries/replications@2025-11-01' = [
  for other in otherLocations: {
    parent: registry
    name: other
    location: other
    tags: tags
    properties: {
      regionEndpointEnabled: true
      zoneRedundancy: zoneRedundant ? 'Enabled' : 'Disabled'
    }
  }
]

resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for puller in pullers: {
    scope: registry
    name: guid(registry.id, puller, roles.acrPull)
    properties: {
      principalId: puller
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.acrPull)
    }
  }
]

// Made before the apps, which check its id, and apart from its routes, which need the apps' names.
resource frontDoor 'Microsoft.Cdn/profiles@2025-06-01' = if (withFrontDoor) {
  name: 'afd-voice'
  location: 'global'
  tags: tags
  sku: { name: 'Standard_AzureFrontDoor' }
  properties: { originResponseTimeoutSeconds: 60 }
}

@description('Name of the registry.')
output registryName string = registry.name

@description('Login server of the registry.')
output registryServer string = registry.properties.loginServer

@description('Name of the Front Door profile; empty where there is one region.')
output frontDoorName string = withFrontDoor ? frontDoor.name : ''

@description('What Front Door says of itself in X-Azure-FDID.')
output frontDoorId string = withFrontDoor ? frontDoor!.properties.frontDoorId : ''
