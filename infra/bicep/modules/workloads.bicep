import { edgeType, identitiesType, imagesType, relaySizeType, shardSizeType, tagsType } from '../types.bicep'

metadata description = 'What runs in one region: Dapr components, signaling, relay, transceiver shards, the sample agent. Until all images that are needed here are published, nothing.'

@description('Azure location; also the region\'s name in call ids, state keys and events.')
param location string

@description('Tags of every resource.')
param tags tagsType

@minValue(0)
@maxValue(255)
@description('Number of the region in routing hints.')
param regionNumber int

@description('The first region of the list: its apps are the ones that azd finds by tag.')
param isHome bool

@description('Where clients\' media enters: `aca-tcp` or `udp-edge`.')
param edge edgeType

@minValue(1)
@description('Shards that always run.')
param shards int

@minValue(0)
@description('Shards that sleep until the others are full.')
param standbyShards int

@minValue(0)
@description('Shards below this number are left as they run.')
param keepShards int

@description('App ids of other services that subscribe to lifecycle events.')
param subscribers string[]

@description('vCPU, memory, worker threads and sessions of a shard.')
param shardSize shardSizeType

@description('vCPU, memory and worker threads of a relay.')
param relaySize relaySizeType

@description('Relays in `aca-tcp`.')
param relays int

@description('Signaling replicas at least.')
param signalingReplicas int

@description('Shards that services look for: above the highest shard number.')
param maximumShards int

@description('Slots of the region.')
param slotCount int

@description('Images by service: `signaling`, `relay`, `transceiver`, `localAgent`; empty: not published yet.')
param images imagesType

@description('Login server of the registry.')
param registry string

@description('Outputs of identity.bicep.')
param identities identitiesType

@description('Container Apps environment: name.')
param environmentName string

@description('Container Apps environment: resource id.')
param environmentId string

@description('Container Apps environment: DNS suffix of its apps.')
param defaultDomain string

@description('Container Apps environment: address of its TCP ports.')
param staticIp string

@description('Workload profile of the transceivers.')
param mediaProfile string

@description('Storage account of the region.')
param storageAccount string

@description('Storage account of the buddy region; empty where there is one region.')
param buddyStorageAccount string

@description('Host name of the Service Bus namespace.')
param brokerHost string

@description('Key Vault: name.')
param vaultName string

@description('Key Vault: URI.')
param vaultUri string

@description('Public addresses of relays for answers, best first: this region\'s, then its buddy\'s.')
param ingresses string[]

@description('Public address of the relays on virtual machines; empty in `aca-tcp`.')
param edgeAddress string

@description('URL of a Realtime backend; empty: the sample agent is deployed and is it.')
param agentUrl string

@description('Name that callers use for that agent.')
param agentName string

@description('Name of the secret in each vault with the bearer key for it; empty: none.')
param agentKeySecretName string

@description('Let the page hand a key to whoever opens it.')
param demoPage bool

@description('Only Front Door may call signaling.')
param isBehindFrontDoor bool

@description('Id of that Front Door profile.')
param frontDoorId string

@description('Origins of web pages that may call; empty: all.')
param allowedOrigins string[]

@description('OTLP endpoint for traces, metrics and log lines, empty: none.')
param otlpEndpoint string

@description('Connection string of Application Insights.')
param insightsConnection string

var isOnContainerApps = edge == 'aca-tcp'
var withLocalAgent = empty(agentUrl)
// Only what runs here counts: `udp-edge` has no relay app, and another agent stands in for the sample one.
var neededImages = concat(
  [images.signaling, images.transceiver],
  isOnContainerApps ? [images.relay] : [],
  withLocalAgent ? [images.localAgent] : []
)
var isPublished = length(filter(neededImages, image => empty(image))) == 0

// azd deploys to what carries the service's key, exactly one resource per key. The other regions and shards get their image from here.
var serviceTags = {
  signaling: isHome ? union(tags, { 'azd-service-name': 'signaling' }) : tags
  relay: isHome ? union(tags, { 'azd-service-name': 'relay' }) : tags
  transceiver: isHome ? union(tags, { 'azd-service-name': 'transceiver' }) : tags
  localAgent: isHome ? union(tags, { 'azd-service-name': 'local-agent' }) : tags
}

