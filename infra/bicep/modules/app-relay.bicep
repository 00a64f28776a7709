import { identitiesType, relaySizeType, settingType, tagsType } from '../types.bicep'

metadata description = 'Relay of the edge `aca-tcp`: media comes in by ICE-TCP on one port, and leaves to the shards by framed TCP.'

@description('Azure location.')
param location string

@description('Tags of the app.')
param tags tagsType

@description('Resource id of the Container Apps environment.')
param environmentId string

@description('Image of services/relay.')
param image string

@description('Registry that the image is pulled from.')
param registry string

@description('Outputs of identity.bicep.')
param identities identitiesType

@description('Settings that all services of the region share.')
param settings settingType[]

@description('vCPU, memory and worker threads of a replica: `{ cpu, memory, workers }`.')
param size relaySizeType

@minValue(1)
@maxValue(30)
@description('Replicas, a fixed number: whoever scales in by itself picks a replica without asking, and hangs up on its callers\' connections.')
param replicas int

resource relay 'Microsoft.App/containerApps@2026-01-01' = {
  name: 'relay'
  location: location
  tags: tags
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identities.relay.id}': {}
      '${identities.pull.id}': {}
    }
  }
  properties: {
    environmentId: environmentId
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      identitySettings: [{ identity: identities.pull.id, lifecycle: 'None' }]
      registries: [{ server: registry, identity: identities.pull.id }]
      ingress: {
        external: true
        transport: 'tcp'
        targetPort: 3478
        exposedPort: 3478
      }
      dapr: {
        enabled: true
        appId: 'relay'
        appPort: 8070
        appProtocol: 'http'
        logLevel: 'info'
      }
    }
    template: {
      terminationGracePeriodSeconds: 30
      containers: [
        {
          name: 'relay'
          image: image
          resources: { cpu: json(size.cpu), memory: size.memory }
          env: concat(settings, [
            { name: 'VOICE_COMPONENT_SUFFIX', value: '-relay' }
            { name: 'ASPNETCORE_HTTP_PORTS', value: '8070' }
            // Container Apps has no UDP ingress: a socket nobody can reach would only be one more thing to watch.
            { name: 'Relay__PublicEndpoint', value: '' }
            { name: 'Relay__PublicTcpEndpoint', value: '0.0.0.0:3478' }
            // All callers come from the proxy's address, so limits by address would count them as one.
            { name: 'Relay__TcpClientsAreHidden', value: 'true' }
            { name: 'Relay__Workers', value: string(size.workers) }
          ])
          probes: [
            {
              // Sidecar there, keys read: its log says what it waits for. 100 s, since a role may take a minute to reach the vault.
              type: 'Startup'
              httpGet: { path: '/startupz', port: 8070 }
              periodSeconds: 10
              timeoutSeconds: 2
              failureThreshold: 10
            }
            {
              type: 'Liveness'
              httpGet: { path: '/healthz', port: 8070 }
              periodSeconds: 10
              timeoutSeconds: 2
              failureThreshold: 3
            }
            // Ready: it has the keys and a link to a transceiver.
            {
              type: 'Readiness'
              httpGet: { path: '/readyz', port: 8070 }
              periodSeconds: 5
              timeoutSeconds: 2
              failureThreshold: 2
            }
          ]
        }
      ]
      scale: {
        minReplicas: replicas
        maxReplicas: replicas
      }
    }
  }
}
