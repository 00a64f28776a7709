using '../main.bicep'

param environmentName = 'voice-check'
param location = 'westeurope'
param principalId = '00000000-0000-0000-0000-00000000000a'
param regions = [
  {
    location: 'westeurope'
    number: 1
    shards: 2
  }
]
param edge = 'aca-tcp'
param shardSize = 'small'
param relaySize = 'small'
param relays = 1
param signalingReplicas = 1
param maximumShards = 8
param slotCount = 64
param dedicatedProfileType = ''
param edgeVmSize = 'Standard_B2als_v2'
param edgeInstances = 2
param daprdImage = 'docker.io/daprio/daprd:1.18.1'
param globalLoadBalancer = false
param frontDoorOnly = true
param edgeSshPublicKey = ''
param agentUrl = ''
param agentName = 'assistant'
param agentKeySecretName = ''
param demoPage = 'auto'
param allowedOrigins = []
param subscribers = []
param logDailyQuotaGb = 1
param otlpEndpoint = ''
param signalingImage = ''
param relayImage = ''
param transceiverImage = ''
param localAgentImage = ''
param keyedRegions = ''
param signalingExists = 'false'
param relayExists = 'false'
param transceiverExists = 'false'
param localAgentExists = 'false'
