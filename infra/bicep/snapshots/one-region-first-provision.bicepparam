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
param frontDoorOnly = true
param agentName = 'assistant'
param demoPage = 'auto'
param logDailyQuotaGb = 1
