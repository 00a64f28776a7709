targetScope = 'subscription'

import { edgeType, imagesType, relaySizeType, shardSizeType, tagsType } from 'types.bicep'

metadata name = 'dapr-voice'
metadata description = 'Voice transport in one or several regions. Read from here: shared things, then for each region identities, state store, what it is made of, and what runs in it.'

@description('One region. Adding a region is adding one of these to VOICE_REGIONS_JSON.')
type regionType = {
  @description('Azure location. Also the region\'s name in call ids, state keys and events.')
  location: string

  @minValue(0)
  @maxValue(255)
  @description('Number of the region in routing hints and in its network (10.NUMBER.0.0/16): different for each, never changed, never given to another.')
  number: int

  @minValue(1)
  @maxValue(100)
  @description('Transceiver shards, each an app of one replica that holds a share of the calls. Two or more show a takeover.')
  shards: int

  @minValue(0)
  @maxValue(100)
  @description('Further shards that sleep until the others are full. Default 0.')
  standbyShards: int?

  @minValue(0)
  @maxValue(100)
  @description('Shards below this number are left as they run: they get neither new image nor new setting, and no call in them ends. Default 0: all are updated in place, which ends their calls.')
  keepShards: int?

  @description('Spread over the location\'s zones, and keep state in three of them. Decided when the region is made. Default false.')
  zoneRedundant: bool?
}

type sizeType = 'small' | 'medium' | 'large'

// ---- Names and places ----

@minLength(1)
@maxLength(40)
@description('Name of the azd environment: part of the resource groups\' names, and hashed into those that are the only ones in the world.')
param environmentName string

@minLength(1)
@description('Azure location where the deployment is recorded, and the one region if `regions` is left out.')
param location string

@description('Object id of whoever runs azd; may write the fleet\'s keys into the vaults. Empty: nobody is given that right.')
param principalId string = ''

@minLength(1)
@maxLength(16)
@description('The regions, home first. Each one\'s buddy, which keeps copies of its calls\' state, is the next in the list, and the first is the last one\'s.')
param regions regionType[] = [
  { location: location, number: 1, shards: 2 }
]

// ---- Shape ----

@description('`aca-tcp`: Container Apps alone, media over ICE-TCP. `udp-edge`: relays on virtual machines, media over UDP and ICE-TCP.')
param edge edgeType = 'aca-tcp'

@description('Size of a transceiver shard. small: half a core, 25 calls; medium: 1 core, 55 calls; large: 4 cores, 240 calls.')
param shardSize sizeType = 'small'

@description('Size of a relay in `aca-tcp`. small: a quarter of a core; medium: 1 core; large: 2 cores.')
param relaySize sizeType = 'small'

@minValue(1)
@maxValue(30)
@description('Relays of a region in `aca-tcp`.')
param relays int = 1

@minValue(1)
@maxValue(30)
@description('Signaling replicas of a region at least; more come with requests.')
param signalingReplicas int = 1

@minValue(1)
@maxValue(100)
@description('Shard numbers that services of a region look for, each second: above every region\'s shards and standby shards.')
param maximumShards int = 8

@minValue(1)
@maxValue(65536)
@description('Units of ownership of a region. Never changed while calls run.')
param slotCount int = 64

@description('Dedicated workload profile type for transceivers, for example `D4`, whose cores are not shared. Empty: the consumption profile.')
param dedicatedProfileType string = ''

@description('Machine size of the relays in `udp-edge`.')
param edgeVmSize string = 'Standard_B2als_v2'

@minValue(1)
@maxValue(100)
@description('Relays of a region in `udp-edge`.')
param edgeInstances int = 2

@description('Public SSH key of the relays\' administrator in `udp-edge`. Linux images want one; no rule lets SSH in. The pre-provision hook makes one whose private half it throws away.')
param edgeSshPublicKey string = ''

@description('Image of the Dapr sidecar of the relays in `udp-edge`.')
param daprdImage string = 'docker.io/daprio/daprd:1.18.1'

@description('With `udp-edge` and several regions, one anycast address in front of them, as the last in each answer.')
param globalLoadBalancer bool = false

@description('With several regions, let signaling be called through Front Door only.')
param frontDoorOnly bool = true

// ---- Agents and callers ----

@description('WebSocket URL of a Realtime backend, `wss://…`. Empty: samples/local-agent is deployed, so that there is something to talk to.')
param agentUrl string = ''

@description('Name of that agent.')
param agentName string = 'assistant'

