targetScope = 'subscription'

param environmentName string
param location string
param size string = 'small' // expect: default-differs

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: 'rg-${environmentName}'
  location: location
  managedBy: size
  tags: { 'azd-env-name': environmentName }
}
