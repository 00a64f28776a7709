import { identitiesType, tagsType } from '../types.bicep'

metadata description = 'samples/local-agent: the backend that a first deployment talks to. It hears and speaks by itself, needs no key and no other service.'

@description('Azure location.')
param location string

@description('Tags of the app.')
param tags tagsType

@description('Resource id of the Container Apps environment.')
param environmentId string

@description('Image of samples/local-agent.')
param image string

@description('Registry that the image is pulled from.')
param registry string

@description('Outputs of identity.bicep.')
param identities identitiesType

resource agent 'Microsoft.App/containerApps@2026-01-01' = {
  name: 'local-agent'
  location: location
  tags: tags
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
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
      // TCP, since the HTTP proxy ends a request after 240 s, and a call's WebSocket is one request.
      ingress: {
        external: false
        transport: 'tcp'
        targetPort: 8090
        exposedPort: 8090
      }
    }
    template: {
      terminationGracePeriodSeconds: 30
      containers: [
        {
          name: 'local-agent'
          image: image
          resources: { cpu: json('0.5'), memory: '1Gi' }
          env: [
            { name: 'ASPNETCORE_URLS', value: 'http://+:8090' }
            // A recogniser takes a whole core for 0.2 s and 40 MB; it has half a one.
            { name: 'LocalAgent__Decoders', value: '2' }
            { name: 'LocalAgent__MaximumSessions', value: '16' }
          ]
          probes: [
            // Voice and models are loaded before the port opens.
            {
              type: 'Startup'
              httpGet: { path: '/healthz', port: 8090 }
              periodSeconds: 5
              timeoutSeconds: 2
              failureThreshold: 10
            }
            {
              type: 'Liveness'
              httpGet: { path: '/healthz', port: 8090 }
              periodSeconds: 10
              timeoutSeconds: 5
              failureThreshold: 3
            }
            {
              type: 'Readiness'
              httpGet: { path: '/readyz', port: 8090 }
              periodSeconds: 5
              timeoutSeconds: 5
              failureThreshold: 2
            }
          ]
        }
      ]
      scale: {
        minReplicas: 1
        maxReplicas: 1
      }
    }
  }
}
