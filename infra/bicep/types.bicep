metadata description = 'Types of parameters that several modules share, so that the compiler checks what one module hands to another.'

@export()
@description('Where clients\' media enters. `aca-tcp`: Container Apps alone, media over ICE-TCP. `udp-edge`: relays on virtual machines, media over UDP and ICE-TCP.')
type edgeType = 'aca-tcp' | 'udp-edge'

@export()
@description('Tags of every resource, by name.')
type tagsType = {
  *: string
}

@export()
@description('A managed identity.')
type identityType = {
  @description('Resource id, which apps and machines carry.')
  id: string

  @description('Client id, which Dapr components name.')
  clientId: string

  @description('Principal id, which role assignments name.')
  principalId: string
}

@export()
@description('The managed identities of a region: one for each kind of app, and one for each thing that several kinds do alike.')
type identitiesType = {
  @description('Signaling: reads and writes sessions, and reads the keys that it needs.')
  signaling: identityType

  @description('Relays: read sessions, and read the keys that they need.')
  relay: identityType

  @description('Transceivers: read and write sessions and checkpoints, also those of the buddy region, and read the keys that they need.')
  transceiver: identityType

  @description('Sends lifecycle events.')
  events: identityType

  @description('Pulls images.')
  pull: identityType
}

@export()
@description('An environment variable of a container.')
type settingType = {
  @description('Name of the setting, for example `Fleet__Region`.')
  name: string

  @description('Its value.')
  value: string
}

@export()
@description('An agent that callers may ask for.')
type agentType = {
  @description('Name that callers use.')
  name: string

  @description('WebSocket URL of its Realtime backend.')
  url: string
}

@export()
@description('Size of a transceiver shard. CPU and memory are one of the fixed pairs of Container Apps.')
type shardSizeType = {
  @description('Cores, for example `0.5`.')
  cpu: string

  @description('Memory, for example `1Gi`.')
  memory: string

  @minValue(1)
  @maxValue(6)
  @description('Worker threads. Each has a port, and Container Apps exposes six ports of an app.')
  workers: int

  @minValue(1)
  @description('Sessions that the shard accepts.')
  capacity: int
}

@export()
@description('Size of a relay in `aca-tcp`.')
type relaySizeType = {
  @description('Cores, for example `0.25`.')
  cpu: string

  @description('Memory, for example `0.5Gi`.')
  memory: string

  @minValue(1)
  @description('Worker threads.')
  workers: int
}

@export()
@description('Images of the services. Empty: not published yet.')
type imagesType = {
  @description('Image of services/signaling.')
  signaling: string

  @description('Image of services/relay.')
  relay: string

  @description('Image of services/transceiver.')
  transceiver: string

  @description('Image of samples/local-agent.')
  localAgent: string
}