@description('Name of the secret in each vault that holds the bearer key for it, for example `voice-agent-key`. Empty: it wants none.')
param agentKeySecretName string = ''

@description('Whether the page hands a short-lived key to whoever opens it. auto: as long as the sample agent is what answers.')
param demoPage 'auto' | 'on' | 'off' = 'auto'

@description('Origins of web pages that may call, `https://app.example.com`. Empty: all; nothing is authenticated by a cookie.')
param allowedOrigins string[] = []

// ---- Other services ----

@description('Dapr app ids of services of yours in each region\'s environment that subscribe to lifecycle events: they get the component `lifecycle` and a subscription of each topic. Empty: nobody listens.')
param subscribers string[] = []

// ---- Logs ----

@description('OTLP endpoint for traces and metrics. Empty: none; logs go to the region\'s workspace in any case.')
param otlpEndpoint string = ''

@minValue(-1)
@description('GB of logs of a region a day at most, -1 for no limit.')
param logDailyQuotaGb int = 1

// ---- Images: set by azd ----

@description('Image of services/signaling, published by azd. Empty: not yet, so no app is deployed. The pre-provision hook keeps what runs.')
param signalingImage string = ''

@description('Image of services/relay.')
param relayImage string = ''

@description('Image of services/transceiver.')
param transceiverImage string = ''

@description('Image of samples/local-agent.')
param localAgentImage string = ''

@description('Regions whose vaults hold the fleet\'s keys, separated by commas: the hooks say so. The apps of a region come at the provisioning after that, or they would wait for keys in the middle of the deployment that comes before the hook.')
param keyedRegions string = ''

var tags tagsType = { 'azd-env-name': environmentName }
// By this tag the hooks know every group of the deployment. azd knows a deployment by the one group with its own tag: two would be none.
var groupTags tagsType = { 'voice-environment': environmentName }
var homeToken = uniqueString(subscription().id, environmentName)
// The same at each deployment, so that a region can name its neighbour's account without having seen it.
var tokens = [for region in regions: uniqueString(subscription().id, environmentName, region.location)]
var storageAccounts = [for token in tokens: 'stvoice${token}']
var isMultiRegion = length(regions) > 1
var isKeyed = [for region in regions: contains(split(keyedRegions, ','), region.location)]
var images imagesType = {
  signaling: signalingImage
  relay: relayImage
  transceiver: transceiverImage
  localAgent: localAgentImage
}
var noImages imagesType = { signaling: '', relay: '', transceiver: '', localAgent: '' }
var withGlobalBalancer = globalLoadBalancer && isMultiRegion && edge == 'udp-edge'

// CPU and memory are the fixed pairs of Container Apps. A call with Opus both ways takes 1.4 % of a core (docs/capacity.md): two thirds to four fifths of the cores are
// planned for calls, the rest is for the sidecar and for what would be late without it; a small shard's share for the sidecar is the largest.
var shardSizes { *: shardSizeType } = {
  small: { cpu: '0.5', memory: '1Gi', workers: 1, capacity: 25 }
  medium: { cpu: '1', memory: '2Gi', workers: 1, capacity: 55 }
  large: { cpu: '4', memory: '8Gi', workers: 4, capacity: 240 }
}
var relaySizes { *: relaySizeType } = {
  small: { cpu: '0.25', memory: '0.5Gi', workers: 1 }
  medium: { cpu: '1', memory: '2Gi', workers: 1 }
  large: { cpu: '2', memory: '4Gi', workers: 2 }
}

resource sharedGroup 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: groupTags
}

resource groups 'Microsoft.Resources/resourceGroups@2025-04-01' = [
  for (region, i) in regions: {
    name: 'rg-${environmentName}-${region.location}'
    location: region.location
    tags: i == 0 ? union(tags, groupTags) : groupTags
  }
]

module identities 'modules/identity.bicep' = [
  for (region, i) in regions: {
    scope: groups[i]
    params: {
      location: region.location
      tags: tags
    }
  }
]

module shared 'modules/shared.bicep' = {
  scope: sharedGroup
  params: {
    location: regions[0].location
    otherLocations: map(filter(regions, region => region.location != regions[0].location), region => region.location)
    tags: tags
    token: homeToken
    pullers: [for (region, i) in regions: identities[i].outputs.all.pull.principalId]
    withFrontDoor: isMultiRegion
    zoneRedundant: regions[0].?zoneRedundant ?? false
  }
}

