param location string = resourceGroup().location


resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: 'vnet'
  location: location
  properties: {
    addressSpace: { addressPrefixes: '10.1.0.0/16' } // expect: arm-wrong-type
  }
}
