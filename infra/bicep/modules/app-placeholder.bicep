import { tagsType } from '../types.bicep'

metadata description = 'An app that runs nothing. azd publishes an image only for a service whose app exists, and the app needs the image: this one stands in until there is one.'

@description('Name of the app that it stands in for.')
param name string

@description('Key of the service in azure.yaml.')
param service string

@description('Azure location.')
param location string

@description('Tags of every resource.')
param tags tagsType

@description('Resource id of the Container Apps environment.')
param environmentId string

@description('A public image; never started.')
param image string

resource placeholder 'Microsoft.App/containerApps@2026-01-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': service })
  properties: {
    environmentId: environmentId
    workloadProfileName: 'Consumption'
    configuration: { activeRevisionsMode: 'Single' }
    template: {
      containers: [
        {
          name: 'placeholder'
          image: image
          resources: { cpu: json('0.25'), memory: '0.5Gi' }
        }
      ]
      // No ingress and no rule: nothing ever asks for a replica.
      scale: { minReplicas: 0, maxReplicas: 1 }
    }
  }
}