// A region's account takes its own state and the copies of the region before it, whose buddy it is.
module stores 'modules/storage.bicep' = [
  for (region, i) in regions: {
    scope: groups[i]
    params: {
      name: storageAccounts[i]
      location: region.location
      tags: tags
      zoneRedundant: region.?zoneRedundant ?? false
      sessionWriters: concat(
        [identities[i].outputs.all.signaling.principalId, identities[i].outputs.all.transceiver.principalId],
        isMultiRegion
          ? [identities[(i + length(regions) - 1) % length(regions)].outputs.all.transceiver.principalId]
          : []
      )
      sessionReaders: [identities[i].outputs.all.relay.principalId]
      checkpointWriters: concat(
        [identities[i].outputs.all.transceiver.principalId],
        isMultiRegion
          ? [identities[(i + length(regions) - 1) % length(regions)].outputs.all.transceiver.principalId]
          : []
      )
    }
  }
]

module bases 'modules/region.bicep' = [
  for (region, i) in regions: {
    scope: groups[i]
    params: {
      location: region.location
      tags: tags
      regionNumber: region.number
      token: tokens[i]
      identities: identities[i].outputs.all
      deployerPrincipalId: principalId
      agentKeySecretName: agentKeySecretName
      isAskedByScaler: (region.?standbyShards ?? 0) > 0
      hasKeys: isKeyed[i]
      subscribers: subscribers
      edge: edge
      zoneRedundant: region.?zoneRedundant ?? false
      dedicatedProfileType: dedicatedProfileType
      logDailyQuotaGb: logDailyQuotaGb
    }
  }
]

module edges 'modules/edge.bicep' = [
  for (region, i) in regions: if (edge == 'udp-edge') {
    scope: groups[i]
    params: {
      location: region.location
      tags: tags
      regionNumber: region.number
      maximumShards: maximumShards
      slotCount: slotCount
      subnetId: bases[i].outputs.edgeSubnetId
      zoneRedundant: region.?zoneRedundant ?? false
      vmSize: edgeVmSize
      instances: edgeInstances
      sshPublicKey: edgeSshPublicKey
      image: isKeyed[i] ? relayImage : ''
      daprdImage: daprdImage
      registry: shared.outputs.registryServer
      identities: identities[i].outputs.all
      storageAccount: storageAccounts[i]
      vaultName: bases[i].outputs.vaultName
      insightsConnection: bases[i].outputs.insightsConnection
      otlpEndpoint: otlpEndpoint
    }
    dependsOn: [stores[i]]
  }
]

module globalBalancer 'modules/global-load-balancer.bicep' = if (withGlobalBalancer) {
  scope: sharedGroup
  params: {
    location: regions[0].location
    tags: tags
    frontends: [for (region, i) in regions: edges[i]!.outputs.frontendId]
  }
}

module workloads 'modules/workloads.bicep' = [
  for (region, i) in regions: {
    scope: groups[i]
    params: {
      location: region.location
      tags: tags
      regionNumber: region.number
      isHome: i == 0
      edge: edge
      shards: region.shards
      standbyShards: region.?standbyShards ?? 0
      keepShards: region.?keepShards ?? 0
      subscribers: subscribers
      shardSize: shardSizes[shardSize]
      relaySize: relaySizes[relaySize]
      relays: relays
      signalingReplicas: signalingReplicas
      maximumShards: maximumShards
      slotCount: slotCount
      images: isKeyed[i] ? images : noImages
      registry: shared.outputs.registryServer
      identities: identities[i].outputs.all
      environmentName: bases[i].outputs.environmentName
      environmentId: bases[i].outputs.environmentId
      defaultDomain: bases[i].outputs.defaultDomain
      staticIp: bases[i].outputs.staticIp
      mediaProfile: bases[i].outputs.mediaProfile
      storageAccount: storageAccounts[i]
      buddyStorageAccount: isMultiRegion ? storageAccounts[(i + 1) % length(regions)] : ''
      brokerHost: bases[i].outputs.brokerHost
      vaultName: bases[i].outputs.vaultName
      vaultUri: bases[i].outputs.vaultUri
      // The region's own relays first, then its buddy's, then the address of all.
      ingresses: concat(
        edge == 'udp-edge'
          ? ['udp://${edges[i]!.outputs.address}:3478', 'tcp://${edges[i]!.outputs.address}:3478']
          : ['tcp://${bases[i].outputs.staticIp}:3478'],
        !isMultiRegion
          ? []
          : edge == 'udp-edge'
              ? [
                  'udp://${edges[(i + 1) % length(regions)]!.outputs.address}:3478'
                  'tcp://${edges[(i + 1) % length(regions)]!.outputs.address}:3478'
                ]
              : ['tcp://${bases[(i + 1) % length(regions)].outputs.staticIp}:3478'],
        withGlobalBalancer ? ['udp://${globalBalancer!.outputs.address}:3478'] : []
      )
      edgeAddress: edge == 'udp-edge' ? edges[i]!.outputs.address : ''
      agentUrl: agentUrl
      agentName: agentName
      agentKeySecretName: agentKeySecretName
      demoPage: demoPage == 'on' || (demoPage == 'auto' && empty(agentUrl))
      isBehindFrontDoor: isMultiRegion && frontDoorOnly
      frontDoorId: shared.outputs.frontDoorId
      allowedOrigins: allowedOrigins
      otlpEndpoint: otlpEndpoint
      insightsConnection: bases[i].outputs.insightsConnection
    }
    // The buddy's account and the roles on it come before whoever writes there.
    dependsOn: [stores]
  }
]

