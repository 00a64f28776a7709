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

resource signaling 'Microsoft.App/containerApps@2026-01-01' = {
  name: 'signaling'
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${puller.id}': {} }
  }
  properties: {
    configuration: {
      activeRevisionsMode: 'Single'
      registries: [{ server: registry.properties.loginServer, username: 'voice', identity: puller.id }] // expect: aca-registry on signaling properties.configuration.registries[0]
      ingress: { external: true, transport: 'auto', targetPort: 8080 }
      dapr: { enabled: true, appId: 'signaling', appPort: 8080, appProtocol: 'http' }
    }
    template: {
      terminationGracePeriodSeconds: 30
      containers: [
        {
          name: 'signaling'
          image: 'example.com/signaling:1'
          resources: { cpu: json('0.5'), memory: '1Gi' }
          env: [
            { name: 'ASPNETCORE_HTTP_PORTS', value: '8080' }
          ]
          probes: [
            { type: 'Startup', httpGet: { path: '/healthz', port: 8080 } }
            { type: 'Liveness', httpGet: { path: '/healthz', port: 8080 } }
            { type: 'Readiness', httpGet: { path: '/healthz', port: 8080 } }
          ]
        }
      ]
      scale: { minReplicas: 1, maxReplicas: 30 }
    }
  }
}
