param location string
param tags object

resource web 'Microsoft.App/containerApps@2026-01-01' = {
  name: 'web'
  location: location
  tags: union(tags, { 'azd-service-name': 'webb' }) // expect: azd-service-tag on web tags.azd-service-name
  properties: {
    configuration: {
      activeRevisionsMode: 'Single'
    }
    template: {
      containers: [
        {
          name: 'web'
          image: 'example.com/web:1'
          resources: { cpu: json('0.5'), memory: '1Gi' }
        }
      ]
    }
  }
}
