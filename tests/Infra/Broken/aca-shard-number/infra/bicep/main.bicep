param location string = resourceGroup().location

resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' = {
  name: 'crvoice'
  location: location
  sku: { name: 'Basic' }
  properties: {
    adminUserEnabled: false
  }
}

resource puller 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-puller'
  location: location
}

resource other 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-other'
  location: location
}


resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: registry
  name: guid(registry.id, puller.id, '7f951dda-4ed3-4680-a7ca-43fe172d538d')
  properties: {
    principalId: puller.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
  }
}

resource transceiver01 'Microsoft.App/containerApps@2026-01-01' = {
  name: 'transceiver-01'
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${puller.id}': {} }
  }
  properties: {
    configuration: {
      activeRevisionsMode: 'Single'
      registries: [{ server: registry.properties.loginServer, identity: puller.id }]
      ingress: { external: false, transport: 'tcp', targetPort: 20000, exposedPort: 20016 }
      dapr: { enabled: true, appId: 'transceiver-01', appPort: 8100, appProtocol: 'http' }
    }
    template: {
      terminationGracePeriodSeconds: 30
      containers: [
        {
          name: 'transceiver'
          image: 'example.com/transceiver:1'
          resources: { cpu: json('0.5'), memory: '1Gi' }
          env: [
            { name: 'ASPNETCORE_HTTP_PORTS', value: '8100' }
            { name: 'Transceiver__Shard', value: '0' } // expect: aca-shard on transceiver-01 properties.template.containers[0].env[1]
            { name: 'Transceiver__LinkEndpoint', value: 'tcp://0.0.0.0:20000' }
            { name: 'Transceiver__AdvertisedLinkEndpoint', value: 'tcp://transceiver-01:20016' }
          ]
          probes: [
            { type: 'Startup', httpGet: { path: '/healthz', port: 8100 } }
            { type: 'Liveness', httpGet: { path: '/healthz', port: 8100 } }
            { type: 'Readiness', httpGet: { path: '/healthz', port: 8100 } }
          ]
        }
      ]
      scale: { minReplicas: 1, maxReplicas: 1 }
    }
  }
}
