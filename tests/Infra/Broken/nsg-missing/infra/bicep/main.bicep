param location string = resourceGroup().location

resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: 'vnet'
  location: location
  properties: {
    addressSpace: { addressPrefixes: ['10.1.0.0/16'] }
    subnets: [
      { // expect: nsg-missing on vnet properties.subnets[0]
        name: 'machines'
        properties: {
          addressPrefix: '10.1.2.0/24'
        }
      }
    ]
  }
}
