targetScope = 'subscription'

param environmentName string
param location string

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = { // expect: azd-environment-tag on rg-voice-check
  name: 'rg-${environmentName}'
  location: location
  tags: { 'azd-env-name': environmentName }
}

resource other 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: 'rg-${environmentName}-other'
  location: location
  tags: { 'azd-env-name': environmentName }
}
