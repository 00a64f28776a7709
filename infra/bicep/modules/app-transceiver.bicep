import { agentType, identitiesType, settingType, shardSizeType, tagsType } from '../types.bicep'

metadata description = 'One transceiver shard: an app of its own with one replica, so that it has an app id, a host name and a port of its own. A replica can\'t be addressed in Container Apps.'

@description('Azure location.')
param location string

@description('Tags of the app.')
param tags tagsType

@description('Resource id of the Container Apps environment.')
param environmentId string

@description('Workload profile.')
param workloadProfileName string

@description('Image of services/transceiver.')
param image string

@description('Registry that the image is pulled from.')
param registry string

@description('Outputs of identity.bicep.')
param identities identitiesType

@description('Settings that all services of the region share.')
param settings settingType[]

@minValue(0)
@maxValue(99)
@description('Number of the shard, once in the region.')
param shard int

@description('Asleep until the shards before it are full.')
param standby bool

@description('URL that answers `{"wanted": N}`: how many shards the region\'s sessions need. Asked for standby shards only.')
param demandUrl string

@description('vCPU, memory, worker threads and sessions of a shard: `{ cpu, memory, workers, capacity }`. At most six workers: Container Apps exposes six ports of an app.')
param size shardSizeType

@description('Relays come from outside of the environment (`udp-edge`): the ports are external, and relays find them by `staticIp`. Otherwise by the app\'s name.')
param isOutside bool

@description('Address of the environment\'s TCP ports.')
param staticIp string

@description('The one address that may open a link from outside.')
param relayAddress string

@description('Agent of sessions whose agent this shard does not know.')
param defaultAgent string

@description('Agent name to WebSocket URL: `[{ name, url }]`.')
param agents agentType[]

@description('Key Vault: URI.')
param vaultUri string

@description('Name of the secret with the bearer key for the agents, empty: none.')
param agentKeySecretName string

var name = 'transceiver-${padLeft(shard, 2, '0')}'
// Worker i of shard n: 20000 + 16 n + i. The ports of external apps are unique in an environment, so all are.
var firstPort = 20000 + 16 * shard

resource transceiver 'Microsoft.App/containerApps@2026-01-01' = {
  name: name
  location: location
  tags: tags
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identities.state.id}': {}
      '${identities.secrets.id}': {}
      '${identities.events.id}': {}
      '${identities.pull.id}': {}
    }
  }
  properties: {
    environmentId: environmentId
    workloadProfileName: workloadProfileName
    configuration: {
      activeRevisionsMode: 'Single'
      identitySettings: [{ identity: identities.pull.id, lifecycle: 'None' }]
      registries: [{ server: registry, identity: identities.pull.id }]
      secrets: concat(
        empty(agentKeySecretName)
          ? []
          : [
              {
                name: 'agent-key'
                keyVaultUrl: '${vaultUri}secrets/${agentKeySecretName}'
                identity: identities.secrets.id
              }
            ],
        standby
          ? [
              {
                name: 'scale-token'
                keyVaultUrl: '${vaultUri}secrets/voice-scale-token'
                identity: identities.secrets.id
              }
            ]
          : []
      )
      ingress: {
        external: isOutside
        transport: 'tcp'
        targetPort: 20000
        exposedPort: firstPort
        additionalPortMappings: map(range(1, size.workers - 1), i => {
          external: isOutside
          targetPort: 20000 + i
          exposedPort: firstPort + i
        })
        // Who gets past this still needs the link key: a HELLO without its HMAC is counted and dropped.
        ipSecurityRestrictions: isOutside
          ? [
              {
                name: 'relays'
                description: 'Outbound address of the relays on virtual machines.'
                action: 'Allow'
                ipAddressRange: '${relayAddress}/32'
              }
            ]
          : []
      }
      dapr: {
        enabled: true
        appId: name
        appPort: 8100
        appProtocol: 'http'
        logLevel: 'info'
      }
    }
    template: {
      terminationGracePeriodSeconds: 30
      containers: [
        {
          name: 'transceiver'
          image: image
          resources: { cpu: json(size.cpu), memory: size.memory }
          env: concat(
            settings,
            [
              { name: 'ASPNETCORE_HTTP_PORTS', value: '8100' }
              { name: 'Transceiver__Shard', value: string(shard) }
              { name: 'Transceiver__Workers', value: string(size.workers) }
              { name: 'Transceiver__Capacity', value: string(size.capacity) }
              { name: 'Transceiver__LinkEndpoint', value: 'tcp://0.0.0.0:20000' }
              {
                name: 'Transceiver__AdvertisedLinkEndpoint'
                value: 'tcp://${isOutside ? staticIp : name}:${firstPort}'
              }
              { name: 'Transceiver__DefaultAgent', value: defaultAgent }
            ],
            map(agents, agent => { name: 'Transceiver__Agents__${agent.name}', value: agent.url }),
            empty(agentKeySecretName) ? [] : [{ name: 'Transceiver__AgentApiKey', secretRef: 'agent-key' }]
          )
          probes: [
            {
              // Sidecar there, keys read: its log says what it waits for. 100 s, since a role may take a minute to reach the vault.
              type: 'Startup'
              httpGet: { path: '/startupz', port: 8100 }
              periodSeconds: 10
              timeoutSeconds: 2
              failureThreshold: 10
            }
            {
              type: 'Liveness'
              httpGet: { path: '/healthz', port: 8100 }
              periodSeconds: 10
              timeoutSeconds: 2
              failureThreshold: 3
            }
            // Not /readyz: at an update a new process becomes ready there only when the old one has given its shard back, and the platform stops the old one only
            // when the new one is ready. Who takes sessions is in the fleet's records, not in the probe.
            {
              type: 'Readiness'
              httpGet: { path: '/healthz', port: 8100 }
              periodSeconds: 5
              timeoutSeconds: 2
              failureThreshold: 2
            }
          ]
        }
      ]
      scale: {
        minReplicas: standby ? 0 : 1
        maxReplicas: 1
        rules: standby
          ? [
              {
                name: 'demand'
                custom: {
                  type: 'metrics-api'
                  metadata: {
                    url: demandUrl
                    valueLocation: 'wanted'
                    authMode: 'bearer'
                    // Awake while more shards are wanted than there are before this one. The target itself never asks for a second replica.
                    activationTargetValue: string(shard)
                    targetValue: '1000'
                  }
                  auth: [{ secretRef: 'scale-token', triggerParameter: 'token' }]
                }
              }
            ]
          : []
      }
    }
  }
}
