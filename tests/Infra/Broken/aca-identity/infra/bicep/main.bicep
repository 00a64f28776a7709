targetScope = 'subscription'

param location string = deployment().location

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: 'rg'
  location: location
}

module part 'part.bicep' = {
  scope: group
  name: 'part'
  params: { location: location }
}