var settings = concat(
  [
    { name: 'Fleet__Region', value: location }
    { name: 'Fleet__RegionNumber', value: string(regionNumber) }
    { name: 'Fleet__SlotCount', value: string(slotCount) }
    { name: 'Fleet__MaximumShards', value: string(maximumShards) }
    { name: 'VOICE_LOG_JSON', value: '1' }
    { name: 'APPLICATIONINSIGHTS_CONNECTION_STRING', value: insightsConnection }
  ],
  empty(otlpEndpoint) ? [] : [{ name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: otlpEndpoint }]
)

var shardAppIds = map(range(0, shards + standbyShards), shard => 'transceiver-${padLeft(shard, 2, '0')}')
var agent = {
  name: withLocalAgent ? 'local' : agentName
  url: withLocalAgent ? 'ws://local-agent:8090/v1/realtime?model=local' : agentUrl
}

module components 'dapr-components.bicep' = {
  params: {
    environmentName: environmentName
    identities: identities
    storageAccount: storageAccount
    buddyStorageAccount: buddyStorageAccount
    brokerHost: brokerHost
    vaultName: vaultName
    // The relay on a virtual machine has a sidecar of its own, outside of this environment.
    appIds: concat(['signaling'], isOnContainerApps ? ['relay'] : [], shardAppIds)
    shardAppIds: shardAppIds
    subscribers: subscribers
  }
}

module signaling 'app-signaling.bicep' = if (isPublished) {
  params: {
    location: location
    tags: serviceTags.signaling
    environmentId: environmentId
    image: images.signaling
    registry: registry
    identities: identities
    settings: settings
    ingresses: ingresses
    defaultAgent: agent.name
    demoPage: demoPage
    isBehindFrontDoor: isBehindFrontDoor
    isAskedByScaler: standbyShards > 0
    vaultUri: vaultUri
    host: 'signaling.${defaultDomain}'
    frontDoorId: frontDoorId
    allowedOrigins: allowedOrigins
    minReplicas: signalingReplicas
  }
  dependsOn: [components]
}

module relay 'app-relay.bicep' = if (isPublished && isOnContainerApps) {
  params: {
    location: location
    tags: serviceTags.relay
    environmentId: environmentId
    image: images.relay
    registry: registry
    identities: identities
    settings: settings
    size: relaySize
    replicas: relays
  }
  dependsOn: [components]
}

// A deployment leaves alone what it does not name: so a shard that is kept goes on with the image it has.
module transceivers 'app-transceiver.bicep' = [
  for shard in range(0, shards + standbyShards): if (isPublished && shard >= keepShards) {
    params: {
      location: location
      tags: shard == 0 ? serviceTags.transceiver : tags
      environmentId: environmentId
      workloadProfileName: mediaProfile
      image: images.transceiver
      registry: registry
      identities: identities
      settings: settings
      shard: shard
      standby: shard >= shards
      demandUrl: 'https://signaling.${defaultDomain}/scale/shards'
      size: shardSize
      isOutside: !isOnContainerApps
      staticIp: staticIp
      relayAddress: edgeAddress
      defaultAgent: agent.name
      agents: [agent]
      vaultUri: vaultUri
      agentKeySecretName: agentKeySecretName
    }
    dependsOn: [components]
  }
]

module localAgent 'app-local-agent.bicep' = if (isPublished && withLocalAgent) {
  params: {
    location: location
    tags: serviceTags.localAgent
    environmentId: environmentId
    image: images.localAgent
    registry: registry
    identities: identities
  }
}

@description('Where the region\'s signaling answers.')
output signalingUrl string = 'https://signaling.${defaultDomain}'

@description('False while images are missing: nothing runs.')
output isPublished bool = isPublished

@description('App ids of the shards, in order.')
output shardAppIds string[] = shardAppIds
