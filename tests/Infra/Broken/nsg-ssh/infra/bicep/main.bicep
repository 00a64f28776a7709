param location string = resourceGroup().location

resource group 'Microsoft.Network/networkSecurityGroups@2025-05-01' = {
  name: 'nsg'
  location: location
  properties: {
    securityRules: [
      {
        name: 'media'
        properties: {
          priority: 100
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: 'Internet'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '22' // expect: nsg-open on nsg properties.securityRules[0].properties.destinationPortRange
        }
      }
    ]
  }
}