module frontDoor 'modules/front-door.bicep' = if (isMultiRegion) {
  scope: sharedGroup
  params: {
    profileName: shared.outputs.frontDoorName
    tags: tags
    token: homeToken
    hosts: [for (region, i) in regions: 'signaling.${bases[i].outputs.defaultDomain}']
  }
}

// ---- For azd and the hooks; nothing here is a secret ----

@description('Tenant of the subscription.')
output AZURE_TENANT_ID string = tenant().tenantId

@description('Where azd pushes images to.')
output AZURE_CONTAINER_REGISTRY_ENDPOINT string = shared.outputs.registryServer

@description('Name of the registry, which the post-deploy hook reads.')
output AZURE_CONTAINER_REGISTRY_NAME string = shared.outputs.registryName

@description('Where azd looks for the services\' apps: the home region\'s group.')
output AZURE_RESOURCE_GROUP string = groups[0].name

@description('`provisioned`: images, or a region\'s keys, are missing. `deployed`: everything runs.')
output VOICE_STAGE string = workloads[0].outputs.isPublished && empty(filter(isKeyed, keyed => !keyed))
  ? 'deployed'
  : 'provisioned'

@description('The edge that this deployment has.')
output VOICE_DEPLOYED_EDGE string = edge

@description('The sample agent is what answers. azure.yaml reads it: beside another agent azd leaves the service local-agent alone.')
output VOICE_SAMPLE_AGENT bool = empty(agentUrl)

@description('What azd shows as the endpoint of the service signaling.')
output SERVICE_SIGNALING_ENDPOINTS string[] = [
  isMultiRegion ? frontDoor!.outputs.url : workloads[0].outputs.signalingUrl
]

@description('What azd shows as the endpoint of the service relay, whose ingress is no web site.')
output SERVICE_RELAY_ENDPOINTS string[] = [
  'tcp://${edge == 'udp-edge' ? edges[0]!.outputs.address : bases[0].outputs.staticIp}:3478'
]

@description('The one URL to give to people.')
output SIGNALING_URL string = isMultiRegion ? frontDoor!.outputs.url : workloads[0].outputs.signalingUrl

@description('Signaling of each region, in the order of `regions`, as are the lists below.')
output SIGNALING_URLS string[] = [for (region, i) in regions: workloads[i].outputs.signalingUrl]

@description('Locations of the regions.')
output VOICE_REGIONS string[] = [for region in regions: region.location]

@description('Resource groups of the regions.')
output VOICE_RESOURCE_GROUPS string[] = [for (region, i) in regions: groups[i].name]

@description('Key Vaults of the regions, which the post-provision hook writes to.')
output VOICE_KEY_VAULTS string[] = [for (region, i) in regions: bases[i].outputs.vaultName]

@description('Container Apps environments of the regions.')
output VOICE_ENVIRONMENTS string[] = [for (region, i) in regions: bases[i].outputs.environmentName]

@description('Identities that a subscriber of lifecycle events carries (`subscribers`).')
output VOICE_EVENTS_IDENTITIES string[] = [for (region, i) in regions: identities[i].outputs.all.events.id]

@description('Storage accounts of the regions.')
output VOICE_STORAGE_ACCOUNTS string[] = storageAccounts

@description('App ids of the shards of each region.')
output VOICE_SHARDS string[][] = [for (region, i) in regions: workloads[i].outputs.shardAppIds]

@description('Public address of each region\'s relays.')
output VOICE_INGRESS_ADDRESSES string[] = [
  for (region, i) in regions: edge == 'udp-edge' ? edges[i]!.outputs.address : bases[i].outputs.staticIp
]
