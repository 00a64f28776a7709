import { identitiesType, settingType, tagsType } from '../types.bicep'

metadata description = 'Signaling: offers in, answers out, over HTTPS. Holds no session; scales by requests.'

@description('Azure location.')
param location string

@description('Tags of the app.')
param tags tagsType

@description('Resource id of the Container Apps environment.')
param environmentId string

@description('Image of services/signaling.')
param image string

@description('Registry that the image is pulled from.')
param registry string

@description('Outputs of identity.bicep.')
param identities identitiesType

@description('Settings that all services of the region share.')
param settings settingType[]

@description('Public addresses of relays as they go into answers, best first: `tcp://203.0.113.7:3478`.')
param ingresses string[]

@description('Agent of callers that name none.')
param defaultAgent string

@description('Let the page hand a short-lived key to whoever opens it.')
param demoPage bool

@description('Only Front Door may call.')
param isBehindFrontDoor bool

@description('Id of the Front Door profile that alone may call.')
param frontDoorId string

@description('The region has standby shards, whose scale rule asks this app with a token.')
param isAskedByScaler bool

@description('Key Vault: URI.')
param vaultUri string

@description('Host name of this app, under which the page may get keys if it is open.')
param host string

@description('Origins of web pages that may call; empty: all. Nothing here is authenticated by a cookie.')
param allowedOrigins string[]

@minValue(1)
@maxValue(30)
@description('Replicas at least. Two or more where one may be moved without a pause.')
param minReplicas int

resource signaling 'Microsoft.App/containerApps@2026-01-01' = {
  // Container apps are named as their Dapr app ids: the name is also the host name inside the environment.
  name: 'signaling'
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
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      // Pulling images is the platform's business: code in the container can't have this identity.
      identitySettings: [{ identity: identities.pull.id, lifecycle: 'None' }]
      registries: [{ server: registry, identity: identities.pull.id }]
      secrets: isAskedByScaler
        ? [
            {
              name: 'scale-token'
              keyVaultUrl: '${vaultUri}secrets/voice-scale-token'
              identity: identities.secrets.id
            }
          ]
        : []
      ingress: {
        external: true
        targetPort: 8080
        transport: 'auto'
        allowInsecure: false
      }
      dapr: {
        enabled: true
        appId: 'signaling'
        appPort: 8080
        appProtocol: 'http'
        logLevel: 'info'
      }
    }
    template: {
      terminationGracePeriodSeconds: 30
      containers: [
        {
          name: 'signaling'
          image: image
          resources: { cpu: json('0.25'), memory: '0.5Gi' }
          env: concat(
            settings,
            [
              { name: 'ASPNETCORE_HTTP_PORTS', value: '8080' }
              { name: 'Signaling__DefaultAgent', value: defaultAgent }
              { name: 'Signaling__DemoPage', value: demoPage ? 'true' : 'false' }
              // The environment's proxy appends to X-Forwarded-For, and Front Door before it.
              { name: 'Signaling__TrustedProxies', value: isBehindFrontDoor ? '2' : '1' }
            ],
            map(range(0, length(ingresses)), i => { name: 'Signaling__Ingresses__${i}', value: ingresses[i] }),
            map(
              range(0, length(allowedOrigins)),
              i => { name: 'Signaling__AllowedOrigins__${i}', value: allowedOrigins[i] }
            ),
            isBehindFrontDoor ? [{ name: 'Signaling__FrontDoorId', value: frontDoorId }] : [],
            // Front Door sends this name, too: it is the origin's Host header.
            demoPage ? [{ name: 'Signaling__DemoHosts__0', value: host }] : [],
            isAskedByScaler ? [{ name: 'Signaling__ScaleToken', secretRef: 'scale-token' }] : []
          )
          probes: [
            {
              // Sidecar there, keys read: its log says what it waits for. 100 s, since a role may take a minute to reach the vault.
              type: 'Startup'
              httpGet: { path: '/startupz', port: 8080 }
              periodSeconds: 10
              timeoutSeconds: 2
              failureThreshold: 10
            }
            {
              type: 'Liveness'
              httpGet: { path: '/healthz', port: 8080 }
              periodSeconds: 10
              timeoutSeconds: 2
              failureThreshold: 3
            }
            // Not /readyz, which is false while the fleet is full: this service says so itself, with Retry-After, and still ends calls. Front Door asks /readyz.
            {
              type: 'Readiness'
              httpGet: { path: '/healthz', port: 8080 }
              periodSeconds: 5
              timeoutSeconds: 2
              failureThreshold: 2
            }
          ]
        }
      ]
      scale: {
        minReplicas: minReplicas
        maxReplicas: 30
        rules: [
          { name: 'requests', http: { metadata: { concurrentRequests: '40' } } }
        ]
      }
    }
  }
}
