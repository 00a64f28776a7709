param location string = resourceGroup().location


resource cluster 'Microsoft.Kubernetis/clusters@2025-01-01' = { // expect: arm-unknown-type
  name: 'voice'
  location: location
}
