param location string = resourceGroup().location

resource first 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: 'vnet-1'
  location: location
  properties: {
    addressSpace: { addressPrefixes: ['10.1.0.0/16'] }
    subnets: [
      {
        name: 'apps'
        properties: {
          addressPrefix: '10.1.0.0/23'
          delegations: [{ name: 'apps', properties: { serviceName: 'Microsoft.App/environments' } }]
        }
      }
    ]
  }
}

resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: 'vnet'
  location: location
  properties: {
    addressSpace: { addressPrefixes: ['10.1.0.0/16'] } // expect: network-overlap on vnet properties.addressSpace.addressPrefixes[0]
    subnets: [
      {
        name: 'apps'
        properties: {
          addressPrefix: '10.1.4.0/23'
          delegations: [{ name: 'apps', properties: { serviceName: 'Microsoft.App/environments' } }]
        }
      }
    ]
  }
}
