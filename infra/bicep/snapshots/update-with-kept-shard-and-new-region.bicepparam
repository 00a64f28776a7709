using '../main.bicep'

param environmentName = 'voice-check'
param location = 'westeurope'
param principalId = '00000000-0000-0000-0000-00000000000a'
param edge = 'aca-tcp'
param shardSize = 'small'
param relaySize = 'small'
param relays = 1
param signalingReplicas = 1
param maximumShards = 8
param slotCount = 64
param edgeVmSize = 'Standard_B2als_v2'
param edgeInstances = 2
param daprdImage = 'docker.io/daprio/daprd:1.18.1'
param globalLoadBalancer = false
param frontDoorOnly = false
param agentName = 'assistant'
param demoPage = 'off'
param logDailyQuotaGb = -1
param signalingImage = 'crvoice.azurecr.io/dapr-voice/signaling:1'
param relayImage = 'crvoice.azurecr.io/dapr-voice/relay:1'
param transceiverImage = 'crvoice.azurecr.io/dapr-voice/transceiver:1'
param localAgentImage = 'crvoice.azurecr.io/dapr-voice/local_agent:1'
param keyedRegions = 'westeurope'
param regions = [
  {
    location: 'westeurope'
    number: 1
    shards: 2
    keepShards: 1
  }
  {
    location: 'northeurope'
    number: 2
    shards: 2
  }
]
