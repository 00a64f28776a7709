targetScope = 'subscription'

param environmentName string
param location string

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = { // expect: azd-environment-tag
  name: 'rg-${environmentName}'
  location: location
}
