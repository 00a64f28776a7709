using '../main.bicep'

param environmentName = 'voice-check'
param location = 'westeurope'
param principalId = '00000000-0000-0000-0000-00000000000a'
param edge = 'aca-tcp'
param shardSize = 'medium'
param relaySize = 'medium'
param relays = 2
param signalingReplicas = 1
param maximumShards = 8
param slotCount = 64
param edgeVmSize = 'Standard_B2als_v2'
param edgeInstances = 2
param daprdImage = 'docker.io/daprio/daprd:1.18.1'
param globalLoadBalancer = false
param frontDoorOnly = true
param agentName = 'assistant'
param demoPage = 'auto'
param logDailyQuotaGb = 1
param signalingImage = 'crvoice.azurecr.io/dapr-voice/signaling:1'
param relayImage = 'crvoice.azurecr.io/dapr-voice/relay:1'
param transceiverImage = 'crvoice.azurecr.io/dapr-voice/transceiver:1'
param localAgentImage = 'crvoice.azurecr.io/dapr-voice/local_agent:1'
param keyedRegions = 'westeurope,northeurope,swedencentral'
param regions = [
  {
    location: 'westeurope'
    number: 1
    shards: 2
    standbyShards: 1
  }
  {
    location: 'northeurope'
    number: 2
    shards: 2
    standbyShards: 1
  }
  {
    location: 'swedencentral'
    number: 3
    shards: 2
    standbyShards: 1
  }
]
param dedicatedProfileType = 'D4'
param agentUrl = 'wss://agent.example.com/v1/realtime'
param agentKeySecretName = 'voice-agent-key'
param otlpEndpoint = 'http://otel.example.com:4317'
param allowedOrigins = [
  'https://app.example.com'
]
param subscribers = [
  'call-log'
  'billing'
]
