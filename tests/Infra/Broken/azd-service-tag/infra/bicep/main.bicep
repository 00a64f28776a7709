targetScope = 'subscription'

param environmentName string
param location string

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: { 'azd-env-name': environmentName }
}

module web 'web.bicep' = {
  scope: group
  name: 'web'
  params: { location: location, tags: { 'azd-env-name': environmentName } }
}

output AZURE_CONTAINER_REGISTRY_ENDPOINT string = 'registry.example.com'
