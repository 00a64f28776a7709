import { edgeType, identitiesType, tagsType } from '../types.bicep'

metadata description = 'What a region is made of before anything runs in it: network, keys, broker, Container Apps environment. Its state store is storage.bicep, what runs is workloads.bicep: both need facts of the neighbour region first.'

@description('Azure location.')
param location string

@description('Tags of every resource.')
param tags tagsType

@minValue(0)
@maxValue(255)
@description('Number of the region in routing hints and in its network\'s addresses.')
param regionNumber int

@description('Hash of subscription, environment and location: makes names unique in the world and the same at each deployment.')
param token string

@description('Outputs of identity.bicep: each identity with id, clientId and principalId.')
param identities identitiesType

@description('Object id of whoever runs azd.')
param deployerPrincipalId string

@description('Name of the secret in the vault with the key for the agents; empty: none.')
param agentKeySecretName string

@description('The region has standby shards.')
param isAskedByScaler bool

@description('The vault holds the fleet\'s keys.')
param hasKeys bool

@description('App ids of other services that subscribe to lifecycle events.')
param subscribers string[]

@description('Where clients\' media enters: `aca-tcp` or `udp-edge`.')
param edge edgeType

@description('Spread over the location\'s zones.')
param zoneRedundant bool

@description('Dedicated workload profile type for the transceivers, empty: none.')
param dedicatedProfileType string

@description('GB of logs a day at most, -1 for no limit.')
param logDailyQuotaGb int

module network 'network.bicep' = {
  params: {
    location: location
    tags: tags
    regionNumber: regionNumber
    withEdge: edge == 'udp-edge'
  }
}

module vault 'vault.bicep' = {
  params: {
    name: 'kv-voice-${token}'
    location: location
    tags: tags
    signalingPrincipalId: identities.signaling.principalId
    relayPrincipalId: identities.relay.principalId
    transceiverPrincipalId: identities.transceiver.principalId
    agentKeySecretName: agentKeySecretName
    isAskedByScaler: isAskedByScaler
    hasKeys: hasKeys
    writerPrincipalId: deployerPrincipalId
  }
}

module broker 'broker.bicep' = {
  params: {
    name: 'sb-voice-${token}'
    location: location
    tags: tags
    eventsPrincipalId: identities.events.principalId
    subscribers: subscribers
  }
}

module environment 'environment.bicep' = {
  params: {
    location: location
    tags: tags
    subnetId: network.outputs.appsSubnetId
    zoneRedundant: zoneRedundant
    dedicatedProfileType: dedicatedProfileType
    logDailyQuotaGb: logDailyQuotaGb
  }
}

@description('Subnet of the relays on virtual machines; empty in `aca-tcp`.')
output edgeSubnetId string = network.outputs.edgeSubnetId

@description('Name of the Key Vault.')
output vaultName string = vault.outputs.name

@description('URI of the Key Vault.')
output vaultUri string = vault.outputs.uri

@description('Host name of the Service Bus namespace.')
output brokerHost string = broker.outputs.host

@description('Resource id of the Container Apps environment.')
output environmentId string = environment.outputs.id

@description('Name of the Container Apps environment.')
output environmentName string = environment.outputs.name

@description('DNS suffix of the environment\'s apps.')
output defaultDomain string = environment.outputs.defaultDomain

@description('Where TCP ports of the environment are reached from outside.')
output staticIp string = environment.outputs.staticIp

@description('Connection string of Application Insights.')
output insightsConnection string = environment.outputs.insightsConnection

@description('Workload profile for the transceivers.')
output mediaProfile string = environment.outputs.mediaProfile
